"""Writing rows: whole tables, and the first half of a distributed write."""

from __future__ import annotations

import warnings
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lancea import _lancea
from lancea._fragment_metadata import FragmentMetadata
from lancea._sources import to_source
from lancea._stores import remember, session_of, session_of_new, with_base_options
from lancea._transaction import Transaction
from lancea._transaction_values import to_raw, transaction_from_raw
from lancea.commit import CommitLock, check_commit_lock
from lancea.errors import RefusedError
from lancea.progress import progress_callbacks
from lancea.session import Session
from lancea.types import AutoCleanupConfig, DatasetBasePath

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

#: The transaction property that holds a commit message.
LANCE_COMMIT_MESSAGE_KEY = "__lance_commit_message"
MAX_ROWS_PER_FILE = 1024 * 1024
MAX_BYTES_PER_FILE = 90 * 1024 * 1024 * 1024
_MODES = ("create", "append", "overwrite")
_ENCODINGS = (None, "default", "compact")
_MOST_ROWS = 2**32 - 1


def write_dataset(
    data_obj: Any,
    uri: str | PathLike | LanceDataset | None = None,
    schema: pa.Schema | None = None,
    mode: str = "create",
    *,
    max_rows_per_file: int = MAX_ROWS_PER_FILE,
    max_rows_per_group: int = 1024,
    max_bytes_per_file: int = MAX_BYTES_PER_FILE,
    data_cache_bytes: int | None = None,
    max_page_bytes: int | None = None,
    commit_lock: CommitLock | None = None,
    progress: Any = None,
    storage_options: dict[str, str] | None = None,
    data_storage_version: str | None = None,
    use_legacy_format: bool | None = None,
    enable_v2_manifest_paths: bool = True,
    enable_stable_row_ids: bool = False,
    auto_cleanup_options: AutoCleanupConfig | None = None,
    commit_message: str | None = None,
    transaction_properties: dict[str, str] | None = None,
    initial_bases: list[DatasetBasePath] | None = None,
    target_bases: list[str] | None = None,
    target_all_bases: bool | None = None,
    base_store_params: dict[str, dict[str, str]] | None = None,
    external_blob_mode: str = "reference",
    allow_external_blob_outside_bases: bool = False,
    blob_pack_file_size_threshold: int | None = None,
    namespace_client: Any = None,
    table_id: list[str] | None = None,
    session: Session | None = None,
    encoding: str | None = None,
    checksums: bool = True,
) -> LanceDataset:
    """Write rows to a table as a new version. Nothing is visible before all is written.

    Parameters
    ----------
    data_obj
        rows: a pyarrow Table, RecordBatch, RecordBatchReader, Dataset or Scanner, another Lance
        table, a pandas or polars frame, a Hugging Face dataset, a dict of columns, a list of dicts
        or batches, an iterable of batches with ``schema``, or any Arrow stream
    uri
        folder or URI of the table, or the table itself: then what is known of it is not read again
    schema
        what the rows become; columns are matched by name
    mode
        ``"create"``: a new table; ``"append"``: more rows; ``"overwrite"``: new contents. The last
        two create the table where there is none
    max_rows_per_file, max_bytes_per_file
        when a new data file is begun, each of which is a fragment
    max_rows_per_group
        of the legacy format; has no effect
    data_cache_bytes
        bytes of rows gathered before they are encoded, all columns together
    max_page_bytes
        bytes of a page at most
    commit_lock
        for stores that cannot write a file only if there is none: a function of the version that
        returns a context manager
    progress
        a :class:`FragmentWriteProgress`, or a function called with a :class:`WriteProgress`
    data_storage_version
        ``"2.0"``, ``"2.1"``, ``"2.2"``, ``"2.3"``, ``"stable"`` (2.2) or ``"next"`` (2.3). None:
        that of the table, 2.2 for new ones
    enable_v2_manifest_paths, enable_stable_row_ids, auto_cleanup_options
        of new tables
    commit_message, transaction_properties
        kept with the version; see :meth:`LanceDataset.read_transaction`
    initial_bases
        other places for data files, of new tables
    target_bases
        names or paths of those that take the new files in turn; the table's URI is its own place
    target_all_bases
        all of them take the new files in turn, in the order of their ids; True: the table's own
        place does, too, and first
    base_store_params
        storage options by the path of a base, in place of all others there; see also
        ``base_<id>.<name>`` in ``storage_options``, which overrides one option
    external_blob_mode
        ``"reference"``: blobs given by URI stay where they are; ``"ingest"``: they are copied in
    allow_external_blob_outside_bases
        blobs that stay where they are may lie anywhere, not only below a base path
    blob_pack_file_size_threshold
        bytes of a file that blobs of medium size share, in place of what their columns say
    encoding
        ``"compact"``: smaller files that take longer to write; any reader opens them
    checksums
        store a checksum of every page, which only readers that know it check

    Raises
    ------
    OSError
        if there is a table in mode ``"create"``; if rows do not fit the table's schema; if
        another writer committed what rules this write out (:class:`CommitConflictError`)
    """
    destination = _destination(uri, namespace_client, table_id, mode)
    storage_options = with_base_options(storage_options, base_store_params)
    properties = dict(transaction_properties or {})
    if commit_message is not None:
        properties[LANCE_COMMIT_MESSAGE_KEY] = commit_message
    options = _options(
        mode=mode,
        max_rows_per_file=max_rows_per_file,
        max_bytes_per_file=max_bytes_per_file,
        data_cache_bytes=data_cache_bytes,
        max_page_bytes=max_page_bytes,
        storage_options=storage_options,
        data_storage_version=_storage_version(data_storage_version, use_legacy_format),
        enable_v2_manifest_paths=enable_v2_manifest_paths,
        enable_stable_row_ids=enable_stable_row_ids,
        auto_cleanup=_auto_cleanup(auto_cleanup_options),
        transaction_properties=properties,
        initial_bases=to_raw(initial_bases),
        target_bases=_target_bases(target_bases),
        target_all_bases=target_all_bases,
        session=_session(destination, mode, session),
        encoding=encoding,
        checksums=checksums,
        external_blob_mode=external_blob_mode,
        allow_external_blobs_outside_bases=allow_external_blob_outside_bases,
        blob_pack_file_bytes=blob_pack_file_size_threshold,
        commit_lock=check_commit_lock(commit_lock),
        **progress_callbacks(progress),
    )
    source = _source(data_obj, schema)
    options["keep_original_arrays"] = isinstance(source, pa.Table)
    return _opened(destination, storage_options, _lancea.write(source, *destination, options))


def write_fragments(
    data: Any,
    dataset_uri: str | PathLike | LanceDataset,
    schema: pa.Schema | None = None,
    *,
    return_transaction: bool = False,
    mode: str = "append",
    max_rows_per_file: int = MAX_ROWS_PER_FILE,
    max_rows_per_group: int | None = 1024,
    max_bytes_per_file: int = MAX_BYTES_PER_FILE,
    data_cache_bytes: int | None = None,
    max_page_bytes: int | None = None,
    progress: Any = None,
    data_storage_version: str | None = None,
    use_legacy_format: bool | None = None,
    storage_options: dict[str, str] | None = None,
    enable_stable_row_ids: bool = False,
    target_bases: list[str] | None = None,
    target_all_bases: bool | None = None,
    initial_bases: list[DatasetBasePath] | None = None,
    base_store_params: dict[str, dict[str, str]] | None = None,
    external_blob_mode: str = "reference",
    allow_external_blob_outside_bases: bool = False,
    namespace_client: Any = None,
    table_id: list[str] | None = None,
    session: Session | None = None,
    encoding: str | None = None,
    checksums: bool = True,
    _fragment_id: int | None = None,
) -> list[FragmentMetadata] | Transaction:
    """Write data files without committing them; arguments as of :func:`lancea.write_dataset`.

    Returns
    -------
    list[FragmentMetadata] | Transaction
        fragments, whose ids are given when they are committed by :meth:`LanceDataset.commit`; with
        ``return_transaction`` the transaction that commits them
    """
    if namespace_client is not None or table_id is not None:
        raise NotImplementedError("namespaces are not there yet; name the table by its uri")
    destination = _destination(dataset_uri, None, None, mode)
    opened = destination[1]
    if session is not None and opened is not None and session._inner is not opened.session:
        raise ValueError("session is not that of the table; leave it out")
    if storage_options is None:
        storage_options = getattr(dataset_uri, "_storage_options", None)
    storage_options = with_base_options(storage_options, base_store_params)
    options = _options(
        mode=mode,
        max_rows_per_file=max_rows_per_file,
        max_bytes_per_file=max_bytes_per_file,
        data_cache_bytes=data_cache_bytes,
        max_page_bytes=max_page_bytes,
        storage_options=storage_options,
        data_storage_version=_storage_version(data_storage_version, use_legacy_format),
        enable_stable_row_ids=enable_stable_row_ids,
        initial_bases=to_raw(initial_bases),
        target_bases=_target_bases(target_bases),
        target_all_bases=target_all_bases,
        session=session_of(destination[0], session),
        encoding=encoding,
        checksums=checksums,
        external_blob_mode=external_blob_mode,
        allow_external_blobs_outside_bases=allow_external_blob_outside_bases,
        **progress_callbacks(progress, _fragment_id),
    )
    source = _source(data, schema)
    options["keep_original_arrays"] = isinstance(source, pa.Table)
    transaction = transaction_from_raw(_lancea.write_uncommitted(source, *destination, options))
    return transaction if return_transaction else list(transaction.operation.fragments)


def write_one_fragment(
    dataset_uri: str | PathLike,
    data: Any,
    fragment_id: int | None,
    schema: pa.Schema | None,
    **options: Any,
) -> FragmentMetadata:
    """One fragment with all rows; see :meth:`LanceFragment.create`."""
    source = _source(data, schema)
    if not source.schema.names:
        raise OSError("Cannot write with an empty schema")
    fragments = write_fragments(
        source, dataset_uri, max_rows_per_file=_MOST_ROWS, _fragment_id=fragment_id or 0, **options
    )
    if not fragments:
        raise OSError("Input data was empty")
    if len(fragments) > 1:
        raise OSError(f"one fragment holds {_MOST_ROWS} rows at most; use write_fragments()")
    fragments[0].id = fragment_id or 0
    return fragments[0]


def _destination(
    uri: Any, namespace_client: Any, table_id: Any, mode: str
) -> tuple[str, _lancea.Dataset | None]:
    """Where to write: the location and, where it is open, the table."""
    from lancea.dataset import LanceDataset

    if uri is not None and (namespace_client is not None or table_id is not None):
        raise ValueError("Cannot specify both 'uri' and 'namespace_client/table_id'")
    if namespace_client is not None or table_id is not None:
        raise NotImplementedError("namespaces are not there yet; name the table by its uri")
    if uri is None:
        raise ValueError("Must specify 'uri'")
    if mode not in _MODES:
        raise ValueError(f"Invalid mode {mode}; choose from {', '.join(_MODES)}")
    if isinstance(uri, LanceDataset):
        return uri._uri, uri._ds
    if not isinstance(uri, (str, PathLike)):
        raise TypeError(f"dest must be a str, Path, or LanceDataset. Got {type(uri)}")
    return fspath(uri), None


def _target_bases(target_bases: list[str] | None) -> list[str] | None:
    if target_bases is not None and not target_bases:
        raise RefusedError(
            "target_bases cannot be empty. Omit the option to write to the table's own place."
        )
    return target_bases


def _session(
    destination: tuple[str, _lancea.Dataset | None], mode: str, session: Session | None
) -> _lancea.Session | None:
    if mode == "create" and destination[1] is None:
        return session_of_new(destination[0], session)
    return session_of(destination[0], session)


def _storage_version(version: str | None, use_legacy_format: bool | None) -> str | None:
    if use_legacy_format is None:
        return version
    warnings.warn(
        "use_legacy_format is deprecated, use data_storage_version instead",
        DeprecationWarning,
        stacklevel=3,
    )
    return "legacy" if use_legacy_format else "stable"


def _auto_cleanup(options: AutoCleanupConfig | None) -> tuple[int, int] | None:
    return None if options is None else (options["interval"], options["older_than_seconds"])


def _options(**options: Any) -> dict[str, Any]:
    for name in ("max_rows_per_file", "max_bytes_per_file", "data_cache_bytes", "max_page_bytes"):
        value = options[name]
        if value is None and name in ("data_cache_bytes", "max_page_bytes"):
            continue
        if not isinstance(value, int):
            raise TypeError(f"{name} must be an int, got {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be positive, got {value}")
    if options["encoding"] not in _ENCODINGS:
        raise ValueError(f"encoding must be 'compact' or None, got {options['encoding']!r}")
    options["compact"] = options.pop("encoding") == "compact"
    return options


def _source(data: Any, schema: pa.Schema | None) -> pa.Table | pa.RecordBatchReader:
    source = to_source(data, schema)
    for key, value in (source.schema.metadata or {}).items():
        try:
            key.decode()
            value.decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"Metadata key {key} is not valid utf8; encode binary values, in base64 for example"
            ) from error
    return source


def _opened(
    destination: tuple[str, _lancea.Dataset | None],
    storage_options: dict[str, str] | None,
    written: _lancea.Dataset,
) -> LanceDataset:
    from lancea.dataset import LanceDataset

    if destination[1] is None:
        remember(destination[0], written)
    return LanceDataset(destination[0], storage_options=storage_options, _opened=written)
