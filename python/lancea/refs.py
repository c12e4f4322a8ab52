"""Tags and branches of a table."""

from __future__ import annotations

from typing import Any

from lancea import _lancea
from lancea._timestamps import parse_rfc3339
from lancea.types import Branch, Tag


def _to_tag(raw: dict[str, Any]) -> Tag:
    return {
        **raw,
        "created_at": parse_rfc3339(raw["created_at"]),
        "updated_at": parse_rfc3339(raw["updated_at"]),
    }


def _ordered(items: dict[str, Any], version: str, order: str | None) -> list[tuple[str, Any]]:
    if order not in (None, "asc", "desc"):
        raise ValueError(f"order must be 'asc' or 'desc', got {order!r}")
    return sorted(
        sorted(items.items()), key=lambda item: item[1][version], reverse=order in (None, "desc")
    )


class Tags:
    """Names for versions. Made by :attr:`LanceDataset.tags`."""

    def __init__(self, dataset: _lancea.Dataset):
        self._ds = dataset

    def list(self) -> dict[str, Tag]:
        """All tags by name."""
        return {name: _to_tag(tag) for name, tag in self._ds.tags().items()}

    def list_ordered(self, order: str | None = None) -> list[tuple[str, Tag]]:
        """All tags by version, newest first unless ``order`` is ``"asc"``."""
        return _ordered(self.list(), "version", order)

    def get_version(self, tag: str) -> int:
        """The version that a tag names.

        Raises
        ------
        ValueError
            if there is no such tag
        """
        tags = self._ds.tags()
        if tag not in tags:
            raise ValueError(f"Ref not found error: tag {tag} does not exist")
        return tags[tag]["version"]


class Branches:
    """Lines of versions beside the main one. Made by :attr:`LanceDataset.branches`."""

    def __init__(self, dataset: _lancea.Dataset):
        self._ds = dataset

    def list(self) -> dict[str, Branch]:
        """All branches by name."""
        return self._ds.branches()

    def list_ordered(self, order: str | None = None) -> list[tuple[str, Branch]]:
        """All branches by the version they left, newest first unless ``order`` is ``"asc"``."""
        return _ordered(self.list(), "parent_version", order)
