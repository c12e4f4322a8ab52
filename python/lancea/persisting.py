"""A stand-in for the package ``persisting``.

``import lancea.persisting as pst`` gives ``pst.queue.LanceBackend``.

Code that says ``import persisting`` itself is served after :func:`install`.
"""

from __future__ import annotations

import sys

from lancea import queue
from lancea.queue import LanceBackend, PersistingBackend, Queue, QueueReader, QueueWriter

__all__ = [
    "LanceBackend",
    "PersistingBackend",
    "Queue",
    "QueueReader",
    "QueueWriter",
    "install",
    "queue",
]


def install() -> None:
    """Make ``import persisting`` give this module, in this process."""
    sys.modules["persisting"] = sys.modules[__name__]
    sys.modules["persisting.queue"] = queue
