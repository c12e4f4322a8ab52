"""Random scans: pylance and we give the same rows, or both refuse for the same kind of reason."""

from __future__ import annotations

import os

import pyarrow as pa
import pytest
from interop.random_scans import Scans, write_table

import lancea

#: Tables, and scans of each; the environment sets how many tables, and the first seed.
TABLES = int(os.environ.get("LANCEA_RANDOM_TABLES", 32))
FIRST = int(os.environ.get("LANCEA_RANDOM_FIRST", 0))
EACH = 100


def outcome(ds, options: dict):
    """The rows, or the error."""
    try:
        return ds.scanner(**options).to_table()
    except Exception as error:
        return error


def kind_of(error: Exception) -> type:
    kinds = (ValueError, TypeError, KeyError, NotImplementedError, OSError)
    return next((kind for kind in kinds if isinstance(error, kind)), type(error))


def plain(kind: pa.DataType) -> pa.DataType:
    """Text is text, however its bytes are laid out."""
    return pa.string() if kind in (pa.string_view(), pa.large_string()) else kind


def values_of(column: pa.ChunkedArray) -> list:
    """Python's values; numbers for times, of which Python lacks the early and the late ones."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    elif pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return column.to_pylist()


def difference(mine, theirs) -> str | None:
    if isinstance(mine, Exception) or isinstance(theirs, Exception):
        if isinstance(mine, Exception) and isinstance(theirs, Exception):
            same = kind_of(mine) is kind_of(theirs)
            return None if same else f"{mine!r} for {theirs!r}"
        if any(
            isinstance(one, ValueError) and "Invalid user input" not in str(one)
            for one in (mine, theirs)
        ):
            # A value nothing can be computed of, which one of both did not look at: the order in
            # which conditions are asked is nobody's promise.
            return None
        return f"{shown(mine)} for {shown(theirs)}"
    if mine.column_names != theirs.column_names:
        return f"columns {mine.column_names} for {theirs.column_names}"
    for field, other in zip(mine.schema, theirs.schema, strict=True):
        if plain(field.type) != plain(other.type):
            return f"{field.name} is {field.type} for {other.type}"
    # As text, where NaN is NaN, and -0.0 is not 0.0.
    for name in mine.column_names:
        left, right = values_of(mine[name]), values_of(theirs[name])
        if len(left) != len(right):
            return f"{len(left)} rows for {len(right)}"
        for row, (a, b) in enumerate(zip(left, right, strict=True)):
            if repr(a) != repr(b):
                return f"{name}[{row}] is {a!r} for {b!r}"
    return None


def shown(outcome) -> str:
    return repr(outcome)[:200] if isinstance(outcome, Exception) else f"{outcome.num_rows} rows"


@pytest.mark.parametrize("seed", range(FIRST, FIRST + TABLES))
def test_random_scans_give_what_pylance_gives(tmp_path, seed):
    theirs = write_table(tmp_path / "t", seed)
    mine = lancea.dataset(tmp_path / "t")
    scans = Scans(seed, theirs)
    differ = []
    for _ in range(EACH):
        options = scans.scan()
        found = difference(outcome(mine, options), outcome(theirs, options))
        if found is not None:
            differ.append(f"{options}: {found}")
    assert not differ, f"{len(differ)} of {EACH} differ:\n" + "\n".join(differ)
