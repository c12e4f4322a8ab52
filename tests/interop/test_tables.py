"""Histories written by pylance, read equal at every version.

Deletions, columns that came, went and changed, updates, merges, compaction.
"""

from __future__ import annotations

from collections.abc import Callable

import lance
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from interop.reading import assert_reads_as_pylance, fresh
from interop.support import VERSIONS, Refused, assert_same_table, oracle, write

ROWS, ROWS_PER_FILE = 90, 40


def rows_of(first: int, count: int) -> pa.Table:
    """Rows that tell which they are."""
    ids = np.arange(first, first + count)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "text": pa.array([None if i % 5 == 4 else f"row {i}" for i in ids]),
            "place": pa.array([{"x": i / 8, "name": f"p{i}"} for i in ids]),
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(np.repeat(ids, 4).astype(np.float32)), 4
            ),
            "tags": pa.array([[f"t{i}"] * (i % 3) for i in ids], pa.list_(pa.utf8())),
        }
    )


def table_at(path, version: str, **options) -> lance.LanceDataset:
    """Three fragments of 40, 40 and 10 rows."""
    return write(
        rows_of(0, ROWS),
        path,
        data_storage_version=version,
        max_rows_per_file=ROWS_PER_FILE,
        **options,
    )


def append(ds: lance.LanceDataset, table: pa.Table) -> None:
    oracle(lance.write_dataset, table, ds.uri, mode="append")
    ds.checkout_latest()


def compact(ds: lance.LanceDataset, **options) -> None:
    oracle(ds.optimize.compact_files, target_rows_per_fragment=1000, num_threads=1, **options)


def merge(ds: lance.LanceDataset, *, update=True, insert=True, drop: str | None = None) -> None:
    source = rows_of(80, 25)
    builder = ds.merge_insert("id")
    if update:
        builder = builder.when_matched_update_all()
    if insert:
        builder = builder.when_not_matched_insert_all()
    if drop:
        builder = builder.when_not_matched_by_source_delete(drop)
    oracle(builder.execute, source)


def merge_two_columns(ds: lance.LanceDataset) -> None:
    source = pa.table({"id": pa.array([3, 50, 89]), "text": ["new 3", "new 50", None]})
    oracle(ds.merge_insert("id").when_matched_update_all().execute, source)


def replace_column(ds: lance.LanceDataset) -> None:
    """New data files take the place of one column of the first fragment."""
    fragment = ds.get_fragments()[0]
    schema = pa.schema([pa.field("text", pa.utf8()), pa.field("id", pa.int64())])
    ids = fragment.to_table(columns=["id"])["id"]
    texts = pa.array([f"replaced {i}" for i in ids.to_pylist()])
    source = pa.table([texts, ids], schema=schema)
    updated, fields = oracle(fragment.update_columns, source, left_on="id", right_on="id")
    operation = lance.LanceOperation.Update(updated_fragments=[updated], fields_modified=fields)
    oracle(lance.LanceDataset.commit, ds, operation, read_version=ds.version)
    ds.checkout_latest()


HISTORIES: dict[str, list[Callable[[lance.LanceDataset], object]]] = {
    "nothing but a write": [],
    "rows deleted here and there": [lambda ds: ds.delete("id % 7 = 0")],
    "rows deleted twice": [lambda ds: ds.delete("id % 7 = 0"), lambda ds: ds.delete("id % 3 = 0")],
    "first and last rows deleted": [lambda ds: ds.delete("id < 3 or id > 86")],
    "all but one row of a fragment deleted": [lambda ds: ds.delete("id < 39")],
    "a whole fragment deleted": [lambda ds: ds.delete("id >= 40 and id < 80")],
    "everything deleted": [lambda ds: ds.delete("true")],
    "everything deleted, then rows appended": [
        lambda ds: ds.delete("true"),
        lambda ds: append(ds, rows_of(0, 5)),
    ],
    "columns computed, after deletions": [
        lambda ds: ds.delete("id % 4 = 1"),
        lambda ds: ds.add_columns({"double": "id * 2", "upper": "upper(text)"}),
    ],
    "columns of nulls added": [
        lambda ds: ds.add_columns([pa.field("a", pa.int32()), pa.field("b", pa.list_(pa.utf8()))]),
        lambda ds: ds.delete("id = 1"),
    ],
    "columns of nulls, then rows with values": [
        lambda ds: ds.add_columns(pa.field("note", pa.utf8())),
        lambda ds: append(ds, rows_of(90, 5).append_column("note", [["n"] * 5])),
    ],
    "columns merged by key": [
        lambda ds: ds.merge(
            pa.table({"id": pa.array(range(0, 90, 2)), "half": pa.array(range(45))}), "id"
        ),
    ],
    "columns dropped": [lambda ds: ds.drop_columns(["text", "vector"])],
    "a column dropped and added again": [
        lambda ds: ds.drop_columns(["text"]),
        lambda ds: ds.add_columns({"text": "id + 1"}),
    ],
    "a child of a struct dropped": [lambda ds: ds.drop_columns(["place.name"])],
    "columns renamed": [
        lambda ds: ds.alter_columns({"path": "text", "name": "words"}),
        lambda ds: ds.alter_columns({"path": "place.x", "name": "east"}),
    ],
    "columns cast": [
        lambda ds: ds.delete("id = 44"),
        lambda ds: ds.alter_columns({"path": "id", "data_type": pa.int32()}),
        lambda ds: ds.alter_columns({"path": "text", "data_type": pa.large_utf8()}),
    ],
    "rows appended without some columns": [
        lambda ds: append(ds, rows_of(90, 15).select(["vector", "id"])),
    ],
    "rows appended without a column that was added": [
        lambda ds: ds.add_columns({"double": "id * 2"}),
        lambda ds: append(ds, rows_of(90, 15)),
    ],
    "rows updated": [
        lambda ds: ds.update({"text": "'up ' || text"}, where="id % 10 = 3"),
        lambda ds: ds.update({"id": "id + 1000"}, where="id = 13 or id = 50"),
    ],
    "rows merged": [merge],
    "rows only updated by a merge": [lambda ds: merge(ds, insert=False)],
    "rows only inserted by a merge": [lambda ds: merge(ds, update=False)],
    "rows deleted by a merge": [lambda ds: merge(ds, drop="id < 20")],
    "two columns merged into the rows they match": [merge_two_columns],
    "one column of one fragment replaced": [replace_column],
    "deletions compacted away": [lambda ds: ds.delete("id % 3 = 0"), compact],
    "added columns compacted into one file": [
        lambda ds: ds.add_columns({"double": "id * 2"}),
        lambda ds: ds.drop_columns(["text"]),
        compact,
    ],
    "deletions after compaction": [compact, lambda ds: ds.delete("id in (1, 2, 50, 89)")],
    "an old version restored": [
        lambda ds: ds.delete("id < 50"),
        lambda ds: ds.checkout_version(1).restore(),
        lambda ds: ds.checkout_latest(),
        lambda ds: ds.delete("id = 0"),
    ],
    "overwritten with another schema": [
        lambda ds: lance.write_dataset(
            pa.table({"text": [1.5, 2.5], "other": ["a", "b"]}), ds.uri, mode="overwrite"
        ),
    ],
    "metadata of table, schema and field": [
        lambda ds: ds.update_config({"lance.test": "1", "gone": "x"}),
        lambda ds: ds.update_config({"gone": None}),
        lambda ds: ds.update_metadata({"owner": "tests", "note": "été"}),
        lambda ds: ds.update_schema_metadata({"unit": "m", "empty": ""}),
        lambda ds: ds.update_field_metadata({"text": {"language": "none"}}),
    ],
}

#: What pylance does not do to legacy tables, or makes of them what it cannot read.
REFUSED = {
    ("0.1", "columns of nulls added"),
    ("0.1", "columns of nulls, then rows with values"),
    ("0.1", "columns merged by key"),
    ("0.1", "rows appended without some columns"),
    ("0.1", "rows appended without a column that was added"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("history", HISTORIES)
def test_every_version_of_a_history_is_read_as_pylance_reads_it(tmp_path, history, version):
    check_history(tmp_path / "t", history, version)


@pytest.mark.parametrize("version", ["2.0", "2.2"])
@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_with_stable_row_ids_is_read_as_pylance_reads_it(tmp_path, history, version):
    check_history(tmp_path / "t", history, version, enable_stable_row_ids=True)


def run(history: str, ds: lance.LanceDataset) -> None:
    for step in HISTORIES[history]:
        oracle(step, ds)
    oracle(lance.dataset(ds.uri).to_table)


def check_history(path, history: str, version: str, **options) -> None:
    ds = table_at(path, version, **options)
    if (version, history) in REFUSED:
        with pytest.raises(Refused):
            run(history, ds)
        return
    run(history, ds)
    latest = lance.dataset(ds.uri).version
    assert_reads_as_pylance(path)
    for number in range(1, latest):
        theirs = lance.dataset(ds.uri, number)
        scan = {"with_row_id": True, "with_row_address": True}
        assert_same_table(
            fresh(path, number).to_table(**scan), oracle(theirs.to_table, **scan), f"v{number}"
        )


def test_histories_make_the_files_they_are_to_test(tmp_path):
    def files(history: str) -> list[lance.fragment.DataFile]:
        ds = table_at(tmp_path / history, "2.2")
        for step in HISTORIES[history]:
            step(ds)
        return lance.dataset(ds.uri).get_fragments()[0].metadata.files

    assert len(files("columns computed, after deletions")) == 2
    assert len(files("added columns compacted into one file")) == 1
    assert -2 in files("one column of one fragment replaced")[0].fields
    # Fields of columns that were dropped stay where they are.
    assert files("columns dropped")[0].fields == files("nothing but a write")[0].fields


@pytest.mark.parametrize("version", VERSIONS)
def test_many_deletions_are_a_bitmap_and_few_an_array(tmp_path, version):
    rows = 14_000
    table = pa.table({"id": pa.array(range(rows)), "text": [f"row {i}" for i in range(rows)]})
    ds = write(table, tmp_path / "t", data_storage_version=version)
    steps = [("id % 1000 = 7", "arrow"), ("id % 2 = 0", "bin"), ("id > 100 and id < 13000", "bin")]
    for predicate, kind in steps:
        ds.delete(predicate)
        mine = assert_reads_as_pylance(tmp_path / "t")
        assert mine.get_fragments()[0].deletion_file().endswith(f".{kind}")
    expected = lance.dataset(ds.uri).to_table(filter="id > 9000")
    assert_same_table(mine.to_table(filter=pc.field("id") > 9000), expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_limit_counts_only_rows_that_are_not_deleted(tmp_path, version):
    ds = table_at(tmp_path / "t", version)
    ds.delete("id % 2 = 0")
    mine, expected = fresh(tmp_path / "t"), lance.dataset(ds.uri).to_table()
    for limit in range(0, 47, 3):
        for offset in (0, 1, 19, 20, 44, 60):
            window = mine.to_table(limit=limit, offset=offset)
            assert_same_table(window, expected.slice(offset, limit), f"{limit} from {offset}")


def test_many_fragments_are_read_in_order(tmp_path):
    ds = write(rows_of(0, 300), tmp_path / "t", max_rows_per_file=3)
    ds.delete("id % 5 = 0")
    mine = assert_reads_as_pylance(tmp_path / "t")
    assert len(mine.get_fragments()) == 100
    for readahead in (1, 2, 50):
        table = mine.to_table(fragment_readahead=readahead, batch_readahead=readahead)
        assert table["id"].to_pylist() == [i for i in range(300) if i % 5]


def test_an_unordered_scan_gives_the_same_rows(tmp_path):
    ds = write(rows_of(0, 300), tmp_path / "t", max_rows_per_file=20)
    mine = fresh(tmp_path / "t").to_table(scan_in_order=False)
    assert_same_table(mine.sort_by("id"), ds.to_table())


def test_an_empty_table_has_its_schema_and_no_rows(tmp_path):
    for version in VERSIONS:
        write(rows_of(0, 0), tmp_path / version, data_storage_version=version)
        mine = assert_reads_as_pylance(tmp_path / version)
        assert mine.to_table().num_rows == 0
        assert list(mine.to_batches()) == []
