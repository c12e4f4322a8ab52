#!/usr/bin/env python3
"""Lancea beside pylance: deletes, updates and merges of the same table, in turns.

    benchmarks/changes.py [--only REGEX] [--rounds N] [--json FILE]

The tables are written by pylance; each change is made by a child process of its own, to a fresh
copy, without any engine having worked in its parent. Time and memory are those of the call; the
best run of each engine counts. Before anything is timed both engines' results are compared.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from engines import ENGINES
from run import machine, show
from writes import in_child, remove

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


#: name: rows of the table, and the change
TASKS: dict[str, tuple[int, Callable]] = {
    "delete 1 % of 6M rows": (6_000_000, delete),
    "update 1 % of 6M rows": (6_000_000, update),
    "merge 10k rows into 1M": (1_000_000, partial(merge, source(10_000, 1_000_000))),
    "merge 500k rows into 1M": (1_000_000, partial(merge, source(500_000, 1_000_000))),
    "merge one column of 10k rows into 1M": (
        1_000_000,
        partial(merge_columns, source(10_000, 1_000_000).select(["id", "price"])),
    ),
}


def digest(dataset) -> list:
    """The table's rows, whatever their order, as sums."""
    rows = dataset.to_table(columns=["id", "part", "price", "flag"])
    flags = sorted(rows["flag"].value_counts().to_pylist(), key=str)
    price = round(float(np.sum(np.sort(rows["price"].to_numpy()))), 2)
    ids = rows["id"].to_numpy()
    return [len(rows), int(ids.sum()), int((ids * rows["part"].to_numpy()).sum()), price, flags]


def run(task: str, engines: dict, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    num_rows, change = TASKS[task]
    origin = folder / f"{num_rows}.lance"
    if not origin.exists():
        in_child(partial(ENGINES["pylance"]().write, trips(num_rows), origin))
    changed = folder / "changed.lance"
    best: dict[str, dict[str, float]] = {}
    answers = {}
    for _ in range(rounds):
        for name, engine in engines.items():
            remove(changed)
            shutil.copytree(origin, changed)
            answer = folder / "answer.json"

            def opened(engine=engine, is_first=name not in answers, answer=answer) -> None:
                dataset = engine.module.dataset(str(changed))
                change(dataset)
                if is_first:
                    answer.write_text(json.dumps(digest(dataset)))

            figures = in_child(opened)
            if name not in answers:
                answers[name] = answer.read_text()
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
    arguments = parser.parse_args()
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
