"""Shares of a table together are the table."""

from __future__ import annotations

import lance
import pyarrow as pa
import pytest

import lancea
from lancea._dataset.sharded_batch_iterator import ShardedBatchIterator

ROWS = 1186

pytestmark = pytest.mark.filterwarnings("ignore:ShardedBatchIterator")


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("shards") / "t"
    lance.write_dataset(pa.table({"a": range(ROWS), "b": range(ROWS)}), path, max_rows_per_file=100)
    return str(path)


def share(data, rank, **options) -> list[int]:
    return [a for batch in ShardedBatchIterator(data, rank, 2, **options)
            for a in batch["a"].to_pylist()]  # fmt: skip


def test_fragments_go_to_workers_in_turn(uri):
    wanted = [a for a in range(ROWS) if a // 100 % 2 == 1]
    assert share(uri, 1, columns=["a"]) == wanted


@pytest.mark.parametrize("batch_size", [15, 100, 5000])
def test_batches_go_to_workers_in_turn_with_the_rest(uri, batch_size):
    ds = lancea.dataset(uri)
    for rank in (0, 1):
        wanted = [a for a in range(ROWS) if a // batch_size % 2 == rank]
        assert share(ds, rank, batch_size=batch_size, granularity="batch") == wanted


def test_row_ids_come_with_fragments_alone(uri):
    batch = next(iter(ShardedBatchIterator(uri, 1, 2, columns=["a"], with_row_id=True)))
    assert batch["_rowid"][0].as_py() == 1 << 32
    with pytest.raises(NotImplementedError, match="with_row_id"):
        iter(ShardedBatchIterator(uri, 0, 2, granularity="batch", with_row_id=True))
    with pytest.raises(ValueError, match="granularity"):
        iter(ShardedBatchIterator(uri, 0, 2, granularity="row"))
