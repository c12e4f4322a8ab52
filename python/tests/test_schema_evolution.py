"""Columns added, merged, altered, dropped: pylance does the same to a copy, and both read both."""

from __future__ import annotations

import shutil
import sqlite3

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import lancea
from lancea import LanceOperation

ROWS = 60


def rows(n: int = ROWS) -> pa.Table:
    return pa.table(
        {
            "a": pa.array(range(n), pa.int32()),
            "text": pa.array([None if i % 7 == 3 else f"row {i}" for i in range(n)]),
            "s": pa.array([{"x": i, "y": f"y{i}"} for i in range(n)]),
            "v": pa.array([[i / 2, -i] for i in range(n)], pa.list_(pa.float32(), 2)),
            "l": pa.array([list(range(i % 4)) for i in range(n)], pa.list_(pa.int64())),
            "need": pa.array([f"n{i}" for i in range(n)]),
        },
        schema=pa.schema(
            [
                pa.field("a", pa.int32()),
                pa.field("text", pa.utf8()),
                pa.field("s", pa.struct([("x", pa.int64()), ("y", pa.utf8())])),
                pa.field("v", pa.list_(pa.float32(), 2)),
                pa.field("l", pa.list_(pa.int64())),
                pa.field("need", pa.utf8(), nullable=False),
            ]
        ),
    )


class Pair:
    """The same table twice: pylance changes one, we the other."""

    def __init__(self, folder, data: pa.Table, deleted: str | None = None, **options):
        self.paths = [str(folder / "theirs.lance"), str(folder / "ours.lance")]
        ds = lance.write_dataset(data, self.paths[0], max_rows_per_file=25, **options)
        if deleted is not None:
            ds.delete(deleted)
        shutil.copytree(*self.paths)

    def open(self):
        return lance.dataset(self.paths[0]), lancea.dataset(self.paths[1])

    def both(self, change) -> None:
        for ds in self.open():
            change(ds)
        self.check()

    def fail(self, change, message: str, ours: str | None = None) -> None:
        before = [ds.version for ds in self.open()]
        for ds, expected in zip(self.open(), (message, ours or message), strict=True):
            with pytest.raises(Exception, match=expected):
                change(ds)
        assert [ds.version for ds in self.open()] == before

    def check(self) -> None:
        theirs, ours = self.open()
        by_them = lance.dataset(self.paths[1])
        by_them.validate()
        assert ours.verify() == [] if hasattr(ours, "verify") else True
        assert ours.version == theirs.version
        assert ours.schema.equals(theirs.schema), (ours.schema, theirs.schema)
        assert describe(ours) == describe(theirs)
        expected = theirs.to_table(with_row_id=True)
        assert ours.to_table(with_row_id=True).to_pylist() == expected.to_pylist()
        assert by_them.to_table(with_row_id=True).to_pylist() == expected.to_pylist()
        read = lancea.dataset(self.paths[0]).to_table(with_row_id=True)
        assert read.to_pylist() == expected.to_pylist()


def describe(ds) -> list:
    """Ids of all fields, and what the files of each fragment hold."""

    def ids(field):
        return (field.name(), field.id(), [ids(child) for child in field.children()])

    files = [
        (f.metadata.physical_rows, [(d.fields, d.column_indices) for d in f.metadata.files])
        for f in ds.get_fragments()
    ]
    return [[ids(field) for field in ds.lance_schema.fields()], files]


@pytest.fixture(params=["2.0", "2.1", "2.2"])
def version(request) -> str:
    return request.param


@pytest.fixture
def pair(tmp_path, version) -> Pair:
    return Pair(tmp_path, rows(), "a % 9 = 4 or a < 2 or a = 59", data_storage_version=version)


# Rows given in their order.


def test_columns_come_from_a_reader_of_any_batches(pair):
    count = lance.dataset(pair.paths[0]).count_rows()
    new = pa.table({"c": range(count), "d": [f"d{i}" for i in range(count)]})
    for size in (7, 1000):
        names = [f"{name}{size}" for name in new.column_names]
        named = new.rename_columns(names)

        def add(ds, named=named, size=size):
            ds.add_columns(iter(named.to_batches(size)), reader_schema=named.schema)

        pair.both(add)


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (30, "Stream ended before producing values for all rows in dataset"),
        (61, "Stream produced more values than expected for dataset"),
    ],
)
def test_streams_of_another_length_are_refused(pair, count, message):
    before = len(list_files(pair.paths[1]))
    pair.fail(lambda ds: ds.add_columns(pa.table({"c": range(count)})), message)
    assert len(list_files(pair.paths[1])) == before


def list_files(path: str) -> list[str]:
    import os

    return sorted(os.listdir(f"{path}/data"))


def test_required_columns_fill_deleted_rows_too(pair):
    count = lance.dataset(pair.paths[0]).count_rows()
    schema = pa.schema(
        [
            pa.field("c", pa.int64(), nullable=False),
            pa.field("t", pa.utf8(), nullable=False),
            pa.field("st", pa.struct([pa.field("x", pa.int8(), nullable=False)])),
            pa.field("ls", pa.list_(pa.int8())),
        ]
    )
    new = pa.table(
        {
            "c": range(count),
            "t": [str(i) for i in range(count)],
            "st": [{"x": 1}] * count,
            "ls": [[1]] * count,
        },
        schema=schema,
    )
    pair.both(lambda ds: ds.add_columns(new))


def test_long_runs_of_deleted_rows_are_filled(tmp_path):
    data = pa.table({"a": range(60_000)})
    path = str(tmp_path / "t.lance")
    lance.write_dataset(data, path).delete("a < 20000 or (a > 20010 and a < 59000) or a > 59990")
    ds = lancea.dataset(path)
    live = ds.to_table()
    ds.add_columns(pa.table({"b": live["a"], "c": pc.cast(live["a"], pa.utf8())}))
    assert ds.to_table()["b"].to_pylist() == live["a"].to_pylist()
    theirs = lance.dataset(path)
    theirs.validate()
    assert theirs.to_table()["c"].to_pylist() == [str(i) for i in live["a"].to_pylist()]


@pytest.mark.parametrize(
    "values",
    [
        lambda n: pa.array([f"s{i % 3}" for i in range(n)]).cast(pa.string_view()),
        lambda n: pa.array([f"s{i % 3}" for i in range(n)]).dictionary_encode(),
        lambda n: pa.array([f'{{"x":{i}}}' for i in range(n)], pa.json_()),
        lambda n: pa.array([[(f"k{i}", i)] for i in range(n)], pa.map_(pa.utf8(), pa.int64())),
        lambda n: pa.nulls(n),
        lambda n: pa.array([i % 2 == 0 for i in range(n)]),
    ],
    ids=["view", "dictionary", "json", "map", "null", "bool"],
)
def test_columns_of_every_kind_of_type_are_added(tmp_path, values):
    pair = Pair(tmp_path, pa.table({"a": range(ROWS)}), "a % 9 = 4", data_storage_version="2.2")
    new = values(lance.dataset(pair.paths[0]).count_rows())
    ours = lancea.dataset(pair.paths[1])
    ours.add_columns(pa.table({"c": new}))
    theirs = lance.dataset(pair.paths[1])
    theirs.validate()
    assert ours.to_table()["c"].to_pylist() == new.to_pylist()
    assert theirs.to_table()["c"].to_pylist() == new.to_pylist()


def test_json_columns_of_fragments_are_updated(tmp_path):
    values = pa.array([f'{{"x":{i}}}' for i in range(9)], pa.json_())
    ds = lancea.write_dataset(pa.table({"a": range(9), "j": values}), tmp_path / "t.lance")
    right = pa.table({"a": [3, 4], "j": pa.array(['{"y":1}', None], pa.json_())})
    updated, fields = ds.get_fragment(0).update_columns(right, "a")
    operation = LanceOperation.Update(updated_fragments=[updated], fields_modified=fields)
    done = lancea.LanceDataset.commit(ds.uri, operation, read_version=1)
    expected = ['{"x":2}', '{"y":1}', None, '{"x":5}']
    assert done.to_table()["j"].to_pylist()[2:6] == expected
    assert lance.dataset(str(ds.uri)).to_table()["j"].to_pylist()[2:6] == expected


def test_clones_and_branches_get_columns_of_their_own(pair, tmp_path):
    ds = lancea.dataset(pair.paths[1])
    new = pa.table({"q": range(ds.count_rows())})
    clone = ds.shallow_clone(tmp_path / "clone.lance")
    clone.add_columns(new)
    clone.alter_columns({"path": "a", "data_type": pa.int64()})
    read = lance.dataset(str(tmp_path / "clone.lance")).to_table()
    assert read.to_pylist() == clone.to_table().to_pylist()
    branch = ds.create_branch("more")
    branch.add_columns(new)
    assert "q" in branch.schema.names
    assert "q" not in lancea.dataset(pair.paths[1]).schema.names


# Nothing but nulls.


def test_all_null_columns_write_no_file(pair):
    before = list_files(pair.paths[1])
    fields = [pa.field("f", pa.float32()), pa.field("t", pa.list_(pa.utf8()))]
    pair.both(lambda ds: ds.add_columns(fields[0]))
    pair.both(lambda ds: ds.add_columns(pa.schema([fields[1]])))
    pair.both(lambda ds: ds.add_columns([pa.field("g", pa.struct([("x", pa.int8())]))]))
    assert list_files(pair.paths[1]) == before


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (pa.field("a", pa.int32()), "Column a already exists in the dataset"),
        (pa.field("a", pa.utf8()), r"Type conflicts between a\(Int32\) and a\(Utf8\)"),
        (pa.field("q", pa.utf8(), nullable=False), "All-null columns must be nullable"),
        (pa.field("q.r", pa.utf8()), "cannot contain|cannot hold"),
    ],
)
def test_names_that_are_taken_are_refused(pair, field, message):
    pair.fail(lambda ds: ds.add_columns(field), message)


# Functions.


def test_functions_get_the_rows_that_are_not_deleted(pair):
    def double(batch):
        assert batch.schema.names == ["a"]
        assert batch.num_rows <= 10
        return pa.record_batch([pc.multiply(batch["a"], 2)], ["double"])

    pair.both(lambda ds: ds.add_columns(double, read_columns=["a"], batch_size=10))


def test_functions_may_read_addresses_and_return_frames(pair):
    def address(batch):
        frame = batch.to_pandas()
        return frame[["_rowaddr"]].rename(columns={"_rowaddr": "where"})

    ours = lancea.dataset(pair.paths[1])
    ours.add_columns(lancea.batch_udf()(address), read_columns=["_rowid", "_rowaddr"])
    table = ours.to_table(with_row_address=True)
    assert table["where"].to_pylist() == table["_rowaddr"].to_pylist()
    lance.dataset(pair.paths[1]).validate()


class Boom(Exception):
    pass


def test_what_a_function_raises_comes_out(pair):
    ds = lancea.dataset(pair.paths[1])
    before = list_files(pair.paths[1])

    @lancea.batch_udf(pa.schema([pa.field("c", pa.int64())]))
    def fail(batch):
        if batch["a"][0].as_py() > 20:
            raise Boom("boom")
        return pa.record_batch([batch["a"].cast(pa.int64())], ["c"])

    with pytest.raises(Boom, match="boom"):
        ds.add_columns(fail, read_columns=["a"])
    assert lancea.dataset(pair.paths[1]).version == 2
    assert list_files(pair.paths[1]) == before


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda b: pa.record_batch([pa.array([1])], ["c"]), "was given .* rows and returned 1"),
        (lambda b: pa.record_batch([b["a"]], ["d"]), "does not match the expected schema"),
        (lambda b: 7, "returns a RecordBatch"),
    ],
)
def test_wrong_results_of_functions_are_refused(pair, result, message):
    udf = lancea.batch_udf(pa.schema([pa.field("c", pa.int64())]))(result)
    with pytest.raises((ValueError, TypeError), match=message):
        lancea.dataset(pair.paths[1]).add_columns(udf, read_columns=["a"])


def test_a_checkpoint_resumes_after_a_failure(pair, tmp_path):
    ds = lancea.dataset(pair.paths[1])
    file = tmp_path / "checkpoint.sqlite"
    seen = []

    def make(limit):
        @lancea.batch_udf(checkpoint_file=file)
        def double(batch):
            first = batch["a"][0].as_py()
            if first > limit:
                raise Boom
            seen.append(first)
            return pa.record_batch([pc.multiply(batch["a"], 2)], ["double"])

        return double

    with pytest.raises(Boom):
        ds.add_columns(make(40), read_columns=["a"], batch_size=6)
    assert [row[0] for row in sqlite3.connect(file).execute("SELECT fragment_id FROM fragments")]
    done = seen[1:]
    seen.clear()
    ds.add_columns(make(1000), read_columns=["a"], batch_size=6)
    assert not file.exists()
    assert not set(seen[1:]) & set(done)
    expected = [2 * a for a in ds.to_table()["a"].to_pylist()]
    assert lance.dataset(pair.paths[1]).to_table()["double"].to_pylist() == expected


def test_a_checkpoint_of_another_state_is_not_used(tmp_path):
    path, file = str(tmp_path / "t.lance"), tmp_path / "checkpoint.sqlite"
    ds = lancea.write_dataset(pa.table({"a": range(40)}), path, max_rows_per_file=20)

    def make(limit):
        @lancea.batch_udf(pa.schema([pa.field("b", pa.int64())]), file)
        def copy(batch):
            if batch["a"][0].as_py() > limit:
                raise Boom
            return pa.record_batch([batch["a"]], ["b"])

        return copy

    with pytest.raises(Boom):
        ds.add_columns(make(0), read_columns=["a"])
    ds.add_columns(pa.table({"z": range(40)}))
    ds.add_columns(make(100), read_columns=["a"])
    assert ds.to_table()["b"].to_pylist() == list(range(40))
    assert ds.to_table()["z"].to_pylist() == list(range(40))


# SQL.


def test_sql_expressions_make_columns(pair):
    pair.both(lambda ds: ds.add_columns({"b": "a + 1", "c": "a * 2 + 1"}))
    pair.both(lambda ds: ds.add_columns({"n": "s.x - 1"}))
    pair.both(lambda ds: ds.add_columns({"is": "text IS NULL"}))
    pair.both(lambda ds: ds.add_columns({"one": "1", "copy": "need"}))
    pair.both(lambda ds: ds.add_columns({"t": "CAST(a AS STRING)"}))


def test_sql_nulls_write_no_file(pair):
    before = list_files(pair.paths[1])
    pair.both(lambda ds: ds.add_columns({"b": "CAST(NULL AS INT)", "c": "CAST(NULL AS STRING)"}))
    assert list_files(pair.paths[1]) == before


def test_sql_that_cannot_be_is_refused(pair):
    for sql in ("nothere + 1", "a +", "text + s"):
        with pytest.raises(ValueError):
            lancea.dataset(pair.paths[1]).add_columns({"b": sql})
    pair.fail(lambda ds: ds.add_columns({"a": "a + 1"}), "Column a already exists")


# Joins.


def test_merge_joins_by_key(pair):
    right = pa.table(
        {
            "a": pa.array([5, 3, 3, 77, None, 58], pa.int32()),
            "m": [1, 2, 3, 4, 5, 6],
            "t": ["one", "two", "three", None, "five", "six"],
            "st": [{"x": i} for i in range(6)],
        }
    )
    if lance.dataset(pair.paths[0]).data_storage_version == "2.0":
        right = right.drop_columns(["st"])
    pair.both(lambda ds: ds.merge(right, "a"))
    text = pa.table({"key": ["row 5", "row 9", None], "n": [1.5, 2.5, 3.5]})
    pair.both(lambda ds: ds.merge(text, "text", "key"))


def test_merge_joins_on_row_ids_and_batches(pair):
    right = pa.table({"_rowid": pa.array([3, (1 << 32) + 2], pa.uint64()), "m": ["x", "y"]})
    pair.both(lambda ds: ds.merge(iter(right.to_batches(1)), "_rowid", schema=right.schema))


@pytest.mark.parametrize(
    ("right", "on", "message"),
    [
        ({"a": pa.array([1], pa.int64()), "m": [1]}, "a", "Index column type mismatch"),
        ({"b": [1], "m": [1]}, "b", "Column b does not exist in the left side dataset"),
        ({"b": [1], "m": [1]}, "a", "Column a does not exist in the right side dataset"),
        ({"a": [1], "text": [1]}, "a", "Column text exists in both sides of the dataset"),
        ({"a": pa.array([], pa.int32()), "m": pa.array([], pa.int8())}, "a", "No data"),
    ],
)
def test_merges_that_cannot_be_are_refused(pair, right, on, message):
    pair.fail(lambda ds: ds.merge(pa.table(right), on), message)


# Drop and alter.


def test_dropped_columns_go_from_the_schema_alone(pair):
    before = list_files(pair.paths[1])
    pair.both(lambda ds: ds.drop_columns(["text"]))
    pair.both(lambda ds: ds.drop_columns(["s.x", "v"]))
    pair.both(lambda ds: ds.drop_columns(["s.y"]))
    assert list_files(pair.paths[1]) == before
    pair.fail(lambda ds: ds.drop_columns(["nope"]), "Column nope does not exist in the dataset")
    pair.fail(lambda ds: ds.drop_columns(["a", "l", "need"]), "Cannot drop all columns")


def test_ids_after_drops_are_those_of_pylance(pair):
    pair.both(lambda ds: ds.drop_columns(["need"]))
    pair.both(lambda ds: ds.add_columns(pa.field("new", pa.int8())))
    pair.both(lambda ds: ds.drop_columns(["new"]))
    pair.both(lambda ds: ds.add_columns(pa.table({"new": range(ds.count_rows())})))


def test_columns_are_renamed_and_loosened(pair):
    pair.both(
        lambda ds: ds.alter_columns(
            {"path": "a", "name": "b"},
            {"path": "need", "nullable": True},
            {"path": "s.x", "name": "z"},
        )
    )
    pair.both(lambda ds: ds.alter_columns({"path": "b", "nullable": False}))
    pair.fail(lambda ds: ds.alter_columns({"path": "text", "nullable": False}), "contains NULL")


@pytest.mark.parametrize(
    ("path", "data_type"),
    [
        ("a", pa.int64()),
        ("a", pa.int8()),
        ("a", pa.uint16()),
        ("text", pa.large_utf8()),
        ("need", pa.large_utf8()),
        ("v", pa.list_(pa.float16(), 2)),
        ("v", pa.list_(pa.float64(), 2)),
        ("l", pa.large_list(pa.int64())),
        ("l", pa.list_(pa.int8())),
        ("l.item", pa.int32()),
        ("text", pa.dictionary(pa.int16(), pa.utf8())),
    ],
)
def test_columns_are_cast(pair, path, data_type):
    pair.both(lambda ds: ds.alter_columns({"path": path, "data_type": data_type}))


def test_several_columns_are_cast_in_one_file(pair):
    pair.both(
        lambda ds: ds.alter_columns(
            {"path": "need", "data_type": pa.large_utf8(), "name": "needed"},
            {"path": "a", "data_type": pa.int16()},
        )
    )
    pair.both(lambda ds: ds.alter_columns({"path": "a", "data_type": pa.int64()}))


def test_fields_inside_structs_are_cast(tmp_path, version):
    # pylance cannot read what it makes of 2.0: it leaves the struct itself behind.
    pair = Pair(tmp_path, rows(), "a = 30", data_storage_version=version)
    change = {"path": "s.x", "data_type": pa.int16()}
    if version != "2.0":
        return pair.both(lambda ds: ds.alter_columns(change, {"path": "s.y", "name": "w"}))
    ours = lancea.dataset(pair.paths[1])
    before = ours.to_table().to_pylist()
    ours.alter_columns(change)
    assert ours.schema.field("s").type.field("x").type == pa.int16()
    assert ours.to_table().to_pylist() == before
    theirs = lance.dataset(pair.paths[1])
    theirs.validate()
    assert theirs.to_table().to_pylist() == before


def test_null_structs_stay_null_when_all_their_fields_are_cast(tmp_path):
    data = pa.table({"s": [{"x": 1}, None, {"x": None}, {"x": 4}]})
    pair = Pair(tmp_path, data, data_storage_version="2.1")
    pair.both(lambda ds: ds.alter_columns({"path": "s.x", "data_type": pa.int8()}))
    pair.both(lambda ds: ds.alter_columns({"path": "s.x", "data_type": pa.int16()}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "a", "data_type": pa.utf8()}, 'Cannot cast column "a" from Int32 to Utf8'),
        ({"path": "a", "data_type": pa.float32()}, 'Cannot cast column "a" from Int32 to Float32'),
        ({"path": "s", "data_type": pa.int8()}, 'Cannot cast column "s"'),
        ({"path": "q", "name": "z"}, 'Column "q" does not exist'),
        ({"path": "a", "type": "x"}, "Unknown key: type"),
        ({"path": "a"}, "At least one of name, nullable, or data_type must be specified"),
        ({"path": "a", "name": "text"}, "Duplicate field name"),
        ({"path": "a", "name": "x.y"}, "cannot contain"),
    ],
)
def test_alterations_that_cannot_be_are_refused(pair, change, message):
    pair.fail(lambda ds: ds.alter_columns(change), message)


def test_casts_that_lose_values_are_refused(tmp_path):
    data = pa.table({"x": [1, 2, 1024], "l": [[1], [70000], []]})
    pair = Pair(tmp_path, data)
    change = {"path": "x", "data_type": pa.int8()}
    pair.fail(lambda ds: ds.alter_columns(change), "Can't cast value 1024 to type Int8")
    change = {"path": "l", "data_type": pa.list_(pa.int16())}
    pair.fail(lambda ds: ds.alter_columns(change), "Can't cast value 70000 to type Int16")
    assert len(list_files(pair.paths[1])) == 1


# Fields added inside structs.


def test_fields_are_added_inside_structs(tmp_path):
    pair = Pair(tmp_path, rows(), "a = 30", data_storage_version="2.2")
    pair.both(lambda ds: ds.add_columns(pa.field("s", pa.struct([("n", pa.int32())]))))
    count = ROWS - 1
    new = pa.table({"s": [{"w": i} for i in range(count)]})
    pair.both(lambda ds: ds.add_columns(new))
    pair.fail(lambda ds: ds.add_columns(new), "Column w already exists")


def test_fields_are_not_added_inside_structs_of_older_versions(tmp_path):
    pair = Pair(tmp_path, rows(), data_storage_version="2.1")
    field = pa.field("s", pa.struct([("n", pa.int32())]))
    pair.fail(lambda ds: ds.add_columns(field), "add sub column is not supported")


# Stable row ids.


def test_stable_row_ids_and_versions_are_kept(tmp_path):
    pair = Pair(tmp_path, rows(), "a % 9 = 4", enable_stable_row_ids=True)
    columns = ["_rowid", "a", "_row_created_at_version", "_row_last_updated_at_version"]

    def lineage(ds):
        return ds.to_table(columns=columns).to_pylist()

    pair.both(lambda ds: ds.add_columns(pa.table({"c": range(ds.count_rows())})))
    pair.both(lambda ds: ds.alter_columns({"path": "a", "data_type": pa.int64()}))
    pair.both(lambda ds: ds.drop_columns(["c"]))
    theirs, ours = pair.open()
    assert lineage(ours) == lineage(theirs)


# Fragments.


def commit_both(pair: Pair, make) -> None:
    for ds, library in zip(pair.open(), (lance, lancea), strict=True):
        operation = make(ds, library.LanceOperation)
        library.LanceDataset.commit(ds.uri, operation, read_version=ds.version)
    pair.check()


def test_fragments_are_merged_and_committed(pair):
    def merge(ds, operations):
        results = []
        for fragment in ds.get_fragments():
            table = fragment.to_table(columns=["a"], with_row_id=True)
            new = pa.table({"_rowid": table["_rowid"], "b": pc.add(table["a"], 1)})
            results.append(fragment.merge(new, "_rowid"))
        return operations.Merge([fragment for fragment, _ in results], results[-1][1])

    commit_both(pair, merge)


@pytest.mark.parametrize("kind", ["function", "reader"])
def test_columns_of_fragments_are_merged_and_committed(pair, kind):
    def plus_one(batch):
        return pa.record_batch([pc.add(batch["a"], 1)], ["b"])

    def merge(ds, operations):
        results = []
        for fragment in ds.get_fragments():
            if kind == "function":
                results.append(fragment.merge_columns(plus_one, columns=["a"], batch_size=5))
            else:
                table = pa.table({"b": fragment.to_table(columns=["a"])["a"]})
                results.append(fragment.merge_columns(table))
        return operations.Merge([fragment for fragment, _ in results], results[-1][1])

    commit_both(pair, merge)


def test_schemas_of_merged_fragments_are_those_of_pylance(pair):
    theirs, ours = (
        ds.get_fragment(0).merge(pa.table({"a": pa.array([1], pa.int32()), "m": [1]}), "a")
        for ds in pair.open()
    )
    assert ours[1].to_pyarrow() == theirs[1].to_pyarrow()
    assert ours[0].files[-1].fields == theirs[0].files[-1].fields
    assert ours[0].physical_rows == theirs[0].physical_rows


@pytest.mark.parametrize("stable", [False, True])
def test_columns_of_fragments_are_updated(tmp_path, version, stable):
    pair = Pair(
        tmp_path, rows(), "a % 9 = 4",
        data_storage_version=version, enable_stable_row_ids=stable,
    )  # fmt: skip
    offsets = []

    def update(on, right):
        def make(ds, operations):
            fragment = ds.get_fragment(1)
            updated, fields, matched = fragment.update_columns(right, on, with_offsets=True)
            offsets.append(matched)
            return operations.Update(
                updated_fragments=[updated], fields_modified=fields,
                update_mode="rewrite_columns", updated_fragment_offsets={1: matched},
            )  # fmt: skip

        return make

    address = pa.array([(1 << 32) + 2, (1 << 32) + 5, 3], pa.uint64())
    right = pa.table({"_rowaddr": address, "text": ["new", None, "no"], "need": ["q"] * 3})
    commit_both(pair, update("_rowaddr", right))
    right = pa.table(
        {
            "a": pa.array([26, 33, 999], pa.int32()),
            "v": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.float32(), 2)),
            "l": [[9], [], None],
        }
    )
    commit_both(pair, update("a", right))
    assert offsets[0] == offsets[1]
    assert offsets[2] == offsets[3]


@pytest.mark.parametrize(
    ("right", "on", "message"),
    [
        ({"_rowid": pa.array([1], pa.uint64()), "zz": [1]}, "_rowid", "does not exist"),
        ({"_rowid": pa.array([1], pa.uint64()), "_rowaddr": [1]}, "_rowid", "metadata column"),
        (
            {"_rowid": pa.array([1], pa.uint64()), "a": ["x"]},
            "_rowid",
            "different types|incompatible fields",
        ),
        ({"b": [1], "text": ["x"]}, "a", "Column a does not exist in the right side fragment"),
        ({"b": [1], "text": ["x"]}, "b", "Column b does not exist in the left side fragment"),
    ],
)
def test_updates_of_fragments_that_cannot_be_are_refused(pair, right, on, message):
    pair.fail(lambda ds: ds.get_fragment(0).update_columns(pa.table(right), on), message)


def test_a_written_column_replaces_that_of_a_fragment(tmp_path):
    ds = lancea.write_dataset(rows(), tmp_path / "t.lance", max_rows_per_file=30)
    ds.add_columns(pa.field("b", pa.int64()))
    fragment, _ = ds.get_fragment(1).merge_columns(pa.table({"c": range(30)}))
    new = fragment.files[-1]
    # The new file, as that of column b.
    new.fields = [ds.lance_schema.field("b").id()]
    operation = LanceOperation.DataReplacement([LanceOperation.DataReplacementGroup(1, new)])
    done = lancea.LanceDataset.commit(ds.uri, operation, read_version=ds.version)
    expected = [None] * 30 + list(range(30))
    assert done.to_table()["b"].to_pylist() == expected
    assert lance.dataset(str(ds.uri)).to_table()["b"].to_pylist() == expected


def test_columns_that_another_writer_changed_first_are_not_merged(tmp_path):
    ds = lancea.write_dataset(rows(), tmp_path / "t.lance")
    other = lancea.dataset(ds.uri)
    other.add_columns(pa.field("b", pa.int64()))
    before = list_files(ds.uri)
    with pytest.raises(lancea.CommitConflictError):
        ds.add_columns(pa.table({"c": range(ROWS)}))
    assert list_files(ds.uri) == before


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda ds: ds.drop_columns("a"), TypeError, "must be a list"),
        (lambda ds: ds.alter_columns("a"), TypeError, "must be a dict"),
        (
            lambda ds: ds.alter_columns({"path": "a", "data_type": "int64"}),
            TypeError,
            "must be a pyarrow DataType",
        ),
        (lambda ds: ds.alter_columns({"path": "a", "name": ""}), OSError, "needs a name"),
        (lambda ds: ds.add_columns({"": "a"}), OSError, "needs a name"),
        (lambda ds: ds.add_columns({"new": "a / 0"}), OSError, "divide by zero"),
        (lambda ds: ds.update_config("a"), TypeError, "must be a dict"),
        (lambda ds: ds.delete_config_keys("a"), TypeError, "must be a list"),
        (lambda ds: ds.update_field_metadata({1: {"a": "b"}}), TypeError, "dotted names"),
    ],
    ids=[
        "drop text", "alter text", "type by name", "rename to nothing", "add nothing",
        "division by zero", "config text", "config keys text", "field by id",
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(tmp_path, change, kind, message):
    ds = lancea.write_dataset(pa.table({"a": [1, 2], "b": [3, 4]}), tmp_path / "t")
    with pytest.raises(kind, match=message):
        change(ds)
    assert lancea.dataset(ds.uri).version == 1
