"""The optional calls of Pulsing 0.1.2 for samples of tensors, over the plain ones.

Which samples a task has consumed, and which were cleared, is known to this object only: it is not
stored.
"""

from __future__ import annotations

import itertools
from typing import Any


class TensorCalls:
    def __init__(self) -> None:
        # Of each task: all below a number, and these.
        self._consumed: dict[str, tuple[int, set[int]]] = {}
        self._cleared: set[int] = set()

    async def put_tensor(
        self, data: Any, partition_id: str = "default", **kwargs: Any
    ) -> dict[str, Any]:
        """Store a record, a list of them, or columns: a dict of arrays, a TensorDict."""
        rows = _rows_of(data)
        indexes = await self._store(rows)
        fields = list(rows[0]) if rows else []
        return {"size": len(rows), **_meta(indexes, fields, partition_id)}

    async def get_data(self, batch_meta: Any, fields: list[str] | None = None) -> Any:
        """The records that ``batch_meta`` names."""
        if isinstance(batch_meta, dict):
            indexes = batch_meta.get("global_indexes") or [
                sample.get("global_index", -1) for sample in batch_meta.get("samples", [])
            ]
        else:
            indexes = list(getattr(batch_meta, "global_indexes", []))
        rows = await self.get_by_indices([i for i in indexes if i not in self._cleared])
        if not fields:
            return rows
        return [{key: value for key, value in row.items() if key in fields} for row in rows]

    async def get_meta(
        self,
        fields: list[str],
        batch_size: int,
        task_name: str = "default",
        sampler: Any = None,
        **sampling_kwargs: Any,
    ) -> dict[str, Any]:
        """Records that ``task_name`` has not consumed, ``batch_size`` at most; it has then."""
        total = self.total_count()
        begin, consumed = self._progress(task_name)
        free = (i for i in range(begin, total) if i not in consumed and i not in self._cleared)
        if sampler is None:
            sampled = marked = list(itertools.islice(free, batch_size))
        else:
            sampled, marked = sampler.sample(list(free), batch_size, **sampling_kwargs)
        consumed.update(marked)
        return _meta(sampled, fields, sampling_kwargs.get("partition_id", "default"))

    def _progress(self, task_name: str) -> tuple[int, set[int]]:
        """Where the records begin that a task may still get, and those behind it it got already."""
        begin, consumed = self._consumed.get(task_name, (0, set()))
        while begin in consumed or begin in self._cleared:
            consumed.discard(begin)
            begin += 1
        self._consumed[task_name] = (begin, consumed)
        return begin, consumed

    async def mark_consumed(self, task_name: str, global_indexes: list[int]) -> None:
        self._progress(task_name)[1].update(global_indexes)

    async def reset_consumption(self, task_name: str) -> None:
        self._consumed.pop(task_name, None)

    async def clear(self, global_indexes: list[int]) -> None:
        """Offer these records no more. They stay in the table, and offsets stay what they are."""
        self._cleared.update(global_indexes)


def _meta(indexes: list[int], fields: list[str], partition_id: str) -> dict[str, Any]:
    return {
        "samples": [
            {
                "partition_id": partition_id,
                "global_index": index,
                "fields": {
                    field: {
                        "name": field,
                        "dtype": None,
                        "shape": None,
                        "production_status": "ready",
                    }
                    for field in fields
                },
            }
            for index in indexes
        ],
        "global_indexes": list(indexes),
    }


def _rows_of(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, list):
        return data
    if hasattr(data, "batch_size") and hasattr(data, "items") and not isinstance(data, dict):
        size = int(data.batch_size[0]) if len(data.batch_size) else 1
        columns = dict(data.items())
    elif isinstance(data, dict):
        lengths = {
            len(value)
            for value in data.values()
            if hasattr(value, "shape") and getattr(value, "ndim", 0) > 0
        }
        if len(lengths) != 1 or any(
            not hasattr(v, "__len__") or len(v) not in lengths for v in data.values()
        ):
            return [data]
        size, columns = lengths.pop(), data
    else:
        raise TypeError(
            f"put_tensor takes a dict, a list of dicts or a TensorDict, not {type(data)}"
        )
    return [{key: value[i] for key, value in columns.items()} for i in range(size)]
