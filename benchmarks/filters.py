#!/usr/bin/env python3
"""Lancea beside pylance, Parquet, Vortex and DuckDB: filtered scans of lineitem, in turns.

    benchmarks/filters.py [--only REGEX] [--rounds N] [--json FILE]

All engines must return the same rows before anything is timed. Three columns are returned; the page
cache is warm, and the best run of each engine counts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from functools import partial
from pathlib import Path

import pyarrow as pa
from engines import FILTERING
from run import Task, machine, measure, row
from tables import lineitem

COLUMNS = ["orderkey", "linenumber", "extendedprice"]


def between(column: str, begin: int, end: int) -> tuple:
    return ("and", (">=", column, begin), ("<", column, end))


def conditions(rows: int, comment: str) -> dict[str, tuple]:
    """By name; the share of rows that satisfy it is in the name."""
    modes = ("in", "shipmode", ["AIR", "RAIL"])
    return {
        "int < x, 0.01 %": ("<", "partkey", 20),
        "int < x, 1 %": ("<", "partkey", 2000),
        "int < x, 50 %": ("<", "partkey", 100_000),
        "int = x, 0.0005 %": ("=", "partkey", 123_456),
        "sorted range, 0.01 %": between("orderkey", rows // 2, rows // 2 + rows // 10_000),
        "sorted range, 1 %": between("orderkey", rows // 2, rows // 2 + rows // 100),
        "sorted range, 50 %": between("orderkey", rows // 4, rows // 4 + rows // 2),
        "float < x, 0.6 %": ("<", "extendedprice", 1500.0),
        "string = x, few distinct, 14 %": ("=", "shipmode", "AIR"),
        "string = x, few distinct, 50 %": ("=", "linestatus", "O"),
        "string = x, 1 row": ("=", "comment", comment),
        "string prefix, 0.02 %": ("like", "comment", "blithe final%"),
        "string prefix, 8 %": ("like", "comment", "sly%"),
        "string contains, 0.1 %": ("like", "comment", "%special requests%"),
        "string contains, 26 %": ("like", "comment", "%careful%"),
        "string IN 2, 29 %": modes,
        "int IN 3, 0.03 %": ("in", "suppkey", [7, 5000, 9999]),
        "int IN 20, 0.2 %": ("in", "suppkey", [7 + 499 * i for i in range(20)]),
        "int IN 1,000, 10 %": ("in", "suppkey", [3 + 9 * i for i in range(1000)]),
        "int and float, 0.7 %": ("and", ("<", "quantity", 5), (">=", "discount", 0.095)),
        "int and string, 0.0001 %": ("and", ("<", "partkey", 20), ("like", "comment", "%sly%")),
        "and, or": (
            "or",
            ("and", ("<", "quantity", 5), (">=", "discount", 0.095)),
            ("and", ("=", "shipmode", "AIR"), ("=", "returnflag", "R")),
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engines", default=",".join(FILTERING), help="comma separated")
    parser.add_argument("--only", default="", help="regular expression of conditions")
    parser.add_argument("--rounds", type=int, default=30, help="turns of each engine at most")
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument(
        "--data", type=Path, default=Path("build/bench"), help="where tables are kept"
    )
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()

    engines = {name: FILTERING[name]() for name in options.engines.split(",")}
    options.data.mkdir(parents=True, exist_ok=True)
    handles = {}
    made = None
    for name, engine in engines.items():
        path = options.data / f"lineitem-{options.rows / 600_000:g}{engine.suffix}"
        if not path.exists():
            made = made if made is not None else lineitem(options.rows)
            # Lancea reads the files of pylance.
            writer = engines.get("pylance", engine) if name == "lancea" else engine
            writer.write(made, path)
        handles[name] = engine.open(path)
    first = next(name for name in engines if name != "duckdb")
    comment = engines[first].take(handles[first], [options.rows // 3], ["comment"])

    names = list(engines)
    print(machine())
    print(", ".join(f"{name} {engine.version}" for name, engine in engines.items()) + "\n")
    print("| condition | " + " | ".join(names) + " | to pylance | to the best peer |")
    print("| --- |" + " ---: |" * (len(names) + 2))
    results = {}
    text = comment.column(0).cast(pa.string())[0].as_py()
    for name, condition in conditions(options.rows, text).items():
        if not re.search(options.only, name):
            continue
        ask = partial(
            lambda asked, engine, handle: engine.filter(handle, asked, COLUMNS), condition
        )
        best = measure(Task(name, "lineitem", ask), engines, handles, options.rounds)
        results[name] = best
        print(row(name, best, names), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "seconds": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
