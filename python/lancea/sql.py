"""SQL over tables, run by DuckDB: columns and conditions are pushed down to the scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

_SYSTEM_COLUMNS = ("_rowid", "_rowaddr")


class _ScannedTable(pads.Dataset):
    """What DuckDB scans: the table with the system columns asked for, and the scan's options."""

    def __init__(self, table: LanceDataset, columns: list[str], options: dict[str, Any]):
        # pads.Dataset has no constructor to call: every method that would touch it is overridden.
        self._table, self._options = table, options
        schema = table.schema
        for name in columns:
            schema = schema.append(pa.field(name, pa.uint64()))
        self._schema = schema

    @property
    def schema(self) -> pa.Schema:
        return self._schema

    def scanner(self, columns=None, filter=None, batch_size=None, **_):
        columns = self._schema.names if columns is None else list(columns)
        options = {**self._options}
        if not columns:  # only rows are counted: their ids cost nothing to read
            options["with_row_id"] = True
        return self._table.scanner(columns=columns, filter=filter, **options)


class SqlQuery:
    """A query ready to run. Made by :meth:`SqlQueryBuilder.build`."""

    def __init__(self, tables: dict[str, Any], text: str, batch_size: int | None):
        self._tables, self._text = tables, text
        self._batch_size = batch_size

    def to_batch_records(self) -> list[pa.RecordBatch]:
        """All rows."""
        return list(self.to_stream_reader())

    def to_stream_reader(self) -> pa.RecordBatchReader:
        """All rows as a stream."""
        relation = self._connect().sql(self._text)
        return _with_integers(relation.to_arrow_reader(self._batch_size or 1 << 20))

    def explain(self, analyze: bool = False) -> str:
        """DuckDB's plan for the query."""
        kind = "ANALYZE " if analyze else ""
        rows = self._connect().execute(f"EXPLAIN {kind}{self._text}").fetchall()
        return "\n".join(row[-1] for row in rows)

    def _connect(self):
        try:
            import duckdb
        except ImportError as error:
            raise ImportError("SQL queries need DuckDB: pip install duckdb") from error
        connection = duckdb.connect()
        for name, table in self._tables.items():
            connection.register(name, table)
        return connection


class SqlQueryBuilder:
    """Collects what a query needs; every method returns the builder."""

    def __init__(self, table: LanceDataset, sql: str):
        self._table, self._sql = table, sql
        self._name = "dataset"
        self._columns: dict[str, bool] = dict.fromkeys(_SYSTEM_COLUMNS, False)
        self._options: dict[str, Any] = {}
        self._batch_size: int | None = None
        self._others: dict[str, Any] = {}

    def table_name(self, table_name: str) -> SqlQueryBuilder:
        """The name that stands for the table in the query, ``dataset`` otherwise."""
        self._name = table_name
        return self

    def with_table(self, name: str, table: Any) -> SqlQueryBuilder:
        """Let the query name another table too: a dataset, or whatever DuckDB takes as one."""
        self._others[name] = table
        return self

    def with_row_id(self, with_row_id: bool = True) -> SqlQueryBuilder:
        """Let the query see ``_rowid``."""
        self._columns["_rowid"] = with_row_id
        return self

    def with_row_addr(self, with_row_addr: bool = True) -> SqlQueryBuilder:
        """Let the query see ``_rowaddr``."""
        self._columns["_rowaddr"] = with_row_addr
        return self

    def blob_handling(self, blob_handling: str) -> SqlQueryBuilder:
        """How blob columns come; see :meth:`LanceDataset.scanner`."""
        self._options["blob_handling"] = blob_handling
        return self

    def batch_size(self, batch_size: int) -> SqlQueryBuilder:
        """Rows of a batch at most."""
        self._options["batch_size"] = self._batch_size = batch_size
        return self

    def batch_size_bytes(self, batch_size_bytes: int) -> SqlQueryBuilder:
        """Bytes of a batch that is scanned, roughly, at most."""
        self._options["batch_size_bytes"] = batch_size_bytes
        return self

    def scan_stats_callback(self, callback) -> SqlQueryBuilder:
        """Called with the statistics of each scan that the query makes."""
        self._options["scan_stats_callback"] = callback
        return self

    def build(self) -> SqlQuery:
        columns = [name for name, wanted in self._columns.items() if wanted]
        table = _ScannedTable(self._table, columns, self._options)
        return SqlQuery({**self._others, self._name: table}, self._sql, self._batch_size)


def _with_integers(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Sums of integers, which DuckDB gives 128 bits, as 64 bits."""
    fields = [
        field.with_type(pa.int64()) if field.type == pa.decimal128(38, 0) else field
        for field in reader.schema
    ]
    schema = pa.schema(fields, reader.schema.metadata)
    return reader if schema == reader.schema else reader.cast(schema)
