"""Plain values that methods return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict


class Version(TypedDict):
    """One entry of the history of a table."""

    version: int
    timestamp: datetime  #: naive local time
    metadata: dict[str, str]


class Tag(TypedDict):
    branch: str | None
    version: int
    created_at: datetime | None
    updated_at: datetime | None
    manifest_size: int
    metadata: dict[str, str]


class Branch(TypedDict):
    parent_branch: str | None
    parent_version: int
    create_at: int  #: seconds since the epoch
    manifest_size: int
    metadata: dict[str, str]
    #: The branches from main to this one, each as the version it left its parent at and an id.
    branch_identifier: list[tuple[int, str]]


class DatasetStats(TypedDict):
    num_deleted_rows: int
    num_fragments: int
    num_small_files: int


@dataclass
class DatasetBasePath:
    """A place besides the table's own where data files lie."""

    path: str
    name: str | None = None
    is_dataset_root: bool = False
    id: int | None = None


@dataclass
class IndexFile:
    """A file of an index, below the index's folder."""

    path: str
    size_bytes: int


@dataclass
class Index:
    """An index as the manifest lists it.

    ``index_details`` is the type URL of the details message and its bytes; ``covering_fields`` are
    fields whose values the index carries.
    """

    uuid: str
    name: str
    fields: list[int]
    dataset_version: int
    fragment_ids: set[int] = field(default_factory=set)
    index_version: int = 0
    created_at: datetime | None = None
    base_id: int | None = None
    files: list[IndexFile] | None = None
    index_details: tuple[str, bytes] | None = None
    covering_fields: list[int] = field(default_factory=list)


class AutoCleanupConfig(TypedDict):
    """When old versions are removed without being asked."""

    interval: int  #: every so many versions
    older_than_seconds: int


class IOStats:
    """I/O done by one dataset."""

    def __init__(self, read_iops: int, read_bytes: int, write_iops: int = 0, write_bytes: int = 0):
        self.read_iops = read_iops
        self.read_bytes = read_bytes
        self.write_iops = write_iops
        self.write_bytes = write_bytes

    def __repr__(self) -> str:
        return (
            f"IOStats(read_iops={self.read_iops}, read_bytes={self.read_bytes}, "
            f"write_iops={self.write_iops}, write_bytes={self.write_bytes})"
        )


IndexInformation = dict[str, Any]
