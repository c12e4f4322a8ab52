// What a 2.0 field writer writes, the 2.0 field reader gives back.
#include "lancea/encoding/v2_0/field_writer.h"

#include <gtest/gtest.h>

#include "arrow/compare.h"
#include "arrow/json/from_string.h"
#include "arrow/scalar.h"
#include "lancea/encoding/v2_0/memory_file_for_test.h"
#include "lancea/encoding/v2_0/random_array_for_test.h"
#include "lancea/proto/encodings_v2_0.pb.h"

namespace lancea::v2_0 {
namespace {

using Metadata = std::map<std::string, std::string>;
using TypePtr = std::shared_ptr<arrow::DataType>;

Field MakeField(const TypePtr& type, const Metadata& metadata = {}) {
  Schema schema = FromArrow(arrow::Schema({arrow::field("c", type)})).ValueOrDie();
  schema.fields[0].metadata.insert(metadata.begin(), metadata.end());
  return schema.fields[0];
}

// Value by value: dictionaries may have been renumbered, and their nulls be items.
void ExpectSameValues(const arrow::Array& actual, const arrow::Array& expected) {
  ASSERT_EQ(actual.length(), expected.length());
  for (int64_t i = 0; i < actual.length(); ++i) {
    auto value = [&](const arrow::Array& array) {
      const auto scalar = array.GetScalar(i).ValueOrDie();
      return scalar->is_valid
                 ? static_cast<const arrow::DictionaryScalar&>(*scalar)
                       .GetEncodedValue()
                       .ValueOrDie()
                 : arrow::MakeNullScalar(
                       static_cast<const arrow::DictionaryType&>(*array.type()).value_type());
    };
    ASSERT_TRUE(value(actual)->Equals(*value(expected))) << "row " << i;
  }
}

void ExpectSame(const arrow::Array& actual, const arrow::Array& expected) {
  if (expected.type_id() == arrow::Type::DICTIONARY) return ExpectSameValues(actual, expected);
  EXPECT_TRUE(actual.Equals(expected, arrow::EqualOptions().nans_equal(true)))
      << actual.ToString() << "\nexpected\n"
      << expected.ToString();
}

// Write the arrays, read everything and some ranges of it.
void ExpectRoundTrip(const Field& field, const arrow::ArrayVector& arrays, const PageLimits& limits,
                     RandomArrays* random) {
  MemoryFile file;
  const arrow::Status written = file.Write(field, arrays, limits);
  ASSERT_TRUE(written.ok()) << written.ToString();
  const auto whole = arrow::Concatenate(arrays).ValueOrDie();
  if (whole->length() == 0) return;
  std::vector<RowRange> some;
  arrow::ArrayVector expected;
  for (int64_t at = random->Below(3); at < whole->length(); at += 1 + random->Below(9)) {
    const int64_t end = std::min(whole->length(), at + 1 + random->Below(5));
    some.push_back({static_cast<uint64_t>(at), static_cast<uint64_t>(end)});
    expected.push_back(whole->Slice(at, end - at));
    at = end;
  }
  const std::vector<RowRange> all = {{0, file.num_rows()}};
  auto expect_read = [&](const std::vector<RowRange>& ranges, const arrow::Array& rows) {
    auto read = file.ReadArrays(ranges);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    int64_t at = 0;
    for (const auto& array : *read) {
      ExpectSame(*array, *rows.Slice(at, array->length()));
      at += array->length();
    }
    EXPECT_EQ(at, rows.length());
  };
  expect_read(all, *whole);
  if (!some.empty()) expect_read(some, *arrow::Concatenate(expected).ValueOrDie());
}

struct TypeCase {
  std::string name;
  TypePtr type;
};
void PrintTo(const TypeCase& c, std::ostream* out) { *out << c.name; }

const TypePtr kPoint = arrow::struct_(
    {arrow::field("x", arrow::float64()), arrow::field("tags", arrow::list(arrow::utf8()))});

const TypeCase kTypes[] = {
    {"Null", arrow::null()},
    {"Bool", arrow::boolean()},
    {"Int8", arrow::int8()},
    {"UInt16", arrow::uint16()},
    {"Int32", arrow::int32()},
    {"UInt64", arrow::uint64()},
    {"HalfFloat", arrow::float16()},
    {"Float", arrow::float32()},
    {"Double", arrow::float64()},
    {"Decimal128", arrow::decimal128(20, 3)},
    {"Decimal256", arrow::decimal256(40, 3)},
    {"Date32", arrow::date32()},
    {"Date64", arrow::date64()},
    {"Time32", arrow::time32(arrow::TimeUnit::MILLI)},
    {"Time64", arrow::time64(arrow::TimeUnit::NANO)},
    {"Timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "+01:00")},
    {"Duration", arrow::duration(arrow::TimeUnit::SECOND)},
    {"FixedSizeBinary", arrow::fixed_size_binary(5)},
    {"Vector", arrow::fixed_size_list(arrow::float32(), 8)},
    {"BoolVector", arrow::fixed_size_list(arrow::boolean(), 3)},
    {"Matrix", arrow::fixed_size_list(arrow::fixed_size_list(arrow::int16(), 3), 2)},
    {"String", arrow::utf8()},
    {"Binary", arrow::binary()},
    {"LargeString", arrow::large_utf8()},
    {"LargeBinary", arrow::large_binary()},
    {"DictionaryOfStrings", arrow::dictionary(arrow::int8(), arrow::utf8())},
    {"DictionaryOfNumbers", arrow::dictionary(arrow::uint32(), arrow::int64())},
    {"DictionaryOfLargeStrings", arrow::dictionary(arrow::int64(), arrow::large_utf8())},
    {"ListOfNumbers", arrow::list(arrow::int32())},
    {"LargeListOfStrings", arrow::large_list(arrow::utf8())},
    {"ListOfVectors", arrow::list(arrow::fixed_size_list(arrow::float32(), 4))},
    {"ListOfLists", arrow::list(arrow::list(arrow::int8()))},
    {"ListOfStructs", arrow::list(kPoint)},
    {"Struct", arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("p", kPoint)})},
};

class FieldWriterTypes : public testing::TestWithParam<TypeCase> {};
INSTANTIATE_TEST_SUITE_P(Types, FieldWriterTypes, testing::ValuesIn(kTypes),
                         [](const auto& info) { return info.param.name; });

TEST_P(FieldWriterTypes, ReturnsTheSameRows) {
  const Field field = MakeField(GetParam().type);
  uint32_t seed = 1;
  for (double null_share : {0.0, 0.3, 1.0}) {
    for (int64_t num_rows : {0, 1, 8, 133, 1000}) {
      for (uint64_t page_bytes : {uint64_t{64}, uint64_t{2000}, uint64_t{8} << 20}) {
        SCOPED_TRACE(testing::Message() << "seed " << seed << ", nulls " << null_share << ", rows "
                                        << num_rows << ", page bytes " << page_bytes);
        RandomArrays random(seed, null_share, seed % 2 == 0 ? 20 : 1000);
        arrow::ArrayVector arrays;
        for (int i = 0; i < 3; ++i) {
          arrays.push_back(random.Make(GetParam().type, i == 1 ? random.Below(20) : num_rows));
        }
        ExpectRoundTrip(field, arrays, {page_bytes, 2 * page_bytes}, &random);
        if (testing::Test::HasFailure()) return;
        ++seed;
      }
    }
  }
}

TEST(FieldWriter, PacksStructs) {
  const auto type =
      arrow::struct_({arrow::field("id", arrow::int64()), arrow::field("flag", arrow::int8()),
                      arrow::field("v", arrow::fixed_size_list(arrow::float32(), 3))});
  const Field field = MakeField(type, {{"lance-encoding:packed", "true"}});
  RandomArrays random(7, 0);
  const arrow::ArrayVector arrays = {random.Make(type, 300), random.Make(type, 5)};
  ExpectRoundTrip(field, arrays, {1000, 2000}, &random);
  MemoryFile file;
  ASSERT_TRUE(file.Write(field, arrays, {}).ok());
  ASSERT_EQ(file.column(0).pages.size(), 1u);
  EXPECT_EQ(file.column(0).pages[0].buffers[0].length, 305u * (8 + 1 + 12));
}

TEST(FieldWriter, PacksStructsInLists) {
  const auto type = arrow::list(
      arrow::struct_({arrow::field("x", arrow::int64()), arrow::field("y", arrow::int8())}));
  Field field = MakeField(type);
  field.children[0].metadata["packed"] = "true";
  // Structs hold no nulls, and neither may their packed children.
  RandomArrays random(8, 0);
  ExpectRoundTrip(field, {random.Make(type, 300), random.Make(type, 5)}, {1000, 2000}, &random);
  MemoryFile file;
  const auto empty = arrow::json::ArrayFromJSONString(type, "[[], null]").ValueOrDie();
  ASSERT_TRUE(file.Write(field, {empty}, {}).ok());
  EXPECT_EQ(file.column(1).pages.size(), 1u) << "readers look for a page";
}

TEST(FieldWriter, FewStringsBecomeADictionary) {
  RandomArrays random(9, 0.1, 50);
  auto describe = [&](int distinct, int64_t num_rows) {
    MemoryFile file;
    RandomArrays strings(9, 0.1, distinct);
    EXPECT_TRUE(
        file.Write(MakeField(arrow::utf8()), {strings.Make(arrow::utf8(), num_rows)}, {}).ok());
    return DescribeArrayEncoding(file.column(0).pages[0]).ValueOrDie();
  };
  EXPECT_EQ(describe(50, 1000), "dictionary(flat(8), binary(flat(64), flat(8)))");
  EXPECT_EQ(describe(50, 99), "binary(flat(64), flat(8))");
  EXPECT_EQ(describe(5000, 1000), "binary(flat(64), flat(8))");
}

TEST(FieldWriter, PagesOfItemsServeOnePageOfLists) {
  const auto type = arrow::list(arrow::int64());
  RandomArrays random(10, 0.2);
  MemoryFile file;
  ASSERT_TRUE(file.Write(MakeField(type), {random.Make(type, 5000)}, {1000, 2000}).ok());
  std::vector<uint64_t> list_ends, item_ends;
  for (const PageInfo& page : file.column(0).pages) {
    lance::encodings::ArrayEncoding encoding;
    ASSERT_TRUE(encoding.ParseFromString(page.encoding.value));
    list_ends.push_back(encoding.list().num_items() + (list_ends.empty() ? 0 : list_ends.back()));
  }
  for (const PageInfo& page : file.column(1).pages) {
    item_ends.push_back(page.first_row + page.num_rows);
  }
  EXPECT_GT(list_ends.size(), 10u);
  EXPECT_TRUE(std::ranges::includes(item_ends, list_ends));
}

TEST(FieldWriter, PutsBlobsOutOfLine) {
  const auto type = arrow::large_binary();
  const Field field = MakeField(type, {{"lance-encoding:blob", "true"}});
  const auto rows =
      arrow::json::ArrayFromJSONString(type, R"(["one", null, "", "three"])").ValueOrDie();
  MemoryFile file;
  ASSERT_TRUE(file.Write(field, {rows}, {}).ok());
  lance::encodings::ColumnEncoding column;
  EXPECT_EQ(file.column(0).encoding.type_url, kColumnEncodingUrl);
  ASSERT_TRUE(column.ParseFromString(file.column(0).encoding.value));
  EXPECT_TRUE(column.blob().inner().has_values());
  const std::vector<RowRange> all = {{0, 4}};
  const auto read = file.Read(all).ValueOrDie();
  const auto& blobs = static_cast<const arrow::StructArray&>(*read);
  const auto& positions = static_cast<const arrow::UInt64Array&>(*blobs.field(0));
  const auto& sizes = static_cast<const arrow::UInt64Array&>(*blobs.field(1));
  EXPECT_EQ(file.bytes().substr(positions.Value(0), sizes.Value(0)), "one");
  EXPECT_EQ(file.bytes().substr(positions.Value(3), sizes.Value(3)), "three");
  EXPECT_EQ(std::pair(positions.Value(1), sizes.Value(1)), std::pair(uint64_t{1}, uint64_t{0}));
  EXPECT_EQ(std::pair(positions.Value(2), sizes.Value(2)), std::pair(uint64_t{0}, uint64_t{0}));
}

TEST(FieldWriter, CompressesBytesOnRequest) {
  for (const char* scheme : {"zstd", "lz4", "fsst", "none"}) {
    for (const TypePtr& type : {arrow::utf8(), arrow::large_binary()}) {
      SCOPED_TRACE(testing::Message() << scheme << " " << type->ToString());
      const Field field = MakeField(type, {{"lance-encoding:compression", scheme}});
      for (double null_share : {0.0, 0.4, 1.0}) {
        RandomArrays random(11, null_share, 100000);
        const arrow::ArrayVector arrays = {random.Make(type, 6000)};
        ExpectRoundTrip(field, arrays, {}, &random);
        MemoryFile compressed, plain;
        ASSERT_TRUE(compressed.Write(field, arrays, {}).ok());
        ASSERT_TRUE(plain.Write(MakeField(type), arrays, {}).ok());
        const bool shrinks = null_share < 1 && std::string(scheme) != "none" &&
                             !(std::string(scheme) == "fsst" && type->id() != arrow::Type::STRING);
        EXPECT_EQ(compressed.bytes().size() < plain.bytes().size(), shrinks);
      }
    }
  }
}

TEST(FieldWriter, NamesTheColumnItCannotWrite) {
  auto write = [](const Field& field, const char* json) {
    MemoryFile file;
    const auto type = ToArrow(field).ValueOrDie()->type();
    return file.Write(field, {arrow::json::ArrayFromJSONString(type, json).ValueOrDie()}, {});
  };
  const auto x = arrow::struct_({arrow::field("x", arrow::int32())});
  const auto s =
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("s", arrow::utf8())});
  const Metadata packed = {{"packed", "true"}};
  for (const arrow::Status& status :
       {write(MakeField(arrow::map(arrow::utf8(), arrow::int32())), "[]"),
        write(MakeField(arrow::fixed_size_list(x, 2)), "[]"), write(MakeField(s, packed), "[]")}) {
    EXPECT_TRUE(status.IsInvalid()) << status.ToString();
    EXPECT_NE(status.message().find("\"c\""), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("data_storage_version 2.2"), std::string::npos)
        << status.ToString();
  }
  for (const arrow::Status& status : {write(MakeField(x), R"([{"x": 1}, null])"),
                                      write(MakeField(x, packed), R"([{"x": 1}, {"x": null}])")}) {
    EXPECT_TRUE(status.IsInvalid()) << status.ToString();
    EXPECT_NE(status.message().find("\"c\""), std::string::npos) << status.ToString();
  }
}

TEST(FieldWriter, NullStructsBehindNullListsAreNoNulls) {
  const auto type = arrow::list(arrow::struct_({arrow::field("x", arrow::int32())}));
  const auto items =
      arrow::json::ArrayFromJSONString(type->field(0)->type(), R"([{"x": 1}, null, {"x": 3}])")
          .ValueOrDie();
  auto data = arrow::ArrayData::Make(type, 3,
                                     {arrow::Buffer::FromString(std::string(1, 0b101)),
                                      arrow::Buffer::FromVector(std::vector<int32_t>{0, 1, 2, 3})},
                                     {items->data()});
  RandomArrays random(12, 0);
  ExpectRoundTrip(MakeField(type), {arrow::MakeArray(data)}, {}, &random);
}

TEST(FieldWriter, NullsNeedAFreeDictionaryKey) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::int32());
  auto make = [&](int num_items, int first_item = 0) {
    std::vector<int32_t> items(static_cast<size_t>(num_items));
    for (size_t i = 0; i < items.size(); ++i) items[i] = first_item + static_cast<int32_t>(i);
    auto data = arrow::ArrayData::Make(type, 3,
                                       {arrow::Buffer::FromString(std::string(1, 0b101)),
                                        arrow::Buffer::FromString(std::string("\x05\x00\x07", 3))});
    data->dictionary = arrow::ArrayData::Make(
        arrow::int32(), num_items, {nullptr, arrow::Buffer::FromVector(std::move(items))}, 0);
    return arrow::MakeArray(data);
  };
  RandomArrays random(13, 0);
  ExpectRoundTrip(MakeField(type), {make(127)}, {}, &random);
  MemoryFile file;
  EXPECT_TRUE(file.Write(MakeField(type), {make(128)}, {}).IsInvalid());
  // Dictionaries that cannot be joined keep pages of their own.
  MemoryFile apart;
  ASSERT_TRUE(apart.Write(MakeField(type), {make(100), make(90, 1000)}, {}).ok());
  EXPECT_EQ(apart.column(0).pages.size(), 2u);
  const std::vector<RowRange> second = {{3, 6}};
  ExpectSame(*apart.Read(second).ValueOrDie(), *make(90, 1000));
}

TEST(FieldWriter, RoundTripsStructsOfNoFields) {
  RandomArrays random(7, 0.1);
  const auto empty = arrow::struct_({});
  for (const auto& [type, json] :
       {std::pair{empty, "[{}, {}, {}]"},
        {arrow::struct_({arrow::field("e", empty)}), R"([{"e": {}}, {"e": {}}, {"e": {}}])"},
        {arrow::list(empty), "[[{}, {}], null, [], [{}]]"}}) {
    const auto rows = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
    ExpectRoundTrip(MakeField(type), {rows}, {}, &random);
  }
}

}  // namespace
}  // namespace lancea::v2_0
