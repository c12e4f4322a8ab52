"""Queue writers killed at any moment: every acknowledged record is there once, in order.

``LANCEA_QUEUE_KILLS=300`` kills that often (default 20).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import lance
import numpy as np

from lancea.queue import PersistingBackend

KILLS = int(os.environ.get("LANCEA_QUEUE_KILLS", "20"))
WRITER = Path(__file__).with_name("queue_writer_process.py")
TASKS = 5


def run_and_kill(path: Path, first: list[int], seconds: float) -> list[int]:
    """Let a writer work for a while. Returns the n after the last one acknowledged to each task."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(path), *map(str, first)],
        stdout=subprocess.PIPE,
    )
    line = process.stdout.readline()
    assert line == b"ready\n", line
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    told, _ = process.communicate()
    acknowledged = list(first)
    for line in told.decode().split("\n")[:-1]:
        task, n = line.split()
        assert int(n) >= acknowledged[int(task)]
        acknowledged[int(task)] = int(n) + 1
    return acknowledged


def test_a_killed_writer_loses_and_doubles_nothing(tmp_path):
    rng = np.random.default_rng(23)
    path = tmp_path / "bucket"
    next_n = [0] * TASKS
    before: list[tuple[int, int]] = []
    for kill in range(KILLS):
        acknowledged = run_and_kill(path, next_n, float(rng.exponential(0.08)))
        backend = PersistingBackend(0, str(path))
        rows = asyncio.run(backend.get(1 << 40, 0))
        found = [(row["task"], row["n"]) for row in rows]
        # What was there stays where it was.
        assert found[: len(before)] == before, kill
        for task in range(TASKS):
            mine = [n for t, n in found if t == task]
            assert mine == list(range(len(mine))), (kill, task)
            # At most the put under way came on top of those acknowledged.
            assert acknowledged[task] <= len(mine) <= acknowledged[task] + 9, (kill, task)
            next_n[task] = len(mine)
        before = found
        backend.close()
        table = lance.dataset(str(path / "data.lance")).to_table(columns=["task", "n"])
        assert [(row["task"], row["n"]) for row in table.to_pylist()] == found
    assert min(next_n) > 10


def test_logs_of_several_killed_writers_add_up(tmp_path):
    """Nobody flushes in between: each writer replays the log of those before it."""
    rng = np.random.default_rng(29)
    path = tmp_path / "bucket"
    next_n = [0] * TASKS
    for kill in range(max(2, KILLS // 4)):
        acknowledged = run_and_kill(path, next_n, float(rng.exponential(0.05)))
        # The next goes on behind what may have come on top.
        next_n = [n + 9 for n in acknowledged]
        if kill == 0:
            first = acknowledged
    rows = asyncio.run(PersistingBackend(0, str(path)).get(1 << 40, 0))
    for task in range(TASKS):
        mine = [row["n"] for row in rows if row["task"] == task]
        assert mine == sorted(set(mine))
        assert set(range(first[task])) <= set(mine)
