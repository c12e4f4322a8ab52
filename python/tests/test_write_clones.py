"""Branches, tags, copies of tables, names of manifests."""

import os
import pickle

import lance
import pyarrow as pa
import pytest

import lancea
from lancea.blob import blob_array, blob_field

TABLE = pa.table({"a": range(10), "b": [f"text {i}" for i in range(10)]})


@pytest.fixture
def ds(tmp_path):
    """Three fragments, one of them with deleted rows: version 2."""
    ds = lancea.write_dataset(TABLE, tmp_path / "t", max_rows_per_file=4)
    ds.delete("a = 1 or a = 9")
    return ds


def files_below(path):
    return sorted(
        os.path.relpath(os.path.join(folder, name), path)
        for folder, _, names in os.walk(path)
        for name in names
    )


def test_a_branch_lies_where_its_uri_says(ds, tmp_path):
    branch = ds.create_branch("a/b")
    assert branch.uri == str(tmp_path / "t" / "tree" / "a" / "b")
    branch.insert(TABLE)
    for same in (
        lancea.dataset(branch.uri),
        pickle.loads(pickle.dumps(branch)),
        pickle.loads(pickle.dumps(lancea.dataset(branch.uri))),
        branch.checkout_version(branch.version),
    ):
        assert same.uri == branch.uri
        assert same.to_table() == branch.to_table()
    # As pylance has it, checking out does not move: the URI stays the one that was opened.
    checked_out = ds.checkout_version(("a/b", None))
    for same in (checked_out, pickle.loads(pickle.dumps(checked_out))):
        assert same.uri == ds.uri
        assert same.to_table() == branch.to_table()
    assert lance.dataset(branch.uri).to_table() == branch.to_table()
    assert ds.uri == str(tmp_path / "t")


def test_a_tag_may_be_given_version_and_branch(ds):
    branch = ds.create_branch("dev")
    branch.insert(TABLE)
    branch.tags.create("dev", 3, "dev")
    ds.tags.create("main", 1, None)
    branch.tags.create("of-main", 1, None)
    branch.tags.create("of-this-branch", 2)
    branch.tags.create("main-again", ("main", 2))
    found = {name: (tag["branch"], tag["version"]) for name, tag in ds.tags.list().items()}
    assert found == {
        "dev": ("dev", 3),
        "main": (None, 1),
        "of-main": (None, 1),
        "of-this-branch": ("dev", 2),
        "main-again": (None, 2),
    }
    ds.tags.update("main", 2, "dev")
    assert lance.dataset(ds.uri).tags.list()["main"]["branch"] == "dev"


@pytest.mark.parametrize("reference", [None, 1, 2, "tagged", ("dev", 3)])
def test_a_deep_clone_owns_its_files(ds, tmp_path, reference):
    ds.create_branch("dev").insert(TABLE)
    ds.tags.create("tagged", 1)
    expected = ds.checkout_version(ds.version if reference is None else reference)
    clone = ds.deep_clone(tmp_path / "clone", reference)
    assert (clone.version, clone.base_paths()) == (expected.version, {})
    expected = expected.to_table()
    os.rename(tmp_path / "t", tmp_path / "gone")
    for module in (lancea, lance):
        assert module.dataset(tmp_path / "clone").to_table() == expected
    operation = clone.read_transaction(clone.version).operation
    assert isinstance(operation, lancea.LanceOperation.Clone)
    assert not operation.is_shallow


def test_a_deep_clone_has_the_files_of_one_of_pylance(tmp_path):
    source = lance.write_dataset(TABLE, tmp_path / "t", max_rows_per_file=4)
    source.delete("a = 1")
    source.create_scalar_index("a", "BTREE")
    source.deep_clone(tmp_path / "by pylance", 3)
    lancea.dataset(tmp_path / "t").deep_clone(tmp_path / "by lancea", 3)
    ours, theirs = (
        [name for name in files_below(tmp_path / folder) if not name.endswith(".txn")]
        for folder in ("by lancea", "by pylance")
    )
    assert ours == theirs
    found = lance.dataset(tmp_path / "by lancea")
    assert found.to_table(filter="a = 4") == source.to_table(filter="a = 4")
    assert [index["name"] for index in found.list_indices()] == ["a_idx"]


def test_a_deep_clone_of_a_clone_gathers_files_and_blobs(tmp_path):
    blobs = [b"small", b"m" * 100_000, b"l" * (5 << 20)]
    table = pa.table({"blob": blob_array(blobs)}, schema=pa.schema([blob_field("blob")]))
    origin = lancea.write_dataset(table, tmp_path / "origin")
    clone = origin.shallow_clone(tmp_path / "shallow", 1)
    clone.insert(table)
    clone.deep_clone(tmp_path / "deep", None)
    os.rename(tmp_path / "origin", tmp_path / "gone")
    os.rename(tmp_path / "shallow", tmp_path / "gone too")
    for module in (lancea, lance):
        found = module.dataset(tmp_path / "deep").take_blobs("blob", indices=range(6))
        assert [blob.readall() for blob in found] == blobs * 2


def test_a_deep_clone_that_fails_leaves_no_files(ds, tmp_path):
    deletions = tmp_path / "t" / "_deletions"
    [lost, *_] = deletions.iterdir()
    lost.unlink()
    with pytest.raises(OSError, match="_deletions"):
        ds.deep_clone(tmp_path / "clone", None)
    assert files_below(tmp_path / "clone") == []


def test_a_clone_needs_a_free_place(ds, tmp_path):
    lancea.write_dataset(TABLE, tmp_path / "taken")
    with pytest.raises(OSError, match="already exists"):
        ds.deep_clone(tmp_path / "taken", 1)
    assert lancea.dataset(tmp_path / "taken").to_table() == TABLE


def test_a_clone_of_a_relative_path_is_found_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lancea.write_dataset(TABLE, "t").shallow_clone("clone", 1)
    monkeypatch.chdir("/")
    for module in (lancea, lance):
        assert module.dataset(tmp_path / "clone").to_table() == TABLE


def test_manifests_get_names_that_sort_newest_first(tmp_path):
    for module in (lance, lancea):
        path = tmp_path / module.__name__
        module.write_dataset(TABLE, path, enable_v2_manifest_paths=False)
        ds = module.write_dataset(TABLE, path, mode="append")
        ds.migrate_manifest_paths_v2()
        ds.migrate_manifest_paths_v2()
        assert ds.version == 2
        names = {name for name in os.listdir(path / "_versions") if name.endswith(".manifest")}
        assert names == {f"{2**64 - 1 - version:020}.manifest" for version in (1, 2)}
        lancea.write_dataset(TABLE, path, mode="append")
        for reader in (lance, lancea):
            assert reader.dataset(path).count_rows() == 30
            assert reader.dataset(path, 1).count_rows() == 10


def test_a_migration_that_was_interrupted_is_completed(tmp_path):
    lancea.write_dataset(TABLE, tmp_path, enable_v2_manifest_paths=False)
    ds = lancea.write_dataset(TABLE, tmp_path, mode="append")
    versions = tmp_path / "_versions"
    os.link(versions / "1.manifest", versions / f"{2**64 - 2:020}.manifest")
    ds.migrate_manifest_paths_v2()
    assert not (versions / "1.manifest").exists()
    assert [entry["version"] for entry in lancea.dataset(tmp_path).versions()] == [1, 2]


def test_there_must_be_a_table_to_migrate(tmp_path):
    ds = lancea.write_dataset(TABLE, tmp_path / "t")
    lancea.LanceDataset.drop(tmp_path / "t")
    with pytest.raises(OSError, match="no table"):
        ds.migrate_manifest_paths_v2()
