"""What :class:`LanceDataset` can do to the rows of its table."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from lancea import _lancea
from lancea._fragment_metadata import FragmentMetadata
from lancea._transaction import Transaction
from lancea._transaction_values import transaction_from_raw
from lancea.errors import RefusedError
from lancea.merge_insert import MergeInsertBuilder

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

_RETRY_TIMEOUT = timedelta(seconds=30)


class DeleteResult(TypedDict):
    num_deleted_rows: int


class UpdateResult(TypedDict):
    num_rows_updated: int


def filter_to_raw(predicate: str | pc.Expression | None) -> str | tuple[bytes, str] | None:
    """A filter as it crosses to C++."""
    if predicate is None or isinstance(predicate, str):
        return predicate
    if not isinstance(predicate, pc.Expression):
        raise TypeError(f"predicate must be SQL or a pyarrow Expression, got {type(predicate)}")
    _, (serialized,) = predicate.__reduce__()
    return serialized.to_pybytes(), str(predicate)


def _predicate(predicate: str | pc.Expression) -> str | tuple[bytes, str]:
    """What to delete: to leave it away is not to mean everything."""
    if predicate is None:
        raise TypeError("predicate must be SQL or a pyarrow Expression, got None")
    return filter_to_raw(predicate)


def _offset(offset: Any) -> int:
    number = operator.index(offset)
    if number < 0:
        raise ValueError(f"a row offset must not be negative, got {number}")
    return number


def retry_options(conflict_retries: int, retry_timeout: timedelta) -> dict[str, Any]:
    """How often and how long a change is made again.

    Raises
    ------
    ValueError
        for negative ones
    """
    if conflict_retries < 0:
        raise ValueError(f"conflict_retries must not be negative, got {conflict_retries}")
    if retry_timeout < timedelta(0):
        raise ValueError(f"retry_timeout must not be negative, got {retry_timeout}")
    return {
        "conflict_retries": conflict_retries,
        "retry_timeout": retry_timeout.total_seconds(),
    }


def delete_from_fragment(
    dataset: LanceDataset, fragment_id: int, predicate: str | pc.Expression
) -> FragmentMetadata | None:
    """The fragment without some rows, for :class:`LanceOperation.Delete`; None: no row is left."""
    raw = _lancea.delete_from_fragment(dataset._ds, fragment_id, _predicate(predicate))
    return None if raw is None else FragmentMetadata._from_raw(raw)


def delete_rows_from_fragment(
    dataset: LanceDataset, fragment_id: int, offsets: Iterable[int]
) -> FragmentMetadata | None:
    raw = _lancea.delete_rows_from_fragment(
        dataset._ds, fragment_id, [_offset(offset) for offset in offsets]
    )
    return None if raw is None else FragmentMetadata._from_raw(raw)


class DatasetDelta:
    """What changed in the versions after ``begin_version``, up to ``end_version``."""

    def __init__(self, dataset: _lancea.Dataset, begin_version: int, end_version: int):
        self._ds = dataset
        self._begin = begin_version
        self._end = end_version

    def list_transactions(self) -> list[Transaction]:
        """The transactions of the versions, oldest first."""
        out = []
        for version in range(self._begin + 1, self._end + 1):
            try:
                raw = self._ds.checkout(version).read_transaction()
            except ValueError as error:
                raise RefusedError(
                    f"Can not find version {version}, please check if it has been cleanup."
                ) from error
            if raw is not None:
                out.append(transaction_from_raw(raw))
        return out

    def get_inserted_rows(self) -> pa.RecordBatchReader:
        """Rows created in the range, with ``_rowid`` and both version columns."""
        return _lancea.changed_rows(self._ds, "inserted", self._begin, self._end)

    def get_updated_rows(self) -> pa.RecordBatchReader:
        """Rows created before the range and last changed in it."""
        return _lancea.changed_rows(self._ds, "updated", self._begin, self._end)

    def get_upserted_rows(self) -> pa.RecordBatchReader:
        """Rows created or last changed in the range."""
        return _lancea.changed_rows(self._ds, "upserted", self._begin, self._end)

    def get_deleted_row_ids(self) -> pa.RecordBatchReader:
        """Ids, as ``_rowid``, of rows that were there before the range and are not after it."""
        return _lancea.deleted_row_ids(self._ds, self._begin, self._end)


class RowChanges:
    """Changes of rows; a part of :class:`LanceDataset`."""

    _ds: _lancea.Dataset

    def delete(
        self,
        predicate: str | pc.Expression,
        *,
        conflict_retries: int = 10,
        retry_timeout: timedelta = _RETRY_TIMEOUT,
    ) -> DeleteResult:
        """Delete the rows for which the predicate is true.

        They are listed in deletion files; data files stay as they are.

        Parameters
        ----------
        predicate
            SQL, or a :class:`pyarrow.compute.Expression`
        conflict_retries, retry_timeout
            how often, and until when, the rows are looked for again after another writer changed
            the same ones first
        """
        options = retry_options(conflict_retries, retry_timeout)
        self._ds, count = _lancea.delete_rows(self._ds, _predicate(predicate), options)
        return {"num_deleted_rows": count}

    def update(
        self,
        updates: dict[str, str],
        where: str | pc.Expression | None = None,
        conflict_retries: int = 10,
        retry_timeout: timedelta = _RETRY_TIMEOUT,
        data_storage_version: str | None = None,
    ) -> UpdateResult:
        """Give columns new values in the rows for which ``where`` is true.

        The rows move to new fragments, at the end of the table.

        Parameters
        ----------
        updates
            SQL expressions over a row's old values, by column
        where
            SQL, or a :class:`pyarrow.compute.Expression`; None: all rows
        conflict_retries, retry_timeout
            as of :meth:`delete`
        data_storage_version
            of the new data files; None: the table's own
        """
        if not isinstance(updates, dict):
            raise TypeError(f"updates must be a dict of SQL by column, got {type(updates)}")
        for column, value in updates.items():
            if not isinstance(column, str):
                raise TypeError(f"the name of a column must be text, got {column!r}")
            if not isinstance(value, str):
                raise TypeError(f"the value of {column!r} must be SQL, got {type(value)}")
        options = retry_options(conflict_retries, retry_timeout)
        options["data_storage_version"] = data_storage_version
        self._ds, count = _lancea.update_rows(self._ds, updates, filter_to_raw(where), options)
        return {"num_rows_updated": count}

    def merge_insert(self, on: str | Iterable[str] | None = None) -> MergeInsertBuilder:
        """Begin a merge of other rows into this table: insert, update and delete in one version.

        ``on`` names the key columns; None: the table's primary key. Source and target rows with
        equal keys match; null equals nothing.

        >>> import lancea, pyarrow as pa
        >>> table = lancea.write_dataset(pa.table({"a": [1, 2], "b": ["x", "y"]}), "memory://merge")
        >>> stats = (
        ...     table.merge_insert("a")
        ...     .when_matched_update_all()
        ...     .when_not_matched_insert_all()
        ...     .execute(pa.table({"a": [2, 3], "b": ["Y", "Z"]}))
        ... )
        >>> stats["num_updated_rows"], stats["num_inserted_rows"]
        (1, 1)
        """
        return MergeInsertBuilder(self, on)

    def delta(
        self,
        compared_against: int | None = None,
        *,
        begin_version: int | None = None,
        end_version: int | None = None,
    ) -> DatasetDelta:
        """What changed between two versions: this one and another, or ``begin_version``
        (exclusive) and ``end_version`` (inclusive)."""
        explicit = begin_version is not None or end_version is not None
        if compared_against is not None:
            if explicit:
                raise RefusedError(
                    "Cannot combine compared_against_version with explicit begin/end versions"
                )
            begin, end = sorted((compared_against, self._ds.version))
            return DatasetDelta(self._ds, begin, end)
        if not explicit:
            raise RefusedError(
                "Must specify either compared_against_version or both begin_version and end_version"
            )
        if begin_version is None or end_version is None:
            raise RefusedError("Must specify both begin_version and end_version")
        return DatasetDelta(self._ds, begin_version, end_version)
