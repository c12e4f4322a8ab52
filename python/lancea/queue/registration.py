"""Telling Pulsing of the backends, wherever its version keeps them."""

from __future__ import annotations

from importlib import import_module

from lancea.queue.backend import LanceBackend
from lancea.queue.persisting import PersistingBackend


def pulsing_queues():
    """Pulsing's module of queues: ``pulsing.streaming`` since 0.1.2, ``pulsing.queue`` before."""
    for name in ("pulsing.streaming", "pulsing.queue"):
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in (name, "pulsing"):
                raise
            continue
        if hasattr(module, "register_backend"):
            return module
    raise ImportError("pulsing is not installed, or has no queues: pip install pulsing")


def register_backend(name: str, backend_class: type) -> None:
    """``register_backend`` of the Pulsing that is installed."""
    pulsing_queues().register_backend(name, backend_class)


def register_backends() -> None:
    """Register "lance" and "persisting" with Pulsing."""
    register_backend("lance", LanceBackend)
    register_backend("persisting", PersistingBackend)


def complete_pulsing() -> None:
    """Give ``pul.queue`` what Pulsing's documents show of it and its releases do not have.

    That is ``register_backend``, ``write_queue`` and ``read_queue``, the latter two those of
    :mod:`lancea.queue`. Names that are there stay as they are.
    """
    queues = pulsing_queues()
    pulsing = import_module("pulsing")
    from lancea.queue.queue import read_queue, write_queue

    for name, call in [
        ("register_backend", queues.register_backend),
        ("write_queue", write_queue),
        ("read_queue", read_queue),
    ]:
        if not hasattr(pulsing.queue, name):
            setattr(pulsing.queue, name, call)
