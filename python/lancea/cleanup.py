"""Old versions, orphan files, and what maintenance would gain."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lancea import _lancea
from lancea.errors import RefusedError

if TYPE_CHECKING:
    from lancea.optimize import CompactionOptions

_DEFAULT_AGE = timedelta(days=14)


@dataclass
class CleanupStats:
    """What a cleanup removed."""

    bytes_removed: int = 0
    old_versions: int = 0
    data_files_removed: int = 0
    transaction_files_removed: int = 0
    index_files_removed: int = 0
    deletion_files_removed: int = 0
    failed_deletes: int = 0  #: files that could not be removed


@dataclass
class CleanupCandidateFile:
    path: str  #: below the table's root
    kind: str
    unverified: bool  #: no version, old or live, refers to it
    size_bytes: int


@dataclass
class CleanupReferencedBranch:
    """A branch that begins at a version, which stays therefore."""

    name: str
    referenced_version: int
    cleanup_candidate: bool = False


@dataclass
class CleanupExplanation:
    """What a cleanup would remove."""

    read_version: int
    stats: CleanupStats
    candidate_files: list[CleanupCandidateFile]
    candidate_files_truncated: bool
    candidate_file_limit: int
    referenced_branches: list[CleanupReferencedBranch] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class IndexHealth:
    name: str
    num_parts: int
    unindexed_fragments: int
    unindexed_rows: int


@dataclass
class MaintenanceStep:
    name: str
    gain: str
    is_due: bool


@dataclass
class TableHealth:
    """What maintenance of a table would gain."""

    version: int
    num_rows: int
    num_deleted_rows: int
    deleted_share: float
    num_fragments: int
    num_small_fragments: int
    num_data_files: int
    data_bytes: int
    compaction_tasks: int
    compaction_fragments: int
    compaction_fragments_after: int
    compaction_bytes: int
    compaction_deleted_rows: int
    compaction_obstacle: str  #: why it cannot be compacted; empty: it can
    num_versions: int
    old_versions: int
    old_bytes: int  #: that only old versions need
    expired_versions: int
    expired_bytes: int
    orphan_files: int
    orphan_bytes: int
    removable_orphan_files: int  #: older than seven days
    indices: list[IndexHealth]
    steps: list[MaintenanceStep]


def _run(
    ds: _lancea.Dataset, older_than: timedelta | None, versions: list[int] | None, **options: Any
) -> dict[str, Any]:
    if versions is not None and not versions:
        raise RefusedError("versions must not be empty when specified")
    retained = options["retain_versions"]
    if retained is not None and retained < 0:
        raise ValueError(f"retain_versions must not be negative, got {retained}")
    if older_than is None and options["retain_versions"] is None and versions is None:
        older_than = _DEFAULT_AGE
    before = None
    if older_than is not None:
        # Of no age at all: also what a clock that runs ahead has stamped.
        age = older_than // timedelta(microseconds=1) * 1000
        before = time.time_ns() - age if age > 0 else 2**63 - 1
    return _lancea.cleanup(ds, {"before_timestamp_nanos": before, "versions": versions, **options})


def _stats(result: dict[str, Any]) -> CleanupStats:
    return CleanupStats(**result["stats"])


def health(
    ds: _lancea.Dataset, older_than: timedelta, compaction: CompactionOptions | None
) -> TableHealth:
    raw = _lancea.health(ds, dict(compaction or {}), int(older_than.total_seconds()))
    raw["indices"] = [IndexHealth(**index) for index in raw["indices"]]
    raw["steps"] = [MaintenanceStep(**step) for step in raw["steps"]]
    return TableHealth(**raw)


class Maintenance:
    """Keeping a table small and fast; a part of :class:`LanceDataset`."""

    _ds: _lancea.Dataset

    def cleanup_old_versions(
        self,
        older_than: timedelta | None = None,
        retain_versions: int | None = None,
        *,
        delete_unverified: bool = False,
        error_if_tagged_old_versions: bool = True,
        delete_rate_limit: int | None = None,
        versions: list[int] | None = None,
        delete_concurrency: int | None = None,
        clean_referenced_branches: bool = False,
    ) -> CleanupStats:
        """Remove old versions, and the files that only they need.

        This version and newer ones stay, and so do versions that a tag or a branch names.

        Parameters
        ----------
        older_than
            remove versions older than this; 14 days when nothing else is said
        retain_versions
            keep so many of the newest
        delete_unverified
            also remove files that no version refers to and that are younger than seven days: only
            when no other process is writing to the table
        error_if_tagged_old_versions
            raise when an old version has a tag; else it stays
        delete_rate_limit
            files removed in a second at most
        versions
            remove none but these
        delete_concurrency
            files removed at once
        clean_referenced_branches
            clean up the branches that began at this one first, each as its own config says
        """
        return _stats(
            _run(
                self._ds,
                older_than,
                versions,
                retain_versions=retain_versions,
                delete_unverified=delete_unverified,
                error_if_tagged_old_versions=error_if_tagged_old_versions,
                delete_rate_limit=delete_rate_limit,
                delete_concurrency=delete_concurrency,
                clean_referenced_branches=clean_referenced_branches,
                dry_run=False,
            )
        )

    def explain_cleanup_old_versions(
        self,
        older_than: timedelta | None = None,
        retain_versions: int | None = None,
        *,
        delete_unverified: bool = False,
        error_if_tagged_old_versions: bool = True,
        delete_rate_limit: int | None = None,
        versions: list[int] | None = None,
        include_files: bool = False,
        max_files: int = 1000,
        clean_referenced_branches: bool = False,
    ) -> CleanupExplanation:
        """What :meth:`cleanup_old_versions` would remove; nothing is removed."""
        if max_files <= 0:
            raise ValueError("max_files must be positive")
        result = _run(
            self._ds,
            older_than,
            versions,
            retain_versions=retain_versions,
            delete_unverified=delete_unverified,
            error_if_tagged_old_versions=error_if_tagged_old_versions,
            delete_rate_limit=None,
            delete_concurrency=None,
            clean_referenced_branches=clean_referenced_branches,
            dry_run=True,
        )
        files = [CleanupCandidateFile(*file) for file in result["files"]] if include_files else []
        return CleanupExplanation(
            read_version=result["read_version"],
            stats=_stats(result),
            candidate_files=files[:max_files],
            candidate_files_truncated=len(files) > max_files,
            candidate_file_limit=max_files,
            referenced_branches=[
                CleanupReferencedBranch(name, version, clean_referenced_branches)
                for name, version in result["referenced_branches"]
            ],
        )

    def find_orphans(self) -> list[CleanupCandidateFile]:
        """Files below the table's folder that no version refers to, whatever their age."""
        return [CleanupCandidateFile(*file) for file in _lancea.find_orphans(self._ds)]

    def health(
        self,
        *,
        older_than: timedelta = _DEFAULT_AGE,
        compaction: CompactionOptions | None = None,
    ) -> TableHealth:
        """What is small, deleted, old or left over, and what each maintenance step would gain."""
        return health(self._ds, older_than, compaction)
