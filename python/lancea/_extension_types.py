"""Extension types made known to pyarrow."""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa


def register_extension_type(kind: pa.ExtensionType) -> None:
    """Make pyarrow know an extension type.

    Where pylance in the same process was first, its type serves as well.
    """
    with suppress(pa.ArrowKeyError):
        pa.register_extension_type(kind)
