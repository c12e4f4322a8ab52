"""Scans as pandas data frames, blobs included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from lancea.scanner import LanceScanner

_MODES = ("lazy", "bytes", "descriptions")


def _is_blob(field: pa.Field) -> bool:
    metadata = field.metadata or {}
    return metadata.get(b"lance-encoding:blob") == b"true" or (
        isinstance(field.type, pa.BaseExtensionType)
        and field.type.extension_name == "lance.blob.v2"
    )


def scan_to_pandas(scanner: LanceScanner, blob_mode: str, arguments: dict[str, Any]):
    """See :meth:`LanceScanner.to_pandas`."""
    if blob_mode not in _MODES:
        raise ValueError(f"blob_mode must be one of {', '.join(_MODES)}, got {blob_mode!r}")
    dataset = scanner._dataset
    blobs = {field.name for field in dataset.schema if _is_blob(field)}
    blobs &= set(scanner.projected_schema.names)
    if not blobs or blob_mode == "descriptions":
        return scanner.to_table().to_pandas(**arguments)
    if blob_mode == "bytes":
        return scanner._with(blob_handling="all_binary").to_table().to_pandas(**arguments)
    if "projections" in scanner._options:
        raise NotImplementedError("blobs as files under another name; select them by their own")
    with_address = bool(scanner._options.get("with_row_address"))
    table = scanner._with(with_row_address=True).to_table()
    addresses = table.column("_rowaddr").to_pylist()
    kept = [n for n in table.column_names if with_address or n != "_rowaddr"]
    frame = table.select([n for n in kept if n not in blobs]).to_pandas(**arguments)
    for position, name in enumerate(kept):
        if name in blobs:
            frame.insert(position, name, dataset.take_blobs(name, addresses=addresses))
    return frame
