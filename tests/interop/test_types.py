"""Tables of every type × storage version × null pattern × size, written by pylance, read equal."""

from __future__ import annotations

from functools import cache

import lance
import numpy as np
import pyarrow as pa
import pytest
from interop.column_types import COLUMN_TYPES
from interop.support import (
    NULL_PATTERNS,
    VERSIONS,
    Refused,
    Shape,
    assert_same_schema,
    assert_same_table,
    assert_same_take,
    in_chunks,
    null_mask,
    oracle,
    random_array,
    take_of,
    write,
)

import lancea

SIZES = [0, 1, 7, 1025, 10_000]

MAPS = {"map", "map_nested"}
STRUCTS = {"struct", "struct_not_null", "struct_list", "struct_struct"}
STRUCT_LISTS = {"list_struct", "list_struct_list"}
#: What pylance cannot write, or cannot read back: without nulls, and with some.
REFUSED = {
    "0.1": (
        MAPS | {"vector_struct", "list_not_null"},
        MAPS | {"vector_struct", "list_not_null", "struct_not_null"},
    ),
    "2.0": (MAPS | {"vector_struct"}, MAPS | {"vector_struct"} | STRUCTS | STRUCT_LISTS),
    "2.1": (MAPS | {"vector_struct"}, MAPS | {"vector_struct"}),
    "2.2": (set(), set()),
    "2.3": (set(), set()),
}


#: pylance writes it beside other columns, but then counts rows of the table twice.
ALONE = "vector_struct"


@cache
def pool(name: str, inner_nulls: str) -> pa.Array:
    """Values without nulls at the top, and inside as asked."""
    rng = np.random.default_rng(len(name))
    return random_array(COLUMN_TYPES[name], max(SIZES), rng, Shape("none", inner_nulls=inner_nulls))


def table_of(version: str, nulls: str, size: int) -> pa.Table:
    """A column of each type; every third one is declared not null when it has no nulls."""
    fields, arrays = [], []
    refused = REFUSED[version][nulls != "none"] | {ALONE}
    if version == "0.1" and not size:  # pylance cannot read dictionaries of no rows back
        refused |= {name for name, kind in COLUMN_TYPES.items() if pa.types.is_dictionary(kind)}
    names = [name for name in COLUMN_TYPES if name not in refused]
    rng = np.random.default_rng(size)
    for position, name in enumerate(names):
        values = pool(name, "none" if nulls == "none" else "some")
        mask = null_mask(nulls, size, rng)
        rows = pa.array(np.arange(size), pa.int64(), mask=mask)
        array = values.take(rows)
        nullable = nulls != "none" or position % 3 != 0 or name == "null"
        # pylance finds nulls in dictionaries of 0.1 that hold an empty text, and then refuses them.
        nullable |= version == "0.1" and pa.types.is_dictionary(array.type)
        metadata = {"position": str(position), "note": "été"} if position % 4 == 0 else None
        fields.append(pa.field(name, array.type, nullable, metadata))
        arrays.append(array)
    return pa.table(arrays, schema=pa.schema(fields, {"owner": "tests", "empty": ""}))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("nulls", ["none", "some"])
def test_pylance_refuses_only_the_types_known_to_be_refused(tmp_path, version, nulls):
    refused = {}
    for name, kind in COLUMN_TYPES.items():
        array = random_array(kind, 25, np.random.default_rng(1), Shape(nulls))
        try:
            ds = write(pa.table({name: array}), tmp_path / name, data_storage_version=version)
            oracle(ds.to_table)
        except Refused as error:
            refused[name] = str(error)
    assert set(refused) == REFUSED[version][nulls != "none"], refused


def test_hardly_any_combination_is_refused():
    possible = len(VERSIONS) * 2 * len(COLUMN_TYPES)
    refused = sum(len(names) for pair in REFUSED.values() for names in pair)
    assert possible - refused > 0.95 * possible
    assert len(COLUMN_TYPES) >= 70


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nulls", NULL_PATTERNS)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_way_to_read_gives_what_pylance_gives(tmp_path, version, nulls, size):
    table = table_of(version, nulls, size)
    theirs = write(table, tmp_path / "t", data_storage_version=version)
    mine = lancea.dataset(tmp_path / "t")
    expected = oracle(theirs.to_table)

    assert mine.data_storage_version == version
    assert_same_schema(mine.schema, theirs.schema)
    assert_same_table(mine.to_table(), expected)
    if version != "0.1":  # which cannot store all nulls
        assert_same_table(mine.to_table(), table, "what was written")
    assert mine.count_rows() == size == len(mine)

    batches = list(mine.to_batches(batch_size=777))
    assert all(0 < batch.num_rows <= 777 for batch in batches)
    joined = pa.Table.from_batches(batches, mine.schema)
    assert_same_table(joined, expected, "batches")

    rng = np.random.default_rng(size)
    for limit, offset in {(5, 0), (size // 3, size // 2), (size + 9, 3), (0, 1)}:
        what = f"limit {limit}, offset {offset}"
        window = expected.slice(offset, limit)
        assert_same_table(mine.to_table(limit=limit, offset=offset), window, what)
    assert_same_table(mine.head(6), expected.slice(0, 6), "head")
    if size:
        rows = rng.integers(0, size, 100).tolist() + [0, size - 1, size - 1, 0]
        assert_same_take(mine.take(rows), theirs, expected, rows)
        assert_same_take(mine.take(rows[:1]), theirs, expected, rows[:1])


@pytest.mark.parametrize("size", [1, 7, 1025])
@pytest.mark.parametrize("nulls", NULL_PATTERNS)
@pytest.mark.parametrize("version", ["2.2", "2.3"])
def test_fixed_size_lists_of_structs_are_read_as_written(tmp_path, version, nulls, size):
    shape = Shape(nulls, inner_nulls="none" if nulls == "none" else "some")
    lists = random_array(COLUMN_TYPES[ALONE], size, np.random.default_rng(size), shape)
    table = pa.table({"id": pa.array(range(size)), "lists": lists})
    theirs = write(table, tmp_path / "t", data_storage_version=version)
    mine = lancea.dataset(tmp_path / "t")
    assert_same_table(mine.to_table(), table)
    assert_same_table(mine.to_table(["lists"]), oracle(theirs.to_table, ["lists"]))
    rows = np.random.default_rng(size).integers(0, size, 30).tolist()
    assert_same_table(mine.take(rows), take_of(table, rows), "take")


@pytest.mark.parametrize("version", VERSIONS)
def test_limits_and_offsets_are_those_of_pylance(tmp_path, version):
    table = table_of(version, "some", 1025)
    path = tmp_path / "t"
    theirs = write(in_chunks(table, 400), path, data_storage_version=version, max_rows_per_file=400)
    assert len(theirs.get_fragments()) == 3
    mine = lancea.dataset(tmp_path / "t")
    for limit, offset in [(None, 0), (None, 1000), (450, 350), (1, 1024), (10, 1025), (10, 5000)]:
        expected = theirs.to_table(limit=limit, offset=offset)
        actual = mine.to_table(limit=limit, offset=offset)
        assert_same_table(actual, expected, f"limit {limit}, offset {offset}")


@pytest.mark.parametrize("version", VERSIONS)
def test_columns_are_selected_as_pylance_does(tmp_path, version):
    table = table_of(version, "none", 1025)
    path = tmp_path / "t"
    theirs = write(in_chunks(table, 600), path, data_storage_version=version, max_rows_per_file=600)
    mine = lancea.dataset(tmp_path / "t")
    selections = [
        ["utf8"],
        ["uuid", "int8", "list_struct"],
        ["struct.name"],
        ["struct_struct.s.x", "int64", "struct_list.b"],
        ["struct_struct.v", "struct_struct.s"],
        [],
    ]
    for columns in selections:
        with_row_id = not columns
        expected = theirs.to_table(columns=columns, with_row_id=with_row_id)
        actual = mine.to_table(columns=columns, with_row_id=with_row_id)
        assert_same_table(actual, expected, str(columns))
        if columns:
            rows = [1024, 3, 3, 700]
            taken = theirs.take(rows, columns=columns)  # structs, not columns with a dot
            assert_same_table(
                mine.take(rows, columns=columns),
                taken.replace_schema_metadata(mine.schema.metadata),
                f"take {columns}",
            )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lance_schema_is_that_of_pylance(tmp_path, version):
    write(table_of(version, "none", 7), tmp_path / "t", data_storage_version=version)
    mine, theirs = lancea.dataset(tmp_path / "t"), lance.dataset(str(tmp_path / "t"))

    def described(fields):
        return [
            (f.name(), f.id(), f.is_unenforced_primary_key(), described(f.children()))
            for f in fields
        ]

    assert described(mine.lance_schema.fields()) == described(theirs.lance_schema.fields())
    # JSON is how it is stored in pylance's, and what it is in ours.
    arrow, expected = mine.lance_schema.to_pyarrow(), theirs.lance_schema.to_pyarrow()
    position = expected.get_field_index("json")
    assert expected.field(position).metadata[b"ARROW:extension:name"] == b"lance.json"
    assert arrow.field(position).type == pa.json_()
    assert_same_schema(arrow.remove(position), expected.remove(position))
    assert mine.max_field_id == theirs.max_field_id


@pytest.mark.parametrize("nulls", ["none", "some"])
@pytest.mark.parametrize("version", VERSIONS)
def test_takes_of_many_rows_give_what_pylance_reads(tmp_path, version, nulls):
    """So many that whole stretches are read, and several threads have a part each."""
    size = max(SIZES)
    table = table_of(version, nulls, size)
    theirs = write(table, tmp_path / "t", data_storage_version=version)
    expected = oracle(theirs.to_table)
    mine = lancea.dataset(tmp_path / "t")
    rows = np.random.default_rng(size).integers(0, size, 6000).tolist()
    for wanted in (rows, sorted(set(rows)), sorted(set(rows[:1000]))):
        assert_same_table(mine.take(wanted), take_of(expected, wanted), f"{len(wanted)} rows")
