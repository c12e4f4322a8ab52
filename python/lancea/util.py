"""The conversions that pylance keeps under this name."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

_MICROSECOND = timedelta(microseconds=1)


def sanitize_ts(ts: Any) -> datetime:
    """A datetime from a datetime, a pandas Timestamp or text.

    Text is ``YYYY-MM-DD HH:MM:SS``, or whatever ISO 8601 allows.

    Raises
    ------
    ValueError
        for text that is no time
    TypeError
        for anything else
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(ts, pandas.Timestamp):
        return ts.to_pydatetime()
    if isinstance(ts, datetime):
        return ts
    if not isinstance(ts, str):
        raise TypeError(f"Unrecognized version timestamp {ts} of type {type(ts)}")
    try:
        return datetime.fromisoformat(ts)
    except ValueError:
        if pandas is not None:
            return pandas.to_datetime(ts).to_pydatetime()
        raise ValueError(
            f"Failed to parse timestamp string {ts}. Write it as YYYY-MM-DD HH:MM:SS."
        ) from None


def td_to_micros(td: timedelta) -> int:
    """A timedelta in microseconds."""
    return round(td / _MICROSECOND)
