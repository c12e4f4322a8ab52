"""Engines that scan a table as one of pyarrow's datasets or as an Arrow stream."""

from __future__ import annotations

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pytest

import lancea


@pytest.fixture
def duckdb():
    module = pytest.importorskip("duckdb", reason="duckdb is not installed")
    with module.connect() as connection:
        connection.execute("SET threads TO 2")
        yield connection


#: The same question to the table and to its rows in memory.
QUESTIONS = [
    "SELECT * FROM {} ORDER BY id",
    "SELECT count(*) FROM {}",
    "SELECT count(city), sum(id), avg(fare) FROM {}",
    "SELECT city, count(*) n, max(fare) FROM {} GROUP BY city ORDER BY n DESC, city",
    "SELECT id FROM {} WHERE id > 500 AND fare < 200 ORDER BY id",
    "SELECT id FROM {} WHERE city = 'city 3' ORDER BY id",
    "SELECT id FROM {} WHERE city IS NULL ORDER BY id LIMIT 7 OFFSET 3",
    "SELECT id FROM {} WHERE city IN ('city 1', 'city 2') AND id < 300 ORDER BY id",
    "SELECT id FROM {} WHERE city LIKE 'city 1%' ORDER BY id",
    "SELECT start.x, start.name FROM {} WHERE start.x > 990 ORDER BY id",
    "SELECT id, len(tags) FROM {} WHERE len(tags) = 3 ORDER BY id",
    'SELECT id, "when" FROM {} WHERE "when" < TIMESTAMP \'1970-01-01 00:00:20\' ORDER BY id',
    "SELECT a.id FROM {} a JOIN {} b ON a.id = b.id + 1 WHERE b.fare > 240 ORDER BY a.id",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_duckdb_answers_as_over_the_rows_in_memory(duckdb, trips, expected, question):
    mine = duckdb.sql(question.replace("{}", "trips")).fetchall()
    assert mine == duckdb.sql(question.replace("{}", "expected")).fetchall()
    assert mine


def test_duckdb_joins_two_tables(duckdb, trips, tmp_path):
    names = pa.table({"city": [f"city {i}" for i in range(23)], "rank": range(23)})
    lance.write_dataset(names, tmp_path / "names")
    cities = lancea.dataset(tmp_path / "names")
    question = "SELECT rank, count(*) FROM trips JOIN {} USING (city) GROUP BY rank ORDER BY rank"
    mine = duckdb.sql(question.format("cities")).fetchall()
    assert mine == duckdb.sql(question.format("names")).fetchall()
    assert len(cities) == len(mine) == 23


def test_duckdb_reads_a_stream(duckdb, trips, expected):
    duckdb.register("reader", trips.to_reader(columns=["id"]))
    total = pc.sum(expected["id"]).as_py()
    assert duckdb.sql("SELECT sum(id) FROM reader").fetchall() == [(total,)]


@pytest.fixture
def polars():
    return pytest.importorskip("polars", reason="polars is not installed")


def test_polars_scans_lazily(polars, trips, expected):
    frame = polars.from_arrow(expected)
    lazy = polars.scan_pyarrow_dataset(trips)
    column = polars.col
    questions = [
        lambda t: t,
        lambda t: t.select("city", "id"),
        lambda t: t.filter(column("id") > 700).select("id", "fare"),
        lambda t: t.filter((column("city") == "city 3") & (column("fare") > 20)),
        lambda t: t.filter(column("city").is_null()).select("id"),
        lambda t: t.filter(column("id").is_in([1, 5, 999])),
        lambda t: t.head(5),
        lambda t: t.select(column("fare").sum(), column("id").max()),
        lambda t: t.group_by("city").agg(column("id").count()).sort("city"),
    ]
    for question in questions:
        assert question(lazy).collect().equals(question(frame.lazy()).collect())


def test_polars_takes_it_as_a_stream(polars, trips, expected):
    assert polars.DataFrame(trips).equals(polars.from_arrow(expected))


def test_pyarrow_scans_with_an_expression(trips, expected):
    condition = (pc.field("id") > 100) & pc.field("city").is_valid()
    assert trips.to_table(filter=condition) == expected.filter(condition)
    assert pa.concat_tables([pa.table(trips)]) == expected


def test_pyarrow_writes_it_elsewhere(trips, expected, tmp_path):
    # Files are written, and row groups read, by threads: in any order.
    pads.write_dataset(trips.to_reader(), tmp_path / "parquet", format="parquet")
    assert pads.dataset(tmp_path / "parquet").sort_by("id").to_table() == expected
    pads.write_dataset(trips.to_batches(), tmp_path / "arrow", schema=trips.schema, format="arrow")
    assert pads.dataset(tmp_path / "arrow", format="arrow").to_table() == expected


def test_pylance_copies_it(trips, expected, tmp_path):
    copied = lance.write_dataset(trips.to_reader(), tmp_path / "copy")
    assert copied.to_table() == expected


def test_pandas_gets_a_frame(trips, expected):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = expected.to_pandas()
    pandas.testing.assert_frame_equal(trips.to_pandas(), frame)
    some = trips.to_pandas(columns=["id", "city"], limit=5)
    pandas.testing.assert_frame_equal(some, frame[["id", "city"]].head(5))
    kept = trips.to_pandas(
        filter=pc.field("id") > 900, types_mapper={pa.int64(): pandas.Int64Dtype()}.get
    )
    assert kept["id"].dtype == "Int64"
    assert len(kept) == expected.filter(pc.field("id") > 900).num_rows
    pandas.testing.assert_frame_equal(trips.scanner(columns=["fare"]).to_pandas(), frame[["fare"]])
    fragment = trips.get_fragments()[0]
    pandas.testing.assert_frame_equal(
        fragment.to_pandas(columns=["id"]), fragment.to_table(["id"]).to_pandas()
    )


@pytest.mark.parametrize(("mode", "kind"), [("lazy", lancea.BlobFile), ("bytes", bytes)])
def test_pandas_gets_blobs_as_files_or_bytes(tmp_path, mode, kind):
    pytest.importorskip("pandas", reason="pandas is not installed")
    blobs = lance.blob_array([b"one", None, b"three" * 20_000])
    schema = pa.schema([pa.field("id", pa.int64()), lance.blob_field("blob")])
    table = pa.table([pa.array([1, 2, 3]), blobs], schema=schema)
    theirs = lance.write_dataset(table, tmp_path / "t")
    mine = lancea.dataset(tmp_path / "t").to_pandas(blob_mode=mode)
    expected = theirs.to_pandas(blob_mode=mode)
    assert list(mine.columns) == list(expected.columns) == ["id", "blob"]

    def content(frame):
        return [blob.read() if hasattr(blob, "read") else blob for blob in frame["blob"]]

    assert isinstance(mine["blob"][0], kind)
    assert content(mine) == content(expected)


def test_pandas_gets_descriptions_of_blobs_and_no_unknown_mode(tmp_path):
    pytest.importorskip("pandas", reason="pandas is not installed")
    table = pa.table([lance.blob_array([b"one"])], schema=pa.schema([lance.blob_field("blob")]))
    theirs = lance.write_dataset(table, tmp_path / "t")
    mine = lancea.dataset(tmp_path / "t")
    expected = theirs.to_pandas(blob_mode="descriptions")
    assert mine.to_pandas(blob_mode="descriptions").to_dict() == expected.to_dict()
    with pytest.raises(ValueError, match="blob_mode"):
        mine.to_pandas(blob_mode="sometimes")


def test_torch_takes_batches(trips, expected):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    ids = torch.cat([torch.from_numpy(b["id"].to_numpy()) for b in trips.to_batches(["id"])])
    assert ids.tolist() == expected["id"].to_pylist()


@pytest.fixture
def watched(trips_path):
    """The table, and the statistics of all its scans."""
    seen = []
    return lancea.dataset(
        trips_path, default_scan_options={"scan_stats_callback": seen.append}
    ), seen


def ask_duckdb(duckdb, rides) -> list:
    assert rides is not None  # DuckDB finds it by its name
    question = "SELECT fare FROM rides WHERE id > 700 AND id < 720 ORDER BY id"
    return [fare for (fare,) in duckdb.sql(question).fetchall()]


def ask_polars(polars, rides) -> list:
    kept = (polars.col("id") > 700) & (polars.col("id") < 720)
    lazy = polars.scan_pyarrow_dataset(rides).filter(kept).select("fare")
    return lazy.collect()["fare"].to_list()


def test_engines_push_columns_and_conditions_down(duckdb, polars, watched, expected):
    rides, seen = watched
    condition = (pc.field("id") > 700) & (pc.field("id") < 720)
    wanted = expected.filter(condition)["fare"].to_pylist()
    answers = {
        "duckdb": lambda: ask_duckdb(duckdb, rides),
        "polars": lambda: ask_polars(polars, rides),
        "pyarrow": lambda: rides.to_table(["fare"], filter=condition)["fare"].to_pylist(),
    }
    rides.to_table()
    everything = seen.pop().bytes_read
    for name, ask in answers.items():
        seen.clear()
        assert ask() == wanted, name
        assert sum(stats.all_counts["rows_selected"] for stats in seen) == len(wanted), name
        assert sum(stats.bytes_read for stats in seen) < everything / 2, name
