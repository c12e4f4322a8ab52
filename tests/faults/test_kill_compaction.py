"""Compactions killed at any moment: no row is lost or doubled, leftovers can be removed.

``LANCEA_KILLS=200`` kills that often (default 8).
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
from faults.writer_process import rows

import lancea

KILLS = int(os.environ.get("LANCEA_KILLS", "8"))
COMPACTOR = Path(__file__).with_name("compacting_process.py")


def test_a_killed_compaction_loses_no_row(tmp_path):
    rng = np.random.default_rng(23)
    path = tmp_path / "table"
    lancea.write_dataset(rows(0, 100), path, enable_stable_row_ids=True, max_rows_per_file=10)
    committed = 100
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, str(COMPACTOR), str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline().strip() == "ready"
        time.sleep(float(rng.uniform(0, 0.15)))
        process.send_signal(signal.SIGKILL)
        told, _ = process.communicate()
        lines = [line for line in told.split("\n") if line.strip()]
        told = int(lines[-1]) if lines else committed
        mine = lancea.dataset(path)
        assert mine.count_rows() in (told, told + 100)
        committed = mine.count_rows()
        for library in (lancea, lance):
            table = library.dataset(str(path)).to_table(columns=["id"], with_row_id=True)
            assert sorted(table["id"].to_pylist()) == list(range(committed))
            assert table["_rowid"].to_pylist() == table["id"].to_pylist()
        assert mine._ds.verify() == []

    mine = lancea.dataset(path)
    mine.cleanup_old_versions(retain_versions=1, delete_unverified=True)
    assert mine.find_orphans() == []
    assert sorted(lance.dataset(str(path)).to_table()["id"].to_pylist()) == list(range(committed))
    referenced = {
        os.path.basename(file.path)
        for fragment in lance.dataset(str(path)).get_fragments()
        for file in fragment.data_files()
    }
    assert {file.name for file in (path / "data").iterdir()} == referenced
