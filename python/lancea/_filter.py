"""Filters given as pyarrow expressions: evaluated by Arrow, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lancea import _lancea


def filter_columns(expression: Any) -> list[str]:
    """The top-level columns that a filter needs.

    Raises
    ------
    NotImplementedError
        for filters that are not a :class:`pyarrow.compute.Expression`
    """
    if not isinstance(expression, pc.Expression):
        raise NotImplementedError(
            f"the filter {expression!r}: only pyarrow.compute expressions so far, such as "
            "pc.field('a') > 1"
        )
    _, (serialized,) = expression.__reduce__()
    names = _lancea.expression_fields(serialized.to_pybytes())
    return list(dict.fromkeys(names))


def filter_batches(
    ds: _lancea.Dataset, options: dict[str, Any], expression: pc.Expression, needed: list[str]
) -> Iterator[pa.RecordBatch]:
    """Batches of a scan with only the rows for which the expression is true.

    Limit and offset count those rows. Columns that only the filter needs come along.
    """
    options = dict(options)
    limit, offset = options.pop("limit", None), options.pop("offset", 0)
    columns = options.get("columns")
    if columns is not None:
        options["columns"] = list(dict.fromkeys(chain(columns, needed)))
    left = limit
    for batch in ds.to_reader(options):
        if left == 0:
            return
        kept = pa.Table.from_batches([batch]).filter(expression)
        if offset >= kept.num_rows:
            offset -= kept.num_rows
            continue
        kept = kept.slice(offset, left)
        offset = 0
        if left is not None:
            left -= kept.num_rows
        yield from kept.to_batches()
