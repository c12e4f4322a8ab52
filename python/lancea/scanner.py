"""Scans: what to read of a table, and the reading."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from lancea import _lancea
from lancea.ordering import order_keys

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset
    from lancea.fragment import LanceFragment

_logger = logging.getLogger("lancea")

#: Options that only choose how a filter is answered, never what the answer is.
_HINTS = ("prefilter", "use_scalar_index", "fast_search")
#: Options that later versions will have.
_MISSING = {
    "nearest": "vector search",
    "full_text_query": "full text search",
    "index_segments": "indexes",
    "row_addr_allowlist": "row masks",
    "row_addr_blocklist": "row masks",
    "substrait_aggregate": "aggregates in scans",
}


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

    @classmethod
    def _of(cls, counts: dict[str, int]) -> ScanStatistics:
        io = {name: counts.pop(name) for name in ("iops", "requests", "bytes_read")}
        times = {name: counts.pop(name) for name in list(counts) if name.endswith("_nanos")}
        return cls(**io, all_counts=counts, all_times=times)


def column_options(columns) -> dict[str, Any]:
    """Options for columns given as a name, names, a dict of names and SQL, or such pairs.

    Raises
    ------
    TypeError
        for anything else
    """
    if columns is None:
        return {}
    if isinstance(columns, dict):
        columns = list(columns.items())
    columns = [columns] if isinstance(columns, str) else list(columns)
    if all(isinstance(column, str) for column in columns):
        return {"columns": columns}
    pairs = [tuple(column) for column in columns if isinstance(column, (tuple, list))]
    if len(pairs) < len(columns) or not all(
        len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in pairs
    ):
        raise TypeError("columns are names, or a dict of {name: expression}")
    return {"projections": pairs}


def filter_options(filter) -> dict[str, Any]:
    """Options for a filter: SQL, a pyarrow expression or Substrait bytes.

    Raises
    ------
    NotImplementedError
        for searches, which are filters of a later version
    """
    if filter is None:
        return {}
    if isinstance(filter, str):
        return {"filter": filter}
    if isinstance(filter, (bytes, bytearray)):
        return {"filter_substrait": bytes(filter)}
    if isinstance(filter, dict) and set(filter) <= {"expr_filter", "search_filter"}:
        if filter.get("search_filter") is not None:
            raise NotImplementedError("search filters come with search indexes")
        return filter_options(filter.get("expr_filter"))
    if not isinstance(filter, pc.Expression):
        raise NotImplementedError(
            f"the filter {filter!r}: filters are SQL, pyarrow.compute expressions or Substrait"
        )
    _, (serialized,) = filter.__reduce__()
    return {"filter_expression": serialized.to_pybytes()}


class LanceScanner(pads.Scanner):
    """A scan that is ready to run, any number of times. Made by :meth:`LanceDataset.scanner`."""

    def __init__(self, dataset: LanceDataset, options: dict[str, Any]):
        # pads.Scanner has no constructor to call: every method that would touch it is overridden.
        self._dataset = dataset
        self._ds: _lancea.Dataset = dataset._ds
        self._given = dict(options)
        options = dict(options)
        for name in _HINTS:
            options.pop(name, None)
        for name, feature in _MISSING.items():
            if options.pop(name, None) is not None:
                raise NotImplementedError(f"scanner option {name} comes with {feature}")
        options.pop("disable_scoring_autoprojection", None)
        self._callback: Callable[[ScanStatistics], None] | None = options.pop(
            "scan_stats_callback", None
        )
        for name in ("limit", "offset"):
            if (options.get(name) or 0) < 0:
                raise ValueError(f"{name.capitalize()} must be non-negative")
        if options.get("batch_readahead") == 0:
            raise ValueError("batch_readahead must be greater than 0")
        fragments = options.pop("fragments", None)
        if fragments is not None:
            options["fragment_ids"] = [fragment.fragment_id for fragment in fragments]
        orderings = options.pop("order_by", None)
        if orderings:
            options["order_by"] = order_keys(orderings)
        options |= filter_options(options.pop("filter", None))
        options |= column_options(options.pop("columns", None))
        self._options = {key: value for key, value in options.items() if value is not None}

    def _scan(self) -> _lancea.Scan:
        return _lancea.Scan(self._ds, self._options, self._callback is not None)

    # What comes out.

    @property
    def projected_schema(self) -> pa.Schema:
        """Schema of the batches."""
        return self._scan().schema()

    @property
    def dataset_schema(self) -> pa.Schema:
        return self._dataset.schema

    def to_table(self) -> pa.Table:
        """All rows."""
        scan = self._scan()
        table = scan.to_table()
        self._tell(scan)
        return table

    def to_reader(self) -> pa.RecordBatchReader:
        """All rows as a stream."""
        scan = self._scan()
        if self._callback is None:
            return scan.to_reader()
        return pa.RecordBatchReader.from_batches(scan.schema(), self._told(scan))

    def _told(self, scan: _lancea.Scan) -> Iterator[pa.RecordBatch]:
        yield from scan.to_reader()
        self._tell(scan)

    def _tell(self, scan: _lancea.Scan) -> None:
        if self._callback is None:
            return
        try:
            self._callback(ScanStatistics._of(scan.counts()))
        except Exception:
            # The rows are there; that nobody could count them is no reason to lose them.
            _logger.exception("Error in scan stats callback")

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, batch by batch."""
        yield from self.to_reader()

    async def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        """All rows, batch by batch, without holding up the event loop."""
        import asyncio

        reader = self.to_reader()
        while (batch := await asyncio.to_thread(next, reader, None)) is not None:
            yield batch

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
        if columns or "projections" in self._options or (columns is None and row_id):
            raise ValueError(
                "count_rows should not be called on a plan selecting columns: "
                f"it selects {', '.join(columns or ['all of them'])}"
            )
        if columns is not None and not row_id:
            raise ValueError(
                "no columns were selected and with_row_id is false, there is nothing to scan"
            )
        scan = self._scan()
        rows = scan.count_rows()
        self._tell(scan)
        return rows

    # How.

    def explain_plan(self, verbose: bool = False) -> str:
        """The steps of the scan as a tree."""
        return self._scan().explain_plan(verbose)

    def analyze_plan(self, count_rows: bool = False) -> str:
        """Run the scan and show what each step did.

        Parameters
        ----------
        count_rows
            as :meth:`count_rows` would run it
        """
        return self._scan().analyze_plan(count_rows)

    def plan(self, analyze: bool = False) -> dict[str, Any]:
        """The same tree as data; with ``analyze`` the scan is run."""
        return json.loads(self._scan().plan_json(analyze))

    def _with(self, **changes: Any) -> LanceScanner:
        return LanceScanner(self._dataset, {**self._given, **changes})

    def __repr__(self) -> str:
        shown = {key: value for key, value in self._given.items() if value is not None}
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
        """Names of columns, or a dict of names and SQL expressions."""
        return self._set("columns", cols)

    def filter(self, filter) -> ScannerBuilder:
        """Only rows for which SQL, a pyarrow expression or Substrait is true."""
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
        """Sort by a list of :class:`ColumnOrdering`."""
        if orderings is not None:
            order_keys(orderings)
        return self._set("order_by", orderings)

    def disable_scoring_autoprojection(self, disable: bool = True) -> ScannerBuilder:
        return self._set("disable_scoring_autoprojection", disable)

    def with_index_segments(self, index_segments) -> ScannerBuilder:
        return self._set("index_segments", index_segments)

    def row_addr_prefilter(
        self, allowlist: bytes | None = None, blocklist: bytes | None = None
    ) -> ScannerBuilder:
        return self._set("row_addr_allowlist", allowlist)._set("row_addr_blocklist", blocklist)

    def substrait_aggregate(self, aggregate: bytes) -> ScannerBuilder:
        return self._set("substrait_aggregate", aggregate)

    def nearest(self, column: str, q, k: int | None = None, **options: Any) -> ScannerBuilder:
        return self._set("nearest", {"column": column, "q": q, "k": k, **options})

    def full_text_search(self, query, columns: list[str] | None = None) -> ScannerBuilder:
        return self._set("full_text_query", {"query": query, "columns": columns})

    def _set(self, name: str, value: Any) -> ScannerBuilder:
        if value is not None:
            self._options[name] = value
        else:
            self._options.pop(name, None)
        return self
