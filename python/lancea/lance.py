"""Names that programs import from pylance's native module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lancea import _lancea
from lancea.cleanup import CleanupExplanation, CleanupStats
from lancea.optimize import (
    Compaction,
    CompactionMetrics,
    CompactionPlan,
    CompactionTask,
    RewriteResult,
)

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

__all__ = [
    "CleanupExplanation",
    "CleanupStats",
    "Compaction",
    "CompactionMetrics",
    "CompactionPlan",
    "CompactionTask",
    "RewriteResult",
    "manifest_needs_migration",
]


def manifest_needs_migration(dataset: LanceDataset) -> bool:
    """Whether the version's manifest lacks what manifests of today say.

    That is who wrote it, how many rows each fragment stores and has deleted, or what each index
    covers.
    """
    return _lancea.manifest_needs_migration(dataset._ds)
