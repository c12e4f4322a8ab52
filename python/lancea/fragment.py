"""Fragments: the horizontal slices of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

from lancea._columns import add_to_fragment, merge_into_fragment, update_in_fragment
from lancea._data_files import describe_data_file
from lancea._fragment_metadata import (
    DataFile,
    DeletionFile,
    FragmentMetadata,
    RowDatasetVersionMeta,
    RowIdMeta,
)
from lancea._row_changes import delete_from_fragment, delete_rows_from_fragment
from lancea._write import write_fragments, write_one_fragment
from lancea.progress import FragmentWriteProgress, NoopFragmentWriteProgress
from lancea.scanner import LanceScanner, column_options

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

__all__ = [
    "DataFile",
    "DeletionFile",
    "FragmentMetadata",
    "FragmentSession",
    "FragmentWriteProgress",
    "LanceFragment",
    "NoopFragmentWriteProgress",
    "RowDatasetVersionMeta",
    "RowIdMeta",
    "write_fragments",
]


class LanceFragment(pads.Fragment):
    """One fragment of a table at one version. Made by :meth:`LanceDataset.get_fragment`."""

    def __init__(self, dataset: LanceDataset, fragment_id: int | None, *, _raw: dict | None = None):
        # pads.Fragment has no constructor to call: every method that would touch it is overridden.
        if _raw is None:
            _raw = next((f for f in dataset._ds.fragments() if f["id"] == fragment_id), None)
            if _raw is None:
                raise ValueError(f"no fragment {fragment_id} in version {dataset.version}")
        self._dataset = dataset
        self._raw = _raw

    def __reduce__(self):
        return LanceFragment, (self._dataset, self.fragment_id)

    @staticmethod
    def create(
        dataset_uri: str | PathLike,
        data: Any,
        fragment_id: int | None = None,
        schema: pa.Schema | None = None,
        max_rows_per_group: int | None = 1024,
        progress: Any = None,
        mode: str = "append",
        **options: Any,
    ) -> FragmentMetadata:
        """Write rows as one fragment, to be committed with :meth:`LanceDataset.commit`.

        Arguments and further options are those of :func:`write_fragments`. In mode ``"append"``
        the rows must fit the table, where there is one.

        Raises
        ------
        OSError
            for no rows at all, and for rows without columns
        """
        return write_one_fragment(
            dataset_uri, data, fragment_id, schema,
            progress=progress, mode=mode, **options,
        )  # fmt: skip

    @staticmethod
    def create_from_file(
        filename: str, dataset: LanceDataset, fragment_id: int
    ) -> FragmentMetadata:
        """Describe a data file that lies in the table's ``data`` folder as a fragment."""
        file, num_rows = describe_data_file(dataset, filename)
        return FragmentMetadata(fragment_id, [file], num_rows)

    @property
    def fragment_id(self) -> int:
        return self._raw["id"]

    @property
    def metadata(self) -> FragmentMetadata:
        return FragmentMetadata._from_raw(self._raw)

    @property
    def schema(self) -> pa.Schema:
        return self._dataset.schema

    @property
    def physical_schema(self) -> pa.Schema:
        """The columns that the fragment's own files hold."""
        stored = {i for file in self._raw["files"] for i in file["fields"]}

        def is_stored(field) -> bool:
            return field.id() in stored or any(is_stored(child) for child in field.children())

        names = [f.name() for f in self._dataset.lance_schema.fields() if is_stored(f)]
        schema = self._dataset.schema
        return pa.schema([schema.field(name) for name in names], schema.metadata)

    @property
    def partition_expression(self):
        raise NotImplementedError("Lance tables have no partitions")

    @property
    def physical_rows(self) -> int:
        """Rows stored, deleted ones included."""
        return self._raw["physical_rows"]

    @property
    def num_deletions(self) -> int:
        deletion = self._raw["deletion_file"]
        return deletion["num_deleted_rows"] if deletion else 0

    def data_files(self) -> list[DataFile]:
        return self.metadata.files

    def deletion_file(self) -> str | None:
        """Path of the deletion file below the table's root."""
        deletion = self._raw["deletion_file"]
        return deletion["path"] if deletion else None

    def delete(self, predicate) -> FragmentMetadata | None:
        """Itself without the rows for which the predicate is true, to be committed with
        :class:`LanceOperation.Delete`. None: no row is left."""
        return delete_from_fragment(self._dataset, self.fragment_id, predicate)

    def delete_rows(self, offsets: Iterable[int]) -> FragmentMetadata | None:
        """As :meth:`delete`, for rows by their offset among those the fragment stores, deleted ones
        included.

        Raises
        ------
        OSError
            for an offset beyond them
        """
        return delete_rows_from_fragment(self._dataset, self.fragment_id, offsets)

    def count_rows(self, filter=None) -> int:
        """Rows not deleted, for which the filter is true."""
        if filter is None:
            return self._dataset._ds.scan_count({"fragment_ids": [self.fragment_id]})
        return self.scanner(columns=[], with_row_id=True, filter=filter).count_rows()

    def scanner(self, **options: Any) -> LanceScanner:
        """A scan of this fragment alone; options as in :meth:`LanceDataset.scanner`."""
        return LanceScanner(self._dataset, {**options, "fragments": [self]})

    def to_table(self, columns=None, filter=None, limit=None, offset=None, **options) -> pa.Table:
        return self.scanner(
            columns=columns, filter=filter, limit=limit, offset=offset, **options
        ).to_table()

    def to_batches(self, **options: Any) -> Iterator[pa.RecordBatch]:
        yield from self.scanner(**options).to_batches()

    def to_pandas(self, columns=None, filter=None, *, blob_mode: str = "lazy", **options: Any):
        return self.scanner(columns=columns, filter=filter, **options).to_pandas(
            blob_mode=blob_mode
        )

    def head(self, num_rows: int, **options: Any) -> pa.Table:
        return self.scanner(**{**options, "limit": num_rows}).to_table()

    def take(self, indices, columns=None, **options: Any) -> pa.Table:
        """Rows by their position among the fragment's rows that are not deleted."""
        return FragmentSession(self, columns, **options).take(indices)

    def open_session(self, columns=None, with_row_address: bool | None = None) -> FragmentSession:
        """For many takes of the same columns.

        Raises
        ------
        ValueError
            for columns that are not there
        """
        if columns is not None:
            self._dataset._ds.scan_schema(column_options(columns))
        return FragmentSession(self, columns, with_row_address=with_row_address)

    def merge(self, data_obj, left_on: str, right_on: str | None = None, schema=None):
        """As :meth:`LanceDataset.merge`, for this fragment alone and not committed.

        Returns
        -------
        tuple[FragmentMetadata, LanceSchema]
            for :class:`LanceOperation.Merge`
        """
        return merge_into_fragment(self, data_obj, left_on, right_on, schema)

    def merge_columns(
        self, value_func, columns=None, batch_size: int | None = None, reader_schema=None
    ):
        """As :meth:`LanceDataset.add_columns`, for this fragment alone and not committed.

        Returns
        -------
        tuple[FragmentMetadata, LanceSchema]
            for :class:`LanceOperation.Merge`
        """
        return add_to_fragment(self, value_func, columns, batch_size, reader_schema)

    def update_columns(
        self,
        data_obj,
        left_on: str = "_rowid",
        right_on: str | None = None,
        schema=None,
        *,
        with_offsets: bool = False,
    ):
        """New values for columns of the rows that match; not committed.

        Returns
        -------
        tuple[FragmentMetadata, list[int]]
            the fragment and the ids of the fields modified, for :class:`LanceOperation.Update`;
            ``with_offsets`` also the rows that matched, as a portable Roaring bitmap
        """
        updated = update_in_fragment(self, data_obj, left_on, right_on, schema)
        return updated if with_offsets else updated[:2]

    def validate(self) -> None:
        """Read everything in the fragment.

        Raises
        ------
        OSError
            if something is wrong
        """
        for _ in self.to_batches(include_deleted_rows=True, with_row_id=True):
            pass

    def __repr__(self) -> str:
        paths = [str(file["path"]) for file in self._raw["files"]]
        deletion = self.deletion_file()
        ending = "" if deletion is None else f", deletion_file={deletion!r}"
        return f"LanceFileFragment(id={self.fragment_id}, data_files={paths}{ending})"


class FragmentSession:
    """A fragment open for repeated takes of the same columns."""

    def __init__(self, fragment: LanceFragment, columns=None, **options: Any):
        from lancea.dataset import take_options

        self._ds = fragment._dataset._ds
        self._id = fragment.fragment_id
        self._options = take_options(columns, options)

    def take(self, indices) -> pa.Table:
        """Rows by their position among the fragment's rows that are not deleted."""
        return self._ds.take_from_fragment(self._id, indices, self._options)
