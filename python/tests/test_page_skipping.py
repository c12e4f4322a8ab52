"""Pages that need not be read are not, whatever the version knows them by; and it is counted."""

from __future__ import annotations

import datetime
import json

import lance
import numpy as np
import pyarrow as pa
import pytest

import lancea

ROWS = 2000
PAGE = 100


@pytest.fixture(scope="module")
def legacy(tmp_path_factory) -> str:
    """Ascending values of many types with statistics, in two files of ten pages each."""
    n = np.arange(ROWS)
    start = datetime.datetime(2020, 1, 1)
    table = pa.table(
        {
            "i": pa.array(n, pa.int64()),
            "u": pa.array(n % 256, pa.uint8()),
            "neg": pa.array(n - 1000, pa.int16()),
            "f": pa.array(n / 2, pa.float64()),
            "nan": pa.array([float("nan") if x % 350 == 3 else -x for x in n.tolist()],
                            pa.float32()),
            "nulls": pa.array([None if x % 7 == 0 and x < 900 else x + 10 for x in n.tolist()],
                              pa.int32()),
            "s": [f"s{x:05d}" for x in n],
            "long": [f"{x:05d}" + "y" * 100 for x in n],
            "empty": ["" if x < 250 else (None if x % 3 == 0 else f"v{x}") for x in n],
            "day": pa.array([(start + datetime.timedelta(days=int(x))).date() for x in n]),
            "at": pa.array([start + datetime.timedelta(hours=int(x)) for x in n],
                           pa.timestamp("us")),
            "flag": pa.array(n < 1000),
        }
    )  # fmt: skip
    path = tmp_path_factory.mktemp("legacy") / "t"
    lance.write_dataset(
        table, path, data_storage_version="legacy", max_rows_per_group=PAGE, max_rows_per_file=1000
    )
    return str(path)


def counts(uri: str, **options) -> dict[str, int]:
    seen = []
    scanner = lancea.dataset(uri).scanner(**options, scan_stats_callback=seen.append)
    scanner.to_table()
    return seen[0].all_counts


# Filter, and pages of its columns that must be read.
FILTERS = [
    ("i >= 1950", 1),
    ("i < 0", 0),
    ("i = 250", 1),
    ("i IN (5, 150)", 2),
    ("i BETWEEN 95 AND 105", 2),
    ("neg < -950", 1),
    ("neg > 990", 1),
    ("f = 100.5", 1),
    ("nulls = 0", 9),
    ("nulls > 2000", 1),
    ("s = 's00250'", 1),
    ("s LIKE 's000%'", 1),
    ("s IN ('s00001', 's01999', 'x')", 2),
    ("long = '00777" + "y" * 100 + "'", 1),
    ("empty = 'v251'", None),
    ("empty = ''", None),
    ("empty IS NULL", None),
    ("day = date '2020-02-01'", 1),
    ("at < timestamp '2020-01-02 00:00:00'", 20),
    ("flag = true", None),
    ("i > 1900 AND s < 's01950'", 2),
    ("i > 1900 OR s = 's00001'", None),
    ("NOT (i > 100)", 2),
    ("i <> 5", 20),
    ("u = 255", None),
    ("nan > 10", 20),
    ("nan = -5", 1),
]


@pytest.mark.parametrize(("filter", "pages"), FILTERS, ids=[f for f, _ in FILTERS])
def test_statistics_skip_pages_and_never_a_row(legacy, filter, pages):
    wanted = lancea.dataset(legacy).to_table(filter=filter, use_stats=False)
    for columns in (None, ["s"], ["i", "f"], []):
        options = {"columns": columns, "filter": filter}
        if columns == []:
            options["with_row_id"] = True
        got = lancea.dataset(legacy).to_table(**options)
        if columns != []:
            assert got.to_pandas().equals(wanted.select(got.column_names).to_pandas())
        assert got.num_rows == wanted.num_rows
    # Their statistics leave out NaN, which is greater, and say that "" is no null.
    if filter not in ("nan > 10", "empty IS NULL"):
        assert wanted.num_rows == lance.dataset(legacy).count_rows(filter)
    if pages is not None:
        seen = counts(legacy, filter=filter, columns=["flag"])
        taken = len({row // PAGE for row in wanted["i"].to_pylist()})
        assert seen["pages_scanned"] == pages + taken


def test_use_stats_is_a_choice_and_explained(legacy):
    for use_stats, scanned in ((True, 1), (False, 20)):
        scanner = lancea.dataset(legacy).scanner(
            columns=["i"], filter="i >= 1950", use_stats=use_stats
        )
        assert ("LancePushdownScan: uri=" in scanner.explain_plan(verbose=True)) == use_stats
        metrics = scanner.plan(analyze=True)
        assert f'"pages_scanned": {scanned}' in json.dumps(metrics)
        assert f'"pages_skipped": {20 - scanned}' in json.dumps(metrics)
        assert f"pages_scanned={scanned}, pages_skipped={20 - scanned}" in scanner.analyze_plan()
    theirs, ours = (
        library.dataset(legacy).scanner(columns=["i", "s"], filter="i >= 1950").explain_plan(True)
        for library in (lance, lancea)
    )
    shape = [part.split("=")[0] for part in theirs.split(", ")]
    assert [part.split("=")[0] for part in ours[ours.index("LanceP") :].split(", ")] == shape


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> str:
    """A constant in every fragment, and few words; one of them is in one fragment alone."""
    path = tmp_path_factory.mktemp("encoded") / "t"
    random = np.random.default_rng(3)
    for part in range(4):
        words = ["red", "green", "blue"] + (["white"] if part == 2 else [])
        lance.write_dataset(
            pa.table(
                {
                    "part": pa.array(np.full(20_000, part), pa.int32()),
                    "word": random.choice(words, 20_000),
                    "some": pa.array(
                        [None if x % 9 == 0 else words[x % len(words)] for x in range(20_000)]
                    ),
                    "id": pa.array(np.arange(20_000) + part * 20_000),
                    "text": [f"text {x} of {part}" for x in range(20_000)],
                }
            ),
            path,
            mode="append" if part else "create",
            data_storage_version="2.2",
        )
    return str(path)


ENCODED = ["part = 2", "part > 2", "part < 0", "part IN (1, 3)", "part <> 1", "word = 'white'",
           "word = 'none'", "word <> 'white'", "word IN ('white', 'none')", "some = 'white'",
           "some <> 'red'", "some LIKE 'w%'", "word = 'red' AND part = 3",
           "part = 2 AND word = 'white' AND id % 7 = 0", "some IS NULL"]  # fmt: skip


@pytest.mark.parametrize("filter", ENCODED)
def test_encodings_answer_as_values_do(encoded, filter):
    theirs = lance.dataset(encoded)
    for columns in (["id"], ["word", "some"], ["text", "part"]):
        got = lancea.dataset(encoded).to_table(columns=columns, filter=filter)
        assert got.equals(theirs.to_table(columns=columns, filter=filter))
    assert lancea.dataset(encoded).count_rows(filter) == theirs.count_rows(filter)


def test_pages_of_one_value_and_dictionaries_without_the_word_are_not_read(encoded):
    one = counts(encoded, columns=["text"], filter="part = 2")
    everything = counts(encoded, columns=["text", "part"])
    assert everything["pages_skipped"] == 0
    assert one["pages_scanned"] + one["pages_skipped"] == everything["pages_scanned"]
    assert one["pages_scanned"] <= everything["pages_scanned"] // 4
    absent = counts(encoded, columns=["id"], filter="word = 'none'")
    assert absent["pages_scanned"] == 0
    some = counts(encoded, columns=["id"], filter="word = 'white'")
    assert 0 < some["pages_scanned"] <= (some["pages_scanned"] + some["pages_skipped"]) // 4


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3"])
def test_a_scan_of_everything_reads_every_page(tmp_path, version):
    table = pa.table(
        {
            "a": pa.array(range(5000), pa.int32()),
            "s": [{"x": i, "y": str(i)} for i in range(5000)],
            "l": [[i] * (i % 3) for i in range(5000)],
        }
    )
    lance.write_dataset(table, tmp_path / "t", data_storage_version=version)
    seen = counts(str(tmp_path / "t"))
    assert seen["pages_scanned"] >= 4
    assert seen["pages_skipped"] == 0


def test_counting_rows_reads_no_column(encoded, legacy):
    duckdb = pytest.importorskip("duckdb")
    for uri, rows in ((encoded, 80_000), (legacy, ROWS)):
        ds = lancea.dataset(uri)
        ds.schema  # noqa: B018  what opening reads is read
        ds.io_stats_incremental()
        assert ds.count_rows() == rows
        assert ds.io_stats_incremental().read_bytes == 0
        seen = []
        scanner = ds.scanner(columns=[], with_row_id=True, scan_stats_callback=seen.append)
        assert scanner.to_table().num_rows == rows
        assert seen[0].bytes_read == 0
        assert seen[0].all_counts["pages_scanned"] == 0
        connection = duckdb.connect()
        connection.register("t", ds)
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (rows,)


def test_takes_may_name_a_system_column_twice(encoded):
    for columns in (
        ["_rowid", "_rowid"],
        ["_rowaddr", "_rowid", "_rowaddr"],
        ["id", "_rowid", "_rowid"],
    ):
        got = lancea.dataset(encoded).take([1, 20_001], columns=columns)
        assert got.equals(lance.dataset(encoded).take([1, 20_001], columns=columns))


@pytest.mark.parametrize("pattern", ["(x1)|(y2)", "x1|y2", "(x)?(1)", "(q)?", "((x)|(y))([0-9])",
                                     "(x*)([0-9]*)", "(é)|(.)"])  # fmt: skip
def test_regexp_match_leaves_out_groups_without_a_part(tmp_path, pattern):
    table = pa.table({"a": ["x1", "y2", "z3", None, "x1y2", "", "é2"]})
    lance.write_dataset(table, tmp_path / "t")
    columns = {"m": f"regexp_match(a, '{pattern}')"}
    wanted = lance.dataset(tmp_path / "t").to_table(columns=columns)
    got = lancea.dataset(tmp_path / "t").to_table(columns=columns)
    assert got["m"].to_pylist() == wanted["m"].to_pylist()
