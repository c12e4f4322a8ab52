"""Changes killed at any moment: each is there whole or not at all, and leftovers can be removed.

``LANCEA_KILLS=200`` kills every kind of change that often (default 4).
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
from faults.changing_process import CHANGES, pairs

import lancea

KILLS = int(os.environ.get("LANCEA_KILLS", "4"))
CHANGER = Path(__file__).with_name("changing_process.py")


def check(path: Path, kind: str) -> None:
    tables = []
    for module in (lancea, lance):
        ds = module.dataset(str(path))
        tables.append(ds.to_table(columns=["id", "amount"], with_row_id=True))
    mine, theirs = tables
    assert mine.equals(theirs)
    ids = mine["id"].to_numpy()
    assert mine["amount"].to_numpy().sum() == 0
    assert len(set(mine["_rowid"].to_pylist())) == mine.num_rows
    own = np.sort(ids[ids < 1000])
    assert len(own) == len(set(own))
    # Pairs are there whole, and only a delete may have been stopped before it put them back.
    assert (own[::2] + 1 == own[1::2]).all()
    assert len(own) == 1000 or (kind == "delete" and len(own) == 980)
    assert (ids >= 1000).sum() % 20 == 0
    assert lancea.dataset(path)._ds.verify() == []
    lance.dataset(str(path)).validate()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_killed_change_is_whole_or_not_there(tmp_path, kind):
    rng = np.random.default_rng(len(kind))
    path = tmp_path / "table"
    lancea.write_dataset(pairs(0, 500), path, enable_stable_row_ids=True, max_rows_per_file=100)
    for kill in range(KILLS):
        changer = subprocess.Popen(
            [sys.executable, str(CHANGER), str(path), kind, str(kill)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert changer.stdout.readline().strip() == "ready"
        time.sleep(float(rng.uniform(0, 0.12)))
        changer.send_signal(signal.SIGKILL)
        changer.communicate()
        check(path, kind)
        if kind == "delete" and lancea.dataset(path).count_rows() < 1000:
            ds = lancea.dataset(path)
            merge = ds.merge_insert("id").when_not_matched_insert_all()
            merge.execute(pairs(0, 500))
    mine = lancea.dataset(path)
    mine.cleanup_old_versions(retain_versions=1, delete_unverified=True)
    assert mine.find_orphans() == []
    check(path, kind)
