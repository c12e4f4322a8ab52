"""What stats() of a backend says."""

from __future__ import annotations

from typing import Any


def stats_of(backend: Any) -> dict[str, Any]:
    total = backend.total_count()
    stats = backend._bucket.stats()
    flushes = stats["flushes"]
    return {
        "bucket_id": backend.bucket_id,
        "backend": backend.backend_name,
        "storage_path": backend.storage_path,
        "total_count": total,
        "buffer_count": stats["buffer_rows"],
        "buffer_size": stats["buffer_rows"],
        "buffer_bytes": stats["buffer_bytes"],
        "persisted_count": stats["persisted_rows"],
        "flush_threshold": backend.flush_threshold,
        "fragments": stats["fragments"],
        "version": stats["version"],
        "is_writer": stats["is_writer"],
        "flush_count": flushes,
        "flush_latency": stats["last_flush_seconds"],
        "flush_latency_mean": stats["total_flush_seconds"] / flushes if flushes else 0.0,
        "flush_latency_max": stats["max_flush_seconds"],
        "merges": stats["merges"],
        "wal_bytes": stats["wal_bytes"],
        "flush_error": stats["flush_error"],
        "wal_error": stats["wal_error"],
        "maintenance_error": stats["maintenance_error"],
    }
