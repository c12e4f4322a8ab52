"""One worker's share of a table: every n-th fragment, or every n-th batch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from os import PathLike
from typing import Any, Literal

import pyarrow as pa

from lancea.dataset import LanceDataset, dataset

__all__ = ["ShardedBatchIterator"]


class ShardedBatchIterator:
    """Batches of the fragments, or of the rows, that fall to worker ``rank`` of ``world_size``.

    Parameters
    ----------
    granularity
        ``"fragment"``: whole fragments, in turn; ``"batch"``: ``batch_size`` rows, in turn.

    Raises
    ------
    NotImplementedError
        for row ids of batches, when iterated
    ValueError
        for another granularity, when iterated
    """

    def __init__(
        self,
        data: str | PathLike | LanceDataset,
        rank: int,
        world_size: int,
        *,
        columns: list[str] | dict[str, str] | None = None,
        batch_size: int = 10 * 1024,
        granularity: Literal["fragment", "batch"] = "fragment",
        batch_readahead: int = 8,
        with_row_id: bool = False,
    ) -> None:
        warnings.warn("ShardedBatchIterator is deprecated, use a Sampler", stacklevel=2)
        self._dataset = data if isinstance(data, LanceDataset) else dataset(data)
        self._rank = rank
        self._world_size = world_size
        self._granularity = granularity
        self._options: dict[str, Any] = {
            "columns": columns,
            "batch_size": batch_size,
            "batch_readahead": batch_readahead,
            "with_row_id": with_row_id,
        }

    @staticmethod
    def from_torch(data: str | PathLike | LanceDataset, **options) -> ShardedBatchIterator:
        """With the rank and the number of workers of ``torch.distributed``."""
        from torch import distributed

        rank, world_size = distributed.get_rank(), distributed.get_world_size()
        return ShardedBatchIterator(data, rank, world_size, **options)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if self._granularity == "fragment":
            return self._fragments()
        if self._granularity != "batch":
            raise ValueError(f"Unrecognized granularity: {self._granularity}")
        if self._options["with_row_id"]:
            raise NotImplementedError("with_row_id is not supported for batch sharding yet")
        return self._batches()

    def _fragments(self) -> Iterator[pa.RecordBatch]:
        for fragment in self._dataset.get_fragments()[self._rank :: self._world_size]:
            yield from fragment.to_batches(**self._options)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        size = self._options["batch_size"]
        num_rows = self._dataset.count_rows()
        for begin in range(self._rank * size, num_rows, self._world_size * size):
            scanner = self._dataset.scanner(
                columns=self._options["columns"],
                offset=begin,
                limit=min(size, num_rows - begin),
                batch_size=size,
                strict_batch_size=True,
            )
            yield from scanner.to_batches()
