#!/usr/bin/env python3
"""Lancea beside pylance: deletes, updates and merges of the same table, in turns.

    benchmarks/changes.py [--only REGEX] [--rounds N] [--json FILE]

The tables are written by pylance; each change is made to a fresh copy by a process of its own that
has imported the engine and made the rows. It is not forked: a fork pays for each page of its
parent's memory that it writes to, whatever the engine. Time and memory are those of opening the
table and of the call; the best run of each engine counts. Before anything is timed both engines'
results are compared.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from engines import ENGINES
from run import machine, show
from writes import in_child, measured, remove

ENGINE_NAMES = ("lancea", "pylance")


def trips(num_rows: int) -> pa.Table:
    """Rows of 60 to 70 bytes: a key, numbers, a text of few values and one of many."""
    rng = np.random.default_rng(7)
    ids = rng.permutation(num_rows)
    names = np.char.add("trip number ", rng.integers(0, 1 << 40, num_rows).astype(str))
    return pa.table(
        {
            "id": ids,
            "part": rng.integers(0, 200_000, num_rows),
            "quantity": rng.integers(1, 51, num_rows).astype(np.float64),
            "price": rng.random(num_rows) * 1e5,
            "flag": pa.array(np.array(["A", "N", "R"])[rng.integers(0, 3, num_rows)]),
            "comment": pa.array(names),
        }
    )


def source(num_rows: int, table_rows: int) -> pa.Table:
    """Half of the keys are in the table."""
    rng = np.random.default_rng(8)
    rows = trips(num_rows)
    keys = rng.choice(table_rows * 2, num_rows, replace=False)
    return rows.set_column(0, "id", pa.array(keys))


def delete(dataset) -> None:
    dataset.delete("part % 100 = 7")


def update(dataset) -> None:
    dataset.update({"price": "price * 2", "flag": "'X'"}, where="part % 100 = 7")


def merge(rows: pa.Table, dataset) -> None:
    (
        dataset.merge_insert("id")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute(rows)
    )


def merge_columns(rows: pa.Table, dataset) -> None:
    mode = dataset.merge_insert("id").when_matched_update_all().write_mode("rewrite_columns")
    mode.execute(rows)


def merge_of(num_rows: int) -> Callable:
    return partial(merge, source(num_rows, 1_000_000))


def merge_of_one_column() -> Callable:
    return partial(merge_columns, source(10_000, 1_000_000).select(["id", "price"]))


def merge_by_index() -> Callable:
    return partial(merge, source(1000, 6_000_000))


#: name: rows of the table, and what makes the change. "by index": the table has one of the key
TASKS: dict[str, tuple[int, Callable[[], Callable]]] = {
    "delete 1 % of 6M rows": (6_000_000, lambda: delete),
    "update 1 % of 6M rows": (6_000_000, lambda: update),
    "merge 10k rows into 1M": (1_000_000, partial(merge_of, 10_000)),
    "merge 500k rows into 1M": (1_000_000, partial(merge_of, 500_000)),
    "merge one column of 10k rows into 1M": (1_000_000, merge_of_one_column),
    "merge 1,000 rows into 6M by index": (6_000_000, merge_by_index),
}


def digest(dataset) -> list:
    """The table's rows, whatever their order, as sums."""
    rows = dataset.to_table(columns=["id", "part", "price", "flag"])
    flags = sorted(rows["flag"].value_counts().to_pylist(), key=str)
    price = round(float(np.sum(np.sort(rows["price"].to_numpy()))), 2)
    ids = rows["id"].to_numpy()
    return [len(rows), int(ids.sum()), int((ids * rows["part"].to_numpy()).sum()), price, flags]


def change_once(task: str, engine: str, table: Path, is_compared: bool) -> None:
    """What a process of its own does: prints the figures, and the rows' digest if asked."""
    module = ENGINES[engine]().module
    change = TASKS[task][1]()
    figures = measured(lambda: change(module.dataset(str(table))))
    answer = digest(module.dataset(str(table))) if is_compared else None
    print(json.dumps([figures, answer]))


def make_origin(num_rows: int, path: Path, indexed: bool) -> None:
    pylance = ENGINES["pylance"]()
    pylance.write(trips(num_rows), path)
    if indexed:
        pylance.module.dataset(str(path)).create_scalar_index("id", "BTREE")


def run(task: str, engines: dict, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    num_rows, _ = TASKS[task]
    indexed = task.endswith("by index")
    origin = folder / f"{num_rows}{' indexed' if indexed else ''}.lance"
    if not origin.exists():
        in_child(partial(make_origin, num_rows, origin, indexed))
    changed = folder / "changed.lance"
    best: dict[str, dict[str, float]] = {}
    answers = {}
    for _ in range(rounds):
        for name in engines:
            remove(changed)
            shutil.copytree(origin, changed)
            command = [sys.executable, __file__, "--once", task, name, str(changed)]
            command += [] if name in answers else ["--compared"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures, answer = json.loads(done.stdout)
            if name not in answers:
                answers[name] = json.dumps(answer)
                continue
            kept = best.setdefault(name, figures)
            best[name] = {key: min(kept[key], figures[key]) for key in kept}
    remove(changed)
    if len(set(answers.values())) > 1:
        raise SystemExit(f"{task}: the results differ: {answers}")
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a regular expression: tasks to run")
    parser.add_argument("--engines", default=",".join(ENGINE_NAMES))
    parser.add_argument("--rounds", type=int, default=4, help="the first one is not timed")
    parser.add_argument("--folder", type=Path, default=Path("build/bench/changes"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--compared", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        task, engine, table = arguments.once
        change_once(task, engine, Path(table), arguments.compared)
        return 0
    arguments.folder.mkdir(parents=True, exist_ok=True)
    engines = {name: ENGINES[name]() for name in arguments.engines.split(",")}
    print(machine())
    print(", ".join(f"{name} {engine.version}" for name, engine in engines.items()))
    print("\n| | engine | wall | CPU | memory |\n| --- | --- | ---: | ---: | ---: |")
    results = {}
    for task in TASKS:
        if not re.search(arguments.only, task):
            continue
        results[task] = run(task, engines, arguments.folder, arguments.rounds)
        for name, figures in results[task].items():
            cells = [task, name, show(figures["wall"]), show(figures["cpu"])]
            print("| " + " | ".join([*cells, f"{figures['memory'] / 1e6:.0f} MB"]) + " |")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    shutil.rmtree(arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
