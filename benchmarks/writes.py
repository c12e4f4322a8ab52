#!/usr/bin/env python3
"""Lancea beside pylance, Parquet and Vortex: writes of the same data, in turns.

    benchmarks/writes.py [--only REGEX] [--rounds N] [--json FILE]

Each write runs in a child process of its own, forked from one that has made the data and
imported the engines: what it needs beyond them is its own peak of memory. The best run of each
engine counts. The tables are held in memory and written to the page cache; lancea syncs what it
commits, as always.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
from engines import ENGINES
from run import machine, show
from tables import TABLES

#: name of an engine and its options in one, as the columns of the table are headed
WRITERS = {
    "lancea": ("lancea", {}),
    "lancea compact": ("lancea", {"encoding": "compact"}),
    "pylance": ("pylance", {}),
    "parquet snappy": ("parquet", {"compression": "snappy"}),
    "parquet zstd": ("parquet", {"compression": "zstd"}),
    "vortex": ("vortex", {}),
}


def in_child(action: Callable[[], None]) -> dict[str, float]:
    """Run once in a forked child. Returns seconds, CPU seconds and bytes of memory it grew by."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            figures = measured(action)
            os.write(write, json.dumps(figures).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or not text:
        raise RuntimeError("the write failed")
    return json.loads(text)


def measured(action: Callable[[], None]) -> dict[str, float]:
    Path("/proc/self/clear_refs").write_text("5")  # begins a new peak
    before = status_bytes("VmRSS")
    cpu, wall = time.process_time(), time.perf_counter()
    action()
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": seconds, "cpu": cpu_seconds, "memory": status_bytes("VmHWM") - before}


def status_bytes(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def size_of(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_tasks(engines: dict, folder: Path, rounds: int, only: str) -> dict[str, dict]:
    results = {}
    for name, (make, rows) in TABLES.items():
        task = f"write {name}"
        if not re.search(only, task):
            continue
        table = make(rows)
        best: dict[str, dict[str, float]] = {}
        for _ in range(rounds):
            for writer, (engine_name, options) in WRITERS.items():
                if engine_name not in engines:
                    continue
                engine = engines[engine_name]
                path = folder / ("written" + engine.suffix)
                remove(path)
                figures = in_child(partial(engine.write, table, path, **options))
                figures["size"] = size_of(path)
                kept = best.setdefault(writer, figures)
                best[writer] = {key: min(kept[key], figures[key]) for key in kept}
        results[task] = best
        print_task(task, table, best)
    return results


def print_task(task: str, table: pa.Table, best: dict[str, dict[str, float]]) -> None:
    print(f"\n{task}: {table.num_rows:,} rows, {table.nbytes / 1e6:.1f} MB in memory\n")
    print("| | wall | CPU | size | memory |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for writer, figures in best.items():
        cells = [show(figures["wall"]), show(figures["cpu"])]
        cells += [f"{figures['size'] / 1e6:.2f} MB", f"{figures['memory'] / 1e6:.0f} MB"]
        print(f"| {writer} | " + " | ".join(cells) + " |", flush=True)


def append_tasks(engines: dict, folder: Path, rounds: int, only: str) -> dict[str, dict]:
    """100 appends of 1,000 rows each, and what one more costs when there are many versions."""
    results = {}
    task = "append 1,000 rows, each of 100"
    if re.search(only, task):
        rows = TABLES["lineitem"][0](1000)
        best = {}
        for _ in range(rounds):
            for name in ("lancea", "pylance"):
                if name not in engines:
                    continue
                module = engines[name].module
                path = folder / "appended.lance"
                remove(path)

                def run(module=module, path=path) -> None:
                    module.write_dataset(rows, str(path))
                    for _ in range(100):
                        module.write_dataset(rows, str(path), mode="append")

                figures = in_child(run)
                kept = best.setdefault(name, figures)
                best[name] = {key: min(kept[key], figures[key]) for key in kept}
        results[task] = best
        each = {name: show(figures["wall"] / 101) for name, figures in best.items()}
        print(f"\n{task}: {each}", flush=True)

    task = "append at version 10 and 10,000"
    if re.search(only, task) and "lancea" in engines:
        results[task] = appends_by_version(engines["lancea"].module, folder)
        shown = {version: show(seconds) for version, seconds in results[task].items()}
        print(f"\n{task}: {shown}", flush=True)
    return results


def appends_by_version(lancea, folder: Path) -> dict[str, float]:
    """Seconds of an append to a table of ten fragments with few and with many versions."""
    rows = pa.table({"x": range(1000)})
    out = {}
    for versions in (10, 10_000):
        path = folder / "versions.lance"
        remove(path)
        dataset = lancea.write_dataset(rows, path)
        for _ in range(9):
            dataset = lancea.write_dataset(rows, path, mode="append")
        while dataset.version < versions:
            dataset.update_config({"step": str(dataset.version)})
        seconds = []
        for _ in range(20):
            start = time.perf_counter()
            lancea.write_dataset(rows, path, mode="append")
            seconds.append(time.perf_counter() - start)
        out[str(versions)] = min(seconds)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a regular expression: tasks to run")
    parser.add_argument("--engines", default="lancea,pylance,parquet,vortex")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("build/bench/writes"))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    engines = {name: ENGINES[name]() for name in arguments.engines.split(",")}
    print(machine())
    print(", ".join(f"{name} {engine.version}" for name, engine in engines.items()))
    results = write_tasks(engines, arguments.folder, arguments.rounds, arguments.only)
    results |= append_tasks(engines, arguments.folder, arguments.rounds, arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    shutil.rmtree(arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
