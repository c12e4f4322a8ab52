"""Updates of some columns: merges that rewrite columns, sources that lack columns or fields of
structs, bases that take new files. pylance, given the same table and call, is the oracle."""

from __future__ import annotations

import shutil

import lance
import pyarrow as pa
import pytest

import lancea

LINEAGE = ["_rowid", "_row_created_at_version", "_row_last_updated_at_version"]


def people(count: int = 100) -> pa.Table:
    rows = range(count)
    return pa.table(
        {
            "id": rows,
            "name": [None if i % 9 == 4 else f"name {i % 7}" for i in rows],
            "home": [None if i % 11 == 5 else {"city": f"c{i % 5}", "zip": i} for i in rows],
            "tags": pa.array([[f"t{i}"] * (i % 3) for i in rows], pa.list_(pa.utf8())),
            "vec": pa.array([[i, i + 1] for i in rows], pa.list_(pa.float32(), 2)),
        }
    )


class Twins:
    """One table, once for each library."""

    def __init__(self, folder, **options):
        options = {"max_rows_per_file": 30, "data_storage_version": "2.2", **options}
        lancea.write_dataset(people(), folder / "ours.lance", **options)
        shutil.copytree(folder / "ours.lance", folder / "theirs.lance")
        self.ours = lancea.dataset(folder / "ours.lance")
        self.theirs = lance.dataset(str(folder / "theirs.lance"))

    def do(self, call):
        ours, theirs = call(self.ours), call(self.theirs)
        if isinstance(theirs, dict):
            assert {key: ours[key] for key in theirs} == theirs
        expected = self.rows(self.theirs)
        opened = lance.dataset(self.ours.uri)
        opened.validate()
        self.ours.validate()
        assert self.rows(self.ours) == expected
        assert self.rows(opened) == expected
        assert self.rows(lancea.dataset(self.theirs.uri)) == expected

    def rows(self, dataset):
        stable = self.ours.has_stable_row_ids
        rows = dataset.to_table(columns=[*dataset.schema.names, *(LINEAGE if stable else [])])
        return sorted(map(str, rows.to_pylist()))


@pytest.fixture(params=[False, True], ids=["addresses", "stable"])
def twins(request, tmp_path) -> Twins:
    return Twins(tmp_path, enable_stable_row_ids=request.param)


def rewrite(dataset, on="id", condition=None):
    merge = dataset.merge_insert(on).when_matched_update_all(condition)
    return merge.write_mode("rewrite_columns")


NEW = pa.table(
    {
        "id": [3, 4, 33, 31, 200],
        "name": ["new 3", None, "new 33", "new 31", "new 200"],
        "tags": pa.array([["x"], [], None, ["y", "z"], ["w"]], pa.list_(pa.utf8())),
    }
)


def test_updated_rows_stay_where_they_are(twins):
    """Fragments touched get a file of the source's columns but the keys, as in pylance."""
    before = twins.ours.get_fragments()
    twins.do(lambda ds: ds.delete("id = 35 OR id < 2"))
    twins.do(lambda ds: rewrite(ds).execute(NEW))
    after = twins.ours.get_fragments()
    assert [f.fragment_id for f in after] == [f.fragment_id for f in before]
    assert [len(f.data_files()) for f in after] == [2, 2, 1, 1]
    assert after[0].data_files()[0].path == before[0].data_files()[0].path
    theirs = twins.theirs.get_fragments()
    assert [d.fields for d in after[0].data_files()] == [d.fields for d in theirs[0].data_files()]


def test_columns_can_be_rewritten_again_and_again(twins):
    for step in range(3):
        rows = pa.table({"id": range(step, 90, 7), "name": [f"v{step}"] * len(range(step, 90, 7))})
        twins.do(lambda ds, rows=rows: rewrite(ds).execute(rows))
    twins.do(lambda ds: ds.update({"name": "'u'"}, where="id % 10 = 1"))
    twins.do(lambda ds: rewrite(ds).execute(NEW))
    files = [len(f.data_files()) for f in twins.ours.get_fragments()]
    assert files == [len(f.data_files()) for f in twins.theirs.get_fragments()]


def test_a_condition_chooses_the_rows(twins):
    twins.do(lambda ds: rewrite(ds, condition="target.id < 10").execute(NEW))


def test_vectors_and_structs_are_rewritten(twins):
    rows = people(50).select(["id", "home", "vec"]).slice(20)
    twins.do(lambda ds: rewrite(ds).execute(rows))


def test_nothing_matched_makes_a_version_without_changes(twins):
    twins.do(lambda ds: rewrite(ds).execute(pa.table({"id": [1000], "name": ["x"]})))
    assert twins.ours.version == twins.theirs.version == 2


def test_transactions_say_columns_were_rewritten(twins):
    ours, _ = rewrite(twins.ours).execute_uncommitted(NEW)
    theirs, _ = rewrite(twins.theirs).execute_uncommitted(NEW)
    ours_op, theirs_op = ours.operation, theirs.operation
    assert ours_op.update_mode == theirs_op.update_mode == "rewrite_columns"
    assert sorted(ours_op.fields_modified) == sorted(theirs_op.fields_modified)
    assert ours_op.new_fragments == theirs_op.new_fragments == []
    if twins.ours.has_stable_row_ids:
        assert ours_op.updated_fragment_offsets == theirs_op.updated_fragment_offsets
    committed = lancea.LanceDataset.commit(twins.ours, ours)
    assert committed.count_rows("name = 'new 31'") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: rewrite(ds).execute(people(3)),
        lambda ds: rewrite(ds).execute(people(3).select(["id"])),
        lambda ds: rewrite(ds).when_not_matched_insert_all().execute(NEW),
        lambda ds: rewrite(ds).when_not_matched_by_source_delete().execute(NEW),
        lambda ds: rewrite(ds).when_matched_delete().execute(NEW),
        lambda ds: rewrite(ds).execute(pa.concat_tables([NEW, NEW])),
        lambda ds: ds.merge_insert("id").write_mode("sideways"),
    ],
    ids=["all columns", "keys alone", "inserts", "deletes", "matched deletes", "twice", "unknown"],
)
def test_what_cannot_be_done_in_place_is_refused(twins, change):
    with pytest.raises((OSError, ValueError)):
        change(twins.theirs)
    with pytest.raises((OSError, ValueError)):
        change(twins.ours)
    assert twins.ours.version == twins.theirs.version == 1


def test_a_rewrite_that_spills_gives_the_same_table(twins, tmp_path):
    rows = people(90).select(["id", "name", "vec"])

    def merge(ds):
        builder = rewrite(ds)
        if isinstance(ds, lancea.LanceDataset):
            builder.memory_limit(2000).spill_directory(str(tmp_path))
        return builder.execute(rows)

    twins.do(merge)


def test_a_racing_update_of_the_same_rows_is_not_lost(tmp_path):
    ours = Twins(tmp_path).ours
    other = lancea.dataset(ours.uri)
    prepared, _ = rewrite(ours).execute_uncommitted(NEW)
    other.update({"name": "'other'"}, where="id = 3")
    with pytest.raises(OSError, match="conflict"):
        lancea.LanceDataset.commit(ours, prepared)
    # The merge itself is made again on the newer version.
    stats = rewrite(ours).execute(NEW)
    assert stats["num_attempts"] == 2
    assert ours.to_table(filter="id = 3", columns=["name"])["name"].to_pylist() == ["new 3"]


PART = pa.struct([("city", pa.utf8())])


@pytest.mark.parametrize("inserts", [False, True])
def test_fields_of_structs_that_the_source_lacks_keep_their_values(twins, inserts):
    rows = pa.table(
        {
            "id": [5, 6, 7, 300],
            "home": pa.array([{"city": "a"}, {"city": "b"}, None, {"city": "c"}], PART),
        }
    )

    def merge(ds):
        builder = ds.merge_insert("id").when_matched_update_all()
        return (builder.when_not_matched_insert_all() if inserts else builder).execute(rows)

    twins.do(merge)
    home = twins.ours.to_table(filter="id = 6")["home"].to_pylist()
    assert home == [{"city": "b", "zip": 6}]


def test_fields_of_structs_can_be_rewritten_in_place(tmp_path):
    ours = Twins(tmp_path).ours
    rows = pa.table({"id": [6, 17], "home": pa.array([{"city": "a"}, {"city": "b"}], PART)})
    rewrite(ours).execute(rows)
    opened = lance.dataset(ours.uri)
    opened.validate()
    homes = opened.to_table(filter="id IN (6, 17)")["home"].to_pylist()
    assert homes == [{"city": "a", "zip": 6}, {"city": "b", "zip": 17}]


def test_lists_are_merged_whole(tmp_path):
    rows = pa.table({"id": [1], "items": [[{"a": 1, "b": 2}]]})
    ds = lancea.write_dataset(rows, tmp_path / "t.lance")
    part = pa.table({"id": [1], "items": [[{"a": 5}]]})
    with pytest.raises(ValueError, match="whole lists"):
        ds.merge_insert("id").when_matched_update_all().execute(part)


def with_bases(tmp_path, name, module):
    from lance import DatasetBasePath as Theirs

    kind = lancea.DatasetBasePath if module is lancea else Theirs
    folder = tmp_path / name
    bases = []
    for base in ("x", "y"):
        (folder / base).mkdir(parents=True)
        bases.append(kind(str(folder / base), name=base, is_dataset_root=False))
    return module.write_dataset(people(), str(folder / "t"), initial_bases=bases)


@pytest.mark.parametrize("how", ["some", "all", "all others", "unknown"])
def test_new_fragments_go_to_the_bases_named(tmp_path, how):
    def merge(ds):
        builder = ds.merge_insert("id").when_matched_update_all()
        if how == "some":
            builder.target_bases(["y"])
        elif how == "unknown":
            builder.target_bases(["z"])
        else:
            builder.target_all_bases(include_primary=how == "all")
        builder.execute(people(50))
        return [[f.base_id for f in fragment.data_files()] for fragment in ds.get_fragments()]

    ours = with_bases(tmp_path, "ours", lancea)
    theirs = with_bases(tmp_path, "theirs", lance)
    if how == "unknown":
        with pytest.raises(OSError):
            merge(theirs)
        with pytest.raises(ValueError, match='"z" not found'):
            merge(ours)
        assert not list((tmp_path / "ours" / "y").iterdir())
        return
    assert merge(ours) == merge(theirs)
    opened = lance.dataset(ours.uri)
    opened.validate()
    assert opened.to_table().sort_by("id") == people()


def test_blobs_can_be_updated_in_place(tmp_path):
    schema = pa.schema([pa.field("id", pa.int64()), lance.blob_field("blob")])
    blobs = [b"a" * 10, b"b" * 100_000, None, b"d"]
    rows = pa.table({"id": range(4), "blob": lance.blob_array(blobs)}, schema=schema)
    lance.write_dataset(rows, tmp_path / "t", data_storage_version="2.2")
    ds = lancea.dataset(tmp_path / "t")
    key = pa.field("_rowid", pa.uint64())
    new = pa.table(
        {"_rowid": pa.array([1, 2], pa.uint64()), "blob": lance.blob_array([b"new", b"newer"])},
        schema=pa.schema([key, lance.blob_field("blob")]),
    )
    fragment, fields = ds.get_fragments()[0].update_columns(new)
    operation = lancea.LanceOperation.Update(
        updated_fragments=[fragment], fields_modified=fields, update_mode="rewrite_columns"
    )
    lancea.LanceDataset.commit(ds, operation, read_version=1)
    opened = lance.dataset(tmp_path / "t")
    opened.validate()
    found = [blob.read() if blob else None for blob in opened.take_blobs("blob", ids=range(4))]
    assert found == [b"a" * 10, b"new", b"newer", b"d"]
