"""What a manifest says of fragments and their files, as plain values with a JSON form."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass, field
from typing import Any


class _Path(str):
    """Text that may also be called, as the method `path()` of old was."""

    __slots__ = ()

    def __call__(self) -> str:
        warnings.warn("DataFile.path() is deprecated, use .path", DeprecationWarning, stacklevel=2)
        return str(self)

    def __reduce__(self):
        return _Path, (str(self),)


@dataclass
class DataFile:
    """One data file of a fragment.

    Attributes
    ----------
    path : str
        relative to the ``data`` folder of its base
    fields : list[int]
        ids of the fields stored; negative: a dropped column
    column_indices : list[int]
        the column of each field; empty in legacy files
    file_major_version, file_minor_version : int
    file_size_bytes : int | None
    base_id : int | None
        the base path it lies under; None: the table itself
    """

    _path: str
    fields: list[int]
    column_indices: list[int] = field(default_factory=list)
    file_major_version: int = 0
    file_minor_version: int = 0
    file_size_bytes: int | None = None
    base_id: int | None = None

    def __init__(
        self,
        path: str,
        fields: list[int],
        column_indices: list[int] | None = None,
        file_major_version: int = 0,
        file_minor_version: int = 0,
        file_size_bytes: int | None = None,
        base_id: int | None = None,
    ):
        self._path = _Path(path)
        self.fields = list(fields)
        self.column_indices = list(column_indices or [])
        self.file_major_version = file_major_version
        self.file_minor_version = file_minor_version
        self.file_size_bytes = file_size_bytes
        self.base_id = base_id

    @property
    def path(self) -> str:
        return self._path

    @classmethod
    def create(cls, dataset: Any, path: str, *, base_id: int | None = None) -> DataFile:
        """Describe a data file that lies in a table's ``data`` folder.

        Its columns are those of the table with the same names.

        Raises
        ------
        ValueError
            if there is no such file, or a column of it is none of the table's
        """
        from lancea._data_files import describe_data_file

        return describe_data_file(dataset, path, base_id)[0]

    def _to_raw(self) -> dict[str, Any]:
        value = asdict(self)
        value["path"] = str(value.pop("_path"))
        return value

    def field_ids(self) -> list[int]:
        warnings.warn(
            "DataFile.field_ids is deprecated, use .fields", DeprecationWarning, stacklevel=2
        )
        return self.fields

    def __repr__(self) -> str:
        return (
            f"DataFile(path='{self._path!s}', fields={self.fields}, "
            f"column_indices={self.column_indices}, "
            f"file_major_version={self.file_major_version}, "
            f"file_minor_version={self.file_minor_version}, "
            f"file_size_bytes={self.file_size_bytes})"
        )


@dataclass
class DeletionFile:
    """Where the deleted rows of a fragment are listed."""

    read_version: int
    id: int
    num_deleted_rows: int
    file_type: str  #: "array" or "bitmap"
    base_id: int | None = None

    def __init__(
        self,
        read_version: int,
        id: int,
        file_type: str,
        num_deleted_rows: int,
        base_id: int | None = None,
    ):
        if file_type not in ("array", "bitmap"):
            raise ValueError(f"file_type must be 'array' or 'bitmap', got {file_type!r}")
        for name, number in (
            ("read_version", read_version), ("id", id), ("num_deleted_rows", num_deleted_rows)
        ):  # fmt: skip
            if not isinstance(number, int) or number < 0:
                raise TypeError(f"{name} must be a number that is not negative, got {number!r}")
        self.read_version = read_version
        self.id = id
        self.file_type = file_type
        self.num_deleted_rows = num_deleted_rows
        self.base_id = base_id

    def path(self, fragment_id: int, base_uri: str | None = None) -> str:
        """Path below the base, or below `base_uri`."""
        suffix = "arrow" if self.file_type == "array" else "bin"
        path = f"_deletions/{fragment_id}-{self.read_version}-{self.id}.{suffix}"
        return path if base_uri is None else f"{base_uri.rstrip('/')}/{path}"

    def asdict(self) -> dict[str, Any]:
        return {
            "read_version": self.read_version,
            "id": self.id,
            "file_type": self.file_type,
            "num_deleted_rows": self.num_deleted_rows,
            "base_id": self.base_id,
        }

    def json(self) -> str:
        return json.dumps(self.asdict(), separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> DeletionFile:
        """From the text of :meth:`json`; what it has besides is ignored.

        Raises
        ------
        ValueError
            when a part is missing or cannot be
        """
        try:
            value = json.loads(text)
            names = ("read_version", "id", "file_type", "num_deleted_rows")
            missing = [name for name in names if name not in value]
            if missing:
                raise ValueError(f"missing {', '.join(missing)}")
            return DeletionFile(*(value[name] for name in names), value.get("base_id"))
        except (TypeError, ValueError) as error:
            raise ValueError(f"Could not load DeletionFile due to error: {error}") from error

    def __repr__(self) -> str:
        return f"DeletionFile(type='{self.file_type}', num_deleted_rows={self.num_deleted_rows})"


class _Sequence:
    """A serialized sequence, inline or a range of a file."""

    _inline_key = "Inline"
    _external_key = "External"

    def __init__(self, value: dict[str, Any]):
        self._value = value

    @classmethod
    def _from_raw(cls, raw: dict[str, Any] | None):
        if raw is None or "column" in raw:
            return None
        if "inline" in raw:
            return cls({cls._inline_key: list(raw["inline"])})
        return cls({cls._external_key: {key: raw[key] for key in ("path", "offset", "size")}})

    def _to_raw(self) -> dict[str, Any]:
        if self._inline_key in self._value:
            return {"inline": bytes(self._value[self._inline_key])}
        return dict(self._value[self._external_key])

    def asdict(self) -> dict[str, Any]:
        return self._value

    def json(self) -> str:
        return json.dumps(self._value, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str):
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, value: dict[str, Any]):
        if set(value) not in ({cls._inline_key}, {cls._external_key}):
            raise ValueError(
                f"expected one key, {cls._inline_key!r} or {cls._external_key!r}, got {list(value)}"
            )
        return cls(value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._value == other._value

    __hash__ = None

    def __reduce__(self):
        return type(self).from_dict, (self._value,)


class RowIdMeta(_Sequence):
    """The stable row ids of a fragment."""


class RowDatasetVersionMeta(_Sequence):
    """The version in which each row of a fragment was created or last changed."""

    _inline_key = "inline"
    _external_key = "external"


@dataclass
class FragmentMetadata:
    """A fragment as the manifest describes it.

    Attributes
    ----------
    id : int
    files : list[DataFile]
        files with the same rows, each with some of the columns
    physical_rows : int
        rows stored, deleted ones included
    deletion_file : DeletionFile | None
    row_id_meta : RowIdMeta | None
    created_at_version_meta, last_updated_at_version_meta : RowDatasetVersionMeta | None
    """

    id: int
    files: list[DataFile]
    physical_rows: int
    deletion_file: DeletionFile | None = None
    row_id_meta: RowIdMeta | None = None
    created_at_version_meta: RowDatasetVersionMeta | None = None
    last_updated_at_version_meta: RowDatasetVersionMeta | None = None
    overlays: list[Any] = field(default_factory=list)

    @classmethod
    def _from_raw(cls, raw: dict[str, Any]) -> FragmentMetadata:
        deletion = raw["deletion_file"]
        if deletion is not None:
            deletion = DeletionFile(**{k: v for k, v in deletion.items() if k != "path"})
        return cls(
            id=raw["id"],
            files=[DataFile(**file) for file in raw["files"]],
            physical_rows=raw["physical_rows"],
            deletion_file=deletion,
            row_id_meta=RowIdMeta._from_raw(raw["row_id_meta"]),
            created_at_version_meta=RowDatasetVersionMeta._from_raw(raw["created_at_version_meta"]),
            last_updated_at_version_meta=RowDatasetVersionMeta._from_raw(
                raw["last_updated_at_version_meta"]
            ),
        )

    @property
    def num_deletions(self) -> int:
        return 0 if self.deletion_file is None else self.deletion_file.num_deleted_rows

    @property
    def num_rows(self) -> int:
        """Rows not deleted."""
        return self.physical_rows - self.num_deletions

    def data_files(self) -> list[DataFile]:
        warnings.warn(
            "FragmentMetadata.data_files is deprecated. Use .files instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.files

    def _to_raw(self) -> dict[str, Any]:
        """What :meth:`_from_raw` reads."""
        if self.overlays:
            raise NotImplementedError(f"fragment {self.id} has overlays, which are not there yet")

        def optional(meta: Any) -> dict[str, Any] | None:
            return None if meta is None else meta._to_raw()

        return {
            "id": self.id,
            "files": [file._to_raw() for file in self.files],
            "physical_rows": self.physical_rows,
            "deletion_file": None if self.deletion_file is None else self.deletion_file.asdict(),
            "row_id_meta": optional(self.row_id_meta),
            "created_at_version_meta": optional(self.created_at_version_meta),
            "last_updated_at_version_meta": optional(self.last_updated_at_version_meta),
        }

    def to_json(self) -> dict[str, Any]:
        """As a value that :mod:`json` can write."""

        def optional(meta: Any) -> dict[str, Any] | None:
            return None if meta is None else meta.asdict()

        return {
            "id": self.id,
            "files": [file._to_raw() for file in self.files],
            "overlays": list(self.overlays),
            "physical_rows": self.physical_rows,
            "deletion_file": optional(self.deletion_file),
            "row_id_meta": optional(self.row_id_meta),
            "created_at_version_meta": optional(self.created_at_version_meta),
            "last_updated_at_version_meta": optional(self.last_updated_at_version_meta),
        }

    @staticmethod
    def from_json(json_data: str) -> FragmentMetadata:
        """From the text of :meth:`to_json`."""
        value = json.loads(json_data)
        if not isinstance(value, dict):
            raise ValueError(f"a fragment is a JSON object, got {json_data[:80]}")

        def optional(kind: Any, key: str) -> Any:
            return None if value.get(key) is None else kind(value[key])

        return FragmentMetadata(
            id=value["id"],
            files=[DataFile(**file) for file in value["files"]],
            physical_rows=value["physical_rows"],
            deletion_file=optional(lambda d: DeletionFile(**d), "deletion_file"),
            row_id_meta=optional(RowIdMeta.from_dict, "row_id_meta"),
            created_at_version_meta=optional(
                RowDatasetVersionMeta.from_dict, "created_at_version_meta"
            ),
            last_updated_at_version_meta=optional(
                RowDatasetVersionMeta.from_dict, "last_updated_at_version_meta"
            ),
            overlays=value.get("overlays") or [],
        )
