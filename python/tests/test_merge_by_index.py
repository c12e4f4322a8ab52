"""merge_insert that finds target rows by a BTREE index of pylance's, beside pylance's own merge."""

from __future__ import annotations

import datetime
import re
import shutil

import numpy as np
import pyarrow as pa
import pytest

import lancea

lance = pytest.importorskip("lance")

NUM_ROWS = 400_000

KEYS = {
    "int64": lambda n: pa.array(n, pa.int64()),
    "uint32": lambda n: pa.array(n, pa.uint32()),
    "string": lambda n: pa.array([f"key {i:07}" for i in n]),
    "timestamp": lambda n: pa.array(n, pa.int64()).cast(pa.timestamp("us")),
    "date32": lambda n: pa.array(
        [datetime.date(1970, 1, 1) + datetime.timedelta(int(i)) for i in n], pa.date32()
    ),
}


def rows(key: str, numbers, value: str) -> pa.Table:
    numbers = np.asarray(numbers)
    return pa.table({"id": KEYS[key](numbers), "v": [f"{value} {i}" for i in numbers % 97]})


def make(path, key: str, stable_row_ids: bool = False):
    """Fragments under the index with deletions, and one behind it."""
    numbers = np.random.default_rng(3).permutation(NUM_ROWS)
    dataset = lance.write_dataset(
        rows(key, numbers, "old"),
        path,
        max_rows_per_file=NUM_ROWS // 4,
        enable_stable_row_ids=stable_row_ids,
    )
    dataset.create_scalar_index("id", "BTREE")
    dataset.delete("v = 'old 13'")
    return lance.write_dataset(
        rows(key, range(NUM_ROWS, NUM_ROWS + 500), "late"), path, mode="append"
    )


def merge(module, path, source: pa.Table, **options):
    builder = module.dataset(path).merge_insert("id").when_matched_update_all()
    builder.when_not_matched_insert_all()
    for name, value in options.items():
        getattr(builder, name)(value)
    return builder


def table(path) -> pa.Table:
    return lance.dataset(path).to_table().sort_by([("id", "ascending"), ("v", "ascending")])


def rows_scanned(analysis: str) -> int:
    return int(re.search(r"rows_scanned=(\d+)", analysis)[1])


@pytest.mark.parametrize("stable_row_ids", [False, True])
@pytest.mark.parametrize("key", KEYS)
def test_rows_found_by_the_index_are_those_of_the_key(tmp_path, key, stable_row_ids):
    # Present, deleted, behind the index, and new.
    numbers = [7, 13, 13 + 97, 4711, 399_999, NUM_ROWS + 3, NUM_ROWS + 10_000]
    source = rows(key, numbers, "new")
    make(tmp_path / "a", key, stable_row_ids)
    shutil.copytree(tmp_path / "a", tmp_path / "b")

    builder = merge(lancea, tmp_path / "a", source)
    assert "key_index=id_idx" in builder.explain_plan(source.schema)
    assert rows_scanned(builder.analyze_plan(source)) < 1000
    found = builder.execute(source)
    expected = merge(lance, tmp_path / "b", source).execute(source)

    assert found["num_updated_rows"] == expected["num_updated_rows"]
    assert found["num_inserted_rows"] == expected["num_inserted_rows"]
    assert table(tmp_path / "a").equals(table(tmp_path / "b"))


def test_without_the_index_the_whole_key_is_read(tmp_path):
    make(tmp_path / "a", "int64")
    source = rows("int64", [7, 4711], "new")
    builder = merge(lancea, tmp_path / "a", source, use_index=False)
    assert "key_index" not in builder.explain_plan(source.schema)
    assert rows_scanned(builder.analyze_plan(source)) > NUM_ROWS * 0.9


def test_a_merge_that_deletes_what_the_source_lacks_uses_none(tmp_path):
    make(tmp_path / "a", "int64")
    source = rows("int64", range(100), "new")
    builder = merge(lancea, tmp_path / "a", source)
    builder.when_not_matched_by_source_delete("id < 200")
    builder.execute(source)
    ids = table(tmp_path / "a")["id"].to_numpy()
    assert set(ids[ids < 200]) == set(range(100))


def test_large_sources_read_the_key_instead(tmp_path):
    make(tmp_path / "a", "int64")
    source = rows("int64", range(0, NUM_ROWS, 20), "new")
    builder = merge(lancea, tmp_path / "a", source)
    assert rows_scanned(builder.analyze_plan(source)) > NUM_ROWS * 0.9


def test_several_segments_and_repeated_keys(tmp_path):
    path = tmp_path / "a"
    dataset = make(path, "int64")
    dataset.optimize.optimize_indices(num_indices_to_merge=0)
    lance.write_dataset(rows("int64", [4711, 4711], "twice"), path, mode="append")
    dataset = lance.dataset(path)
    dataset.optimize.optimize_indices(num_indices_to_merge=0)
    assert len(lance.dataset(path).describe_indices()[0].segments) > 1
    shutil.copytree(path, tmp_path / "b")
    source = rows("int64", [4711, NUM_ROWS + 2], "new")
    found = merge(lancea, path, source).execute(source)
    expected = merge(lance, tmp_path / "b", source).execute(source)
    assert found["num_updated_rows"] == expected["num_updated_rows"] == 4
    assert table(path).equals(table(tmp_path / "b"))


def test_what_was_updated_since_is_found_where_it_is(tmp_path):
    """Updated rows leave the index's fragments; their old entries must not count twice."""
    path = tmp_path / "a"
    make(path, "int64", stable_row_ids=True)
    lancea.dataset(path).update({"id": "id + 1000000"}, where="id = 7")
    lancea.dataset(path).update({"v": "'changed'"}, where="id = 8")
    source = rows("int64", [7, 8, 1_000_007], "new")
    result = merge(lancea, path, source).execute(source)
    assert (result["num_updated_rows"], result["num_inserted_rows"]) == (2, 1)
    values = lance.dataset(path).to_table(filter="id in (7, 8, 1000007)")
    assert sorted(values["id"].to_pylist()) == [7, 8, 1_000_007]
    assert all(v.startswith("new") for v in values["v"].to_pylist())


def test_deferred_remapping_leaves_the_index_alone(tmp_path):
    path = tmp_path / "a"
    make(path, "int64")
    lancea.dataset(path).optimize.compact_files(
        target_rows_per_fragment=NUM_ROWS, defer_index_remap=True
    )
    source = rows("int64", [7, 8], "new")
    result = merge(lancea, path, source).execute(source)
    assert result["num_updated_rows"] == 2


def test_a_damaged_index_is_named(tmp_path):
    path = tmp_path / "a"
    make(path, "int64")
    for file in (path / "_indices").rglob("page_lookup.lance"):
        file.write_bytes(b"nothing of the kind")
    source = rows("int64", [7], "new")
    with pytest.raises(Exception, match='the index "id_idx" cannot be used'):
        merge(lancea, path, source).execute(source)
    assert merge(lancea, path, source, use_index=False).execute(source)["num_updated_rows"] == 1
