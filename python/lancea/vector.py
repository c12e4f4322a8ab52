"""Vectors as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa


def vec_to_table(
    data: dict | Sequence | np.ndarray,
    names: str | Sequence[str] | None = None,
    ndim: int | None = None,
    check_ndim: bool = True,
) -> pa.Table:
    """A table of vectors: fixed-size lists of float32.

    Parameters
    ----------
    data
        vectors by id, which become a column of their own in front, or vectors
    names
        of the columns; default "id" (for a dict) and "vector"
    ndim
        values of each vector; default: of the first one
    check_ndim
        raise a ValueError when they have different lengths

    >>> vec_to_table({"a": [1.0, 2.0], "b": [3.0, 4.0]}).column_names
    ['id', 'vector']
    """
    columns: list[Any] = []
    if isinstance(data, dict):
        default, vectors = ["id", "vector"], list(data.values())
        columns.append(pa.array(data.keys()))
    elif isinstance(data, (list, np.ndarray)):
        default, vectors = ["vector"], data
    else:
        raise NotImplementedError(f"vectors come as a dict, a list or an array, got {type(data)}")
    names = [names] if isinstance(names, str) else list(names or default)
    if len(names) != len(default):
        raise ValueError(f"names must be {len(default)}, got {len(names)}")
    if ndim is None:
        ndim = len(vectors[0])
    if check_ndim:
        lengths = {len(vector) for vector in vectors}
        if lengths - {ndim}:
            raise ValueError(f"vectors of {ndim} values expected, got {sorted(lengths)}")
    values = np.concatenate([np.asarray(vector, np.float32) for vector in vectors])
    columns.append(pa.FixedSizeListArray.from_arrays(pa.array(values, pa.float32()), ndim))
    return pa.table(columns, names=names)
