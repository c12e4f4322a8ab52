"""The verbs that keep a table small: compact, cleanup, health, verify --repair."""

from __future__ import annotations

import json
import os
import pty
import signal
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


def test_health_tells_what_columns_take(table):
    assert "\ncolumn       id: " in output("health", table, "--columns")
    values = json.loads(output("health", table, "--columns", "--json"))
    stats = lance.dataset(str(table)).stats.data_stats()
    assert values["column_bytes"] == {"id": stats.fields[0].bytes_on_disk}
    assert values["removable_orphan_files"] == 0
    assert values["indices"] == []


def test_compact_copies_pages(table):
    done = run("compact", table, "--mode", "force_binary_copy")
    assert done.returncode not in (DONE, USAGE)
    assert b"fragment 0 has deleted rows" in done.stderr
    assert "4 fragments became 1" in output("compact", table, "--mode", "try_binary_copy")
    assert ids(table) == list(range(10, 400))


def test_maintain_does_what_is_due(table):
    assert output("maintain", table) == "nothing is due\n"
    few = ["--min-fragments", 4]
    assert output("maintain", table, *few, "--dry-run") == "compact is due\n"
    assert "4 fragments became 1" in output("maintain", table, *few)
    assert output("maintain", table, *few) == "nothing is due\n"
    told = output("maintain", table, "--older-than-days", 0, "--retain", 1)
    assert told.startswith("removed 6 versions")
    assert output("maintain", table, "-q") == ""
    assert ids(table) == list(range(10, 400))


def test_maintain_goes_on_when_a_step_fails(table):
    file = min((table / "data").iterdir())
    file.write_bytes(file.read_bytes()[:-40])
    done = run("maintain", table, "--min-fragments", 4, "--older-than-days", 0, "--retain", 1)
    assert done.returncode not in (DONE, USAGE)
    assert b"compact failed: " in done.stderr
    assert b"removed 4 versions" in done.stdout


def test_maintain_runs_until_it_is_interrupted(table):
    process = subprocess.Popen(
        [str(LANCEA), "maintain", str(table), "--every", "0.05", "--min-fragments", "4"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"4 fragments became 1\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == -signal.SIGINT
    assert ids(table) == list(range(10, 400))


def on_terminal(*arguments, interrupt: bool = False) -> tuple[int, bytes, bytes]:
    """The status, standard output, and what a terminal as standard error is sent."""
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [str(LANCEA), *map(str, arguments)], stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(screen, 4096)
            except OSError:  # nobody writes to it any more
                break
            shown += part
            if interrupt and b"%" in shown:
                process.send_signal(signal.SIGINT)
                interrupt = False
        os.close(screen)
        told = process.stdout.read()
        return process.wait(timeout=20), told, shown


CLEAR = b"\r\x1b[K"


def test_terminals_show_how_far_a_cleanup_is(table):
    status, told, shown = on_terminal("cleanup", table, "--retain", "1", "--rate", "20")
    assert status == DONE
    assert told.startswith(b"removed 4 versions, ")
    assert b"] " in shown
    assert shown.startswith(CLEAR)
    assert shown.endswith(CLEAR)
    assert not b"".join(on_terminal("cleanup", table, "-q", "--retain", "1")[1:])


@pytest.mark.parametrize("verb", ["cleanup", "compact"])
def test_interrupts_leave_a_clear_line(tmp_path, verb):
    path = str(tmp_path / "t")
    rows = pa.table({"text": [f"{i * 7919}" * 20 for i in range(200_000)]})
    for mode in ("create", "overwrite"):
        lance.write_dataset(rows, path, mode=mode, max_rows_per_file=1000)
    before = lance.dataset(path).count_rows()
    options = ["--retain", "1", "--rate", "50"] if verb == "cleanup" else []
    status, told, shown = on_terminal(verb, path, *options, interrupt=True)
    if status == DONE:
        pytest.skip("it was done before it could be interrupted")
    assert status == -signal.SIGINT
    assert told == b""
    assert shown.endswith(CLEAR)
    assert lance.dataset(path).count_rows() == before


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
