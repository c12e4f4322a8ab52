"""Queues: Lancea's backends beside Pulsing's memory, SQLite, and the published Persisting backend.

    python benchmarks/queues.py [--records 10000000] [--json FILE]

Prints the tables of docs/benchmarks.md. Rivals that are not installed are left out; ``persisting``
wants torch only for tensors: ``pip install --no-deps --target DIR persisting`` and PYTHONPATH=DIR
are enough. Every store is counted before its time is believed. Times are of one process on one
event loop; the best of ``--rounds`` counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import sqlite3
import statistics
import sys
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


# What is put at once, and from how many tasks.
KINDS = {
    "put_batch of 1,000": (1000, 1),
    "put": (1, 1),
    "64 tasks": (1, 64),
    "1,000 tasks": (1, 1000),
}


def rate_of(name: str, batch: int, tasks: int, seconds: float) -> float:
    """Records per second of a run that takes about as long as asked for."""
    count = 2000
    while True:
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            backend = makers(Path(folder))[name]()
            rate = asyncio.run(put_rate(backend, count, batch, tasks))
            if hasattr(backend, "close"):
                backend.close()
        if count / rate >= seconds / 2 or count >= 2_000_000:
            return rate
        count = int(min(max(count * 4, rate * seconds), 2_000_000))


def rates(seconds: float, rounds: int) -> dict:
    results: dict[str, dict[str, int]] = {}
    print(f"\n| records a second | {' | '.join(KINDS)} |\n| --- |{' ---: |' * len(KINDS)}")
    for name in makers(Path("/")):
        results[name] = {}
        for kind, (batch, tasks) in KINDS.items():
            best = max(rate_of(name, batch, tasks, seconds) for _ in range(rounds))
            results[name][kind] = round(best)
        row = " | ".join(f"{rate:,}" for rate in results[name].values())
        print(f"| {name} | {row} |", flush=True)
    return results


def resident() -> float:
    """MB of memory of our own; mapped files are the system's to drop."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def measured_flush(backend, rows: list[dict]) -> float:
    """Seconds of a flush of all rows but those that a full buffer flushes by itself."""
    await backend.put_batch(rows[:-1])
    await backend.put_batch(rows[-1:])
    begin = time.perf_counter()
    await backend.flush()
    return time.perf_counter() - begin


async def growth(total: int) -> dict:
    """What a flush of 1000 records, and a get of one, cost as the table grows; memory, too."""
    marks = [n for n in (10_000, 100_000, 1_000_000, 10_000_000, 30_000_000) if n <= total]
    results = {}
    rows = [record(i) for i in range(1000)]
    print("\n| records | flush, median | flush, 90 % | get 1 at any offset | fragments | memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        backend = LanceBackend(0, folder, flush_threshold=1000, retain_versions=5)
        put = 0
        for mark in marks:
            # Quickly to the next mark, as a busy producer does.
            while put < mark - 5_000:
                await backend.put_batch(rows)
                put += len(rows)
            await backend.flush()
            await asyncio.sleep(0.5)
            flushes = [await measured_flush(backend, rows) for _ in range(50)]
            put += 50 * len(rows)
            gets = []
            for i in range(200):
                begin = time.perf_counter()
                assert len(await backend.get(1, i * (put // 200))) == 1
                gets.append(time.perf_counter() - begin)
            stats = await backend.stats()
            results[mark] = {
                "flush_ms_median": round(statistics.median(flushes) * 1e3, 2),
                "flush_ms_p90": round(statistics.quantiles(flushes, n=10)[-1] * 1e3, 2),
                "get_ms_median": round(statistics.median(gets) * 1e3, 3),
                "fragments": stats["fragments"],
                "resident_mb": round(resident()),
            }
            flush, p90, get, fragments, memory = results[mark].values()
            print(
                f"| {mark:,} | {flush} ms | {p90} ms | {get} ms | {fragments} | {memory} MB |",
                flush=True,
            )
        assert backend.total_count() == put
        backend.close()
    return results


async def published_growth() -> dict:
    """The same of the published Persisting backend, as far as patience goes."""
    try:
        from persisting.queue import LanceBackend as Published
    except ImportError:
        return {}
    results = {}
    rows = [record(i) for i in range(1000)]
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        backend = Published(0, folder, batch_size=1_000_000)
        put = 0
        for mark in (10_000, 100_000, 300_000):
            while put < mark:
                # Few flushes on the way: each rewrites everything.
                await backend.put_batch(rows)
                put += len(rows)
            await backend.flush()
            flushes = [await measured_flush(backend, rows) for _ in range(5)]
            put += 5 * len(rows)
            results[mark] = round(statistics.median(flushes) * 1e3, 2)
            print(f"  persisting LanceBackend: flush at {mark:,} records {results[mark]} ms")
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
                "mean_ms": round(statistics.mean(took) * 1e3, 3),
                "median_ms": round(statistics.median(took) * 1e3, 3),
                "p99_ms": round(statistics.quantiles(took, n=100)[-1] * 1e3, 3),
            }
            print(f"  {name}: {results[name]}", flush=True)
            backend.close()
    return results


OTHER_READER = """
import asyncio, statistics, sys, time, lancea.queue
async def main():
    backend = lancea.queue.LanceBackend(0, sys.argv[1])
    took = []
    async for rows in backend.get_stream(limit=int(sys.argv[2]), offset=0, wait=True):
        now = time.monotonic()
        took.extend(now - row["at"] for row in rows)
    print(statistics.median(took[10:]) * 1e3)
asyncio.run(main())
"""


async def tail_latency_of_another_process(samples: int) -> float:
    """From put, with a flush after it, to a blocked reader of another process; median, ms."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        backend = LanceBackend(0, folder)
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", OTHER_READER, folder, str(samples), stdout=-1
        )
        for _ in range(samples):
            await asyncio.sleep(0.05)
            await backend.put({"at": time.monotonic()})
            await backend.flush()
        told, _ = await other.communicate()
        backend.close()
    print(f"  LanceBackend, reader in another process: median {float(told):.1f} ms", flush=True)
    return float(told)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each rate")
    parser.add_argument("--rounds", type=int, default=3, help="of each rate")
    parser.add_argument(
        "--folder", default=None, help="where the queues lie; default: temporary files"
    )
    parser.add_argument("--json", default=None)
    arguments = parser.parse_args()
    global FOLDER
    FOLDER = arguments.folder
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    results = {}
    results["rates"] = rates(arguments.seconds, arguments.rounds)
    results["growth"] = asyncio.run(growth(arguments.records))
    print("\nflush of the published backend")
    results["published_growth"] = asyncio.run(published_growth())
    print("\nfrom put to the wake-up of a blocked reader")
    results["tail"] = asyncio.run(tail_latency(2000))
    results["tail_other"] = asyncio.run(tail_latency_of_another_process(100))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1))


FOLDER: str | None = None

if __name__ == "__main__":
    main()
