#!/usr/bin/env python3
"""Lancea beside pylance: compaction, cleanup, and what many versions cost, in turns.

    benchmarks/maintenance.py [--only REGEX] [--rounds N] [--json FILE]

Every run starts from a fresh copy of the same table and works in a process of its own, so that its
peak of memory is its own; mapped files count as memory there. Compactions are not forked from this
process: what it has allocated and freed would be theirs to use, and count for nothing. The best run
of each engine counts; the rows are compared before any is shown.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from engines import ENGINES
from run import machine, show
from tables import lineitem
from writes import in_child, measured, remove

NAMES = ("lancea", "pylance")

#: columns of the result: engine and options of compact_files
COMPACTORS = {
    "lancea": ("lancea", {}),
    "lancea no verify": ("lancea", {"verify": False}),
    "lancea copy": ("lancea", {"compaction_mode": "force_binary_copy"}),
    "pylance": ("pylance", {}),
}


def small_fragments(engine, path: Path, table: pa.Table, fragments: int, **options) -> None:
    rows = -(-table.num_rows // fragments)
    engine.module.write_dataset(table, str(path), max_rows_per_file=rows, **options)


def wide_rows() -> pa.Table:
    """512 rows of 1 MiB each: what one batch of a fixed number of rows would not survive."""
    rng = np.random.default_rng(7)
    values = [rng.bytes(1 << 20) for _ in range(512)]
    return pa.table({"id": range(512), "bytes": pa.array(values, pa.large_binary())})


def blob_rows() -> pa.Table:
    schema = pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("bytes", pa.large_binary(), metadata={b"lance-encoding:blob": b"true"}),
        ]
    )
    return wide_rows().cast(schema)


#: name: (table, number of fragments, options of the write)
COMPACTIONS: dict[str, tuple[Callable[[], pa.Table], int, dict]] = {
    "1,000 fragments of 1,000 rows": (lambda: lineitem(1_000_000), 1000, {}),
    "64 fragments of 8 rows of 1 MiB": (wide_rows, 64, {}),
    "64 fragments of 8 blobs of 1 MiB": (blob_rows, 64, {}),
}


def best_of(kept: dict | None, figures: dict) -> dict:
    return {key: min((kept or figures)[key], figures[key]) for key in figures}


def compactions(engines: dict, folder: Path, rounds: int, only: str) -> dict[str, dict]:
    results = {}
    for name, (make, fragments, options) in COMPACTIONS.items():
        task = f"compact {name}"
        if not re.search(only, task):
            continue
        table = make()
        source, path = folder / "source.lance", folder / "compacted.lance"
        best: dict[str, dict[str, float]] = {}
        for compactor, (engine_name, compaction) in COMPACTORS.items():
            if "blob" in name and "copy" in compactor:
                continue  # blobs lie outside of pages
            engine = engines[engine_name]
            # Each from the files it writes itself.
            remove(source)
            in_child(partial(small_fragments, engine, source, table, fragments, **options))
            for _ in range(rounds):
                remove(path)
                shutil.copytree(source, path)
                command = [sys.executable, __file__, "--once", engine_name, str(path)]
                command.append(json.dumps(compaction))
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                best[compactor] = best_of(best.get(compactor), json.loads(done.stdout))
            in_child(partial(check, engines, path, table))
        results[task] = best
        size = f"{table.num_rows:,} rows, {table.nbytes / 1e6:.1f} MB in memory"
        print_figures(f"{task}: {size}", best)
    return results


def compact_once(engine: str, path: str, options: str) -> None:
    """What a process of its own does: prints the figures."""
    module = ENGINES[engine]().module

    def run() -> None:
        module.dataset(path).optimize.compact_files(**json.loads(options))

    print(json.dumps(measured(run)))


def check(engines: dict, path: Path, table: pa.Table) -> None:
    for engine in engines.values():
        dataset = engine.module.dataset(str(path))
        assert len(dataset.get_fragments()) == 1
        assert dataset.count_rows() == table.num_rows
        first = table.column_names[0]
        found = dataset.to_table(columns=[first]).column(first).combine_chunks()
        assert found.equals(table.column(first).combine_chunks())


def print_figures(title: str, best: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}\n")
    print("| | wall | CPU | memory |")
    print("| --- | ---: | ---: | ---: |")
    for name, figures in best.items():
        cells = [show(figures["wall"]), show(figures["cpu"]), f"{figures['memory'] / 1e6:.0f} MB"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def cleanups(engines: dict, folder: Path, rounds: int, only: str) -> dict[str, dict]:
    """Of 500 versions all but the last are removed."""
    task = "clean up 500 versions"
    if not re.search(only, task):
        return {}
    source, path = folder / "source.lance", folder / "cleaned.lance"
    remove(source)
    rows = pa.table({"x": range(100)})

    def make() -> None:
        for _ in range(500):
            engines["lancea"].module.write_dataset(rows, source, mode="overwrite")

    in_child(make)
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name in NAMES:
            remove(path)
            shutil.copytree(source, path)

            def run(engine=engines[name]) -> None:
                stats = engine.module.dataset(str(path)).cleanup_old_versions(retain_versions=1)
                assert stats.old_versions == 499

            best[name] = best_of(best.get(name), in_child(run))
    print_figures(task, best)
    return {task: best}


def openings(engines: dict, folder: Path, only: str) -> dict[str, dict]:
    """Opening the latest and an old version of a table with ten versions and with 1,000."""
    task = "open a version of 10 and of 1,000"
    if not re.search(only, task):
        return {}
    results: dict[str, dict[str, float]] = {name: {} for name in NAMES}
    path = folder / "versions.lance"
    for versions in (10, 1000):
        remove(path)
        dataset = engines["lancea"].module.write_dataset(pa.table({"x": range(1000)}), path)
        while dataset.version < versions:
            dataset.update_config({"step": str(dataset.version)})
        for name in NAMES:
            module = engines[name].module
            for label, version in (("latest", None), ("old", versions // 2)):
                seconds = []
                for _ in range(50):
                    session = {"session": module.Session()} if hasattr(module, "Session") else {}
                    start = time.perf_counter()
                    module.dataset(str(path), version=version, **session)
                    seconds.append(time.perf_counter() - start)
                results[name][f"{label} of {versions:,}"] = min(seconds)
    print(f"\n{task}\n")
    for name, figures in results.items():
        print(f"{name}: " + ", ".join(f"{key} {show(value)}" for key, value in figures.items()))
    return {task: results}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a regular expression: tasks to run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench/maintenance"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        compact_once(*arguments.once)
        return 0
    arguments.folder.mkdir(parents=True, exist_ok=True)
    engines = {name: ENGINES[name]() for name in NAMES}
    print(machine())
    print(", ".join(f"{name} {engine.version}" for name, engine in engines.items()))
    results = compactions(engines, arguments.folder, arguments.rounds, arguments.only)
    results |= cleanups(engines, arguments.folder, arguments.rounds, arguments.only)
    results |= openings(engines, arguments.folder, arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    shutil.rmtree(arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
