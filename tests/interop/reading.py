"""One table read in every way, by lancea and by pylance, with equal results."""

from __future__ import annotations

from datetime import timedelta

import lance
import numpy as np
import pyarrow as pa
from interop.support import (
    Refused,
    assert_same_schema,
    assert_same_table,
    one_array,
    oracle,
    take_of,
)

import lancea

LINEAGE = ["_row_created_at_version", "_row_last_updated_at_version"]


def fresh(path, version: int | str | None = None) -> lancea.LanceDataset:
    """The table, opened with a cache that nobody filled before."""
    return lancea.dataset(path, version, session=lancea.Session())


def assert_reads_as_pylance(path, version: int | str | None = None) -> lancea.LanceDataset:
    """Equal facts, rows and fragments; what lancea opened, for further questions."""
    mine, theirs = fresh(path, version), oracle(lance.dataset, str(path), version)
    assert_same_opened(mine, theirs)
    return mine


def assert_same_opened(mine: lancea.LanceDataset, theirs: lance.LanceDataset) -> None:
    assert_same_facts(mine, theirs)
    assert_same_rows(mine, theirs)
    assert_same_fragments(mine, theirs)


def assert_same_facts(mine: lancea.LanceDataset, theirs: lance.LanceDataset) -> None:
    """What a manifest says of a table."""
    facts = "version latest_version data_storage_version has_stable_row_ids max_field_id uri"
    for name in [*facts.split(), "metadata", "schema_metadata"]:
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.config() == theirs.config()
    assert list(mine.fragment_ids()) == list(theirs.fragment_ids())
    assert_same_versions(mine.versions(), theirs.versions())
    assert mine.tags.list() == theirs.tags.list()
    assert mine.count_rows() == theirs.count_rows() == len(mine)
    left, right = mine.stats.dataset_stats(), theirs.stats.dataset_stats()
    assert left == right, f"{left}, expected {right}"
    assert_same_schema(mine.schema, theirs.schema)
    assert field_ids(mine.lance_schema.fields()) == field_ids(theirs.lance_schema.fields())


def assert_same_versions(mine: list[dict], theirs: list[dict]) -> None:
    """Equal but for the last microsecond, which pylance loses in a float."""
    for left, right in zip(mine, theirs, strict=True):
        assert {**left, "timestamp": None} == {**right, "timestamp": None}
        assert abs(left["timestamp"] - right["timestamp"]) <= timedelta(microseconds=1)


def field_ids(fields) -> list:
    """Names and ids of fields and all their children."""
    return [(f.name(), f.id(), field_ids(f.children())) for f in fields]


def assert_same_rows(mine: lancea.LanceDataset, theirs: lance.LanceDataset) -> None:
    """Scans, windows, projections and takes."""
    names = theirs.schema.names
    full = oracle(theirs.to_table)
    assert_same_table(mine.to_table(), full)
    batches = list(mine.to_batches(batch_size=7))
    assert all(0 < batch.num_rows <= 7 for batch in batches)
    assert_same_table(pa.Table.from_batches(batches, mine.schema), full, "batches")

    scans = [{"with_row_id": True}, {"with_row_address": True}]
    scans += [{"with_row_id": True, "with_row_address": True}]
    scans += [{"with_row_id": True, "include_deleted_rows": True}]
    scans += [{"columns": [name]} for name in names]
    scans += [{"columns": names[::-1]}]
    scans += [{"columns": ["_rowoffset", names[0], "_rowaddr", "_rowid"]}]
    scans += [{"columns": [*LINEAGE, names[0]]}]
    for scan in scans:
        assert_same_table(mine.to_table(**scan), oracle(theirs.to_table, **scan), str(scan))

    rows = len(full)
    for limit, offset in [(5, 0), (None, rows // 2), (rows // 3, rows // 3), (9, rows - 2)]:
        window = {"limit": limit, "offset": max(offset, 0)}
        expected = full.slice(window["offset"], limit)
        assert_same_table(mine.to_table(**window), expected, str(window))
    assert_same_table(mine.head(3), full.slice(0, 3), "head")
    if rows:
        wanted = [*np.random.default_rng(rows).integers(0, rows, 40).tolist(), rows - 1, 0, 0]
        assert_same_table(mine.take(wanted), take_of(full, wanted), "take")
        few = mine.take(wanted, [names[-1], names[0]])
        assert_same_table(few, take_of(full.select([names[-1], names[0]]), wanted), "take of two")
        ids = one_array(theirs.to_table([], with_row_id=True)["_rowid"]).take(pa.array(wanted))
        assert_same_table(mine._take_rows(ids.to_pylist()), take_of(full, wanted), "take of ids")


def assert_same_fragments(mine: lancea.LanceDataset, theirs: lance.LanceDataset) -> None:
    """Each fragment, and scans of some of them."""
    pairs = list(zip(mine.get_fragments(), theirs.get_fragments(), strict=True))
    for left, right in pairs:
        what = f"fragment {right.fragment_id}"
        facts = "fragment_id physical_rows num_deletions".split()
        for name in facts:
            assert getattr(left, name) == getattr(right, name), f"{what}, {name}"
        assert left.metadata.to_json() == right.metadata.to_json(), what
        assert left.metadata.num_rows == right.metadata.num_rows, what
        assert left.deletion_file() == right.deletion_file(), what
        assert left.count_rows() == right.count_rows(), what
        full = oracle(right.to_table)
        assert_same_table(left.to_table(), full, what)
        with_ids = {"with_row_id": True, "with_row_address": True}
        expected = right.scanner(**with_ids).to_table()
        assert_same_table(left.scanner(**with_ids).to_table(), expected, f"{what}, with ids")
        assert_same_table(left.head(4), full.slice(0, 4), f"{what}, head")
        rows = [len(full) - 1, 0, len(full) // 2, 0]
        assert_same_table(left.take(rows), take_of(full, rows), f"{what}, take")
    if len(pairs) > 1:
        for order in (slice(None, None, -1), slice(1, None), slice(0, 1)):
            mine_of, theirs_of = zip(*pairs[order], strict=True)
            expected = theirs.scanner(fragments=list(theirs_of), with_row_id=True).to_table()
            actual = mine.to_table(fragments=mine_of, with_row_id=True)
            assert_same_table(actual, expected, f"fragments {order}")


def refusal(action, *arguments, **options) -> str:
    """What pylance says when it refuses; fails where it does not."""
    try:
        oracle(action, *arguments, **options)
    except Refused as error:
        return str(error)
    raise AssertionError("pylance does it")
