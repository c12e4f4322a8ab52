#include <gtest/gtest.h>

#include "arrow/array/array_nested.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "lancea/error.h"
#include "lancea/schema/field.h"
#include "lancea/schema/logical_type.h"
#include "lancea/schema/projection.h"

namespace lancea {
namespace {

using arrow::field;

// Texts as pylance 14.0.2 writes them.
struct TextCase {
  const char* text;
  std::shared_ptr<arrow::DataType> type;
};
const TextCase kTexts[] = {
    {"null", arrow::null()},
    {"halffloat", arrow::float16()},
    {"string", arrow::utf8()},
    {"large_binary", arrow::large_binary()},
    {"date32:day", arrow::date32()},
    {"date64:ms", arrow::date64()},
    {"time32:ms", arrow::time32(arrow::TimeUnit::MILLI)},
    {"time64:ns", arrow::time64(arrow::TimeUnit::NANO)},
    {"duration:us", arrow::duration(arrow::TimeUnit::MICRO)},
    {"timestamp:us:-", arrow::timestamp(arrow::TimeUnit::MICRO)},
    {"timestamp:ns:+08:00", arrow::timestamp(arrow::TimeUnit::NANO, "+08:00")},
    {"decimal:128:10:2", arrow::decimal128(10, 2)},
    {"decimal:256:76:-3", arrow::decimal256(76, -3)},
    {"fixed_size_binary:16", arrow::fixed_size_binary(16)},
    {"fixed_size_list:float:128", arrow::fixed_size_list(arrow::float32(), 128)},
    {"fixed_size_list:fixed_size_list:timestamp:s:UTC:2:3",
     arrow::fixed_size_list(
         arrow::fixed_size_list(arrow::timestamp(arrow::TimeUnit::SECOND, "UTC"), 2), 3)},
    {"dict:string:uint8:false", arrow::dictionary(arrow::uint8(), arrow::utf8())},
};

TEST(LogicalType, ReadsEveryTextPylanceWrites) {
  for (const TextCase& c : kTexts) {
    auto type = ParseLogicalType(c.text);
    ASSERT_TRUE(type.ok()) << c.text << type.status().ToString();
    EXPECT_TRUE((*type)->Equals(*c.type)) << c.text << " gives " << (*type)->ToString();
    EXPECT_EQ(FormatLogicalType(*c.type).ValueOr("error"), c.text);
  }
}

TEST(LogicalType, Bfloat16ListsKeepTheirExtensionName) {
  auto type = *ParseLogicalType("fixed_size_list:lance.bfloat16:8");
  auto item = type->field(0);
  EXPECT_TRUE(item->type()->Equals(*arrow::fixed_size_binary(2)));
  EXPECT_EQ(*item->metadata()->Get("ARROW:extension:name"), "lance.bfloat16");
  EXPECT_EQ(*FormatLogicalType(*type), "fixed_size_list:lance.bfloat16:8");
}

TEST(LogicalType, RefusesMalformedTexts) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "fixed_size_list:";
  deep += "int8";
  for (int i = 0; i < 1000; ++i) deep += ":1";
  for (const std::string& text :
       {std::string("timestamp:us"), std::string("timestamp:decade:UTC"), std::string("time32:ns"),
        std::string("decimal:64:3:1"), std::string("decimal:128:99:1"),
        std::string("decimal:128:10:999"), std::string("fixed_size_list:float:0"),
        std::string("fixed_size_list:float:-1"), std::string("fixed_size_list:float"),
        std::string("fixed_size_list:list:4"), std::string("fixed_size_list:float:99999999999"),
        std::string("fixed_size_list:fixed_size_list:int8:65536:65536"),
        std::string("fixed_size_binary:x"), std::string("fixed_size_binary:-1"),
        std::string("dict:string:float:false"), std::string("dict:string:int8"), deep}) {
    auto type = ParseLogicalType(text);
    ASSERT_FALSE(type.ok()) << text;
    EXPECT_EQ(CategoryOf(type.status()), ErrorCategory::kCorrupt) << type.status().ToString();
  }
  EXPECT_EQ(CategoryOf(ParseLogicalType("int128").status()), ErrorCategory::kUnsupported);
}

Field MakeField(int32_t id, const char* name, const char* logical_type) {
  Field made;
  made.id = id;
  made.name = name;
  made.logical_type = logical_type;
  return made;
}

std::shared_ptr<arrow::Schema> NestedSchema() {
  auto point = arrow::struct_({field("x", arrow::int32()), field("y", arrow::utf8())});
  return arrow::schema({field("id", arrow::int64(), false), field("s", point),
                        field("points", arrow::list(field("item", point))),
                        field("m", arrow::map(arrow::utf8(), arrow::int32())),
                        field("v", arrow::fixed_size_list(field("item", arrow::float32()), 4)),
                        field("vs", arrow::fixed_size_list(field("item", point), 2))},
                       arrow::key_value_metadata({"k"}, {"v"}));
}

TEST(Schema, ArrowSchemasSurviveTheRoundTrip) {
  Schema schema = *FromArrow(*NestedSchema());
  EXPECT_TRUE((*ToArrow(schema))->Equals(*NestedSchema(), /*check_metadata=*/true));
  EXPECT_EQ(schema.max_field_id(), 16);
  EXPECT_EQ(schema.FindById(3)->name, "y");
  EXPECT_EQ(schema.FindById(3)->parent_id, 1);
  EXPECT_EQ(schema.FindById(99), nullptr);
  EXPECT_EQ(schema.FindById(-1), nullptr);
}

TEST(Schema, ProtoSurvivesTheRoundTrip) {
  Schema schema = *FromArrow(*NestedSchema());
  schema.fields[0].primary_key_position = 2;
  lance::file::Schema proto;
  SchemaToProto(schema, proto.mutable_fields(), proto.mutable_metadata());
  EXPECT_EQ(proto.fields_size(), 17);
  EXPECT_EQ(*SchemaFromProto(proto.fields(), proto.metadata()), schema);
}

lance::file::Field* AddProto(lance::file::Schema* schema, int id, int parent, const char* name,
                             const char* type) {
  auto* proto = schema->add_fields();
  proto->set_id(id);
  proto->set_parent_id(parent);
  proto->set_name(name);
  proto->set_logical_type(type);
  return proto;
}

TEST(Schema, AttachesTheParentlessChildrenOfABlobDescriptor) {
  lance::file::Schema proto;
  auto* blob = AddProto(&proto, 0, -1, "v", "struct");
  (*blob->mutable_metadata())["lance-encoding:blob"] = "true";
  (*blob->mutable_metadata())["lance-encoding:packed"] = "true";
  AddProto(&proto, -1, -1, "kind", "uint8");
  AddProto(&proto, -1, -1, "position", "uint64");
  AddProto(&proto, -1, -1, "size", "uint64");
  AddProto(&proto, -1, -1, "blob_id", "uint32");
  AddProto(&proto, -1, -1, "blob_uri", "string");
  AddProto(&proto, 5, -1, "i", "int64");
  Schema schema = *SchemaFromProto(proto.fields(), {});
  ASSERT_EQ(schema.fields.size(), 2u);
  EXPECT_EQ(schema.fields[0].children.size(), 5u);
  EXPECT_TRUE(IsBlobV2(schema.fields[0]));
  EXPECT_EQ(schema.fields[1].name, "i");
}

TEST(Schema, RefusesContradictingFieldLists) {
  lance::file::Schema orphan;
  AddProto(&orphan, 1, 7, "a", "int32");
  lance::file::Schema twice;
  AddProto(&twice, 1, -1, "a", "int32");
  AddProto(&twice, 1, -1, "b", "int32");
  lance::file::Schema deep;
  for (int i = 0; i < 5000; ++i) AddProto(&deep, i, i - 1, "s", "struct");
  for (const auto& proto : {orphan, twice, deep}) {
    auto schema = SchemaFromProto(proto.fields(), {});
    EXPECT_EQ(CategoryOf(schema.status()), ErrorCategory::kCorrupt) << schema.status().ToString();
  }
}

TEST(Schema, RefusesNestedTypesWithoutTheirChild) {
  for (const char* type : {"list", "map", "fixed_size_list:struct:2"}) {
    Field list = MakeField(0, "f", type);
    EXPECT_EQ(CategoryOf(ToArrow(list).status()), ErrorCategory::kCorrupt);
  }
  Field map = MakeField(0, "m", "map");
  map.children.push_back(MakeField(1, "entries", "int32"));
  EXPECT_EQ(CategoryOf(ToArrow(map).status()), ErrorCategory::kCorrupt);
}

TEST(Schema, RefusesDottedAndRepeatedColumnNames) {
  EXPECT_FALSE(FromArrow(*arrow::schema({field("a.b", arrow::int8())})).ok());
  EXPECT_FALSE(
      FromArrow(*arrow::schema({field("a", arrow::int8()), field("a", arrow::int8())})).ok());
}

// The three views of JSON and blob columns are those of the table in field.h.
TEST(Schema, JsonReadsAsText) {
  Field json = MakeField(0, "j", "json");
  json.metadata["ARROW:extension:name"] = "lance.json";
  auto stored = *ToArrow(json);
  EXPECT_TRUE(stored->type()->Equals(*arrow::large_binary()));
  EXPECT_EQ(*stored->metadata()->Get("ARROW:extension:name"), "lance.json");
  for (const Field& shown : {AsRead(json), AsDeclared(json)}) {
    auto read = *ToArrow(shown);
    EXPECT_TRUE(read->type()->Equals(*arrow::utf8()));
    EXPECT_EQ(*read->metadata()->Get("ARROW:extension:name"), "arrow.json");
  }
}

TEST(Schema, BlobsReadAsDescriptorsOrBytes) {
  Field v1 = MakeField(0, "b", "large_binary");
  v1.metadata["lance-encoding:blob"] = "true";
  Field v2 = MakeField(1, "v", "struct");
  v2.metadata["ARROW:extension:name"] = "lance.blob.v2";
  v2.metadata["ARROW:extension:metadata"] = "";
  v2.children.push_back(MakeField(2, "data", "large_binary"));
  v2.children.push_back(MakeField(3, "uri", "string"));

  EXPECT_TRUE((*ToArrow(AsDeclared(v1)))->type()->Equals(*arrow::large_binary()));
  EXPECT_TRUE((*ToArrowAsRead(v1))
                  ->type()
                  ->Equals(*arrow::struct_(
                      {field("position", arrow::uint64()), field("size", arrow::uint64())})));
  auto descriptor = arrow::struct_(
      {field("kind", arrow::uint8(), false), field("position", arrow::uint64(), false),
       field("size", arrow::uint64(), false), field("blob_id", arrow::uint32(), false),
       field("blob_uri", arrow::utf8(), false)});
  auto read = *ToArrowAsRead(v2);
  EXPECT_TRUE(read->type()->Equals(*descriptor));
  EXPECT_TRUE(read->metadata()->Equals(*arrow::key_value_metadata(
      {"lance-encoding:blob", "lance-encoding:packed"}, {"true", "true"})));
  for (const Field& blob : {v1, v2}) {
    EXPECT_TRUE(
        (*ToArrowAsRead(blob, BlobHandling::kBinary))->type()->Equals(*arrow::large_binary()));
  }
}

std::string Names(const Schema& schema) {
  std::string out;
  VisitFields(schema.fields, [&](const Field& f) { out += f.name + " "; });
  return out;
}

TEST(Projection, KeepsTheOrderAskedAndMergesStructs) {
  Schema schema = *FromArrow(*NestedSchema());
  EXPECT_EQ(Names(*Project(schema, {"v", "id"})), "v id ");
  EXPECT_EQ(Names(*Project(schema, {"s.y", "id", "s.x"})), "s y x id ");
  EXPECT_EQ(Names(*Project(schema, {"s", "s.x", "id", "id"})), "s x y id ");
  EXPECT_EQ(Names(*Project(schema, {"s.y", "s"})), "s y x ");
  EXPECT_EQ(Names(*Project(schema, {"points.item.y"})), "points item y ");
  EXPECT_EQ(Names(*Project(schema, {"m.entries.key"})), "m entries key value ");
  EXPECT_EQ(Names(*Project(schema, {})), "");
  std::vector<std::string> many(20, "s.x");
  many.push_back("v");
  EXPECT_EQ(Names(*Project(schema, many)), "s x v ");
}

TEST(Projection, NamesTheNearestColumn) {
  Schema schema =
      *FromArrow(*arrow::schema({field("vector", arrow::int8()),
                                 field("s", arrow::struct_({field("name", arrow::int8())}))}));
  auto message = [&](const char* column) {
    auto result = Project(schema, {column});
    EXPECT_EQ(CategoryOf(result.status()), ErrorCategory::kNotFound);
    return result.status().message();
  };
  EXPECT_EQ(message("vectro"), "no column \"vectro\"; did you mean \"vector\"? columns: vector, s");
  EXPECT_EQ(message("Vector"), "no column \"Vector\"; did you mean \"vector\"? columns: vector, s");
  EXPECT_EQ(message("s.nam"), "no column \"s.nam\"; did you mean \"s.name\"? columns: vector, s");
  EXPECT_EQ(message("VECTOR"), "no column \"VECTOR\"; did you mean \"vector\"? columns: vector, s");
  EXPECT_EQ(message("vce"), "no column \"vce\"; columns: vector, s");
  EXPECT_EQ(message("zzzzzz"), "no column \"zzzzzz\"; columns: vector, s");
}

TEST(Projection, PathsQuoteNamesWithDots) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(*ParseFieldPath("a.`b.c`.`d``e`"), (Names{"a", "b.c", "d`e"}));
  EXPECT_EQ(FormatFieldPath(Names{"a", "b.c", "d`e"}), "a.`b.c`.`d``e`");
  for (const char* bad : {"", ".", "a.", "a..b", "`a", "`a`b", "a`b`", "``"}) {
    EXPECT_EQ(CategoryOf(ParseFieldPath(bad).status()), ErrorCategory::kInvalidInput) << bad;
  }
}

TEST(Projection, ByIdsKeepsAncestorsAndSchemaOrder) {
  Schema schema = *FromArrow(*NestedSchema());
  EXPECT_EQ(Names(ProjectByIds(schema, std::vector<int32_t>{3, 0})), "id s y ");
  EXPECT_EQ(Names(ProjectByIds(schema, std::vector<int32_t>{1})), "s x y ");
  EXPECT_EQ(Names(ProjectByIds(schema, std::vector<int32_t>{-1, 77})), "");
}

}  // namespace
}  // namespace lancea
