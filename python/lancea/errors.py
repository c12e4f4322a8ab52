"""Exceptions of this package. Each is also of the kinds that pylance raises."""

from __future__ import annotations


class RefusedError(OSError, ValueError):
    """A change of a table that cannot be made as asked; nothing has changed.

    Rows that do not fit the schema, names already taken, versions that are not there. pylance
    raises :class:`OSError` for some of these and :class:`ValueError` for others: this is both.
    """
