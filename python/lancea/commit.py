"""Commits and what they may run into."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

#: Takes the version about to be written. What it returns is entered before the version is published
#: and left after; no two writers may be inside at once.
CommitLock = Callable[[int], AbstractContextManager[None]]


class CommitConflictError(OSError):
    """Another writer committed a change that this one does not go together with.

    Attributes
    ----------
    retryable : bool
        True when the same change, made again on the latest version, may succeed
    """

    def __init__(self, message: str = "", retryable: bool = True):
        super().__init__(message)
        self.retryable = retryable

    def __reduce__(self):
        return type(self), (str(self), self.retryable)


def check_commit_lock(commit_lock: CommitLock | None) -> CommitLock | None:
    """The lock itself, if it can be called."""
    if commit_lock is not None and not callable(commit_lock):
        raise TypeError(f"commit_lock must be a function, got {type(commit_lock)}")
    return commit_lock
