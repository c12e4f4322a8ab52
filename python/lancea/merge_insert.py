"""Merging rows into a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lancea import _lancea
from lancea._sources import to_source
from lancea._transaction import Transaction
from lancea._transaction_values import transaction_from_raw

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

_WRITE_MODES = ("auto", "rewrite_rows", "rewrite_columns")
_DEDUPE = {"fail": False, "first_seen": True}


def _condition(sql: str | None) -> str | None:
    if sql is not None and not isinstance(sql, str):
        raise TypeError(f"a condition must be SQL, got {sql!r}")
    return sql


class MergeInsertBuilder:
    """What to do with rows that match, and with those that do not.

    Made by :meth:`LanceDataset.merge_insert`; its methods return it again.
    """

    def __init__(self, dataset: LanceDataset, on: str | Iterable[str] | None):
        self._dataset = dataset
        keys = [] if on is None else [on] if isinstance(on, str) else list(on)
        self._options: dict[str, Any] = {
            "on": _lancea.merge_keys(dataset._ds, keys),
            "insert_not_matched": False,
        }

    def _set(self, **options: Any) -> MergeInsertBuilder:
        self._options.update(options)
        return self

    def when_matched_update_all(self, condition: str | None = None) -> MergeInsertBuilder:
        """Replace target rows by the source rows that match them.

        ``condition`` is SQL over ``source.x`` and ``target.x``; where it is not true the target
        row stays.
        """
        return self._set(when_matched="update", update_condition=_condition(condition))

    def when_matched_delete(self) -> MergeInsertBuilder:
        """Delete target rows that match. Only the keys are needed of the source."""
        return self._set(when_matched="delete")

    def when_matched_fail(self) -> MergeInsertBuilder:
        """Raise an error when there is a match."""
        return self._set(when_matched="fail")

    def when_not_matched_insert_all(self) -> MergeInsertBuilder:
        """Insert the source rows that match nothing."""
        return self._set(insert_not_matched=True)

    def when_not_matched_by_source_delete(self, expr: str | None = None) -> MergeInsertBuilder:
        """Delete target rows that match nothing, and for which the SQL ``expr`` is true."""
        return self._set(delete_not_matched_by_source=True, delete_condition=_condition(expr))

    def source_dedupe_behavior(self, behavior: str) -> MergeInsertBuilder:
        """When two source rows match one target row: ``"fail"``, or ``"first_seen"`` is taken."""
        if behavior not in _DEDUPE:
            raise ValueError(f"behavior must be 'fail' or 'first_seen', got {behavior!r}")
        return self._set(skip_duplicates=_DEDUPE[behavior])

    def conflict_retries(self, max_retries: int) -> MergeInsertBuilder:
        """How often to merge again after another writer changed the same rows first: 10."""
        if max_retries < 0:
            raise ValueError(f"max_retries must not be negative, got {max_retries}")
        return self._set(conflict_retries=max_retries)

    def retry_timeout(self, timeout: timedelta) -> MergeInsertBuilder:
        """After this, by default 30 s, no further attempt begins."""
        if timeout < timedelta(0):
            raise ValueError(f"timeout must not be negative, got {timeout}")
        return self._set(retry_timeout=timeout.total_seconds())

    def data_storage_version(self, version: str) -> MergeInsertBuilder:
        """Of the new data files; default: the table's own."""
        return self._set(data_storage_version=version)

    def memory_limit(self, num_bytes: int) -> MergeInsertBuilder:
        """Bytes of source rows and join state in memory, by default half of the machine's.

        What passes it goes to temporary files.
        """
        if num_bytes < 1:
            raise ValueError(f"num_bytes must be positive, got {num_bytes}")
        return self._set(memory_limit=num_bytes)

    def spill_directory(self, path: str) -> MergeInsertBuilder:
        """Where temporary files go, by default ``TMPDIR``."""
        return self._set(spill_directory=path)

    def use_index(self, use_index: bool) -> MergeInsertBuilder:
        """Whether an index on the key may be used. The answer is the same."""
        if not isinstance(use_index, bool):
            raise TypeError(f"use_index must be a bool, got {use_index!r}")
        return self._set(use_index=use_index)

    def write_mode(self, mode: str) -> MergeInsertBuilder:
        """How updated rows are written.

        ``"auto"`` and ``"rewrite_rows"`` delete them and write them again, whole.
        ``"rewrite_columns"`` leaves them where they are, and gives the fragments they are in new
        files of the columns that the source has beside the keys: for sources that lack most of the
        bytes of a row. Only updates can be written so, no inserts and no deletes.
        """
        if mode not in _WRITE_MODES:
            raise ValueError(f"write_mode must be one of {_WRITE_MODES}, got {mode!r}")
        return self._set(rewrites_columns=mode == "rewrite_columns")

    def target_bases(self, bases: Iterable[str]) -> MergeInsertBuilder:
        """Names or paths of the table's bases that take new fragments in turn.

        The table's URI among them is its own directory.
        """
        return self._set(target_bases=list(bases))

    def target_all_bases(self, include_primary: bool = True) -> MergeInsertBuilder:
        """Every base the table has, and with ``include_primary`` its own directory first."""
        bases = [self._dataset.uri] if include_primary else []
        bases += [base.path for base in self._dataset.base_paths().values()]
        return self._set(target_bases=bases)

    def execute(self, data_obj: Any, *, schema: pa.Schema | None = None) -> dict[str, int]:
        """Merge the rows of ``data_obj``, which is all that :func:`write_dataset` takes.

        It is read once, whatever the number of attempts. The table moves to the new version.

        Returns
        -------
        ``num_inserted_rows``, ``num_updated_rows``, ``num_deleted_rows``, ``num_attempts``,
        ``bytes_written`` and ``num_files_written``

        Raises
        ------
        RefusedError
            when the rows do not fit the table, several of them match one row, or the merge is not
            set up to change anything
        CommitConflictError
            when other writers were first until retries or time ran out
        """
        source = to_source(data_obj, schema)
        self._dataset._ds, stats = _lancea.merge_insert(self._dataset._ds, source, self._options)
        return stats

    def execute_uncommitted(
        self, data_obj: Any, *, schema: pa.Schema | None = None
    ) -> tuple[Transaction, dict[str, int]]:
        """Write the files, and return what :meth:`LanceDataset.commit` takes."""
        source = to_source(data_obj, schema)
        raw, stats = _lancea.merge_insert_uncommitted(self._dataset._ds, source, self._options)
        return transaction_from_raw(raw), stats

    def explain_plan(self, schema: pa.Schema | None = None, verbose: bool = False) -> str:
        """The steps of a merge with a source of this schema; None: the table's."""
        if schema is None:
            schema = self._dataset._ds.schema()
        return _lancea.merge_insert_explain(self._dataset._ds, schema, self._options)

    def analyze_plan(self, data_obj: Any, *, schema: pa.Schema | None = None) -> str:
        """Do the merge without its commit, and tell what each step did."""
        source = to_source(data_obj, schema)
        return _lancea.merge_insert_analyze(self._dataset._ds, source, self._options)
