"""The buckets open in this process. Everybody who opens a folder shares one, so readers see what is
buffered. The one who writes first is the writer, and its options hold."""

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
from lancea.commit import CommitConflictError
from lancea.queue.errors import BucketLockedError, StorageError, WALError

# A backend may be collected, and so closed, by whoever holds it.
_lock = threading.RLock()
_tokens = itertools.count()
_cores: weakref.WeakValueDictionary[tuple[int, str], Core] = weakref.WeakValueDictionary()


def raised(error: Exception) -> StorageError:
    """An error of the core as one of this package."""
    if isinstance(error, StorageError):
        return error
    text = str(error)
    if isinstance(error, CommitConflictError):
        return BucketLockedError(text)
    return WALError(text) if text.startswith("write-ahead log of ") else StorageError(text)


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

    def __init__(self, path: str):
        self.path = path
        with translated():
            self.bucket = _lancea.QueueBucket.open(path)
        self.token = next(_tokens)  # for wakers
        self._writer: weakref.ref | None = None
        # While the writer is being collected the reference to it is dead already.
        self._writer_id: int | None = None

    def claim(self, writer: Any, options: dict[str, Any]) -> None:
        """Make `writer` the one that writes. :raises BucketLockedError: there is another"""
        with _lock:
            current = self._writer() if self._writer is not None else None
            if current is not None and current is not writer and not current.closed:
                raise BucketLockedError(
                    f"queue bucket {self.path} is being written by another "
                    f"{type(current).__name__} of this process; a bucket has one writer, and two "
                    "topics cannot share one storage_path"
                )
            with translated():
                self.bucket.open_for_writing(options)
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


def open_core(path: str) -> Core:
    """The bucket at `path`, opened if it is not yet."""
    key = (os.getpid(), os.path.realpath(path))
    with _lock:
        core = _cores.get(key)
        if core is None:
            core = _cores[key] = Core(key[1])
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
