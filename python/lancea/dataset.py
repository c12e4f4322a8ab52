"""A Lance table at one version."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable, Iterator, KeysView
from os import PathLike, fspath
from typing import Any, Literal

import pyarrow as pa
import pyarrow.dataset as pads

from lancea import _lancea
from lancea._changes import BulkCommitResult, TableChanges
from lancea._columns import AlterColumn, ColumnChanges
from lancea._display import dataset_html, dataset_repr
from lancea._indices import describe_indices
from lancea._metadata import MetadataChanges
from lancea._row_changes import RowChanges
from lancea._stores import session_of, with_base_options
from lancea._timestamps import local_time
from lancea._transaction import LanceOperation, Transaction
from lancea._write import LANCE_COMMIT_MESSAGE_KEY, write_dataset
from lancea.blob import BlobFile
from lancea.cleanup import Maintenance
from lancea.commit import check_commit_lock
from lancea.fragment import LanceFragment
from lancea.maintenance import auto_maintenance
from lancea.optimize import DatasetOptimizer
from lancea.ordering import ColumnOrdering
from lancea.refs import Branches, Tags
from lancea.scanner import LanceScanner, ScannerBuilder, column_options
from lancea.schema import LanceSchema
from lancea.session import Session
from lancea.sql import SqlQueryBuilder
from lancea.stats import LanceStats
from lancea.types import AutoCleanupConfig, DatasetBasePath, Index, IOStats, Version
from lancea.util import sanitize_ts

__all__ = [
    "LANCE_COMMIT_MESSAGE_KEY",
    "AlterColumn",
    "AutoCleanupConfig",
    "BulkCommitResult",
    "ColumnOrdering",
    "Index",
    "LanceDataset",
    "LanceOperation",
    "Transaction",
    "dataset",
    "write_dataset",
]


def dataset(
    uri: str | PathLike | None = None,
    version: int | str | None = None,
    asof: Any = None,
    block_size: int | None = None,
    commit_lock: Any = None,
    index_cache_size: int | None = None,
    storage_options: dict[str, str] | None = None,
    default_scan_options: dict[str, Any] | None = None,
    metadata_cache_size_bytes: int | None = None,
    index_cache_size_bytes: int | None = None,
    read_params: dict[str, Any] | None = None,
    session: Session | None = None,
    namespace_client: Any = None,
    table_id: list[str] | None = None,
    base_store_params: dict[str, dict[str, str]] | None = None,
    maintenance: Literal["auto"] | None = None,
) -> LanceDataset:
    """Open a table.

    Parameters
    ----------
    uri
        its folder or URI
    version
        a version number or a tag; None: the latest version
    asof
        the newest version before this time, when no version is given
    commit_lock
        for stores that cannot write a file only if there is none: what changes made through the
        table hold while they publish a version; see :func:`write_dataset`
    storage_options
        options of the object store
    base_store_params
        storage options by the path of a base; see :func:`write_dataset`
    default_scan_options
        arguments of :meth:`LanceDataset.scanner` that count for every scan
    session
        a cache shared with other tables; None: the one of the process
    maintenance
        "auto": compact the table and clean it up in the background while the dataset is there

    Raises
    ------
    ValueError
        if there is no table, or no such version or tag
    NotImplementedError
        if the table uses a feature that this version cannot read
    """
    if namespace_client is not None or table_id is not None:
        raise NotImplementedError("namespaces are not there yet; open the table by its uri")
    if uri is None:
        raise ValueError("dataset() needs a uri")
    opened = LanceDataset(
        uri,
        version,
        block_size,
        commit_lock=commit_lock,
        index_cache_size=index_cache_size,
        storage_options=storage_options,
        default_scan_options=default_scan_options,
        metadata_cache_size_bytes=metadata_cache_size_bytes,
        index_cache_size_bytes=index_cache_size_bytes,
        read_params=read_params,
        session=session,
        base_store_params=base_store_params,
    )
    if maintenance is not None:
        opened._maintenance = auto_maintenance(opened, maintenance)
    if version is not None or asof is None:
        return opened
    moment = sanitize_ts(asof)
    if moment.tzinfo is not None:
        moment = moment.astimezone().replace(tzinfo=None)
    before = [v["version"] for v in opened.versions() if v["timestamp"] < moment]
    if not before:
        raise ValueError(f"{moment} is earlier than the first version of this dataset")
    return opened.checkout_version(max(before))


def take_options(columns: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Options of a take."""
    options = {key: value for key, value in options.items() if value is not None}
    return {**options, **column_options(columns)}


def _reopen(uri, version, branch, storage_options, default_scan_options, branch_uri):
    opened = LanceDataset(
        uri, storage_options=storage_options, default_scan_options=default_scan_options,
        _opened=_lancea.Dataset.open(
            uri, version, branch, None, session_of(uri, None), storage_options or {}
        ),
    )  # fmt: skip
    opened._branch_uri = branch_uri
    return opened


class LanceDataset(
    TableChanges, ColumnChanges, RowChanges, MetadataChanges, Maintenance, pads.Dataset
):
    """A table at one version.

    A subclass of :class:`pyarrow.dataset.Dataset`, so that DuckDB, Polars and everything else that
    scans such can scan it.
    """

    def __init__(
        self,
        uri: str | PathLike,
        version: int | str | None = None,
        block_size: int | None = None,
        index_cache_size: int | None = None,
        metadata_cache_size: int | None = None,
        commit_lock: Any = None,
        storage_options: dict[str, str] | None = None,
        serialized_manifest: bytes | None = None,
        default_scan_options: dict[str, Any] | None = None,
        metadata_cache_size_bytes: int | None = None,
        index_cache_size_bytes: int | None = None,
        read_params: dict[str, Any] | None = None,
        session: Session | None = None,
        base_store_params: dict[str, dict[str, str]] | None = None,
        *,
        _opened: _lancea.Dataset | None = None,
    ):
        # pads.Dataset has no constructor to call: every method that would touch it is overridden.
        self._uri = fspath(uri)
        self._branch_uri: str | None = None
        storage_options = with_base_options(storage_options, base_store_params)
        self._storage_options = storage_options
        self._default_scan_options = default_scan_options
        if session is None and not (metadata_cache_size_bytes is index_cache_size_bytes is None):
            session = Session(index_cache_size_bytes, metadata_cache_size_bytes)
        self._ds = _opened or _lancea.Dataset.open(
            self._uri,
            version,
            None,
            None,
            session_of(uri, session),
            storage_options or {},
            check_commit_lock(commit_lock),
        )

    def __reduce__(self):
        branch = self._ds.branch
        if branch is not None and self._uri.rstrip("/").endswith(f"/tree/{branch}"):
            branch = None
        return _reopen, (
            self._uri, self._ds.version, branch, self._storage_options, self._default_scan_options,
            self._branch_uri,
        )  # fmt: skip

    def __copy__(self) -> LanceDataset:
        return self._at(self._ds)

    def __len__(self) -> int:
        return self.count_rows()

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return dataset_repr(self)

    def _repr_html_(self) -> str:
        return dataset_html(self)

    def _at(self, ds: _lancea.Dataset, branch_uri: str | None = None) -> LanceDataset:
        there = LanceDataset(
            self._uri,
            storage_options=self._storage_options,
            default_scan_options=self._default_scan_options,
            _opened=ds,
        )
        there._branch_uri = branch_uri or self._branch_uri
        return there

    # What the table is.

    @property
    def uri(self) -> str:
        """The location it was opened at; of what ``create_branch`` returned, the branch's own."""
        return self._branch_uri or self._uri

    @property
    def schema(self) -> pa.Schema:
        if self._default_scan_options is None:
            return self._ds.schema()
        return self.scanner().projected_schema

    @property
    def lance_schema(self) -> LanceSchema:
        """The schema with field ids."""
        return LanceSchema(self._ds.lance_schema(), self._ds.schema())

    @property
    def schema_metadata(self) -> dict[str, str]:
        return self._ds.lance_schema()["metadata"]

    @property
    def metadata(self) -> dict[str, str]:
        """Metadata of the table."""
        return self._ds.table_metadata()

    def config(self) -> dict[str, str]:
        """Configuration of the table."""
        return self._ds.config()

    @property
    def data_storage_version(self) -> str:
        """Version of the file format, for example ``"2.2"``."""
        return self._ds.data_storage_version

    @property
    def has_stable_row_ids(self) -> bool:
        return self._ds.has_stable_row_ids

    @property
    def max_field_id(self) -> int:
        return self._ds.max_field_id

    def base_paths(self) -> dict[int, DatasetBasePath]:
        """Places besides the table's own where data files lie, by id."""
        return self._ds.base_paths()

    @property
    def stats(self) -> LanceStats:
        return LanceStats(self._ds)

    @property
    def optimize(self) -> DatasetOptimizer:
        return DatasetOptimizer(self)

    def session(self) -> Session:
        """The cache this table shares."""
        return Session(_inner=self._ds.session)

    def io_stats_snapshot(self) -> IOStats:
        """I/O done through this object so far."""
        _, iops, size = self._ds.io_statistics()
        return IOStats(iops, size)

    def io_stats_incremental(self) -> IOStats:
        """I/O done since this was last called."""
        now = self._ds.io_statistics()
        before = getattr(self, "_io_before", (0, 0, 0))
        self._io_before = now
        return IOStats(now[1] - before[1], now[2] - before[2])

    def list_indices(self) -> list[dict[str, Any]]:
        """The indexes of the table."""
        return describe_indices(self._ds)

    @property
    def has_index(self) -> bool:
        return bool(self._ds.indices())

    # Versions.

    @property
    def version(self) -> int:
        return self._ds.version

    @property
    def latest_version(self) -> int:
        return self._ds.latest_version()

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return [
            {
                "version": v["version"],
                "timestamp": local_time(v["timestamp_nanos"]),
                "metadata": v["metadata"],
            }
            for v in self._ds.versions()
        ]

    def get_version(self) -> Version:
        """The entry of this version among :meth:`versions`."""
        return next(v for v in self.versions() if v["version"] == self.version)

    def checkout_version(self, version: int | str | tuple[str | None, int | None]) -> LanceDataset:
        """Another version: a number, a tag, or a branch and a number.

        Raises
        ------
        OSError
            if there is no such version or tag
        """
        if not (isinstance(version, (str, tuple)) or hasattr(version, "__index__")):
            raise ValueError(
                f"a version must be a number, a tag or a branch and a number, got {version!r}"
            )
        try:
            if isinstance(version, tuple):
                branch, number = version
                return self._at(self._ds.checkout_branch(branch or "main", number))
            return self._at(self._ds.checkout(version))
        except ValueError as error:
            raise OSError(str(error)) from error

    def checkout_latest(self) -> None:
        """Move this object to the latest version."""
        self._ds = self._ds.checkout(None)

    @property
    def tags(self) -> Tags:
        return Tags(self._ds)

    @property
    def branches(self) -> Branches:
        return Branches(self._ds)

    # Fragments.

    def get_fragments(self, filter=None) -> list[LanceFragment]:
        """All fragments. A filter is not applied: Lance tables have no partitions."""
        if filter is not None:
            raise ValueError("get_fragments() does not support filter yet")
        return [LanceFragment(self, None, _raw=raw) for raw in self._ds.fragments()]

    def get_fragment(self, fragment_id: int) -> LanceFragment | None:
        """The fragment with this id, or None."""
        fragment_id = operator.index(fragment_id)
        for raw in self._ds.fragments():
            if raw["id"] == fragment_id:
                return LanceFragment(self, None, _raw=raw)
        return None

    def fragment_ids(self) -> KeysView[int]:
        """Ids of all fragments: a set, in the order of the manifest."""
        return {raw["id"]: None for raw in self._ds.fragments()}.keys()

    # Rows.

    def scanner(
        self,
        columns=None,
        filter=None,
        limit: int | None = None,
        offset: int | None = None,
        nearest=None,
        batch_size: int | None = None,
        batch_size_bytes: int | None = None,
        batch_readahead: int | None = None,
        fragment_readahead: int | None = None,
        scan_in_order: bool | None = None,
        fragments: Iterable[LanceFragment] | None = None,
        index_segments=None,
        full_text_query=None,
        *,
        prefilter: bool | None = None,
        with_row_id: bool | None = None,
        with_row_address: bool | None = None,
        use_stats: bool | None = None,
        fast_search: bool | None = None,
        io_buffer_size: int | None = None,
        late_materialization: bool | list[str] | None = None,
        blob_handling: str | None = None,
        use_scalar_index: bool | None = None,
        include_deleted_rows: bool | None = None,
        scan_stats_callback=None,
        strict_batch_size: bool | None = None,
        order_by=None,
        disable_scoring_autoprojection: bool | None = None,
        row_addr_allowlist: bytes | None = None,
        row_addr_blocklist: bytes | None = None,
    ) -> LanceScanner:
        """A scan of the table, ready to run.

        Parameters
        ----------
        columns
            names, nested ones with dots, or a dict of names and SQL expressions. ``_rowid``,
            ``_rowaddr`` and ``_rowoffset`` may be among them. None: all columns
        filter
            a condition: SQL, a :class:`pyarrow.compute.Expression` or Substrait bytes
        limit, offset
            rows at most; rows skipped first
        batch_size
            rows of a batch, 8192 by default
        batch_size_bytes
            batches are cut shorter to hold about so many bytes
        late_materialization
            which columns are read only for the rows that the filter left: True, False or names;
            None: what costs less
        order_by
            names or :class:`ColumnOrdering`
        batch_readahead, fragment_readahead
            how far to read ahead
        io_buffer_size
            bytes read and not yet consumed, 2 GiB by default
        scan_in_order
            False: batches may come in any order
        fragments
            only these fragments, in this order
        with_row_id, with_row_address
            append ``_rowid``, ``_rowaddr``
        include_deleted_rows
            deleted rows come in place, with null ``_rowid``
        strict_batch_size
            every batch but the last has exactly ``batch_size`` rows
        blob_handling
            ``"blobs_descriptions"`` or ``"all_binary"``
        scan_stats_callback
            called with :class:`ScanStatistics` when a scan has ended
        """
        given = {k: v for k, v in locals().items() if v is not None and k != "self"}
        return LanceScanner(self, {**(self._default_scan_options or {}), **given})

    def sql(self, sql: str) -> SqlQueryBuilder:
        """A query over the table, which it names ``dataset``, run by DuckDB."""
        return SqlQueryBuilder(self, sql)

    def scanner_builder(self) -> ScannerBuilder:
        """The same, one option at a time."""
        return ScannerBuilder(self)

    def to_table(self, columns=None, filter=None, limit=None, offset=None, **options) -> pa.Table:
        """Rows in memory; options as in :meth:`scanner`."""
        return self.scanner(columns, filter, limit, offset, **options).to_table()

    def to_batches(
        self, columns=None, filter=None, limit=None, offset=None, **options
    ) -> Iterator[pa.RecordBatch]:
        """Rows batch by batch; options as in :meth:`scanner`."""
        return self.scanner(columns, filter, limit, offset, **options).to_batches()

    def to_reader(
        self, columns=None, filter=None, limit=None, offset=None, **options
    ) -> pa.RecordBatchReader:
        """Rows as a stream; options as in :meth:`scanner`."""
        return self.scanner(columns, filter, limit, offset, **options).to_reader()

    def __arrow_c_stream__(self, requested_schema=None):
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def to_pandas(
        self, columns=None, filter=None, limit=None, offset=None, *, blob_mode="lazy", **options
    ):
        """Rows as a :class:`pandas.DataFrame`; see :meth:`LanceScanner.to_pandas`."""
        names = set(LanceDataset.scanner.__kwdefaults__) | {
            "nearest", "batch_size", "batch_size_bytes", "batch_readahead", "fragment_readahead",
            "scan_in_order", "fragments", "full_text_query",
        }  # fmt: skip
        scan = {key: value for key, value in options.items() if key in names}
        pandas = {key: value for key, value in options.items() if key not in names}
        scanner = self.scanner(columns, filter, limit, offset, **scan)
        return scanner.to_pandas(blob_mode=blob_mode, **pandas)

    def count_rows(self, filter=None, **options) -> int:
        """Rows not deleted, for which the filter is true."""
        if filter is None and not options:
            return self._ds.count_rows()
        return self.scanner(columns=[], with_row_id=True, filter=filter, **options).count_rows()

    def head(self, num_rows: int, **options) -> pa.Table:
        """The first rows; options as in :meth:`scanner`."""
        return self.scanner(**{**options, "limit": num_rows}).to_table()

    def slice(self, start: int, end: int, columns=None) -> pa.Table:
        """Rows ``[start, end)``, fewer if the table ends before."""
        if start < 0:
            raise ValueError(f"start must be non-negative, got {start}")
        if end < start:
            raise ValueError(f"end must not be less than start, got {start} and {end}")
        return self.to_table(columns, limit=end - start, offset=start)

    def sample(
        self, num_rows: int, columns=None, randomize_order: bool = True, **options
    ) -> pa.Table:
        """Distinct rows drawn at random (by :mod:`random`).

        Raises
        ------
        ValueError
            if the table has fewer rows
        """
        indices = random.sample(range(self.count_rows()), num_rows)
        if not randomize_order:
            indices.sort()
        return self.take(indices, columns, **options)

    def take(self, indices, columns=None, **options) -> pa.Table:
        """Rows by position, in the order asked, duplicates allowed.

        Raises
        ------
        IndexError
            if there is no such row
        """
        if columns is None and not options:
            return self._ds.take(indices, {})
        return self._ds.take(indices, take_options(columns, options))

    def _take_rows(self, row_ids, columns=None, **options) -> pa.Table:
        """Rows by ``_rowid``; ids that do not exist are skipped."""
        options.pop("ignore_deletions", None)
        return self._ds.take_row_ids(row_ids, take_options(columns, options))

    def take_blobs(
        self, blob_column: str, ids=None, addresses=None, indices=None, *, buffer_size: int = 0
    ) -> list[BlobFile | None]:
        """Blobs as files, by row ids, row addresses or positions (exactly one of them)."""
        del buffer_size  # what is mapped needs no buffer
        addresses = self._addresses(ids, addresses, indices)
        buffers = self._ds.take_blobs(blob_column, addresses)
        return [None if buffer is None else BlobFile(buffer) for buffer in buffers]

    def read_blobs(
        self, blob_column: str, ids=None, addresses=None, indices=None, *,
        io_buffer_size: int | None = None, preserve_order: bool | None = None,
    ) -> list[tuple[int, bytes | None]]:  # fmt: skip
        """Row addresses and bytes of blobs."""
        addresses = self._addresses(ids, addresses, indices)
        buffers = self._ds.take_blobs(blob_column, addresses)
        return [
            (address, None if buffer is None else buffer.to_pybytes())
            for address, buffer in zip(addresses, buffers, strict=True)
        ]

    def _addresses(self, ids, addresses, indices) -> list[int]:
        if sum(given is not None for given in (ids, addresses, indices)) != 1:
            raise ValueError("Exactly one of ids, indices, or addresses must be specified")
        if addresses is not None:
            return [int(a.as_py() if isinstance(a, pa.Scalar) else a) for a in addresses]
        if indices is not None:
            return self._ds.addresses_of_offsets(indices)
        found = self._ds.addresses_of_row_ids(ids)
        if None in found:
            raise NotImplementedError(
                "A take operation that includes row addresses must not target deleted rows"
            )
        return found

    def validate(self) -> None:
        """Read everything.

        Raises
        ------
        OSError
            naming what is wrong
        """
        defects = self._ds.verify()
        if defects:
            raise OSError("; ".join(f"{file}: {message}" for file, message in defects))

    # What pyarrow's datasets have and Lance tables do another way.

    @property
    def partition_expression(self):
        raise NotImplementedError("Lance tables have no partitions")

    def replace_schema(self, schema):
        raise NotImplementedError("a table's schema is not replaced; select columns in the scan")

    def filter(self, expression):
        raise NotImplementedError("filter a scan: scanner(filter=...)")

    def join(self, right_dataset, keys, *args, **kwargs):
        raise NotImplementedError("join what to_table() gives")

    def join_asof(self, right_dataset, *args, **kwargs):
        raise NotImplementedError("join what to_table() gives")

    def sort_by(self, sorting, **kwargs):
        raise NotImplementedError("sort what to_table() gives")
