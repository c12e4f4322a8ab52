"""Schemas: fields with ids, and their JSON form."""

from __future__ import annotations

import json

import lance
import pyarrow as pa
import pytest
from interop.support import assert_same_schema
from lance.schema import json_to_schema as their_schema
from lance.schema import schema_to_json as their_json

import lancea

PLACE = pa.struct([pa.field("x", pa.float32()), pa.field("Name", pa.utf8(), nullable=False)])
SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False, metadata={"unit": "none"}),
        pa.field("Text", pa.utf8()),
        pa.field("place", PLACE),
        pa.field("places", pa.list_(pa.field("item", PLACE))),
        pa.field("vector", pa.list_(pa.float16(), 8)),
        pa.field("kind", pa.dictionary(pa.int16(), pa.utf8())),
    ],
    metadata={"owner": "tests", "note": "été"},
)


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[lancea.LanceSchema, lance.LanceSchema]:
    path = tmp_path_factory.mktemp("schema") / "t"
    lance.write_dataset(SCHEMA.empty_table(), path)
    return lancea.dataset(path).lance_schema, lance.dataset(str(path)).lance_schema


def facts(field) -> tuple:
    children = [facts(child) for child in field.children()]
    return field.name(), field.id(), field.is_unenforced_primary_key(), children


def test_fields_have_the_ids_that_pylance_gave(both):
    mine, theirs = both
    assert [facts(field) for field in mine.fields()] == [facts(f) for f in theirs.fields()]
    assert_same_schema(mine.to_pyarrow(), theirs.to_pyarrow())


def test_ids_of_an_arrow_schema_are_those_that_pylance_gives():
    mine, theirs = (m.LanceSchema.from_pyarrow(SCHEMA) for m in (lancea, lance.schema))
    assert [facts(field) for field in mine.fields()] == [facts(f) for f in theirs.fields()]
    assert_same_schema(mine.to_pyarrow(), SCHEMA)


@pytest.mark.parametrize(
    "name", ["id", "place", "place.x", "places.item.Name", "vector", "nothing", "place.y", "ID"]
)
def test_fields_are_found_by_name(both, name):
    mine, theirs = both
    for method in ("field", "field_case_insensitive"):
        found, expected = getattr(mine, method)(name), getattr(theirs, method)(name)
        assert (found and facts(found)) == (expected and facts(expected)), method


def test_a_field_says_what_it_is(both):
    field = both[0].field("id")
    assert (field.logical_type(), field.nullable(), field.metadata) == (
        "int64",
        False,
        {"unit": "none"},
    )
    assert field.to_arrow() == SCHEMA.field("id")
    assert both[0].field("vector").logical_type() == "fixed_size_list:halffloat:8"
    assert both[0].field("place.Name").to_arrow() == PLACE.field("Name")


def test_the_primary_key_is_in_its_order(tmp_path):
    def key(name: str, position: int) -> pa.Field:
        prefix = "lance-schema:unenforced-primary-key"
        metadata = {prefix: "true", f"{prefix}:position": str(position)}
        return pa.field(name, pa.int64(), False, metadata)

    schema = pa.schema([key("second", 2), pa.field("other", pa.int8()), key("first", 1)])
    lance.write_dataset(schema.empty_table(), tmp_path / "t")
    mine = lancea.dataset(tmp_path / "t").lance_schema
    theirs = lance.dataset(str(tmp_path / "t")).lance_schema
    names = [field.name() for field in mine.unenforced_primary_key()]
    assert names == [field.name() for field in theirs.unenforced_primary_key()]
    assert names == ["first", "second"]


def test_schemas_are_equal_by_what_they_say(both):
    mine = both[0]
    assert mine == lancea.LanceSchema.from_pyarrow(SCHEMA)
    assert mine != lancea.LanceSchema.from_pyarrow(SCHEMA.remove(0))
    assert mine.field("id") == mine.fields()[0] != mine.fields()[1]
    assert mine != SCHEMA
    for part in ("'id'", "id: 0", "vector", "children"):
        assert part in repr(mine)


JSON_TYPES = [
    *(pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.utf8(), pa.large_utf8()),
    *(pa.binary(), pa.large_binary(), pa.date32(), pa.date64(), pa.binary(7)),
    *(pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
    *(pa.timestamp("s"), pa.timestamp("ns", "UTC"), pa.timestamp("us", "Europe/Zurich")),
    *(pa.timestamp("ms", "+02:00"), pa.duration("ms"), pa.duration("ns")),
    *(pa.decimal128(20, 3), pa.decimal256(60, 0), pa.decimal128(10, -2)),
    *(pa.list_(pa.int8()), pa.large_list(pa.utf8()), pa.list_(pa.float32(), 16)),
    *(pa.dictionary(pa.int8(), pa.utf8()), pa.dictionary(pa.uint32(), pa.float64())),
    *(PLACE, pa.list_(PLACE), pa.struct([pa.field("deep", pa.list_(pa.list_(PLACE)))])),
    pa.list_(pa.field("item", pa.int64(), nullable=False, metadata={"a": "b"})),
]


@pytest.mark.parametrize("kind", JSON_TYPES, ids=str)
@pytest.mark.parametrize("nullable", [True, False])
def test_a_schema_in_json_is_as_pylance_writes_it(kind, nullable):
    nullable |= pa.types.is_null(kind)
    schema = pa.schema([pa.field("a", kind, nullable, {"k": "v"})], metadata={"m": "n"})
    mine, theirs = lancea.schema_to_json(schema), their_json(schema)
    assert json.loads(json.dumps(mine)) == theirs
    assert_same_schema(lancea.json_to_schema(theirs), schema)
    assert_same_schema(their_schema(mine), schema)


def test_names_of_types_in_the_rest_namespace_are_read():
    names = {
        "utf8": pa.utf8(),
        "large_utf8": pa.large_utf8(),
        "float16": pa.float16(),
        "float32": pa.float32(),
        "float64": pa.float64(),
        "date32": pa.date32(),
        "date64": pa.date64(),
    }
    fields = [{"name": name, "type": {"type": name}, "nullable": True} for name in names]
    assert lancea.json_to_schema({"fields": fields}) == pa.schema(names)


def test_extension_types_are_known_by_their_metadata():
    schema = pa.schema([pa.field("a", pa.json_())])
    assert lancea.json_to_schema(their_json(schema)) == schema


def test_a_type_without_json_form_is_refused():
    with pytest.raises(ValueError, match="no JSON form"):
        lancea.schema_to_json(pa.schema([pa.field("a", pa.run_end_encoded(pa.int32(), pa.int8()))]))
    for kind in ("nothing", "timestamp:parsec:-", "list:3"):
        with pytest.raises(ValueError, match="unknown type"):
            lancea.json_to_schema(
                {"fields": [{"name": "a", "type": {"type": kind}, "nullable": True}]}
            )
