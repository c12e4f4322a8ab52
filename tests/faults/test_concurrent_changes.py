"""Processes delete, update, merge and append at once: sums and ids stay what each was told."""

from __future__ import annotations

import json
import subprocess
import sys

import lance
import pyarrow as pa

import lancea

ROWS, SECONDS = 2000, 12

# No two processes change the same id: its last digit says whose it is. So what a process was
# told of a change still holds at the end.
CHANGER = """
import json, random, sys, time
import pyarrow as pa, pyarrow.compute as pc, lancea

path, kind, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
draw = random.Random(seed)
until = time.time() + seconds
deleted, merged, appended, added, attempts = [], {}, [], 0, 0
ds = lancea.dataset(path)
turn = 0
patience = dict(conflict_retries=1000, retry_timeout=__import__("datetime").timedelta(minutes=2))
while time.time() < until:
    turn += 1
    if draw.random() < 0.5:
        ds.checkout_latest()
    if kind == "delete":
        wanted = [i * 10 + seed for i in draw.sample(range(200), 3)]
        got = ds.delete(pc.field("id").isin(wanted), **patience)["num_deleted_rows"]
        deleted += [wanted]
        added += got
    elif kind == "merge":
        rows = {draw.randrange(100) * 10 + seed: turn for _ in range(4)}
        rows |= {10_000 * seed + turn: turn}
        source = pa.table({"id": list(rows), "amount": list(rows.values())})
        builder = ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        builder.conflict_retries(1000).retry_timeout(patience["retry_timeout"])
        attempts += builder.execute(source)["num_attempts"]
        merged |= rows
    else:
        ids = [1_000_000 * seed + turn * 2, 1_000_000 * seed + turn * 2 + 1]
        lancea.write_dataset(pa.table({"id": ids, "amount": [0, 0]}), path, mode="append")
        appended += ids
print(json.dumps({"deleted": deleted, "num_deleted": added, "merged": merged,
                  "appended": appended, "attempts": attempts, "turns": turn}))
"""


def test_deletes_merges_and_appends_at_once_keep_every_promise(tmp_path):
    path = tmp_path / "table"
    start = pa.table({"id": pa.array(range(ROWS), pa.int64()), "amount": [0] * ROWS})
    lancea.write_dataset(start, path, max_rows_per_file=500, enable_stable_row_ids=True)
    jobs = [("delete", 1), ("delete", 2), ("merge", 3), ("merge", 4), ("append", 5)]
    changers = [
        subprocess.Popen(
            [sys.executable, "-c", CHANGER, str(path), kind, str(seed), str(SECONDS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind, seed in jobs
    ]
    told = [json.loads(changer.communicate(timeout=300)[0]) for changer in changers]
    assert [changer.returncode for changer in changers] == [0] * len(jobs)

    gone = {i for t in told for ids in t["deleted"] for i in ids}
    expected = {i: 0 for i in range(ROWS) if i not in gone}
    for answer in told:
        expected |= {int(i): amount for i, amount in answer["merged"].items()}
        expected |= dict.fromkeys(answer["appended"], 0)
    # Each deleted row was counted by exactly one delete.
    assert sum(t["num_deleted"] for t in told) == len(gone & set(range(ROWS)))
    for module in (lancea, lance):
        dataset = module.dataset(str(path))
        table = dataset.to_table(columns=["id", "amount", "_rowid"])
        found = dict(zip(table["id"].to_pylist(), table["amount"].to_pylist(), strict=True))
        assert len(found) == table.num_rows, module.__name__
        assert found == expected, module.__name__
        assert len(set(table["_rowid"].to_pylist())) == table.num_rows
        # Rows keep their ids whatever happens to them.
        first = {
            row_id: i
            for i, row_id in zip(table["id"].to_pylist(), table["_rowid"].to_pylist(), strict=True)
        }
        assert all(first[i] == i for i in expected if i < ROWS), module.__name__
    lance.dataset(str(path)).validate()


def test_the_same_rows_deleted_by_all_are_counted_once(tmp_path):
    path = tmp_path / "table"
    lancea.write_dataset(pa.table({"id": range(ROWS)}), path, max_rows_per_file=500)
    script = """
import sys, pyarrow.compute as pc, lancea, datetime
ds, count = lancea.dataset(sys.argv[1]), 0
for low in range(0, 2000, 100):
    rows = (pc.field("id") >= low) & (pc.field("id") < low + 100)
    count += ds.delete(rows, conflict_retries=1000,
                       retry_timeout=datetime.timedelta(minutes=2))["num_deleted_rows"]
print(count)
"""
    deleters = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    counts = [int(deleter.communicate(timeout=300)[0]) for deleter in deleters]
    assert sum(counts) == ROWS
    assert lance.dataset(str(path)).count_rows() == 0
