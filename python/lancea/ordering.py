"""Orders of a scan's rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ColumnOrdering:
    """One key of an order."""

    column_name: str
    ascending: bool = True
    nulls_first: bool = False


def order_keys(orderings) -> list[tuple[str, bool, bool]]:
    """Keys given as names, :class:`ColumnOrdering` or what looks like one.

    Raises
    ------
    TypeError
        for anything else
    """
    if isinstance(orderings, (str, ColumnOrdering)):
        orderings = [orderings]
    keys = []
    for key in orderings:
        if isinstance(key, str):
            key = ColumnOrdering(key)
        elif not isinstance(key, ColumnOrdering) and not hasattr(key, "column_name"):
            raise TypeError(f"orderings must be a list of ColumnOrdering. Got {type(key)} instead.")
        keys.append((key.column_name, bool(key.ascending), bool(key.nulls_first)))
    return keys
