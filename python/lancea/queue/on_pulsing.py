"""Queues of a Pulsing actor system, with the calls that Pulsing's documents show.

Pulsing's own writers and readers lack some of them: ``put_batch`` and ``stats`` of a writer,
``offset`` and ``get_stream`` of a reader. Here they are, over Pulsing's; records still go through
its actors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from lancea.queue.registration import pulsing_queues, register_backends

_STREAM_BATCH = 100
# Where the topics lie that were written in this process: a reader need not say it again.
_written: dict[str, dict[str, Any]] = {}


class PulsingWriter:
    """Puts records into a topic of an actor system."""

    def __init__(self, writer: Any):
        self.queue = writer.queue
        self._writer = writer

    async def put(self, record: dict[str, Any] | list[dict[str, Any]]) -> Any:
        return await self._writer.put(record)

    async def put_batch(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Records of one bucket travel in one message."""
        places: dict[int, list[dict[str, Any]]] = {}
        numbers = []
        for record in records:
            if self.queue.bucket_column not in record:
                raise ValueError(f"Missing partition column '{self.queue.bucket_column}'")
            number = self.queue.get_bucket_id(record[self.queue.bucket_column])
            numbers.append(number)
            places.setdefault(number, []).append(record)
        for number, mine in places.items():
            bucket = await self.queue._ensure_bucket(number)
            await bucket.put_batch(mine)
        return [{"bucket_id": number, "status": "ok"} for number in numbers]

    async def flush(self) -> None:
        await self._writer.flush()

    async def stats(self) -> dict[str, Any]:
        """Sums over the buckets, and each one's own."""
        stats = await self.queue.stats()
        for key in ("total_count", "buffer_count", "buffer_size", "persisted_count"):
            stats[key] = sum(bucket.get(key, 0) for bucket in stats["buckets"].values())
        return stats

    def sync(self) -> Any:
        return self._writer.sync()


class PulsingReader:
    """Reads a topic of an actor system, remembering how far it came in each bucket."""

    def __init__(self, reader: Any):
        self.queue = reader.queue
        self._reader = reader

    async def get(
        self,
        limit: int = 100,
        offset: int | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]:
        """The next records; with ``offset``, those from there on in each bucket."""
        if offset is not None:
            self._reader.set_offset(offset)
        return await self._reader.get(limit=limit, wait=wait, timeout=timeout)

    async def get_stream(
        self,
        limit: int | None = None,
        offset: int | None = None,
        wait: bool = False,
        timeout: float | None = None,
        block: bool | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Records one by one; with ``wait`` (or ``block``) those that are yet to come too.

        Pulsing waits for one bucket at a time, so a wait goes round the buckets in turns.
        """
        wait = wait if block is None else block
        if offset is not None:
            self._reader.set_offset(offset)
        left = (1 << 62) if limit is None else limit
        buckets = max(len(self._reader._get_bucket_ids()), 1)
        while left > 0:
            records = await self._reader.get(limit=min(left, _STREAM_BATCH))
            if not records:
                if not wait:
                    return
                turn = 0.05 if buckets > 1 else None
                waited = 0.0
                while not records:
                    records = await self._reader.get(
                        limit=min(left, _STREAM_BATCH),
                        wait=True,
                        timeout=turn if timeout is None else min(timeout, turn or timeout),
                    )
                    waited += buckets * (turn or 0.0) if turn else timeout or 0.0
                    if not records and timeout is not None and waited >= timeout:
                        return
            for record in records:
                yield record
            left -= len(records)

    def reset(self) -> None:
        self._reader.reset()

    def set_offset(self, offset: int, bucket_id: int | None = None) -> None:
        self._reader.set_offset(offset, bucket_id)


async def write_queue(
    system: Any,
    topic: str,
    *,
    storage_path: str | Path = "./queue_storage",
    backend: str = "lance",
    backend_options: dict[str, Any] | None = None,
    num_buckets: int | None = None,
    bucket_column: str | None = None,
    batch_size: int = 100,
) -> PulsingWriter:
    """Open a topic for writing; its buckets lie below ``<storage_path>/<topic>``."""
    register_backends()
    place = {
        "num_buckets": num_buckets or 4,
        "storage_path": str(Path(storage_path) / topic),
        "backend": backend,
        "backend_options": {"topic": topic} | (backend_options or {}),
    }
    writer = await pulsing_queues().write_queue(
        system, topic, bucket_column=bucket_column or "id", batch_size=batch_size, **place
    )
    _written[topic] = place
    return PulsingWriter(writer)


async def read_queue(
    system: Any,
    topic: str,
    *,
    storage_path: str | Path | None = None,
    backend: str | None = None,
    backend_options: dict[str, Any] | None = None,
    num_buckets: int | None = None,
    **which: Any,
) -> PulsingReader:
    """Open a topic for reading; ``which`` are Pulsing's bucket_id, bucket_ids, rank, world_size.

    What is not said is as it was written in this process, if it was.
    """
    register_backends()
    place = dict(_written.get(topic, {}))
    if storage_path is not None or not place:
        place["storage_path"] = str(Path(storage_path or "./queue_storage") / topic)
    if backend is not None or "backend" not in place:
        place["backend"] = backend or "lance"
    if backend_options is not None or "backend_options" not in place:
        place["backend_options"] = {"topic": topic} | (backend_options or {})
    if num_buckets is not None or "num_buckets" not in place:
        place["num_buckets"] = num_buckets or 4
    return PulsingReader(await pulsing_queues().read_queue(system, topic, **place, **which))
