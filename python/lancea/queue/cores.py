"""The buckets open in this process. Everybody who opens a folder shares one, so readers see what is
buffered, and the one who writes first is the writer."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import threading
import weakref
from pathlib import Path
from typing import Any

from lancea import _lancea
from lancea.queue.errors import StorageError, WALError

# A backend may be collected, and so closed, by whoever holds it.
_lock = threading.RLock()
_tokens = itertools.count()
_cores: weakref.WeakValueDictionary[tuple[int, str], Core] = weakref.WeakValueDictionary()


def raised(error: Exception) -> StorageError:
    """An error of the core as one of this package."""
    if isinstance(error, StorageError):
        return error
    text = str(error)
    kind = (
        WALError
        if "write-ahead log" in text or "/wal/" in text or "in the log" in text
        else StorageError
    )
    return kind(text)


@contextlib.contextmanager
def translated():
    try:
        yield
    except StorageError:
        raise
    except (OSError, ValueError, OverflowError, MemoryError, NotImplementedError) as error:
        raise raised(error) from error


class Core:
    """One open bucket of this process."""

    def __init__(self, path: str, options: dict[str, Any]):
        self.path = path
        self.options = options
        with translated():
            self.bucket = _lancea.QueueBucket.open(path, options)
        self.token = next(_tokens)  # for wakers
        self._writer: weakref.ref | None = None
        self._writer_id: int | None = (
            None  # when it is being collected the reference is dead already
        )

    def claim(self, writer: Any, name: str) -> None:
        """Make `writer` the one that writes. :raises StorageError: there is another"""
        with _lock:
            current = self._writer() if self._writer is not None else None
            if current is not None and current is not writer and not current.closed:
                raise StorageError(
                    f"queue bucket {self.path} is being written by another {name} of this process; "
                    "a bucket has one writer, and two topics cannot share one storage_path"
                )
            with translated():
                self.bucket.open_for_writing()
            self._writer, self._writer_id = weakref.ref(writer), id(writer)

    def release(self, writer: Any) -> None:
        with _lock:
            if self._writer_id != id(writer):
                return
        with translated():
            self.bucket.stop_writing()
        with _lock:
            if self._writer_id == id(writer):
                self._writer = self._writer_id = None


def open_core(path: str, options: dict[str, Any]) -> Core:
    """The bucket at `path`, opened if it is not yet. The options of who opens it first hold."""
    key = (os.getpid(), os.path.realpath(path))
    with _lock:
        core = _cores.get(key)
        if core is None:
            core = Core(key[1], options)
            _cores[key] = core
        elif options.get("enable_wal") and not core.options.get("enable_wal"):
            if core.bucket.is_writer:
                raise StorageError(
                    f"queue bucket {path} is being written in this process without a log"
                )
            core = Core(key[1], options)
            _cores[key] = core
        return core


def open_cores() -> list[Core]:
    with _lock:
        return [core for (pid, _), core in _cores.items() if pid == os.getpid()]


@atexit.register
def _stop_all() -> None:
    for core in open_cores():
        with contextlib.suppress(Exception):
            core.bucket.close()


MARKER = "queue.json"


def check_marker(folder: str | Path, **facts: Any) -> dict[str, Any]:
    """Note what is known of a bucket in its folder, or refuse what contradicts what is noted.

    :raises StorageError: another topic has the folder, or another number of buckets
    """
    path = Path(folder) / MARKER
    known = read_marker(folder)
    for key, value in facts.items():
        if key in known and value is not None and known[key] != value:
            raise StorageError(
                f"{folder} belongs to a queue with {key} {known[key]!r}, not {value!r}"
                + ("; two topics cannot share one storage_path" if key == "topic" else "")
            )
    merged = known | {key: value for key, value in facts.items() if value is not None}
    if merged != known:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".tmp-{MARKER}-{os.getpid()}-{threading.get_ident()}")
        temporary.write_text(json.dumps(merged))
        temporary.replace(path)
    return merged


def read_marker(folder: str | Path) -> dict[str, Any]:
    try:
        return json.loads((Path(folder) / MARKER).read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
