"""Metrics of the buckets of this process in Prometheus' text format."""

from __future__ import annotations

import threading
import weakref
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_observed: weakref.WeakSet = weakref.WeakSet()

_METRICS = [
    ("put_records_total", "counter", "Records put by this process", "put_rows"),
    ("records", "gauge", "Records in the bucket", "total_rows"),
    ("buffer_records", "gauge", "Records not yet in the table", "buffer_rows"),
    ("buffer_bytes", "gauge", "Bytes of records not yet in the table", "buffer_bytes"),
    ("persisted_records", "gauge", "Records in the table", "persisted_rows"),
    ("fragments", "gauge", "Fragments of the table", "fragments"),
    ("flushes_total", "counter", "Flushes", "flushes"),
    ("flush_seconds_total", "counter", "Seconds spent in flushes", "total_flush_seconds"),
    ("flush_last_seconds", "gauge", "Seconds of the latest flush", "last_flush_seconds"),
    ("flush_max_seconds", "gauge", "Seconds of the longest flush", "max_flush_seconds"),
    ("merges_total", "counter", "Compactions of fragments", "merges"),
    ("wal_bytes", "gauge", "Bytes of the write-ahead log", "wal_bytes"),
    ("wal_syncs_total", "counter", "fsyncs of the write-ahead log", "wal_syncs"),
    ("replayed_records_total", "counter", "Records replayed from the log", "replayed_rows"),
]


def observe(backend: Any) -> None:
    _observed.add(backend)


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def metrics_text() -> str:
    """The metrics of every backend of this process that has them enabled."""
    # Backends of one bucket share its core: one series, whoever they are.
    cores = {b._core.token: b for b in list(_observed) if not b.closed}
    rows = [
        (f'bucket="{b.bucket_id}",path="{_escape(b.storage_path)}"', b._bucket.stats())
        for _, b in sorted(cores.items())
    ]
    lines = []
    for name, kind, text, key in _METRICS:
        lines += [f"# HELP lancea_queue_{name} {text}", f"# TYPE lancea_queue_{name} {kind}"]
        lines += [f"lancea_queue_{name}{{{labels}}} {stats[key]}" for labels, stats in rows]
    return "\n".join(lines) + "\n"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.split("?")[0] not in ("/", "/metrics"):
            self.send_error(404)
            return
        body = metrics_text().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def serve_metrics(port: int = 0, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Serve :func:`metrics_text` at ``/metrics``; ``shutdown()`` the result to end."""
    server = ThreadingHTTPServer((host, port), _Handler)
    threading.Thread(target=server.serve_forever, name="lancea-metrics", daemon=True).start()
    return server
