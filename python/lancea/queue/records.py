"""Python records and Arrow types: what is inferred from a first record, and back.

=====================  =======================================================
value                  column
=====================  =======================================================
bool, int, float, str  bool, int64, double, string
bytes, bytearray       binary
datetime, date, time   timestamp[us] (with zone if it has one), date32, time64[us]
timedelta, Decimal     duration[us], decimal128(38, its scale)
list, tuple            list of what its items have in common
dict                   struct
numpy scalar           its type
numpy array, tensor    1-d: list of its type; n-d: fixed-size list, its shape in metadata
None                   null, until a value tells
=====================  =======================================================
"""

from __future__ import annotations

import datetime
import decimal
import sys
from typing import Any

import numpy as np
import pyarrow as pa

SHAPE = b"lancea.queue.shape"
KIND = b"lancea.queue.kind"


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def as_array(value: Any, shape: str = "") -> np.ndarray | None:
    """The array that a value is, contiguous; None if it is none, or of another shape than "2,3"."""
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray):
        if isinstance(value, (str, bytes, dict)) or not (
            hasattr(value, "__array__") or isinstance(value, (list, tuple))
        ):
            return None
        try:
            value = np.asarray(value)
        except ValueError:  # lists of several lengths
            return None
    if shape and ",".join(map(str, value.shape)) != shape:
        return None
    if not shape and value.ndim != 1:
        return None
    value = np.ascontiguousarray(value)
    return value if value.dtype.isnative else value.astype(value.dtype.newbyteorder("="))


def _common(types: list[pa.DataType], where: str) -> pa.DataType:
    result = pa.null()
    for item in types:
        if item.equals(result) or pa.types.is_null(item):
            continue
        if pa.types.is_null(result):
            result = item
        elif {str(item), str(result)} <= {"int64", "double"}:
            result = pa.float64()
        elif pa.types.is_list(item) and pa.types.is_list(result):
            result = pa.list_(_common([item.value_type, result.value_type], where))
        elif pa.types.is_struct(item) and pa.types.is_struct(result):
            names = [field.name for field in result]
            if names != [field.name for field in item]:
                raise TypeError(f"{where}: items with different fields: {result} and {item}")
            result = pa.struct(
                [
                    pa.field(n, _common([result.field(n).type, item.field(n).type], where))
                    for n in names
                ]
            )
        else:
            raise TypeError(f"{where}: items of different types: {result} and {item}")
    return result


def infer_type(value: Any, where: str = "value") -> pa.DataType:
    """The column type of one value. :raises TypeError: for what cannot be stored"""
    if value is None:
        return pa.null()
    if isinstance(value, (bool, np.bool_)):
        return pa.bool_()
    if isinstance(value, np.generic) and not isinstance(value, (np.str_, np.bytes_, np.float64)):
        return pa.from_numpy_dtype(value.dtype)
    if isinstance(value, int):
        return pa.int64() if -(2**63) <= value < 2**63 else pa.uint64()
    if isinstance(value, float):
        return pa.float64()
    if isinstance(value, str):
        return pa.string()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return pa.binary()
    if isinstance(value, datetime.datetime):
        zone = value.tzinfo
        return pa.timestamp("us", None if zone is None else pa.lib.tzinfo_to_string(zone))
    if isinstance(value, datetime.date):
        return pa.date32()
    if isinstance(value, datetime.time):
        return pa.time64("us")
    if isinstance(value, datetime.timedelta):
        return pa.duration("us")
    if isinstance(value, decimal.Decimal):
        exponent = value.as_tuple().exponent
        return pa.decimal128(38, max(0, -exponent) if isinstance(exponent, int) else 0)
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where}: the key {key!r} is no text")
        if not value:
            raise TypeError(f"{where}: an empty dict has no fields to store")
        return pa.struct(
            [pa.field(key, infer_type(item, f"{where}.{key}")) for key, item in value.items()]
        )
    if isinstance(value, (list, tuple)):
        return pa.list_(_common([infer_type(item, f"{where}[]") for item in value], where))
    if isinstance(value, np.ndarray) or is_tensor(value):
        array = value.detach().cpu().numpy() if is_tensor(value) else value
        if array.dtype.kind not in "biuf":
            if array.dtype.kind in "US":
                return pa.list_(pa.string() if array.dtype.kind == "U" else pa.binary())
            raise TypeError(f"{where}: arrays of {array.dtype} cannot be stored")
        item = pa.from_numpy_dtype(array.dtype)
        return pa.list_(item) if array.ndim == 1 else pa.list_(item, array.size)
    raise TypeError(f"{where}: values of type {type(value).__name__} cannot be stored")


def describe(value: Any) -> str:
    """What a value is, for messages."""
    try:
        return str(infer_type(value))
    except TypeError:
        return type(value).__name__


def _field(name: str, value: Any, vectors: Any, vector_type: pa.DataType) -> pa.Field:
    kind = infer_type(value, f'field "{name}"')
    metadata: dict[bytes, bytes] = {}
    is_array = isinstance(value, np.ndarray) or is_tensor(value)
    if is_array:
        metadata[KIND] = b"torch" if is_tensor(value) else b"numpy"
        if value.ndim != 1:
            metadata[SHAPE] = ",".join(map(str, value.shape)).encode()
    elif isinstance(value, np.generic) and not isinstance(value, (np.bool_, np.float64)):
        pass
    wanted = name in vectors if isinstance(vectors, (list, tuple, set, dict)) else bool(vectors)
    if wanted and pa.types.is_list(kind) and len(value) > 0:
        item = kind.value_type
        if pa.types.is_floating(item) or (
            isinstance(vectors, (list, tuple, set, dict)) and pa.types.is_integer(item)
        ):
            size = len(value)
            if isinstance(vectors, dict) and vectors[name] not in (None, True, size):
                raise TypeError(f'field "{name}": expected {vectors[name]} items, found {size}')
            kind = pa.list_(item if is_array else vector_type, size)
    return pa.field(name, kind, metadata=metadata or None)


def infer_schema(
    records: list[dict[str, Any]], vectors: Any = False, vector_type: Any = "float32"
) -> pa.Schema:
    """The schema of the first record; where it has None, the others tell.

    :param vectors: True, or names: lists of floats become fixed-size vectors of ``vector_type``
    :raises TypeError: naming the field that cannot be stored
    """
    first = records[0]
    if not isinstance(first, dict):
        raise TypeError(f"a record is a dict, not {type(first).__name__}")
    if not first:
        raise TypeError(
            "a record without fields cannot be the first: it says nothing of the schema"
        )
    vector_type = pa.type_for_alias(vector_type) if isinstance(vector_type, str) else vector_type
    fields = []
    for name, value in first.items():
        if not isinstance(name, str):
            raise TypeError(f"the field name {name!r} is no text")
        if value is None:
            value = next(
                (r[name] for r in records if isinstance(r, dict) and r.get(name) is not None), None
            )
        fields.append(_field(name, value, vectors, vector_type))
    return pa.schema(fields)


def settle(old: pa.DataType, new: pa.DataType) -> pa.DataType:
    """`old` with its nulls replaced by what `new` has there; `old` itself where they differ."""
    if pa.types.is_null(old):
        return new
    if pa.types.is_list(old) and pa.types.is_list(new):
        return pa.list_(settle(old.value_type, new.value_type))
    if pa.types.is_struct(old) and pa.types.is_struct(new):
        fields = []
        for field in old:
            index = new.get_field_index(field.name)
            fields.append(
                field.with_type(settle(field.type, new.field(index).type)) if index >= 0 else field
            )
        return pa.struct(fields)
    return old


def widened(
    schema: pa.Schema,
    record: dict[str, Any],
    evolution: bool,
    vectors: Any = False,
    vector_type: Any = "float32",
) -> pa.Schema | None:
    """A schema that also takes `record`; None when none does that is allowed.

    Nulls become what they turn out to be; with `evolution` unknown fields become columns.
    """
    vector_type = pa.type_for_alias(vector_type) if isinstance(vector_type, str) else vector_type
    fields, changed = list(schema), False
    for name, value in record.items():
        if value is None or not isinstance(name, str):
            continue
        try:
            field = _field(name, value, vectors, vector_type)
        except TypeError:
            return None
        index = schema.get_field_index(name)
        if index < 0:
            if not evolution:
                return None
            fields.append(field)
            changed = True
            continue
        own = schema.field(index)
        settled = settle(own.type, field.type)
        if not settled.equals(own.type):
            fields[index] = field if pa.types.is_null(own.type) else own.with_type(settled)
            changed = True
    return pa.schema(fields, metadata=schema.metadata) if changed else None


def restorer(schema: pa.Schema | None):
    """A function that makes arrays of rows' lists again, or None when the schema has no arrays."""
    if schema is None:
        return None
    arrays = []
    for field in schema:
        metadata = field.metadata or {}
        if KIND in metadata:
            shape = metadata.get(SHAPE, b"").decode()
            dtype = np.dtype(field.type.value_type.to_pandas_dtype())
            dimensions = (
                tuple(int(n) for n in shape.split(",")) if SHAPE in metadata and shape else None
            )
            if SHAPE in metadata and not shape:
                dimensions = ()
            arrays.append((field.name, dtype, dimensions, metadata[KIND] == b"torch"))
    if not arrays:
        return None

    def restore(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        torch = None
        if any(is_torch for *_, is_torch in arrays):
            try:
                import torch
            except ImportError:
                torch = None
        for row in rows:
            for name, dtype, dimensions, is_torch in arrays:
                value = row[name]
                if value is None:
                    continue
                array = np.array(value, dtype)
                if dimensions is not None:
                    array = array.reshape(dimensions)
                row[name] = torch.from_numpy(array) if is_torch and torch is not None else array
        return rows

    return restore
