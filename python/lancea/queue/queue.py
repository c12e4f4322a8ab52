"""Queues without Pulsing: the same calls, over the buckets of a topic.

    <storage_path>/<topic>/bucket_<n>/data.lance

A record goes to the bucket of its ``bucket_column``: md5 of its value's text, as Pulsing has it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from lancea.queue.backend import LanceBackend
from lancea.queue.cores import check_marker, read_marker
from lancea.queue.errors import RecordError, StorageError
from lancea.queue.persisting import PersistingBackend

_BACKENDS = {"lance": LanceBackend, "persisting": PersistingBackend}


def _check_topic(topic: str) -> str:
    if not topic or topic in (".", "..") or re.search(r"[/\\\0]", topic):
        raise ValueError(f"a topic is the name of a folder; {topic!r} is none")
    return topic


class Queue:
    """The buckets of one topic."""

    def __init__(
        self,
        topic: str,
        storage_path: str | Path,
        *,
        num_buckets: int | None = None,
        bucket_column: str | None = None,
        batch_size: int = 100,
        backend: str | type = "lance",
        backend_options: dict[str, Any] | None = None,
    ):
        self.topic = _check_topic(topic)
        self.folder = Path(storage_path) / topic
        known = read_marker(self.folder)
        self.num_buckets = num_buckets or known.get("num_buckets") or 4
        self.bucket_column = bucket_column or known.get("bucket_column") or "id"
        if known:
            check_marker(self.folder, topic=topic, num_buckets=num_buckets)
        self.batch_size = batch_size
        if isinstance(backend, str) and backend not in _BACKENDS:
            raise ValueError(f"unknown backend {backend!r}; there are {', '.join(_BACKENDS)}")
        self.backend_class = _BACKENDS[backend] if isinstance(backend, str) else backend
        self.backend_options = backend_options or {}
        self._buckets: dict[int, Any] = {}

    def bucket(self, number: int):
        """The backend of one bucket, opened when first asked for."""
        if not 0 <= number < self.num_buckets:
            raise ValueError(f"bucket {number} of {self.num_buckets}")
        if number not in self._buckets:
            self._buckets[number] = self.backend_class(
                bucket_id=number,
                storage_path=str(self.folder / f"bucket_{number}"),
                batch_size=self.batch_size,
                **self.backend_options,
            )
        return self._buckets[number]

    def bucket_of(self, record: dict[str, Any]) -> int:
        if not isinstance(record, dict) or self.bucket_column not in record:
            raise ValueError(f"Missing partition column '{self.bucket_column}'")
        value = record[self.bucket_column]
        text = "" if value is None else str(value)
        return int(hashlib.md5(text.encode()).hexdigest(), 16) % self.num_buckets

    async def close(self) -> None:
        for backend in self._buckets.values():
            await backend.aclose()
        self._buckets.clear()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()


class QueueWriter(Queue):
    """Puts records into the buckets of a topic."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        check_marker(
            self.folder,
            topic=self.topic,
            num_buckets=self.num_buckets,
            bucket_column=self.bucket_column,
        )

    async def put(self, record: dict[str, Any] | list[dict[str, Any]]) -> Any:
        if isinstance(record, list):
            return await self.put_batch(record)
        number = self.bucket_of(record)
        await self.bucket(number).put(record)
        return {"bucket_id": number, "status": "ok"}

    async def put_batch(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.num_buckets == 1:
            for record in records:
                self.bucket_of(record)
            await self.bucket(0).put_batch(records)
            return [{"bucket_id": 0, "status": "ok"}] * len(records)
        numbers = [self.bucket_of(record) for record in records]
        places: dict[int, list[int]] = {}
        for at, number in enumerate(numbers):
            places.setdefault(number, []).append(at)
        refused: list[tuple[int, str, str, str]] = []
        stored = 0
        for number, mine in places.items():
            try:
                await self.bucket(number).put_batch([records[at] for at in mine])
                stored += len(mine)
            except RecordError as error:
                refused += [(mine[at], *why) for at, *why in error.refused]
                stored += error.stored
            except StorageError as error:
                error.stored += stored
                raise
        if refused:
            raise RecordError(sorted(refused), stored)
        return [{"bucket_id": number, "status": "ok"} for number in numbers]

    async def flush(self) -> None:
        await asyncio.gather(*(backend.flush() for backend in self._buckets.values()))

    async def stats(self) -> dict[str, Any]:
        """Sums over the buckets written to, and each one's own."""
        buckets = {number: await backend.stats() for number, backend in self._buckets.items()}
        sums = {
            key: sum(stats[key] for stats in buckets.values())
            for key in (
                "total_count",
                "buffer_count",
                "buffer_size",
                "persisted_count",
                "wal_bytes",
            )
        }
        return {
            "topic": self.topic,
            "bucket_column": self.bucket_column,
            "num_buckets": self.num_buckets,
            "storage_path": str(self.folder),
            **sums,
            "buckets": buckets,
        }


class QueueReader(Queue):
    """Reads the buckets of a topic, remembering how far it came in each."""

    def __init__(self, *args: Any, bucket_ids: list[int] | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.bucket_ids = list(range(self.num_buckets)) if bucket_ids is None else bucket_ids
        self._offsets: dict[int, int] = {}

    async def get(
        self,
        limit: int = 100,
        offset: int | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]:
        """The next records; with ``offset``, those from there on in each bucket."""
        while True:
            records: list[dict[str, Any]] = []
            for number in self.bucket_ids:
                if len(records) >= limit:
                    break
                begin = self._offsets.get(number, 0) if offset is None else offset
                found = await self.bucket(number).get(limit=limit - len(records), offset=begin)
                if offset is None:
                    self._offsets[number] = begin + len(found)
                records += found
            if records or not wait or not await self._wait(offset, timeout):
                return records

    async def _wait(self, offset: int | None, timeout: float | None) -> bool:
        """Wait for any bucket. :return: False when the time was up"""
        if not self.bucket_ids:
            return False
        starts = {
            number: self._offsets.get(number, 0) if offset is None else offset
            for number in self.bucket_ids
        }
        waits = [
            asyncio.ensure_future(
                self.bucket(number)._wait_until(
                    lambda n=number: self.bucket(n)._bucket.num_rows() > starts[n], timeout
                )
            )
            for number in self.bucket_ids
        ]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return any(wait.result() for wait in done)
        finally:
            for wait in waits:
                wait.cancel()

    async def get_stream(
        self,
        limit: int | None = None,
        offset: int | None = None,
        wait: bool = False,
        timeout: float | None = None,
        block: bool | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Records one by one; with ``wait`` (or ``block``) those that are yet to come too."""
        wait = wait if block is None else block
        if offset is not None:
            self.set_offset(offset)
        left = (1 << 62) if limit is None else limit
        while left > 0:
            records = await self.get(min(left, 100), wait=wait, timeout=timeout)
            if not records:
                return
            for record in records:
                yield record
            left -= len(records)

    def reset(self) -> None:
        self._offsets.clear()

    def set_offset(self, offset: int, bucket_id: int | None = None) -> None:
        for number in self.bucket_ids if bucket_id is None else [bucket_id]:
            self._offsets[number] = offset


def _system_and_topic(args: tuple, topic: str | None) -> tuple[Any, str]:
    """``write_queue(topic)`` or, as Pulsing has it, ``write_queue(system, topic)``."""
    given = [*args] if topic is None else [*args, topic]
    if len(given) == 1:
        given = [None, *given]
    if len(given) != 2 or not isinstance(given[1], str):
        raise TypeError("expected write_queue(topic, ...) or write_queue(system, topic, ...)")
    return given[0], given[1]


async def write_queue(
    *args: Any,
    topic: str | None = None,
    storage_path: str | Path = "./queue_storage",
    num_buckets: int | None = None,
    bucket_column: str | None = None,
    batch_size: int = 100,
    backend: str | type = "lance",
    backend_options: dict[str, Any] | None = None,
) -> Any:
    """Open a topic for writing: ``write_queue(topic, storage_path=...)``.

    With an actor system first, records go through Pulsing's actors.
    """
    system, topic = _system_and_topic(args, topic)
    options: dict[str, Any] = {
        "num_buckets": num_buckets,
        "bucket_column": bucket_column,
        "batch_size": batch_size,
        "backend": backend,
        "backend_options": backend_options,
    }
    if system is not None:
        from lancea.queue import on_pulsing

        return await on_pulsing.write_queue(
            system, _check_topic(topic), storage_path=storage_path, **options
        )
    return QueueWriter(topic, storage_path, **options)


async def read_queue(
    *args: Any,
    topic: str | None = None,
    storage_path: str | Path | None = None,
    bucket_id: int | None = None,
    bucket_ids: list[int] | None = None,
    rank: int | None = None,
    world_size: int | None = None,
    num_buckets: int | None = None,
    backend: str | type | None = None,
    backend_options: dict[str, Any] | None = None,
) -> Any:
    """Open a topic for reading: all buckets, some, or the share of one of several readers.

    It lies in ``./queue_storage`` unless said otherwise.

    With an actor system first, records come through Pulsing's actors.
    """
    system, topic = _system_and_topic(args, topic)
    options: dict[str, Any] = {
        "num_buckets": num_buckets,
        "backend": backend,
        "backend_options": backend_options,
    }
    if system is not None:
        from lancea.queue import on_pulsing

        return await on_pulsing.read_queue(
            system,
            _check_topic(topic),
            storage_path=storage_path,
            bucket_id=bucket_id,
            bucket_ids=bucket_ids,
            rank=rank,
            world_size=world_size,
            **options,
        )
    options["backend"] = backend or "lance"
    reader = QueueReader(topic, storage_path or "./queue_storage", **options)
    if rank is not None and world_size is not None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} of {world_size} readers")
        reader.bucket_ids = [n for n in range(reader.num_buckets) if n % world_size == rank]
    elif bucket_id is not None:
        reader.bucket_ids = [bucket_id]
    elif bucket_ids is not None:
        reader.bucket_ids = list(bucket_ids)
    return reader
