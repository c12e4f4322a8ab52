"""Write the tables of this folder with pylance and record what pylance says of them.

Run with pylance 14.0.2: python make_tables.py. Only metadata are kept (manifests, deletion files,
refs); expected.json holds the answers. File names and times change with each run, so commit the
folder as a whole.
"""
import json
import shutil
import tempfile
from pathlib import Path

import lance
import pyarrow as pa
from lance.file import LanceFileReader

HERE = Path(__file__).parent


def describe(ds, rows=False):
    out = {
        "version": ds.version,
        "count_rows": ds.count_rows(),
        "data_storage_version": ds.data_storage_version,
        "max_field_id": ds.max_field_id,
        "config": ds.config(),
        "fragments": [f.metadata.to_json() for f in ds.get_fragments()],
    }
    if rows:
        columns = ["_rowid", "_rowaddr", "_row_created_at_version", "_row_last_updated_at_version"]
        table = ds.to_table(columns=columns)
        out["rows"] = {name: table.column(name).to_pylist() for name in columns}
    return out


def versions(ds):
    return [{"version": v["version"],
             "micros": int(v["timestamp"].timestamp() * 1_000_000 + 0.5),
             "metadata": v["metadata"]} for v in ds.versions()]


def history(path):
    ds = lance.write_dataset(pa.table({"a": range(100), "b": range(100)}), path)
    ds.delete("a IN (90, 3, 2, 40)")
    lance.write_dataset(pa.table({"a": range(50), "b": range(50)}), path, mode="append")
    ds = lance.dataset(path)
    ds.delete("a = 60")
    ds.update_config({"owner": "tests"})
    ds.create_scalar_index("a", "BTREE")
    ds.drop_columns(["b"])
    ds.tags.create("first", 1)
    ds.tags.create("after-delete", 2)
    ds.create_branch("team/dev", 2)
    ds = lance.dataset(path)
    indices = [{"name": i.name, "type_url": i.type_url} for i in ds.describe_indices()]
    tags = {name: {"version": tag["version"], "manifest_size": tag["manifest_size"]}
            for name, tag in ds.tags.list().items()}
    branches = {name: {"parent_version": b["parent_version"], "create_at": b["create_at"]}
                for name, b in ds.branches.list().items()}
    return describe(ds, rows=True) | {"versions": versions(ds), "tags": tags,
                                      "branches": branches, "indices": indices}


def v1_names(path):
    ds = lance.write_dataset(pa.table({"a": range(10)}), path, enable_v2_manifest_paths=False,
                             data_storage_version="legacy")
    ds.delete("a = 1")
    ds = lance.dataset(path)
    return describe(ds, rows=True) | {"versions": versions(ds)}


def bitmap(path):
    ds = lance.write_dataset(pa.table({"a": range(200_000)}), path)
    ds.delete("a % 7 = 0 AND a < 70000 OR a >= 150000 AND a < 160000 OR a = 199999")
    table = lance.dataset(path).to_table(columns=["_rowaddr"])
    live = table.column("_rowaddr").to_pylist()
    return describe(lance.dataset(path)) | {
        "num_live": len(live),
        "live_samples": [[i, live[i]] for i in range(0, len(live), 997)],
    }


def stable_row_ids(path):
    ds = lance.write_dataset(pa.table({"a": range(60), "s": ["x"] * 60}), path,
                             enable_stable_row_ids=True, max_rows_per_file=20)
    ds.delete("a IN (5, 6, 25)")
    ds.update({"s": "'y'"}, where="a % 11 = 0")
    ds.merge_insert("a").when_matched_update_all().when_not_matched_insert_all().execute(
        pa.table({"a": [50, 7, 31, 100, 101], "s": ["m"] * 5}))
    before = describe(lance.dataset(path), rows=True)
    ds = lance.dataset(path)
    ds.optimize.compact_files(target_rows_per_fragment=1000)
    return {"before": before, "after": describe(lance.dataset(path), rows=True)}


def json_documents(path):
    texts = [
        '{"b":1,"a":2.50,"c":[1,-5,300,70000,5000000000,18446744073709551615,-9223372036854775808]}',
        "1e10", "1.5e300", "-0.0", "0", "0.1", "123456789012345678901234567890",
        '"a\\u00e9\\n\\t\\"\\\\/\\u0001\\b\\f\\r"', "[]", "{}", "null", "true",
        "[[],{},[null,false]]", "1e400", "2.0", "100.0", "1e21", "123456789.123", "1E-7",
        '{"k":{"k":{"k":"v"}}}', '"\\ud83d\\ude00"', "0.000001", "1e15", "1e16", "0.00001234",
        "5e-324", "1.7976931348623157e308", "-123.456", "-1", "-129", "-40000", "255", "65536",
    ]
    ds = lance.write_dataset(pa.table({"j": pa.array(texts, pa.json_())}), path)
    shown = ds.to_table().column(0).to_pylist()
    file = next(Path(path, "data").glob("*.lance"))
    stored = LanceFileReader(str(file)).read_all().to_table().column(0)
    stored = stored.combine_chunks()
    stored = getattr(stored, "storage", stored)
    return [{"jsonb": b.hex(), "text": t} for b, t in zip(stored.to_pylist(), shown)]


def main():
    expected = {}
    for make in (history, v1_names, bitmap, stable_row_ids):
        with tempfile.TemporaryDirectory() as folder:
            expected[make.__name__] = make(folder + "/t")
            target = HERE / make.__name__
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder + "/t", target, ignore=shutil.ignore_patterns(
                "data", "_transactions", "_indices"))
    with tempfile.TemporaryDirectory() as folder:
        expected["json_documents"] = json_documents(folder + "/t")
    (HERE / "expected.json").write_text(json.dumps(expected, indent=None) + "\n")


main()
