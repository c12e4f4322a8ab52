"""Small conversions that several modules need."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

_SECOND = timedelta(seconds=1)
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


def local_time(nanos: int) -> datetime:
    """Nanoseconds since the epoch as naive local time, cut to microseconds."""
    seconds, rest = divmod(nanos // 1000, 1_000_000)
    return datetime.fromtimestamp(seconds) + rest * _MICROSECOND


def utc_micros(moment: datetime) -> int:
    """A datetime (naive: local time) as microseconds since the epoch."""
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + moment.microsecond


def parse_rfc3339(text: str | None) -> datetime | None:
    """RFC 3339 text of a tag file as a datetime with zone; nanoseconds are cut."""
    if text is None:
        return None
    text = text.replace("Z", "+00:00")
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    return datetime.fromisoformat(text)


def register_extension_type(kind: pa.ExtensionType) -> None:
    """Make pyarrow know an extension type.

    Where pylance in the same process was first, its type serves as well.
    """
    with suppress(pa.ArrowKeyError):
        pa.register_extension_type(kind)
