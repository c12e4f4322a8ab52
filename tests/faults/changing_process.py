"""Changes a table until it is killed: ``changing_process.py PATH KIND SEED``.

Every change keeps two promises that can be checked at any moment: the ids are those there were
(plus whole steps of appended ones), and the amounts add up to zero. KIND is one of delete, update,
merge, columns, compact, copy, cleanup.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import timedelta

import pyarrow as pa

import lancea

#: every change touches whole pairs: ids 2n and 2n + 1, whose amounts cancel out
PATIENCE = {"conflict_retries": 1000, "retry_timeout": timedelta(minutes=2)}


def pairs(first: int, count: int, amount: int = 0) -> pa.Table:
    ids = range(2 * first, 2 * (first + count))
    return pa.table({"id": pa.array(ids, pa.int64()), "amount": [amount, -amount] * count})


def delete(ds: lancea.LanceDataset, draw: random.Random) -> None:
    """Ten pairs go, and come back."""
    first = draw.randrange(0, 490)
    ds.delete(f"id >= {2 * first} AND id < {2 * first + 20}", **PATIENCE)
    merge_of(ds, pairs(first, 10, draw.randrange(1000)))


def update(ds: lancea.LanceDataset, draw: random.Random) -> None:
    first = 2 * draw.randrange(0, 500)
    ds.update({"amount": "-amount"}, where=f"id >= {first} AND id < {first + 40}", **PATIENCE)


def merge_of(ds: lancea.LanceDataset, source: pa.Table) -> None:
    builder = ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    builder.conflict_retries(1000).retry_timeout(PATIENCE["retry_timeout"]).execute(source)


def merge(ds: lancea.LanceDataset, draw: random.Random) -> None:
    merge_of(ds, pairs(draw.randrange(0, 480), 20, draw.randrange(1000)))


def columns(ds: lancea.LanceDataset, draw: random.Random) -> None:
    if "twice" in ds.schema.names:
        ds.drop_columns(["twice"])
    else:
        ds.add_columns({"twice": "amount * 2"})


def compact(ds: lancea.LanceDataset, draw: random.Random) -> None:
    ds.optimize.compact_files(target_rows_per_fragment=400)


def copy(ds: lancea.LanceDataset, draw: random.Random) -> None:
    ds.optimize.compact_files(target_rows_per_fragment=400, compaction_mode="try_binary_copy")


def cleanup(ds: lancea.LanceDataset, draw: random.Random) -> None:
    ds.cleanup_old_versions(retain_versions=10)


CHANGES: dict[str, Callable] = {
    change.__name__: change for change in (delete, update, merge, columns, compact, copy, cleanup)
}


def main() -> None:
    path, kind, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    draw = random.Random(seed)
    print("ready", flush=True)
    while True:
        ds = lancea.dataset(path)
        if kind in ("compact", "copy", "cleanup"):  # something to do
            lancea.write_dataset(pairs(500, 10), path, mode="append", max_rows_per_file=5)
            ds = lancea.dataset(path)
            ds.delete("id >= 1000")
            ds = lancea.dataset(path)
        CHANGES[kind](ds, draw)
        print("done", flush=True)


if __name__ == "__main__":
    main()
