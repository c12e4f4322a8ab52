"""A process that puts into a queue until it is killed: ``queue_writer_process.py PATH FIRST...``.

Task ``t`` puts ``{"task": t, "n": FIRST[t], ...}``, then the next n, alone or a few at once. Each
put that returned is told on standard output: "t n" with the last n of it.
"""

from __future__ import annotations

import asyncio
import os
import sys

from lancea.queue import PersistingBackend


async def put_for_ever(backend: PersistingBackend, task: int, n: int) -> None:
    while True:
        count = 1 + (n * 7 + task) % 9
        rows = [{"task": task, "n": n + i, "text": "x" * ((n + i) % 200)} for i in range(count)]
        if count == 1:
            await backend.put(rows[0])
        else:
            await backend.put_batch(rows)
        n += count
        os.write(1, f"{task} {n - 1}\n".encode())


async def main() -> None:
    path, *first = sys.argv[1:]
    backend = PersistingBackend(
        0, path, flush_threshold=40, max_wal_size=40_000, retain_versions=0.05
    )
    os.write(1, b"ready\n")
    await asyncio.gather(*(put_for_ever(backend, t, int(n)) for t, n in enumerate(first)))


if __name__ == "__main__":
    asyncio.run(main())
