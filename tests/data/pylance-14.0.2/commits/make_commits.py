"""Tables whose every version was committed by pylance 14.0.2, for replaying the commits.

The test rebuilds version n+1 from version n and the transaction of n+1 and expects the same manifest.
Only _versions/ is kept: nothing else is read. Run in this directory: python make_commits.py
"""

import shutil
from pathlib import Path

import lance
import pyarrow as pa

assert lance.__version__ == "14.0.2"
HERE = Path(__file__).parent


def rows(start, count, extra=0):
    ids = list(range(start, start + count))
    columns = {
        "id": pa.array(ids, pa.int64()),
        "group": pa.array([i % 3 for i in ids], pa.int32()),
        "text": pa.array([f"row {i + extra}" for i in ids]),
    }
    return pa.table(columns)


def life(root, stable):
    ds = lance.write_dataset(
        rows(0, 40), root, max_rows_per_file=10, enable_stable_row_ids=stable,
        data_storage_version="2.1",
    )
    ds.create_scalar_index("id", "BTREE")
    ds.create_scalar_index("group", "BITMAP")
    ds.delete("id in (3, 4, 17)")
    ds = lance.write_dataset(rows(40, 12), root, mode="append")
    ds.delete("id >= 20 and id < 30")  # a whole fragment
    ds.update({"text": "'changed'"}, where="id in (1, 2, 35, 41)")
    merge = ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    merge.execute(rows(48, 8, extra=1000))
    ds = lance.dataset(root)
    ds.update_config({"lance.test": "1", "other": "2"})
    ds.delete_config_keys(["other"])
    ds.add_columns({"double": "id * 2"})
    ds.alter_columns({"path": "text", "name": "label"})
    ds.optimize.compact_files(target_rows_per_fragment=25)
    ds.drop_columns(["double"])
    ds.alter_columns({"path": "label", "data_type": pa.large_string()})
    ds.optimize.optimize_indices()
    ds = lance.write_dataset(rows(100, 5), root, mode="overwrite")
    lance.dataset(root, version=4).restore()
    ds = lance.dataset(root)
    ds.drop_index("id_idx")
    ds.delete("id < 5")
    ds.replace_schema_metadata({"purpose": "test"})
    ds.replace_field_metadata("id", {"unit": "one"})


def replaced(root):
    """Columns replaced in place."""
    ds = lance.write_dataset(rows(0, 20), root, max_rows_per_file=10, data_storage_version="2.1",
                             enable_stable_row_ids=True)
    ds.create_scalar_index("group", "BITMAP")
    ds.create_scalar_index("id", "BTREE")
    fragment = ds.get_fragments()[1]
    new_fragment, fields = fragment.update_columns(
        pa.table({"id": pa.array([11, 12], pa.int64()), "group": pa.array([7, 8], pa.int32())}),
        left_on="id", right_on="id")
    ds = lance.LanceDataset.commit(
        root, lance.LanceOperation.Update(updated_fragments=[new_fragment],
                                          fields_modified=fields, update_mode="rewrite_columns"),
        read_version=ds.version)
    ds.merge(pa.table({"id": pa.array(range(20), pa.int64()),
                       "more": pa.array(range(20), pa.int16())}), "id")


for name in ("plain", "stable", "replaced"):
    root = HERE / name
    shutil.rmtree(root, ignore_errors=True)
    replaced(str(root)) if name == "replaced" else life(str(root), name == "stable")
    for child in root.iterdir():
        if child.name != "_versions":
            shutil.rmtree(child)
    (root / "_versions" / "latest_version_hint.json").unlink(missing_ok=True)
