"""Compacts a table again and again until it is killed: ``compacting_process.py PATH``.

Between two compactions it appends 5 fragments of 20 rows whose ``id`` continues the table. The
number of rows is told on standard output after each commit.
"""

from __future__ import annotations

import sys

from writer_process import rows

import lancea


def main() -> None:
    path = sys.argv[1]
    ds = lancea.dataset(path)
    count = ds.count_rows()
    print("ready", flush=True)
    while True:
        lancea.write_dataset(rows(count, 100), path, mode="append", max_rows_per_file=20)
        count += 100
        print(count, flush=True)
        ds = lancea.dataset(path)
        ds.optimize.compact_files(target_rows_per_fragment=150)


if __name__ == "__main__":
    main()
