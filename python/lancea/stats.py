"""What is in a table, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lancea import _lancea
from lancea.types import DatasetStats

#: Fragments with fewer rows count as small.
_SMALL_FRAGMENT_ROWS = 1024 * 1024


@dataclass
class FieldStatistics:
    """Bytes that one field takes on disk."""

    id: int
    bytes_on_disk: int


@dataclass
class DataStatistics:
    fields: list[FieldStatistics]


class LanceStats:
    """Made by :attr:`LanceDataset.stats`."""

    def __init__(self, dataset: _lancea.Dataset):
        self._ds = dataset

    def dataset_stats(self, max_rows_per_group: int = 1024) -> DatasetStats:
        """Deleted rows, fragments, and fragments of less than 1,048,576 rows."""
        del max_rows_per_group  # as in pylance: kept for old callers
        fragments = self._ds.fragments()
        deleted = self._ds.count_deleted_rows()
        small = sum(_live_rows(fragment) < _SMALL_FRAGMENT_ROWS for fragment in fragments)
        return {
            "num_deleted_rows": deleted,
            "num_fragments": len(fragments),
            "num_small_files": small,
        }

    def data_stats(self) -> DataStatistics:
        """Bytes on disk of every field, read from the files' metadata."""
        by_field = self._ds.bytes_by_field()
        ids: list[int] = []

        def visit(fields: list[dict[str, Any]]) -> None:
            for field in fields:
                ids.append(field["id"])
                visit(field["children"])

        visit(self._ds.lance_schema()["fields"])
        return DataStatistics([FieldStatistics(i, by_field.get(i, 0)) for i in ids])


def _live_rows(fragment: dict[str, Any]) -> int:
    deletion = fragment["deletion_file"]
    return fragment["physical_rows"] - (deletion["num_deleted_rows"] if deletion else 0)
