"""Random tables, written by pylance with random encodings, read equal in every way.

``LANCEA_EXAMPLES=20`` runs twenty times as many, with new ones each time.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interop.support import (
    DISTRIBUTIONS,
    NULL_PATTERNS,
    STRUCTURAL_VERSIONS,
    VERSIONS,
    Refused,
    Shape,
    assert_same_table,
    in_chunks,
    oracle,
    random_array,
    take_of,
    write,
)

import lancea

FACTOR = float(os.environ.get("LANCEA_EXAMPLES", "1"))
MAX_DEPTH = 4

LEAVES = [
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.bool_()),
    *(pa.utf8(), pa.large_utf8(), pa.binary(), pa.large_binary(), pa.utf8(), pa.binary()),
    *(pa.binary(3), pa.binary(16), pa.decimal128(20, 2), pa.decimal256(40, 5)),
    *(pa.date32(), pa.time64("us"), pa.timestamp("ms", "UTC"), pa.duration("ns")),
    *(pa.dictionary(pa.int16(), pa.utf8()), pa.null()),
    *(pa.list_(pa.float32(), 16), pa.list_(pa.uint8(), 3), pa.list_(pa.bool_(), 5)),
]


def fields_of(kinds) -> st.SearchStrategy[list[pa.Field]]:
    nullable = st.lists(st.booleans(), min_size=3, max_size=3)
    return st.builds(
        lambda some, flags: [
            pa.field("abc"[i], kind, flags[i] or pa.types.is_null(kind))
            for i, kind in enumerate(some)
        ],
        st.lists(kinds, min_size=1, max_size=3),
        nullable,
    )


def types(depth: int) -> st.SearchStrategy[pa.DataType]:
    leaf = st.sampled_from(LEAVES)
    if depth == 1:
        return leaf
    inner = types(depth - 1)
    keys = st.sampled_from([pa.utf8(), pa.int32(), pa.binary()])
    return st.one_of(
        leaf,
        leaf,
        inner.map(pa.list_),
        inner.map(pa.large_list),
        fields_of(inner).map(pa.struct),
        fields_of(inner).map(pa.struct),
        st.builds(pa.map_, keys, inner),
    )


def options_of(version: str) -> st.SearchStrategy[dict[str, str]]:
    """Encoding options of a field, more often none."""
    if version not in STRUCTURAL_VERSIONS:
        return st.just({})
    prefix = "lance-encoding:"
    choices = {
        "compression": ["none", "zstd", "lz4", "fsst"],
        "compression-level": ["1", "9"],
        "structural-encoding": ["miniblock", "fullzip"],
        "rle-threshold": ["0.01", "0.5", "1.0"],
        "bss": ["on", "off", "auto"],
        "dict-divisor": ["1", "2", "100000"],
        "dict-size-ratio": ["0.1", "0.99"],
        "dict-max-size": ["10", "100000"],
        "dict-values-compression": ["none", "zstd", "lz4"],
        "minichunk-size": ["256", "1024", "8192"],
        "packed": ["true"],
    }
    one = st.sampled_from(sorted(choices)).flatmap(
        lambda name: st.sampled_from(choices[name]).map(lambda value: (prefix + name, value))
    )
    return st.one_of(st.just({}), st.lists(one, max_size=3).map(dict))


@st.composite
def columns(draw, version: str) -> tuple[pa.Field, Shape]:
    nulls = draw(st.sampled_from(NULL_PATTERNS))
    inner_nulls = draw(st.sampled_from(["none", "some", "some", "all"]))
    kind = draw(types(MAX_DEPTH))
    if version == "2.0" and has_struct(kind):
        nulls = inner_nulls = "none"  # which cannot store structs that are null
    shape = Shape(
        nulls=nulls,
        distribution=draw(st.sampled_from(DISTRIBUTIONS)),
        inner_nulls=inner_nulls,
        text_bytes=draw(st.sampled_from([3, 24, 24, 300, 40_000])),
        list_length=draw(st.sampled_from([0, 1, 5, 5, 40])),
    )
    field = pa.field("", kind, nulls != "none" or draw(st.booleans()))
    if pa.types.is_null(kind):
        field = field.with_nullable(True)
    options = draw(options_of(version))
    if not pa.types.is_struct(kind):
        options.pop("lance-encoding:packed", None)  # on lists, pylance reads nothing but nulls
    return field.with_metadata(options), shape


def has_struct(kind: pa.DataType) -> bool:
    children = [kind.field(i).type for i in range(kind.num_fields)]
    return pa.types.is_struct(kind) or any(has_struct(child) for child in children)


def weight(kind: pa.DataType, shape: Shape) -> float:
    """Bytes of a value, roughly."""
    if isinstance(kind, (pa.ListType, pa.LargeListType, pa.MapType)):
        return max(1, shape.list_length / 2) * sum(
            weight(kind.field(i).type, shape) for i in range(kind.num_fields)
        )
    if isinstance(kind, pa.StructType):
        return sum(weight(f.type, shape) for f in kind)
    is_text = kind in (pa.utf8(), pa.large_utf8(), pa.binary(), pa.large_binary())
    return shape.text_bytes if is_text else 16


@st.composite
def tables(draw) -> tuple[str, pa.Table, int]:
    """A storage version, a table, and the rows of a fragment."""
    version = draw(st.sampled_from([*VERSIONS, *STRUCTURAL_VERSIONS]))
    drawn = draw(st.lists(columns(version), min_size=1, max_size=4))
    rows = draw(st.sampled_from([1, 2, 9, 100, 1023, 1024, 1025, 5000, 20_000]))
    heaviest = max(weight(field.type, shape) for field, shape in drawn)
    rows = max(1, min(rows, int(2_000_000 / heaviest)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    fields = [field.with_name(f"c{i}") for i, (field, _) in enumerate(drawn)]
    arrays = [random_array(field.type, rows, rng, shape) for field, shape in drawn]
    fragments = draw(st.integers(1, 3))
    return version, pa.table(arrays, schema=pa.schema(fields)), -(-rows // fragments)


def check(version: str, table: pa.Table, rows_per_file: int, folder: str) -> None:
    theirs = write(
        in_chunks(table, rows_per_file),
        folder,
        data_storage_version=version,
        max_rows_per_file=rows_per_file,
    )
    mine = lancea.dataset(folder)
    expected = oracle(theirs.to_table)
    rows = table.num_rows
    assert_same_table(mine.to_table(), expected)
    assert mine.count_rows() == rows

    rng = np.random.default_rng(rows)
    batch_size = int(rng.choice([1 + rows // 7, 1000, 4096]))
    batches = list(mine.to_batches(batch_size=batch_size))
    assert max(batch.num_rows for batch in batches) <= batch_size
    assert_same_table(pa.Table.from_batches(batches, mine.schema), expected, "batches")

    offset = int(rng.integers(0, rows))
    limit = int(rng.integers(1, rows + 1))
    window = mine.to_table(offset=offset, limit=limit)
    assert_same_table(window, expected.slice(offset, limit), f"limit {limit}, offset {offset}")

    wanted = rng.integers(0, rows, min(60, 2 * rows)).tolist()
    assert_same_table(mine.take(wanted), take_of(expected, wanted), f"take {wanted}")
    for name in table.column_names:
        assert_same_table(mine.to_table([name]), expected.select([name]), f"only {name}")
        one = wanted[:1]
        assert_same_table(mine.take(one, [name]), take_of(expected.select([name]), one), "take one")


def test_random_tables_are_read_as_pylance_reads_them():
    outcomes = Counter()

    @settings(
        max_examples=int(60 * FACTOR),
        deadline=None,
        derandomize=FACTOR == 1,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(tables())
    def run(drawn):
        version, table, rows_per_file = drawn
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(version, table, rows_per_file, folder + "/t")
                outcomes["read"] += 1
            except Refused as error:
                outcomes[f"refused: {str(error)[:200]}"] += 1

    run()
    print(outcomes)
    # 2.0 and 0.1 refuse maps, 2.1 maps and some packed structs; most must be read.
    assert outcomes["read"] > 0.6 * sum(outcomes.values()), outcomes
