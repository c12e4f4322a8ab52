"""Where data files go: base paths, their options, tables in memory."""

import contextlib
import http.server
import threading

import lance
import pyarrow as pa
import pytest

import lancea
from lancea import DatasetBasePath

TEN = pa.table({"a": range(10)})


def bases(tmp_path) -> list[DatasetBasePath]:
    return [DatasetBasePath(str(tmp_path / f"base {i}"), name=f"b{i}") for i in (1, 2)]


def base_ids(dataset) -> list:
    return [fragment.metadata.files[0].base_id for fragment in dataset.get_fragments()]


@pytest.mark.parametrize("include_own", [True, False])
def test_all_bases_take_files_in_the_order_of_pylance(tmp_path, include_own):
    found = []
    for module in (lance, lancea):
        path = tmp_path / module.__name__
        made = [module.DatasetBasePath(b.path, name=b.name) for b in bases(path)]
        options = {"max_rows_per_file": 2, "target_all_bases": include_own}
        ds = module.write_dataset(TEN, path / "t", initial_bases=made, **options)
        ds = module.write_dataset(TEN, ds, mode="append", **options)
        found.append(base_ids(ds))
        assert lance.dataset(path / "t").count_rows() == 20
        assert lancea.dataset(path / "t").to_table() == pa.concat_tables([TEN, TEN])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_all_bases": False}, "found no registered bases"),
        ({"target_bases": []}, "cannot be empty"),
        ({"target_all_bases": True, "target_bases": ["b1"]}, "together"),
        ({"target_bases": ["nobody"]}, "nobody"),
    ],
)
def test_places_that_cannot_be_are_refused(tmp_path, arguments, message):
    with pytest.raises(OSError, match=message):
        lancea.write_dataset(TEN, tmp_path / "t", **arguments)


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_only_new_tables_get_bases(tmp_path, mode):
    ds = lancea.write_dataset(TEN, tmp_path / "t")
    with pytest.raises(OSError, match="Only CREATE mode"):
        lancea.write_dataset(TEN, ds, mode=mode, initial_bases=bases(tmp_path))


def test_a_write_that_loses_takes_its_files_out_of_all_bases(tmp_path):
    made = bases(tmp_path)
    places = [made[0].name, made[1].name, str(tmp_path / "t")]
    ds = lancea.write_dataset(TEN, tmp_path / "t", initial_bases=made, target_bases=places)

    class Refused(Exception):
        pass

    def lock(version):
        raise Refused

    before = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    with pytest.raises(Refused):
        lancea.write_dataset(
            TEN, ds, mode="append", max_rows_per_file=1, target_bases=places, commit_lock=lock
        )
    left = {p for p in tmp_path.rglob("*") if p.is_file()} - set(before)
    assert {p.suffix for p in left} <= {".txn"}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Refuses everything, and notes who asked."""

    def refuse(self):
        self.server.asked.append(self.headers.get("Authorization", ""))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = refuse

    def log_message(self, *arguments):
        pass


@pytest.fixture
def endpoint():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()


def test_a_base_has_options_of_its_own(tmp_path, endpoint):
    options = {
        "aws_endpoint": f"http://127.0.0.1:{endpoint.server_port}",
        "aws_region": "us-east-1",
        "aws_access_key_id": "KEYOFTHEBASE",
        "aws_secret_access_key": "secret",
        "allow_http": "true",
    }
    base = "s3://bucket/elsewhere"
    with pytest.raises(OSError):
        lancea.write_dataset(
            TEN,
            tmp_path / "t",
            storage_options={**options, "aws_access_key_id": "KEYOFALL"},
            initial_bases=[DatasetBasePath(base, name="b")],
            target_bases=["b"],
            base_store_params={base: options},
        )
    assert endpoint.asked
    assert all("KEYOFTHEBASE" in asked for asked in endpoint.asked)


@pytest.mark.parametrize("params", [{"base": "text"}, {1: {}}])
def test_options_of_bases_are_dicts(tmp_path, params):
    with pytest.raises(TypeError, match="base_store_params"):
        lancea.write_dataset(TEN, tmp_path / "t", base_store_params=params)


@pytest.mark.parametrize("uri", ["memory://", "memory://some/table"])
def test_a_table_in_memory_is_a_place_of_its_own(uri):
    first = lancea.write_dataset(TEN, uri)
    second = lancea.write_dataset(TEN.slice(3), uri)
    second.insert(TEN)
    assert first.to_table() == TEN
    assert first.latest_version == 1
    assert second.to_table() == pa.concat_tables([TEN.slice(3), TEN])
    assert lancea.dataset(uri).count_rows() == 17
    lancea.write_dataset(TEN, uri, mode="append")
    assert second.latest_version == 3
    lancea.LanceDataset.drop(uri)
    with pytest.raises(ValueError, match=r"_versions|no table"):
        lancea.dataset(uri)
    assert first.to_table() == TEN


def test_a_table_in_memory_is_committed_to_and_cloned():
    ds = lancea.write_dataset(TEN, "memory://origin")
    fragment = lancea.LanceFragment.create("memory://origin", TEN)
    append = lancea.LanceOperation.Append([fragment])
    ds = lancea.LanceDataset.commit("memory://origin", append, read_version=1)
    assert ds.count_rows() == 20
    clone = ds.shallow_clone("memory://clone", 2)
    assert clone.count_rows() == 20
    assert lancea.dataset("memory://clone").to_table() == ds.to_table()


def test_changes_through_a_table_hold_its_lock(tmp_path):
    lancea.write_dataset(TEN, tmp_path)
    held = []

    @contextlib.contextmanager
    def lock(version):
        held.append(version)
        yield

    ds = lancea.dataset(tmp_path, commit_lock=lock)
    ds.insert(TEN)
    ds.delete("a = 3")
    ds.update_config({"key": "value"})
    ds.restore()
    assert held == [2, 3, 4, 5]


@pytest.mark.parametrize("error", [lancea.CommitConflictError, ZeroDivisionError])
def test_what_the_lock_of_a_table_raises_comes_through(tmp_path, error):
    lancea.write_dataset(TEN, tmp_path)

    def lock(version):
        raise error("not now")

    ds = lancea.dataset(tmp_path, commit_lock=lock)
    for change in (lambda: ds.delete("a = 3"), lambda: ds.insert(TEN), ds.restore):
        with pytest.raises(error, match="not now"):
            change()
    assert ds.latest_version == 1


def test_a_lock_that_cannot_be_given_back_is_an_error(tmp_path):
    @contextlib.contextmanager
    def lock(version):
        yield
        raise ZeroDivisionError("cannot leave")

    with pytest.raises(ZeroDivisionError, match="cannot leave"):
        lancea.write_dataset(TEN, tmp_path, commit_lock=lock)
    assert lancea.dataset(tmp_path).to_table() == TEN
