"""A process that writes until it is killed: ``writer_process.py PATH MODE FIRST``.

Each commit is one batch of 100 rows whose ``id`` continues the table; MODE ``overwrite`` replaces
the table by as many rows as it had plus 100. What was committed is told on standard output, one
line each.
"""

from __future__ import annotations

import sys

import pyarrow as pa

import lancea


def rows(first: int, count: int) -> pa.Table:
    ids = range(first, first + count)
    return pa.table({"id": pa.array(ids, pa.int64()), "text": [f"row {i}" * 5 for i in ids]})


def main() -> None:
    path, mode, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print("ready", flush=True)
    while True:
        if mode == "overwrite":
            lancea.write_dataset(rows(0, first + 100), path, mode="overwrite")
        else:
            lancea.write_dataset(rows(first, 100), path, mode="append", max_rows_per_file=40)
        first += 100
        print(first, flush=True)


if __name__ == "__main__":
    main()
