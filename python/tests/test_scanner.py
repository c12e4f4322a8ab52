"""Scans: their options, filters, batches and statistics."""

from __future__ import annotations

import datetime
import re

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from interop.support import assert_same_table

import lancea
from lancea.dataset import ColumnOrdering


def test_every_way_to_run_a_scan_gives_the_same_rows(trips, expected):
    scanner = trips.scanner()
    assert_same_table(scanner.to_table(), expected)
    assert_same_table(scanner.to_reader().read_all(), expected)
    assert_same_table(pa.Table.from_batches(scanner.to_batches()), expected)
    assert_same_table(trips.to_reader().read_all(), expected)
    assert scanner.count_rows() == len(expected)
    assert_same_table(scanner.to_table(), expected, "a scan run twice")


def test_a_scan_knows_its_schema_before_it_runs(trips, expected):
    scanner = trips.scanner(columns=["fare", "start.x"], with_row_id=True)
    assert scanner.projected_schema == scanner.to_table().schema
    assert scanner.projected_schema.names == ["fare", "start.x", "_rowid"]
    assert scanner.dataset_schema == expected.schema
    assert trips.scanner().projected_schema == expected.schema


def test_columns_are_a_name_names_or_a_dict(trips, expected):
    assert trips.to_table("id") == expected.select(["id"])
    assert trips.to_table(["id"]) == trips.to_table(("id",)) == trips.to_table("id")
    renamed = trips.to_table({"key": "id", "x": "start.x", "copy": "id", "quoted": "`fare`"})
    theirs = lance.dataset(trips.uri).to_table(
        {"key": "id", "x": "start.x", "copy": "id", "quoted": "`fare`"}
    )
    assert_same_table(renamed, theirs)
    assert_same_table(
        trips.to_table([("a", "fare")]), expected.select(["fare"]).rename_columns(["a"])
    )
    following = trips.to_table({"next": "id + 1"})
    assert following["next"].to_pylist() == [i + 1 for i in expected["id"].to_pylist()]
    for columns in ([3], [("a", "b", "c")], ["id", ("a", "fare")]):
        with pytest.raises(TypeError):
            trips.to_table(columns)


@pytest.mark.parametrize("batch_size", [1, 7, 250, 300, 8192])
def test_batches_have_the_rows_asked_for_and_do_not_cross_fragments(trips, batch_size):
    limit = 50 if batch_size == 1 else None
    sizes = [len(batch) for batch in trips.to_batches(batch_size=batch_size, limit=limit)]
    assert max(sizes) <= batch_size
    if limit is None:
        per_fragment = [fragment.count_rows() for fragment in trips.get_fragments()]
        assert sum(sizes) == sum(per_fragment)
        assert len(sizes) >= sum(-(-rows // batch_size) for rows in per_fragment)


@pytest.mark.parametrize("batch_size", [7, 250, 400, 8192])
def test_strict_batches_are_full_but_the_last(trips, expected, batch_size):
    batches = list(trips.to_batches(batch_size=batch_size, strict_batch_size=True))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert_same_table(pa.Table.from_batches(batches), expected)


FILTERS = {
    "a number": pc.field("id") > 700,
    "two numbers": (pc.field("id") >= 100) & (pc.field("fare") < 60),
    "an alternative": (pc.field("id") < 5) | (pc.field("id") > 990),
    "a negation": ~(pc.field("id") < 900),
    "text": pc.field("city") == "city 3",
    "some texts": pc.field("city").isin(["city 1", "city 2", "nowhere"]),
    "nulls": pc.field("city").is_null(),
    "no nulls": pc.field("fare").is_valid(),
    "a child of a struct": pc.field("start", "x") > 500,
    "a time": pc.field("when") < datetime.datetime(1970, 1, 1, 0, 5),
    "nothing": pc.field("id") < 0,
    "everything": pc.field("id") >= 0,
    "a constant": pc.scalar(True),
    "a function": pc.starts_with(pc.field("city"), "city 1"),
    "arithmetic": pc.field("id") * 2 > pc.field("fare") + 1500,
}


@pytest.mark.parametrize("what", FILTERS)
def test_a_filter_keeps_the_rows_that_arrow_keeps(trips, expected, what):
    kept = expected.filter(FILTERS[what])
    assert_same_table(trips.to_table(filter=FILTERS[what]), kept)
    assert_same_table(trips.to_table(["city"], filter=FILTERS[what]), kept.select(["city"]))
    assert trips.count_rows(FILTERS[what]) == len(kept)
    parts = [f.to_table(filter=FILTERS[what]) for f in trips.get_fragments()]
    assert_same_table(pa.concat_tables(parts).combine_chunks(), kept.combine_chunks())
    for limit, offset in [(5, 0), (None, 3), (10, 40), (0, 0), (1000, 1)]:
        window = trips.to_table(filter=FILTERS[what], limit=limit, offset=offset)
        assert_same_table(window, kept.slice(offset, limit), f"limit {limit}, offset {offset}")


@pytest.mark.parametrize("what", ["a number", "two numbers", "a negation", "nulls", "text"])
def test_a_filter_keeps_the_rows_that_pylance_keeps(trips, what):
    theirs = lance.dataset(trips.uri)
    options = {"columns": ["id", "fare"], "filter": FILTERS[what], "with_row_id": True}
    assert_same_table(trips.to_table(**options), theirs.to_table(**options))
    assert trips.count_rows(FILTERS[what]) == theirs.count_rows(FILTERS[what])


def test_hints_about_how_to_filter_change_nothing(trips, expected):
    hints = [
        {"prefilter": True},
        {"use_stats": False},
        {"use_scalar_index": False},
        {"late_materialization": True},
        {"late_materialization": ["city"]},
        {"fast_search": True},
    ]
    kept = expected.filter(FILTERS["a number"])
    for hint in hints:
        assert_same_table(trips.to_table(filter=FILTERS["a number"], **hint), kept, str(hint))


@pytest.mark.parametrize(
    ("filter", "kind"),
    [
        (3, NotImplementedError),
        (pc.field("nothing") > 3, ValueError),
        (pc.field("id"), ValueError),
        ("id >", ValueError),
        ("nothing > 3", ValueError),
        ("id", ValueError),
    ],
)
def test_filters_that_cannot_be_are_refused(trips, filter, kind):
    with pytest.raises(kind):
        trips.to_table(filter=filter)


@pytest.mark.parametrize(
    "options",
    [
        {"nearest": {"column": "fare", "q": [1.0]}},
        {"full_text_query": "words"},
        {"row_addr_allowlist": b""},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_of_later_versions_are_refused_not_ignored(trips, options):
    with pytest.raises(NotImplementedError, match=next(iter(options))):
        trips.scanner(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"limit": -1},
        {"offset": -1},
        {"batch_size": 0},
        {"blob_handling": "sometimes"},
        {"include_deleted_rows": True},
        {"columns": ["nothing"]},
        {"batch_size_bytes": 1000, "strict_batch_size": True},
        {"batch_readahead": 0},
        {"late_materialization": ["city", "nothing"]},
    ],
)
def test_options_that_make_no_sense_are_refused(trips, options):
    with pytest.raises(ValueError):
        trips.to_table(**options)


@pytest.mark.parametrize(
    "options", [{"limit": "3"}, {"batch_size": "big"}, {"with_row_id": "x"}, {"fragments": 3}]
)
def test_options_of_a_wrong_type_are_refused(trips, options):
    with pytest.raises(TypeError):
        trips.to_table(**options)


def test_a_builder_makes_the_scan_that_options_make(trips):
    fragments = trips.get_fragments()[1:]
    steps = {
        "columns": ["city", "id"],
        "filter": pc.field("id") > 400,
        "limit": 100,
        "offset": 7,
        "batch_size": 30,
        "batch_readahead": 2,
        "fragment_readahead": 1,
        "io_buffer_size": 1 << 20,
        "scan_in_order": True,
        "strict_batch_size": True,
        "with_row_id": True,
        "with_row_address": True,
    }
    builder = trips.scanner_builder()
    for name, value in steps.items():
        assert getattr(builder, name)(value) is builder
    built = builder.with_fragments(fragments).to_scanner()
    asked = trips.scanner(**steps, fragments=fragments)
    assert_same_table(built.to_table(), asked.to_table())
    assert [len(b) for b in built.to_batches()] == [len(b) for b in asked.to_batches()]
    again = builder.with_fragments(None).limit(None).filter(None).offset(None).to_scanner()
    assert again.to_table().num_rows == len(trips)


def test_a_builder_takes_defaults_for_what_it_was_not_told(trips):
    builder = trips.scanner_builder().limit(3)
    table = builder.apply_defaults({"limit": 9, "columns": ["id"]}).to_scanner().to_table()
    assert table.shape == (3, 1)


def test_a_scan_counts_its_own_io(trips_path):
    ds = lancea.dataset(trips_path, session=lancea.Session())
    seen: list[lancea.ScanStatistics] = []
    for run in (
        lambda s: s.to_table(),
        lambda s: list(s.to_batches()),
        lambda s: s.to_reader().read_all(),
    ):
        run(ds.scanner(columns=["id", "city"], scan_stats_callback=seen.append))
    assert len(seen) == 3
    assert all(stats.iops > 0 and stats.bytes_read > 1000 for stats in seen)
    ds.scanner(scan_stats_callback=seen.append).to_table()
    assert seen[-1].bytes_read > seen[0].bytes_read


def test_a_scan_that_is_given_up_counts_nothing_and_harms_nothing(trips, expected):
    seen = []
    batches = trips.scanner(batch_size=10, scan_stats_callback=seen.append).to_batches()
    next(batches)
    batches.close()
    reader = trips.to_reader(batch_size=10)
    reader.read_next_batch()
    reader.close()
    for _ in range(20):
        next(trips.to_batches(batch_size=3))
    assert seen == []
    assert trips.to_table() == expected


def test_batches_live_longer_than_their_scan(trips_path, expected):
    batches = list(lancea.dataset(trips_path, session=lancea.Session()).to_batches(batch_size=97))
    assert_same_table(pa.Table.from_batches(batches), expected)


def test_the_first_rows_of_a_scan_and_rows_of_its_result(trips, expected):
    scanner = trips.scanner(columns=["id"], offset=10, limit=50)
    ids = expected.select(["id"]).slice(10, 50)
    assert scanner.head(5) == ids.slice(0, 5)
    assert scanner.head(80) == ids
    assert scanner.take([49, 0]) == ids.take([49, 0])
    assert scanner.to_table() == ids


def test_counting_needs_no_columns(trips, expected):
    assert trips.scanner(limit=10).count_rows() == 10
    assert trips.scanner(offset=900).count_rows() == 9
    assert trips.scanner(filter=pc.field("id") > 500).count_rows() == len(
        expected.filter(pc.field("id") > 500)
    )
    assert trips.scanner(columns=[], with_row_id=True).count_rows() == len(expected)
    with pytest.raises(ValueError, match="should not be called on a plan selecting columns"):
        trips.scanner(columns=["id"]).count_rows()
    with pytest.raises(ValueError, match="with_row_id is false"):
        trips.scanner(columns=[]).count_rows()


def test_fragments_are_scanned_in_the_order_given(trips):
    fragments = trips.get_fragments()
    order = [fragments[3], fragments[1]]
    ids = trips.to_table(["id"], fragments=order)["id"].to_pylist()
    each = [f.to_table(["id"])["id"].to_pylist() for f in order]
    assert ids == each[0] + each[1]
    assert trips.to_table(fragments=[]).num_rows == 0
    assert fragments[2].head(4, columns=["id"]) == fragments[2].to_table(["id"], limit=4)
    session = fragments[2].open_session(["id"])
    assert session.take([5, 1]) == fragments[2].take([5, 1], ["id"])
    assert len(next(fragments[2].to_batches(batch_size=200))) == 200


def test_scanners_are_made_by_tables_only(trips):
    for make in ("from_dataset", "from_fragment", "from_batches"):
        with pytest.raises(NotImplementedError, match=make):
            getattr(lancea.LanceScanner, make)(trips)


def test_rows_come_in_the_order_of_keys(trips, expected):
    rows = expected.select(["id", "city"]).to_pylist()

    def by_city(row):
        return (row["city"] is None, row["city"] or "", -row["id"])

    wanted = sorted(rows, key=by_city)
    keys = [ColumnOrdering("city"), ColumnOrdering("id", ascending=False)]
    assert trips.to_table(["id", "city"], order_by=keys).to_pylist() == wanted
    some = trips.to_table(["id", "city"], order_by=keys, limit=20, offset=5)
    assert some.to_pylist() == wanted[5:25]
    filtered = trips.to_table(["id"], order_by=keys, filter=pc.field("id") < 300, limit=7)
    assert filtered["id"].to_pylist() == [row["id"] for row in wanted if row["id"] < 300][:7]
    assert trips.to_table(["id"], order_by=["id"], limit=3)["id"].to_pylist() == [0, 1, 2]
    with pytest.raises(TypeError, match="ColumnOrdering"):
        trips.scanner_builder().order_by([3])
    with pytest.raises(ValueError, match="no order"):
        trips.to_table(order_by=["start"])


def test_batches_are_cut_by_bytes(trips, expected):
    batches = list(trips.to_batches(columns=["id"], batch_size_bytes=80))
    assert max(len(batch) for batch in batches) <= 10
    assert_same_table(pa.Table.from_batches(batches), expected.select(["id"]))


def test_batches_come_to_async_code(trips, expected):
    import asyncio

    async def collect():
        return [batch async for batch in trips.scanner(batch_size=50)]

    assert_same_table(pa.Table.from_batches(asyncio.run(collect())), expected)


def test_a_plan_tells_what_is_read_and_what_it_did(trips, expected):
    scanner = trips.scanner(["id", "city"], filter=pc.field("id") < 10)
    plan = scanner.explain_plan()
    assert "LanceRead" in plan
    assert "projection=[id]" in plan
    assert "(city)" in plan
    analyzed = scanner.analyze_plan()
    assert f"rows_scanned={len(expected)}" in analyzed
    assert "bytes_read=" in analyzed
    tree = scanner.plan(analyze=True)
    assert tree["name"] == "AnalyzeExec"
    assert tree["inputs"][0]["inputs"][0]["metrics"]["output_rows"] == trips.count_rows(
        pc.field("id") < 10
    )


def test_rows_named_by_number_are_taken_not_searched(trips, expected):
    seen = []
    ids = trips.to_table(["id"], with_row_id=True)["_rowid"].to_pylist()
    wanted = pc.field("_rowid").isin([ids[3], ids[400], 1 << 60])
    found = trips.to_table(["id"], filter=wanted, scan_stats_callback=seen.append)
    assert found["id"].to_pylist() == [expected["id"][3].as_py(), expected["id"][400].as_py()]
    assert seen[0].all_counts["rows_scanned"] == 2


def test_a_query_with_few_rows_reads_few_bytes(trips_path):
    ds = lancea.dataset(trips_path, session=lancea.Session())
    seen = []
    ds.to_table(filter=pc.field("id") == 7, scan_stats_callback=seen.append)
    ds.to_table(scan_stats_callback=seen.append)
    assert 0 < seen[0].bytes_read < seen[1].bytes_read


@pytest.mark.parametrize(
    ("late", "named"),
    [
        (True, {"city", "fare", "start", "tags", "when"}),
        (False, set()),
        (["city", "tags"], {"city", "tags"}),
        ([], set()),
    ],
)
def test_late_columns_are_those_named(trips, expected, late, named):
    scanner = trips.scanner(filter="id = 17", late_materialization=late)
    assert set(re.findall(r"\((\w+)\)[,\"]", scanner.explain_plan())) == named
    assert_same_table(scanner.to_table(), expected.filter(pc.field("id") == 17))


def test_a_callback_that_fails_is_logged_and_the_rows_are_there(trips, expected, caplog):
    def fail(statistics):
        raise ZeroDivisionError("nobody counts")

    table = trips.scanner(scan_stats_callback=fail).to_table()
    assert_same_table(table, expected)
    assert "nobody counts" in caplog.text


@pytest.mark.parametrize("options", [{}, {"strict_batch_size": True}, {"order_by": ["fare"]}])
@pytest.mark.parametrize("filter", [None, "fare > 10"])
def test_a_batch_larger_than_the_buffer_comes(trips, options, filter):
    options = {"filter": filter, "batch_size": 10_000, **options}
    whole = trips.to_table(**options)
    small = pa.Table.from_batches(trips.to_batches(io_buffer_size=1, **options), whole.schema)
    assert_same_table(small, whole)


def test_a_filtered_stream_can_be_left_at_any_batch(trips):
    for batches in range(6):
        reader = trips.to_reader(filter="fare > 1", batch_size=50)
        for _ in range(batches):
            reader.read_next_batch()
        reader.close()
    iterator = trips.to_batches(filter="fare > 1", batch_size=50)
    next(iterator)
    del iterator
    assert trips.count_rows("fare > 1") > 0


def test_a_filtered_scan_comes_to_async_code(trips):
    import asyncio

    async def rows() -> int:
        scanner = trips.scanner(filter="fare > 10", batch_size=64)
        return sum([batch.num_rows async for batch in scanner])

    assert asyncio.run(rows()) == trips.count_rows("fare > 10")


LARGE_BATCHES = """
import os, sys
os.environ["LANCEA_LARGE_BATCH_BYTES"] = sys.argv[2]
import lancea
ds = lancea.dataset(sys.argv[1])
for _ in range(2):
    for filter in (None, "fare > 1"):
        list(ds.to_batches(filter=filter))
"""


@pytest.mark.parametrize(("limit", "times"), [(1000, 1), (1 << 30, 0)])
def test_a_large_batch_is_warned_of_once(trips_path, run_python, limit, times):
    printed = run_python(LARGE_BATCHES, trips_path, str(limit), flags=("-X", "utf8"))
    assert printed.count("a lower batch_size takes less") == times
