"""How scans are carried out: the steps chosen for what is asked, and what each of them did."""

from __future__ import annotations

import json

import lance
import numpy as np
import pyarrow as pa
import pytest

import lancea

ROWS = 40_000


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> str:
    """Numbers, texts, structs of narrow and wide leaves, and vectors, in four fragments."""
    numbers = np.arange(ROWS)
    table = pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "name": [f"name {i * 7919 % ROWS}" for i in numbers],
            "s": pa.StructArray.from_arrays(
                [
                    pa.array(numbers, pa.int32()),
                    pa.array([f"some longer text, row {i * 31 % ROWS}" for i in numbers]),
                ],
                ["small", "wide"],
            ),
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(np.repeat(numbers, 32), pa.float32()), 32
            ),
        }
    )
    path = tmp_path_factory.mktemp("plans") / "t"
    lance.write_dataset(table, path, max_rows_per_file=ROWS // 4)
    return str(path)


@pytest.fixture
def ds(path) -> lancea.LanceDataset:
    return lancea.dataset(path)


def steps(tree: dict) -> list[str]:
    """The names of the steps, the last first."""
    below = [name for step in tree["inputs"] for name in steps(step)]
    return [tree["name"], *below]


def step(tree: dict, name: str) -> dict:
    """The first step of this name."""
    if tree["name"] == name:
        return tree
    for below in tree["inputs"]:
        if found := step(below, name):
            return found
    return {}


def analyzed(scanner) -> dict:
    (tree,) = scanner.plan(analyze=True)["inputs"]
    return tree


SELECTION = [
    ("full scan", {}, ["LanceRead"]),
    ("some rows", {"limit": 10, "offset": 5}, ["LanceRead"]),
    (
        "predicate on a narrow column alone",
        {"columns": ["id"], "filter": "id < 10"},
        ["ProjectionExec", "LanceRead"],
    ),
    (
        "predicate and wide columns",
        {"columns": ["id", "vector"], "filter": "id < 10"},
        ["ProjectionExec", "Take", "LanceRead"],
    ),
    (
        "the same, all columns read at once",
        {"columns": ["id", "vector"], "filter": "id < 10", "late_materialization": False},
        ["ProjectionExec", "LanceRead"],
    ),
    (
        "limit after a predicate",
        {"columns": ["id"], "filter": "id < 10", "limit": 3},
        ["ProjectionExec", "GlobalLimitExec", "LanceRead"],
    ),
    (
        "order and limit",
        {"order_by": ["name"], "limit": 3},
        ["ProjectionExec", "Take", "SortExec", "LanceRead"],
    ),
    ("order", {"columns": ["id"], "order_by": ["id"]}, ["ProjectionExec", "SortExec", "LanceRead"]),
    ("computed", {"columns": {"twice": "id * 2"}}, ["ProjectionExec", "LanceRead"]),
]


@pytest.mark.parametrize(("options", "wanted"), [(o, w) for _, o, w in SELECTION],
                         ids=[name for name, _, _ in SELECTION])  # fmt: skip
def test_steps_follow_from_what_is_asked(ds, options, wanted):
    scanner = ds.scanner(**options)
    assert steps(scanner.plan()) == wanted
    shown = [line.strip().split(":")[0] for line in scanner.explain_plan().splitlines()]
    assert shown == wanted
    assert steps(analyzed(scanner)) == wanted
    assert scanner.to_table().equals(lance.dataset(ds.uri).to_table(**options))


def test_a_limit_reads_the_rows_wanted_alone(ds):
    read = analyzed(ds.scanner(["id"], limit=10, offset=ROWS // 4 - 5))
    assert read["details"]["range_before"] == f"Some({ROWS // 4 - 5}..{ROWS // 4 + 5})"
    assert read["metrics"]["output_rows"] == read["metrics"]["rows_scanned"] == 10
    assert read["metrics"]["fragments_scanned"] == 2
    assert read["metrics"]["fragments_skipped"] == 2


@pytest.mark.parametrize(
    ("condition", "rows", "fragments"),
    [
        ("_rowid = 5", 1, 1),
        ("_rowid IN (5, 6, 7, 8)", 4, 1),
        (f"_rowoffset IN (0, {ROWS - 1})", 2, 2),
        (f"_rowaddr = {3 << 32} OR _rowaddr = {1 << 32}", 2, 2),
        ("_rowid IN (5, 6) AND id > 5", 2, 1),
        (f"_rowid = {9 << 32}", 0, 0),
    ],
)
def test_rows_named_by_number_are_a_take(ds, condition, rows, fragments):
    scanner = ds.scanner(["id", "vector"], filter=condition)
    read = step(analyzed(scanner), "LanceRead")
    assert read["details"]["rows_by_number"] == str(rows)
    assert read["metrics"]["rows_scanned"] == rows
    assert read["metrics"]["fragments_scanned"] == fragments
    assert read["metrics"]["fragments_skipped"] == 4 - fragments
    assert scanner.to_table().equals(
        lance.dataset(ds.uri).to_table(["id", "vector"], filter=condition)
    )


def test_constants_are_folded(ds):
    read = step(ds.scanner(["id"], filter="id < 2 + 3 * 4").plan(), "LanceRead")
    assert "14" in read["details"]["refine_filter"]
    assert "*" not in read["details"]["refine_filter"]
    never = step(analyzed(ds.scanner(["id"], filter="id < 5 AND 1 = 2")), "LanceRead")
    assert never["metrics"]["fragments_scanned"] == 0
    assert never["metrics"]["bytes_read"] == 0


def test_cheap_conditions_are_asked_first(ds):
    condition = "name LIKE '%99%' AND s.wide <> 'x' AND id < 100"
    asked = step(ds.scanner(["id"], filter=condition).plan(), "LanceRead")["details"]
    order = [asked["refine_filter"].index(word) for word in ("id", "name")]
    assert order == sorted(order)
    few = step(analyzed(ds.scanner(["id"], filter=condition)), "LanceRead")["metrics"]
    alone = step(analyzed(ds.scanner(["id"], filter="id < 100")), "LanceRead")["metrics"]
    whole = step(analyzed(ds.scanner(["id"], filter="name LIKE '%99%'")), "LanceRead")["metrics"]
    assert few["bytes_read"] < alone["bytes_read"] + whole["bytes_read"] / 2


def test_a_leaf_of_a_struct_is_read_without_the_others(ds):
    def read(*columns):
        return analyzed(ds.scanner(list(columns)))["metrics"]["bytes_read"]

    assert read("s.small") < read("s") / 2
    filtered = analyzed(ds.scanner(["id"], filter="s.small < 10", late_materialization=False))
    assert step(filtered, "LanceRead")["metrics"]["bytes_read"] < read("s") / 2 + read("id")


def test_late_columns_cost_what_is_left(ds):
    whole = analyzed(ds.scanner(["vector"]))["metrics"]["bytes_read"]
    tree = analyzed(ds.scanner(["id", "vector"], filter="id = 77"))
    take = step(tree, "Take")["metrics"]
    assert take["output_rows"] == 1
    assert take["bytes_read"] < whole / 100
    assert step(tree, "LanceRead")["metrics"]["rows_scanned"] == ROWS


def test_top_rows_read_keys_and_take_the_rest(ds):
    tree = analyzed(ds.scanner(order_by=["name"], limit=3))
    assert "TopK(fetch=3)" in step(tree, "SortExec")["details"]
    assert step(tree, "LanceRead")["details"]["projection"] == "[name]"
    assert step(tree, "LanceRead")["metrics"]["output_rows"] == ROWS
    assert step(tree, "Take")["metrics"]["output_rows"] == 3
    whole = analyzed(ds.scanner(["vector"]))["metrics"]["bytes_read"]
    assert step(tree, "Take")["metrics"]["bytes_read"] < whole / 10


METRICS = {
    "LanceRead": {
        "elapsed_ns", "output_rows", "output_batches", "fragments_scanned", "fragments_skipped",
        "ranges_scanned", "rows_scanned", "bytes_read", "iops", "requests", "cache_hits",
        "cache_misses",
    },
    "SortExec": {"elapsed_ns", "output_rows", "output_batches"},
    "Take": {"elapsed_ns", "output_rows", "output_batches", "bytes_read", "iops", "requests"},
    "ProjectionExec": {"elapsed_ns", "output_rows", "output_batches"},
}  # fmt: skip


def test_every_step_tells_what_it_did(ds):
    tree = analyzed(ds.scanner(order_by=["name"], limit=3))
    for name, metrics in METRICS.items():
        assert set(step(tree, name)["metrics"]) >= metrics, name
    text = ds.scanner(order_by=["name"], limit=3).analyze_plan()
    for metric in ("bytes_read=", "iops=", "requests=", "fragments_skipped=", "cache_hits="):
        assert metric in text
    assert json.dumps(tree)


def test_what_is_kept_of_files_counts_as_hits(path):
    session = lancea.Session()
    ds = lancea.dataset(path, session=session)
    first = step(analyzed(ds.scanner(["id"])), "LanceRead")["metrics"]
    assert first["cache_misses"] > 0
    again = step(analyzed(ds.scanner(["id"])), "LanceRead")["metrics"]
    assert again["cache_misses"] == 0
    assert again["cache_hits"] > 0


def test_verbose_plans_say_where(ds):
    assert ds.uri in ds.scanner().explain_plan(verbose=True)


def test_counting_is_analyzed_too(ds):
    scanner = ds.scanner(columns=[], with_row_id=True, filter="id < 100")
    text = scanner.analyze_plan(count_rows=True)
    assert f"rows_scanned={ROWS}" in text
    assert "output_rows=100" in text
