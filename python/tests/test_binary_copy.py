"""Compaction that copies pages: what is read stays the same, here and in pylance."""

from __future__ import annotations

from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest
from lance.optimize import Compaction as PylanceCompaction

import lancea
from lancea.optimize import Compaction

VERSIONS = ["2.0", "2.1", "2.2", "2.3"]


def rows(first: int, count: int) -> pa.Table:
    rng = np.random.default_rng(first)
    ids = range(first, first + count)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "few": pa.array([i % 3 for i in ids], pa.int8()),
            "text": pa.array(
                [None if i % 7 == 3 else f"row {i} " * (i % 9) for i in ids], pa.string()
            ),
            "null": pa.nulls(count, pa.int32()),
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(rng.random(count * 4), pa.float32()), 4
            ),
            "tags": pa.array(
                [None if i % 11 == 5 else [f"t{i % 3}", None] * (i % 4) for i in ids],
                pa.list_(pa.string()),
            ),
            "nested": pa.array(
                [{"x": i, "y": None if i % 2 else [i, i]} for i in ids],
                pa.struct([("x", pa.int64()), ("y", pa.list_(pa.int64()))]),
            ),
            "kind": pa.array([f"k{i % 5}" for i in ids]).dictionary_encode(),
            "large": pa.array([rng.bytes(20_000 if i % 50 == 0 else 5) for i in ids]),
        }
    )


def make(path: Path, sizes: list[int], module=lancea, **options) -> None:
    first = 0
    for i, size in enumerate(sizes):
        mode = "append" if i else "create"
        module.write_dataset(rows(first, size), str(path), mode=mode, **options)
        first += size


@pytest.mark.parametrize("writer", [lancea, lance], ids=["ours", "theirs"])
@pytest.mark.parametrize("version", VERSIONS)
def test_rows_stay_as_they_are(tmp_path, version, writer):
    sizes = [300, 1, 77, 500, 1000]
    make(tmp_path / "t", sizes, writer, data_storage_version=version, enable_stable_row_ids=True)
    ds = lancea.dataset(tmp_path / "t")
    # Dictionaries are put together in another way there, so each library is compared with itself.
    before = {
        module: module.dataset(str(tmp_path / "t")).to_table(with_row_id=True)
        for module in (lancea, lance)
    }
    metrics = ds.optimize.compact_files(compaction_mode="force_binary_copy")
    assert (metrics.fragments_removed, metrics.fragments_added) == (5, 1)
    for module in (lancea, lance):
        found = module.dataset(str(tmp_path / "t"))
        expected = before[module]
        table = found.to_table(with_row_id=True)
        assert table.drop(["kind"]).equals(expected.drop(["kind"])), module.__name__
        assert table["kind"].to_pylist() == expected["kind"].to_pylist()
        picked = np.random.default_rng(0).permutation(sum(sizes))[:200]
        columns = [name for name in table.column_names if name not in ("kind", "_rowid")]
        taken = found.take(picked, columns=columns)
        assert taken.equals(expected.select(columns).take(picked)), module.__name__
        where = found.to_table(filter="id % 10 = 3 AND nested.x > 400", columns=["id", "tags"])
        assert where["id"].to_pylist() == [i for i in range(401, sum(sizes)) if i % 10 == 3]
    assert ds._ds.verify() == []
    assert ds.find_orphans() == []
    # Copied files are joined again, and reencoded.
    make_more = rows(sum(sizes), 50)
    ds = lancea.write_dataset(make_more, tmp_path / "t", mode="append")
    ds.optimize.compact_files(compaction_mode="force_binary_copy")
    again = lance.dataset(str(tmp_path / "t")).to_table(columns=columns)
    assert again.slice(0, sum(sizes)).equals(expected.select(columns))
    assert again.num_rows == sum(sizes) + 50


def test_fragments_end_where_those_of_pylance_do(tmp_path):
    sizes = [100] * 12
    for name, module in (("theirs", lance), ("mine", lancea)):
        make(tmp_path / name, sizes, lance, data_storage_version="2.1")
        ds = module.dataset(str(tmp_path / name))
        ds.optimize.compact_files(target_rows_per_fragment=350, compaction_mode="force_binary_copy")
    shapes = [
        [f.physical_rows for f in lance.dataset(str(tmp_path / name)).get_fragments()]
        for name in ("theirs", "mine")
    ]
    assert shapes[0] == shapes[1]


def obstacle_deletions(path: Path) -> None:
    lancea.dataset(path).delete("id = 3")


def obstacle_second_file(path: Path) -> None:
    lancea.dataset(path).add_columns({"more": "id * 2"})


def obstacle_dropped_column(path: Path) -> None:
    lancea.dataset(path).drop_columns(["few"])


def obstacle_blobs(path: Path) -> None:
    field = pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    table = pa.table(
        {"id": [1, 2], "b": [b"x", b"y"]}, schema=pa.schema([("id", pa.int64()), field])
    )
    lancea.write_dataset(table, path, mode="overwrite", data_storage_version="2.1")
    lancea.write_dataset(table, path, mode="append")


@pytest.mark.parametrize(
    "obstacle",
    [obstacle_deletions, obstacle_second_file, obstacle_dropped_column, obstacle_blobs],
)
def test_what_cannot_be_copied_is_refused_or_reencoded(tmp_path, obstacle):
    make(tmp_path / "t", [20, 30])
    obstacle(tmp_path / "t")
    ds = lancea.dataset(tmp_path / "t")
    columns = [name for name in ds.schema.names if name != "b"]
    expected = ds.to_table(columns=columns)
    before = set((tmp_path / "t" / "data").rglob("*"))
    with pytest.raises(NotImplementedError, match="binary copy"):
        ds.optimize.compact_files(compaction_mode="force_binary_copy")
    assert set((tmp_path / "t" / "data").rglob("*")) == before
    ds.optimize.compact_files(compaction_mode="try_binary_copy")
    assert len(ds.get_fragments()) == 1
    assert lance.dataset(str(tmp_path / "t")).to_table(columns=columns).equals(expected)


def test_damaged_pages_are_not_copied(tmp_path):
    make(tmp_path / "t", [500, 500])
    file = sorted((tmp_path / "t" / "data").glob("*.lance"))[0]
    damaged = bytearray(file.read_bytes())
    damaged[200] ^= 4
    file.write_bytes(damaged)
    ds = lancea.dataset(tmp_path / "t", session=lancea.Session())
    before = set((tmp_path / "t" / "data").iterdir())
    with pytest.raises(OSError, match=file.name):
        ds.optimize.compact_files(compaction_mode="force_binary_copy")
    assert set((tmp_path / "t" / "data").iterdir()) == before


@pytest.mark.parametrize("seed", range(6))
def test_random_plans_are_those_of_pylance(tmp_path, seed):
    rng = np.random.default_rng(seed)
    sizes = [int(s) for s in rng.choice([1, 10, 40, 100, 300], rng.integers(1, 12))]
    options = {
        "target_rows_per_fragment": int(rng.choice([7, 50, 120, 400])),
        "materialize_deletions_threshold": float(rng.choice([0.05, 0.1, 0.5])),
        "compaction_mode": str(rng.choice(["reencode", "try_binary_copy"])),
    }
    if rng.random() < 0.3:
        options["max_source_fragments"] = int(rng.integers(1, 6))
    shapes, tables, plans = [], [], []
    for name, module, compaction in (
        ("theirs", lance, PylanceCompaction),
        ("mine", lancea, Compaction),
    ):
        path = tmp_path / name
        first = 0
        for i, size in enumerate(sizes):
            table = pa.table({"id": range(first, first + size)})
            lance.write_dataset(
                table,
                str(path),
                mode="append" if i else "create",
                enable_stable_row_ids=bool(seed % 2),
            )
            first += size
        lance.dataset(str(path)).delete(f"id % {2 + seed} = 0 AND id < {sum(sizes) // 2}")
        ds = module.dataset(str(path))
        plan = compaction.plan(ds, options)
        plans.append([[fragment.id for fragment in task.fragments] for task in plan.tasks])
        compaction.execute(ds, options)
        found = lance.dataset(str(path))
        shapes.append([(f.fragment_id, f.physical_rows) for f in found.get_fragments()])
        tables.append(found.to_table(with_row_id=True, with_row_address=True))
    assert plans[0] == plans[1]
    assert shapes[0] == shapes[1]
    assert tables[0].equals(tables[1])
