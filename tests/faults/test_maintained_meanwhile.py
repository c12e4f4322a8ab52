"""Delete, update, merge, append, compact and clean up at once, in a process each, with readers.

``LANCEA_FAULT_SECONDS=60`` lets them run so long (default 8).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import lance
import numpy as np
import pyarrow as pa

import lancea

SECONDS = float(os.environ.get("LANCEA_FAULT_SECONDS", "8"))
IDS = 2000

# Ids are the same mod 10 for one process: nobody else changes its rows, so what it was told holds.
CHANGER = """
import json, random, sys, time, datetime
import pyarrow as pa, lancea, lancea.commit

path, kind, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
draw = random.Random(seed)
until = time.time() + seconds
patience = dict(conflict_retries=10000, retry_timeout=datetime.timedelta(minutes=5))
rows, turns, lost = {}, 0, 0
own = [i for i in range(2000) if i % 10 == seed]
if kind in ("delete", "update"):
    rows = {i: 1 for i in own}
while time.time() < until:
    turns += 1
    ds = lancea.dataset(path)
    if kind == "delete":
        wanted = draw.sample(own, 4)
        ds.delete(f"id IN ({', '.join(map(str, wanted))})", **patience)
        rows = {i: v for i, v in rows.items() if i not in wanted}
        merge = ds.checkout_version(ds.version).merge_insert("id")
        merge = merge.when_matched_update_all().when_not_matched_insert_all()
        back = draw.sample(own, 3)
        merge.conflict_retries(10000).retry_timeout(patience["retry_timeout"]).execute(
            pa.table({"id": back, "amount": [turns] * 3}))
        rows.update(dict.fromkeys(back, turns))
    elif kind == "update":
        wanted = draw.sample(own, 4)
        ds.update({"amount": str(turns)}, where=f"id IN ({', '.join(map(str, wanted))})",
                  **patience)
        rows.update(dict.fromkeys(wanted, turns))
    elif kind == "append":
        ids = [10_000 + 10 * (2 * turns + i) + seed for i in range(2)]
        lancea.write_dataset(pa.table({"id": ids, "amount": [2, 2]}), path, mode="append")
        rows.update(dict.fromkeys(ids, 2))
    elif kind in ("compact", "copy"):
        mode = "try_binary_copy" if kind == "copy" else "reencode"
        try:
            ds.optimize.compact_files(target_rows_per_fragment=500, compaction_mode=mode)
        except lancea.commit.CommitConflictError:
            lost += 1
    elif kind == "maintain":
        for outcome in ds.optimize.maintain(min_fragments=4, clean_up=False).outcomes:
            lost += outcome.error != ""
    elif kind == "cleanup":
        ds.cleanup_old_versions(retain_versions=200, error_if_tagged_old_versions=False)
        time.sleep(0.05)
print(json.dumps({"rows": rows, "turns": turns, "lost": lost}))
"""

KINDS = ["delete", "update", "append", "compact", "copy", "maintain", "cleanup"]


def contents(ds) -> dict[int, int]:
    table = ds.to_table(columns=["id", "amount"])
    rows = dict(zip(table["id"].to_pylist(), table["amount"].to_pylist(), strict=True))
    assert len(rows) == table.num_rows
    return rows


def test_all_at_once_keep_every_promise_and_readers_their_version(tmp_path):
    path = tmp_path / "table"
    start = pa.table({"id": pa.array(range(IDS), pa.int64()), "amount": [1] * IDS})
    ds = lancea.write_dataset(start, path, max_rows_per_file=250, enable_stable_row_ids=True)
    ds.tags.create("first", 1)  # cleanups leave it
    changers = [
        subprocess.Popen(
            [sys.executable, "-c", CHANGER, str(path), kind, str(seed), str(SECONDS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, kind in enumerate(KINDS)
    ]
    # Readers of the first version, and of whatever is the latest when they look.
    until = time.time() + SECONDS
    expected_first = contents(lancea.dataset(path, version="first"))
    rng = np.random.default_rng(5)
    looks = 0
    while time.time() < until:
        session = lancea.Session()
        assert contents(lancea.dataset(path, version="first", session=session)) == expected_first
        latest = lancea.dataset(path, session=session)
        before = contents(latest)
        time.sleep(float(rng.uniform(0, 0.05)))
        session = lancea.Session()
        try:
            again = lancea.dataset(path, version=latest.version, session=session)
        except ValueError:  # 200 versions later it is gone
            assert lancea.dataset(path).version > latest.version + 190
            continue
        assert contents(again) == before
        looks += 1
    assert looks > 0
    told = [json.loads(changer.communicate(timeout=600)[0]) for changer in changers]
    assert [changer.returncode for changer in changers] == [0] * len(KINDS)
    print({kind: (t["turns"], t["lost"]) for kind, t in zip(KINDS, told, strict=True)}, looks)

    expected = {i: 1 for i in range(IDS) if i % 10 > 1}
    for answer in told:
        expected |= {int(i): amount for i, amount in answer["rows"].items()}
    for module in (lancea, lance):
        assert contents(module.dataset(str(path))) == expected, module.__name__
        assert contents(module.dataset(str(path), version="first")) == expected_first
    assert lancea.dataset(path)._ds.verify() == []
    lance.dataset(str(path)).validate()
    mine = lancea.dataset(path)
    mine.cleanup_old_versions(
        retain_versions=1, delete_unverified=True, error_if_tagged_old_versions=False
    )
    assert mine.find_orphans() == []
    assert contents(lance.dataset(str(path))) == expected
