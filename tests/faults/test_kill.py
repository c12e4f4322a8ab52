"""Writers killed at any moment: the table opens at the previous or the new version, complete.

``LANCEA_KILLS=200`` kills that often (default 24).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import lance
import numpy as np
import pytest

import lancea

KILLS = int(os.environ.get("LANCEA_KILLS", "24"))
WRITER = Path(__file__).with_name("writer_process.py")


def ids_of(table) -> list[int]:
    return table.column("id").to_pylist()


def run_and_kill(path: Path, mode: str, first: int, seconds: float) -> int:
    """Let a writer work for a while. Returns the number of rows it said were committed."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(path), mode, str(first)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "ready"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    told, _ = process.communicate()
    lines = [line for line in told.split("\n") if line.strip()]
    return int(lines[-1]) if lines else first


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_killed_writer_leaves_the_old_or_the_new_version(tmp_path, mode):
    rng = np.random.default_rng(17)
    path = tmp_path / "table"
    committed = 0
    for _ in range(KILLS // 2):
        told = run_and_kill(path, mode, committed, float(rng.uniform(0, 0.06)))
        if not (path / "_versions").exists() and told == 0:
            continue
        try:
            mine = lancea.dataset(path)
        except ValueError:
            assert told == 0, "a commit that was told is gone"
            continue
        # What was told is there; at most the one commit that was under way came on top.
        assert mine.count_rows() in (told, told + 100)
        committed = mine.count_rows()
        assert ids_of(mine.to_table()) == list(range(committed))
        assert ids_of(lance.dataset(str(path)).to_table()) == list(range(committed))
        assert not mine.verify() if hasattr(mine, "verify") else True
    assert committed > 0
    assert ids_of(lance.dataset(str(path)).to_table()) == list(range(committed))

    # What the killed writers left behind is named, and goes.
    mine = lancea.dataset(path)
    before = list_files(path)
    mine.cleanup_old_versions(older_than=None, retain_versions=1, delete_unverified=True)
    after = list_files(path)
    assert after < before
    assert ids_of(lancea.dataset(path).to_table()) == list(range(committed))
    assert ids_of(lance.dataset(str(path)).to_table()) == list(range(committed))
    referenced = {
        os.path.basename(file.path)
        for fragment in lance.dataset(str(path)).get_fragments()
        for file in fragment.data_files()
    }
    assert {os.path.basename(name) for name in after if name.startswith("data/")} == referenced


def list_files(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
