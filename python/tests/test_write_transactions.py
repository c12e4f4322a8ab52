"""Fragments written in one place and committed in another; transactions as values."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta

import lance
import pyarrow as pa
import pytest
from lance.fragment import write_fragments as their_write_fragments

import lancea
from lancea import LanceOperation, Transaction
from lancea.commit import CommitConflictError
from lancea.fragment import LanceFragment, write_fragments

TABLE = pa.table({"a": range(10), "b": [f"row {i}" for i in range(10)]})
commit = lancea.LanceDataset.commit


@pytest.fixture
def ds(tmp_path) -> lancea.LanceDataset:
    return lancea.write_dataset(TABLE, tmp_path / "t.lance")


def theirs(ds) -> lance.LanceDataset:
    opened = lance.dataset(str(ds.uri))
    opened.validate()
    return opened


def test_fragments_are_appended(ds):
    fragments = write_fragments(TABLE, ds.uri, max_rows_per_file=4)
    assert [f.num_rows for f in fragments] == [4, 4, 2]
    assert lancea.dataset(ds.uri).version == 1
    done = commit(ds.uri, LanceOperation.Append(fragments), read_version=1, commit_message="m")
    assert (done.version, done.count_rows()) == (2, 20)
    assert theirs(ds).to_table() == pa.concat_tables([TABLE, TABLE])
    assert done.read_transaction(2).transaction_properties == {"__lance_commit_message": "m"}


def test_fragments_make_a_table(tmp_path):
    fragments = [LanceFragment.create(tmp_path / "new", TABLE, i) for i in range(2)]
    assert [f.id for f in fragments] == [0, 1]
    ds = commit(tmp_path / "new", LanceOperation.Overwrite(TABLE.schema, fragments))
    assert (ds.version, ds.data_storage_version) == (1, "2.2")
    assert theirs(ds).to_table() == pa.concat_tables([TABLE, TABLE])


def test_fragments_replace_the_contents(ds):
    other = pa.table({"c": [1.5, 2.5]})
    fragments = write_fragments(other, ds, mode="overwrite")
    done = commit(ds, LanceOperation.Overwrite(other.schema, fragments))
    assert done.version == 2
    assert theirs(ds).to_table() == other


def test_each_commits_the_fragments_of_the_other(ds):
    mine = [json.dumps(f.to_json()) for f in write_fragments(TABLE, ds.uri)]
    other = [json.dumps(f.to_json()) for f in their_write_fragments(TABLE, ds.uri)]
    append = lance.LanceOperation.Append([lance.FragmentMetadata.from_json(t) for t in mine])
    assert lance.LanceDataset.commit(ds.uri, append, read_version=1).count_rows() == 20
    append = LanceOperation.Append([lancea.FragmentMetadata.from_json(t) for t in other])
    assert commit(ds.uri, append, read_version=2).count_rows() == 30
    assert theirs(ds).to_table() == pa.concat_tables([TABLE] * 3)


def test_a_transaction_is_committed_as_it_is(ds):
    transaction = write_fragments(TABLE, ds, return_transaction=True)
    assert transaction.read_version == 1
    assert type(transaction.operation) is LanceOperation.Append
    done = commit(ds, pickle.loads(pickle.dumps(transaction)))
    assert done.read_transaction(2).uuid == theirs(ds).read_transaction(2).uuid == transaction.uuid
    overwrite = write_fragments(TABLE, ds, return_transaction=True, mode="overwrite")
    assert type(overwrite.operation) is LanceOperation.Overwrite
    assert commit(ds.uri, overwrite).count_rows() == 10
    with pytest.raises(ValueError, match="commit_message"):
        commit(ds, transaction, commit_message="m")


def test_several_appends_are_one_version(ds):
    transactions = [write_fragments(TABLE, ds, return_transaction=True) for _ in range(3)]
    result = lancea.LanceDataset.commit_batch(ds, transactions)
    assert (result["dataset"].version, result["dataset"].count_rows()) == (2, 40)
    assert len(result["merged"].operation.fragments) == 3
    assert theirs(ds).count_rows() == 40
    with pytest.raises(OSError, match="No transactions"):
        lancea.LanceDataset.commit_batch(ds, [])
    with pytest.raises(OSError, match="Only append"):
        lancea.LanceDataset.commit_batch(ds, [Transaction(1, LanceOperation.Restore(1))])


def test_a_batch_is_the_merged_append_that_pylance_commits(tmp_path):
    done = {}
    for module in (lance, lancea):
        path = str(tmp_path / module.__name__)
        module.write_dataset(TABLE, path)
        batches = [TABLE.slice(i, 2) for i in (4, 0, 6)]
        transactions = [
            module.fragment.write_fragments(batch, path, return_transaction=True, mode="append")
            for batch in batches
        ]
        # Another writer in between, which appends do not mind.
        module.write_dataset(TABLE.slice(9), path, mode="append")
        result = module.LanceDataset.commit_batch(path, transactions)
        ds, merged = result["dataset"], result["merged"]
        assert merged.uuid == ds.read_transaction(ds.version).uuid
        assert lance.dataset(path).to_table() == ds.to_table()
        done[module] = (
            ds.version,
            ds.to_table().to_pylist(),
            [(f.fragment_id, f.count_rows()) for f in ds.get_fragments()],
            merged.read_version,
            type(merged.operation).__name__,
            [(f.id, f.physical_rows) for f in merged.operation.fragments],
        )
    assert done[lancea] == done[lance]


@pytest.mark.parametrize(("own", "files"), [("2.0", "2.1"), ("2.1", "2.0"), ("2.2", "2.1")])
def test_an_overwrite_keeps_the_storage_version_of_the_table(tmp_path, own, files):
    versions = {}
    for module in (lance, lancea):
        path = str(tmp_path / module.__name__)
        module.write_dataset(TABLE, path, data_storage_version=own)
        fragments = module.fragment.write_fragments(
            TABLE.slice(5), path, mode="overwrite", data_storage_version=files
        )
        overwrite = module.LanceOperation.Overwrite(TABLE.schema, fragments)
        done = module.LanceDataset.commit(path, overwrite, read_version=1)
        versions[module] = (done.data_storage_version, done.to_table().num_rows)
        assert lance.dataset(path).to_table() == lancea.dataset(path).to_table() == TABLE.slice(5)
    assert versions[lancea] == versions[lance] == (own, 5)


def test_a_detached_version_is_opened_by_its_number_alone(ds):
    append = LanceOperation.Append(write_fragments(TABLE, ds))
    done = commit(ds, append, read_version=1, detached=True)
    assert done.version >= 1 << 63
    assert done.count_rows() == 20
    assert lancea.dataset(ds.uri).version == theirs(ds).version == 1
    assert lance.dataset(ds.uri, version=done.version).count_rows() == 20


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((LanceOperation.Append([]),), ValueError, "read_version is required"),
        ((3,), TypeError, "operation must be"),
        ((LanceOperation.Append([]), 99), OSError, "99"),
    ],
)
def test_commits_that_cannot_be_are_refused(ds, arguments, kind, message):
    with pytest.raises(kind, match=message):
        commit(ds.uri, *arguments)
    with pytest.raises(TypeError, match="base_uri must be"):
        commit(3, LanceOperation.Restore(1))
    with pytest.raises(TypeError, match="commit_lock must be"):
        commit(ds, LanceOperation.Restore(1), commit_lock=3)
    with pytest.raises(OSError, match="commit_timeout"):
        commit(ds, LanceOperation.Restore(1), commit_timeout=timedelta(0))
    with pytest.raises(OSError, match="table"):
        commit(f"{ds.uri}-none", LanceOperation.Append([]), read_version=1)


def test_operations_check_their_fragments():
    for make in (
        LanceOperation.Append,
        lambda f: LanceOperation.Overwrite(TABLE.schema, f),
        lambda f: LanceOperation.Delete(f, [], ""),
        lambda f: LanceOperation.Update(updated_fragments=f),
    ):
        for fragments in (3, [3], ("a",)):
            with pytest.raises(TypeError, match="fragments must be list"):
                make(fragments)
    with pytest.warns(DeprecationWarning, match="LanceSchema"):
        LanceOperation.Merge([], TABLE.schema)


def test_conflicts_say_whether_to_try_again(ds):
    # What pylance deletes of the fragment: ours deletes of it too, on the version before.
    old = lance.dataset(ds.uri)
    theirs(ds).delete("a = 1")
    changed = json.dumps(old.get_fragments()[0].delete("a = 2").to_json())
    update = LanceOperation.Update(
        updated_fragments=[lancea.FragmentMetadata.from_json(changed)], fields_modified=[0]
    )
    with pytest.raises(CommitConflictError, match="Retryable commit conflict") as raised:
        commit(ds, update, read_version=1)
    assert raised.value.retryable
    commit(ds, LanceOperation.Restore(1))
    with pytest.raises(CommitConflictError, match="Incompatible transaction") as raised:
        commit(ds, LanceOperation.Append(write_fragments(TABLE, ds)), read_version=2)
    assert not raised.value.retryable
    assert isinstance(raised.value, OSError)
    assert not pickle.loads(pickle.dumps(raised.value)).retryable


def test_transactions_of_pylance_are_read(tmp_path):
    path = str(tmp_path / "t")
    their = lance.write_dataset(TABLE, path, commit_message="hello")
    lance.write_dataset(TABLE, path, mode="append")
    their = lance.dataset(path)
    their.delete("a < 3")
    their.update({"b": "'z'"}, where="a = 5")
    their.add_columns({"c": "a * 2"})
    their.drop_columns(["c"])
    their.update_config({"k": "v"})
    their.update_field_metadata({"a": {"m": "v"}})
    their.create_scalar_index("a", "BTREE")
    their.optimize.compact_files()
    their.add_bases([lance.DatasetBasePath(str(tmp_path / "base"), name="base")])
    lance.dataset(path, version=1).restore()
    ds = lancea.dataset(path)
    names = [type(t.operation).__name__ for t in reversed(ds.get_transactions(100))]
    assert names[:9] == (
        "Overwrite Append Delete Update Merge Project UpdateConfig UpdateConfig CreateIndex".split()
    )
    assert names[-2:] == ["UpdateBases", "Restore"]
    assert "Rewrite" in names
    for mine in ds.get_transactions(100):
        if type(mine.operation) is LanceOperation.Rewrite:
            continue  # pylance fails to make its own value of a rewritten index
        other = lance.dataset(path).read_transaction(mine.read_version + 1)
        assert (mine.read_version, mine.uuid) == (other.read_version, other.uuid)
        assert mine.transaction_properties == other.transaction_properties
        kind = type(other.operation).__name__
        assert type(mine.operation).__name__ == kind or kind == "BaseOperation"
        for name in ("fragments", "updated_fragments", "new_fragments"):
            if hasattr(other.operation, name):
                ours = [f.to_json() for f in getattr(mine.operation, name)]
                assert ours == [f.to_json() for f in getattr(other.operation, name)]
    assert len(ds.get_transactions(2)) == 2
    assert repr(ds.read_transaction(7)) == repr(lance.dataset(path).read_transaction(7))
    index = ds.read_transaction(9).operation.new_indices[0]
    their_index = lance.dataset(path).read_transaction(9).operation.new_indices[0]
    for name in ("uuid", "name", "fields", "dataset_version", "created_at", "index_details"):
        assert getattr(index, name) == getattr(their_index, name), name
    with pytest.raises(OSError):
        ds.read_transaction(999)


def test_data_files_are_replaced(ds):
    other = pa.table({"a": range(100, 110), "b": ["new"] * 10})
    (fragment,) = write_fragments(other, ds)
    group = LanceOperation.DataReplacementGroup(0, fragment.files[0])
    done = commit(ds, LanceOperation.DataReplacement([group]), read_version=1)
    assert done.to_table() == theirs(ds).to_table() == other


def test_files_that_lie_in_the_folder_are_described(ds):
    (written,) = write_fragments(TABLE, ds)
    described = LanceFragment.create_from_file(str(written.files[0].path), ds, 7)
    assert described.id == 7
    assert described.physical_rows == 10
    assert described.files == written.files
    assert lancea.DataFile.create(ds, str(written.files[0].path)) == written.files[0]
    with pytest.raises((OSError, ValueError)):
        LanceFragment.create_from_file("missing.lance", ds, 0)


def test_fragments_that_cannot_be_are_refused(ds, tmp_path):
    empty = TABLE.slice(0, 0)
    for rows in (empty, pa.table({}), [{}]):
        with pytest.raises(OSError, match="empty"):
            LanceFragment.create(tmp_path / "new", rows)
    assert write_fragments(empty, ds) == []
    with pytest.raises(OSError, match="Append with different schema"):
        write_fragments(pa.table({"c": [1]}), ds)
    with pytest.raises(OSError, match="already exists"):
        write_fragments(TABLE, ds.uri, mode="create")
    with pytest.raises(ValueError, match="Invalid mode"):
        write_fragments(TABLE, ds.uri, mode="other")
