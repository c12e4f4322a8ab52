"""Changes of columns: of a table, and of one fragment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

import pyarrow as pa

from lancea import _lancea
from lancea._fragment_metadata import FragmentMetadata
from lancea._sources import to_source
from lancea.schema import LanceSchema
from lancea.udf import BatchUDF, normalize_transform

if TYPE_CHECKING:
    from lancea.fragment import LanceFragment


class AlterColumn(TypedDict, total=False):
    """What becomes of one column; ``path`` and at least one of the others."""

    path: str
    name: str | None
    nullable: bool | None
    data_type: pa.DataType | None


def _new_columns(
    transforms: Any,
    source: Any,
    read_columns: list[str] | None,
    reader_schema: pa.Schema | None,
    checkpoints: bool,
) -> tuple[dict[str, Any], BatchUDF | None]:
    """New columns as the extension module takes them, and the function that computes them."""
    if isinstance(transforms, pa.Field):
        transforms = [transforms]
    if isinstance(transforms, list) and transforms and isinstance(transforms[0], pa.Field):
        transforms = pa.schema(transforms)
    if isinstance(transforms, pa.Schema):
        return {"kind": "nulls", "schema": transforms}, None
    if not checkpoints and isinstance(transforms, BatchUDF) and transforms.cache is not None:
        raise ValueError(
            "A checkpoint file cannot be used when applying a UDF with "
            "LanceFragment.merge_columns. You must apply your own checkpointing for "
            "fragment-level operations."
        )
    given = normalize_transform(transforms, source, read_columns, reader_schema)
    if isinstance(given, BatchUDF):
        cache = given.cache
        return {
            "kind": "function",
            "function": given._compute,
            "schema": given.output_schema,
            "read_columns": read_columns,
            "load_fragment": None if cache is None else cache._load,
            "save_fragment": None if cache is None else cache._save,
        }, given
    if isinstance(given, dict):
        return {"kind": "sql", "expressions": list(given.items())}, None
    return {"kind": "rows", "rows": given}, None


def _alteration(alteration: AlterColumn) -> dict[str, Any]:
    if not isinstance(alteration, dict):
        raise TypeError(f"an alteration must be a dict, got {alteration!r}")
    if "path" not in alteration:
        raise ValueError("path is required")
    for key in alteration:
        if key not in ("path", "name", "nullable", "data_type"):
            raise ValueError(f"Unknown key: {key}")
    out = {key: alteration.get(key) for key in ("path", "name", "nullable", "data_type")}
    if all(out[key] is None for key in ("name", "nullable", "data_type")):
        raise ValueError("At least one of name, nullable, or data_type must be specified")
    if out["data_type"] is not None:
        if not isinstance(out["data_type"], pa.DataType):
            raise TypeError(f"data_type must be a pyarrow DataType, got {out['data_type']!r}")
        out["data_type"] = pa.schema([pa.field("", out["data_type"])])
    return out


class ColumnChanges:
    """A part of :class:`LanceDataset`. Each method commits a version and moves to it."""

    _ds: _lancea.Dataset

    def add_columns(
        self,
        transforms: dict[str, str]
        | BatchUDF
        | Callable[[pa.RecordBatch], pa.RecordBatch]
        | pa.Field
        | list[pa.Field]
        | pa.Schema
        | Any,
        read_columns: list[str] | None = None,
        reader_schema: pa.Schema | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Add columns.

        Parameters
        ----------
        transforms
            SQL expressions by name; a function of a batch of rows (see :func:`batch_udf`); rows in
            the order of the table's, in anything that :func:`write_dataset` takes; or an Arrow
            field, list of fields or schema, whose columns are null and cost nothing
        read_columns
            what a function is given, all columns if None; may name ``_rowid`` and ``_rowaddr``
        reader_schema
            schema of the rows, where they do not say
        batch_size
            rows that are computed at once

        Raises
        ------
        OSError
            for names that are taken, and for too few or too many rows
        """
        columns, udf = _new_columns(transforms, self, read_columns, reader_schema, True)
        self._ds = _lancea.add_columns(self._ds, columns, batch_size)
        if udf is not None and udf.cache is not None:
            udf.cache.cleanup()

    def merge(
        self,
        data_obj: Any,
        left_on: str,
        right_on: str | None = None,
        schema: pa.Schema | None = None,
    ) -> None:
        """Add the columns of other rows by key: a left join.

        Rows without a match get nulls; of several matches the last one counts.

        Parameters
        ----------
        data_obj
            the rows, in anything that :func:`write_dataset` takes
        left_on
            a column of this table, ``_rowid`` or ``_rowaddr``
        right_on
            a column of ``data_obj``; None: the same name
        """
        source = to_source(data_obj, schema)
        self._ds = _lancea.merge_columns(self._ds, source, left_on, right_on or left_on)

    def drop_columns(self, columns: list[str]) -> None:
        """Drop columns, nested ones by dotted name.

        Their data stay in the files until these are compacted and old versions cleaned up.
        """
        if isinstance(columns, str):
            raise TypeError(f"columns must be a list of names, got {columns!r}")
        self._ds = _lancea.drop_columns(self._ds, list(columns))

    def alter_columns(self, *alterations: AlterColumn) -> None:
        """Rename columns, change whether they may be null, or cast them.

        Each alteration is a dict: ``path`` names the column, with dots inside structs; ``name``,
        ``nullable`` and ``data_type`` say what it becomes. A cast stays within one kind of type
        (integers, floats, text, binary, times, lists of those), writes that column alone again, and
        fails when a value does not fit.
        """
        if not alterations:
            return
        self._ds = _lancea.alter_columns(self._ds, [_alteration(a) for a in alterations])


def _extended(result: tuple[dict, dict]) -> tuple[FragmentMetadata, LanceSchema]:
    fragment, schema = result
    return FragmentMetadata._from_raw(fragment), LanceSchema(
        schema, _lancea.schema_to_arrow(schema)
    )


def merge_into_fragment(
    fragment: LanceFragment, data_obj: Any, left_on: str, right_on: str | None, schema: Any
) -> tuple[FragmentMetadata, LanceSchema]:
    return _extended(
        _lancea.merge_columns_to_fragment(
            fragment._dataset._ds, fragment.fragment_id, to_source(data_obj, schema),
            left_on, right_on or left_on,
        )
    )  # fmt: skip


def add_to_fragment(
    fragment: LanceFragment,
    value_func: Any,
    columns: list[str] | None,
    batch_size: int | None,
    reader_schema: pa.Schema | None,
) -> tuple[FragmentMetadata, LanceSchema]:
    new, _ = _new_columns(value_func, fragment, columns, reader_schema, False)
    return _extended(
        _lancea.add_columns_to_fragment(
            fragment._dataset._ds, fragment.fragment_id, new, batch_size
        )
    )


def update_in_fragment(
    fragment: LanceFragment, data_obj: Any, left_on: str, right_on: str | None, schema: Any
) -> tuple[FragmentMetadata, list[int], bytes]:
    raw, fields, offsets = _lancea.update_fragment_columns(
        fragment._dataset._ds, fragment.fragment_id, to_source(data_obj, schema),
        left_on, right_on or left_on,
    )  # fmt: skip
    return FragmentMetadata._from_raw(raw), fields, offsets
