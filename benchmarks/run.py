#!/usr/bin/env python3
"""Lancea beside pylance, Parquet and Vortex: reads of the same data, in turns, in one process.

    make bench [BENCH_ARGS="--only take --rounds 20"]

First all answers are compared, then engines take turns and the best run of each counts. The page
cache is warm. Prints a table for docs/benchmarks.md; --json keeps the figures.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from engines import ENGINES
from tables import TABLES, wide

#: Seconds of measuring after which a task's rounds end, all engines together.
PATIENCE = 6.0


@dataclass
class Task:
    """Something to measure: ``run(engine, handle)`` gives an answer to compare, or None."""

    name: str
    table: str
    run: Callable
    #: engines that cannot or need not
    without: tuple[str, ...] = ()
    #: calls that make one measure, for what is too quick to time alone
    repeat: int = 1


def drain(batches) -> int:
    return sum(batch.num_rows for batch in batches)


def tasks(rows: dict[str, int]) -> list[Task]:
    out = []
    projections = {
        "lineitem": {
            "all": None,
            "int32": ["partkey"],
            "float64": ["extendedprice"],
            "strings": ["comment"],
            "low cardinality": ["shipmode"],
            "3 columns": ["orderkey", "shipmode", "comment"],
        },
        "vectors": {"all": None, "vector": ["vector"]},
        "documents": {"all": None},
        "nested": {"all": None},
        "blobs": {"all": None},
    }
    for table, projection in projections.items():
        for what, columns in projection.items():
            scan = partial(lambda columns, engine, handle: engine.scan(handle, columns), columns)
            out.append(Task(f"scan {table}, {what}", table, scan))
        stream = lambda engine, handle: drain(engine.stream(handle, None))  # noqa: E731
        out.append(Task(f"stream {table}, all", table, stream))
    rng = np.random.default_rng(0)
    for table, column in (
        ("lineitem", "partkey"),
        ("vectors", "vector"),
        ("documents", "body"),
        ("nested", "items"),
        ("blobs", "blob"),
    ):
        for count in (1, 100, 10_000 if table != "blobs" else 1000):
            wanted = rng.integers(0, rows[table], count)
            for what, columns in (("all", None), (column, [column])):
                take = partial(
                    lambda wanted, columns, engine, handle: engine.take(handle, wanted, columns),
                    wanted,
                    columns,
                )
                out.append(Task(f"take {count:,} of {table}, {what}", table, take))
    return out


def comparable(answer):
    """Arrow tables in one form: chunks joined, string views and dictionaries as plain values."""
    if not isinstance(answer, pa.Table):
        return answer
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    plain |= {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
    columns = []
    for column in answer.columns:
        kind = column.type
        if pa.types.is_nested(kind) and not pa.types.is_fixed_size_list(kind):
            columns.append(column.slice(0, 200).to_pylist())
            continue
        columns.append(column.cast(plain.get(kind, kind)).combine_chunks())
    return columns


def same(left, right) -> bool:
    if isinstance(left, list):
        pairs = zip(left, right, strict=True)
        return all(a == b if isinstance(a, list) else a.equals(b) for a, b in pairs)
    return left == right


def measure(task: Task, engines: dict, handles: dict, rounds: int) -> dict[str, float]:
    """Best seconds of each engine, which take turns."""
    names = [name for name in engines if name not in task.without]
    first = comparable(task.run(engines[names[0]], handles[names[0]]))
    for name in names[1:]:
        if not same(first, comparable(task.run(engines[name], handles[name]))):
            raise AssertionError(f"{task.name}: {name} answers otherwise than {names[0]}")
    del first
    best = dict.fromkeys(names, float("inf"))
    repeat = task.repeat
    begin = time.perf_counter()
    for done in range(rounds):
        if done >= 5 and time.perf_counter() - begin > PATIENCE:
            break
        for name in names:
            engine, handle = engines[name], handles[name]
            gc.collect(0)
            start = time.perf_counter()
            for _ in range(repeat):
                task.run(engine, handle)
            best[name] = min(best[name], (time.perf_counter() - start) / repeat)
    return best


def copy_bandwidth() -> float:
    """Bytes a second that memcpy moves into memory it has used before, with one thread."""
    source = np.ones(64 << 20, np.uint8)
    target = np.empty_like(source)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return len(source) / best


def show(seconds: float) -> str:
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
    return f"{seconds * 1e6:.3g} µs"


def row(name: str, best: dict[str, float], engines: list[str]) -> str:
    cells = [show(best[e]) if e in best else "–" for e in engines]
    peers = [best[e] for e in engines if e in best and e != "lancea"]
    ratios = []
    if "lancea" in best and peers:
        mine = best["lancea"]
        ratios = [f"{best['pylance'] / mine:.3g}×" if "pylance" in best else "–"]
        ratios.append(f"{min(peers) / mine:.3g}×")
    return "| " + " | ".join([name, *cells, *ratios]) + " |"


def machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, {gib:.0f} GiB, Linux {platform.release().split('-')[0]}"


def prepare(engines: dict, folder: Path, scale: float) -> tuple[dict, dict]:
    """Write what is not there yet. Returns handles by table and engine, and rows by table."""
    handles, rows = {}, {}
    for table, (make, count) in TABLES.items():
        rows[table] = max(100, int(count * scale))
        made = None
        handles[table] = {}
        for name, engine in engines.items():
            path = folder / f"{table}-{scale:g}{engine.suffix}"
            if not path.exists():
                made = made if made is not None else make(rows[table])
                # Both read the same files: those of the other implementation, if it is there.
                writer = engines.get("pylance", engine) if name == "lancea" else engine
                writer.write(made, path)
            handles[table][name] = engine.open(path)
    return handles, rows


def metadata_tasks(engines: dict, folder: Path) -> list[tuple[str, dict[str, float]]]:
    """Opening, counting and planning, where tables have much that is not asked for."""
    import lance

    def table_of(name: str, write: Callable[[Path], None]) -> Path:
        path = folder / name
        if not path.exists():
            unfinished = folder / (name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            write(unfinished)
            unfinished.rename(path)
        return path

    def fragments(path: Path) -> None:
        table = pa.table({"x": np.arange(1000)})
        lance.write_dataset(table, path, max_rows_per_file=1, max_rows_per_group=1)

    def versions(path: Path) -> None:
        for i in range(1000):
            lance.write_dataset(pa.table({"x": [i]}), path, mode="overwrite" if i else "create")

    cases = {
        "open and count, 1,000 fragments": (table_of("fragments", fragments), None),
        "open and count, 1,000 versions": (table_of("versions", versions), None),
        "open and read 16 of 4,096 columns": (
            table_of("wide", lambda path: lance.write_dataset(wide(4096), path)),
            [f"c{i}" for i in range(0, 4096, 256)],
        ),
    }
    out = []
    for name, (path, columns) in cases.items():
        best = {}
        for _ in range(15):
            for engine_name in ("lancea", "pylance"):
                if engine_name not in engines:
                    continue
                engine = engines[engine_name]
                start = time.perf_counter()
                # A session of its own: nothing is known of the table.
                handle = engine.module.dataset(str(path), session=engine.module.Session())
                if columns is None:
                    handle.count_rows()
                else:
                    handle.to_table(columns)
                seconds = time.perf_counter() - start
                best[engine_name] = min(best.get(engine_name, seconds), seconds)
        out.append((name, best))
    return out


def from_cpp(table: Path, names: list[str], results: dict) -> None:
    """What a C++ program sees of lineitem, if the program is built."""
    program = Path(__file__).resolve().parents[1] / "build/release/benchmarks/lancea_warm_reads"
    if not program.exists():
        return
    figures = subprocess.run([program, table, "partkey"], capture_output=True, check=True).stdout
    for what, seconds in json.loads(figures).items():
        name = f"from C++, lineitem: {what}"
        results[name] = {"lancea": seconds}
        print(row(name, results[name], names), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engines", default=",".join(ENGINES), help="comma separated")
    parser.add_argument("--only", default="", help="regular expression of tasks")
    parser.add_argument("--rounds", type=int, default=30, help="turns of each engine at most")
    parser.add_argument("--scale", type=float, default=1.0, help="of the tables' rows")
    parser.add_argument(
        "--data", type=Path, default=Path("build/bench"), help="where tables are kept"
    )
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()

    names = options.engines.split(",")
    unknown = set(names) - set(ENGINES)
    if unknown:
        parser.error(f"unknown engine {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    engines = {name: ENGINES[name]() for name in names}
    options.data.mkdir(parents=True, exist_ok=True)
    handles, rows = prepare(engines, options.data, options.scale)

    print(f"{machine()}; copy {copy_bandwidth() / 1e9:.1f} GB/s with one thread")
    print(", ".join(f"{name} {engine.version}" for name, engine in engines.items()) + "\n")
    print("| task | " + " | ".join(names) + " | to pylance | to the best peer |")
    print("| --- |" + " ---: |" * (len(names) + 2))
    results = {}
    for task in tasks(rows):
        if not re.search(options.only, task.name):
            continue
        task.repeat = 20 if task.name.startswith("take 1 ") else 1
        results[task.name] = measure(task, engines, handles[task.table], options.rounds)
        print(row(task.name, results[task.name], names), flush=True)
    if {"lancea", "pylance"} & set(names) and re.search(options.only, "open"):
        for name, best in metadata_tasks(engines, options.data):
            results[name] = best
            print(row(name, best, names), flush=True)
    if "lancea" in names and re.search(options.only, "from C++"):
        from_cpp(options.data / f"lineitem-{options.scale:g}.lance", names, results)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "seconds": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
