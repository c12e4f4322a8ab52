"""What a write tells of itself while it runs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lancea._fragment_metadata import FragmentMetadata


class WriteProgress(NamedTuple):
    """What a write has done so far; a function given as ``progress`` is called with it."""

    rows: int
    bytes: int  #: given to data files
    files: int  #: finished


class FragmentWriteProgress(ABC):
    """Told when fragments begin and end; give an instance of a subclass as ``progress``.

    An exception raised here ends the write, which then raises it.
    """

    @abstractmethod
    def begin(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        """A fragment is about to be written.

        Of its data file the path is known; how many rows it gets is not. Unless
        :meth:`LanceFragment.create` was given an id, that is 0 until the fragment is committed.
        """

    @abstractmethod
    def complete(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        """The fragment's data file is complete."""


class NoopFragmentWriteProgress(FragmentWriteProgress):
    """Listens to nothing."""

    def begin(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        pass

    def complete(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        pass


class FileSystemFragmentWriteProgress(FragmentWriteProgress):
    """Notes fragments under way as files, for others to see.

    Of each fragment ``fragment_{id}.json`` is written when it begins, and
    ``fragment_{id}.in_progress`` is there until it is complete.

    Parameters
    ----------
    base_uri
        folder of the files, as a URI
    metadata
        put into the ``.in_progress`` files, for example the name of a worker
    """

    PROGRESS_EXT: str = ".in_progress"

    def __init__(self, base_uri: str, metadata: dict[str, str] | None = None):
        from pyarrow.fs import FileSystem

        self._fs, self._base_path = FileSystem.from_uri(base_uri)
        self._metadata = metadata or {}

    def _path(self, fragment: FragmentMetadata, suffix: str) -> str:
        return f"{self._base_path}/fragment_{fragment.id}{suffix}"

    def _write(self, path: str, value: dict[str, Any]) -> None:
        with self._fs.open_output_stream(path) as out:
            out.write(json.dumps(value).encode())

    def begin(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        self._fs.create_dir(self._base_path, recursive=True)
        note = {"fragment_id": fragment.id, "metadata": self._metadata}
        self._write(self._path(fragment, self.PROGRESS_EXT), note)
        self._write(self._path(fragment, ".json"), fragment.to_json())

    def complete(self, fragment: FragmentMetadata, **kwargs: Any) -> None:
        self._fs.delete_file(self._path(fragment, self.PROGRESS_EXT))


def progress_callbacks(progress: Any, fragment_id: int | None = None) -> dict[str, Any]:
    """The hooks of a write for an argument ``progress``.

    Fragments get ``fragment_id``, where it is known before they are committed.

    Raises
    ------
    TypeError
        for what is neither a :class:`FragmentWriteProgress` nor a function
    """
    from lancea._fragment_metadata import FragmentMetadata

    if progress is None or isinstance(progress, NoopFragmentWriteProgress):
        return {}
    if hasattr(progress, "begin") and hasattr(progress, "complete"):
        known = {} if fragment_id is None else {"id": fragment_id}
        begun = {**known, "physical_rows": None}
        return {
            "fragment_begun": lambda raw: progress.begin(
                FragmentMetadata._from_raw({**raw, **begun})
            ),
            "fragment_complete": lambda raw: progress.complete(
                FragmentMetadata._from_raw({**raw, **known})
            ),
        }
    if callable(progress):
        return {"progress": lambda *counts: progress(WriteProgress(*counts))}
    raise TypeError(
        "progress must be a FragmentWriteProgress or a function of one WriteProgress, "
        f"got {type(progress)}"
    )
