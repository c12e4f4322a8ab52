"""A folder of a store: Lance files in it, and files of any kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import TYPE_CHECKING

import pyarrow as pa

from lancea import _lancea

if TYPE_CHECKING:
    from lancea.file import LanceFileReader, LanceFileWriter


@dataclass
class ListResult:
    """What lies directly in a folder; paths are relative to the session's."""

    common_prefixes: list[str] = field(default_factory=list)  #: folders
    objects: list[str] = field(default_factory=list)  #: files


class LanceFileSession:
    """Reads and writes files below one folder.

    Parameters
    ----------
    base_path
        path or URI of the folder; all other paths are relative to it
    storage_options
        options of the object store

    Raises
    ------
    OSError
        from methods, when there is no such file
    """

    def __init__(
        self,
        base_path: str | PathLike,
        storage_options: dict[str, str] | None = None,
        namespace_client=None,
        table_id: list[str] | None = None,
    ):
        if namespace_client is not None or table_id is not None:
            raise NotImplementedError("namespaces are not there yet; name the folder by its uri")
        self._base = fspath(base_path)
        self._storage_options = storage_options
        self._folder = _lancea.StoreFolder(self._base, storage_options or {})

    def _uri(self, path: str) -> str:
        return f"{self._base.rstrip('/')}/{path}"

    def open_reader(self, path: str, columns: list[str] | None = None) -> LanceFileReader:
        """A reader of a Lance file."""
        from lancea.file import LanceFileReader

        return LanceFileReader(self._uri(path), self._storage_options, columns)

    def open_writer(
        self,
        path: str,
        *,
        schema: pa.Schema | None = None,
        data_cache_bytes: int | None = None,
        version: str | None = None,
        keep_original_array: bool | None = None,
        max_page_bytes: int | None = None,
    ) -> LanceFileWriter:
        """A writer of a Lance file; arguments as of :class:`LanceFileWriter`."""
        from lancea.file import LanceFileWriter

        return LanceFileWriter(
            self._uri(path),
            schema,
            data_cache_bytes=data_cache_bytes,
            version=version,
            storage_options=self._storage_options,
            keep_original_array=keep_original_array,
            max_page_bytes=max_page_bytes,
        )

    def contains(self, path: str) -> bool:
        """Whether there is such a file."""
        return self._folder.contains(path)

    def list_with_delimiter(self, path: str | None = None) -> ListResult:
        """Folders and files directly in a folder."""
        prefix = (path or "").strip("/")
        found = ListResult()
        for name, is_folder in sorted(self._folder.list(prefix)):
            kind = found.common_prefixes if is_folder else found.objects
            kind.append(f"{prefix}/{name}" if prefix else name)
        return found

    def list(self, path: str | None = None) -> list[str]:
        """All files below a folder."""
        found = self.list_with_delimiter(path)
        below = [file for folder in found.common_prefixes for file in self.list(folder)]
        return sorted(found.objects + below)

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        """Some bytes of a file."""
        return self._existing(self._folder.read_range, path, offset, length)

    def delete_file(self, path: str) -> None:
        """Delete a file."""
        self._existing(self._folder.delete, path)

    def upload_file(self, local_path: str | PathLike, remote_path: str) -> None:
        """Copy a file of this machine into the folder."""
        self._existing(self._folder.upload, fspath(local_path), remote_path)

    def download_file(self, remote_path: str, local_path: str | PathLike) -> None:
        """Copy a file of the folder to this machine."""
        self._existing(self._folder.download, remote_path, fspath(local_path))

    @staticmethod
    def _existing(call, *arguments):
        try:
            return call(*arguments)
        except ValueError as error:
            raise OSError(str(error)) from None
