"""Datasets as people read them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

_MAX_COLUMNS = 60


def human_size(size: float) -> str:
    """Bytes in the largest unit that leaves a number above one."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _facts(ds: LanceDataset) -> dict[str, str]:
    fragments = ds._ds.fragments()
    sizes = [file["file_size_bytes"] for fragment in fragments for file in fragment["files"]]
    facts = {
        "version": str(ds.version),
        "rows": f"{ds.count_rows():,}",
        "columns": str(len(ds._ds.schema().names)),
        "fragments": str(len(fragments)),
        "storage": ds.data_storage_version,
    }
    if all(size is not None for size in sizes):
        facts["size"] = human_size(sum(sizes))
    if ds._ds.branch is not None:
        facts["branch"] = ds._ds.branch
    return facts


def dataset_repr(ds: LanceDataset) -> str:
    facts = ", ".join(f"{name}={value}" for name, value in _facts(ds).items())
    return f"LanceDataset({ds.uri!r}, {facts})"


def dataset_html(ds: LanceDataset) -> str:
    facts = " · ".join(f"<b>{escape(value)}</b> {name}" for name, value in _facts(ds).items())
    schema = ds._ds.schema()
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(field.name)}</td>"
        f"<td style='text-align:left'><code>{escape(str(field.type))}</code></td>"
        f"<td style='text-align:left'>{'' if field.nullable else 'not null'}</td></tr>"
        for field in list(schema)[:_MAX_COLUMNS]
    )
    more = len(schema.names) - _MAX_COLUMNS
    if more > 0:
        rows += f"<tr><td colspan='3'>and {more:,} more columns</td></tr>"
    return (
        f"<div><p><code>{escape(ds.uri)}</code><br>{facts}</p>"
        f"<table><thead><tr><th>column</th><th>type</th><th></th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
