"""Tables created, appended to and overwritten: what pylance makes of them, and what is refused."""

from __future__ import annotations

import contextlib
import threading

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from lance.fragment import LanceFragment as TheirFragment

import lancea
from lancea.commit import CommitConflictError
from lancea.progress import FileSystemFragmentWriteProgress, FragmentWriteProgress

TABLE = pa.table({"a": range(10), "b": [f"row {i}" for i in range(10)]})


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "t.lance")


def theirs(path) -> lance.LanceDataset:
    """The table as pylance opens it, when it finds nothing wrong."""
    ds = lance.dataset(str(path))
    ds.validate()
    return ds


def test_a_table_is_created_appended_to_and_overwritten(path):
    ds = lancea.write_dataset(TABLE, path)
    assert (ds.version, ds.uri, ds.count_rows()) == (1, path, 10)
    ds = lancea.write_dataset(TABLE, path, mode="append")
    assert ds.version == 2
    assert theirs(path).to_table() == ds.to_table() == pa.concat_tables([TABLE, TABLE])
    other = pa.table({"c": [1.5]})
    ds = lancea.write_dataset(other, path, mode="overwrite")
    assert ds.version == 3
    assert theirs(path).to_table() == ds.to_table() == other
    assert lancea.dataset(path, version=1).to_table() == TABLE
    assert [v["version"] for v in theirs(path).versions()] == [1, 2, 3]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_every_mode_creates_a_table_where_there_is_none(path, mode):
    assert lancea.write_dataset(TABLE, path, mode=mode).version == 1
    assert theirs(path).to_table() == TABLE


def test_each_appends_to_tables_of_the_other(path):
    lance.write_dataset(TABLE, path)
    lancea.write_dataset(TABLE, path, mode="append")
    lance.write_dataset(TABLE, path, mode="append")
    ds = lancea.write_dataset(TABLE, path, mode="append")
    assert ds.version == 4
    assert theirs(path).to_table() == ds.to_table() == pa.concat_tables([TABLE] * 4)
    theirs(path).delete("a > 5")
    lancea.write_dataset(TABLE.slice(0, 1), path, mode="append")
    assert theirs(path).count_rows() == lancea.dataset(path).count_rows() == 25


def test_insert_moves_the_object_along(path):
    ds = lancea.write_dataset(TABLE, path)
    ds.insert(TABLE)
    assert (ds.version, len(ds)) == (2, 20)
    ds.insert(TABLE, mode="overwrite")
    assert (ds.version, len(ds)) == (3, 10)


def test_an_open_table_may_be_the_destination(path):
    ds = lancea.write_dataset(TABLE, path)
    assert lancea.write_dataset(TABLE, ds, mode="append").version == 2
    # It is still at version 1: others came first, and the append goes on top of theirs.
    assert lancea.write_dataset(TABLE, ds, mode="append").version == 3
    assert ds.version == 1


@pytest.mark.parametrize("name", ["with space", "ünïcödé ✓", "100%", "%41", "a#b?c"])
def test_names_may_be_of_any_characters(tmp_path, name):
    table = pa.table({name: [1]})
    lancea.write_dataset(table, tmp_path / name)
    lancea.write_dataset(table, tmp_path / name, mode="append")
    assert lancea.dataset(tmp_path / name).count_rows() == 2
    assert theirs(tmp_path / name).to_table().column(name).to_pylist() == [1, 1]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "stable"])
def test_the_storage_version_is_chosen_and_kept(path, version):
    ds = lancea.write_dataset(TABLE, path, data_storage_version=version)
    kept = "2.2" if version == "stable" else version
    assert ds.data_storage_version == theirs(path).data_storage_version == kept
    assert lancea.write_dataset(TABLE, path, mode="append").data_storage_version == kept
    assert theirs(path).to_table() == pa.concat_tables([TABLE, TABLE])


def test_files_end_when_they_are_full(path):
    ds = lancea.write_dataset(TABLE, path, max_rows_per_file=4)
    assert [f.count_rows() for f in ds.get_fragments()] == [4, 4, 2]
    assert [f.count_rows() for f in theirs(path).get_fragments()] == [4, 4, 2]
    assert theirs(path).to_table() == TABLE


def test_rows_may_have_another_order_of_columns_and_lack_nullable_ones(path):
    lancea.write_dataset(TABLE, path)
    lancea.write_dataset(TABLE.select(["b", "a"]), path, mode="append")
    lancea.write_dataset(TABLE.select(["b"]), path, mode="append")
    read = lancea.dataset(path).to_table()
    assert read == theirs(path).to_table()
    assert read.slice(10, 10) == TABLE
    assert read.column("a").null_count == 10


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (TABLE.append_column("c", TABLE["a"]), "unexpected=.*c"),
        (pa.table({"a": ["x"], "b": ["y"]}), "`a` should have type int64 but type was string"),
        (pa.table({"c": [1]}), "unexpected=.*c"),
    ],
)
def test_rows_that_do_not_fit_are_refused(path, rows, message):
    lancea.write_dataset(TABLE, path)
    for kind in (OSError, ValueError):
        with pytest.raises(kind, match=message):
            lancea.write_dataset(rows, path, mode="append")
    with pytest.raises(OSError, match=message):
        lance.write_dataset(rows, path, mode="append")
    assert lancea.dataset(path).version == 1


def test_nulls_in_a_required_column_are_refused(path):
    required = pa.schema([pa.field("a", pa.int64(), nullable=False)])
    lancea.write_dataset(pa.table({"a": [1]}).cast(required), path)
    nulls = pa.table({"a": pa.array([1, None], pa.int64())})
    with pytest.raises(OSError, match="null"):
        lancea.write_dataset(nulls, path, mode="append")
    lancea.write_dataset(pa.table({"a": [2]}), path, mode="append")
    assert theirs(path).to_table().column("a").to_pylist() == [1, 2]


def test_an_existing_table_is_not_created_again(path):
    lancea.write_dataset(TABLE, path)
    with pytest.raises(OSError, match="Dataset already exists"):
        lancea.write_dataset(TABLE, path)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"mode": "upsert"}, ValueError),
        ({"data_storage_version": "9.9"}, ValueError),
        ({"data_storage_version": "legacy"}, NotImplementedError),
        ({"max_rows_per_file": 0}, ValueError),
        ({"max_rows_per_file": -1}, ValueError),
        ({"max_bytes_per_file": 0}, ValueError),
        ({"max_rows_per_file": "many"}, TypeError),
        ({"encoding": "tiny"}, ValueError),
        ({"commit_lock": 3}, TypeError),
        ({"progress": 3}, TypeError),
        ({"transaction_properties": {"a": 1}}, TypeError),
        ({"storage_options": {"a": 1}}, TypeError),
        ({"namespace_client": object()}, ValueError),
        ({"no_such_argument": 1}, TypeError),
    ],
)
def test_arguments_that_cannot_be_are_refused(path, arguments, kind):
    with pytest.raises(kind):
        lancea.write_dataset(TABLE, path, **arguments)
    with pytest.raises(ValueError, match="table"):
        lancea.dataset(path)


def test_a_destination_is_a_path_or_a_table():
    with pytest.raises(TypeError, match="str, Path, or LanceDataset"):
        lancea.write_dataset(TABLE, 3)
    with pytest.raises(ValueError, match="uri"):
        lancea.write_dataset(TABLE)


def test_messages_and_properties_are_kept(path):
    lancea.write_dataset(TABLE, path, commit_message="first", transaction_properties={"by": "me"})
    expected = {"__lance_commit_message": "first", "by": "me"}
    assert lancea.dataset(path).read_transaction(1).transaction_properties == expected
    assert theirs(path).read_transaction(1).transaction_properties == expected


def test_stable_row_ids_are_those_of_pylance(tmp_path):
    both = []
    for library, name in ((lancea, "mine"), (lance, "theirs")):
        path = tmp_path / name
        for mode in ("create", "append"):
            library.write_dataset(TABLE, path, mode=mode, enable_stable_row_ids=True)
        assert lancea.dataset(path).has_stable_row_ids
        ds = lance.dataset(str(path))
        ds.delete("a = 3")
        columns = ["a", "_row_created_at_version", "_row_last_updated_at_version"]
        both.append(ds.to_table(columns=columns, with_row_id=True))
    assert both[0] == both[1]


def test_auto_cleanup_becomes_configuration(tmp_path):
    options = {"interval": 7, "older_than_seconds": 3600}
    mine = lancea.write_dataset(TABLE, tmp_path / "mine", auto_cleanup_options=options)
    lance.write_dataset(TABLE, tmp_path / "theirs", auto_cleanup_options=options)
    assert mine.config() == lance.dataset(str(tmp_path / "theirs")).config()


def test_bases_take_data_files(tmp_path):
    bases = [lancea.DatasetBasePath(str(tmp_path / n), name=n, is_dataset_root=True) for n in "xy"]
    lancea.write_dataset(
        TABLE, tmp_path / "t", initial_bases=bases, target_bases=["x", "y"], max_rows_per_file=5
    )
    assert [len(list((tmp_path / n).rglob("*.lance"))) for n in ("x", "y", "t")] == [1, 1, 0]
    assert theirs(tmp_path / "t").to_table() == TABLE
    with pytest.raises(OSError, match="not found"):
        lancea.write_dataset(TABLE, tmp_path / "t", mode="append", target_bases=["z"])
    with pytest.raises(OSError, match="Cannot register new bases in Append mode"):
        lancea.write_dataset(TABLE, tmp_path / "t", mode="append", initial_bases=bases)


def test_compact_tables_and_tables_without_checksums_are_read(tmp_path):
    text = pa.table({"t": [f"some text that repeats {i % 100}" for i in range(20_000)]})
    plain = lancea.write_dataset(text, tmp_path / "plain")
    small = lancea.write_dataset(text, tmp_path / "small", encoding="compact", checksums=False)
    assert theirs(tmp_path / "small").to_table() == small.to_table() == text

    def size(ds):
        return sum(f.files[0].file_size_bytes for f in (g.metadata for g in ds.get_fragments()))

    assert size(small) <= size(plain)


class Recorder(FragmentWriteProgress):
    def __init__(self):
        self.events = []

    def begin(self, fragment, **kwargs):
        self.events.append(("begin", len(fragment.files)))

    def complete(self, fragment, **kwargs):
        self.events.append((fragment.physical_rows, len(fragment.files)))


def test_progress_is_told_of_fragments(path, tmp_path):
    recorder = Recorder()
    lancea.write_dataset(TABLE, path, progress=recorder, max_rows_per_file=6)
    assert recorder.events == [("begin", 1), (6, 1), ("begin", 1), (4, 1)]
    notes = tmp_path / "notes"
    noted = FileSystemFragmentWriteProgress(notes.as_uri(), {"worker": "one"})
    lancea.write_dataset(TABLE, path, mode="append", progress=noted)
    assert [file.name for file in notes.iterdir()] == ["fragment_0.json"]


def test_progress_may_be_a_function(path):
    told = []
    batches = iter(TABLE.to_batches(max_chunksize=2))
    lancea.write_dataset(batches, path, schema=TABLE.schema, progress=told.append)
    assert told[-1].rows == 10
    assert told[-1].files == 1
    assert told[-1].bytes > 0
    assert [p.rows for p in told] == sorted(p.rows for p in told)


@pytest.mark.parametrize("hook", ["begin", "complete", "function"])
def test_an_exception_of_progress_ends_the_write(path, tmp_path, hook):
    class Trouble(Exception):
        pass

    def fail(*_, **__):
        raise Trouble

    progress = fail
    if hook != "function":
        progress = Recorder()
        setattr(progress, hook, fail)
    with pytest.raises(Trouble):
        lancea.write_dataset(TABLE, path, progress=progress)
    assert not list(tmp_path.rglob("*.lance/data/*"))
    with pytest.raises(ValueError, match="table"):
        lancea.dataset(path)


def test_a_commit_lock_is_held_while_a_version_is_published(path):
    held = []

    @contextlib.contextmanager
    def lock(version):
        held.append(("enter", version))
        yield
        held.append(("leave", version))

    lancea.write_dataset(TABLE, path, commit_lock=lock)
    lancea.write_dataset(TABLE, path, mode="append", commit_lock=lock)
    assert held == [("enter", 1), ("leave", 1), ("enter", 2), ("leave", 2)]
    assert theirs(path).count_rows() == 20


def test_an_exception_of_a_commit_lock_comes_through(path):
    @contextlib.contextmanager
    def broken(version):
        raise RuntimeError("hello world!")
        yield

    @contextlib.contextmanager
    def taken(version):
        raise CommitConflictError()
        yield

    with pytest.raises(RuntimeError, match="hello world!"):
        lancea.write_dataset(TABLE, path, commit_lock=broken)
    with pytest.raises(CommitConflictError, match="CommitConflictError"):
        lancea.write_dataset(TABLE, path, commit_lock=taken)
    with pytest.raises(TypeError, match="context manager"):
        lancea.write_dataset(TABLE, path, commit_lock=lambda version: None)
    with pytest.raises(ValueError, match="table"):
        lancea.dataset(path)


def test_threads_append_at_the_same_time(path):
    lancea.write_dataset(TABLE.slice(0, 0), path)

    def append(worker):
        for i in range(5):
            lancea.write_dataset(pa.table({"a": [worker * 5 + i], "b": ["x"]}), path, mode="append")

    threads = [threading.Thread(target=append, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ds = theirs(path)
    assert ds.version == 21
    assert sorted(ds.to_table().column("a").to_pylist()) == list(range(20))


def test_a_table_is_written_from_a_scan_of_itself(path):
    ds = lancea.write_dataset(TABLE, path)
    ds.insert(ds)
    ds.insert(ds.scanner(columns=["a", "b"], filter=pc.field("a") < 2))
    assert theirs(path).count_rows() == len(ds) == 24


def test_memory_tables_are_written_and_read():
    ds = lancea.write_dataset(TABLE, "memory://test_write_dataset/t")
    ds.insert(TABLE)
    assert lancea.dataset("memory://test_write_dataset/t").count_rows() == 20


def test_fragments_name_fields_as_pylance_does(tmp_path):
    nested = pa.table(
        {
            "s": [{"x": 1, "y": [{"z": 2}]}],
            "l": [[1, 2]],
            "v": pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)),
        }
    )
    for version in ("2.0", "2.1", "2.2"):
        mine, other = tmp_path / f"mine{version}", tmp_path / f"other{version}"
        ds = lancea.write_dataset(nested, mine, data_storage_version=version)
        expected = lance.write_dataset(nested, other, data_storage_version=version)
        file = ds.get_fragments()[0].metadata.files[0]
        their_file = expected.get_fragments()[0].metadata.files[0]
        for name in ("fields", "column_indices", "file_major_version", "file_minor_version"):
            assert getattr(file, name) == getattr(their_file, name), (version, name)
        assert isinstance(theirs(mine).get_fragments()[0], TheirFragment)
        assert theirs(mine).to_table() == nested


def test_a_table_and_a_stream_of_its_rows_make_the_same_data_file(tmp_path):
    rows = pa.table(
        {
            "id": range(5000),
            "items": [[{"x": i, "s": f"v{i % 7}"}] * (i % 4) for i in range(5000)],
        }
    )
    table = pa.Table.from_batches(rows.slice(100, 4800).to_batches(max_chunksize=700))
    reader = pa.RecordBatchReader.from_batches(table.schema, iter(table.to_batches()))
    files = []
    for name, data in (("table", table), ("stream", reader)):
        dataset = lancea.write_dataset(data, tmp_path / name)
        assert dataset.to_table() == table
        files += (tmp_path / name / "data").glob("*.lance")
    assert files[0].read_bytes() == files[1].read_bytes()
