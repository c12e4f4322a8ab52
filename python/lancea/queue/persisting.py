"""The backend with a write-ahead log: what a put returned for survives the process."""

from __future__ import annotations

import contextlib
from typing import Any

from lancea.queue.backend import LanceBackend
from lancea.queue.errors import BucketLockedError
from lancea.queue.metrics import observe


class PersistingBackend(LanceBackend):
    """:class:`LanceBackend` with a write-ahead log and metrics.

    With ``wal_sync_interval=0`` a put returns once its records are on the disk; puts at the same
    time share one fsync. Otherwise the log is written and synced that often, in seconds, and a
    crash loses at most what was put since. Opening replays what is not in the table, exactly once.

    :param max_wal_size: bytes of log at which the buffer is flushed
    :param compression: of the log: none, lz4, zstd or snappy
    :param enable_metrics: count calls; see :func:`lancea.queue.metrics_text`
    :param salvage_wal: replay the sound records of a damaged log, instead of refusing it
    """

    backend_name = "persisting"

    def __init__(
        self,
        bucket_id: int = 0,
        storage_path: str = ".",
        batch_size: int = 100,
        *,
        enable_wal: bool = True,
        wal_sync_interval: float = 0.0,
        max_wal_size: int = 64 << 20,
        compression: str | None = "none",
        enable_metrics: bool = True,
        salvage_wal: bool = False,
        **kwargs: Any,
    ):
        if wal_sync_interval < 0:
            raise ValueError(f"wal_sync_interval must not be negative, got {wal_sync_interval}")
        self.enable_wal = enable_wal
        self.enable_metrics = enable_metrics
        self.wal_sync_interval = wal_sync_interval
        self._log = {
            "enable_wal": bool(enable_wal),
            "wal_sync_interval_seconds": float(wal_sync_interval),
            "max_wal_bytes": int(max_wal_size),
            "wal_compression": compression or "none",
            "salvage_wal": bool(salvage_wal),
        }
        self._counts = {"put_count": 0, "get_count": 0, "flush_count": 0}
        super().__init__(bucket_id, storage_path, batch_size, **kwargs)
        if enable_metrics:
            observe(self)
        # Whoever may write replays now, so that reads see what a crash left in the log.
        if enable_wal:
            with contextlib.suppress(BucketLockedError):
                self._become_writer()

    def _log_options(self) -> dict[str, Any]:
        return self._log

    async def put(self, record: dict[str, Any]) -> None:
        self._counts["put_count"] += 1
        await super().put(record)

    async def _store(self, batch: list[dict[str, Any]]) -> list[int]:
        self._counts["put_count"] += len(batch)
        return await super()._store(batch)

    async def get(self, limit: int = 100, offset: int = 0) -> list[dict[str, Any]]:
        self._counts["get_count"] += 1
        return await super().get(limit, offset)

    async def flush(self) -> None:
        self._counts["flush_count"] += 1
        await super().flush()

    def get_metrics(self) -> dict[str, Any]:
        """Counts of calls, and what the bucket has done."""
        stats = self._bucket.stats()
        return {
            **self._counts,
            "wal_syncs": stats["wal_syncs"],
            "replayed_count": stats["replayed_rows"],
            "last_flush_time": stats["last_flush_seconds"],
        }

    def _stats(self) -> dict[str, Any]:
        stats = super()._stats() | {
            "wal_enabled": self.enable_wal,
            "wal_syncs": self._bucket.stats()["wal_syncs"],
            "replayed_count": self._bucket.stats()["replayed_rows"],
        }
        if self.enable_metrics:
            stats["metrics"] = self.get_metrics()
        return stats
