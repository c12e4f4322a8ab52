"""pylance 1.0 reads what lancea writes, in the storage versions it knows: 2.0 and 2.1.

It runs in a process of its own, from ``.venv/pylance-1.0`` (``tools/bootstrap.sh`` puts it there).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from interop.column_types import COLUMN_TYPES
from interop.support import Shape, assert_same_table, random_array
from interop.test_types import ALONE, REFUSED

import lancea

OLD = Path(__file__).resolve().parents[2] / ".venv/pylance-1.0"

pytestmark = pytest.mark.skipif(
    not (OLD / "lance").is_dir(), reason="pylance 1.0 is not in .venv/pylance-1.0"
)

READ = """
import sys, pyarrow as pa, lance
assert lance.__version__.startswith("1.0."), lance.__version__
dataset = lance.dataset(sys.argv[1])
dataset.validate()
table = dataset.to_table()
rows = list(range(0, len(table), 7))[::-1]
taken = dataset.take(rows) if rows else table
with pa.OSFile(sys.argv[2], "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
    writer.write_table(table)
with pa.OSFile(sys.argv[3], "wb") as file, pa.ipc.new_file(file, taken.schema) as writer:
    writer.write_table(taken)
"""

# What pylance 1.0 does not know.
UNKNOWN = {"json", "uuid", "tensor", "bfloat16", "vector_bfloat16"}


def read_by_old(path: Path, tmp_path: Path) -> tuple[pa.Table, pa.Table]:
    files = [tmp_path / "all.arrow", tmp_path / "taken.arrow"]
    environment = {**os.environ, "PYTHONPATH": str(OLD)}
    result = subprocess.run(
        [sys.executable, "-c", READ, path, *files],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return tuple(pa.ipc.open_file(pa.memory_map(str(file))).read_all() for file in files)


@pytest.mark.parametrize("compact", [False, True], ids=["default", "compact"])
@pytest.mark.parametrize("nulls", ["none", "some", "all"])
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_it_reads_every_type(tmp_path, version, nulls, compact):
    refused = REFUSED[version][nulls != "none"] | {ALONE} | UNKNOWN
    rng = np.random.default_rng(1)
    table = pa.table(
        {
            name: random_array(kind, 3000, rng, Shape(nulls, inner_nulls=nulls))
            for name, kind in COLUMN_TYPES.items()
            if name not in refused
        }
    )
    options = {"encoding": "compact"} if compact else {}
    lancea.write_dataset(
        table, tmp_path / "t", data_storage_version=version, max_rows_per_file=1300, **options
    )
    whole, taken = read_by_old(tmp_path / "t", tmp_path)
    assert_same_table(whole, table)
    rows = list(range(0, 3000, 7))[::-1]
    assert taken.num_rows == len(rows)
    assert taken["int64"].to_pylist() == table["int64"].take(pa.array(rows)).to_pylist()
    assert taken["utf8"].to_pylist() == table["utf8"].take(pa.array(rows)).to_pylist()


@pytest.mark.parametrize("naming", [True, False], ids=["v2 names", "v1 names"])
@pytest.mark.parametrize("stable", [False, True])
def test_it_reads_a_history(tmp_path, naming, stable):
    path = tmp_path / "t"
    options = {"data_storage_version": "2.1", "enable_v2_manifest_paths": naming}
    rows = pa.table({"id": range(100), "text": [f"row {i}" for i in range(100)]})
    lancea.write_dataset(rows, path, enable_stable_row_ids=stable, **options)
    dataset = lancea.write_dataset(rows, path, mode="append")
    dataset.update_config({"key": "value"})
    whole, _ = read_by_old(path, tmp_path)
    assert_same_table(whole, pa.concat_tables([rows, rows]))
