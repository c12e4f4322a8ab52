"""Indexes as :meth:`LanceDataset.list_indices` shows them."""

from __future__ import annotations

import json
from typing import Any

from lancea import _lancea

#: Last word of the type URL of an index's details, and what users call the kind.
_KINDS = {
    "BTreeIndexDetails": "BTree",
    "BitmapIndexDetails": "Bitmap",
    "LabelListIndexDetails": "LabelList",
    "InvertedIndexDetails": "Inverted",
    "NGramIndexDetails": "NGram",
    "ZoneMapIndexDetails": "ZoneMap",
    "BloomFilterIndexDetails": "BloomFilter",
    "RTreeIndexDetails": "RTree",
    "JsonIndexDetails": "Json",
    "FMIndexIndexDetails": "FMIndex",
    "VectorIndexDetails": "Vector",
}


def describe_indices(ds: _lancea.Dataset) -> list[dict[str, Any]]:
    names = _dotted_names(ds.lance_schema()["fields"])
    return [
        {
            "name": index["name"],
            "type": _kind(ds, index),
            "uuid": index["uuid"],
            "fields": [names.get(i, str(i)) for i in index["field_ids"]],
            "version": index["version"],
            "fragment_ids": set(index["fragment_ids"]),
            "base_id": None,
        }
        for index in ds.indices()
    ]


def _kind(ds: _lancea.Dataset, index: dict[str, Any]) -> str:
    word = index["type_url"].rpartition("/")[2].rpartition(".")[2]
    kind = _KINDS.get(word, word.removesuffix("IndexDetails") or "Unknown")
    return _vector_kind(ds, index["uuid"]) or kind if kind == "Vector" else kind


def _vector_kind(ds: _lancea.Dataset, uuid: str) -> str | None:
    """What kind of vector index it is says the metadata of the index's own file."""
    path = f"{ds.uri.rstrip('/')}/_indices/{uuid}/index.idx"
    try:
        metadata = _lancea.FileReader.open(path, None, {}).lance_schema()["metadata"]
        return json.loads(metadata["lance:index"])["type"]
    except (OSError, ValueError, KeyError, NotImplementedError):
        return None


def _dotted_names(fields: list[dict[str, Any]], prefix: str = "") -> dict[int, str]:
    out = {}
    for field in fields:
        out[field["id"]] = prefix + field["name"]
        out.update(_dotted_names(field["children"], f"{prefix}{field['name']}."))
    return out
