"""Where tables are: options of their stores, and tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath

from lancea import _lancea
from lancea.session import Session

StorageOptions = dict[str, str]

#: The tables made in memory last, by URI. Each has a store of its own, which its datasets share.
_in_memory: dict[str, _lancea.Session] = {}


def with_base_options(
    storage_options: StorageOptions | None,
    base_store_params: Mapping[str, Mapping[str, str]] | None,
) -> StorageOptions | None:
    """Options that hold, for each base path named, just what is given for it.

    Raises
    ------
    TypeError
        for what is no dict of dicts of texts
    """
    if base_store_params is None:
        return storage_options
    merged = dict(storage_options or {})
    for base, params in base_store_params.items():
        if not isinstance(base, str) or not isinstance(params, Mapping):
            raise TypeError("base_store_params must be a dict of options by the path of the base")
        merged[f"base[{base}]."] = ""
        merged.update({f"base[{base}].{name}": value for name, value in params.items()})
    return merged


def _memory_name(uri: str | PathLike) -> str | None:
    text = fspath(uri)
    scheme, separator, name = text.partition("://")
    return name.strip("/") if separator and scheme.lower() == "memory" else None


def session_of(uri: str | PathLike, session: Session | None) -> _lancea.Session | None:
    """The session that finds the table: for URIs in memory that of the table made there last."""
    if session is not None:
        return session._inner
    name = _memory_name(uri)
    return None if name is None else _in_memory.get(name)


def session_of_new(uri: str | PathLike, session: Session | None) -> _lancea.Session | None:
    """The session to create a table with.

    ``memory://`` names no place that outlives a table: a new table is a new place, as with pylance,
    but it can be opened by its URI until the next one is made there.
    """
    name = _memory_name(uri)
    if session is not None or name is None:
        return None if session is None else session._inner
    return _lancea.Session.with_memory_store()


def remember(uri: str | PathLike, table: _lancea.Dataset) -> None:
    """Let the URI of a table in memory open this table."""
    name = _memory_name(uri)
    if name is not None:
        _in_memory[name] = table.session


def forget(uri: str | PathLike) -> bool:
    """Let a URI in memory name nothing. Returns whether it named a table."""
    return _in_memory.pop(_memory_name(uri), None) is not None
