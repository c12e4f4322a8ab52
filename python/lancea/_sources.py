"""Rows to write, whatever they come in, as an Arrow table or a stream of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads

ACCEPTED = (
    "a pyarrow Table, RecordBatch, RecordBatchReader, Dataset or Scanner, a LanceDataset or "
    "LanceScanner, a pandas or polars frame, a Hugging Face dataset, a dict of columns, a list of "
    "dicts or of batches, an iterable of batches together with schema=, or any object with "
    "__arrow_c_stream__ or __arrow_c_array__"
)

#: Rows of a batch where another package is asked for batches of dicts.
_BATCH_ROWS = 1000
#: Blobs are read whole; so many of them are in memory at once.
_BLOB_BATCH_ROWS = 64


def to_source(data: Any, schema: pa.Schema | None = None) -> pa.Table | pa.RecordBatchReader:
    """Rows as a table or stream, with exactly ``schema`` if one is given.

    Columns are matched by name, in any order. Nothing is read from streams and iterators yet, and
    an exception of theirs comes through as it is.

    Raises
    ------
    TypeError
        for data of a kind that is not accepted
    ValueError
        for data that do not fit the schema; for iterables without one
    """
    for convert in (_from_arrow, _from_frame, _from_hugging_face, _from_python, _from_protocol):
        source = convert(data, schema)
        if source is not None:
            return source if schema is None else _conform(source, schema)
    raise TypeError(f"Unknown data type {type(data)}; give {ACCEPTED}")


def _from_arrow(data: Any, schema: pa.Schema | None) -> pa.Table | pa.RecordBatchReader | None:
    if isinstance(data, (pa.Table, pa.RecordBatchReader)):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pads.Dataset):
        return _from_lance(data) if hasattr(data, "lance_schema") else data.scanner().to_reader()
    if isinstance(data, pads.Scanner):
        return data.to_reader()
    return None


def _from_lance(dataset: pads.Dataset) -> pa.RecordBatchReader:
    """A table's rows, with the blobs themselves and not where they lie."""
    from lancea._pandas import _is_blob

    blobs = [field for field in dataset.schema if _is_blob(field)]
    if not blobs:
        return dataset.scanner().to_reader()
    reader = dataset.scanner(blob_handling="all_binary", batch_size=_BLOB_BATCH_ROWS).to_reader()
    # Those of version 2 are read as bytes and written as a type of their own.
    typed = {f.name for f in blobs if isinstance(f.type, pa.BaseExtensionType)}
    if not typed:
        return reader
    from lancea.blob import blob_array, blob_field

    fields = [
        blob_field(f.name, nullable=f.nullable) if f.name in typed else f for f in reader.schema
    ]
    schema = pa.schema(fields, reader.schema.metadata)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            columns = [
                blob_array(column.to_pylist()) if name in typed else column
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _is_of(data: Any, package: str, *names: str) -> bool:
    """True for instances of such classes, without importing the package."""
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == package
        for kind in type(data).__mro__
    )


def _from_frame(data: Any, schema: pa.Schema | None) -> pa.Table | pa.RecordBatchReader | None:
    if _is_of(data, "pandas", "DataFrame"):
        return pa.Table.from_pandas(data, schema=schema)
    if _is_of(data, "polars", "DataFrame"):
        return data.to_arrow()
    if _is_of(data, "polars", "LazyFrame"):
        first = data.limit(0).collect().to_arrow()
        if not hasattr(data, "collect_batches"):
            return data.collect().to_arrow()
        return _reader(
            first.schema,
            lambda: (b for f in data.collect_batches() for b in f.to_arrow().to_batches()),
        )
    return None


def _from_hugging_face(
    data: Any, schema: pa.Schema | None
) -> pa.Table | pa.RecordBatchReader | None:
    if _is_of(data, "datasets", "DatasetDict", "IterableDatasetDict"):
        raise ValueError(f"{type(data).__name__} holds several datasets; write one of {list(data)}")
    if _is_of(data, "datasets", "Dataset"):
        # Through its own batches, not its table: those follow select(), filter() and shuffle().
        tables = data.with_format("arrow")
        return _reader(
            data.features.arrow_schema,
            lambda: (b for t in tables.iter(batch_size=_BATCH_ROWS) for b in t.to_batches()),
        )
    if _is_of(data, "datasets", "IterableDataset"):
        target = schema or data.features.arrow_schema
        return _reader(
            target,
            lambda: (
                pa.RecordBatch.from_pydict(columns, schema=target)
                for columns in data.iter(batch_size=_BATCH_ROWS)
            ),
        )
    return None


def _from_python(data: Any, schema: pa.Schema | None) -> pa.Table | pa.RecordBatchReader | None:
    if isinstance(data, Mapping):
        return pa.Table.from_pydict(dict(data), schema=schema)
    if not isinstance(data, (list, tuple)) or not data:
        return None
    first = data[0]
    if isinstance(first, Mapping):
        return pa.Table.from_pylist(list(data), schema=schema)
    if hasattr(first, "model_dump"):
        return pa.Table.from_pylist([item.model_dump() for item in data], schema=schema)
    if isinstance(first, (pa.RecordBatch, pa.Table)):
        target = schema or first.schema
        return _reader(target, lambda: _batches(data, target))
    return None


def _from_protocol(data: Any, schema: pa.Schema | None) -> pa.Table | pa.RecordBatchReader | None:
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    if hasattr(data, "__arrow_c_array__"):
        return pa.Table.from_batches([pa.record_batch(data)])
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes, bytearray, memoryview)):
        if schema is None:
            raise ValueError("Must provide schema to write dataset from RecordBatch iterable")
        return _reader(schema, lambda: _batches(data, schema))
    return None


def _reader(
    schema: pa.Schema, batches: Callable[[], Iterator[pa.RecordBatch]]
) -> pa.RecordBatchReader:
    def cast() -> Iterator[pa.RecordBatch]:
        for batch in batches():
            if batch.schema == schema:
                yield batch
            else:
                yield from _cast(pa.Table.from_batches([batch]), schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, cast())


def _batches(items: Iterable[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for item in items:
        if isinstance(item, pa.RecordBatch):
            yield item
        elif isinstance(item, pa.Table):
            yield from item.to_batches()
        else:
            raise TypeError(f"Expected RecordBatch, got {type(item)}")


def _conform(
    source: pa.Table | pa.RecordBatchReader, schema: pa.Schema
) -> pa.Table | pa.RecordBatchReader:
    if source.schema.equals(schema, check_metadata=True):
        return source
    if isinstance(source, pa.Table):
        return _cast(source, schema)
    _check_names(source.schema, schema)
    return _reader(schema, lambda: iter(source))


def _check_names(given: pa.Schema, schema: pa.Schema) -> None:
    missing = [f.name for f in schema if f.name not in given.names and not f.nullable]
    unexpected = [name for name in given.names if name not in schema.names]
    if missing or unexpected or len(set(given.names)) < len(given.names):
        raise ValueError(
            f"the rows do not fit the schema: missing={missing}, unexpected={unexpected}\n"
            f"Expected:\n{schema}\nGot:\n{given}"
        )


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with the schema's columns, in its order; nullable ones that lack are null."""
    _check_names(table.schema, schema)
    columns = [
        table.column(field.name)
        if field.name in table.column_names
        else pa.chunked_array([pa.nulls(table.num_rows, field.type)])
        for field in schema
    ]
    ordered = pa.Table.from_arrays(columns, names=schema.names)
    try:
        return ordered.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise ValueError(
            f"the rows do not fit the schema: {error}\nExpected:\n{schema}\nGot:\n{table.schema}"
        ) from error
