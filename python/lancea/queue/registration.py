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
