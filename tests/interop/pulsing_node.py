"""One process of a Pulsing cluster: ``pulsing_node.py ROLE STORAGE_PATH BACKEND [ADDRESS]``.

``first`` starts a system and tells its address; ``second`` joins it and puts. Then both read every
bucket, wherever it is, tell what they found, and wait for a line before they end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import pulsing as pul

import lancea.queue
from lancea.queue.registration import pulsing_queues

RECORDS = 200


def tell(*what: object) -> None:
    print("told", *what, flush=True)  # Pulsing 0.1.0 writes its log there, too


async def line() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def main() -> None:
    role, path, backend, *seeds = sys.argv[1:]
    lancea.queue.register_backends()
    queues = pulsing_queues()
    system = await pul.actor_system(addr="127.0.0.1:0", seeds=seeds or None)
    options = {"backend": backend, "storage_path": path}
    # Every node must be able to hold buckets.
    reader = await queues.read_queue(system, "shared", **options)
    tell(system.addr)
    await line()
    if role == "second":
        writer = await queues.write_queue(system, "shared", **options)
        for n in range(RECORDS):
            await writer.put({"id": f"key-{n}", "n": n, "vector": [0.5 * n, 1.0]})
        await writer.flush()
        stats = await writer.queue.stats()
        assert sum(b["persisted_count"] for b in stats["buckets"].values()) == RECORDS
    else:
        while len(await reader.get(limit=1000)) == 0:
            await asyncio.sleep(0.05)
        await line()
        reader.reset()
    records = await reader.get(limit=10 * RECORDS)
    tell(*sorted(record["n"] for record in records))
    await line()
    # That of 0.1.0 waits for ever for the node that went first.
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(system.shutdown(), 2)


asyncio.run(main())
# Pulsing's threads may abort the interpreter while it ends, whatever the backend.
os._exit(0)
