"""Transactions as the dicts that cross to C++.

They have the keys ``read_version``, ``uuid``, ``properties`` and ``type``, the name of the
operation's class; the other keys are its attributes. Schemas are as :class:`LanceSchema` keeps
them, fragments as :meth:`FragmentMetadata._to_raw` gives them. What pylance's classes have no
attributes for stays with the object and goes back with it: a transaction that is read and
committed again loses nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa

from lancea import _lancea
from lancea._fragment_metadata import DataFile, FragmentMetadata
from lancea._transaction import LanceOperation, Transaction
from lancea.schema import LanceSchema
from lancea.types import DatasetBasePath, Index, IndexFile

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)


def _keep(value: Any, raw: dict[str, Any]) -> Any:
    """The value, with the keys of its dict that are no fields of it."""
    names = {f.name for f in dataclasses.fields(value)}
    value._kept = {key: item for key, item in raw.items() if key not in names}
    return value


def _kept(value: Any) -> dict[str, Any]:
    return getattr(value, "_kept", {})


def to_raw(value: Any) -> Any:
    """A value of an operation as dicts, lists and plain values."""
    if isinstance(value, (FragmentMetadata, DataFile)):
        return value._to_raw()
    if isinstance(value, pa.Schema):
        return _lancea.schema_from_arrow(value)
    if isinstance(value, LanceSchema):
        return value._raw
    if isinstance(value, Index):
        return _index_to_raw(value)
    if dataclasses.is_dataclass(value):
        fields = {f.name: to_raw(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {**_kept(value), **fields}
    if isinstance(value, Mapping):
        return {key: to_raw(item) for key, item in value.items()}
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return value
    return [to_raw(item) for item in value]


def transaction_to_raw(transaction: Transaction) -> dict[str, Any]:
    """A transaction for :func:`_lancea.commit`.

    Raises
    ------
    TypeError
        when its operation is none
    """
    operation = transaction.operation
    if not isinstance(operation, LanceOperation.BaseOperation):
        raise TypeError(f"operation must be a LanceOperation.BaseOperation, got {type(operation)}")
    return {
        **to_raw(operation),
        "tag": _kept(transaction).get("tag"),
        "type": type(operation).__name__,
        "read_version": transaction.read_version,
        "uuid": transaction.uuid,
        "properties": dict(transaction.transaction_properties or {}),
    }


def transaction_from_raw(raw: dict[str, Any]) -> Transaction:
    """A transaction as C++ describes it."""
    kind = getattr(LanceOperation, raw["type"])
    arguments = {f.name: _value(f.name, raw[f.name]) for f in dataclasses.fields(kind)}
    operation = _keep(kind(**arguments), raw)
    return _keep(Transaction(raw["read_version"], operation, raw["uuid"], raw["properties"]), raw)


def _value(name: str, raw: Any) -> Any:
    if raw is None:
        return None
    return _FROM_RAW[name](raw) if name in _FROM_RAW else raw


def _fragments(raw: list[dict[str, Any]]) -> list[FragmentMetadata]:
    return [FragmentMetadata._from_raw(fragment) for fragment in raw]


def schema_from_raw(raw: dict[str, Any]) -> LanceSchema:
    return LanceSchema(raw, _lancea.schema_to_arrow(raw))


def _bases(raw: list[dict[str, Any]]) -> list[DatasetBasePath]:
    return [DatasetBasePath(**base) for base in raw]


def _map(raw: dict[str, Any]) -> LanceOperation.UpdateMap:
    return LanceOperation.UpdateMap(**raw)


def _groups(raw: list[dict[str, Any]]) -> list[LanceOperation.RewriteGroup]:
    return [
        LanceOperation.RewriteGroup(_fragments(g["old_fragments"]), _fragments(g["new_fragments"]))
        for g in raw
    ]


def _replacements(raw: list[dict[str, Any]]) -> list[LanceOperation.DataReplacementGroup]:
    return [
        LanceOperation.DataReplacementGroup(r["fragment_id"], DataFile(**r["new_file"]))
        for r in raw
    ]


def _rewritten_indices(raw: list[dict[str, Any]]) -> list[LanceOperation.RewrittenIndex]:
    kind = LanceOperation.RewrittenIndex
    names = [f.name for f in dataclasses.fields(kind)]
    return [_keep(kind(**{name: index[name] for name in names}), index) for index in raw]


def _index_to_raw(index: Index) -> dict[str, Any]:
    created_at = index.created_at
    if created_at is not None:
        created_at = (created_at.astimezone(timezone.utc) - _EPOCH) // _MILLISECOND
    fragment_ids = index.fragment_ids
    if not fragment_ids and _kept(index).get("covers_unknown_fragments"):
        fragment_ids = None
    return {
        **_kept(index),
        "uuid": str(index.uuid),
        "name": index.name,
        "fields": list(index.fields),
        "dataset_version": index.dataset_version,
        "fragment_ids": None if fragment_ids is None else sorted(fragment_ids),
        "index_version": index.index_version,
        "created_at": created_at,
        "base_id": index.base_id,
        "files": [{"path": f.path, "size_bytes": f.size_bytes} for f in index.files or []],
        "index_details": index.index_details,
        "covering_fields": list(index.covering_fields),
    }


def _index(raw: dict[str, Any]) -> Index:
    values = {
        **{f.name: raw[f.name] for f in dataclasses.fields(Index)},
        "fragment_ids": set(raw["fragment_ids"] or ()),
        "created_at": raw["created_at"] and _EPOCH + raw["created_at"] * _MILLISECOND,
        "files": [IndexFile(**file) for file in raw["files"]] or None,
    }
    covers_unknown = raw["fragment_ids"] is None
    return _keep(Index(**values), {**raw, "covers_unknown_fragments": covers_unknown})


def _indices(raw: list[dict[str, Any]]) -> list[Index]:
    return [_index(index) for index in raw]


_FROM_RAW = {
    "fragments": _fragments,
    "updated_fragments": _fragments,
    "new_fragments": _fragments,
    "new_schema": schema_from_raw,
    "schema": schema_from_raw,
    "initial_bases": _bases,
    "new_bases": _bases,
    "groups": _groups,
    "rewritten_indices": _rewritten_indices,
    "new_indices": _indices,
    "removed_indices": _indices,
    "replacements": _replacements,
    "config_updates": _map,
    "table_metadata_updates": _map,
    "schema_metadata_updates": _map,
    "field_metadata_updates": lambda raw: {key: _map(value) for key, value in raw.items()} or None,
}
