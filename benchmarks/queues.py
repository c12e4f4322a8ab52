"""Queues: Lancea's backends beside Pulsing's memory, SQLite, and the published Persisting backend.

    python benchmarks/queues.py [--records 10000000] [--json FILE]

Rivals that are not installed are left out (``pip install pulsing persisting``). Every store is
read back and counted before its time is believed. Times are of one process on one event loop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from lancea.queue import LanceBackend, PersistingBackend


def record(i: int) -> dict:
    return {"id": f"key-{i}", "value": i, "score": i * 0.5, "text": "a small record"}


class SqliteQueue:
    """A neutral peer: one table, WAL journal; each put is a transaction, FULL syncs it."""

    def __init__(self, path: Path, synchronous: str):
        path.mkdir(parents=True)
        self.db = sqlite3.connect(path / "queue.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(f"PRAGMA synchronous={synchronous}")
        self.db.execute(
            "CREATE TABLE q (n INTEGER PRIMARY KEY, id TEXT, value INT, score REAL, text TEXT)"
        )

    async def put(self, row: dict) -> None:
        self.db.execute("INSERT INTO q VALUES (NULL, ?, ?, ?, ?)", tuple(row.values()))

    async def put_batch(self, rows: list[dict]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT INTO q VALUES (NULL, ?, ?, ?, ?)", [tuple(r.values()) for r in rows]
        )
        self.db.execute("COMMIT")

    async def flush(self) -> None:
        pass

    def total_count(self) -> int:
        return self.db.execute("SELECT count(*) FROM q").fetchone()[0]


def makers(folder: Path) -> dict:
    made = {
        "lancea LanceBackend": lambda: LanceBackend(0, str(folder / "lance")),
        "lancea PersistingBackend, sync every 10 ms": lambda: PersistingBackend(
            0, str(folder / "interval"), wal_sync_interval=0.01
        ),
        "lancea PersistingBackend, each put on disk": lambda: PersistingBackend(
            0, str(folder / "sync")
        ),
        "SQLite WAL, synchronous=NORMAL": lambda: SqliteQueue(folder / "normal", "NORMAL"),
        "SQLite WAL, synchronous=FULL": lambda: SqliteQueue(folder / "full", "FULL"),
    }
    try:
        from pulsing.streaming import MemoryBackend

        made["Pulsing MemoryBackend"] = lambda: MemoryBackend(0)
    except ImportError:
        pass
    try:
        from persisting.queue import LanceBackend as Published

        made["persisting LanceBackend"] = lambda: Published(
            0, str(folder / "published"), batch_size=1000
        )
    except ImportError:
        pass
    return made


async def put_rate(backend, count: int, batch: int, tasks: int = 1) -> float:
    """Records per second, until the last put returned; everything is there then."""
    rows = [record(i) for i in range(count)]
    start = time.perf_counter()
    if batch > 1:
        for at in range(0, count, batch):
            await backend.put_batch(rows[at : at + batch])
    elif tasks == 1:
        for row in rows:
            await backend.put(row)
    else:

        async def put_every(first: int) -> None:
            for row in rows[first::tasks]:
                await backend.put(row)

        await asyncio.gather(*(put_every(first) for first in range(tasks)))
    seconds = time.perf_counter() - start
    await backend.flush()
    assert backend.total_count() == count, (backend.total_count(), count)
    return count / seconds


def rates(seconds_each: float) -> dict:
    """For each store: put_batch of 1000, put one after another, put from 64 tasks."""
    results = {}
    for name in makers(Path("/")):
        results[name] = {}
        for kind, batch, tasks in [("put_batch", 1000, 1), ("put", 1, 1), ("put x64", 1, 64)]:
            with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
                count, rate = 2000, 0.0
                while True:
                    shutil.rmtree(folder)
                    Path(folder).mkdir()
                    backend = makers(Path(folder))[name]()
                    rate = asyncio.run(put_rate(backend, count, batch, tasks))
                    if hasattr(backend, "close"):
                        backend.close()
                    if count / rate >= seconds_each or count >= 2_000_000:
                        break
                    count = int(min(max(count * 4, rate * seconds_each * 1.1), 2_000_000))
            results[name][kind] = round(rate)
            print(f"  {name:45} {kind:10} {rate:12,.0f} records/s", flush=True)
    return results


def resident() -> float:
    """MB of memory of our own; mapped files are the system's to drop."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def long_run(total: int) -> dict:
    """Flush latency and memory as the table grows: 1000 records a flush, asked for each time."""
    marks = [n for n in (10_000, 100_000, 1_000_000, 10_000_000, 30_000_000) if n <= total]
    results = {}
    rows = [record(i) for i in range(1000)]
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        backend = LanceBackend(0, folder, flush_threshold=1000, retain_versions=5)
        put = 0
        samples: list[float] = []
        start = time.perf_counter()
        while put < total:
            near = next((n for n in marks if n - 10_000 <= put < n + 40_000), None)
            if near is None:
                # Quickly to the next mark, as a busy producer does.
                await backend.put_batch(rows)
                put += len(rows)
                continue
            if not samples:
                await backend.flush()
                await asyncio.sleep(0.5)
            await backend.put_batch(rows[:999])
            await backend.put_batch(rows[:1])
            begin = time.perf_counter()
            await backend.flush()
            samples.append(time.perf_counter() - begin)
            put += len(rows)
            if put >= near + 40_000 or put >= total:
                stats = await backend.stats()
                results[near] = {
                    "flush_ms_median": round(statistics.median(samples) * 1e3, 2),
                    "flush_ms_p90": round(statistics.quantiles(samples, n=10)[-1] * 1e3, 2),
                    "fragments": stats["fragments"],
                    "resident_mb": round(resident()),
                    "seconds": round(time.perf_counter() - start, 1),
                }
                print(f"  at {near:>10,} records: {results[near]}", flush=True)
                samples = []
        assert backend.total_count() == put
        backend.close()
    return results


async def tail_latency(samples: int) -> dict:
    """From put to the wake-up of a reader that is blocked on another task of the loop, ms."""
    results = {}
    for name, backend_class in [
        ("LanceBackend", LanceBackend),
        ("PersistingBackend", PersistingBackend),
    ]:
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            backend = backend_class(0, folder)
            took: list[float] = []

            async def read(backend=backend, took=took) -> None:
                async for rows in backend.get_stream(limit=samples, offset=0, wait=True):
                    now = time.perf_counter()
                    took.extend(now - row["at"] for row in rows)

            reader = asyncio.create_task(read())
            for _ in range(samples):
                await asyncio.sleep(0.001)
                await backend.put({"at": time.perf_counter()})
            await reader
            results[name] = {
                "median_ms": round(statistics.median(took) * 1e3, 3),
                "p99_ms": round(statistics.quantiles(took, n=100)[-1] * 1e3, 3),
            }
            print(f"  {name}: {results[name]}", flush=True)
            backend.close()
    return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each rate")
    parser.add_argument(
        "--folder", default=None, help="where the queues lie; default: temporary files"
    )
    parser.add_argument("--json", default=None)
    arguments = parser.parse_args()
    global FOLDER
    FOLDER = arguments.folder
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    results = {}
    print("rates")
    results["rates"] = rates(arguments.seconds)
    print("tail latency")
    results["tail"] = asyncio.run(tail_latency(2000))
    print("long run")
    results["long"] = asyncio.run(long_run(arguments.records))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1))


FOLDER: str | None = None

if __name__ == "__main__":
    main()
