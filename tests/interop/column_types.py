"""Every Arrow type that the format stores, by the name of the column that holds it."""

from __future__ import annotations

import pyarrow as pa
from lance.arrow import BFloat16Type


def _types() -> dict[str, pa.DataType]:
    numbers = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
    types = {name: getattr(pa, name)() for name in numbers}
    types |= {
        "bool": pa.bool_(),
        "decimal128": pa.decimal128(38, 9),
        "decimal256": pa.decimal256(60, 3),
        "date32": pa.date32(),
        "date64": pa.date64(),
        "time32_s": pa.time32("s"),
        "time32_ms": pa.time32("ms"),
        "time64_us": pa.time64("us"),
        "time64_ns": pa.time64("ns"),
    }
    for unit in ("s", "ms", "us", "ns"):
        types[f"timestamp_{unit}"] = pa.timestamp(unit)
        types[f"timestamp_{unit}_zone"] = pa.timestamp(unit, "Europe/Zurich")
        types[f"duration_{unit}"] = pa.duration(unit)
    vector = pa.list_(pa.float32(), 8)
    point = pa.struct([pa.field("x", pa.float32()), pa.field("name", pa.utf8())])
    types |= {
        "utf8": pa.utf8(),
        "large_utf8": pa.large_utf8(),
        "binary": pa.binary(),
        "large_binary": pa.large_binary(),
        "fixed_size_binary": pa.binary(5),
        "vector_float32": vector,
        "vector_float16": pa.list_(pa.float16(), 4),
        "vector_float64": pa.list_(pa.float64(), 3),
        "vector_int8": pa.list_(pa.int8(), 16),
        "vector_uint8": pa.list_(pa.uint8(), 3),
        "vector_bool": pa.list_(pa.bool_(), 10),
        "vector_nested": pa.list_(pa.list_(pa.int32(), 2), 3),
        "vector_struct": pa.list_(pa.struct([pa.field("x", pa.float32())]), 2),
        "list_int32": pa.list_(pa.int32()),
        "list_utf8": pa.list_(pa.utf8()),
        "list_bool": pa.list_(pa.bool_()),
        "list_not_null": pa.list_(pa.field("item", pa.int64(), nullable=False)),
        "large_list": pa.large_list(pa.float64()),
        "list_list": pa.list_(pa.list_(pa.int16())),
        "list_list_utf8": pa.list_(pa.list_(pa.utf8())),
        "list_vector": pa.list_(vector),
        "struct": point,
        "struct_not_null": pa.struct([pa.field("x", pa.int32(), nullable=False)]),
        "struct_list": pa.struct([pa.field("l", pa.list_(pa.int32())), pa.field("b", pa.bool_())]),
        "struct_struct": pa.struct([pa.field("s", point), pa.field("v", vector)]),
        "list_struct": pa.list_(point),
        "list_struct_list": pa.list_(pa.struct([pa.field("l", pa.list_(pa.utf8()))])),
        "map": pa.map_(pa.utf8(), pa.int32()),
        "map_nested": pa.map_(pa.int32(), pa.list_(pa.float32())),
        "dictionary_utf8": pa.dictionary(pa.int32(), pa.utf8()),
        "dictionary_int8": pa.dictionary(pa.int8(), pa.utf8()),
        "dictionary_uint16": pa.dictionary(pa.uint16(), pa.utf8()),
        "null": pa.null(),
        "bfloat16": BFloat16Type(),
        "vector_bfloat16": pa.list_(BFloat16Type(), 4),
        "json": pa.json_(),
        "uuid": pa.uuid(),
        "tensor": pa.fixed_shape_tensor(pa.float32(), [2, 3]),
    }
    return types


COLUMN_TYPES: dict[str, pa.DataType] = _types()
