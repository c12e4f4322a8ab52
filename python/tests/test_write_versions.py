"""Tags, branches, clones, restored versions, configuration and metadata: pylance sees the same."""

from __future__ import annotations

import lance
import pyarrow as pa
import pytest

import lancea
from lancea import LanceOperation

TABLE = pa.table({"a": range(10), "s": [{"x": i} for i in range(10)]})


@pytest.fixture
def ds(tmp_path) -> lancea.LanceDataset:
    """A table of two versions, 10 rows and 20."""
    path = tmp_path / "t.lance"
    lancea.write_dataset(TABLE, path)
    return lancea.write_dataset(TABLE, path, mode="append")


def theirs(ds) -> lance.LanceDataset:
    opened = lance.dataset(ds.uri)
    opened.validate()
    return opened


def test_tags_are_made_moved_and_forgotten(ds):
    ds.tags.create("first", 1)
    ds.tags.create("here")
    ds.tags.create("same", "first")
    ds.tags.create("newest", (None, None))
    ds.tags.create("explicit", ("main", 1))
    versions = {"first": 1, "here": 2, "same": 1, "newest": 2, "explicit": 1}
    assert {name: tag["version"] for name, tag in ds.tags.list().items()} == versions
    assert {name: tag["version"] for name, tag in theirs(ds).tags.list().items()} == versions
    assert lance.dataset(ds.uri, version="first").count_rows() == 10
    ds.tags.update("first", 2)
    assert ds.tags.get_version("first") == theirs(ds).tags.get_version("first") == 2
    theirs(ds).tags.update("first", 1)
    assert ds.tags.get_version("first") == 1
    ds.tags.replace_metadata("first", {"k": "v"})
    assert theirs(ds).tags.list()["first"]["metadata"] == {"k": "v"}
    ds.tags.delete("first")
    assert "first" not in theirs(ds).tags.list()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda tags: tags.create("first", 2), "already exists"),
        (lambda tags: tags.create("new", 99), "does not exist"),
        (lambda tags: tags.create("new", "missing"), "Ref not found error: tag missing"),
        (lambda tags: tags.update("missing", 1), "Ref not found error: tag missing does not exist"),
        (lambda tags: tags.update("first", 99), "does not exist"),
        (lambda tags: tags.delete("missing"), "does not exist"),
        (lambda tags: tags.create("", 1), "empty"),
        (lambda tags: tags.create("a b", 1), "tag"),
        (lambda tags: tags.create("../x", 1), "tag"),
    ],
)
def test_tags_that_cannot_be_are_refused(ds, call, message):
    ds.tags.create("first", 1)
    for kind in (ValueError, OSError):
        with pytest.raises(kind, match=message):
            call(ds.tags)
    assert list(ds.tags.list()) == ["first"]


def test_branches_have_versions_of_their_own(ds):
    branch = ds.create_branch("work", 1)
    assert (branch.version, branch.count_rows()) == (1, 10)
    branch.insert(TABLE.slice(0, 1))
    assert (branch.version, branch.count_rows()) == (2, 11)
    assert ds.checkout_version(("work", None)).count_rows() == 11
    assert theirs(ds).checkout_version(("work", 2)).count_rows() == 11
    assert theirs(ds).count_rows() == 20
    ds.tags.create("on-work", ("work", 2))
    assert ds.tags.list()["on-work"]["branch"] == "work"
    assert ds.branches.list() == theirs(ds).branches.list()
    assert list(ds.branches.list()) == ["work"]
    ds.tags.delete("on-work")
    ds.branches.delete("work")
    assert ds.branches.list() == theirs(ds).branches.list() == {}


def test_branches_that_cannot_be_are_refused(ds):
    ds.create_branch("work")
    for name in ("work", "main", "", "a b", "../x"):
        with pytest.raises((OSError, ValueError)):
            ds.create_branch(name, 1)
    with pytest.raises(OSError):
        ds.create_branch("new", 99)
    with pytest.raises(ValueError, match="does not exist"):
        ds.branches.delete("missing")
    assert list(ds.branches.list()) == ["work"]


def test_a_clone_refers_to_the_files_of_its_source(ds, tmp_path):
    clone = ds.shallow_clone(tmp_path / "clone", 1)
    assert clone.to_table() == TABLE
    assert not list((tmp_path / "clone").rglob("*.lance"))
    assert lance.dataset(str(tmp_path / "clone")).to_table() == TABLE
    clone.insert(TABLE)
    assert lance.dataset(str(tmp_path / "clone")).count_rows() == 20
    assert ds.latest_version == 2
    with pytest.raises(OSError, match="already exists"):
        ds.shallow_clone(tmp_path / "clone", 1)
    assert type(clone.read_transaction(1).operation) is LanceOperation.Clone


def test_a_version_is_restored(ds):
    old = ds.checkout_version(1)
    old.restore()
    assert (old.version, old.count_rows()) == (3, 10)
    assert theirs(ds).version == 3
    assert theirs(ds).to_table() == TABLE
    assert old.read_transaction(3).operation == LanceOperation.Restore(1)


def test_configuration_is_changed(ds):
    assert ds.update_config({"k": "v", "other": "w"}) == {"k": "v", "other": "w"}
    assert ds.version == 3
    assert ds.update_config({"k": None}) == {"other": "w"}
    assert ds.config() == theirs(ds).config() == {"other": "w"}
    assert ds.update_config({"only": "x", "gone": None}, replace=True) == {"only": "x"}
    ds.delete_config_keys(["only", "missing"])
    assert ds.config() == theirs(ds).config() == {}
    with pytest.raises(TypeError):
        ds.update_config({"k": 3})


def test_metadata_are_changed(ds):
    assert ds.update_metadata({"m": "1"}) == {"m": "1"}
    assert ds.update_schema_metadata({"s": "2"}) == {"s": "2"}
    ds.update_field_metadata({"a": {"f": "3"}, "s.x": {"g": "4"}})
    other = theirs(ds)
    assert (ds.metadata, ds.schema_metadata) == (other.metadata, other.schema_metadata)
    assert (other.metadata, other.schema_metadata) == ({"m": "1"}, {"s": "2"})
    for schema in (ds.schema, other.schema):
        assert schema.field("a").metadata == {b"f": b"3"}
        assert schema.field("s").type.field("x").metadata == {b"g": b"4"}
    with pytest.warns(DeprecationWarning, match="deprecated"):
        ds.replace_schema_metadata({"t": "5"})
    with pytest.warns(DeprecationWarning, match="deprecated"):
        ds.replace_field_metadata("a", {"h": "6"})
    assert theirs(ds).schema_metadata == {"t": "5"}
    assert theirs(ds).schema.field("a").metadata == {b"h": b"6"}
    with pytest.raises(OSError, match="Field 'missing' not found"):
        ds.update_field_metadata({"missing": {"k": "v"}})
    assert ds.to_table() == theirs(ds).to_table()


def test_bases_are_added(ds, tmp_path):
    base = lancea.DatasetBasePath(str(tmp_path / "base"), name="base", is_dataset_root=True)
    assert ds.add_bases([base]) is ds
    assert [b.name for b in ds.base_paths().values()] == ["base"]
    assert [b.name for b in theirs(ds).base_paths().values()] == ["base"]
    ds.insert(TABLE, target_bases=["base"])
    assert len(list((tmp_path / "base").rglob("*.lance"))) == 1
    assert theirs(ds).count_rows() == 30
    with pytest.raises(ValueError, match="base"):
        ds.add_bases([base])


def test_all_rows_are_deleted(ds):
    ds.truncate_table()
    assert (ds.count_rows(), theirs(ds).count_rows()) == (0, 0)
    assert theirs(ds).schema == TABLE.schema


def test_a_table_is_dropped(ds, tmp_path):
    lancea.LanceDataset.drop(ds.uri)
    assert not (tmp_path / "t.lance").exists()
    for arguments in ({}, {"ignore_not_found": False}):
        with pytest.raises(OSError):
            lancea.LanceDataset.drop(ds.uri, **arguments)
    lancea.LanceDataset.drop(ds.uri, ignore_not_found=True)


def test_a_restore_is_of_the_latest_version_whatever_was_committed_meanwhile(tmp_path):
    for library in (lancea, lance):
        ds = library.write_dataset(TABLE, str(tmp_path / library.__name__))
        first = library.dataset(ds.uri)
        ds.update_field_metadata({"a": {"unit": "m"}})
        first.restore()
        opened = lance.dataset(ds.uri)
        assert (first.version, opened.version) == (3, 3)
        assert opened.read_transaction(3).read_version == 2
        assert opened.schema.field("a").metadata is None
