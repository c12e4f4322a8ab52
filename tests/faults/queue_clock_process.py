"""A queue while the time of day jumps: ``queue_clock_process.py PATH OFFSET_FILE``.

Run with clock_shim.c preloaded. Ends with "done" when nothing went wrong.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from lancea.queue import PersistingBackend

HOUR, DAY, YEAR = 3600, 86_400, 31_536_000
JUMPS = [0, HOUR, -HOUR, 3 * YEAR, DAY, -3 * YEAR, -DAY, 10 * YEAR, 0]


async def main() -> None:
    path, offset_file = Path(sys.argv[1]), Path(sys.argv[2])
    began = time.time()

    def jump(seconds: int) -> None:
        offset_file.write_text(str(seconds))
        assert abs(time.time() - began - seconds) < 600, "the shim does not work"

    put = 0
    for round_, seconds in enumerate(JUMPS):
        jump(seconds)
        # Opened anew in every other round: replay and cleaning up at another time than writing.
        backend = PersistingBackend(
            0, str(path), flush_threshold=10, wal_sync_interval=0.01, retain_versions=0.1
        )
        assert backend.total_count() == put, round_
        for other in (0, -seconds, seconds):
            jump(other)
            for _ in range(12):
                await backend.put_batch([{"n": put + i} for i in range(10)])
                put += 10
                await backend.flush()
            # Waits take the time they were told, whatever the clock says.
            waiting = asyncio.create_task(backend._wait_until(lambda: False, timeout=0.1))
            await asyncio.sleep(0)
            jump(seconds - other)
            start = time.monotonic()
            assert await asyncio.wait_for(waiting, 20) is False
            assert 0.05 < time.monotonic() - start < 10
        await backend.put({"n": put})
        put += 1
        rows = await backend.get(1 << 40, 0)
        assert [row["n"] for row in rows] == list(range(put)), round_
        if round_ % 2:
            backend.close()
        else:
            # Dropped without a word: it closes itself.
            del backend
    backend = PersistingBackend(0, str(path), flush_threshold=10, retain_versions=0.1)
    for _ in range(100):
        versions = len(list((path / "data.lance" / "_versions").glob("*.manifest")))
        if versions < 20:
            break
        await backend.put({"n": put})
        put += 1
        await backend.flush()
        await asyncio.sleep(0.05)
    # Versions go by how long they have been replaced, not by what their timestamps say.
    assert versions < 20, versions
    stats = await backend.stats()
    assert stats["fragments"] < 60, stats
    assert stats["maintenance_error"] == "", stats
    rows = await backend.get(1 << 40, 0)
    assert [row["n"] for row in rows] == list(range(put))
    backend.close()
    print("done", flush=True)


asyncio.run(main())
