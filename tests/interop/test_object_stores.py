"""Commits to S3, Google's and Azure's stores without a lock, by writes with a precondition.

Beside pylance, by many writers, under faults. The services run in this process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from interop.azure_server import AzureServer
from interop.gcs_server import GcsServer
from interop.s3_server import SECRET_KEY, SESSION_TOKEN, S3Server
from interop.support import lance

import lancea

URI = "s3://bucket/some dir/täble"


@pytest.fixture(autouse=True)
def no_credentials_from_outside(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def server():
    with S3Server() as running:
        yield running


def table(first: int, rows: int = 3) -> pa.Table:
    numbers = range(first, first + rows)
    return pa.table({"id": pa.array(numbers, pa.int64()), "text": [f"row {i}" for i in numbers]})


def ids(dataset) -> list[int]:
    return sorted(dataset.to_table().column("id").to_pylist())


def test_a_table_is_written_read_and_changed_without_a_lock(server):
    options = server.options()
    lancea.write_dataset(table(0), URI, storage_options=options)
    lancea.write_dataset(table(3), URI, mode="append", storage_options=options)
    dataset = lancea.dataset(URI, storage_options=options)
    assert (dataset.version, ids(dataset)) == (2, list(range(6)))
    dataset.delete("id = 4")
    dataset.tags.create("kept", 2)
    assert ids(lancea.dataset(URI, storage_options=options)) == [0, 1, 2, 3, 5]
    assert ids(lancea.dataset(URI, version="kept", storage_options=options)) == list(range(6))
    lancea.write_dataset(table(7), URI, mode="overwrite", storage_options=options)
    assert ids(lancea.dataset(URI, storage_options=options)) == [7, 8, 9]
    with pytest.raises(OSError, match="exists"):
        lancea.write_dataset(table(0), URI, storage_options=options)
    assert server.counts["created"] >= 5
    assert not [key for key in server.names() if "probe" in key]


def test_an_append_to_an_open_table_costs_one_listing_and_three_writes(server):
    options = server.options(aws_conditional_put="etag")
    dataset = lancea.write_dataset(table(0), URI, storage_options=options)
    server.requests.clear()
    lancea.write_dataset(table(3), dataset, mode="append")
    requests = [request.replace("/some dir/täble", "") for request in server.requests]
    folders = [request.rpartition("/")[0] for request in requests]
    writes = ["PUT /bucket/data", "PUT /bucket/_transactions", "PUT /bucket/_versions"]
    assert folders == [writes[0], "GET ", *writes[1:]]


def test_pylance_and_lancea_take_turns(server):
    options = server.options()
    writers = [lance, lancea]
    for first in (0, 1):
        for turn in range(4):
            module = writers[(turn + first) % 2]
            mode = "append" if turn else "overwrite"
            module.write_dataset(table(3 * turn), URI, mode=mode, storage_options=options)
        for module in writers:
            assert ids(module.dataset(URI, storage_options=options)) == list(range(12))
    theirs, ours = (module.dataset(URI, storage_options=options) for module in writers)
    assert [v["version"] for v in theirs.versions()] == [v["version"] for v in ours.versions()]


WRITE = """
import json, sys
import lancea, pyarrow as pa
table = pa.table({"id": [1]})
lancea.write_dataset(table, sys.argv[1], storage_options=json.loads(sys.argv[2]))
"""

APPEND = """
import json, sys
import lancea, pyarrow as pa
uri, options, writer, rounds = sys.argv[1], *map(json.loads, sys.argv[2:])
sys.stdin.readline()
for i in range(rounds):
    lancea.write_dataset(pa.table({"id": pa.array([writer * 1000 + i], pa.int64())}), uri,
                         mode="append", storage_options=options, commit_lock=None)
"""


def test_every_append_of_eight_processes_is_there_once(server):
    options, writers, rounds = server.options(), 8, 5
    lancea.write_dataset(pa.table({"id": pa.array([-1], pa.int64())}), URI, storage_options=options)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, URI, json.dumps(options), str(writer), str(rounds)],
            stdin=subprocess.PIPE,
        )
        for writer in range(writers)
    ]
    for process in processes:
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(timeout=120) for process in processes] == [0] * writers
    expected = sorted([-1] + [w * 1000 + i for w in range(writers) for i in range(rounds)])
    assert ids(lance.dataset(URI, storage_options=options)) == expected
    dataset = lancea.dataset(URI, storage_options=options)
    assert (dataset.version, ids(dataset)) == (1 + writers * rounds, expected)


def test_threads_of_both_libraries_append_at_once(server):
    options = server.options()
    lancea.write_dataset(table(0, 1), URI, storage_options=options)
    start = threading.Barrier(4)

    def append(writer: int) -> None:
        start.wait()
        for i in range(4):
            module = lance if writer % 2 else lancea
            module.write_dataset(
                table(100 * (writer + 1) + i, 1), URI, mode="append", storage_options=options
            )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(append, range(4)))
    expected = [0] + [100 * (writer + 1) + i for writer in range(4) for i in range(4)]
    assert ids(lance.dataset(URI, storage_options=options)) == expected
    assert ids(lancea.dataset(URI, storage_options=options)) == expected


@pytest.mark.parametrize("fault", ["lose_reply", "conflict", "busy"])
def test_a_fault_on_the_way_neither_loses_nor_doubles_a_commit(server, fault):
    options = server.options(aws_conditional_put="etag")
    lancea.write_dataset(table(0), URI, storage_options=options)
    for first in (3, 6):
        setattr(server.faults, fault, 2)
        lancea.write_dataset(table(first), URI, mode="append", storage_options=options)
    dataset = lancea.dataset(URI, storage_options=options)
    assert (dataset.version, ids(dataset)) == (3, list(range(9)))


def test_files_stay_when_it_is_not_known_whether_the_commit_happened(server):
    options = server.options(aws_conditional_put="etag", client_max_retries="0")
    lancea.write_dataset(table(0), URI, storage_options=options)
    before = set(server.names())
    server.faults.busy = 1
    with pytest.raises(OSError, match="may or may not have been committed") as raised:
        lancea.write_dataset(table(3), URI, mode="append", storage_options=options)
    assert "HTTP 503, SlowDown" in str(raised.value)
    assert any("/data/" in key for key in set(server.names()) - before)
    assert ids(lancea.dataset(URI, storage_options=options)) == [0, 1, 2]


def test_a_service_that_ignores_preconditions_is_not_written_to(server):
    server.faults.ignore_preconditions = True
    with pytest.raises(NotImplementedError, match="ignores If-None-Match"):
        lancea.write_dataset(table(0), URI, storage_options=server.options())
    assert not [key for key in server.names() if "_versions/" in key]
    # Who says so, or holds a lock, is believed.
    trusted = server.options(aws_conditional_put="etag")
    lancea.write_dataset(table(0), URI, storage_options=trusted)
    assert ids(lancea.dataset(URI, storage_options=trusted)) == [0, 1, 2]


def test_conditional_puts_can_be_turned_off(server):
    options = server.options(aws_conditional_put="disabled")
    with pytest.raises(NotImplementedError, match="commit lock"):
        lancea.write_dataset(table(0), URI, storage_options=options)
    with pytest.raises(ValueError, match="aws_conditional_put"):
        lancea.dataset(URI, storage_options=server.options(aws_conditional_put="dynamo:t"))


def test_temporary_credentials():
    with S3Server(session_token=SESSION_TOKEN) as server:
        options = server.options()
        lancea.write_dataset(table(0), URI, storage_options=options)
        assert ids(lance.dataset(URI, storage_options=options)) == [0, 1, 2]
        del options["aws_session_token"]
        with pytest.raises(OSError, match=r"(?i)token|denied|403"):
            lancea.dataset(URI, storage_options=options)


def test_credentials_from_the_environment(server, monkeypatch):
    options = server.options()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", options.pop("aws_access_key_id"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", options.pop("aws_secret_access_key"))
    monkeypatch.setenv("AWS_REGION", options.pop("aws_region"))
    lancea.write_dataset(table(0), URI, storage_options=options)
    assert ids(lancea.dataset(URI, storage_options=options)) == [0, 1, 2]


def test_credentials_from_a_profile(server, tmp_path):
    """AWS's client finds them, the conditional PUT asks it for them.

    In a process of its own: the client remembers profiles.
    """
    options = server.options()
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = {options.pop('aws_access_key_id')}\n"
        f"aws_secret_access_key = {SECRET_KEY}\n"
    )
    del options["aws_secret_access_key"]
    command = [sys.executable, "-c", WRITE, URI, json.dumps(options)]
    subprocess.run(command, check=True, timeout=60)
    assert ids(lancea.dataset(URI, storage_options=server.options())) == [1]


def test_a_public_bucket_needs_no_credentials():
    with S3Server(public=["bucket"]) as server:
        options = {
            "aws_endpoint": server.endpoint,
            "allow_http": "true",
            "aws_skip_signature": "true",
        }
        lancea.write_dataset(table(0), URI, storage_options=options)
        lance.write_dataset(table(3), URI, mode="append", storage_options=options)
        assert ids(lancea.dataset(URI, storage_options=options)) == list(range(6))


def test_buckets_in_the_hosts_name(server):
    options = server.options(
        aws_endpoint=f"http://bucket.localhost:{server.port}",
        aws_virtual_hosted_style_request="true",
    )
    lancea.write_dataset(table(0), URI, storage_options=options)
    assert ids(lancea.dataset(URI, storage_options=server.options())) == [0, 1, 2]


def test_a_wrong_key_is_named_as_such(server):
    options = server.options(aws_secret_access_key="wrong")
    with pytest.raises(OSError, match=r"(?i)signature|denied|403|forbidden"):
        lancea.write_dataset(table(0), URI, storage_options=options)


# Encryption.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for this machine, signed by nobody else."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", file, "-out", f"{file}.crt"], check=True, timeout=60)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.mark.parametrize("trust", ["file", "anyone"])
def test_encrypted_connections(certificate, trust):
    with S3Server(certificate=certificate) as server:
        options, environment = server.options(), dict(os.environ)
        del options["allow_http"]
        if trust == "file":
            environment["SSL_CERT_FILE"] = f"{certificate}.crt"
        else:
            options["allow_invalid_certificates"] = "true"
        command = [sys.executable, "-c", WRITE, URI, json.dumps(options)]
        subprocess.run(command, env=environment, check=True, timeout=60)
        assert server.counts["created"] >= 1


def test_tables_on_this_machine_load_nothing_of_the_clouds(tmp_path):
    code = WRITE + "print(open('/proc/self/maps').read())"
    command = [sys.executable, "-c", code, str(tmp_path / "t"), "{}"]
    loaded = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout
    assert "liblancea.so" in loaded
    assert "libcurl" not in loaded
    assert "liblancea_s3" not in loaded


# Google's and Azure's.


def grow_together(uri: str, options: dict[str, str], modules=(lancea, lance)) -> None:
    """A table that the modules write in turns, in the end with threads of Lancea at once."""
    for first in range(2):
        mode = "append" if first else "create"
        modules[first].write_dataset(table(3 * first), uri, mode=mode, storage_options=options)

    def append(i: int) -> None:
        lancea.write_dataset(table(3 * i), uri, mode="append", storage_options=options)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(append, range(2, 10)))
    for module in modules:
        dataset = module.dataset(uri, storage_options=options)
        assert (dataset.version, ids(dataset)) == (10, list(range(30)))
    with pytest.raises(OSError, match="exists"):
        lancea.write_dataset(table(0), uri, storage_options=options)


def append_with_a_lost_reply(server, uri: str, options: dict[str, str]) -> None:
    server.faults.lose_reply = 1
    lancea.write_dataset(table(30), uri, mode="append", storage_options=options)
    dataset = lancea.dataset(uri, storage_options=options)
    assert (dataset.version, ids(dataset)) == (11, list(range(33)))


@pytest.mark.parametrize("token", ["ya29.token", None])
def test_google(token):
    uri = "gs://bucket/a b/täble"
    with GcsServer(token=token) as server:
        # pylance looks for a token even where none is asked for.
        modules = (lancea, lance) if token else (lancea, lancea)
        grow_together(uri, server.options(), modules)
        append_with_a_lost_reply(server, uri, server.options())


@pytest.mark.parametrize("credentials", ["options", "sas_options"])
def test_azure(credentials):
    uri = "az://bucket/a b/täble"
    with AzureServer() as server:
        options = getattr(server, credentials)()
        grow_together(uri, options)
        append_with_a_lost_reply(server, uri, options)
