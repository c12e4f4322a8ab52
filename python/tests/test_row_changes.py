"""Delete, update, merge and delta: pylance, given the same table and call, is the oracle."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import lancea
from lancea import LanceOperation

LINEAGE = ["_rowid", "_row_created_at_version", "_row_last_updated_at_version"]
COUNTS = ["num_inserted_rows", "num_updated_rows", "num_deleted_rows"]


def people(num_rows: int = 100) -> pa.Table:
    rows = range(num_rows)
    return pa.table(
        {
            "id": pa.array([None if i % 17 == 5 else i for i in rows], pa.int64()),
            "name": [f"name {i % 9}" for i in rows],
            "score": pa.array([None if i % 7 == 3 else i / 4 for i in rows]),
            "home": pa.array([{"city": f"c{i % 5}", "zip": i} for i in rows]),
            "vec": pa.array([[i, i + 1] for i in rows], pa.list_(pa.float32(), 2)),
        }
    )


class Both:
    """One table, once for each library; calls go to both."""

    def __init__(self, folder, rows: pa.Table, **options):
        path = folder / "ours.lance"
        lancea.write_dataset(rows, path, max_rows_per_file=30, **options)
        shutil.copytree(path, folder / "theirs.lance")
        self.ours = lancea.dataset(path)
        self.theirs = lance.dataset(str(folder / "theirs.lance"))

    def do(self, call):
        """The results of the call, which must be the same, and so must the tables be then."""
        ours, theirs = call(self.ours), call(self.theirs)
        if isinstance(theirs, dict):
            ours = {key: ours[key] for key in theirs}
        assert ours == theirs
        self.check()
        return ours

    def refuse(self, call):
        with pytest.raises(Exception) as theirs:
            call(self.theirs)
        with pytest.raises((OSError, ValueError, NotImplementedError)) as ours:
            call(self.ours)
        assert self.ours.version == self.theirs.version
        return str(ours.value), str(theirs.value)

    def rows(self, dataset):
        columns = [*dataset.schema.names, *(LINEAGE if self.ours.has_stable_row_ids else [])]
        rows = dataset.to_table(columns=columns).to_pylist()
        return sorted(rows, key=str)

    def check(self):
        expected = self.rows(self.theirs)
        assert self.rows(self.ours) == expected
        # What we wrote, read by pylance.
        opened = lance.dataset(self.ours.uri)
        opened.validate()
        assert self.rows(opened) == expected
        assert opened.version == self.theirs.version
        shape = [(f.fragment_id, f.physical_rows, f.num_deletions) for f in opened.get_fragments()]
        assert shape == [
            (f.fragment_id, f.physical_rows, f.num_deletions) for f in self.theirs.get_fragments()
        ]


@pytest.fixture(params=[False, True], ids=["addresses", "stable"])
def both(request, tmp_path) -> Both:
    return Both(tmp_path, people(), enable_stable_row_ids=request.param)


DELETES = [
    "id = 7",
    "id = 4000",
    "false",
    "id < 45",
    "id >= 30 AND id < 60 OR id IS NULL",
    "name LIKE '%3' AND score > 5",
    "home.zip IN (1, 2, 31, 77)",
    "_rowid < 3",
    "true",
]


@pytest.mark.parametrize("predicate", DELETES)
def test_deletes_like_pylance(both, predicate):
    both.do(lambda ds: ds.delete(predicate))


def test_deletes_add_up_until_a_fragment_is_gone(both):
    for predicate in ("id < 10", "id < 20", "name = 'name 0'", "_rowaddr < 30"):
        both.do(lambda ds, predicate=predicate: ds.delete(predicate))
    assert 0 not in [f.fragment_id for f in both.ours.get_fragments()]


def test_deletes_take_expressions(both):
    both.do(lambda ds: ds.delete((pc.field("id") < 20) & (pc.field("score") > 1)))
    assert "id" in both.ours.read_transaction(2).operation.predicate


def test_many_deleted_rows_become_a_bitmap(tmp_path):
    path = tmp_path / "t.lance"
    ds = lancea.write_dataset(pa.table({"x": range(20000)}), path)
    ds.delete(pc.field("x") < 4999)
    assert ds.get_fragments()[0].metadata.deletion_file.file_type == "array"
    ds.delete(pc.field("x") == 9000)
    assert ds.get_fragments()[0].metadata.deletion_file.file_type == "bitmap"
    ids = lance.dataset(str(path)).to_table()["x"].to_pylist()
    assert ids == [*range(4999, 9000), *range(9001, 20000)]


@pytest.mark.parametrize("predicate", ["nope = 1", "id +", "name"])
def test_bad_predicates_change_nothing(both, predicate):
    both.refuse(lambda ds: ds.delete(predicate))


UPDATES = [
    ({"score": "score + 1"}, "id < 20"),
    ({"score": "1"}, None),
    ({"name": "'it''s'", "id": "id * 10"}, "name = 'name 3'"),
    ({"name": "concat(name, '!')"}, "id IN (3, 33, 63)"),
    ({"id": "3.7"}, "id = 1"),
    ({"score": "NULL"}, "id > 90"),
    ({"vec": "[42.0, 43.0]"}, "id = 5 OR id = 6"),
    ({"name": "'x'"}, "id = 4000"),
    ({"score": "home.zip * 2"}, "score IS NULL"),
]


@pytest.mark.parametrize(("updates", "where"), UPDATES)
def test_updates_like_pylance(both, updates, where):
    both.do(lambda ds: ds.update(updates, where))


def test_updates_of_updates_keep_ids_and_first_versions(both):
    both.do(lambda ds: ds.update({"name": "'a'"}, "id < 50"))
    both.do(lambda ds: ds.delete("id < 10"))
    both.do(lambda ds: ds.update({"name": "'b'"}, "id < 30"))
    both.do(lambda ds: ds.update({"name": "'c'"}, "id < 100"))


@pytest.mark.parametrize(
    ("updates", "where"),
    [
        ({"nope": "1"}, None),
        ({}, None),
        ({"id": "'abc'"}, None),
        ({"name": "1 +"}, None),
        ({"home.city": "'x'"}, None),
        ({"id": "1"}, "nope = 2"),
    ],
)
def test_bad_updates_change_nothing(both, updates, where):
    both.refuse(lambda ds: ds.update(updates, where))


def source(ids, **columns) -> pa.Table:
    rows = people(len(ids)).set_column(0, "id", pa.array(ids, pa.int64()))
    rows = rows.set_column(1, "name", pa.array([f"new {i}" for i in ids]))
    return rows.select(columns["only"]) if columns else rows


ONE, KEYS = source([3, 40, 1000, None, 1001, None, 99]), source([3, 40], only=["id"])
PART = source([3, 40, 1000, 99], only=["name", "id"])
MERGES = {
    "upsert": (lambda b: b.when_matched_update_all().when_not_matched_insert_all(), ONE),
    "update": (lambda b: b.when_matched_update_all(), ONE),
    "insert": (lambda b: b.when_not_matched_insert_all(), ONE),
    "nothing new": (lambda b: b.when_not_matched_insert_all(), source([3, 4])),
    "no source": (lambda b: b.when_matched_update_all(), ONE.slice(0, 0)),
    "replace": (
        lambda b: b.when_not_matched_insert_all().when_not_matched_by_source_delete(),
        ONE,
    ),
    "replace some": (
        lambda b: (
            b.when_matched_update_all()
            .when_not_matched_insert_all()
            .when_not_matched_by_source_delete("id < 20 AND score > 1")
        ),
        ONE,
    ),
    "only delete others": (lambda b: b.when_not_matched_by_source_delete("id > 50"), ONE),
    "delete": (lambda b: b.when_matched_delete(), ONE),
    "delete by keys": (lambda b: b.when_matched_delete(), KEYS),
    "delete and insert": (lambda b: b.when_matched_delete().when_not_matched_insert_all(), ONE),
    "fail without a match": (
        lambda b: b.when_matched_fail().when_not_matched_insert_all(),
        source([1000, 1001]),
    ),
    "condition": (
        lambda b: b.when_matched_update_all("source.score < target.score"),
        source(list(range(0, 100, 3))),
    ),
    "condition on text": (
        lambda b: b.when_matched_update_all("target.name = 'name 4'").when_not_matched_insert_all(),
        ONE,
    ),
    "some columns": (lambda b: b.when_matched_update_all(), PART),
    "some columns, inserted too": (
        lambda b: b.when_matched_update_all().when_not_matched_insert_all(),
        PART,
    ),
    "some columns, condition": (
        lambda b: b.when_matched_update_all("target.score > 9"),
        PART,
    ),
}


@pytest.mark.parametrize("name", MERGES)
def test_merges_like_pylance(both, name):
    setup, rows = MERGES[name]

    def merge(ds):
        stats = setup(ds.merge_insert("id")).execute(rows)
        return {key: stats[key] for key in COUNTS}

    ours, theirs = merge(both.ours), merge(both.theirs)
    assert ours == theirs
    # Ids of inserted rows follow the order of the join, which pylance leaves open.
    drop = {"_rowid"} if ours["num_inserted_rows"] else set()
    expected = [{k: v for k, v in row.items() if k not in drop} for row in both.rows(both.theirs)]
    opened = lance.dataset(both.ours.uri)
    for dataset in (both.ours, opened):
        found = [{k: v for k, v in row.items() if k not in drop} for row in both.rows(dataset)]
        assert sorted(found, key=str) == sorted(expected, key=str)
    opened.validate()
    if both.ours.has_stable_row_ids:
        ids = both.ours.to_table(columns=["_rowid"])["_rowid"].to_pylist()
        theirs_ids = both.theirs.to_table(columns=["_rowid"])["_rowid"].to_pylist()
        assert sorted(ids) == sorted(theirs_ids)


@pytest.mark.parametrize(
    ("setup", "rows"),
    [
        (lambda b: b, ONE),
        (lambda b: b.when_matched_update_all(), source([3, 3])),
        (lambda b: b.when_matched_delete(), source([3, 3], only=["id"])),
        (lambda b: b.when_matched_fail().when_not_matched_insert_all(), ONE),
        (lambda b: b.when_matched_update_all(), ONE.rename_columns(["id", "n", "s", "h", "v"])),
        (lambda b: b.when_matched_update_all(), ONE.drop_columns(["id"])),
        (lambda b: b.when_matched_update_all("score > 1"), ONE),
        (lambda b: b.when_matched_update_all("source.score"), ONE),
        (lambda b: b.when_matched_update_all("bogus bogus"), ONE),
    ],
)
def test_bad_merges_change_nothing(both, setup, rows):
    both.refuse(lambda ds: setup(ds.merge_insert("id")).execute(rows))


def test_duplicate_keys_are_named_as_pylance_names_them(both):
    for on in ("id", "name"):
        rows = people(4).set_column(0, "id", pa.array([1, 1, 1, 1]))
        rows = rows.set_column(1, "name", pa.array(["name 2"] * 4))
        ours, theirs = both.refuse(
            lambda ds, on=on, rows=rows: ds.merge_insert(on).when_matched_update_all().execute(rows)
        )
        assert ours in theirs


def test_duplicate_keys_that_match_nothing_are_all_inserted(both):
    stats = both.ours.merge_insert("id").when_not_matched_insert_all().execute(source([500, 500]))
    assert stats["num_inserted_rows"] == 2


def test_the_first_of_several_rows_with_one_key_can_be_taken(both):
    rows = source([3, 3, 500, 500, None, None])
    rows = rows.set_column(1, "name", pa.array(list("abcdef")))
    stats = (
        both.ours.merge_insert("id")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .source_dedupe_behavior("first_seen")
        .execute(rows)
    )
    assert [stats[key] for key in COUNTS] == [3, 1, 0]
    names = both.ours.to_table()["name"].to_pylist()
    assert sorted(n for n in names if len(n) == 1) == ["a", "c", "e", "f"]


def test_several_keys_all_count(both):
    rows = people(40).set_column(2, "score", pa.array([-1.0] * 40))
    rows = pa.concat_tables([rows.slice(0, 20), rows.slice(20).set_column(
        1, "name", pa.array(["other"] * 20))])  # fmt: skip
    both.do(lambda ds: {
        key: value
        for key, value in ds.merge_insert(["id", "name"]).when_matched_update_all()
        .execute(rows).items() if key in COUNTS
    })  # fmt: skip


def test_nested_keys_match(both):
    rows = source([7, 8]).set_column(
        3, "home", pa.array([{"city": "x", "zip": 3}, {"city": "y", "zip": 3000}])
    )
    stats = (
        both.ours.merge_insert("home.zip")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute(rows)
    )
    assert [stats[key] for key in COUNTS] == [1, 1, 0]
    homes = both.ours.to_table()["home"].to_pylist()
    assert {"city": "x", "zip": 3} in homes
    assert {"city": "c3", "zip": 3} not in homes


@pytest.mark.parametrize(
    "type_",
    [pa.string(), pa.large_string(), pa.binary(), pa.int8(), pa.uint64(), pa.float64(),
     pa.bool_(), pa.date32(), pa.timestamp("us"), pa.decimal128(9, 2), pa.binary(3),
     pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)  # fmt: skip
def test_keys_of_every_type_match(tmp_path, type_):
    values = {"string": ["aaa", "b\0b", None], "large_string": ["aaa", "b\0b", None],
              "binary": [b"aaa", b"b\0b", None], "bool": [True, False, None]}  # fmt: skip
    name = str(type_)
    given = values.get(name)
    if given is None and name.startswith("dictionary"):
        given = values["string"]
    if given is None and name.startswith("fixed_size_binary"):
        given = values["binary"]
    keys = pa.array(
        given or [1, 2, None],
        None if given else pa.int64() if pa.types.is_timestamp(type_) else pa.int32(),
    )
    if pa.types.is_decimal(type_):
        keys = keys.cast(pa.decimal128(12, 2))
    keys = keys.cast(type_)
    rows = pa.table({"k": keys, "v": [0, 0, 0]})
    ds = lancea.write_dataset(rows, tmp_path / "t.lance")
    stats = (
        ds.merge_insert("k")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute(rows.set_column(1, "v", pa.array([1, 1, 1])))
    )
    assert [stats[key] for key in COUNTS] == [1, 2, 0]
    assert sorted(ds.to_table()["v"].to_pylist()) == [0, 1, 1, 1]


@pytest.mark.parametrize("stable", [False, True])
def test_a_merge_that_spills_gives_the_same_table(tmp_path, stable):
    num_rows = 30_000
    numbers = list(range(num_rows))
    random.Random(7).shuffle(numbers)
    table = pa.table({"id": numbers, "text": [f"t{i}" for i in numbers]})
    rows = pa.table(
        {
            "id": pa.array([None if i % 1000 == 1 else i for i in range(15_000, 45_000)]),
            "text": [f"new {i}" for i in range(15_000, 45_000)],
        }
    )
    found = []
    for limit in (None, 1 << 18):
        ds = lancea.write_dataset(
            table, tmp_path / f"{limit}.lance", enable_stable_row_ids=stable,
            max_rows_per_file=7000,
        )  # fmt: skip
        builder = (
            ds.merge_insert("id")
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .when_not_matched_by_source_delete("id < 100")
        )
        if limit is not None:
            builder.memory_limit(limit)
            assert "spilled_bytes=0]" not in builder.analyze_plan(rows)
        stats = builder.execute(rows)
        read = lance.dataset(ds.uri).to_table(columns=["id", "text", *LINEAGE[1:]])
        found.append(([stats[key] for key in COUNTS], sorted(map(str, read.to_pylist()))))
    assert found[0][0] == [15_015, 14_985, 100]
    assert found[0] == found[1]


def test_the_source_is_read_once_and_may_be_a_stream(tmp_path):
    ds = lancea.write_dataset(pa.table({"id": range(100), "v": [0] * 100}), tmp_path / "t.lance")
    given = []

    def batches():
        for i in range(5):
            given.append(i)
            yield pa.record_batch({"id": [i * 30], "v": [i + 1]})

    schema = pa.schema({"id": pa.int64(), "v": pa.int64()})
    stats = ds.merge_insert("id").when_matched_update_all().execute(batches(), schema=schema)
    assert stats["num_updated_rows"] == 4
    assert given == list(range(5))


def test_a_source_that_raises_changes_nothing(tmp_path):
    ds = lancea.write_dataset(pa.table({"id": range(10)}), tmp_path / "t.lance")
    before = sorted(p.name for p in (tmp_path / "t.lance/data").iterdir())

    def batches():
        yield pa.record_batch({"id": [50]})
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        ds.merge_insert("id").when_not_matched_insert_all().execute(
            batches(), schema=pa.schema({"id": pa.int64()})
        )
    assert ds.latest_version == 1
    assert sorted(p.name for p in (tmp_path / "t.lance/data").iterdir()) == before


def test_a_prepared_merge_can_be_committed_later(both):
    transaction, stats = (
        both.ours.merge_insert("id")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute_uncommitted(ONE)
    )
    assert stats["num_updated_rows"] == 3
    assert both.ours.latest_version == 1
    assert isinstance(transaction.operation, LanceOperation.Update)
    committed = lancea.LanceDataset.commit(both.ours, transaction)
    assert committed.count_rows() == 104
    assert lance.dataset(both.ours.uri).count_rows() == 104


def test_plans_say_what_is_read(both):
    builder = both.ours.merge_insert("id").when_matched_update_all("target.score > 1")
    plan = builder.explain_plan(pa.schema({"id": pa.int64(), "name": pa.string()}))
    assert plan.startswith("MergeInsert: on=[id], when_matched=UpdateIf(target.score > 1)")
    assert "projection=[id]," in plan
    assert "LanceTake" in plan
    files = sorted(p.name for p in _data(both.ours).iterdir())
    analysis = builder.analyze_plan(ONE)
    assert "num_updated_rows" in analysis
    assert "rows_scanned=100" in analysis
    assert sorted(p.name for p in _data(both.ours).iterdir()) == files


def _data(ds):
    from pathlib import Path

    return Path(ds.uri) / "data"


def test_a_fragment_without_some_rows_can_be_committed(both):
    first, second = both.ours.get_fragments()[:2]
    updated = first.delete("id < 20")
    assert updated.num_deletions == 19
    assert second.delete("true") is None
    assert first.delete("id = 5000").num_deletions == 0
    operation = LanceOperation.Delete([updated], [second.fragment_id], "id < 20")
    lancea.LanceDataset.commit(both.ours, operation, read_version=1)
    assert lance.dataset(both.ours.uri).count_rows() == 100 - 19 - 30


def test_delta_tells_inserted_updated_and_deleted_rows(tmp_path):
    both = Both(tmp_path, people(), enable_stable_row_ids=True)
    for ds in (both.ours, both.theirs):
        ds.update({"name": "'changed'"}, "id IN (1, 2, 60)")
        ds.insert(source([200, 201]))
        ds.delete("id IN (4, 61, 200)")
        ds.update({"name": "'again'"}, "id = 60")
    for begin, end in [(1, 5), (1, 2), (2, 3), (3, 4), (4, 5), (0, 1), (2, 5)]:
        ours = both.ours.delta(begin_version=begin, end_version=end)
        theirs = both.theirs.delta(begin_version=begin, end_version=end)
        for name in ("get_inserted_rows", "get_updated_rows", "get_deleted_row_ids"):
            read = getattr(ours, name)().read_all()
            expected = getattr(theirs, name)().read_all()
            assert set(read.column_names) == set(expected.column_names)
            assert sorted(map(str, read.select(expected.column_names).to_pylist())) == sorted(
                map(str, expected.to_pylist())
            ), (begin, end, name)
        assert [type(t.operation).__name__ for t in ours.list_transactions()] == [
            type(t.operation).__name__ for t in theirs.list_transactions()
        ]
    with pytest.raises(ValueError):
        both.ours.delta()
    with pytest.raises(ValueError):
        both.ours.delta(begin_version=1)
    with pytest.raises(ValueError):
        both.ours.delta(1, begin_version=1, end_version=2)


def test_changes_of_other_rows_are_rebased_and_of_the_same_made_again(tmp_path):
    path = tmp_path / "t.lance"
    lancea.write_dataset(pa.table({"id": range(100), "v": [0] * 100}), path)
    first, second, third = (lancea.dataset(path) for _ in range(3))
    first.delete(pc.field("id") < 10)
    assert second.delete(pc.field("id") < 20) == {"num_deleted_rows": 10}
    stats = third.merge_insert("id").when_matched_update_all().execute(
        pa.table({"id": [5, 15, 25], "v": [1, 1, 1]})
    )  # fmt: skip
    assert stats["num_attempts"] == 2
    assert stats["num_updated_rows"] == 1
    table = lance.dataset(str(path)).to_table().sort_by("id")
    assert table["id"].to_pylist() == list(range(20, 100))
    assert sum(table["v"].to_pylist()) == 1
    # Rows nobody else touched: no second attempt.
    stale = lancea.dataset(path, version=3)
    stats = stale.merge_insert("id").when_matched_update_all().execute(
        pa.table({"id": [77], "v": [5]})
    )  # fmt: skip
    assert stats["num_attempts"] == 1


def test_without_retries_the_conflict_comes_out(tmp_path):
    path = tmp_path / "t.lance"
    lancea.write_dataset(pa.table({"id": range(10)}), path)
    stale = lancea.dataset(path)
    lancea.dataset(path).delete(pc.field("id") < 5)
    with pytest.raises(lancea.CommitConflictError):
        stale.delete(pc.field("id") < 3, conflict_retries=0)
    with pytest.raises(lancea.CommitConflictError):
        stale.delete(pc.field("id") < 3, retry_timeout=timedelta(0))
    assert stale.delete(pc.field("id") < 3) == {"num_deleted_rows": 0}


def test_two_inserts_of_one_primary_key_do_not_both_succeed(tmp_path):
    path = tmp_path / "t.lance"
    key = {"lance-schema:unenforced-primary-key": "true"}
    schema = pa.schema([pa.field("id", pa.int64(), False, key), pa.field("v", pa.int64())])
    lancea.write_dataset(pa.table({"id": [1], "v": [1]}, schema=schema), path)
    first, second = lancea.dataset(path), lancea.dataset(path)
    for v, ds in enumerate((first, second)):
        builder = ds.merge_insert().when_matched_update_all().when_not_matched_insert_all()
        builder.execute(pa.table({"id": [2, 3 + v], "v": [v, v]}, schema=schema))
    rows = lance.dataset(str(path)).to_table().sort_by("id").to_pylist()
    assert rows == [{"id": 1, "v": 1}, {"id": 2, "v": 1}, {"id": 3, "v": 0}, {"id": 4, "v": 1}]


def test_pylance_sees_the_keys_we_inserted(tmp_path):
    path = str(tmp_path / "t.lance")
    key = {"lance-schema:unenforced-primary-key": "true"}
    schema = pa.schema([pa.field("id", pa.string(), False, key), pa.field("v", pa.int64())])
    lance.write_dataset(pa.table({"id": ["a"], "v": [1]}, schema=schema), path)
    theirs = lance.dataset(path)
    ours = lancea.dataset(path)
    rows = pa.table({"id": ["b"], "v": [2]}, schema=schema)
    ours.merge_insert().when_not_matched_insert_all().execute(rows)
    theirs.merge_insert().when_not_matched_insert_all().execute(rows)
    assert lance.dataset(path).to_table()["id"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda ds: ds.update("name"), TypeError, "must be a dict"),
        (lambda ds: ds.update({1: "id"}), TypeError, "name of a column"),
        (lambda ds: ds.merge_insert("id").when_matched_update_all(3), TypeError, "must be SQL"),
        (
            lambda ds: ds.merge_insert("id").when_not_matched_by_source_delete(3),
            TypeError,
            "must be SQL",
        ),
        (lambda ds: ds.merge_insert("id").use_index("no"), TypeError, "must be a bool"),
        (lambda ds: ds.update({"home.zip": "1"}), OSError, "'home.zip' is part of 'home'"),
        (lambda ds: ds.update({"score": "id / 0"}), OSError, "column 'score': divide by zero"),
        (lambda ds: ds.delete("id / 0 = 1"), OSError, "divide by zero"),
    ],
    ids=[
        "no dict", "no name", "update condition", "delete condition", "use index", "nested",
        "division by zero", "division by zero in a delete",
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(both, call, kind, message):
    with pytest.raises(kind, match=message):
        call(both.ours)
    assert both.ours.version == 1


def test_a_key_given_twice_counts_once(both):
    merge = lambda ds: ds.merge_insert(["id", "id"]).when_matched_update_all()  # noqa: E731
    both.do(lambda ds: merge(ds).execute(people(5)))


def test_views_of_text_are_merged_as_text(both):
    rows = people(4)
    rows = rows.set_column(1, "name", rows["name"].cast(pa.string_view()))
    for keys in ("id", "name"):
        both.do(lambda ds, on=keys: ds.merge_insert(on).when_not_matched_insert_all().execute(rows))
    both.do(lambda ds: ds.merge_insert("id").when_matched_update_all().execute(rows))


def test_values_are_swapped(tmp_path):
    # pylance assigns one column after the other, in any order.
    ds = lancea.write_dataset(pa.table({"a": [1, 2], "b": [3, 4]}), tmp_path / "t")
    ds.update({"a": "b", "b": "a"})
    assert lance.dataset(ds.uri).to_table().to_pydict() == {"a": [3, 4], "b": [1, 2]}


def test_a_table_is_emptied_again_when_another_writer_was_first(tmp_path):
    ds = lancea.write_dataset(people(50), tmp_path / "t", max_rows_per_file=20)
    stale = lancea.dataset(ds.uri)
    ds.delete("id = 1")
    ds.insert(people(3))
    stale.truncate_table()
    assert stale.version == 4
    # The appended rows are of no fragment that the delete knew, but it was made again.
    expected = lance.dataset(ds.uri).count_rows()
    assert stale.count_rows() == expected == 0
