"""Write the small tables that tests/corruption damages, with pylance.

    python make_corruption_data.py        # needs pylance 14.0.2; writes pylance-14.0.2/corruption/

One table per file version with every type, nulls, two fragments, deletions and (from 2.0 on) stable
row ids, and two with every encoding that can be asked for: few values per column, and columns long
enough for what the writer keeps from short ones. Files of several pages per column, blobs inside and
beside the data file, and a bitmap of deleted rows. What they hold does not matter, only that every
kind of page, file and manifest entry is there; the answers are tested elsewhere. File names change
with each run, so commit the folder as a whole.
"""

import datetime
import decimal
import shutil
from pathlib import Path

import lance
import pyarrow as pa
from lance.file import LanceFileWriter

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


def category(n: range) -> pa.Array:
    """Every fragment with the same dictionary, as file version 0.1 wants it."""
    return pa.DictionaryArray.from_arrays(
        pa.array(nulled(noise(i, 4) for i in n), pa.int32()), ["c0", "c1", "c2", "c3"]
    )


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
        "category": category(n),
        "vector": pa.array(nulled([float(i), 1.0, 2.0, 3.0] for i in n), pa.list_(pa.float32(), 4)),
        "list": pa.array(nulled(list(range(noise(i, 5))) for i in n), pa.list_(pa.int32())),
        "list_text": pa.array(
            nulled([f"t{k}" for k in range(noise(i, 4))] for i in n), pa.large_list(pa.string())
        ),
        "point": pa.array(
            [points[i] for i in n] if version == "2.0" else nulled(points[i] for i in n), point
        ),
        "points": pa.array([points[: noise(i, 4)] for i in n], pa.list_(point)),
        "deep": pa.array(
            nulled([[k] * noise(i + k, 3) for k in range(noise(i, 3))] for i in n),
            pa.list_(pa.list_(pa.int16())),
        ),
        "nothing": pa.nulls(len(n), pa.int32()),
        "same": pa.array([7] * len(n), pa.int64()),
    }
    fields = [pa.field(name, array.type) for name, array in columns.items()]
    if version == "0.1":
        for name in ("nothing", "deep", "huge", "points", "list_text"):
            del columns[name]
        fields = [field for field in fields if field.name in columns]
    else:
        fields.append(pa.field("blob", pa.large_binary(), metadata={"lance-encoding:blob": "true"}))
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
    vectors = pa.array(
        [[float(i)] * 8 for i in n[:40]] + [None] * (len(n) - 40), pa.list_(pa.float32(), 8)
    )
    add("vector", vectors, structural_encoding="fullzip")
    lists = pa.array(nulled([k for k in range(noise(i, 3))] for i in n), pa.list_(pa.int64()))
    add("list_full_zip", lists, structural_encoding="fullzip")
    packed = pa.struct([("a", pa.int32()), ("b", pa.float64())])
    add(
        "packed",
        pa.array(
            [{"a": i, "b": i / 2} for i in n[:50]] * (len(n) // 50)
            + [{"a": 0, "b": 0.0}] * (len(n) % 50),
            packed,
        ),
        packed="true",
    )
    add("null_lists", pa.array([None if i % 50 else [] for i in n], pa.list_(pa.int8())))
    if version == "2.3":
        add(
            "sparse",
            pa.array([i if i % 40 == 0 else None for i in n], pa.int64()),
            structural_encoding="sparse",
        )
        add(
            "sparse_list",
            pa.array([[i, i] if i % 30 == 0 else None for i in n], pa.list_(pa.int32())),
            structural_encoding="sparse",
        )
        add(
            "sparse_text",
            pa.array([f"s{i}" if noise(i, 9) == 0 else None for i in n], pa.string()),
            structural_encoding="sparse",
        )
    return pa.table(columns, schema=pa.schema(fields))


def prose(i: int) -> str:
    """Text that no two rows share, with parts that compress."""
    return (
        f"Row {i} of the corruption data says {noise(i, 10**9):x} and again "
        + "compressible words " * (i % 3)
    )


def codecs(version: str) -> pa.Table:
    """Columns long enough that the writer compresses them: buffers of 4 KiB, or 32 KiB for some."""
    n = range(3 * ROWS)
    fields, columns = [], []

    def add(name, array, **metadata):
        texts = {"lance-encoding:" + k.replace("_", "-"): str(v) for k, v in metadata.items()}
        fields.append(pa.field(name, array.type, metadata=texts or None))
        columns.append(array)

    text = pa.array([prose(i) for i in n], pa.string())
    nullable = pa.array(nulled(prose(i) for i in n), pa.string())
    words = pa.array(
        nulled([prose(i + k) for k in range(noise(i, 3))] for i in n), pa.list_(pa.string())
    )
    wide = pa.array(
        [[float(noise(i + k, 9)) for k in range(16)] for i in n], pa.list_(pa.float32(), 16)
    )
    symbols = pa.array(
        [
            " ".join(("common", "words", "of", "prose")[noise(i * k, 4)] for k in range(56))
            for i in n
        ]
    )
    giants = pa.array([f"{prose(i)} giant " * (900 if i % 60 == 0 else 1) for i in n], pa.string())
    add("plain", nullable, compression="none")
    add("zstd", text, compression="zstd", minichunk_size=16384)
    add("lz4", text, compression="lz4", minichunk_size=16384)
    add("fsst", symbols, compression="fsst", structural_encoding="miniblock")
    add("full_zip", nullable, structural_encoding="fullzip", compression="none")
    add(
        "full_zip_large",
        nullable.cast(pa.large_string()),
        structural_encoding="fullzip",
        compression="none",
    )
    add("full_zip_zstd", giants, structural_encoding="fullzip", compression="zstd")
    add("full_zip_fsst", symbols, structural_encoding="fullzip", compression="fsst")
    add("full_zip_lists", words, structural_encoding="fullzip", compression="none")
    add("wide", wide, structural_encoding="miniblock")
    add("small_chunks", words, minichunk_size=512, compression="none")
    numbers = pa.array([[i + k for k in range(noise(i, 60))] for i in n], pa.list_(pa.int16()))
    add("lists_in_small_chunks", numbers, minichunk_size=128)
    if version in ("2.2", "2.3"):
        point = pa.struct(
            [("a", pa.int32()), ("text", pa.string()), ("b", pa.list_(pa.int16(), 2))]
        )
        points = [{"a": i, "text": f"p{i}", "b": [i, None]} for i in n]
        add("packed_variable", pa.array(nulled(points), point), packed="true")
    bits = pa.array(nulled([k % 3 == 0 for k in range(5)] for i in n), pa.list_(pa.bool_(), 5))
    add("lists_of_bits", bits)
    return pa.table(columns, schema=pa.schema(fields))


def many_pages(version: str):
    """Several pages per column, of lists among others."""
    n = range(10 * ROWS)
    table = pa.table(
        {
            "id": pa.array(n, pa.int64()),
            "text": pa.array(nulled(f"{noise(i, 10**9)}" for i in n), pa.string()),
            "list": pa.array(nulled([i] * noise(i, 4) for i in n), pa.list_(pa.int32())),
            "point": pa.array(
                [{"x": i, "y": i / 2} for i in n],
                pa.struct([("x", pa.int32()), ("y", pa.float64())]),
            ),
        }
    )
    path = OUT / f"many-pages-v{version}.lance"
    with LanceFileWriter(
        path, table.schema, version=version, data_cache_bytes=2048, max_page_bytes=1024
    ) as writer:
        for start in range(0, len(table), ROWS):
            writer.write_batch(table.slice(start, ROWS).combine_chunks())


def many_deleted():
    """More deleted rows than an Arrow file lists: they are a bitmap."""
    table = pa.table({"group": pa.array((i // 50 for i in range(12_000)), pa.int16())})
    dataset = lance.write_dataset(table, OUT / "many-deleted", data_storage_version="2.1")
    dataset.delete("group % 2 = 1")
    dataset.cleanup_old_versions(datetime.timedelta(0), delete_unverified=True)


def blobs(version: str):
    """Blobs inside the data file, in a file they share and in files of their own."""
    sizes = [0, 1, 60, 300, 900]
    data = [None if i % 7 == 5 else bytes([i]) * sizes[i % 5] for i in range(20)]
    field = lance.blob_field("blob", inline_size_threshold=100, dedicated_size_threshold=800)
    table = pa.table(
        [pa.array(range(20), pa.int64()), lance.blob_array(data)],
        schema=pa.schema([pa.field("id", pa.int64()), field]),
    )
    lance.write_dataset(table, OUT / f"blobs-v{version}", data_storage_version=version)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for version in ("0.1", "2.0", "2.1", "2.2", "2.3"):
        path = OUT / f"types-v{version}"
        options = {"data_storage_version": version, "enable_stable_row_ids": version != "0.1"}
        lance.write_dataset(types(version, range(ROWS)), path, **options)
        dataset = lance.write_dataset(types(version, range(ROWS, 2 * ROWS)), path, mode="append")
        dataset.delete("id IN (1, 2, 3, 50, 70)")
        dataset.cleanup_old_versions(datetime.timedelta(0), delete_unverified=True)
        if version == "0.1":
            continue
        for name, make in (("encodings", encodings), ("codecs", codecs)):
            lance.write_dataset(
                make(version), OUT / f"{name}-v{version}", data_storage_version=version
            )
        if version in ("2.0", "2.1", "2.3"):
            many_pages(version)
        if version in ("2.2", "2.3"):
            blobs(version)
    many_deleted()
    for path in sorted(OUT.rglob("*")):
        if path.is_dir() and path.name in ("_transactions", "_indices"):
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
