"""SQL queries over a table: DuckDB runs them, our scan gets the columns and conditions."""

from __future__ import annotations

import pyarrow as pa
import pytest

pytest.importorskip("duckdb", reason="duckdb is not installed")


def rows(query) -> list[dict]:
    return pa.Table.from_batches(query.build().to_batch_records()).to_pylist()


def test_a_query_sees_the_table_as_dataset_or_by_the_name_given(trips, expected):
    assert rows(trips.sql("SELECT count(*) AS n FROM dataset")) == [{"n": len(expected)}]
    named = trips.sql("SELECT min(id) AS low FROM rides").table_name("rides")
    assert rows(named) == [{"low": min(expected["id"].to_pylist())}]


def test_sums_of_integers_are_integers(trips, expected):
    (row,) = rows(trips.sql("SELECT sum(id) AS total FROM dataset"))
    assert row == {"total": sum(expected["id"].to_pylist())}
    assert isinstance(row["total"], int)


def test_columns_and_conditions_reach_the_scan(trips, expected):
    seen = []
    query = trips.sql("SELECT city FROM dataset WHERE id >= 100 AND id < 110 ORDER BY id")
    found = rows(query.scan_stats_callback(seen.append))
    wanted = [r["city"] for r in expected.to_pylist() if 100 <= r["id"] < 110]
    assert [row["city"] for row in found] == wanted
    (stats,) = seen
    assert stats.all_counts["rows_selected"] == len(wanted)
    everything = []
    rows(trips.sql("SELECT * FROM dataset").scan_stats_callback(everything.append))
    assert stats.bytes_read < everything[0].bytes_read


def test_row_ids_and_addresses_are_there_when_asked_for(trips):
    with_both = trips.sql("SELECT _rowid, _rowaddr, id FROM dataset ORDER BY id LIMIT 3")
    found = rows(with_both.with_row_id().with_row_addr())
    theirs = trips.to_table(["_rowid", "_rowaddr", "id"], order_by=["id"], limit=3)
    assert found == theirs.to_pylist()
    with pytest.raises(Exception, match="_rowid"):
        rows(trips.sql("SELECT _rowid FROM dataset"))


def test_results_stream_and_plans_are_shown(trips, expected):
    query = trips.sql("SELECT id FROM dataset").batch_size(64).build()
    reader = query.to_stream_reader()
    assert sum(batch.num_rows for batch in reader) == len(expected)
    assert "PROJECTION" in query.explain() or "SCAN" in query.explain()


def test_a_query_joins_other_tables(trips, expected, tmp_path):
    import lancea

    ranks = pa.table({"city": [f"city {i}" for i in range(23)], "rank": range(23)})
    cities = lancea.write_dataset(ranks, tmp_path / "cities")
    text = """SELECT rank, count(*) AS n, max(fare) AS most
              FROM dataset JOIN cities USING (city) JOIN bonus USING (rank)
              WHERE id < 500 GROUP BY rank ORDER BY rank"""
    bonus = pa.table({"rank": [3, 5, 7]})
    found = rows(trips.sql(text).with_table("cities", cities).with_table("bonus", bonus))
    wanted = {}
    for row in expected.to_pylist():
        rank = int(row["city"].split()[1]) if row["city"] else None
        if rank in (3, 5, 7) and row["id"] < 500:
            wanted.setdefault(rank, []).append(row["fare"])
    assert found == [
        {"rank": rank, "n": len(fares), "most": max(f for f in fares if f is not None)}
        for rank, fares in sorted(wanted.items())
    ]


def test_a_query_has_windows_and_aggregates(trips, expected):
    text = """SELECT id, sum(id) OVER (ORDER BY id) AS running,
                     row_number() OVER (PARTITION BY city ORDER BY id DESC) AS place
              FROM dataset WHERE city IS NOT NULL ORDER BY id"""
    found = rows(trips.sql(text))
    kept = [row for row in expected.to_pylist() if row["city"] is not None]
    running, total, seen = [], 0, {}
    for row in kept:
        total += row["id"]
        running.append(total)
        seen.setdefault(row["city"], []).append(row["id"])
    places = {i: len(ids) - n for ids in seen.values() for n, i in enumerate(ids)}
    assert [row["running"] for row in found] == running
    assert [row["place"] for row in found] == [places[row["id"]] for row in kept]


def test_explain_analyze_runs_the_query(trips):
    seen = []
    query = trips.sql("SELECT max(id) FROM dataset").scan_stats_callback(seen.append).build()
    assert "Total Time" in query.explain(analyze=True)
    assert len(seen) == 1
