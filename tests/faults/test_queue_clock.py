"""Queues while the time of day jumps by hours and years, forwards and backwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import lance
import pytest

HERE = Path(__file__).parent


def test_steps_of_the_clock_change_nothing(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the shim")
    shim = tmp_path / "clock_shim.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(shim), str(HERE / "clock_shim.c")],
        check=True,
    )
    environment = os.environ | {
        "LD_PRELOAD": str(shim),
        "CLOCK_OFFSET_FILE": str(tmp_path / "offset"),
        "LANCEA_FSYNC": "0",
    }
    told = subprocess.run(
        [
            sys.executable,
            str(HERE / "queue_clock_process.py"),
            str(tmp_path / "bucket"),
            str(tmp_path / "offset"),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.stdout == "done\n", told.stdout + told.stderr
    rows = lance.dataset(str(tmp_path / "bucket" / "data.lance")).to_table()["n"].to_pylist()
    assert rows == list(range(len(rows)))
