"""What the interop tests share: exact comparison, random Arrow data of any type, refusals.

pylance is the oracle: it writes the tables and says what reading them must give.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lance
    import lance.arrow

VERSIONS = ["0.1", "2.0", "2.1", "2.2", "2.3"]
#: Every storage version with structural encodings.
STRUCTURAL_VERSIONS = VERSIONS[2:]


# Comparison to the last bit.


def assert_same_schema(mine: pa.Schema, theirs: pa.Schema, what: str = "schema") -> None:
    """Equal names, types, nullability and metadata at every depth."""
    if mine.equals(theirs, check_metadata=True):
        return
    if mine.names != theirs.names:
        raise AssertionError(f"{what}: columns {mine.names}, expected {theirs.names}")
    if mine.metadata != theirs.metadata:
        raise AssertionError(f"{what}: metadata {mine.metadata}, expected {theirs.metadata}")
    for left, right in zip(mine, theirs, strict=True):
        if not left.equals(right, check_metadata=True):
            raise AssertionError(f"{what}: field {described(left)}, expected {described(right)}")


def described(field: pa.Field) -> str:
    """A field with its nullability and metadata, and those of its children."""
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    children = [kind.field(i) for i in range(kind.num_fields)]
    inside = ", ".join(described(child) for child in children)
    nullable = "" if field.nullable else " not null"
    return f"{field.name}: {field.type}{nullable} {dict(field.metadata or {})} ({inside})"


def assert_same_table(mine: pa.Table, theirs: pa.Table, what: str = "table") -> None:
    """Equal schemas, and equal values to the last bit; chunks may differ."""
    assert_same_schema(mine.schema, theirs.schema, what)
    if mine.num_rows != theirs.num_rows:
        raise AssertionError(f"{what}: {mine.num_rows} rows, expected {theirs.num_rows}")
    mine.validate(full=True)
    if not mine.num_rows:
        return  # a column of no chunks is no array, and the schemas are equal
    for name, left, right in zip(mine.column_names, mine.columns, theirs.columns, strict=True):
        assert_same_array(one_array(left), one_array(right), f"{what}, column {name}")


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; dictionaries, which chunks have each their own, decoded."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
    if column.num_chunks == 1:
        return column.chunk(0)
    if isinstance(kind, pa.BaseExtensionType):
        storage = pa.chunked_array([c.storage for c in column.chunks], kind.storage_type)
        return pa.ExtensionArray.from_storage(kind, one_array(storage))
    return pa.concat_arrays(column.chunks)


def assert_same_array(mine: pa.Array, theirs: pa.Array, what: str) -> None:
    if mine.type != theirs.type:
        raise AssertionError(f"{what}: type {mine.type}, expected {theirs.type}")
    if len(mine) != len(theirs):
        raise AssertionError(f"{what}: {len(mine)} values, expected {len(theirs)}")
    _expect_equal(mine.is_null(), theirs.is_null(), f"{what}, validity")
    kind = mine.type
    if isinstance(kind, pa.BaseExtensionType):
        assert_same_array(mine.storage, theirs.storage, f"{what}, storage")
    elif pa.types.is_dictionary(kind):
        assert_same_array(mine.dictionary_decode(), theirs.dictionary_decode(), f"{what}, decoded")
    elif pa.types.is_struct(kind):
        children = zip(kind, mine.flatten(), theirs.flatten(), strict=True)
        for child, left, right in children:
            assert_same_array(left, right, f"{what}.{child.name}")
    elif pa.types.is_map(kind):
        entries = pa.struct([kind.key_field, kind.item_field])
        as_list = pa.list_(pa.field("entries", entries, nullable=False))
        assert_same_array(_map_as_list(mine, as_list), _map_as_list(theirs, as_list), what)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        _expect_equal(pc.list_value_length(mine), pc.list_value_length(theirs), f"{what}, lengths")
        assert_same_array(mine.flatten(), theirs.flatten(), f"{what}[]")
    elif pa.types.is_fixed_size_list(kind):
        assert_same_array(mine.flatten(), theirs.flatten(), f"{what}[]")
    elif pa.types.is_floating(kind):
        bits = {16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}[kind.bit_width]
        # drop_null: what lies under a null is nobody's business.
        _expect_equal(mine.drop_null().view(bits), theirs.drop_null().view(bits), what)
    else:
        _expect_equal(mine, theirs, what)


def _map_as_list(array: pa.MapArray, kind: pa.DataType) -> pa.ListArray:
    entries = pa.StructArray.from_arrays(
        [array.keys, array.items], fields=[kind.value_type.field(0), kind.value_type.field(1)]
    )
    nulls = array.is_null() if array.null_count else None
    offsets = pa.array(array.offsets.to_numpy())  # a copy, so that it starts at its buffer's start
    return pa.ListArray.from_arrays(offsets, entries, type=kind, mask=nulls)


def _expect_equal(mine: pa.Array, theirs: pa.Array, what: str) -> None:
    if mine.equals(theirs):
        return
    for row, (left, right) in enumerate(zip(mine, theirs, strict=True)):
        if not left.equals(right):
            shown = f"{str(left)[:200]}, expected {str(right)[:200]}"
            raise AssertionError(f"{what}: value {row} of {len(mine)} is {shown}")
    raise AssertionError(f"{what}: differs")


def assert_same_take(mine: pa.Table, theirs, table: pa.Table, rows, what: str = "take", **options):
    """Equal to the rows of pylance's full read, and to what pylance takes.

    pylance drops the schema's metadata in a take (lancea keeps it), and of some columns it cannot
    take at all what it can read.
    """
    assert_same_table(mine, take_of(table, rows), what)
    with suppress(Refused):
        taken = oracle(theirs.take, rows, **options)
        assert_same_table(mine, taken.replace_schema_metadata(mine.schema.metadata), what)


def take_of(table: pa.Table, rows) -> pa.Table:
    """pa.Table.take, for extension types in any number of chunks."""
    columns = []
    for column in table.columns:
        if isinstance(column.type, pa.BaseExtensionType):
            storage = one_array(column).storage.take(pa.array(rows, pa.int64()))
            columns.append(pa.ExtensionArray.from_storage(column.type, storage))
        else:
            columns.append(column.take(pa.array(rows, pa.int64())))
    return pa.table(columns, schema=table.schema)


# Random data.

NULL_PATTERNS = ["none", "some", "all", "first half", "last half"]
DISTRIBUTIONS = ["random", "narrow", "constant", "runs", "low cardinality", "sorted"]

WORDS = (
    "a the columnar lance Zürich naïve 東京 данные 🚀 xyzzy plugh 0 00 ,, \n tab\t emoji👩‍👩‍👧 "
    "lineitem quick brown fox jumps over lazy dog"
).split(" ")


@dataclass
class Shape:
    """How random data look.

    Attributes
    ----------
    nulls
        where nulls are, of ``NULL_PATTERNS``; nested values follow ``inner_nulls``
    distribution
        of ``DISTRIBUTIONS``
    text_bytes
        length of text and binary values at most
    list_length
        items of a list at most
    """

    nulls: str = "none"
    distribution: str = "random"
    inner_nulls: str | None = None
    text_bytes: int = 24
    list_length: int = 5
    inner: Shape | None = field(default=None, repr=False)

    def for_children(self) -> Shape:
        nulls = self.inner_nulls or ("none" if self.nulls == "none" else "some")
        return Shape(nulls, self.distribution, nulls, self.text_bytes, self.list_length)


def null_mask(pattern: str, length: int, rng: np.random.Generator) -> np.ndarray:
    rows = np.arange(length)
    if pattern == "some":
        return rng.random(length) < 0.2
    if pattern == "all":
        return np.ones(length, bool)
    if pattern == "first half":
        return rows < length // 2
    if pattern == "last half":
        return rows >= length // 2
    return np.zeros(length, bool)


def random_array(
    kind: pa.DataType, length: int, rng: np.random.Generator, shape: Shape
) -> pa.Array:
    """Values of any type, nulls as the shape says."""
    if pa.types.is_null(kind):
        return pa.nulls(length)
    rows = np.arange(length)
    distinct = length
    if shape.distribution == "constant":
        distinct, rows = 1, np.zeros(length, np.int64)
    elif shape.distribution == "low cardinality":
        distinct = min(length, 11)
        rows = rng.integers(0, max(distinct, 1), length)
    elif shape.distribution == "runs":
        distinct = length // 40 + 1
        rows = np.sort(rng.integers(0, distinct, length))
    values = _values(kind, distinct if length else 0, rng, shape)
    if shape.distribution == "sorted" and _is_sortable(kind):
        rows = pc.sort_indices(values).to_numpy()
    mask = null_mask(shape.nulls, length, rng)
    if not mask.any() and rows is not None and np.array_equal(rows, np.arange(len(values))):
        return values
    return values.take(pa.array(rows, pa.int64(), mask=mask))


def _is_sortable(kind: pa.DataType) -> bool:
    return (
        pa.types.is_integer(kind)
        or kind in (pa.float32(), pa.float64(), pa.utf8(), pa.large_utf8(), pa.binary())
        or pa.types.is_temporal(kind)
    ) and not pa.types.is_duration(kind)


def _values(kind: pa.DataType, count: int, rng: np.random.Generator, shape: Shape) -> pa.Array:
    """Values without nulls at the top."""
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.json":
            numbers = rng.integers(-1000, 1000, count)
            text = [f'{{"a":{n},"b":[null,"é{n}",{n / 8}]}}' for n in numbers]
            return pa.ExtensionArray.from_storage(kind, pa.array(text, kind.storage_type))
        return pa.ExtensionArray.from_storage(kind, _values(kind.storage_type, count, rng, shape))
    children = shape.for_children()
    if pa.types.is_boolean(kind):
        return pa.array(rng.random(count) < 0.5)
    if pa.types.is_integer(kind):
        return pa.array(_integers(kind.to_pandas_dtype(), count, rng, shape))
    if pa.types.is_floating(kind):
        floats = rng.standard_normal(count) * 100
        if shape.distribution == "narrow":
            floats = np.round(floats)
        elif count > 6:
            floats[:6] = [np.nan, np.inf, -np.inf, -0.0, 0.0, 6e-8]
        return pa.array(floats.astype(kind.to_pandas_dtype()))
    if pa.types.is_decimal(kind):
        words = kind.bit_width // 64
        low = rng.integers(-(10**9), 10**9, count)
        parts = [low] + [low >> 63] * (words - 1) if words else [low.astype(np.int32)]
        data = np.stack(parts, axis=1).tobytes()
        return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(data)])
    if pa.types.is_temporal(kind):
        return _times(kind, count, rng, shape)
    if pa.types.is_fixed_size_binary(kind):
        data = rng.bytes(count * kind.byte_width)
        return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(data)])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array(_texts(count, rng, shape), kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        lengths = rng.integers(0, shape.text_bytes + 1, count)
        return pa.array([rng.bytes(size) for size in lengths], kind)
    if pa.types.is_fixed_size_list(kind):
        items = random_array(kind.value_type, count * kind.list_size, rng, children)
        if not kind.value_field.nullable:
            items = _without_nulls(items, rng, children)
        return pa.FixedSizeListArray.from_arrays(items, type=kind)
    if pa.types.is_map(kind):
        offsets = _offsets(count, rng, shape)
        keys = _values(kind.key_type, offsets[-1], rng, shape)
        items = random_array(kind.item_type, offsets[-1], rng, children)
        return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items, type=kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        offsets = _offsets(count, rng, shape)
        items = random_array(kind.value_type, int(offsets[-1]), rng, children)
        if not kind.value_field.nullable:
            items = _without_nulls(items, rng, children)
        cls, width = (
            (pa.LargeListArray, pa.int64())
            if pa.types.is_large_list(kind)
            else (pa.ListArray, pa.int32())
        )
        return cls.from_arrays(pa.array(offsets, width), items, type=kind)
    if pa.types.is_struct(kind):
        arrays = [
            random_array(f.type, count, rng, children if f.nullable else Shape()) for f in kind
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(kind))
    if pa.types.is_dictionary(kind):
        words = _values(kind.value_type, 9, rng, Shape())
        indices = pa.array(rng.integers(0, 9, count).astype(kind.index_type.to_pandas_dtype()))
        return pa.DictionaryArray.from_arrays(indices, words, ordered=kind.ordered)
    raise AssertionError(f"no random data of {kind}")


def _without_nulls(items: pa.Array, rng: np.random.Generator, shape: Shape) -> pa.Array:
    return _values(items.type, len(items), rng, shape)


def _integers(dtype, count: int, rng: np.random.Generator, shape: Shape) -> np.ndarray:
    info = np.iinfo(dtype)
    if shape.distribution == "narrow":
        return rng.integers(max(info.min, -20), 100, count, dtype=dtype)
    return rng.integers(info.min, info.max, count, dtype=dtype, endpoint=True)


def _times(kind: pa.DataType, count: int, rng: np.random.Generator, shape: Shape) -> pa.Array:
    day = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
    if pa.types.is_date32(kind):
        numbers = rng.integers(-30_000, 30_000, count).astype(np.int32)
    elif pa.types.is_date64(kind):
        numbers = rng.integers(-30_000, 30_000, count) * day["ms"]
    elif pa.types.is_time(kind):
        numbers = rng.integers(0, day[kind.unit], count)
        numbers = numbers.astype(np.int32 if kind.bit_width == 32 else np.int64)
    else:
        numbers = rng.integers(-(2**40), 2**40, count)
    return pa.array(numbers).view(kind)


def _texts(count: int, rng: np.random.Generator, shape: Shape) -> list[str]:
    if shape.text_bytes > 1000:
        sizes = rng.integers(shape.text_bytes // 2, shape.text_bytes, count)
        letters = rng.integers(97, 123, shape.text_bytes, dtype=np.uint8).tobytes().decode()
        return [f"{row}{letters[:size]}" for row, size in enumerate(sizes)]
    words = rng.integers(0, len(WORDS), (count, 3))
    lengths = rng.integers(0, 4, count)
    return [
        "".join(WORDS[w] for w in row[:size])[: shape.text_bytes]
        for row, size in zip(words, lengths, strict=True)
    ]


def _offsets(count: int, rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(rng.integers(0, shape.list_length + 1, count))]).astype(
        int
    )


def in_chunks(table: pa.Table, rows: int) -> pa.Table:
    """The same rows in chunks that are no slices, of which pylance cannot write every type."""
    ranges = [range(i, min(i + rows, len(table))) for i in range(0, len(table), rows)]
    return pa.concat_tables([take_of(table, part) for part in ranges])


# What pylance refuses.


class Refused(Exception):
    """pylance did not do it; the text is pylance's."""


def oracle(action, *arguments, **options):
    """Call pylance; whatever it raises, a panic too, becomes :class:`Refused`."""
    try:
        return action(*arguments, **options)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pyo3's PanicException is no Exception
        raise Refused(f"{type(error).__name__}: {str(error).splitlines()[0][:300]}") from None


def write(table: pa.Table, path, **options):
    """Write with pylance, as :func:`lance.write_dataset`; the table as everybody else opens it.

    What the writer itself returns still has the dictionaries that were written, though files of 0.1
    keep no empty text apart from null.
    """
    oracle(lance.write_dataset, table, str(path), **options)
    return oracle(lance.dataset, str(path))
