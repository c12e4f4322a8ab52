"""What is in a table, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lancea import _lancea
from lancea.types import DatasetStats


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
        """Deleted rows, fragments, and fragments that store less than so many rows."""
        fragments = self._ds.fragments()
        return {
            "num_deleted_rows": self._ds.count_deleted_rows(),
            "num_fragments": len(fragments),
            "num_small_files": sum(f["physical_rows"] < max_rows_per_group for f in fragments),
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
