"""Many processes append to one table: every append is there, none twice."""

from __future__ import annotations

import subprocess
import sys

import lance
import pyarrow as pa

import lancea

PROCESSES, APPENDS = 8, 50

APPENDER = """
import sys, pyarrow as pa, lancea
path, writer, appends = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for i in range(appends):
    rows = pa.table({"writer": [writer] * 3, "append": [i] * 3, "row": [0, 1, 2]})
    lancea.write_dataset(rows, path, mode="append")
"""


def test_processes_that_append_at_once_lose_nothing(tmp_path):
    path = tmp_path / "table"
    empty = pa.table({"writer": [0], "append": [0], "row": [0]}).slice(0, 0)
    lancea.write_dataset(empty, path)
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(path), str(i), str(APPENDS)])
        for i in range(PROCESSES)
    ]
    assert [writer.wait(300) for writer in writers] == [0] * PROCESSES
    expected = [(w, a, r) for w in range(PROCESSES) for a in range(APPENDS) for r in range(3)]
    for module in (lancea, lance):
        dataset = module.dataset(str(path))
        table = dataset.to_table()
        found = [tuple(row.values()) for row in table.to_pylist()]
        assert sorted(found) == expected, module.__name__
        assert dataset.version == 1 + PROCESSES * APPENDS
        assert len(dataset.get_fragments()) == PROCESSES * APPENDS


def test_writers_that_create_at_once_leave_one_table(tmp_path):
    path = tmp_path / "table"
    script = """
import sys, pyarrow as pa, lancea
try:
    lancea.write_dataset(pa.table({"writer": [int(sys.argv[2])]}), sys.argv[1])
except OSError as error:
    assert "exists" in str(error), error
    sys.exit(7)
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(i)]) for i in range(6)
    ]
    codes = [writer.wait(120) for writer in writers]
    assert sorted(codes) == [0] + [7] * 5
    assert lance.dataset(str(path)).to_table().column("writer").to_pylist() == [codes.index(0)]
