"""Versions, tags, branches, clones and bases of tables that pylance wrote."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta, timezone
from pathlib import Path

import lance
import pyarrow as pa
import pytest
from interop.reading import (
    assert_reads_as_pylance,
    assert_same_opened,
    assert_same_versions,
    fresh,
    refusal,
)
from interop.support import assert_same_table

import lancea


def ids(first: int, count: int) -> pa.Table:
    numbers = range(first, first + count)
    return pa.table({"id": pa.array(numbers), "text": [f"row {i}" for i in numbers]})


def history_at(path, **options) -> lance.LanceDataset:
    """Four versions: 10 rows, 20, 18 (two deleted), and with a third column."""
    ds = lance.write_dataset(ids(0, 10), str(path), **options)
    lance.write_dataset(ids(10, 10), str(path), mode="append")
    ds.checkout_latest()
    ds.delete("id in (3, 13)")
    ds.add_columns({"double": "id * 2"})
    return ds


@pytest.fixture
def branched(tmp_path) -> lance.LanceDataset:
    """`dev` starts at version 3, `dev/child` at `dev`'s first own version; both moved on."""
    ds = history_at(tmp_path / "t")
    dev = ds.create_branch("dev", 3)
    lance.write_dataset(ids(20, 5), dev, mode="append")
    child = ds.create_branch("dev/child", ("dev", 4))
    child.delete("id < 5")
    ds.delete("id = 19")
    ds.tags.create("first", 1)
    ds.tags.create("on-branch", ("dev", 4))
    return ds


@pytest.mark.parametrize("v2_names", [True, False])
def test_every_version_is_opened_by_its_number(tmp_path, v2_names):
    history_at(tmp_path / "t", enable_v2_manifest_paths=v2_names)
    lengths = {len(p.stem) for p in (tmp_path / "t" / "_versions").glob("*.manifest")}
    assert lengths == ({20} if v2_names else {1})
    latest = assert_reads_as_pylance(tmp_path / "t")
    for number in range(1, 5):
        assert_reads_as_pylance(tmp_path / "t", number)
        assert_same_opened(
            latest.checkout_version(number), lance.dataset(str(tmp_path / "t"), number)
        )


def test_names_of_manifests_may_have_been_migrated(tmp_path):
    ds = history_at(tmp_path / "t", enable_v2_manifest_paths=False)
    ds.migrate_manifest_paths_v2()
    assert_reads_as_pylance(tmp_path / "t")
    assert_reads_as_pylance(tmp_path / "t", 2)


@pytest.mark.parametrize("v2_names", [True, False])
def test_versions_that_were_cleaned_up_are_gone(tmp_path, v2_names):
    ds = history_at(tmp_path / "t", enable_v2_manifest_paths=v2_names)
    ds.tags.create("kept", 2)
    ds.cleanup_old_versions(older_than=timedelta(0), error_if_tagged_old_versions=False)
    mine = assert_reads_as_pylance(tmp_path / "t")
    assert [v["version"] for v in mine.versions()] == [2, 4]
    with pytest.raises(ValueError, match="version 1"):
        fresh(tmp_path / "t", 1)


def test_files_that_are_no_manifests_are_not_versions(tmp_path):
    history_at(tmp_path / "t")
    versions = tmp_path / "t" / "_versions"
    latest = min(versions.glob("*.manifest"))  # V2 names descend
    shutil.copy(latest, versions / f".tmp{latest.name}")
    shutil.copy(latest, versions / f"{latest.name}-0f2a")
    shutil.copy(latest, versions / "d9223372036854775809.manifest")
    (versions / "notes.txt").write_text("nothing")
    assert_reads_as_pylance(tmp_path / "t")


def test_a_stale_or_broken_version_hint_does_no_harm(tmp_path):
    history_at(tmp_path / "t")
    hint = tmp_path / "t" / "_versions" / "latest_version_hint.json"
    assert hint.exists()
    for text in ['{"version":2}', '{"version":99}', "{", ""]:
        hint.write_text(text)
        assert fresh(tmp_path / "t").version == 4
    hint.unlink()
    assert_reads_as_pylance(tmp_path / "t")


def test_an_open_table_stays_at_its_version_until_told(tmp_path):
    history_at(tmp_path / "t")
    mine = fresh(tmp_path / "t")
    before = mine.to_table()
    lance.write_dataset(ids(50, 5), str(tmp_path / "t"), mode="append")
    assert (mine.version, mine.latest_version) == (4, 5)
    assert_same_table(mine.to_table(), before)
    mine.checkout_latest()
    assert mine.version == 5
    assert_same_table(mine.to_table(), lance.dataset(str(tmp_path / "t")).to_table())


def test_asof_is_the_newest_version_before_a_time(tmp_path):
    history_at(tmp_path / "t")
    uri = str(tmp_path / "t")
    tick = timedelta(microseconds=2)  # more than pylance's own rounding
    for version in lance.dataset(uri).versions():
        after = version["timestamp"] + tick
        for moment in (after, after.astimezone(timezone.utc), str(after)):
            mine = lancea.dataset(uri, asof=moment)
            assert mine.version == version["version"]
        assert lance.dataset(uri, asof=after).version == mine.version
        before = version["timestamp"] - tick
        if version["version"] == 1:
            with pytest.raises(ValueError, match="earlier than the first version"):
                lancea.dataset(uri, asof=before)
        else:
            assert lancea.dataset(uri, asof=before).version == version["version"] - 1
    assert lancea.dataset(uri, version=2, asof=after).version == 2


def test_tags_are_names_of_versions(branched):
    mine, theirs = fresh(branched.uri), lance.dataset(branched.uri)
    assert mine.tags.list() == theirs.tags.list()
    for order in (None, "asc", "desc"):
        assert mine.tags.list_ordered(order) == theirs.tags.list_ordered(order)
    for tag in theirs.tags.list():
        assert mine.tags.get_version(tag) == theirs.tags.get_version(tag)
        assert_same_opened(mine.checkout_version(tag), theirs.checkout_version(tag))
        opened = lancea.dataset(branched.uri, tag)
        assert_same_table(opened.to_table(), lance.dataset(branched.uri, tag).to_table())


def test_branches_are_listed(branched):
    mine, theirs = fresh(branched.uri), lance.dataset(branched.uri)

    def shown(branch: dict) -> dict:
        return {key: value for key, value in branch.items() if key != "branch_identifier"}

    expected = {name: shown(branch) for name, branch in theirs.branches.list().items()}
    assert set(expected) == {"dev", "dev/child"}
    assert {name: shown(branch) for name, branch in mine.branches.list().items()} == expected
    for order in (None, "asc", "desc"):
        names = [name for name, _ in theirs.branches.list_ordered(order)]
        assert [name for name, _ in mine.branches.list_ordered(order)] == names


@pytest.mark.parametrize(
    "reference",
    [
        ("dev", None),
        ("dev", 3),
        ("dev", 4),
        ("dev/child", None),
        ("dev/child", 4),
        (None, 2),
        (None, None),
        ("main", None),
    ],
)
def test_branches_are_checked_out_as_pylance_does(branched, reference):
    mine, theirs = fresh(branched.uri), lance.dataset(branched.uri)
    assert_same_opened(mine.checkout_version(reference), theirs.checkout_version(reference))


def test_a_number_counts_on_the_branch_that_is_checked_out(branched):
    mine = fresh(branched.uri).checkout_version(("dev", None))
    theirs = lance.dataset(branched.uri).checkout_version(("dev", None))
    for number in (3, 4):
        assert_same_opened(mine.checkout_version(number), theirs.checkout_version(number))
    mine.checkout_latest()
    assert (mine.version, mine.count_rows()) == (4, 23)


def test_a_branch_is_also_a_table_of_its_own_folder(branched):
    assert_reads_as_pylance(Path(branched.uri) / "tree" / "dev")


def test_rows_of_a_branch_come_from_the_table_it_left(branched):
    mine = fresh(branched.uri).checkout_version(("dev", None))
    theirs = lance.dataset(branched.uri).checkout_version(("dev", None))
    (base,), (expected,) = mine.base_paths().values(), theirs.base_paths().values()
    assert (base.path, base.is_dataset_root, base.id) == (expected.path, True, 0)
    assert [f.metadata.files[0].base_id for f in mine.get_fragments()] == [0, 0, None]


@pytest.mark.parametrize("reference", [1, 3, "first", ("dev", 4)])
def test_a_shallow_clone_reads_the_files_of_its_source(branched, tmp_path, reference):
    clone = branched.shallow_clone(str(tmp_path / "clone"), reference)
    assert_reads_as_pylance(clone.uri)
    lance.write_dataset(ids(90, 5).append_column("double", [[0] * 5]).select(
        clone.schema.names), clone.uri, mode="append")  # fmt: skip
    clone.checkout_latest()
    clone.delete("id = 1")
    assert_reads_as_pylance(clone.uri)


def test_a_deep_clone_needs_no_source(branched, tmp_path):
    clone = branched.deep_clone(str(tmp_path / "clone"), 3)
    shutil.rmtree(branched.uri)
    assert_reads_as_pylance(clone.uri)


def test_files_may_lie_under_several_bases(tmp_path):
    bases = [
        lance.DatasetBasePath(str(tmp_path / "plain"), name="plain"),
        lance.DatasetBasePath(str(tmp_path / "root"), name="root", is_dataset_root=True),
    ]
    path = str(tmp_path / "t")
    ds = lance.write_dataset(ids(0, 9), path, initial_bases=bases, target_bases=["plain"])
    lance.write_dataset(ids(9, 9), ds, mode="append", target_bases=["root"])
    lance.write_dataset(ids(18, 9), ds, mode="append")
    ds.checkout_latest()
    ds.delete("id % 4 = 0")
    mine = assert_reads_as_pylance(path)
    files = [fragment.metadata.files[0] for fragment in mine.get_fragments()]
    assert [file.base_id for file in files] == [1, 2, None]
    assert (tmp_path / "plain" / files[0].path).exists()
    assert (tmp_path / "root" / "data" / files[1].path).exists()


def test_a_table_may_be_moved(tmp_path):
    history_at(tmp_path / "t")
    os.rename(tmp_path / "t", tmp_path / "moved é")
    assert_reads_as_pylance(tmp_path / "moved é")


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_paths_are_absolute_relative_and_uris(tmp_path, prefix, monkeypatch):
    history_at(tmp_path / "t")
    expected = lance.dataset(str(tmp_path / "t")).to_table()
    opened = [lancea.dataset(f"{prefix}{tmp_path}/t"), lancea.dataset(f"{prefix}{tmp_path}/t/")]
    if not prefix:
        monkeypatch.chdir(tmp_path)
        opened += [lancea.dataset("t"), lancea.dataset("./t"), lancea.dataset(Path("t"))]
    for ds in opened:
        assert_same_table(ds.to_table(), expected)


def test_get_version_is_the_entry_of_the_open_version(tmp_path):
    history_at(tmp_path / "t")
    mine, theirs = fresh(tmp_path / "t", 2), lance.dataset(str(tmp_path / "t"), 2)
    assert_same_versions([mine.get_version()], [theirs.get_version()])


@pytest.mark.parametrize("reference", [0, 99, "nope", ("nope", 1), ("dev", 99), (None, 99)])
def test_references_to_nothing_are_refused_with_pylances_error(branched, reference):
    mine, theirs = fresh(branched.uri), lance.dataset(branched.uri)
    kind = refusal(theirs.checkout_version, reference).partition(":")[0]
    name = str(reference[0] or reference[1] if isinstance(reference, tuple) else reference)
    name = "99" if reference == ("dev", 99) else name
    with pytest.raises(OSError, match=name):
        mine.checkout_version(reference)
    assert kind == "OSError"
    if not isinstance(reference, tuple):
        assert refusal(lance.dataset, branched.uri, reference).startswith("ValueError")
        with pytest.raises(ValueError, match=name):
            lancea.dataset(branched.uri, reference)
