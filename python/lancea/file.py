"""Single Lance data files, without a table around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike, fspath

import pyarrow as pa

from lancea import _lancea


class ReaderResults:
    """Rows on their way; call one method, once."""

    def __init__(self, reader: pa.RecordBatchReader):
        self.reader = reader

    def to_batches(self) -> pa.RecordBatchReader:
        return self.reader

    def to_table(self) -> pa.Table:
        return self.reader.read_all()


@dataclass
class LanceBufferDescriptor:
    """Where a buffer lies in the file."""

    position: int
    size: int


@dataclass
class LancePageMetadata:
    buffers: list[LanceBufferDescriptor]
    encoding: str  #: the tree of encodings in one line
    num_rows: int = 0


@dataclass
class LanceColumnMetadata:
    pages: list[LancePageMetadata]
    column_buffers: list[LanceBufferDescriptor] = field(default_factory=list)
    name: str = ""


@dataclass
class LanceColumnStatistics:
    num_pages: int
    size_bytes: int


@dataclass
class LanceFileStatistics:
    columns: list[LanceColumnStatistics]


@dataclass
class LanceFileMetadata:
    """What a file says of itself."""

    schema: pa.Schema
    num_rows: int
    major_version: int
    minor_version: int
    num_data_bytes: int
    num_column_metadata_bytes: int
    num_global_buffer_bytes: int
    global_buffers: list[LanceBufferDescriptor]
    columns: list[LanceColumnMetadata]


class LanceFileReader:
    """Reads one data file of any version.

    Parameters
    ----------
    path
        path or URI of the file
    storage_options
        options of the object store
    columns
        names of the columns wanted; nested ones with dots. None: all
    """

    def __init__(
        self,
        path: str | PathLike,
        storage_options: dict[str, str] | None = None,
        columns: list[str] | None = None,
    ):
        self._path = fspath(path)
        self._reader = _lancea.FileReader.open(self._path, columns, storage_options or {})

    def read_all(self, *, batch_size: int = 1024, batch_readahead: int = 16) -> ReaderResults:
        """All rows."""
        return self.read_range(0, self.num_rows(), batch_size=batch_size)

    def read_range(
        self, start: int, num_rows: int, *, batch_size: int = 1024, batch_readahead: int = 16
    ) -> ReaderResults:
        """Rows ``[start, start + num_rows)``.

        Raises
        ------
        ValueError
            when they are not all there
        """
        return ReaderResults(self._reader.read_range(start, num_rows, batch_size))

    def take_rows(
        self, indices, *, batch_size: int = 1024, batch_readahead: int = 16
    ) -> ReaderResults:
        """The rows at ``indices``, which ascend.

        Raises
        ------
        ValueError
            when indices descend or there is no such row
        """
        for before, after in pairwise(indices):
            if before > after:
                raise ValueError(
                    "Indices must be sorted in ascending order for file API, "
                    f"got {before} > {after}"
                )
        return ReaderResults(self._reader.take_rows(indices, batch_size))

    def num_rows(self) -> int:
        return self._reader.num_rows

    def metadata(self) -> LanceFileMetadata:
        """Schema, sizes, and every page of every column."""
        layout = self._reader.layout()
        return LanceFileMetadata(
            schema=self._reader.schema(),
            num_rows=self._reader.num_rows,
            major_version=self._reader.major_version,
            minor_version=self._reader.minor_version,
            num_data_bytes=layout["num_data_bytes"],
            num_column_metadata_bytes=layout["num_column_metadata_bytes"],
            num_global_buffer_bytes=layout["num_global_buffer_bytes"],
            global_buffers=[LanceBufferDescriptor(*b) for b in layout["global_buffers"]],
            columns=[_to_column(column) for column in self._reader.describe_columns()],
        )

    def file_statistics(self) -> LanceFileStatistics:
        """Pages and bytes of every column."""
        return LanceFileStatistics(
            [
                LanceColumnStatistics(len(column["pages"]), column["num_bytes"])
                for column in self._reader.describe_columns()
            ]
        )

    def read_global_buffer(self, index: int) -> bytes:
        """The bytes of a global buffer."""
        return self._reader.read_global_buffer(index)

    def __repr__(self) -> str:
        version = f"{self._reader.major_version}.{self._reader.minor_version}"
        return f"LanceFileReader({self._path!r}, version={version}, rows={self.num_rows()})"


def _to_column(raw: dict) -> LanceColumnMetadata:
    pages = [
        LancePageMetadata(
            [LanceBufferDescriptor(*b) for b in page["buffers"]], page["encoding"], page["num_rows"]
        )
        for page in raw["pages"]
    ]
    return LanceColumnMetadata(pages, [], raw["name"])
