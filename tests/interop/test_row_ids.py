"""Row ids, row addresses and the other system columns of tables that pylance wrote."""

from __future__ import annotations

import lance
import numpy as np
import pyarrow as pa
import pytest
from interop.reading import LINEAGE, fresh
from interop.support import assert_same_table, oracle, take_of, write

SYSTEM = ["_rowid", "_rowaddr", "_rowoffset", *LINEAGE]
ROWS = 200


def lived_through(path, version: str = "2.2", stable: bool = True) -> lance.LanceDataset:
    """A table after deletions, updates, a merge, a compaction and more deletions."""
    numbers = pa.array(range(ROWS))
    table = pa.table({"id": numbers, "text": [f"row {i}" for i in range(ROWS)]})
    ds = write(
        table,
        path,
        data_storage_version=version,
        max_rows_per_file=60,
        enable_stable_row_ids=stable,
    )
    ds.delete("id % 11 = 0")
    ds.update({"text": "'updated'"}, where="id % 9 = 1")
    source = pa.table({"id": pa.array([5, 150, 500, 501]), "text": ["merged"] * 4})
    merge = ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    merge.execute(source)
    ds.optimize.compact_files(target_rows_per_fragment=100, num_threads=1)
    ds.delete("id % 13 = 0")
    ds.update({"text": "'again'"}, where="id % 40 = 1")
    return ds


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> lance.LanceDataset:
    return lived_through(tmp_path_factory.mktemp("old") / "t")


@pytest.mark.parametrize("version", ["0.1", "2.0", "2.1", "2.2", "2.3"])
@pytest.mark.parametrize("stable", [True, False])
def test_system_columns_are_those_of_pylance(tmp_path, version, stable):
    lived_through(tmp_path / "t", version, stable)
    theirs = lance.dataset(str(tmp_path / "t"))
    mine = fresh(tmp_path / "t")
    assert mine.has_stable_row_ids == stable
    selections = [["id", *SYSTEM], SYSTEM[::-1], *([name] for name in SYSTEM)]
    for columns in selections:
        expected = oracle(theirs.to_table, columns)
        assert_same_table(mine.to_table(columns), expected, str(columns))
        window = {"limit": 30, "offset": 77}
        assert_same_table(mine.to_table(columns, **window), expected.slice(77, 30), str(window))


def test_a_row_keeps_its_id_through_updates_and_compaction(tmp_path):
    ds = lived_through(tmp_path / "t")
    first = lance.dataset(ds.uri, 1).to_table(["id"], with_row_id=True)
    latest = fresh(ds.uri).to_table(["id"], with_row_id=True)
    then = dict(zip(*first.to_pydict().values(), strict=True))
    now = dict(zip(*latest.to_pydict().values(), strict=True))
    assert len(now) > 100
    assert all(then[key] == row_id for key, row_id in now.items() if key < ROWS)
    addresses = fresh(ds.uri).to_table([], with_row_address=True)["_rowaddr"].to_pylist()
    assert addresses != list(now.values())


@pytest.mark.parametrize("columns", [None, ["text"], ["_rowid", "id"], ["_rowaddr", "_rowid"]])
def test_rows_are_taken_by_id_in_any_order(old, columns):
    mine = fresh(old.uri)
    full = old.to_table(["id", "text", "_rowid", "_rowaddr"])
    rng = np.random.default_rng(1)
    rows = [*rng.integers(0, len(full), 60).tolist(), 0, 0, len(full) - 1]
    ids = take_of(full, rows)["_rowid"].to_pylist()
    expected = take_of(full.select(columns or ["id", "text"]), rows)
    assert_same_table(mine._take_rows(ids, columns), expected)
    assert_same_table(oracle(old._take_rows, ids, columns), expected, "pylance")
    assert_same_table(mine._take_rows(pa.array(ids, pa.uint64()), columns), expected)


def test_ids_of_rows_that_are_gone_are_skipped(old):
    gone, there = [0, 11, 13], [14, 500 - 300, 15]
    ids = [gone[0], there[0], gone[1], there[2], gone[2], 10**9]
    expected = oracle(old._take_rows, ids)
    assert expected["id"].to_pylist() == [14, 15]
    assert_same_table(fresh(old.uri)._take_rows(ids), expected)


@pytest.mark.parametrize("columns", [["_rowid"], ["id", "_rowaddr"], ["_rowoffset", "text"]])
def test_takes_by_position_give_system_columns(old, columns):
    mine, full = fresh(old.uri), old.to_table(columns)
    rows = [50, 3, 3, len(full) - 1]
    taken = mine.take(rows, columns)
    assert_same_table(taken, oracle(old.take, rows, columns))
    assert taken.to_pydict() == take_of(full, rows).to_pydict()


def test_ids_and_addresses_come_last(old):
    mine = fresh(old.uri)
    for options in [
        {"with_row_id": True},
        {"with_row_address": True},
        {"with_row_id": True, "with_row_address": True},
        {"columns": ["text", "_rowaddr", "id"], "with_row_id": True},
        {"columns": ["_rowid", "id"], "with_row_id": True},
        {"columns": ["id", "_rowid"], "with_row_id": True, "with_row_address": True},
    ]:
        expected = oracle(lambda options=options: old.scanner(**options).to_table())
        assert mine.scanner(**options).projected_schema.names == expected.schema.names
        assert_same_table(mine.to_table(**options), expected, str(options))


@pytest.mark.parametrize("stable", [True, False])
def test_deleted_rows_come_in_place_without_an_id(tmp_path, stable):
    lived_through(tmp_path / "t", stable=stable)
    theirs, mine = lance.dataset(str(tmp_path / "t")), fresh(tmp_path / "t")
    scan = {"with_row_id": True, "include_deleted_rows": True}
    expected = theirs.to_table(**scan)
    assert expected["_rowid"].null_count == mine.stats.dataset_stats()["num_deleted_rows"] > 0
    assert_same_table(mine.to_table(**scan), expected)
    addressed = {**scan, "with_row_address": True, "columns": ["id"]}
    assert_same_table(mine.to_table(**addressed), theirs.to_table(**addressed))
    window = {**scan, "limit": 40, "offset": 31}
    assert_same_table(mine.to_table(**window), expected.slice(31, 40))
    for left, right in zip(mine.get_fragments(), theirs.get_fragments(), strict=True):
        expected = right.scanner(**scan).to_table()
        assert_same_table(left.scanner(**scan).to_table(), expected)


@pytest.mark.parametrize("count", [1, 5000])
def test_many_ids_are_found_in_many_segments(tmp_path, count):
    """Updates of scattered rows leave ids in every form: ranges, holes, bitmaps and arrays."""
    table = pa.table({"id": pa.array(range(count * 4))})
    ds = lance.write_dataset(table, tmp_path / "t", enable_stable_row_ids=True)
    for step in (7, 3, 2):
        ds.update({"id": "id"}, where=f"id % {step} = 1")
    ds.delete("id % 5 = 2")
    mine, full = fresh(tmp_path / "t"), ds.to_table(with_row_id=True)
    ids = full["_rowid"].to_pylist()
    rows = np.random.default_rng(0).permutation(len(ids)).tolist()
    taken = mine._take_rows([ids[row] for row in rows], ["id"])
    assert_same_table(taken, take_of(full.select(["id"]), rows))
