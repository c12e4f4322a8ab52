"""Removing old versions and orphans, with pylance doing the same."""

from __future__ import annotations

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import lance
import pyarrow as pa
import pytest

import lancea

STATS = [
    "bytes_removed",
    "old_versions",
    "data_files_removed",
    "transaction_files_removed",
    "index_files_removed",
    "deletion_files_removed",
    "failed_deletes",
]


def rows(first: int, count: int) -> pa.Table:
    return pa.table({"id": range(first, first + count)})


def make_history(path: Path) -> None:
    """Ten versions: appends, a delete, an index, a compaction, an overwrite."""
    lance.write_dataset(rows(0, 100), str(path))
    for i in range(1, 4):
        ds = lance.write_dataset(rows(i * 100, 100), str(path), mode="append")
    ds.delete("id % 10 = 3")
    ds.create_scalar_index("id", "BTREE")
    ds.optimize.compact_files()
    lance.write_dataset(rows(0, 10), str(path), mode="overwrite")


def files(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def values(stats) -> dict[str, int]:
    return {name: getattr(stats, name) for name in STATS}


@pytest.fixture
def tables(tmp_path) -> tuple[Path, Path]:
    make_history(tmp_path / "theirs")
    shutil.copytree(tmp_path / "theirs", tmp_path / "mine")
    return tmp_path / "theirs", tmp_path / "mine"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"older_than": timedelta(0)},
        {"older_than": timedelta(days=1)},
        {"retain_versions": 1},
        {"retain_versions": 3},
        {"retain_versions": 100},
        {"retain_versions": 2, "older_than": timedelta(0)},
        {"retain_versions": 2, "older_than": timedelta(days=1)},
        {"versions": [1, 2, 8]},
        {"versions": [1, 9, 1000]},
        {"retain_versions": 1, "delete_unverified": True},
    ],
    ids=str,
)
def test_the_same_files_go_as_with_pylance(tables, options):
    theirs, mine = tables
    explained = lancea.dataset(mine).explain_cleanup_old_versions(**options)
    before = files(mine)
    expected = lance.dataset(str(theirs)).cleanup_old_versions(**options)
    assert files(mine) == before
    stats = lancea.dataset(mine).cleanup_old_versions(**options)
    assert values(stats) == values(expected)
    assert values(explained.stats) == values(expected)
    assert files(mine) == files(theirs)
    assert lancea.dataset(mine).to_table()["id"].to_pylist() == list(range(10))
    assert lance.dataset(str(mine)).count_rows() == 10
    for version in lancea.dataset(mine).versions():
        lancea.dataset(mine, version=version["version"]).to_table()


def test_explaining_names_the_files(tables):
    _, path = tables
    ds = lancea.dataset(path)
    explained = ds.explain_cleanup_old_versions(retain_versions=1, include_files=True)
    assert explained.read_version == ds.version
    assert not explained.candidate_files_truncated
    named = {file.path for file in explained.candidate_files}
    ds.cleanup_old_versions(retain_versions=1)
    left = files(path)
    assert named
    assert not named & left
    assert not any(file.unverified for file in explained.candidate_files)
    few = ds.explain_cleanup_old_versions(retain_versions=1, include_files=True, max_files=2)
    assert few.candidate_file_limit == 2
    with pytest.raises(ValueError):
        ds.explain_cleanup_old_versions(max_files=0)


def test_tagged_versions_stay(tables):
    _, path = tables
    ds = lancea.dataset(path)
    ds.tags.create("keep", 4)
    before = files(path)
    with pytest.raises(OSError, match="keep"):
        ds.cleanup_old_versions(retain_versions=1)
    assert files(path) == before
    ds.cleanup_old_versions(retain_versions=1, error_if_tagged_old_versions=False)
    assert [v["version"] for v in ds.versions()] == [4, ds.version]
    assert lance.dataset(str(path), version="keep").count_rows() == 400


def test_what_a_branch_needs_stays(tables):
    _, path = tables
    branch = lancea.dataset(path, version=3).create_branch("work")
    ds = lancea.dataset(path)
    explained = ds.explain_cleanup_old_versions(retain_versions=1)
    assert [(b.name, b.referenced_version) for b in explained.referenced_branches] == [("work", 3)]
    ds.cleanup_old_versions(retain_versions=1, delete_unverified=True)
    assert branch.to_table()["id"].to_pylist() == list(range(300))
    their = lance.dataset(str(path)).checkout_version(("work", None))
    assert their.count_rows() == 300


def test_orphans_go_when_old_or_asked_for(tmp_path):
    path = tmp_path / "t"
    lance.write_dataset(rows(0, 10), str(path))
    young, old = path / "data" / "young.lance", path / "data" / "old.lance"
    for file in (young, old):
        file.write_bytes(b"x" * 100)
    eight_days_ago = time.time() - 8 * 86400
    os.utime(old, (eight_days_ago, eight_days_ago))
    ds = lancea.dataset(path)
    assert {file.path for file in ds.find_orphans()} == {"data/young.lance", "data/old.lance"}
    explained = ds.explain_cleanup_old_versions(include_files=True)
    assert [(f.path, f.unverified) for f in explained.candidate_files] == [("data/old.lance", True)]
    assert ds.cleanup_old_versions().data_files_removed == 1
    assert young.exists()
    assert not old.exists()
    assert ds.cleanup_old_versions(delete_unverified=True).bytes_removed == 100
    assert ds.find_orphans() == []


def test_deletes_keep_to_their_rate(tables):
    _, path = tables
    started = time.monotonic()
    stats = lancea.dataset(path).cleanup_old_versions(retain_versions=1, delete_rate_limit=100)
    removed = stats.old_versions + stats.data_files_removed + stats.transaction_files_removed
    assert time.monotonic() - started >= (removed - 1) / 100


@pytest.mark.parametrize(
    "options",
    [{"retain_versions": 0}, {"delete_rate_limit": 0}, {"delete_concurrency": 0}],
    ids=str,
)
def test_options_that_make_no_sense(tables, options):
    with pytest.raises(OSError, match="must be greater than 0"):
        lancea.dataset(tables[1]).cleanup_old_versions(**options)


def test_a_reader_on_a_removed_version_does_not_stop_the_cleanup(tables):
    _, path = tables
    old = lancea.dataset(path, version=4)
    expected = old.to_table()
    assert lancea.dataset(path).cleanup_old_versions(retain_versions=1).old_versions > 0
    # Its files are gone, but were open and in memory.
    assert old.to_table().equals(expected)


@pytest.mark.parametrize("library", [lance, lancea], ids=["pylance's config", "ours"])
def test_cleaning_up_by_itself(tmp_path, library):
    path = str(tmp_path / "t")
    ds = library.write_dataset(rows(0, 10), path)
    ds.update_config(
        {"lance.auto_cleanup.interval": "3", "lance.auto_cleanup.retain_versions": "2"}
    )
    for i in range(1, 8):
        lancea.write_dataset(rows(i * 10, 10), path, mode="append")
    versions = [v["version"] for v in lancea.dataset(path).versions()]
    assert versions == [8, 9]
    assert lance.dataset(path).count_rows() == 80


@pytest.mark.parametrize(
    "config",
    [
        {"lance.auto_cleanup.interval": "often"},
        {"lance.auto_cleanup.interval": "1", "lance.auto_cleanup.older_than": "soon"},
        {"lance.auto_cleanup.interval": "1", "lance.auto_cleanup.retain_versions": "0"},
    ],
    ids=str,
)
def test_a_cleanup_that_cannot_be_done_fails_no_commit(tmp_path, config):
    ds = lancea.write_dataset(rows(0, 10), tmp_path / "t")
    ds.update_config(config)
    ds = lancea.write_dataset(rows(10, 10), tmp_path / "t", mode="append")
    assert ds.count_rows() == 20
    assert [v["version"] for v in ds.versions()] == [1, 2, 3]


def test_health_says_what_each_step_would_gain(tables):
    _, path = tables
    lance.write_dataset(rows(10, 10), str(path), mode="append").delete("id in (3, 4, 13)")
    (path / "data" / "orphan.lance").write_bytes(b"x" * 100)
    ds = lancea.dataset(path)
    health = ds.health()
    assert (health.num_rows, health.num_deleted_rows, health.num_fragments) == (17, 3, 2)
    assert health.num_small_fragments == 2
    assert health.deleted_share == pytest.approx(3 / 20)
    assert (health.compaction_fragments, health.compaction_fragments_after) == (2, 1)
    assert (health.orphan_files, health.orphan_bytes) == (1, 100)
    assert health.removable_orphan_files == 0
    assert health.old_versions == health.num_versions - 1
    assert health.expired_versions == 0
    due = {step.name: step.is_due for step in health.steps}
    assert due == {"compact": True, "cleanup": False, "remove orphans": False}

    expired = ds.health(older_than=timedelta(0)).expired_versions
    ds.optimize.compact_files()
    assert expired == health.old_versions
    stats = ds.cleanup_old_versions(retain_versions=1, delete_unverified=True)
    assert stats.bytes_removed >= health.old_bytes + 100
    after = ds.health()
    assert not any(step.is_due for step in after.steps)
    assert (after.num_deleted_rows, after.old_bytes, after.orphan_bytes) == (0, 0, 0)


def test_health_of_indices(tmp_path):
    path = str(tmp_path / "t")
    ds = lance.write_dataset(rows(0, 100), path)
    ds.create_scalar_index("id", "BTREE")
    lance.write_dataset(rows(100, 50), path, mode="append")
    (index,) = lancea.dataset(path).health().indices
    assert (index.name, index.num_parts) == ("id_idx", 1)
    assert (index.unindexed_fragments, index.unindexed_rows) == (1, 50)


def test_what_is_open_stays(tables):
    theirs, mine = tables
    for library, path in ((lance, theirs), (lancea, mine)):
        library.dataset(str(path), version=6).cleanup_old_versions(older_than=timedelta(0))
    assert next(v["version"] for v in lancea.dataset(mine).versions()) == 6
    assert files(mine) == files(theirs)


def test_auto_cleanup_is_switched_on_and_off(tmp_path):
    ds = lancea.write_dataset(rows(0, 1), tmp_path / "t")
    ds.optimize.enable_auto_cleanup({"interval": 1, "older_than_seconds": 0})
    for i in range(4):
        ds = lancea.write_dataset(rows(i, 1), tmp_path / "t", mode="append")
    assert len(ds.versions()) == 2, "the one the last commit began with stays"
    ds.optimize.disable_auto_cleanup()
    ds = lancea.write_dataset(rows(9, 1), tmp_path / "t", mode="append")
    assert len(ds.versions()) == 4


def test_config_is_changed_across_versions_that_were_cleaned_up(tmp_path):
    ds = lancea.write_dataset(rows(0, 1), tmp_path / "t")
    ds.update_config({"mine": "1", "shared": "1"})
    other = lancea.dataset(tmp_path / "t")
    for i in range(3):
        other.update_config({"shared": str(i + 2)})
    other.cleanup_old_versions(retain_versions=1)
    with pytest.raises(OSError, match="cleaned up"):
        lancea.LanceDataset._at(ds, ds._ds).update_config({"shared": "9"})
    ds.update_config({"mine": "2"})
    assert ds.config() == {"mine": "2", "shared": "4"}


def test_no_versions_are_no_answer(tables):
    ds = lancea.dataset(tables[1])
    for call in (ds.cleanup_old_versions, ds.explain_cleanup_old_versions):
        with pytest.raises(OSError, match="versions must not be empty"):
            call(versions=[])
        with pytest.raises(ValueError, match="retain_versions must not be negative"):
            call(retain_versions=-1)
    assert ds.explain_cleanup_old_versions(max_files=7).candidate_file_limit == 7
