"""Arrow schemas as JSON, in the form of pylance; type names of the REST namespace are read too."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

_PLAIN = {
    str(t): t
    for t in (
        pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(),
        pa.uint16(), pa.uint32(), pa.uint64(),
    )
}  # fmt: skip
_RENAMED = {
    "halffloat": pa.float16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.utf8(),
    "large_string": pa.large_utf8(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "date32:day": pa.date32(),
    "date64:ms": pa.date64(),
}
#: Names that are read and not written: those of the REST namespace.
_ALIASES = {
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "utf8": pa.utf8(),
    "large_utf8": pa.large_utf8(),
    "date32": pa.date32(),
    "date64": pa.date64(),
}
_BY_TYPE = {t: name for name, t in {**_PLAIN, **_RENAMED}.items()}
_BY_NAME = {**_PLAIN, **_RENAMED, **_ALIASES}
_UNITS = {"s", "ms", "us", "ns"}


def schema_to_json(schema: pa.Schema) -> dict[str, Any]:
    """An Arrow schema as a JSON value."""
    out: dict[str, Any] = {"fields": [_field_to_json(field) for field in schema]}
    if schema.metadata:
        out["metadata"] = _text(schema.metadata)
    return out


def json_to_schema(schema_json: dict[str, Any]) -> pa.Schema:
    """An Arrow schema from what :func:`schema_to_json` gave."""
    fields = [_field_from_json(field) for field in schema_json["fields"]]
    schema = pa.schema(fields, metadata=schema_json.get("metadata"))
    # Through Arrow's own form, which makes extension types of their metadata.
    return pa.ipc.read_schema(schema.serialize())


def _text(metadata: dict[bytes, bytes]) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in metadata.items()}


def _field_to_json(field: pa.Field) -> dict[str, Any]:
    out = {"name": field.name, "type": _type_to_json(field.type), "nullable": field.nullable}
    if field.metadata:
        out["metadata"] = _text(field.metadata)
    return out


def _field_from_json(value: dict[str, Any]) -> pa.Field:
    return pa.field(
        value["name"], _type_from_json(value["type"]), value["nullable"], value.get("metadata")
    )


def _type_to_json(kind: pa.DataType) -> dict[str, Any]:
    types = pa.types
    if kind in _BY_TYPE:
        return {"type": _BY_TYPE[kind]}
    if types.is_fixed_size_list(kind):
        item = _field_to_json(kind.value_field)
        return {"type": "fixed_size_list", "fields": [item], "length": kind.list_size}
    if types.is_list(kind) or types.is_large_list(kind):
        name = "list" if types.is_list(kind) else "large_list"
        return {"type": name, "fields": [_field_to_json(kind.value_field)]}
    if types.is_struct(kind):
        return {"type": "struct", "fields": [_field_to_json(field) for field in kind]}
    if types.is_fixed_size_binary(kind):
        return {"type": "fixed_size_binary", "length": kind.byte_width}
    if types.is_timestamp(kind):
        return {"type": f"timestamp:{kind.unit}:{kind.tz or '-'}"}
    if types.is_time(kind):
        return {"type": f"time{kind.bit_width}:{kind.unit}"}
    if types.is_duration(kind):
        return {"type": f"duration:{kind.unit}"}
    if types.is_dictionary(kind) and {kind.value_type, kind.index_type} <= set(_BY_TYPE):
        names = f"{_BY_TYPE[kind.value_type]}:{_BY_TYPE[kind.index_type]}"
        return {"type": f"dict:{names}:{str(kind.ordered).lower()}"}
    if types.is_decimal(kind):
        return {"type": f"decimal:{kind.bit_width}:{kind.precision}:{kind.scale}"}
    raise ValueError(f"no JSON form for the type {kind}")


def _type_from_json(value: dict[str, Any]) -> pa.DataType:
    name = value["type"]
    if name in _BY_NAME:
        return _BY_NAME[name]
    fields = [_field_from_json(field) for field in value.get("fields", [])]
    if name == "struct":
        return pa.struct(fields)
    if name == "list":
        return pa.list_(fields[0])
    if name == "large_list":
        return pa.large_list(fields[0])
    if name == "fixed_size_list":
        return pa.list_(fields[0], value["length"])
    if name == "fixed_size_binary":
        return pa.binary(value["length"])
    kind, *arguments = name.split(":", 2)
    if kind == "timestamp" and arguments[0] in _UNITS:
        return pa.timestamp(arguments[0], None if arguments[1:] in ([], ["-"]) else arguments[1])
    if kind in ("time32", "time64") and arguments[0] in _UNITS:
        return getattr(pa, kind)(arguments[0])
    if kind == "dict" and name.count(":") >= 3:
        values, index, ordered = name.removeprefix("dict:").rsplit(":", 2)
        return pa.dictionary(_BY_NAME[index], _BY_NAME[values], ordered == "true")
    if kind == "duration" and arguments[0] in _UNITS:
        return pa.duration(arguments[0])
    if kind == "decimal":
        precision, scale = arguments[1].split(":")
        return getattr(pa, f"decimal{arguments[0]}")(int(precision), int(scale))
    raise ValueError(f"unknown type {name!r} in a JSON schema")
