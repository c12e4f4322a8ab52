"""Tables of every type, version, null pattern and size, written by lancea, read by pylance."""

from __future__ import annotations

import lance
import numpy as np
import pyarrow as pa
import pytest
from interop.column_types import COLUMN_TYPES
from interop.support import (
    DISTRIBUTIONS,
    NULL_PATTERNS,
    Shape,
    assert_same_table,
    random_array,
    take_of,
)
from interop.test_types import ALONE, REFUSED, SIZES, table_of

import lancea

WRITTEN_VERSIONS = ["2.0", "2.1", "2.2", "2.3"]


def written(table: pa.Table, path, **options) -> lance.LanceDataset:
    """Write with lancea, open with pylance."""
    mine = lancea.write_dataset(table, path, **options)
    assert mine.count_rows() == len(table)
    theirs = lance.dataset(str(path))
    theirs.validate()
    return theirs


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nulls", NULL_PATTERNS)
@pytest.mark.parametrize("version", WRITTEN_VERSIONS)
def test_pylance_reads_what_is_written(tmp_path, version, nulls, size):
    table = table_of(version, nulls, size)
    theirs = written(table, tmp_path / "t", data_storage_version=version)
    assert theirs.data_storage_version == version
    assert_same_table(theirs.to_table(), table)
    assert_same_table(lancea.dataset(tmp_path / "t").to_table(), table, "read by lancea")
    if size:
        rows = np.random.default_rng(size).integers(0, size, 30).tolist()
        taken = theirs.take(rows).replace_schema_metadata(table.schema.metadata)
        assert_same_table(taken, take_of(table, rows), "take")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("compact", [False, True], ids=["default", "compact"])
@pytest.mark.parametrize("version", WRITTEN_VERSIONS)
def test_pylance_reads_every_choice_of_encoding(tmp_path, version, compact, distribution):
    refused = REFUSED[version][1] | {ALONE}
    rng = np.random.default_rng(7)
    shape = Shape("some", distribution, inner_nulls="some")
    table = pa.table(
        {
            name: random_array(kind, 20_000, rng, shape)
            for name, kind in COLUMN_TYPES.items()
            if name not in refused
        }
    )
    options = {"encoding": "compact"} if compact else {}
    theirs = written(table, tmp_path / "t", data_storage_version=version, **options)
    assert_same_table(theirs.to_table(), table)
    assert_same_table(lancea.dataset(tmp_path / "t").to_table(), table, "read by lancea")
    rows = rng.integers(0, 20_000, 50).tolist()
    assert_same_table(theirs.take(rows), take_of(table, rows), "take")


@pytest.mark.parametrize("version", ["2.2", "2.3"])
@pytest.mark.parametrize("nulls", NULL_PATTERNS)
def test_pylance_reads_fixed_size_lists_of_structs(tmp_path, version, nulls):
    shape = Shape(nulls, inner_nulls="none" if nulls == "none" else "some")
    lists = random_array(COLUMN_TYPES[ALONE], 1025, np.random.default_rng(3), shape)
    table = pa.table({"lists": lists})
    theirs = written(table, tmp_path / "t", data_storage_version=version)
    assert_same_table(theirs.to_table(), table)


@pytest.mark.parametrize("version", WRITTEN_VERSIONS)
def test_slices_write_their_own_rows_only(tmp_path, version):
    refused = REFUSED[version][1] | {ALONE}
    rng = np.random.default_rng(11)
    whole = pa.table(
        {
            name: random_array(kind, 3000, rng, Shape("some", inner_nulls="some"))
            for name, kind in COLUMN_TYPES.items()
            if name not in refused
        }
    )
    part = whole.slice(701, 1501)
    theirs = written(part, tmp_path / "t", data_storage_version=version)
    expected = take_of(whole, range(701, 701 + 1501))
    assert_same_table(theirs.to_table(), expected)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize("text_bytes", [300, 40_000])
def test_pylance_reads_large_values(tmp_path, version, text_bytes):
    rng = np.random.default_rng(5)
    shape = Shape("some", inner_nulls="some", text_bytes=text_bytes)
    kinds = {
        "utf8": pa.utf8(),
        "binary": pa.large_binary(),
        "list": pa.list_(pa.utf8()),
        "vector": pa.list_(pa.float32(), text_bytes // 8),
    }
    rows = 3_000_000 // (text_bytes * 4)
    table = pa.table({name: random_array(kind, rows, rng, shape) for name, kind in kinds.items()})
    theirs = written(table, tmp_path / "t", data_storage_version=version)
    assert_same_table(theirs.to_table(), table)
    wanted = rng.integers(0, rows, 40).tolist()
    assert_same_table(theirs.take(wanted), take_of(table, wanted), "take")
