"""Tags and branches of a table."""

from __future__ import annotations

from typing import Any, Union

from lancea import _lancea
from lancea._timestamps import parse_rfc3339
from lancea.errors import RefusedError
from lancea.types import Branch, Tag

#: The argument is not there, which is not None.
_ABSENT = object()

#: A version of the same branch, a tag, or a branch (None: main) and a version (None: its latest).
Reference = Union[int, str, "tuple[str | None, int | None]", None]


def resolve_reference(dataset: _lancea.Dataset, reference: Reference) -> tuple[str | None, int]:
    """The branch (None: main) and version that a reference names; None: where the table is now."""
    if reference is None:
        return dataset.branch, dataset.version
    if isinstance(reference, str):
        tag = _find_tag(dataset, reference)
        return tag["branch"], tag["version"]
    if not isinstance(reference, tuple):
        return dataset.branch, reference
    branch, version = reference
    branch = None if branch == "main" else branch
    if version is None:
        version = dataset.checkout_branch(branch or "main").version
    return branch, version


def _with_branch(reference: Reference, branch: Any) -> Reference:
    """A version and a branch in two arguments, as old versions of pylance take them, as one."""
    return reference if branch is _ABSENT else (branch, reference)


def at_reference(dataset: _lancea.Dataset, reference: Reference) -> _lancea.Dataset:
    """The table at the version that a reference names."""
    branch, version = resolve_reference(dataset, reference)
    if (branch, version) == (dataset.branch, dataset.version):
        return dataset
    try:
        return dataset.checkout_branch(branch or "main", version)
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _find_tag(dataset: _lancea.Dataset, name: str) -> dict[str, Any]:
    tags = dataset.tags()
    if name not in tags:
        raise RefusedError(f"Ref not found error: tag {name} does not exist")
    return tags[name]


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
        return _find_tag(self._ds, tag)["version"]

    def create(self, tag: str, reference: Reference = None, branch: Any = _ABSENT) -> None:
        """Give a version a name.

        Parameters
        ----------
        reference
            a version of this branch, a tag, or a branch and a version; None: this version
        branch
            the branch of which ``reference`` is a version; None: main

        Raises
        ------
        ValueError
            if there is such a tag, or no such version; for names that cannot be
        """
        branch, version = resolve_reference(self._ds, _with_branch(reference, branch))
        self._ds.create_tag(tag, version, branch)

    def update(self, tag: str, reference: Reference = None, branch: Any = _ABSENT) -> None:
        """Let a tag name another version; arguments as of :meth:`create`.

        Raises
        ------
        ValueError
            if there is no such tag or version
        """
        _find_tag(self._ds, tag)
        branch, version = resolve_reference(self._ds, _with_branch(reference, branch))
        self._ds.update_tag(tag, version, branch)

    def delete(self, tag: str) -> None:
        """Forget a tag; the version stays.

        Raises
        ------
        ValueError
            if there is no such tag
        """
        self._ds.delete_tag(tag)

    def replace_metadata(self, tag: str, metadata: dict[str, str]) -> None:
        """Give a tag other metadata."""
        self._ds.replace_tag_metadata(tag, metadata)


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

    def delete(self, branch: str) -> None:
        """Forget a branch and its versions.

        Raises
        ------
        ValueError
            if there is no such branch
        """
        self._ds.delete_branch(branch, False)

    def replace_metadata(self, branch: str, metadata: dict[str, str]) -> None:
        """Give a branch other metadata."""
        self._ds.replace_branch_metadata(branch, metadata)
