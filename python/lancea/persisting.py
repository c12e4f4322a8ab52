"""A stand-in for the package ``persisting``.

``import lancea.persisting as pst`` gives ``pst.queue.LanceBackend``.

Code that says ``import persisting`` itself is served after :func:`install`, and a program that
cannot be changed by running it with this module::

    python -m lancea.persisting program.py argument...
"""

from __future__ import annotations

import contextlib
import runpy
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
    """Make ``import persisting`` give this module, in this process, and ``pul.queue`` the calls
    that Pulsing's documents show together with it."""
    from lancea import persisting

    sys.modules["persisting"] = persisting
    sys.modules["persisting.queue"] = queue
    with contextlib.suppress(ImportError):  # queues work without Pulsing
        queue.complete_pulsing()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m lancea.persisting PROGRAM [ARGUMENT...]")
    install()
    sys.argv.pop(0)
    runpy.run_path(sys.argv[0], run_name="__main__")
