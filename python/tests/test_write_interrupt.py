"""Ctrl-C while a table is written: nothing is left, and the table is as it was."""

from __future__ import annotations

import pytest

import lancea

#: Writes endlessly; 20 interrupts at 20 moments.
INTERRUPTED = """
import os, pathlib, signal, sys, threading, time
import pyarrow as pa, lancea

path, kind = sys.argv[1:]
batch = pa.record_batch({"a": range(1000), "b": [f"row {i}" for i in range(1000)]})

def busy():
    while True:
        yield batch

def asleep():
    yield batch
    time.sleep(60)

source = {"busy": busy, "asleep": asleep}[kind]
lancea.write_dataset(batch, path)
slowest = 0.0
for delay in range(20):
    sent = []
    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(0.01 + delay / 500, interrupt)
    try:
        timer.start()
        lancea.write_dataset(source(), path, schema=batch.schema, mode="append")
        sys.exit("the write ended")
    except KeyboardInterrupt:
        slowest = max(slowest, time.monotonic() - sent[0])
    timer.join()
print(f"{slowest:.3f}", len(list(pathlib.Path(path).rglob("*.lance"))))
"""


@pytest.mark.parametrize("kind", ["busy", "asleep"])
def test_ctrl_c_ends_a_write_and_takes_its_files_away(tmp_path, run_python, kind):
    slowest, files = run_python(INTERRUPTED, str(tmp_path / "t.lance"), kind).split()
    assert float(slowest) < 10
    assert files == "1"
    ds = lancea.dataset(tmp_path / "t.lance")
    assert (ds.version, ds.count_rows()) == (1, 1000)
