"""Single Lance data files, read and written without a table around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike, fspath

import pyarrow as pa

from lancea import _lancea
from lancea._file_session import LanceFileSession, ListResult

__all__ = [
    "LanceBufferDescriptor",
    "LanceColumnMetadata",
    "LanceColumnStatistics",
    "LanceFileMetadata",
    "LanceFileReader",
    "LanceFileSession",
    "LanceFileStatistics",
    "LanceFileWriter",
    "LancePageMetadata",
    "ListResult",
    "ReaderResults",
    "stable_version",
]


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


def stable_version() -> str:
    """The version of the file format that is written unless another is asked for."""
    return "2.2"


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


class LanceFileWriter:
    """Writes one data file; nobody sees it before :meth:`close`.

    As a context manager it closes the file at the end, and gives it up when an exception comes.

    Parameters
    ----------
    path
        path or URI of the file
    schema
        of the rows; None: that of the first batch
    data_cache_bytes
        bytes of rows gathered before they are encoded, all columns together
    version
        ``"2.0"`` to ``"2.3"``, ``"stable"`` (2.2, the default) or ``"next"`` (2.3)
    storage_options
        options of the object store
    max_page_bytes
        bytes of a page at most
    keep_original_array
        keep small arrays until they are encoded instead of copying them
    encoding
        ``"compact"``: a smaller file that takes longer to write
    checksums
        store a checksum of every page

    Attributes
    ----------
    size_bytes : int | None
        of the file; None before :meth:`close`
    """

    def __init__(
        self,
        path: str | PathLike,
        schema: pa.Schema | None = None,
        *,
        data_cache_bytes: int | None = None,
        version: str | None = None,
        storage_options: dict[str, str] | None = None,
        max_page_bytes: int | None = None,
        keep_original_array: bool | None = None,
        encoding: str | None = None,
        checksums: bool = True,
    ):
        if encoding not in (None, "default", "compact"):
            raise ValueError(f"encoding must be 'compact' or None, got {encoding!r}")
        self._path = fspath(path)
        self._options = {
            "data_cache_bytes": data_cache_bytes,
            "version": version,
            "storage_options": storage_options,
            "max_page_bytes": max_page_bytes,
            "keep_original_array": keep_original_array,
            "compact": encoding == "compact",
            "checksums": checksums,
        }
        self._writer: _lancea.FileWriter | None = None
        self._pending_metadata: list[tuple[str, str]] = []
        self._pending_buffers: list[bytes] = []
        self.closed = False
        self.size_bytes: int | None = None
        if schema is not None:
            self._open(schema)

    def _open(self, schema: pa.Schema) -> _lancea.FileWriter:
        self._writer = _lancea.FileWriter.open(self._path, schema, self._options)
        for key, value in self._pending_metadata:
            self._writer.add_schema_metadata(key, value)
        for data in self._pending_buffers:
            self._writer.add_global_buffer(data)
        return self._writer

    def write_batch(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Write rows."""
        if self.closed:
            raise ValueError("the file is closed")
        writer = self._writer or self._open(batch.schema)
        batches = batch.to_batches() if isinstance(batch, pa.Table) else [batch]
        for part in batches:
            writer.write_batch(part)

    def add_schema_metadata(self, key: str, value: str) -> None:
        """Add an entry to the schema's metadata; before :meth:`close`."""
        if self._writer is None:
            self._pending_metadata.append((key, value))
        else:
            self._writer.add_schema_metadata(key, value)

    def add_global_buffer(self, data: bytes) -> int:
        """Store bytes of one's own. Returns their index, the first being 1."""
        if self._writer is not None:
            return self._writer.add_global_buffer(data)
        self._pending_buffers.append(bytes(data))
        return len(self._pending_buffers)

    def close(self) -> int | None:
        """Finish the file. Returns the rows in it; None when it was closed before."""
        if self.closed:
            return None
        if self._writer is None:
            raise ValueError("Schema is unknown and file cannot be created")
        self.closed = True
        num_rows, self.size_bytes = self._writer.finish()
        return num_rows

    def __enter__(self) -> LanceFileWriter:
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if error is None:
            self.close()
        elif self._writer is not None and not self.closed:
            self.closed = True
            self._writer.abort()


def _to_column(raw: dict) -> LanceColumnMetadata:
    pages = [
        LancePageMetadata(
            [LanceBufferDescriptor(*b) for b in page["buffers"]], page["encoding"], page["num_rows"]
        )
        for page in raw["pages"]
    ]
    return LanceColumnMetadata(pages, [], raw["name"])
