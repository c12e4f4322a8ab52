"""Functions that compute columns from batches of rows."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from os import PathLike
from typing import Any, NamedTuple

import pyarrow as pa

from lancea.errors import RefusedError

__all__ = ["BatchUDF", "BatchUDFCheckpoint", "batch_udf", "normalize_transform"]


def to_batch(result: Any) -> pa.RecordBatch:
    """What a function returned, as a batch."""
    if isinstance(result, pa.RecordBatch):
        return result
    if isinstance(result, pa.Table):
        batches = result.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=result.schema)
    if type(result).__module__.partition(".")[0] == "pandas":
        return pa.RecordBatch.from_pandas(result, preserve_index=False).replace_schema_metadata()
    raise TypeError(
        f"a column function returns a RecordBatch, Table or DataFrame, not {type(result).__name__}"
    )


class BatchUDF:
    """A function of a batch for :meth:`LanceDataset.add_columns`; see :func:`batch_udf`."""

    def __init__(
        self,
        func: Callable[[pa.RecordBatch], Any],
        output_schema: pa.Schema | None = None,
        checkpoint_file: str | PathLike | None = None,
    ):
        self.func = func
        self.output_schema = output_schema
        self.cache = None if checkpoint_file is None else BatchUDFCheckpoint(checkpoint_file)

    def __call__(self, batch: pa.RecordBatch) -> Any:
        return self.func(batch)

    def _call(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        result = to_batch(self.func(batch))
        if result.schema != self.output_schema:
            raise RefusedError(
                "Output schema of function does not match the expected schema. "
                f"Expected:\n{self.output_schema}\nGot:\n{result.schema}"
            )
        return result

    def _compute(self, fragment_id: int, batch_index: int, batch: pa.RecordBatch) -> pa.RecordBatch:
        """:meth:`_call`, unless the checkpoint has the result."""
        if self.cache is None:
            return self._call(batch)
        info = BatchUDFCheckpoint.BatchInfo(fragment_id, batch_index)
        result = self.cache.get_batch(info)
        if (
            result is None
            or result.num_rows != batch.num_rows
            or result.schema != self.output_schema
        ):
            result = self._call(batch)
            self.cache.insert_batch(info, result)
        return result


def batch_udf(
    output_schema: pa.Schema | None = None,
    checkpoint_file: str | PathLike | None = None,
) -> Callable[[Callable[[pa.RecordBatch], Any]], BatchUDF]:
    """Decorator: a function that computes columns from a batch of rows.

    Parameters
    ----------
    output_schema
        what the function returns; None: learnt from a call with the first row
    checkpoint_file
        keeps what is computed until it is committed, so that a call that failed is resumed by a
        call with the same file. It may get large: up to all results of one data file.

    Examples
    --------
    >>> @lance.batch_udf()
    ... def double_a(batch):
    ...     return pa.record_batch([pc.multiply(batch["a"], 2)], ["double_a"])
    >>> dataset.add_columns(double_a, read_columns=["a"])
    """
    return lambda func: BatchUDF(func, output_schema, checkpoint_file)


class BatchUDFCheckpoint:
    """Results of a function in an SQLite file, until they are part of a table."""

    class BatchInfo(NamedTuple):
        fragment_id: int
        batch_index: int

    def __init__(self, path: str | PathLike):
        self.path = os.fspath(path)
        self._run(
            "CREATE TABLE IF NOT EXISTS batches (fragment_id INT, batch_index INT, result BLOB)"
        )
        self._run("CREATE TABLE IF NOT EXISTS fragments (fragment_id INT, data BLOB)")

    def _run(self, statement: str, values: tuple = ()) -> Any:
        # A connection of its own each time: they may not move between threads.
        with closing(sqlite3.connect(self.path)) as connection:
            row = connection.execute(statement, values).fetchone()
            connection.commit()
            return row

    def cleanup(self) -> None:
        """Delete the file."""
        os.remove(self.path)

    def get_batch(self, info: BatchInfo) -> pa.RecordBatch | None:
        row = self._run(
            "SELECT result FROM batches WHERE fragment_id = ? AND batch_index = ?", tuple(info)
        )
        return None if row is None else pa.ipc.open_stream(row[0]).read_next_batch()

    def insert_batch(self, info: BatchInfo, batch: pa.RecordBatch) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        self._run("DELETE FROM batches WHERE fragment_id = ? AND batch_index = ?", tuple(info))
        self._run("INSERT INTO batches VALUES (?, ?, ?)", (*info, sink.getvalue().to_pybytes()))

    def get_fragment(self, fragment_id: int) -> str | None:
        """A fragment with its new file, as JSON."""
        row = self._run("SELECT data FROM fragments WHERE fragment_id = ?", (fragment_id,))
        return None if row is None else row[0]

    def insert_fragment(self, fragment_id: int, fragment: str) -> None:
        """Keep a fragment in place of its batches."""
        self._run("DELETE FROM fragments WHERE fragment_id = ?", (fragment_id,))
        self._run("INSERT INTO fragments VALUES (?, ?)", (fragment_id, fragment))
        self._run("DELETE FROM batches WHERE fragment_id = ?", (fragment_id,))

    def _load(self, fragment_id: int) -> dict[str, Any] | None:
        from lancea.fragment import FragmentMetadata

        text = self.get_fragment(fragment_id)
        return None if text is None else FragmentMetadata.from_json(text)._to_raw()

    def _save(self, raw: dict[str, Any]) -> None:
        from lancea.fragment import FragmentMetadata

        self.insert_fragment(raw["id"], json.dumps(FragmentMetadata._from_raw(raw).to_json()))


def _first_result(func: Any, source: Any, read_columns: list[str] | None) -> pa.RecordBatch:
    scanner = source.scanner(limit=1, columns=read_columns)
    batch = next(iter(scanner.to_batches()), None)
    if batch is None:
        schema = scanner.projected_schema
        batch = pa.RecordBatch.from_arrays([pa.array([], f.type) for f in schema], schema=schema)
    return to_batch(func(batch))


def normalize_transform(
    transform: Any,
    source: Any,
    read_columns: list[str] | None = None,
    reader_schema: pa.Schema | None = None,
) -> dict[str, str] | BatchUDF | pa.Table | pa.RecordBatchReader:
    """What gives new columns, as one of the kinds there are."""
    from lancea._sources import to_source

    if isinstance(transform, BatchUDF):
        if transform.output_schema is None:
            transform.output_schema = _first_result(transform, source, read_columns).schema
        return transform
    expressions = isinstance(transform, dict) and all(
        isinstance(value, str) for value in transform.values()
    )
    if isinstance(transform, dict) and (expressions or reader_schema is None):
        for name, sql in transform.items():
            if not isinstance(name, str):
                raise TypeError(f"Column names must be a string. Got {type(name)}")
            if not isinstance(sql, str):
                raise TypeError(f"Column expressions must be a string. Got {type(sql)}")
        return transform
    if callable(transform):
        try:
            schema = _first_result(transform, source, read_columns).schema
        except Exception as error:
            raise TypeError(
                "transforms must be a BatchUDF, dict, map function, or ReaderLike value. "
                f"Received {type(transform)}, which is callable, but gave an error when called "
                f"with a batch of data: {error}"
            ) from error
        return BatchUDF(transform, schema)
    try:
        return to_source(transform, reader_schema)
    except TypeError as error:
        raise TypeError(
            "transforms must be a BatchUDF, dict, map function, or ReaderLike value. "
            f"Received {type(transform)}. Could not coerce to a reader: {error}"
        ) from error
