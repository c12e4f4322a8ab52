"""Warnings that pylance gives for what these tests do on purpose are not shown."""

import os

# Read by pylance's logger when it is first imported.
os.environ.setdefault("LANCE_LOG", "error")
