"""The peers, each behind the same few calls. All answer with Arrow.

A condition is a tuple: ``("<", column, value)``, likewise ``>=`` and ``=``;
``("in", column, values)``; ``("like", column, pattern)``;
``("and", condition, condition)``, likewise ``or``.
"""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import numpy as np
import pyarrow as pa


class Lancea:
    """Lancea and pylance: the same names for everything, and the same files."""

    name = "lancea"
    suffix = ".lance"

    def __init__(self):
        import lancea

        self.module = lancea
        self.version = lancea.__version__

    def write(self, table: pa.Table, path: Path, **options) -> None:
        self.module.write_dataset(table, str(path), **options)

    def open(self, path: Path):
        return self.module.dataset(str(path))

    def count(self, handle) -> int:
        return handle.count_rows()

    def scan(self, handle, columns) -> pa.Table:
        return handle.to_table(columns)

    def stream(self, handle, columns):
        return handle.to_batches(columns)

    def take(self, handle, rows: np.ndarray, columns) -> pa.Table:
        return handle.take(rows, columns)

    def filter(self, handle, condition: tuple, columns) -> pa.Table:
        return handle.to_table(columns, filter=sql(condition))


class Pylance(Lancea):
    name = "pylance"

    def __init__(self):
        import lance

        self.module = lance
        self.version = importlib.metadata.version("pylance")


class Parquet:
    name = "parquet"
    suffix = ".parquet"

    def __init__(self):
        import pyarrow.parquet

        self.parquet = pyarrow.parquet
        self.version = "pyarrow " + pa.__version__
        self.files: dict[int, Path] = {}  # of handles

    def write(self, table: pa.Table, path: Path, **options) -> None:
        self.parquet.write_table(table, path, **options)

    def open(self, path: Path):
        handle = self.parquet.ParquetFile(path)
        self.files[id(handle)] = path
        return handle

    def count(self, handle) -> int:
        return handle.metadata.num_rows

    def scan(self, handle, columns) -> pa.Table:
        return handle.read(columns)

    def stream(self, handle, columns):
        return handle.iter_batches(columns=columns)

    def take(self, handle, rows: np.ndarray, columns) -> pa.Table:
        # Only the row groups that hold one of the rows are read.
        sizes = [handle.metadata.row_group(i).num_rows for i in range(handle.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        groups = np.searchsorted(starts, rows, side="right") - 1
        used = np.unique(groups)
        shift = np.zeros(len(starts), np.int64)
        shift[used] = starts[used] - np.concatenate([[0], np.cumsum(np.array(sizes)[used])[:-1]])
        table = handle.read_row_groups(used.tolist(), columns)
        return table.take(pa.array(rows - shift[groups]))

    def filter(self, handle, condition: tuple, columns) -> pa.Table:
        import pyarrow.dataset

        file = pyarrow.dataset.dataset(self.files[id(handle)])
        return file.to_table(columns=columns, filter=self._expression(condition))

    def _expression(self, condition: tuple):
        import pyarrow.compute as pc

        operation, *operands = condition
        if operation in ("and", "or"):
            left, right = map(self._expression, operands)
            return left & right if operation == "and" else left | right
        column, value = pc.field(operands[0]), operands[1]
        if operation == "in":
            return column.isin(value)
        if operation == "like":
            return pc.match_like(column, value)
        return {"<": column < value, ">=": column >= value, "=": column == value}[operation]


class Vortex:
    name = "vortex"
    suffix = ".vortex"

    def __init__(self):
        import vortex
        import vortex.expr

        self.module = vortex
        self.version = importlib.metadata.version("vortex-data")
        # Its default leaves one core idle, which the others use.
        vortex.set_worker_threads(len(os.sched_getaffinity(0)))
        self.schemas: dict[int, pa.Schema] = {}  # of handles

    def write(self, table: pa.Table, path: Path, **options) -> None:
        self.module.io.write(table, str(path), **options)

    def open(self, path: Path):
        return self.module.open(str(path))

    def count(self, handle) -> int:
        return len(handle)

    def scan(self, handle, columns) -> pa.Table:
        return handle.to_arrow(columns).read_all()

    def stream(self, handle, columns):
        return handle.to_arrow(columns)

    def take(self, handle, rows: np.ndarray, columns) -> pa.Table:
        # It takes ascending rows; pyarrow cannot reorder string views: plain strings are asked for.
        unique, inverse = np.unique(rows, return_inverse=True)
        indices = self.module.array(pa.array(unique.astype(np.uint64)))
        schema = self._plain(handle, columns)
        taken = handle.to_arrow(columns, indices=indices, schema=schema).read_all()
        return taken.take(pa.array(inverse))

    def filter(self, handle, condition: tuple, columns) -> pa.Table:
        if id(handle) not in self.schemas:
            self.schemas[id(handle)] = handle.to_arrow(limit=1).schema
        expression = self._expression(condition, self.schemas[id(handle)])
        return handle.to_arrow(columns, expr=expression).read_all()

    def _expression(self, condition: tuple, schema: pa.Schema):
        build, vortex = self.module.expr, self.module
        operation, *operands = condition
        if operation in ("and", "or"):
            left, right = (self._expression(each, schema) for each in operands)
            return build.and_(left, right) if operation == "and" else build.or_(left, right)
        name, value = operands
        column = build.column(name)
        if operation == "like":
            return build.like(column, value)
        if schema.field(name).type == pa.int32():  # a literal is not coerced
            kind = vortex.int_(32)
            value = build.literal(vortex.list_(kind) if operation == "in" else kind, value)
        if operation == "in":
            return build.in_list(column, value)
        return {"<": column.__lt__, ">=": column.__ge__, "=": column.__eq__}[operation](value)

    def _plain(self, handle, columns) -> pa.Schema:
        # Kept, as a caller would who takes more than once.
        key = (id(handle), tuple(columns or ()))
        if getattr(self, "_key", None) != key:
            schema = handle.to_arrow(columns, limit=1).schema
            self._key, self._schema = key, pa.schema([without_views(field) for field in schema])
        return self._schema


class DuckDb:
    """Over the Parquet file; conditions only."""

    name = "duckdb"
    suffix = ".parquet"

    def __init__(self):
        import duckdb

        self.version = duckdb.__version__
        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {len(os.sched_getaffinity(0))}")

    def write(self, table: pa.Table, path: Path, **options) -> None:
        Parquet().write(table, path, **options)

    def open(self, path: Path) -> Path:
        return path

    def filter(self, handle: Path, condition: tuple, columns) -> pa.Table:
        query = f"SELECT {', '.join(columns)} FROM '{handle}' WHERE {sql(condition)}"
        return self.connection.sql(query).to_arrow_table()


def sql(condition: tuple) -> str:
    operation, *operands = condition
    if operation in ("and", "or"):
        return f"({sql(operands[0])} {operation.upper()} {sql(operands[1])})"
    column, value = operands
    if operation == "in":
        return f"{column} IN ({', '.join(map(repr, value))})"
    return f"{column} {operation.upper()} {value!r}"


def without_views(field: pa.Field) -> pa.Field:
    """The field with plain strings for string views, at every depth."""
    kind = field.type
    if pa.types.is_string_view(kind):
        kind = pa.string()
    elif pa.types.is_binary_view(kind):
        kind = pa.binary()
    elif pa.types.is_struct(kind):
        kind = pa.struct([without_views(child) for child in kind])
    elif pa.types.is_list(kind):
        kind = pa.list_(without_views(kind.value_field))
    return field.with_type(kind)


ENGINES = {engine.name: engine for engine in (Lancea, Pylance, Parquet, Vortex)}
#: those that are asked conditions
FILTERING = ENGINES | {DuckDb.name: DuckDb}
