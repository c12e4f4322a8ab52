"""Scans: what to read of a table, and the reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

from lancea import _lancea
from lancea._filter import filter_batches, filter_columns

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset
    from lancea.fragment import LanceFragment

_COLUMN_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_QUOTED_NAME = re.compile(r"`([^`]+)`|\"([^\"]+)\"")

#: Options that only choose how a filter is answered, never what the answer is.
_HINTS = ("prefilter", "use_stats", "use_scalar_index", "late_materialization", "fast_search")
#: Options that later versions will have.
_MISSING = (
    "nearest",
    "full_text_query",
    "order_by",
    "index_segments",
    "row_addr_allowlist",
    "row_addr_blocklist",
    "batch_size_bytes",
)


@dataclass
class ScanStatistics:
    """I/O of one scan, given to ``scan_stats_callback`` when it ends."""

    iops: int = 0
    requests: int = 0
    bytes_read: int = 0
    indices_loaded: int = 0
    parts_loaded: int = 0
    index_comparisons: int = 0
    index_cache_hits: int = 0
    index_cache_misses: int = 0
    all_counts: dict[str, int] = field(default_factory=dict)
    all_times: dict[str, int] = field(default_factory=dict)


def column_of_expression(expression: str) -> str:
    """The column that a projection expression names.

    Raises
    ------
    NotImplementedError
        for anything but the name of a column
    """
    if _COLUMN_NAME.fullmatch(expression):
        return expression
    quoted = _QUOTED_NAME.fullmatch(expression)
    if quoted:
        return quoted[1] or quoted[2]
    raise NotImplementedError(
        f"the projection {expression!r}: only names of columns so far, no SQL expressions"
    )


def normalize_columns(columns) -> tuple[list[str] | None, list[str] | None]:
    """Names to read and, when they differ, names to give them."""
    if columns is None:
        return None, None
    if isinstance(columns, dict):
        columns = list(columns.items())
    columns = [columns] if isinstance(columns, str) else list(columns)
    if all(isinstance(column, str) for column in columns):
        return columns, None
    if not all(isinstance(column, tuple) and len(column) == 2 for column in columns):
        raise TypeError("columns are names, or a dict of {name: expression}")
    return [column_of_expression(e) for _, e in columns], [name for name, _ in columns]


class LanceScanner(pads.Scanner):
    """A scan that is ready to run, any number of times. Made by :meth:`LanceDataset.scanner`."""

    def __init__(self, dataset: LanceDataset, options: dict[str, Any]):
        # pads.Scanner has no constructor to call: every method that would touch it is overridden.
        self._dataset = dataset
        self._ds: _lancea.Dataset = dataset._ds
        options = dict(options)
        for name in _HINTS:
            options.pop(name, None)
        for name in _MISSING:
            if options.pop(name, None) is not None:
                raise NotImplementedError(f"scanner option {name} is not there yet")
        options.pop("disable_scoring_autoprojection", None)
        self._callback: Callable[[ScanStatistics], None] | None = options.pop(
            "scan_stats_callback", None
        )
        self._filter = options.pop("filter", None)
        for name in ("limit", "offset"):
            if (options.get(name) or 0) < 0:
                raise ValueError(f"{name.capitalize()} must be non-negative")
        fragments = options.pop("fragments", None)
        if fragments is not None:
            options["fragment_ids"] = [fragment.fragment_id for fragment in fragments]
        self._read, self._names = normalize_columns(options.pop("columns", None))
        if self._read is not None:
            # A column asked for under two names is read once.
            options["columns"] = list(dict.fromkeys(self._read)) if self._names else self._read
        self._options = {key: value for key, value in options.items() if value is not None}
        if self._filter is not None:
            self._filter_columns = filter_columns(self._filter)

    # What comes out.

    @property
    def projected_schema(self) -> pa.Schema:
        """Schema of the batches."""
        return self._rename_schema(self._ds.scan_schema(self._options))

    @property
    def dataset_schema(self) -> pa.Schema:
        return self._dataset.schema

    def to_table(self) -> pa.Table:
        """All rows."""
        if self._filter is not None:
            return self.to_reader().read_all()
        with _Statistics(self._ds, self._callback):
            table = self._ds.to_table(self._options)
        if self._names is None:
            return table
        positions = [table.schema.get_field_index(name) for name in self._read]
        extra = range(len(set(self._read)), table.num_columns)
        return pa.Table.from_arrays(
            [table.column(i) for i in [*positions, *extra]],
            schema=self._rename_schema(table.schema),
        )

    def to_reader(self) -> pa.RecordBatchReader:
        """All rows as a stream."""
        if self._filter is None and self._names is None and self._callback is None:
            return self._ds.to_reader(self._options)
        schema = self.projected_schema
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, batch by batch."""
        yield from self.to_reader()

    def scan_batches(self):
        """All rows as pyarrow's tagged batches."""
        raise NotImplementedError("scan_batches is not there; use to_batches")

    def to_pandas(self, *, blob_mode: str = "lazy", **kwargs: Any):
        """All rows as a :class:`pandas.DataFrame`.

        Parameters
        ----------
        blob_mode
            blob columns as files (``"lazy"``), ``"bytes"`` or ``"descriptions"``
        """
        from lancea._pandas import scan_to_pandas

        return scan_to_pandas(self, blob_mode, kwargs)

    def head(self, num_rows: int) -> pa.Table:
        """The first rows."""
        limit = self._options.get("limit")
        wanted = num_rows if limit is None else min(num_rows, limit)
        return self._with(limit=wanted).to_table()

    def take(self, indices) -> pa.Table:
        """Rows of the scan's result by their position in it."""
        return self.to_table().take(indices)

    def count_rows(self) -> int:
        """Rows the scan would return, of a scan that selects no columns."""
        columns = self._options.get("columns")
        row_id = self._options.get("with_row_id") or self._options.get("with_row_address")
        if columns:
            raise ValueError(
                "count_rows should not be called on a plan selecting columns: "
                f"it selects {', '.join(columns)}"
            )
        if columns is not None and not row_id:
            raise ValueError(
                "no columns were selected and with_row_id is false, there is nothing to scan"
            )
        if self._filter is None:
            return self._ds.scan_count({**self._options, "columns": None})
        return sum(batch.num_rows for batch in self._with(columns=[], with_row_id=True).to_reader())

    # How.

    def _with(self, **changes: Any) -> LanceScanner:
        options = {**self._options, "filter": self._filter, "scan_stats_callback": self._callback}
        if self._names is not None:
            options["columns"] = list(zip(self._names, self._read, strict=True))
        ids = options.pop("fragment_ids", None)
        scanner = LanceScanner(self._dataset, {**options, **changes})
        if ids is not None:
            scanner._options["fragment_ids"] = ids
        return scanner

    def _rename_schema(self, schema: pa.Schema) -> pa.Schema:
        if self._names is None:
            return schema
        fields = [
            schema.field(read).with_name(name)
            for name, read in zip(self._names, self._read, strict=True)
        ]
        fields += [schema.field(i) for i in range(len(set(self._read)), len(schema))]
        return pa.schema(fields, schema.metadata)

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with _Statistics(self._ds, self._callback):
            names = list(self._read or [])
            extra = list(schema.names[len(names) :]) if self._read is not None else schema.names
            if self._filter is None:
                batches: Iterable[pa.RecordBatch] = self._ds.to_reader(self._options)
            else:
                batches = filter_batches(
                    self._ds, self._options, self._filter, self._filter_columns
                )
            for batch in batches:
                arrays = [batch.column(name) for name in [*names, *extra]]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def __repr__(self) -> str:
        shown = {**self._options}
        if self._filter is not None:
            shown["filter"] = self._filter
        inside = "".join(f", {key}={value!r}" for key, value in shown.items())
        return f"LanceScanner({self._dataset.uri!r}{inside})"

    # Ways to make one of pyarrow's scanners that would not make one of these.

    @staticmethod
    def from_dataset(*args, **kwargs):
        raise NotImplementedError("from_dataset: use LanceDataset.scanner")

    @staticmethod
    def from_fragment(*args, **kwargs):
        raise NotImplementedError("from_fragment: use LanceFragment.scanner")

    @staticmethod
    def from_batches(*args, **kwargs):
        raise NotImplementedError("from_batches: use pyarrow.dataset.Scanner.from_batches")


class _Statistics:
    """Calls back with the I/O of what runs inside."""

    def __init__(self, ds: _lancea.Dataset, callback: Callable[[ScanStatistics], None] | None):
        self._ds, self._callback = ds, callback

    def __enter__(self) -> None:
        if self._callback is not None:
            self._before = self._ds.io_statistics()

    def __exit__(self, kind, *_) -> None:
        if self._callback is None or kind is not None:
            return
        after = self._ds.io_statistics()
        requests, iops, size = (b - a for a, b in zip(self._before, after, strict=True))
        self._callback(ScanStatistics(iops=iops, requests=requests, bytes_read=size))


class ScannerBuilder:
    """Collects options one call at a time; every method returns the builder."""

    def __init__(self, ds: LanceDataset):
        self.ds = ds
        self._options: dict[str, Any] = {}

    def apply_defaults(self, default_opts: dict[str, Any]) -> ScannerBuilder:
        """Options that count unless set on the builder."""
        self._options = {**default_opts, **self._options}
        return self

    def to_scanner(self) -> LanceScanner:
        return LanceScanner(self.ds, self._options)

    def columns(self, cols=None) -> ScannerBuilder:
        """Names of columns, or a dict of names and the columns they stand for."""
        return self._set("columns", cols)

    def filter(self, filter) -> ScannerBuilder:
        """Only rows for which a :class:`pyarrow.compute.Expression` is true."""
        return self._set("filter", filter)

    def limit(self, n: int | None = None) -> ScannerBuilder:
        return self._set("limit", n)

    def offset(self, n: int | None = None) -> ScannerBuilder:
        return self._set("offset", n)

    def batch_size(self, batch_size: int) -> ScannerBuilder:
        return self._set("batch_size", batch_size)

    def batch_size_bytes(self, batch_size_bytes: int) -> ScannerBuilder:
        return self._set("batch_size_bytes", batch_size_bytes)

    def batch_readahead(self, nbatches: int | None = None) -> ScannerBuilder:
        return self._set("batch_readahead", nbatches)

    def fragment_readahead(self, nfragments: int | None = None) -> ScannerBuilder:
        return self._set("fragment_readahead", nfragments)

    def io_buffer_size(self, io_buffer_size: int) -> ScannerBuilder:
        return self._set("io_buffer_size", io_buffer_size)

    def scan_in_order(self, scan_in_order: bool = True) -> ScannerBuilder:
        return self._set("scan_in_order", scan_in_order)

    def strict_batch_size(self, strict_batch_size: bool = False) -> ScannerBuilder:
        return self._set("strict_batch_size", strict_batch_size)

    def with_row_id(self, with_row_id: bool = True) -> ScannerBuilder:
        return self._set("with_row_id", with_row_id)

    def with_row_address(self, with_row_address: bool = True) -> ScannerBuilder:
        return self._set("with_row_address", with_row_address)

    def with_fragments(self, fragments: Iterable[LanceFragment] | None) -> ScannerBuilder:
        return self._set("fragments", None if fragments is None else list(fragments))

    def include_deleted_rows(self, flag: bool) -> ScannerBuilder:
        return self._set("include_deleted_rows", flag)

    def blob_handling(self, blob_handling: str | None) -> ScannerBuilder:
        return self._set("blob_handling", blob_handling)

    def scan_stats_callback(self, callback: Callable[[ScanStatistics], None]) -> ScannerBuilder:
        return self._set("scan_stats_callback", callback)

    def prefilter(self, prefilter: bool) -> ScannerBuilder:
        return self._set("prefilter", prefilter)

    def use_stats(self, use_stats: bool = True) -> ScannerBuilder:
        return self._set("use_stats", use_stats)

    def use_scalar_index(self, use_scalar_index: bool = True) -> ScannerBuilder:
        return self._set("use_scalar_index", use_scalar_index)

    def fast_search(self, flag: bool) -> ScannerBuilder:
        return self._set("fast_search", flag)

    def late_materialization(self, late_materialization: bool | list[str]) -> ScannerBuilder:
        return self._set("late_materialization", late_materialization)

    def order_by(self, orderings) -> ScannerBuilder:
        return self._set("order_by", orderings)

    def _set(self, name: str, value: Any) -> ScannerBuilder:
        if value is not None:
            self._options[name] = value
        else:
            self._options.pop(name, None)
        return self
