"""What :class:`LanceDataset` can do to its table beside reading it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypedDict

from lancea import _lancea
from lancea._stores import forget, remember, session_of, with_base_options
from lancea._transaction import LanceOperation, Transaction, merge_appends
from lancea._transaction_values import to_raw, transaction_from_raw, transaction_to_raw
from lancea._write import LANCE_COMMIT_MESSAGE_KEY, write_dataset
from lancea.commit import CommitLock, check_commit_lock
from lancea.errors import RefusedError
from lancea.refs import Reference, at_reference

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset
    from lancea.types import DatasetBasePath

_COMMIT_TIMEOUT = timedelta(minutes=30)


class BulkCommitResult(TypedDict):
    dataset: LanceDataset
    merged: Transaction


def _table(destination: str | PathLike | LanceDataset) -> tuple[str, _lancea.Dataset | None]:
    from lancea.dataset import LanceDataset

    if isinstance(destination, LanceDataset):
        return destination._uri, destination._ds
    if not isinstance(destination, (str, PathLike)):
        raise TypeError(f"base_uri must be str, Path, or LanceDataset, got {type(destination)}")
    return fspath(destination), None


def _commit(
    destination: str | PathLike | LanceDataset, transaction: Transaction, **options: Any
) -> LanceDataset:
    from lancea.dataset import LanceDataset

    uri, opened = _table(destination)
    timeout = options.pop("commit_timeout", None)
    if timeout is not None and timeout <= timedelta(0):
        raise RefusedError(f"commit_timeout must be positive, got {timeout}; None: no limit")
    storage_options = options.get("storage_options")
    if storage_options is None:
        storage_options = getattr(destination, "_storage_options", None)
    storage_options = with_base_options(storage_options, options.pop("base_store_params", None))
    options = {
        **{key: value for key, value in options.items() if value is not None},
        "storage_options": storage_options or {},
        "commit_lock": check_commit_lock(options.get("commit_lock")),
        "session": session_of(uri, None),
        "timeout_seconds": None if timeout is None else timeout.total_seconds(),
    }
    committed = _lancea.commit(uri, opened, transaction_to_raw(transaction), options)
    return LanceDataset(uri, storage_options=storage_options, _opened=committed)


class TableChanges:
    """Commits, versions and clones; a part of :class:`LanceDataset`."""

    _ds: _lancea.Dataset
    _storage_options: dict[str, str] | None

    def insert(self, data: Any, *, mode: str = "append", **options: Any) -> None:
        """Write rows and move to the new version; arguments as of :func:`write_dataset`."""
        self._ds = write_dataset(data, self, mode=mode, **options)._ds

    @staticmethod
    def commit(
        base_uri: str | PathLike | LanceDataset,
        operation: LanceOperation.BaseOperation | Transaction,
        read_version: int | None = None,
        commit_lock: CommitLock | None = None,
        storage_options: dict[str, str] | None = None,
        enable_v2_manifest_paths: bool | None = None,
        detached: bool | None = False,
        max_retries: int = 20,
        *,
        commit_message: str | None = None,
        enable_stable_row_ids: bool | None = None,
        namespace_client: Any = None,
        table_id: list[str] | None = None,
        namespace_client_managed_versioning: bool = False,
        base_store_params: dict[str, dict[str, str]] | None = None,
        commit_timeout: timedelta | None = _COMMIT_TIMEOUT,
    ) -> LanceDataset:
        """Commit a change that was prepared, possibly elsewhere.

        Parameters
        ----------
        base_uri
            the table: its folder or URI, or the object
        operation
            what changes: an operation, or a whole transaction
        read_version
            the version it is based on; needed for operations but Overwrite and Restore
        detached
            a version outside of the history, which only its number opens
        max_retries
            attempts after other writers were first
        enable_v2_manifest_paths, enable_stable_row_ids
            of a new table
        base_store_params
            storage options by the path of a base; see :func:`write_dataset`
        commit_timeout
            no attempt is begun later than this; None: no limit

        Raises
        ------
        CommitConflictError
            if another writer committed what rules this out
        """
        if namespace_client is not None or table_id is not None:
            raise NotImplementedError("namespaces are not there yet; name the table by its uri")
        _table(base_uri)
        if isinstance(operation, Transaction):
            if commit_message is not None:
                raise ValueError(
                    "commit_message is not supported with a Transaction: set its property "
                    f"{LANCE_COMMIT_MESSAGE_KEY!r} instead"
                )
            transaction = operation
        elif not isinstance(operation, LanceOperation.BaseOperation):
            raise TypeError(
                "operation must be a LanceOperation.BaseOperation or Transaction, "
                f"got {type(operation)}"
            )
        else:
            free = (LanceOperation.Overwrite, LanceOperation.Restore)
            if read_version is None and not isinstance(operation, free):
                raise ValueError(
                    "read_version is required for all operations except Overwrite and Restore"
                )
            properties = (
                {} if commit_message is None else {LANCE_COMMIT_MESSAGE_KEY: commit_message}
            )
            transaction = Transaction(
                read_version or 0, operation, transaction_properties=properties
            )
        return _commit(
            base_uri,
            transaction,
            commit_lock=commit_lock,
            storage_options=storage_options,
            enable_v2_manifest_paths=enable_v2_manifest_paths,
            enable_stable_row_ids=enable_stable_row_ids,
            detached=detached,
            max_retries=max_retries,
            base_store_params=base_store_params,
            commit_timeout=commit_timeout,
        )

    @staticmethod
    def commit_batch(
        dest: str | PathLike | LanceDataset,
        transactions: Sequence[Transaction],
        commit_lock: CommitLock | None = None,
        storage_options: dict[str, str] | None = None,
        enable_v2_manifest_paths: bool | None = None,
        detached: bool | None = False,
        max_retries: int = 20,
        base_store_params: dict[str, dict[str, str]] | None = None,
        commit_timeout: timedelta | None = _COMMIT_TIMEOUT,
    ) -> BulkCommitResult:
        """Commit several transactions that append as one version."""
        _table(dest)
        merged = merge_appends(transactions)
        committed = _commit(
            dest,
            merged,
            commit_lock=commit_lock,
            storage_options=storage_options,
            enable_v2_manifest_paths=enable_v2_manifest_paths,
            detached=detached,
            max_retries=max_retries,
            base_store_params=base_store_params,
            commit_timeout=commit_timeout,
        )
        return {"dataset": committed, "merged": merged}

    def restore(self) -> None:
        """Make the contents of this version those of a new, latest one."""
        self._ds = self._ds.restore()

    def truncate_table(self) -> None:
        """Delete all rows."""
        self.delete("true")

    def add_bases(
        self,
        new_bases: list[DatasetBasePath],
        transaction_properties: dict[str, str] | None = None,
    ) -> LanceDataset:
        """Register other places for data files, for use as ``target_bases``."""
        self._ds = self._ds.add_bases(to_raw(new_bases), transaction_properties or {})
        return self

    def read_transaction(self, version: int) -> Transaction | None:
        """The transaction that made a version; None when it was not kept.

        Raises
        ------
        OSError
            if there is no such version
        """
        try:
            raw = self._ds.checkout(version).read_transaction()
        except ValueError as error:
            raise OSError(str(error)) from error
        return None if raw is None else transaction_from_raw(raw)

    def get_transactions(self, recent_transactions: int = 10) -> list[Transaction | None]:
        """The transactions of this version and those before it, newest first."""
        raws = self._ds.transactions(recent_transactions)
        return [None if raw is None else transaction_from_raw(raw) for raw in raws]

    def create_branch(
        self,
        branch: str,
        reference: Reference = None,
        storage_options: dict[str, str] | None = None,
    ) -> LanceDataset:
        """A line of versions of its own that starts at a version.

        ``reference`` is a version of this branch, a tag, or a branch and a version; None: this
        version.
        """
        root = self._uri.rstrip("/").removesuffix(f"/tree/{self._ds.branch}")
        created = at_reference(self._ds, reference).create_branch(branch)
        return self._at(created, f"{root}/tree/{branch}")

    def shallow_clone(
        self,
        target_path: str | PathLike,
        reference: Reference = None,
        storage_options: dict[str, str] | None = None,
        **options: Any,
    ) -> LanceDataset:
        """A new table with the contents of a version, whose data files stay where they are.

        ``options`` are those of :class:`LanceDataset`.
        """
        from lancea.dataset import LanceDataset

        if storage_options is None:
            storage_options = self._storage_options
        target = fspath(target_path)
        cloned = at_reference(self._ds, reference).shallow_clone(target, storage_options or {})
        remember(target, cloned)
        return LanceDataset(target, storage_options=storage_options, **options)

    def deep_clone(
        self,
        target_path: str | PathLike,
        reference: Reference = None,
        storage_options: dict[str, str] | None = None,
        **options: Any,
    ) -> LanceDataset:
        """A new table with the contents of a version, whose files are all copied.

        ``options`` are those of :class:`LanceDataset`.

        Raises
        ------
        OSError
            if there is a table at ``target_path``
        """
        from lancea.dataset import LanceDataset

        if storage_options is None:
            storage_options = self._storage_options
        target = fspath(target_path)
        cloned = at_reference(self._ds, reference).deep_clone(target, storage_options or {})
        remember(target, cloned)
        return LanceDataset(target, storage_options=storage_options, **options)

    def migrate_manifest_paths_v2(self) -> None:
        """Rename the manifests so that the latest version is found at once on object stores.

        Nobody else may use the table meanwhile. What was interrupted is completed by calling it
        again; a table that has such names already stays as it is.
        """
        _lancea.Dataset.migrate_manifest_paths(self.uri, self._storage_options or {})
        self._ds = self._ds.checkout(self._ds.version)

    @staticmethod
    def drop(
        base_uri: str | PathLike,
        storage_options: dict[str, str] | None = None,
        ignore_not_found: bool | None = None,
    ) -> None:
        """Delete a table and everything in its folder.

        Raises
        ------
        OSError
            if there is none, unless ``ignore_not_found``
        """
        if forget(base_uri):
            return
        try:
            _lancea.Dataset.drop(fspath(base_uri), storage_options or {})
        except RefusedError:
            if not ignore_not_found:
                raise
