"""The storage backend of one bucket: what Pulsing calls, and what works alone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from lancea.queue import cores, records
from lancea.queue.errors import RecordError, StorageError
from lancea.queue.stats import stats_of
from lancea.queue.tensors import TensorCalls
from lancea.queue.waking import loop_waker

_STREAM_BATCH = 100  # records of one step of get_stream, as Pulsing's own backend gives
_READER_POLL = (0.001, 0.02)  # seconds between looks for what other processes committed
_ALL = 1 << 62
_NO_ROOM, _PUT, _PUT_AND_FLUSH_DUE = 0, 1, 2  # what a put of the core says


class LanceBackend(TensorCalls):
    """Records of one bucket in the Lance table ``<storage_path>/data.lance``.

    The first record says what the schema is; each later one must match it. Records are buffered and
    flushed as one fragment, when there are ``flush_threshold`` of them, by size or by age; a put
    waits while the buffer is full. The first put makes this backend the writer of the bucket;
    others, in this process or another, only read until it is closed.

    :param bucket_id: number of the bucket; for statistics
    :param storage_path: folder of the bucket
    :param batch_size: accepted for Pulsing; the flush threshold is ``flush_threshold``
    :param flush_threshold: records that are flushed without being asked
    :param flush_interval: seconds after which buffered records are flushed; 0: whatever their age
    :param schema_evolution: records may bring new fields, which become nullable columns, and leave
        fields out
    :param fixed_size_vectors: True or names: lists of floats become vectors of ``vector_type``
    :param topic: noted in the folder when given; another topic is refused then

    Of several backends of one bucket in a process, the options of the one that writes hold.
    """

    backend_name = "lance"

    def __init__(
        self,
        bucket_id: int = 0,
        storage_path: str = ".",
        batch_size: int = 100,
        *,
        flush_threshold: int = 1000,
        flush_bytes: int = 64 << 20,
        flush_interval: float = 0.0,
        max_buffer_records: int = 0,
        max_buffer_bytes: int = 256 << 20,
        schema_evolution: bool = False,
        fixed_size_vectors: bool | list[str] | dict[str, int] = False,
        vector_type: str = "float32",
        compaction: bool = True,
        retain_versions: float = 60.0,
        topic: str | None = None,
        **kwargs: Any,
    ):
        if flush_threshold < 1:
            raise ValueError(f"flush_threshold must be positive, got {flush_threshold}")
        self.bucket_id = bucket_id
        self.storage_path = str(storage_path)
        self.batch_size = batch_size
        self.flush_threshold = flush_threshold
        self.schema_evolution = schema_evolution
        self._vectors = fixed_size_vectors
        self._vector_type = vector_type
        self._topic = topic
        self.closed = False
        self._is_writer = False
        self._has_schema = False
        self._restore: tuple[Any, Any] = (None, None)
        TensorCalls.__init__(self)
        self._options = {
            "flush_rows": flush_threshold,
            "flush_bytes": flush_bytes,
            "flush_age_seconds": float(kwargs.pop("auto_flush_interval_sec", flush_interval)),
            "max_buffer_rows": max_buffer_records,
            "max_buffer_bytes": max_buffer_bytes,
            "enable_compaction": compaction,
            "retain_versions_seconds": float(retain_versions),
            **self._log_options(),
        }
        if kwargs:
            raise TypeError(f"{type(self).__name__} has no option {', '.join(sorted(kwargs))}")
        if topic is not None:
            cores.check_marker(self.storage_path, topic=topic)
        self._core = cores.open_core(self.storage_path)
        self._bucket = self._core.bucket

    def _log_options(self) -> dict[str, Any]:
        return {}

    # Writing -------------------------------------------------------------------------------------

    def _become_writer(self) -> None:
        if self.closed:
            raise StorageError(f"queue bucket {self.storage_path} is closed")
        self._core.claim(self, self._options)
        self._is_writer = True

    def _accept_schema(self, batch: list[dict[str, Any]]) -> None:
        """Settle the schema by the first records there are."""
        if self._bucket.schema() is not None:
            self._has_schema = True
            return
        for at in range(len(batch)):
            try:
                schema = records.infer_schema(batch[at:], self._vectors, self._vector_type)
            except TypeError as error:
                if at + 1 == len(batch):
                    raise RecordError(
                        [(at, "", "a record that can be stored", str(error))]
                    ) from error
                continue
            with cores.translated():
                self._bucket.evolve(schema)
            self._has_schema = True
            return

    def _widen(self, record: dict[str, Any]) -> bool:
        """Let the schema take a record that did not fit, if it may. :return: try again"""
        if not isinstance(record, dict):
            return False
        schema = records.widened(
            self._bucket.schema(), record, self.schema_evolution, self._vectors, self._vector_type
        )
        if schema is None:
            return False
        try:
            self._bucket.evolve(schema)
        except (OSError, ValueError):
            return False
        return True

    async def put(self, record: dict[str, Any]) -> None:
        """Store one record; the flush that it sets off is waited for.

        :raises RecordError: it does not match the schema; nothing changed
        :raises StorageError: another writes this bucket, or it cannot be stored
        """
        if not self._is_writer or self.closed:
            self._become_writer()
        if not self._has_schema:
            self._accept_schema([record])
        while True:
            try:
                done = self._bucket.put_record(record, self.schema_evolution)
            except (OSError, ValueError, OverflowError, NotImplementedError) as error:
                raise cores.raised(error) from error
            if done == _PUT:
                return
            if done == _PUT_AND_FLUSH_DUE:
                await self._wait_until(self._is_settled)
                return
            if done == _NO_ROOM:
                await self._wait_until(self._has_room)
            elif not isinstance(done, tuple):
                await self._stored(done)
                if self._bucket.is_flush_due():
                    await self._wait_until(self._is_settled)
                return
            elif not self._widen(record):
                raise RecordError([(0, *done)])

    async def put_batch(self, batch: Iterable[dict[str, Any]]) -> None:
        """Store records, in order; those that do not match the schema are refused.

        :raises RecordError: naming the records that were refused
        :raises StorageError: the rest cannot be stored; ``stored`` of them, the first, are
        """
        await self._store(batch if isinstance(batch, list) else list(batch))

    async def _store(self, batch: list[dict[str, Any]]) -> list[int]:
        """What put_batch does. :return: the offsets"""
        if not batch:
            return []
        if not self._is_writer or self.closed:
            self._become_writer()
        if not self._has_schema:
            self._accept_schema(batch)
        refused: list[tuple[int, str, str, str]] = []
        puts: list[tuple[Any, int]] = []
        begin = 0
        failure: StorageError | None = None
        try:
            while begin < len(batch):
                with cores.translated():
                    rows, misfits, end = self._bucket.build_rows(
                        batch, begin, self.schema_evolution
                    )
                    if misfits and any(self._widen(batch[index]) for index, *_ in misfits):
                        continue
                    if len(rows):
                        put = self._bucket.put_rows(rows)
                        if put is None:
                            await self._wait_until(self._has_room)
                            continue  # built again: the schema may have grown meanwhile
                        puts.append((put, len(rows)))
                refused += misfits
                begin = end
        except StorageError as error:
            failure = error
        offsets: list[int] = []
        for put, count in puts:
            try:
                first = await self._stored(put)
                offsets += range(first, first + count)
            except StorageError as error:
                failure = failure or error
        if failure is not None:
            failure.stored = len(offsets)
            raise failure
        if refused:
            raise RecordError(refused, len(offsets))
        return offsets

    async def put_table(self, table: Any) -> None:
        """Store the rows of a ``pyarrow.Table`` or ``RecordBatch`` whose schema is the queue's."""
        if not self._is_writer or self.closed:
            self._become_writer()
        batches = table.to_batches() if hasattr(table, "to_batches") else [table]
        for rows in batches:
            with cores.translated():
                while (put := self._bucket.put_batch(rows)) is None:
                    await self._wait_until(self._has_room)
            await self._stored(put)

    async def flush(self) -> None:
        """Persist everything put so far.

        :raises StorageError: what kept it; the records stay buffered
        """
        if self.closed:
            return
        flush = self._bucket.flush()
        if not flush.done():
            await loop_waker().wait_for(self._core, flush.done)
        with cores.translated():
            flush.result()

    def close(self) -> None:
        """Flush and give the bucket back.

        :raises StorageError: what kept records from being persisted; it is not closed then, unless
            they are in the log
        """
        if self.closed:
            return
        self._core.release(self)
        self.closed = True
        self._is_writer = False

    async def aclose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    on_stop = close

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    # Waiting -------------------------------------------------------------------------------------

    def _has_room(self) -> bool:
        # A flush that fails makes no room: the put that asks again is told.
        return self._bucket.has_room() or bool(self._bucket.stats()["flush_error"])

    def _is_settled(self) -> bool:
        return not self._bucket.is_flush_due()

    async def _stored(self, put: Any) -> int:
        """Wait until a put of the core is logged. :return: the offset of its first record"""
        if not put.done():
            await loop_waker().wait_for_put(self._core, put)
        try:
            return put.result()
        except (OSError, ValueError, OverflowError, NotImplementedError) as error:
            raise cores.raised(error) from error

    async def _wait_until(self, condition: Any, timeout: float | None = None) -> bool:
        """Wait for a change after which `condition()` holds. :return: False when the time was up"""
        deadline = None if timeout is None else time.monotonic() + timeout
        poll = _READER_POLL[0]
        future = loop_waker().wait_for(self._core, condition)
        try:
            while not future.done():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                if not self._bucket.is_writer:
                    # Another process writes: look for what it committed. That wakes us like a put.
                    with cores.translated():
                        self._bucket.refresh()
                    left = poll if left is None else min(left, poll)
                    poll = min(2 * poll, _READER_POLL[1])
                elif left is None:
                    await future
                    return True
                await asyncio.wait({future}, timeout=left)
            future.result()
            return True
        finally:
            future.cancel()

    # Reading -------------------------------------------------------------------------------------

    def _read(self, offset: int, limit: int) -> list[dict[str, Any]]:
        if self.closed:
            raise StorageError(f"queue bucket {self.storage_path} is closed")
        with cores.translated():
            rows = self._bucket.get(max(offset, 0), max(limit, 0))
        if not rows:
            return rows
        schema = self._bucket.schema()
        if self._restore[0] is None or not self._restore[0].equals(schema, check_metadata=True):
            self._restore = (schema, records.restorer(schema))
        restore = self._restore[1]
        return rows if restore is None else restore(rows)

    async def get(self, limit: int = 100, offset: int = 0) -> list[dict[str, Any]]:
        """Records from ``offset`` on, persisted and buffered ones in the order of their puts."""
        return self._read(offset, limit)

    async def get_by_indices(self, indices: list[int]) -> list[dict[str, Any]]:
        """Records by offset, in the order asked for; those that are not there are left out."""
        rows: list[dict[str, Any]] = []
        at = 0
        while at < len(indices):
            end = at + 1
            while end < len(indices) and indices[end] == indices[end - 1] + 1:
                end += 1
            if indices[at] >= 0:
                rows += self._read(indices[at], end - at)
            at = end
        return rows

    def get_table(self, limit: int | None = None, offset: int = 0):
        """Records as a ``pyarrow.Table``."""
        with cores.translated():
            return self._bucket.get_table(offset, _ALL if limit is None else limit)

    async def get_stream(
        self,
        limit: int | None = None,
        offset: int = 0,
        wait: bool = False,
        timeout: float | None = None,
        block: bool | None = None,
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Records from ``offset`` on, in lists.

        :param limit: records in all; None: no end
        :param wait: wait for records that are not there yet (``block`` is another word for it)
        :param timeout: seconds to wait for the next ones, then the stream ends; None: for ever
        """
        wait = wait if block is None else block
        left = _ALL if limit is None else limit
        while left > 0:
            rows = self._read(offset, min(left, _STREAM_BATCH))
            if rows:
                yield rows
                offset += len(rows)
                left -= len(rows)
                continue
            position = offset
            if not wait or not await self._wait_until(
                lambda: self.closed or self._bucket.num_rows() > position,  # noqa: B023
                timeout or None,
            ):
                return
            if self.closed:
                return

    def total_count(self) -> int:
        """Records there are; the offset of the next one."""
        if self.closed:
            return 0
        if not self._bucket.is_writer:
            with cores.translated():
                self._bucket.refresh()
        return self._bucket.num_rows()

    def __len__(self) -> int:
        return self.total_count()

    def __bool__(self) -> bool:
        return True  # also without records

    async def stats(self) -> dict[str, Any]:
        """What the bucket holds. A flush that is due is waited for, so the numbers are settled."""
        if not self.closed and self._bucket.is_flush_due():
            await self._wait_until(self._is_settled, timeout=60)
        return self._stats()

    def _stats(self) -> dict[str, Any]:
        return stats_of(self)
