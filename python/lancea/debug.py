"""Metadata of tables as indented text, for people who look for what is wrong.

The text names the structures of the format; it is not meant to be parsed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lancea._fragment_metadata import FragmentMetadata
from lancea._transaction_values import to_raw
from lancea.dataset import LanceDataset

_INDENT = " " * 4


class _Structure(NamedTuple):
    name: str
    fields: Mapping[str, Any] | list[Any]  #: by name, or by position


def _lines(opening: str, items: list[str], closing: str) -> str:
    if not items:
        return opening + closing
    text = ",\n".join(items) + ","
    return f"{opening}\n{_INDENT}" + text.replace("\n", f"\n{_INDENT}") + f"\n{closing}"


def _text(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, _Structure):
        if isinstance(value.fields, list):
            return _lines(f"{value.name}(", [_text(item) for item in value.fields], ")")
        named = [f"{name}: {_text(item)}" for name, item in value.fields.items()]
        return _lines(f"{value.name} {{", named, "}")
    if isinstance(value, Mapping):
        named = [f"{_text(key)}: {_text(item)}" for key, item in value.items()]
        return _lines("{", named, "}")
    if isinstance(value, (list, tuple, set)):
        return _lines("[", [_text(item) for item in value], "]")
    return str(value)


def _some(value: Any) -> Any:
    return None if value is None else _Structure("Some", [value])


def _field(raw: dict[str, Any]) -> _Structure:
    names = ("name", "id", "parent_id", "logical_type", "metadata", "nullable", "children")
    fields = {name: raw[name] for name in names}
    fields["logical_type"] = _Structure("LogicalType", [raw["logical_type"]])
    fields["children"] = [_field(child) for child in raw["children"]]
    fields["unenforced_primary_key_position"] = _some(raw["primary_key_position"])
    return _Structure("Field", fields)


def _schema(raw: dict[str, Any]) -> _Structure:
    fields = [_field(field) for field in raw["fields"]]
    return _Structure("Schema", {"fields": fields, "metadata": raw["metadata"]})


def _fragment(raw: dict[str, Any]) -> _Structure:
    fields = dict(raw)
    fields["files"] = [_Structure("DataFile", file) for file in raw["files"]]
    fields["physical_rows"] = _some(raw["physical_rows"])
    if raw["deletion_file"] is not None:
        fields["deletion_file"] = _some(_Structure("DeletionFile", raw["deletion_file"]))
    return _Structure("Fragment", fields)


def _fragments(raw: list[dict[str, Any]]) -> list[_Structure]:
    return [_fragment(fragment) for fragment in raw]


def _groups(raw: list[dict[str, Any]]) -> list[_Structure]:
    return [
        _Structure(
            "RewriteGroup", {name: _fragments(fragments) for name, fragments in group.items()}
        )
        for group in raw
    ]


_SHOW: dict[str, Callable[[Any], Any]] = {
    "fragments": _fragments,
    "updated_fragments": _fragments,
    "new_fragments": _fragments,
    "groups": _groups,
    "schema": _schema,
    "new_schema": _schema,
    "new_indices": lambda raw: [_Structure("IndexMetadata", index) for index in raw],
    "removed_indices": lambda raw: [_Structure("IndexMetadata", index) for index in raw],
    "new_bases": lambda raw: [_Structure("BasePath", base) for base in raw],
}


def _columns_of_file(schema: dict[str, Any], ids: set[int]) -> dict[str, Any]:
    def stored(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        below = [{**field, "children": stored(field["children"])} for field in fields]
        return [field for field in below if field["id"] in ids or field["children"]]

    return {**schema, "fields": stored(schema["fields"])}


def format_schema(dataset: LanceDataset) -> str:
    """The schema, with ids and types of all fields."""
    return _text(_schema(dataset._ds.lance_schema()))


def format_manifest(dataset: LanceDataset) -> str:
    """What the manifest of this version says."""
    ds = dataset._ds
    return _text(
        _Structure(
            "Manifest",
            {
                "schema": _schema(ds.lance_schema()),
                "version": ds.version,
                "branch": _some(ds.branch),
                "fragments": _fragments(ds.fragments()),
                "indices": [_Structure("IndexMetadata", index) for index in ds.indices()],
                "data_storage_version": ds.data_storage_version,
                "has_stable_row_ids": ds.has_stable_row_ids,
                "max_field_id": ds.max_field_id,
                "config": ds.config(),
                "table_metadata": ds.table_metadata(),
                "base_paths": {
                    id: _Structure("BasePath", to_raw(base)) for id, base in ds.base_paths().items()
                },
            },
        )
    )


def format_fragment(fragment: FragmentMetadata, dataset: LanceDataset) -> str:
    """A fragment, with the columns that each of its files stores."""
    raw = to_raw(fragment)
    schema = dataset._ds.lance_schema()
    shown = dict(_fragment(raw).fields)
    shown["files"] = [
        _Structure(
            "PrettyPrintableDataFile",
            {**file, "schema": _schema(_columns_of_file(schema, set(file["fields"])))},
        )
        for file in raw["files"]
    ]
    return _text(_Structure("PrettyPrintableFragment", shown))


def list_transactions(dataset: LanceDataset, /, max_transactions: int = 10) -> list[str]:
    """The transactions of this version and those before it, newest first."""
    about = ("read_version", "uuid", "tag")
    texts = []
    for raw in dataset._ds.transactions(max_transactions):
        if raw is None:
            texts.append(_text(None))
            continue
        operation = {
            name: _SHOW[name](value) if name in _SHOW and value is not None else value
            for name, value in raw.items()
            if name not in (*about, "type", "properties")
        }
        shown = {
            **{name: raw[name] for name in about[:2]},
            "operation": _Structure(raw["type"], operation),
            "tag": raw["tag"] or None,
            "transaction_properties": raw["properties"],
        }
        texts.append(_text(_Structure("Transaction", shown)))
    return texts
