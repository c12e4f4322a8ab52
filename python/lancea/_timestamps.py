"""Times as manifests and tag files store them."""

from __future__ import annotations

from datetime import datetime, timedelta

_MICROSECOND = timedelta(microseconds=1)


def local_time(nanos: int) -> datetime:
    """Nanoseconds since the epoch as naive local time, cut to microseconds."""
    seconds, rest = divmod(nanos // 1000, 1_000_000)
    return datetime.fromtimestamp(seconds) + rest * _MICROSECOND


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
