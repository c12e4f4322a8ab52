"""Blob columns: large binary values that are read one by one, as files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from lancea._extension_types import register_extension_type

DEFAULT_BLOB_BUFFER_SIZE = 512 * 1024


@dataclass(frozen=True)
class Blob:
    """A blob to be written: bytes, or a place where they lie. A null blob is None."""

    data: bytes | None = None
    uri: str | None = None
    position: int | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if (self.data is None) == (self.uri is None):
            raise ValueError("a Blob is either data or a uri; a null blob is None")
        if self.uri == "":
            raise ValueError("Blob uri cannot be empty")
        if (self.position is None) != (self.size is None):
            raise ValueError("position and size of an external blob come together")
        if self.position is not None and self.uri is None:
            raise ValueError("position and size need a uri")
        if self.size == 0:
            raise ValueError("External blob range size must be greater than zero")

    @staticmethod
    def from_bytes(data: bytes | bytearray | memoryview) -> Blob:
        return Blob(data=bytes(data))

    @staticmethod
    def from_uri(uri: str, position: int | None = None, size: int | None = None) -> Blob:
        return Blob(uri=uri, position=position, size=size)

    @staticmethod
    def empty() -> Blob:
        """A blob of no bytes, which is not a null blob."""
        return Blob(data=b"")


class BlobType(pa.ExtensionType):
    """What users write into blob columns of storage version 2.2 and later."""

    def __init__(self, _storage: pa.DataType | None = None) -> None:
        storage = _storage or pa.struct(
            [
                pa.field("data", pa.large_binary()),
                pa.field("uri", pa.utf8()),
                pa.field("position", pa.uint64()),
                pa.field("size", pa.uint64()),
            ]
        )
        super().__init__(storage, "lance.blob.v2")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> BlobType:
        return cls(storage_type)

    def __arrow_ext_class__(self) -> type[BlobArray]:
        return BlobArray


class BlobArray(pa.ExtensionArray):
    """An array of :class:`BlobType`."""

    @classmethod
    def from_pylist(cls, values: list[object]) -> BlobArray:
        """From :class:`Blob`, bytes, URIs and None."""
        return blob_array(values)


def blob_array(values: list[object]) -> BlobArray:
    """A blob column from :class:`Blob`, bytes, URIs (text) and None."""
    rows = []
    for value in values:
        if value is not None and not isinstance(value, Blob):
            if isinstance(value, str):
                value = Blob.from_uri(value)
            elif isinstance(value, (bytes, bytearray, memoryview)):
                value = Blob.from_bytes(value)
            else:
                raise TypeError(f"a blob is Blob, bytes, a URI or None, not {type(value).__name__}")
        rows.append(None if value is None else vars(value))
    kind = BlobType()
    return pa.ExtensionArray.from_storage(kind, pa.array(rows, kind.storage_type))


def blob_field(name: str, *, nullable: bool = True) -> pa.Field:
    """A field of blobs for a schema."""
    return pa.field(name, BlobType(), nullable)


class BlobColumn:
    """Iterates over a binary column as files, so that blobs can be written one by one."""

    def __init__(self, blob_column: pa.Array | pa.ChunkedArray) -> None:
        if not isinstance(blob_column, (pa.Array, pa.ChunkedArray)):
            raise ValueError(f"Expected a pyarrow.Array or pyarrow.ChunkedArray, got {blob_column}")
        kind = blob_column.type
        if not pa.types.is_large_binary(kind) and not pa.types.is_binary(kind):
            raise ValueError(f"Expected a binary array, got {kind}")
        self._column = blob_column

    def __iter__(self) -> Iterator[io.BytesIO | None]:
        for value in self._column:
            yield io.BytesIO(value.as_py()) if value.is_valid else None


class BlobFile(io.BufferedIOBase):
    """One blob as a file open for reading. Made by :meth:`LanceDataset.take_blobs`.

    On local disks it is a view of the mapped data file: nothing is copied before it is read.
    """

    def __init__(self, buffer: pa.Buffer):
        super().__init__()
        self._view = memoryview(buffer).cast("B")
        self._position = 0

    def size(self) -> int:
        """Bytes of the blob."""
        self._check_open()
        return len(self._view)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._view)}
        if whence not in bases:
            raise ValueError(f"invalid whence ({whence})")
        position = bases[whence] + offset
        if position < 0:
            raise ValueError(f"negative seek position {position}")
        self._position = position
        return position

    def read(self, size: int | None = -1) -> bytes:
        return bytes(self._advance(size))

    def read1(self, size: int = -1) -> bytes:
        return self.read(size)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer) -> int:
        target = memoryview(buffer).cast("B")
        piece = self._advance(len(target))
        target[: len(piece)] = piece
        return len(piece)

    readinto1 = readinto

    def read_range(self, offset: int, length: int) -> bytes:
        """Bytes ``[offset, offset + length)``, wherever the cursor is."""
        self._check_open()
        if offset < 0 or length < 0 or offset + length > len(self._view):
            raise ValueError(f"bytes {offset}..{offset + length} of a blob of {len(self._view)}")
        return bytes(self._view[offset : offset + length])

    def read_ranges(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        """:meth:`read_range` for each."""
        return [self.read_range(offset, length) for offset, length in ranges]

    def view(self) -> memoryview:
        """The bytes without a copy; valid as long as it is held."""
        self._check_open()
        return self._view

    def close(self) -> None:
        self._view = memoryview(b"")
        super().close()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")

    def _advance(self, size: int | None) -> memoryview:
        self._check_open()
        end = len(self._view) if size is None or size < 0 else self._position + size
        piece = self._view[self._position : end]
        self._position += len(piece)
        return piece

    def __repr__(self) -> str:
        return "<BlobFile closed>" if self.closed else f"<BlobFile size={len(self._view)}>"


register_extension_type(BlobType())
