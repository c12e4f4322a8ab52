"""The verbs that keep a table small: compact, cleanup, health, verify --repair."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import lance
import pyarrow as pa
import pytest

LANCEA = Path(sys.executable).with_name("lancea")
DONE, DEFECTS, USAGE = range(3)


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(LANCEA), *map(str, arguments)], check=False, capture_output=True, timeout=60
    )


def output(*arguments) -> str:
    done = run(*arguments)
    assert done.returncode == DONE, done.stderr
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.fixture
def table(tmp_path) -> Path:
    """Four fragments of 100 rows, 10 of the first deleted; version 5."""
    path = tmp_path / "t"
    for i in range(4):
        rows = pa.table({"id": range(i * 100, (i + 1) * 100)})
        lance.write_dataset(rows, str(path), mode="append" if i else "create")
    lance.dataset(str(path)).delete("id < 10")
    return path


def files(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def ids(path: Path) -> list[int]:
    return lance.dataset(str(path)).to_table()["id"].to_pylist()


def test_compact_joins_fragments(table):
    before = files(table)
    told = output("compact", table, "--dry-run")
    assert told == ("would rewrite 4 fragments, 0 to 3: 390 rows, without 10 deleted rows\n")
    assert files(table) == before
    told = output("compact", table)
    assert told == "4 fragments became 1, 5 files became 1: version 7\n"
    assert ids(table) == list(range(10, 400))
    assert output("compact", table) == "nothing to compact\n"


def test_compact_takes_its_options(table):
    told = output("compact", table, "--target-rows", 150, "--max-fragments", 2, "--no-verify")
    assert told.startswith("2 fragments became 1,")
    assert output("compact", table, "--quiet") == ""
    assert run("compact", table, "--target-rows", "x").returncode == USAGE


def test_cleanup_removes_old_versions(table):
    output("compact", table, "-q")
    before = files(table)
    told = output("cleanup", table, "--retain", 1, "--dry-run")
    assert "would remove 6 versions" in told
    assert files(table) == before
    assert output("cleanup", table) == "removed 0 versions, 0 files, 0 bytes\n"
    assert "removed 6 versions" in output("cleanup", table, "--older-than-days", 0)
    assert len(list((table / "data").iterdir())) == 1
    assert ids(table) == list(range(10, 400))


def test_cleanup_minds_tags(table):
    lance.dataset(str(table)).tags.create("keep", 2)
    done = run("cleanup", table, "--retain", 1)
    assert done.returncode == USAGE
    assert b"keep" in done.stderr
    output("cleanup", table, "--retain", 1, "--skip-tagged")
    assert lance.dataset(str(table), version="keep").count_rows() == 200


def test_health_says_what_is_due(table):
    told = output("health", table)
    assert "4, 4 small" in told
    assert "due          compact: 4 fragments become 1, 10 deleted rows" in told
    values = json.loads(output("health", table, "--json"))
    assert values["compaction_fragments"] == 4
    assert values["num_deleted_rows"] == 10
    assert [step["name"] for step in values["steps"] if step["is_due"]] == ["compact"]
    output("compact", table)
    assert "cleanup: 6 old versions go" in output("health", table, "--older-than-days", 0)
    assert output("health", table).endswith("nothing is due\n")


def test_verify_repairs_by_removing_orphans_only(table):
    young, old = table / "data" / "young.lance", table / "data" / "old.lance"
    for orphan in (young, old):
        orphan.write_bytes(b"x" * 10)
    eight_days_ago = time.time() - 8 * 86400
    os.utime(old, (eight_days_ago, eight_days_ago))
    needed = files(table) - {"data/young.lance", "data/old.lance"}
    assert "2 orphan files" in output("verify", table)
    told = output("verify", table, "--repair", "--dry-run")
    assert "data/old.lance" in told
    assert "young" not in told
    assert old.exists()
    assert "removed 0 versions, 1 file, 10 bytes" in output("verify", table, "--repair")
    assert young.exists()
    assert not old.exists()
    output("verify", table, "--repair", "--delete-unverified")
    assert files(table) == needed
    assert run("verify", table, "--dry-run").returncode == USAGE


def test_verify_repairs_what_damage_leaves_to_repair(table):
    """A version that cannot be read might need any file, so nothing is removed."""
    manifest = min((table / "_versions").glob("*.manifest"), key=lambda file: file.stat().st_mtime)
    manifest.write_bytes(b"no manifest")
    (table / "data" / "orphan.lance").write_bytes(b"x")
    before = files(table)
    assert run("verify", table, "--repair", "--delete-unverified").returncode != DONE
    assert files(table) == before
