"""Compaction and cleanup when they are worth it: one round, or in the background.

>>> ds.optimize.maintain()  # now
>>> with ds.optimize.in_background(interval=timedelta(minutes=5)):
...     ingest()
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lancea import _lancea

if TYPE_CHECKING:
    from lancea.optimize import CompactionOptions

_DEFAULT_AGE = timedelta(days=14)
_DEFAULT_INTERVAL = timedelta(minutes=1)


@dataclass
class MaintenanceOutcome:
    """What became of one step."""

    step: str  #: "compact", "cleanup"
    was_due: bool  #: there was something to do
    error: str  #: why it failed; empty: it did not
    fragments_removed: int
    fragments_added: int
    versions_removed: int
    files_removed: int
    bytes_removed: int


@dataclass
class MaintenanceReport:
    version: int  #: the latest one afterwards
    outcomes: list[MaintenanceOutcome]


def maintenance_options(
    *,
    compact: bool = True,
    compaction: CompactionOptions | None = None,
    min_fragments: int = 8,
    clean_up: bool = True,
    older_than: timedelta = _DEFAULT_AGE,
    retain_versions: int | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """The options of a round, checked."""
    return {
        "compact": compact,
        "compaction": None if compaction is None else dict(compaction),
        "min_fragments": min_fragments,
        "clean_up": clean_up,
        "older_than_seconds": int(older_than.total_seconds()),
        "retain_versions": retain_versions,
        "dry_run": dry_run,
    }


def maintain(ds: _lancea.Dataset, **options: Any) -> MaintenanceReport:
    raw = _lancea.maintain(ds, maintenance_options(**options))
    return MaintenanceReport(
        raw["version"], [MaintenanceOutcome(**outcome) for outcome in raw["outcomes"]]
    )


class BackgroundMaintenance:
    """A thread that maintains a table until :meth:`stop`, or until this goes.

    A step that fails does not keep others from running, and is tried again in the next round.
    """

    def __init__(
        self, ds: _lancea.Dataset, *, interval: timedelta = _DEFAULT_INTERVAL, **options: Any
    ):
        millis = int(interval.total_seconds() * 1000)
        if millis <= 0:
            raise ValueError("interval must be positive")
        self._thread = _lancea.BackgroundMaintenance(ds, maintenance_options(**options), millis)
        self._last = (0, 0, "")

    def _state(self) -> tuple[int, int, str]:
        thread = self._thread
        if thread is not None:
            self._last = (thread.num_rounds, thread.num_failures, thread.last_error)
        return self._last

    @property
    def num_rounds(self) -> int:
        return self._state()[0]

    @property
    def num_failures(self) -> int:
        """Steps that failed so far."""
        return self._state()[1]

    @property
    def last_error(self) -> str:
        """Why the last of them failed; empty: none did."""
        return self._state()[2]

    def stop(self) -> None:
        """End what is under way, which leaves no files behind, and wait for that."""
        self._state()
        self._thread = None

    def __enter__(self) -> BackgroundMaintenance:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def auto_maintenance(ds: Any, mode: str) -> BackgroundMaintenance:
    """What ``dataset(maintenance=...)`` starts."""
    if mode != "auto":
        raise ValueError(f'maintenance must be "auto" or None, got {mode!r}')
    return BackgroundMaintenance(ds._ds)
