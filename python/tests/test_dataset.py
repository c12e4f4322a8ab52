"""Opening a table, what it says of itself, and rows by their position."""

from __future__ import annotations

import copy
import json
import random
import shutil
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pytest
from interop.support import assert_same_table, take_of

import lancea


def test_a_table_is_one_of_pyarrows_datasets(trips):
    assert isinstance(trips, pads.Dataset)
    assert isinstance(trips.scanner(), pads.Scanner)
    assert isinstance(trips.get_fragments()[0], pads.Fragment)


def test_a_path_may_be_of_any_kind(trips_path, expected):
    for path in (trips_path, Path(trips_path), f"file://{trips_path}"):
        assert lancea.dataset(path).to_table() == expected
    assert lancea.LanceDataset(trips_path).uri == trips_path


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, ValueError),
        ({"uri": None}, ValueError),
        ({"uri": 3}, TypeError),
        ({"uri": "nothing/here"}, ValueError),
        ({"uri": "unknown://nothing/here"}, ValueError),
        ({"uri": "x", "storage_options": {"region": 3}}, TypeError),
        ({"uri": "x", "namespace_client": object()}, NotImplementedError),
        ({"uri": "x", "no_such_argument": 1}, TypeError),
    ],
)
def test_arguments_that_open_nothing_are_refused(arguments, kind):
    with pytest.raises(kind):
        lancea.dataset(**arguments)


def test_a_version_of_a_wrong_type_is_refused(trips_path):
    for version in (1.5, [1], object()):
        with pytest.raises(TypeError):
            lancea.dataset(trips_path, version)


@pytest.mark.parametrize("moment", ["not a time", "2020-13-45"])
def test_a_time_that_is_none_is_refused(trips_path, moment):
    with pytest.raises(ValueError):
        lancea.dataset(trips_path, asof=moment)
    with pytest.raises(TypeError):
        lancea.dataset(trips_path, asof=3.5)


def test_a_table_knows_how_long_it_is(trips, expected):
    assert trips.count_rows() == len(trips) == len(expected) == 909
    assert (
        trips.count_rows(pc.field("fare") > 100) == expected.filter(pc.field("fare") > 100).num_rows
    )
    assert bool(trips)


def test_an_empty_table_is_true(tmp_path):
    lance.write_dataset(pa.table({"a": pa.array([], pa.int8())}), tmp_path / "t")
    ds = lancea.dataset(tmp_path / "t")
    assert len(ds) == 0
    assert bool(ds)
    assert ds.head(5).num_rows == ds.take([]).num_rows == 0


def test_the_first_rows_and_slices(trips, expected):
    assert trips.head(7) == expected.slice(0, 7)
    assert trips.head(0) == expected.slice(0, 0)
    assert trips.head(10_000) == expected
    assert trips.head(3, columns=["id"]) == expected.select(["id"]).slice(0, 3)
    assert trips.slice(250, 260) == expected.slice(250, 10)
    assert trips.slice(900, 2000, ["city"]) == expected.select(["city"]).slice(900)
    assert trips.slice(5, 5).num_rows == 0


ROWS = [500, 2, 2, 908, 0]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        tuple(ROWS),
        (row for row in ROWS),
        np.array(ROWS),
        np.array(ROWS, np.int32),
        np.array(ROWS, np.uint64),
        pa.array(ROWS),
        pa.array(ROWS, pa.uint64()),
        pa.array(ROWS, pa.int16()),
        pa.chunked_array([ROWS[:2], ROWS[2:]]),
        [np.int64(row) for row in ROWS],
    ],
    ids=lambda rows: f"{type(rows).__name__} {getattr(rows, 'dtype', getattr(rows, 'type', ''))}",
)
def test_rows_are_taken_by_positions_of_any_kind(trips, expected, rows):
    assert_same_table(trips.take(rows), take_of(expected, ROWS))


def test_ranges_and_series_are_positions_too(trips, expected):
    pandas = pytest.importorskip("pandas")
    assert_same_table(trips.take(range(5, 500, 7)), take_of(expected, range(5, 500, 7)))
    assert_same_table(trips.take(pandas.Series(ROWS)), take_of(expected, ROWS))


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([909], IndexError),
        ([-1], IndexError),
        (np.array([-1]), IndexError),
        ([2**63], IndexError),
        ([2**64], IndexError),
        ([1.5], TypeError),
        (["1"], TypeError),
        ("1", TypeError),
        (1, TypeError),
        ([None], TypeError),
        (pa.array([1, None]), TypeError),
        (np.array([1.0]), TypeError),
        (np.array([[1, 2]]), TypeError),
    ],
)
def test_positions_of_no_row_are_refused(trips, rows, kind):
    with pytest.raises(kind):
        trips.take(rows)


def test_a_take_selects_and_renames_columns(trips, expected):
    taken = trips.take(ROWS, ["fare", "id"])
    assert_same_table(taken, take_of(expected.select(["fare", "id"]), ROWS))
    renamed = trips.take(ROWS, {"price": "fare", "key": "id", "again": "id"})
    assert renamed.column_names == ["price", "key", "again"]
    assert renamed["price"].to_pylist() == taken["fare"].to_pylist()
    assert renamed["again"] == renamed["key"]


def test_a_sample_is_of_distinct_rows(trips, expected):
    random.seed(5)
    sample = trips.sample(100, ["id"])
    ids = sample["id"].to_pylist()
    assert len(set(ids)) == 100
    assert set(ids) <= set(expected["id"].to_pylist())
    assert ids != sorted(ids)
    in_order = trips.sample(100, randomize_order=False)["id"].to_pylist()
    assert in_order == sorted(in_order)
    with pytest.raises(ValueError):
        trips.sample(910)


def test_default_options_count_unless_others_are_given(trips_path, expected):
    defaults = {"columns": ["id", "fare"], "with_row_id": True, "limit": 6}
    mine = lancea.dataset(trips_path, default_scan_options=defaults)
    theirs = lance.dataset(trips_path, default_scan_options=defaults)
    assert mine.schema == theirs.schema
    assert mine.to_table().select(["id", "fare"]) == expected.select(["id", "fare"]).slice(0, 6)
    assert mine.to_table().column_names == ["id", "fare", "_rowid"]
    assert mine.to_table(columns=["city"], limit=2).num_rows == 2
    assert mine.checkout_version(1).schema == theirs.schema


def test_a_table_is_an_arrow_stream(trips, expected):
    assert pa.table(trips) == expected
    assert pa.RecordBatchReader.from_stream(trips).schema == expected.schema


def test_a_copy_stays_where_it_is(trips):
    copied = copy.copy(trips)
    moved = trips.checkout_version(1)
    trips.checkout_latest()
    assert (copied.version, moved.version, trips.version) == (2, 1, 2)
    assert (len(copied), len(moved)) == (909, 1000)
    assert copy.deepcopy(trips).to_table() == copied.to_table()


def test_a_table_is_shown_with_its_facts(trips, trips_path):
    shown = repr(trips)
    for part in (trips_path, "version=2", "rows=909", "columns=6", "fragments=4", "storage=2."):
        assert part in shown
    for fragment in trips.get_fragments():
        assert fragment.data_files()[0].path in repr(fragment)
        assert f"id={fragment.fragment_id}" in repr(fragment)
    assert "limit=3" in repr(trips.scanner(limit=3))
    assert "metadata_cache_size_bytes" in repr(trips.session())


def test_a_notebook_shows_columns_and_escapes_them(tmp_path):
    table = pa.table({"<b>bold</b>": [1], **{f"column {i}": [i] for i in range(100)}})
    lance.write_dataset(table, tmp_path / "t")
    html = lancea.dataset(tmp_path / "t")._repr_html_()
    assert "&lt;b&gt;bold" in html
    assert "<b>bold" not in html
    assert "more columns" in html
    assert html.count("<tr>") == html.count("</tr>") < 70


def test_the_statistics_are_those_of_pylance(trips, trips_path):
    theirs = lance.dataset(trips_path)
    for rows_per_group in (1, 100, 101, 300, 301, 1024):
        expected = theirs.stats.dataset_stats(rows_per_group)
        assert trips.stats.dataset_stats(rows_per_group) == expected
    mine = {field.id: field.bytes_on_disk for field in trips.stats.data_stats().fields}
    fields = theirs.stats.data_stats().fields
    assert mine == {field.id: field.bytes_on_disk for field in fields}


def test_caches_are_shared_when_asked(trips_path):
    session = lancea.Session()
    first = lancea.dataset(trips_path, session=session)
    assert session.size_bytes() == 0 or session.cache_use()
    first.to_table()
    filled = session.size_bytes()
    assert filled > 0
    second = lancea.dataset(trips_path, session=session)
    second.to_table()
    assert second.session().is_same_as(first.session())
    assert session.size_bytes() == filled
    assert not lancea.dataset(trips_path, session=lancea.Session()).session().is_same_as(session)
    assert lancea.dataset(trips_path).session().is_same_as(lancea.dataset(trips_path).session())
    del first, second
    session.clear()
    assert session.size_bytes() < filled


def test_a_cache_of_no_bytes_reads_the_same(trips_path, expected):
    ds = lancea.dataset(trips_path, session=lancea.Session(0, 0))
    assert ds.to_table() == expected
    assert ds.to_table() == expected
    assert_same_table(ds.take(ROWS), take_of(expected, ROWS))


def test_io_is_counted(trips_path):
    ds = lancea.dataset(trips_path, session=lancea.Session())
    before = ds.io_stats_incremental()
    ds.to_table(["id"])
    one = ds.io_stats_incremental()
    assert one.read_iops > 0
    assert one.read_bytes > 0
    assert ds.io_stats_incremental().read_bytes == 0
    ds.to_table()
    more = ds.io_stats_incremental()
    assert more.read_bytes > one.read_bytes
    total = ds.io_stats_snapshot()
    assert total.read_bytes == before.read_bytes + one.read_bytes + more.read_bytes
    assert total.write_iops == total.write_bytes == 0
    assert "read_iops=" in repr(total)


def test_io_of_the_process_is_counted(trips_path, tmp_path):
    shutil.copytree(trips_path, tmp_path / "unread")
    before = lancea.iops_counter(), lancea.bytes_read_counter()
    ds = lancea.dataset(tmp_path / "unread")
    ds.to_table()
    assert lancea.iops_counter() >= before[0] + ds.io_stats_snapshot().read_iops
    assert lancea.bytes_read_counter() >= before[1] + ds.io_stats_snapshot().read_bytes


@pytest.mark.filterwarnings("ignore:The 'list_indices' method:DeprecationWarning")
def test_indices_are_listed_as_pylance_does(tmp_path):
    table = pa.table({"id": pa.array(range(500)), "text": [f"word {i}" for i in range(500)]})
    theirs = lance.write_dataset(table, tmp_path / "t")
    assert not lancea.dataset(tmp_path / "t").has_index
    theirs.create_scalar_index("id", "BTREE", name="by id")
    theirs.create_scalar_index("text", "INVERTED")
    mine = lancea.dataset(tmp_path / "t")
    assert mine.has_index
    same = ("name", "type", "uuid", "fields")
    expected = [{key: index[key] for key in same} for index in theirs.list_indices()]
    actual = [{key: index[key] for key in same} for index in mine.list_indices()]
    assert sorted(actual, key=str) == sorted(expected, key=str)
    assert [set(index["fragment_ids"]) for index in mine.list_indices()] == [{0}, {0}]
    assert mine.to_table() == table


def test_a_sound_table_is_valid_and_a_damaged_one_is_not(trips_path, tmp_path):
    lancea.dataset(trips_path).validate()
    lance.write_dataset(pa.table({"a": range(100)}), tmp_path / "t")
    (path,) = (tmp_path / "t" / "data").iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(OSError, match=path.name):
        lancea.dataset(tmp_path / "t", session=lancea.Session()).validate()


@pytest.mark.parametrize(
    "action",
    [
        lambda ds: ds.partition_expression,
        lambda ds: ds.filter(pc.field("id") > 3),
        lambda ds: ds.join(ds, "id"),
        lambda ds: ds.join_asof(ds, "id", "id", 1),
        lambda ds: ds.sort_by("id"),
        lambda ds: ds.replace_schema(ds.schema),
        lambda ds: ds.get_fragments()[0].partition_expression,
        lambda ds: ds.scanner().scan_batches(),
    ],
)
def test_what_pyarrow_has_and_tables_have_not_is_refused_not_a_crash(trips, action):
    with pytest.raises(NotImplementedError):
        action(trips)


def test_metadata_are_text(tmp_path):
    table = pa.table({"a": [1]}).replace_schema_metadata({"note": json.dumps({"é": [1, "東京"]})})
    ds = lance.write_dataset(table, tmp_path / "t")
    ds.update_config({"key": "wert ü"})
    mine = lancea.dataset(tmp_path / "t")
    assert mine.schema_metadata == ds.schema_metadata
    assert mine.config() == ds.config() == {"key": "wert ü"}
    assert mine.schema.metadata == table.schema.metadata
