"""What goes wrong with a queue."""

from __future__ import annotations


class StorageError(OSError):
    """A record could not be stored, read or flushed; the message says why."""

    #: Records of the same call that were stored all the same.
    stored = 0


class BucketLockedError(StorageError):
    """Somebody else writes the bucket; the message names who."""


class WALError(StorageError):
    """The write-ahead log cannot be written, or is damaged."""


class RecordError(StorageError, ValueError):
    """Records that do not fit the queue's schema. They were refused, and only they.

    ``refused`` holds ``(index, field, expected, found)`` of each; ``stored`` is how many records of
    the same call were stored.
    """

    def __init__(self, refused: list[tuple[int, str, str, str]], stored: int = 0):
        self.refused = refused
        self.stored = stored
        index, field, expected, found = refused[0]
        where = f'field "{field}"' if field else "record"
        message = f"{where}: expected {expected}, found {found}"
        if stored or len(refused) > 1:
            message = (
                f"{len(refused)} of {stored + len(refused)} records refused, the others stored; "
                f"record {index}: {message}"
            )
        super().__init__(message)
        self.field, self.expected, self.found = field, expected, found
