"""Write the small tables that tests/corruption damages, with pylance.

    python make_corruption_data.py        # needs pylance 14.0.2; writes pylance-14.0.2/corruption/

One table per file version with every type, nulls, two fragments, a deletion vector and stable row ids, and
one with every encoding that can be asked for. What they hold does not matter, only that every kind of
page, file and manifest entry is there; the answers are tested elsewhere. File names change with each
run, so commit the folder as a whole.
"""

import datetime
import decimal
import shutil
from pathlib import Path

import lance
import pyarrow as pa

OUT = Path(__file__).parent / "pylance-14.0.2" / "corruption"
ROWS = 40


def noise(i: int, modulus: int) -> int:
    """A fixed pseudo-random number below modulus."""
    x = (i + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    x ^= x >> 29
    x = x * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return (x >> 33) % modulus


def nulled(values):
    return [None if noise(i, 6) == 0 else v for i, v in enumerate(values)]


def types(version: str, n: range) -> pa.Table:
    day = datetime.date(2020, 1, 1)
    point = pa.struct([("x", pa.int32()), ("y", pa.string())])
    points = [{"x": i, "y": f"p{i}"} for i in range(2 * ROWS)]
    columns = {
        "id": pa.array(n, pa.int64()),
        "i32": pa.array(nulled(noise(i, 1000) for i in n), pa.int32()),
        "u8": pa.array(nulled(i % 7 for i in n), pa.uint8()),
        "f32": pa.array(nulled(i / 3 for i in n), pa.float32()),
        "boolean": pa.array(nulled(i % 3 == 0 for i in n), pa.bool_()),
        "text": pa.array(nulled(f"value {noise(i, 50)}" for i in n), pa.string()),
        "large_text": pa.array(nulled("x" * noise(i, 90) for i in n), pa.large_string()),
        "bytes": pa.array(nulled(bytes([i % 256]) * noise(i, 9) for i in n), pa.binary()),
        "fixed": pa.array(nulled(bytes([i % 256] * 5) for i in n), pa.binary(5)),
        "day": pa.array(nulled(day + datetime.timedelta(i) for i in n), pa.date32()),
        "amount": pa.array(nulled(decimal.Decimal(i * 101) / 100 for i in n), pa.decimal128(12, 2)),
        "huge": pa.array(nulled(decimal.Decimal(i) for i in n), pa.decimal256(40, 0)),
        "category": pa.array(nulled(f"c{noise(i, 4)}" for i in n)).dictionary_encode(),
        "vector": pa.array(nulled([float(i), 1.0, 2.0, 3.0] for i in n), pa.list_(pa.float32(), 4)),
        "list": pa.array(nulled(list(range(noise(i, 5))) for i in n), pa.list_(pa.int32())),
        "list_text": pa.array(
            nulled([f"t{k}" for k in range(noise(i, 4))] for i in n), pa.large_list(pa.string())
        ),
        "point": pa.array([points[i] for i in n] if version == "2.0" else nulled(points[i] for i in n), point),
        "points": pa.array([points[: noise(i, 4)] for i in n], pa.list_(point)),
        "deep": pa.array(
            nulled([[k] * noise(i + k, 3) for k in range(noise(i, 3))] for i in n),
            pa.list_(pa.list_(pa.int16())),
        ),
        "nothing": pa.nulls(len(n), pa.int32()),
        "same": pa.array([7] * len(n), pa.int64()),
    }
    fields = [pa.field(name, array.type) for name, array in columns.items()]
    blob = {"lance-encoding:blob": "true"}
    fields.append(pa.field("blob", pa.large_binary(), metadata=blob))
    columns["blob"] = pa.array(nulled(b"blob" * noise(i, 20) for i in n), pa.large_binary())
    if version in ("2.2", "2.3"):
        maps = nulled([(f"k{k}", k) for k in range(noise(i, 3))] for i in n)
        fields.append(pa.field("map", pa.map_(pa.string(), pa.int32())))
        columns["map"] = pa.array(maps, fields[-1].type)
        nested = nulled([points[i], points[0]] for i in n)
        fields.append(pa.field("vector_of_points", pa.list_(point, 2)))
        columns["vector_of_points"] = pa.array(nested, fields[-1].type)
    return pa.table(list(columns.values()), schema=pa.schema(fields))


def encodings(version: str) -> pa.Table:
    n = range(5 * ROWS)
    fields, columns = [], []

    def add(name, array, **metadata):
        texts = {"lance-encoding:" + k.replace("_", "-"): str(v) for k, v in metadata.items()}
        fields.append(pa.field(name, array.type, metadata=texts or None))
        columns.append(array)

    words = pa.array(nulled(f"a rather common beginning {noise(i, 99)}" for i in n), pa.string())
    numbers = pa.array(nulled(noise(i, 500) for i in n), pa.int32())
    floats = pa.array([i * 0.25 for i in n], pa.float32())
    add("zstd", words, compression="zstd")
    add("lz4", numbers, compression="lz4")
    add("fsst", words, compression="fsst")
    add("runs", pa.array([i // 60 for i in n], pa.int32()), rle_threshold="1.0")
    add("null_runs", pa.array([None if i % 120 < 60 else i for i in n], pa.int64()))
    add("bitpacked", pa.array([i % 8 for i in n], pa.uint32()))
    add("split", floats, bss="on", compression="lz4")
    add("full_zip", words, structural_encoding="fullzip")
    add("full_zip_numbers", numbers, structural_encoding="fullzip")
    add("few", pa.array([f"word {noise(i, 3)}" for i in n], pa.string()), dict_divisor="1")
    vectors = pa.array([[float(i)] * 8 for i in n[:40]] + [None] * (len(n) - 40), pa.list_(pa.float32(), 8))
    add("vector", vectors, structural_encoding="fullzip")
    lists = pa.array(nulled([k for k in range(noise(i, 3))] for i in n), pa.list_(pa.int64()))
    add("list_full_zip", lists, structural_encoding="fullzip")
    packed = pa.struct([("a", pa.int32()), ("b", pa.float64())])
    add("packed", pa.array([{"a": i, "b": i / 2} for i in n[:50]] * (len(n) // 50) +
                           [{"a": 0, "b": 0.0}] * (len(n) % 50), packed), packed="true")
    add("null_lists", pa.array([None if i % 50 else [] for i in n], pa.list_(pa.int8())))
    if version == "2.3":
        add("sparse", pa.array([i if i % 40 == 0 else None for i in n], pa.int64()),
            structural_encoding="sparse")
        add("sparse_list", pa.array([[i, i] if i % 30 == 0 else None for i in n], pa.list_(pa.int32())),
            structural_encoding="sparse")
        add("sparse_text", pa.array([f"s{i}" if noise(i, 9) == 0 else None for i in n], pa.string()),
            structural_encoding="sparse")
    return pa.table(columns, schema=pa.schema(fields))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for version in ("2.0", "2.1", "2.2", "2.3"):
        path = OUT / f"types-v{version}"
        options = {"data_storage_version": version, "enable_stable_row_ids": True}
        lance.write_dataset(types(version, range(ROWS)), path, **options)
        dataset = lance.write_dataset(types(version, range(ROWS, 2 * ROWS)), path, mode="append")
        dataset.delete("id IN (1, 2, 3, 50, 70)")
        dataset.cleanup_old_versions(datetime.timedelta(0), delete_unverified=True)
        lance.write_dataset(encodings(version), OUT / f"encodings-v{version}",
                            data_storage_version=version)
    for path in sorted(OUT.rglob("*")):
        if path.is_dir() and path.name in ("_transactions", "_indices"):
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
