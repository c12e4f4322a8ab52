"""Compaction, with pylance planning and doing the same."""

from __future__ import annotations

import pickle
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest
from lance.optimize import Compaction as PylanceCompaction

import lancea
from lancea.optimize import Compaction, CompactionPlan, CompactionTask, RewriteResult


def rows(first: int, count: int) -> pa.Table:
    ids = range(first, first + count)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "text": [None if i % 7 == 3 else f"row {i}" for i in ids],
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(np.arange(first * 4, (first + count) * 4), pa.float32()), 4
            ),
            "tags": [[f"t{i % 3}"] * (i % 4) for i in ids],
            "nested": [{"x": i, "y": None if i % 2 else str(i)} for i in ids],
        }
    )


def make_table(path: Path, sizes: list[int], **options) -> lance.LanceDataset:
    """Fragments of these many rows, written by pylance."""
    first = 0
    for i, size in enumerate(sizes):
        mode = "append" if i else "create"
        ds = lance.write_dataset(rows(first, size), str(path), mode=mode, **options)
        first += size
    return ds


def copies(tmp_path: Path, make) -> tuple[Path, Path]:
    """The same table twice: one for each library."""
    make(tmp_path / "theirs")
    import shutil

    shutil.copytree(tmp_path / "theirs", tmp_path / "mine")
    return tmp_path / "theirs", tmp_path / "mine"


def shape(path: Path) -> list[tuple[int, int, int]]:
    return [
        (f.fragment_id, f.physical_rows, f.num_deletions)
        for f in lance.dataset(str(path)).get_fragments()
    ]


def contents(path: Path) -> pa.Table:
    return lance.dataset(str(path)).to_table(with_row_id=True)


def task_ids(plan) -> list[list[int]]:
    return [[fragment.id for fragment in task.fragments] for task in plan.tasks]


CASES = {
    "small fragments": ([100] * 10, None, {}),
    "to a target": ([100] * 10, None, {"target_rows_per_fragment": 250}),
    "large ones between": ([50, 50, 900, 50, 50], None, {"target_rows_per_fragment": 500}),
    "one small": ([10], None, {}),
    "deletions": ([100] * 4, "id % 5 = 0", {"target_rows_per_fragment": 100}),
    "few deletions": ([100] * 4, "id % 20 = 0", {"target_rows_per_fragment": 100}),
    "deletions kept": ([100] * 4, "id % 5 = 0", {"materialize_deletions": False}),
    "higher threshold": (
        [100] * 4,
        "id % 5 = 0",
        {"target_rows_per_fragment": 100, "materialize_deletions_threshold": 0.5},
    ),
    "limited fragments": (
        [100] * 10,
        None,
        {"target_rows_per_fragment": 200, "max_source_fragments": 5},
    ),
    "limited rows": ([100] * 10, None, {"target_rows_per_fragment": 200, "max_source_rows": 450}),
    "limited bytes": (
        [100] * 10,
        None,
        {"target_rows_per_fragment": 200, "max_source_bytes": 20_000},
    ),
    "excluded": ([100] * 6, None, {"excluded_fragment_ids": [2, 77]}),
    "uneven": ([121] * 9, "id % 3 = 1", {"target_rows_per_fragment": 200}),
}


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable ids"])
@pytest.mark.parametrize("name", CASES)
def test_plans_and_results_are_those_of_pylance(tmp_path, name, stable):
    sizes, deleted, options = CASES[name]

    def make(path):
        ds = make_table(path, sizes, enable_stable_row_ids=stable)
        if deleted:
            ds.delete(deleted)

    theirs, mine = copies(tmp_path, make)
    their_ds, my_ds = lance.dataset(str(theirs)), lancea.dataset(mine)
    before = contents(mine)
    their_plan = PylanceCompaction.plan(their_ds, options)
    assert task_ids(Compaction.plan(my_ds, options)) == task_ids(their_plan)

    their_metrics = PylanceCompaction.execute(their_ds, options)
    my_metrics = Compaction.execute(my_ds, options)
    assert vars(my_metrics) == {name: getattr(their_metrics, name) for name in vars(my_metrics)}
    assert my_ds.version == their_ds.version
    assert shape(mine) == shape(theirs)
    assert contents(mine).equals(contents(theirs))
    assert my_ds.to_table(with_row_id=True).equals(contents(theirs))
    if stable:
        assert contents(mine).sort_by("_rowid").equals(before.sort_by("_rowid"))
        columns = ["id", "_row_created_at_version", "_row_last_updated_at_version"]
        got = lance.dataset(str(mine)).to_table(columns=columns)
        assert got.equals(lance.dataset(str(theirs)).to_table(columns=columns))
    assert not my_ds._ds.verify()
    # Nothing is left to do.
    assert (
        Compaction.plan(my_ds, options).num_tasks()
        == PylanceCompaction.plan(lance.dataset(str(theirs)), options).num_tasks()
    )


def test_updated_rows_keep_ids_and_versions(tmp_path):
    def make(path):
        ds = make_table(path, [50, 50, 50], enable_stable_row_ids=True)
        ds.update({"text": "'new'"}, where="id % 10 = 4")
        ds.delete("id % 9 = 2")

    theirs, mine = copies(tmp_path, make)
    lance.dataset(str(theirs)).optimize.compact_files()
    ds = lancea.dataset(mine)
    ds.optimize.compact_files()
    columns = ["id", "text", "_row_created_at_version", "_row_last_updated_at_version"]
    expected = lance.dataset(str(theirs)).to_table(columns=columns, with_row_id=True)
    assert lance.dataset(str(mine)).to_table(columns=columns, with_row_id=True).equals(expected)
    ids = expected["_rowid"].to_pylist()
    assert (
        ds._take_rows(ids[::-1], columns=["id"])["id"].to_pylist()
        == (expected["id"].to_pylist()[::-1])
    )


def test_tasks_are_executed_by_either_library(tmp_path):
    ds = make_table(tmp_path / "t", [100] * 8)
    expected = ds.to_table()
    my_ds = lancea.dataset(tmp_path / "t")
    options = {"target_rows_per_fragment": 200}
    plan = Compaction.plan(my_ds, options)
    assert plan.num_tasks() == 4
    assert CompactionPlan.from_json(plan.json()) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    tasks = [pickle.loads(pickle.dumps(task)) for task in plan.tasks]
    assert tasks == plan.tasks
    mine = [task.execute(my_ds) for task in tasks[:2]]
    their_task = lance.optimize.CompactionTask.from_json(tasks[2].json())
    theirs = RewriteResult.from_json(their_task.execute(ds).json())
    their_plan = PylanceCompaction.plan(ds, options)
    planned_there = CompactionTask.from_json(their_plan.tasks[3].json()).execute(my_ds)
    results = [pickle.loads(pickle.dumps(r)) for r in [*mine, theirs, planned_there]]
    metrics = Compaction.commit(my_ds, results)
    assert (metrics.fragments_removed, metrics.fragments_added) == (8, 4)
    assert lance.dataset(str(tmp_path / "t")).to_table().equals(expected)
    assert my_ds.to_table().equals(expected)

    # And what was executed here is committed there.
    results = [task.execute(my_ds).json() for task in Compaction.plan(my_ds).tasks]
    ds = lance.dataset(str(tmp_path / "t"))
    PylanceCompaction.commit(ds, [lance.optimize.RewriteResult.from_json(r) for r in results])
    assert ds.to_table().equals(expected)
    assert len(ds.get_fragments()) == 1


def test_a_fragment_without_live_rows_leaves(tmp_path):
    ds = make_table(tmp_path / "t", [10, 10, 10])
    ds.delete("id < 20 AND id != 5")
    my_ds = lancea.dataset(tmp_path / "t")
    my_ds.optimize.compact_files()
    assert lance.dataset(str(tmp_path / "t")).to_table()["id"].to_pylist() == [5, *range(20, 30)]


def test_dropped_columns_leave_the_files(tmp_path):
    ds = make_table(tmp_path / "t", [10, 10])
    ds.drop_columns(["vector"])
    ds.add_columns({"more": "id * 2"})
    expected = ds.to_table()
    my_ds = lancea.dataset(tmp_path / "t")
    metrics = my_ds.optimize.compact_files()
    assert (metrics.files_removed, metrics.files_added) == (4, 1)
    assert lance.dataset(str(tmp_path / "t")).to_table().equals(expected)
    (fragment,) = my_ds.get_fragments()
    live = {field.id() for field in lance.dataset(str(tmp_path / "t")).lance_schema.fields()}
    assert set(fragment.metadata.files[0].fields) & live


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3"])
def test_every_storage_version(tmp_path, version):
    ds = make_table(tmp_path / "t", [10, 20, 30], data_storage_version=version)
    expected = ds.to_table()
    lancea.dataset(tmp_path / "t").optimize.compact_files()
    assert lance.dataset(str(tmp_path / "t")).to_table().equals(expected)


def test_json_is_carried_as_it_is_stored(tmp_path):
    values = ['{"b": 1, "a": [1.5, null]}', None, "12345678901234567890", '"x"']
    table = pa.table({"j": pa.array(values, pa.json_())})
    for i in range(3):
        lance.write_dataset(table, str(tmp_path / "t"), mode="append" if i else "create")
    expected = lance.dataset(str(tmp_path / "t")).to_table()
    lancea.dataset(tmp_path / "t").optimize.compact_files()
    assert lance.dataset(str(tmp_path / "t")).to_table().equals(expected)


def test_blobs_of_both_kinds(tmp_path):
    sizes = [0, 10, 70_000, 5_000_000, None, 100]
    blobs = [None if size is None else bytes([i]) * size for i, size in enumerate(sizes)]
    first = pa.table(
        {"b": pa.array(blobs, pa.large_binary())},
        schema=pa.schema(
            [pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})]
        ),
    )
    second = pa.table({"b": lance.blob_array(blobs)})
    for name, table in (("v1", first), ("v2", second)):
        path = tmp_path / name
        version = "2.1" if name == "v1" else "2.2"
        for i in range(3):
            mode = "append" if i else "create"
            lance.write_dataset(table, str(path), mode=mode, data_storage_version=version)
        lancea.dataset(path).optimize.compact_files()
        for library in (lance, lancea):
            ds = library.dataset(str(path))
            assert len(ds.get_fragments()) == 1
            got = [
                None if blob is None else blob.readall()
                for blob in ds.take_blobs("b", indices=[i for i in range(18) if i % 6 != 4])
            ]
            assert got == [blob for blob in blobs * 3 if blob is not None]
        lancea.dataset(path).cleanup_old_versions(retain_versions=1, delete_unverified=True)
        assert lancea.dataset(path)._ds.verify() == []
        assert lance.dataset(str(path)).count_rows() == 18


def test_external_blobs_stay_where_they_are(tmp_path):
    outside = tmp_path / "outside.bin"
    outside.write_bytes(b"0123456789")
    table = pa.table({"b": lance.blob_array([outside.as_uri(), b"inline"])})
    for i in range(2):
        lance.write_dataset(
            table,
            str(tmp_path / "t"),
            mode="append" if i else "create",
            data_storage_version="2.2",
            allow_external_blob_outside_bases=True,
        )
    lancea.dataset(tmp_path / "t").optimize.compact_files()
    ds = lance.dataset(str(tmp_path / "t"))
    got = [blob.readall() for blob in ds.take_blobs("b", indices=[0, 1, 2, 3])]
    assert got == [b"0123456789", b"inline"] * 2


def indexed_table(path: Path, stable: bool) -> lance.LanceDataset:
    ds = make_table(path, [300, 300, 300], enable_stable_row_ids=stable)
    ds.create_scalar_index("id", "BTREE")
    ds.create_scalar_index("text", "BITMAP")
    ds.create_scalar_index("tags", "LABEL_LIST")
    ds.create_index("vector", "IVF_FLAT", num_partitions=2, metric="l2")
    ds = lance.write_dataset(rows(900, 50), str(path), mode="append")
    return lance.write_dataset(rows(950, 50), str(path), mode="append")


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable ids"])
def test_queries_with_indices_stay_right(tmp_path, stable):
    indexed_table(tmp_path / "t", stable).delete("id % 7 = 0")
    plain = lance.dataset(str(tmp_path / "t")).to_table()
    my_ds = lancea.dataset(tmp_path / "t")
    # Covered and uncovered fragments are apart; those stay that an index of addresses covers.
    assert task_ids(Compaction.plan(my_ds)) == ([[0, 1, 2]] if stable else []) + [[3, 4]]
    my_ds.optimize.compact_files()
    ds = lance.dataset(str(tmp_path / "t"))
    assert len(ds.get_fragments()) == (2 if stable else 4)
    for where in ("id = 5", "id > 890", "text = 'row 17'", "array_has_any(tags, ['t1'])", "id = 7"):
        got = ds.to_table(filter=where).sort_by("id")
        expected = ds.to_table(filter=where, use_scalar_index=False).sort_by("id")
        assert got.equals(expected), where
    query = {"column": "vector", "q": [400.0, 401.0, 402.0, 403.0], "k": 5, "nprobes": 2}
    got = ds.to_table(nearest=query)
    expected = ds.to_table(nearest={**query, "use_index": False})
    assert got["id"].to_pylist() == expected["id"].to_pylist()
    assert ds.count_rows() == plain.num_rows
    # The index comes back with its next update, and so do other writers.
    ds.optimize.optimize_indices()
    assert ds.to_table(filter="id = 5").num_rows == 1
    assert ds.to_table(nearest=query)["id"].to_pylist() == expected["id"].to_pylist()


def coverage(ds: lance.LanceDataset) -> list[list[int]]:
    return sorted(sorted(index["fragment_ids"]) for index in ds.list_indices())


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable ids"])
def test_indices_cover_what_they_cover_after_pylances_compaction(tmp_path, stable):
    options = {} if stable else {"defer_index_remap": True}
    done = {}
    for module, name in ((lance, "theirs"), (lancea, "ours")):
        ds = make_table(tmp_path / name, [300, 300, 300], enable_stable_row_ids=stable)
        ds.create_scalar_index("text", "BITMAP")
        ds = lance.write_dataset(rows(900, 50), str(tmp_path / name), mode="append")
        lance.write_dataset(rows(950, 50), str(tmp_path / name), mode="append")
        module.dataset(str(tmp_path / name)).optimize.compact_files(**options)
        ds = lance.dataset(str(tmp_path / name))
        done[name] = (coverage(ds), [fragment.fragment_id for fragment in ds.get_fragments()])
    assert done["ours"] == done["theirs"]


def test_deferred_remapping_keeps_indices_of_addresses_usable(tmp_path):
    indexed_table(tmp_path / "t", False).delete("id % 7 = 0")
    my_ds = lancea.dataset(tmp_path / "t")
    my_ds.optimize.compact_files(defer_index_remap=True, target_rows_per_fragment=400)
    # A second one continues the history.
    for first in (1000, 1050):
        lance.write_dataset(rows(first, 50), str(tmp_path / "t"), mode="append")
    my_ds = lancea.dataset(tmp_path / "t")
    with pytest.raises(NotImplementedError, match="defer_index_remap"):
        my_ds.optimize.compact_files()
    my_ds.delete("id % 5 = 1")
    options = {"defer_index_remap": True, "materialize_deletions_threshold": 0.05}
    their_plan = PylanceCompaction.plan(lance.dataset(str(tmp_path / "t")), options)
    assert task_ids(Compaction.plan(my_ds, options)) == task_ids(their_plan)
    my_ds.optimize.compact_files(**options)
    ds = lance.dataset(str(tmp_path / "t"))
    assert "__lance_frag_reuse" in {index.name for index in ds.describe_indices()} | {
        index["name"] for index in ds.list_indices()
    }
    expected_ids = [i for i in range(1100) if i % 7 != 0 or i >= 1000]
    expected_ids = [i for i in expected_ids if i % 5 != 1]
    assert sorted(ds.to_table()["id"].to_pylist()) == expected_ids
    for where in ("id = 5", "id > 890", "text = 'row 18'", "array_has_any(tags, ['t1'])"):
        got = ds.to_table(filter=where).sort_by("id")
        assert got.equals(ds.to_table(filter=where, use_scalar_index=False).sort_by("id")), where
    plan = ds.scanner(filter="id = 5").explain_plan()
    assert "ScalarIndexQuery" in plan
    query = {"column": "vector", "q": [400.0, 401.0, 402.0, 403.0], "k": 5, "nprobes": 2}
    expected = ds.to_table(nearest={**query, "use_index": False})
    assert ds.to_table(nearest=query)["id"].to_pylist() == expected["id"].to_pylist()
    ds.optimize.optimize_indices()
    assert ds.to_table(filter="id = 5").num_rows == 1
    assert lancea.dataset(tmp_path / "t")._ds.verify() == []


def test_a_compressed_vector_index_answers_the_same_after_deferred_remapping(tmp_path):
    ds = make_table(tmp_path / "t", [300, 300, 300])
    options = {"num_partitions": 2, "num_sub_vectors": 2, "metric": "l2"}
    ds.create_index("vector", "IVF_PQ", **options)
    ds.delete("id % 7 = 0")
    queries = [
        {"column": "vector", "q": [start + i for i in range(4)], "k": 20, "nprobes": 2}
        for start in (0.0, 1203.0, 2402.0)
    ]
    before = [ds.to_table(nearest=query) for query in queries]
    metrics = lancea.dataset(tmp_path / "t").optimize.compact_files(defer_index_remap=True)
    assert metrics.fragments_removed == 3
    ds = lance.dataset(str(tmp_path / "t"))
    assert ds.stats.index_stats("vector_idx")["num_unindexed_fragments"] == 0
    for query, expected in zip(queries, before, strict=True):
        assert "ANN" in ds.scanner(nearest=query).explain_plan()
        # Approximate distances: as the index gives them, in place of those of the rows.
        assert ds.to_table(nearest=query).sort_by("id").equals(expected.sort_by("id"))


def test_what_a_task_did_here_lets_pylance_remap_its_indices(tmp_path):
    indexed_table(tmp_path / "t", False).delete("id % 7 = 0")
    my_ds = lancea.dataset(tmp_path / "t")
    results = [task.execute(my_ds).json() for task in Compaction.plan(my_ds).tasks]
    ds = lance.dataset(str(tmp_path / "t"))
    PylanceCompaction.commit(ds, [lance.optimize.RewriteResult.from_json(r) for r in results])
    assert ds.stats.index_stats("id_idx")["num_unindexed_fragments"] == 1
    for where in ("id = 5", "id > 890", "text = 'row 17'", "array_has_any(tags, ['t1'])"):
        got = ds.to_table(filter=where).sort_by("id")
        assert got.equals(ds.to_table(filter=where, use_scalar_index=False).sort_by("id")), where


def test_what_others_change_meanwhile_is_a_conflict(tmp_path):
    make_table(tmp_path / "t", [100] * 4)
    my_ds = lancea.dataset(tmp_path / "t")
    results = [task.execute(my_ds) for task in Compaction.plan(my_ds).tasks]
    lance.dataset(str(tmp_path / "t")).delete("id = 3")
    with pytest.raises(OSError, match=r"[Cc]onflict"):
        Compaction.commit(my_ds, results)
    # Rows appended meanwhile are none.
    my_ds = lancea.dataset(tmp_path / "t")
    results = [task.execute(my_ds) for task in Compaction.plan(my_ds).tasks]
    lance.write_dataset(rows(400, 10), str(tmp_path / "t"), mode="append")
    Compaction.commit(my_ds, results)
    ids = lance.dataset(str(tmp_path / "t")).to_table()["id"].to_pylist()
    assert sorted(ids) == [i for i in range(410) if i != 3]


def test_options_come_from_the_config_too(tmp_path):
    make_table(tmp_path / "t", [100] * 4)
    ds = lancea.dataset(tmp_path / "t")
    ds.update_config({"lance.compaction.target_rows_per_fragment": "200"})
    assert Compaction.plan(ds).num_tasks() == 2
    assert Compaction.plan(ds, {"target_rows_per_fragment": 1000}).num_tasks() == 1
    ds.update_config({"lance.compaction.target_rows_per_fragment": "many"})
    with pytest.raises(ValueError, match=r"lance\.compaction\.target_rows_per_fragment"):
        Compaction.plan(ds)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"foo": 1}, ValueError),
        ({"compaction_mode": "x"}, ValueError),
        ({"target_rows_per_fragment": -1}, OverflowError),
        ({"target_rows_per_fragment": "x"}, TypeError),
        ({"max_source_rows": 0}, ValueError),
        ({"data_storage_version": "0.1"}, NotImplementedError),
    ],
)
def test_options_that_make_no_sense(tmp_path, options, error):
    make_table(tmp_path / "t", [10, 10])
    with pytest.raises(error):
        lancea.dataset(tmp_path / "t").optimize.compact_files(**options)


def test_progress_is_told_and_its_error_ends_the_work(tmp_path):
    make_table(tmp_path / "t", [10, 10])
    ds = lancea.dataset(tmp_path / "t")
    before = sorted(p.name for p in (tmp_path / "t" / "data").iterdir())

    def fail(rows, total, size):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        ds.optimize.compact_files(progress=fail)
    assert sorted(p.name for p in (tmp_path / "t" / "data").iterdir()) == before
    told = []
    ds.optimize.compact_files(progress=lambda *now: told.append(now))
    assert told[-1][:2] == (20, 20)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"task": {}}', '{"task": {"fragments": [1]}}'])
def test_json_that_is_no_task(text):
    with pytest.raises(ValueError):
        CompactionTask.from_json(text)


def test_a_task_of_another_table_is_refused(tmp_path):
    make_table(tmp_path / "a", [10, 10])
    make_table(tmp_path / "b", [10, 10])
    (task,) = Compaction.plan(lancea.dataset(tmp_path / "a")).tasks
    with pytest.raises(ValueError, match="another table"):
        task.execute(lancea.dataset(tmp_path / "b"))


def test_a_branch_is_compacted_into_its_own_folder(tmp_path):
    make_table(tmp_path / "t", [10, 10])
    branch = lancea.dataset(tmp_path / "t").create_branch("work")
    expected = branch.to_table()
    branch.optimize.compact_files()
    assert branch.to_table().equals(expected)
    assert len(list((tmp_path / "t" / "tree" / "work" / "data").glob("*.lance"))) == 1
    assert len(lancea.dataset(tmp_path / "t").get_fragments()) == 2
