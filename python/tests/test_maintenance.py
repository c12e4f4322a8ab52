"""Maintenance in rounds and in the background."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import lance
import pyarrow as pa
import pytest

import lancea


def append(path, count: int, first: int = 0) -> lancea.LanceDataset:
    for i in range(first, first + count):
        ds = lancea.write_dataset(
            pa.table({"id": [2 * i, 2 * i + 1]}), path, mode="append" if i else "create"
        )
    return ds


def outcomes(report) -> dict[str, bool]:
    return {outcome.step: outcome.was_due for outcome in report.outcomes}


def test_a_round_compacts_and_cleans_up(tmp_path):
    ds = append(tmp_path / "t", 10)
    asked = ds.optimize.maintain(retain_versions=1, older_than=timedelta(0), dry_run=True)
    assert outcomes(asked) == {"compact": True, "cleanup": True}
    assert lancea.dataset(tmp_path / "t").version == 10
    report = ds.optimize.maintain(retain_versions=1, older_than=timedelta(0))
    assert outcomes(report) == {"compact": True, "cleanup": True}
    compacted, cleaned = report.outcomes
    assert (compacted.fragments_removed, compacted.fragments_added) == (10, 1)
    assert cleaned.versions_removed == 11
    found = lance.dataset(str(tmp_path / "t"))
    assert found.version == report.version == 12
    assert [v["version"] for v in found.versions()] == [12]
    assert found.to_table()["id"].to_pylist() == list(range(20))
    nothing = ds.optimize.maintain(retain_versions=1, older_than=timedelta(0))
    assert outcomes(nothing) == {"compact": False, "cleanup": False}


def test_a_few_small_fragments_are_not_worth_it(tmp_path):
    ds = append(tmp_path / "t", 7)
    assert outcomes(ds.optimize.maintain()) == {"compact": False, "cleanup": False}
    assert outcomes(ds.optimize.maintain(min_fragments=7))["compact"]
    ds = append(tmp_path / "t", 8, first=7)
    # One fragment with many deleted rows is.
    ds.delete("id < 10")
    assert outcomes(ds.optimize.maintain(min_fragments=1000))["compact"]


def test_a_failed_compaction_does_not_keep_cleanup_from_running(tmp_path):
    append(tmp_path / "t", 10)
    ds = lancea.dataset(tmp_path / "t", session=lancea.Session())
    file = min((tmp_path / "t" / "data").iterdir())
    file.write_bytes(file.read_bytes()[:-100])
    report = ds.optimize.maintain(retain_versions=1, older_than=timedelta(0))
    compacted, cleaned = report.outcomes
    assert file.name in compacted.error
    assert cleaned.error == ""
    assert cleaned.versions_removed == 9


def test_the_background_keeps_a_table_small(tmp_path):
    append(tmp_path / "t", 10)
    ds = lancea.dataset(tmp_path / "t")
    options = {"retain_versions": 2, "older_than": timedelta(0)}
    with ds.optimize.in_background(interval=timedelta(milliseconds=20), **options) as background:
        deadline = time.time() + 20
        for i in range(10, 40):
            append(tmp_path / "t", 1, first=i)
        while len(lancea.dataset(tmp_path / "t").get_fragments()) > 8:
            assert time.time() < deadline, background.last_error
            time.sleep(0.01)
        rounds = background.num_rounds
        assert rounds > 0
    found = lance.dataset(str(tmp_path / "t"))
    assert sorted(found.to_table()["id"].to_pylist()) == list(range(80))
    assert background.num_failures == 0, background.last_error
    # It has ended.
    version = lancea.dataset(tmp_path / "t").version
    append(tmp_path / "t", 10, first=40)
    time.sleep(0.1)
    assert lancea.dataset(tmp_path / "t").version == version + 10


def test_auto_maintenance_lives_as_long_as_the_dataset(tmp_path):
    append(tmp_path / "t", 10)
    ds = lancea.dataset(tmp_path / "t", maintenance="auto")
    deadline = time.time() + 20
    while len(lancea.dataset(tmp_path / "t").get_fragments()) > 1:
        assert time.time() < deadline
        time.sleep(0.01)
    assert ds.version == 10
    del ds
    with pytest.raises(ValueError, match="auto"):
        lancea.dataset(tmp_path / "t", maintenance="always")
    with pytest.raises(ValueError, match="positive"):
        lancea.dataset(tmp_path / "t").optimize.in_background(interval=timedelta(0))


def files(path) -> set[str]:
    return {os.path.relpath(f, path) for f in path.rglob("*") if f.is_file()}


def test_branches_are_cleaned_up_before_what_they_began_at(tmp_path):
    path = tmp_path / "t"
    main = append(path, 3)
    work = main.create_branch("work")
    for i in range(5):
        pa_table = pa.table({"id": [100 + i]})
        work = lancea.write_dataset(pa_table, work, mode="append")
    # The branch needs nothing of main any more.
    work = lancea.write_dataset(pa.table({"id": [7]}), work, mode="overwrite")
    work.update_config({"lance.auto_cleanup.interval": "1", "lance.auto_cleanup.older_than": "1s"})
    time.sleep(1.1)  # what was too young when it was committed is not any more
    main = lancea.write_dataset(pa.table({"id": [1]}), path, mode="overwrite")
    main = lancea.dataset(path)
    kept = main.explain_cleanup_old_versions(retain_versions=1)
    more = main.explain_cleanup_old_versions(
        retain_versions=1, clean_referenced_branches=True, include_files=True
    )
    assert more.stats.old_versions > kept.stats.old_versions
    assert more.stats.data_files_removed > kept.stats.data_files_removed
    assert [b.cleanup_candidate for b in more.referenced_branches] == [True]
    before = files(path)
    stats = main.cleanup_old_versions(retain_versions=1, clean_referenced_branches=True)
    assert stats == more.stats
    assert before - files(path) == {file.path for file in more.candidate_files}
    assert lancea.dataset(path).to_table()["id"].to_pylist() == [1]
    found = lance.dataset(str(path)).checkout_version(("work", None))
    assert found.to_table()["id"].to_pylist() == [7]
    assert lancea.dataset(path)._ds.verify() == []


def test_new_tables_need_no_migration(tmp_path):
    from lance.lance import manifest_needs_migration as needs_migration_by_pylance

    from lancea.lance import manifest_needs_migration

    lancea.write_dataset(pa.table({"x": [1, 2, 3]}), tmp_path / "new")
    assert not manifest_needs_migration(lancea.dataset(tmp_path / "new"))
    assert not needs_migration_by_pylance(lance.dataset(tmp_path / "new"))
