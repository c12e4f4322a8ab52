"""Tables written by pylance, and what pylance reads of them.

Tests here are of the Python package: names, arguments, types, processes. That every byte is read
right is asked in ``tests/interop``.
"""

from __future__ import annotations

import os
import subprocess
import sys

# Read by pylance's logger when it is first imported.
os.environ.setdefault("LANCE_LOG", "error")

import lance
import numpy as np
import pyarrow as pa
import pytest

import lancea

ROWS = 1000


@pytest.fixture(scope="session")
def trips_path(tmp_path_factory) -> str:
    """A table of 1000 rows in four fragments, of which every eleventh is deleted: version 2."""
    numbers = np.arange(ROWS)
    table = pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "city": pa.array([None if i % 10 == 7 else f"city {i % 23}" for i in numbers]),
            "fare": pa.array(numbers / 4, mask=numbers % 13 == 5),
            "start": pa.array([{"x": float(i), "name": f"s{i}"} for i in numbers]),
            "tags": pa.array([[f"t{i % 3}"] * (i % 4) for i in numbers], pa.list_(pa.utf8())),
            "when": pa.array(numbers * 1_000_000, pa.timestamp("us")),
        }
    )
    path = tmp_path_factory.mktemp("trips") / "trips.lance"
    ds = lance.write_dataset(table, path, max_rows_per_file=300)
    ds.delete("id % 11 = 3")
    return str(path)


@pytest.fixture
def trips(trips_path) -> lancea.LanceDataset:
    return lancea.dataset(trips_path)


@pytest.fixture(scope="session")
def expected(trips_path) -> pa.Table:
    """The rows of the table as pylance reads them."""
    return lance.dataset(trips_path).to_table()


@pytest.fixture
def run_python():
    """Runs a program in a new interpreter; what it printed."""

    def run(program: str, *arguments: str, flags: tuple[str, ...] = ()) -> str:
        command = [sys.executable, *flags, "-c", program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout if not flags else done.stdout + done.stderr

    return run
