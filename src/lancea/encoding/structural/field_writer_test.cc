// What is written is read back: types x nulls x nesting x sizes x versions, by the project's own reader.
#include "lancea/encoding/structural/field_writer.h"

#include <gtest/gtest.h>

#include "arrow/array/concatenate.h"
#include "arrow/json/from_string.h"
#include "lancea/encoding/structural/plain_array_test_support.h"
#include "lancea/encoding/structural/random_array_test_support.h"
#include "lancea/encoding/structural/written_field_test_support.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::field;
using TypePtr = std::shared_ptr<arrow::DataType>;

EncodingOptions Options(FileFormat format) {
  EncodingOptions out;
  out.format = format;
  return out;
}

std::shared_ptr<arrow::Field> FieldOf(const TypePtr& type,
                                      const std::map<std::string, std::string>& metadata = {}) {
  std::vector<std::string> keys, values;
  for (const auto& [key, value] : metadata) {
    keys.push_back(key);
    values.push_back(value);
  }
  return field("a", type, true, arrow::key_value_metadata(keys, values));
}

std::shared_ptr<arrow::Array> Json(const TypePtr& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

// Write the chunks; read all of it, a stretch and single rows.
void ExpectRoundTrip(const std::shared_ptr<arrow::Field>& arrow_field,
                     const arrow::ArrayVector& chunks, const EncodingOptions& options,
                     const PageLimits& limits = {}) {
  auto written = WrittenField::Write(arrow_field, chunks, options, limits);
  ASSERT_TRUE(written.ok()) << written.status().ToString();
  const auto expected = arrow::Concatenate(chunks).ValueOrDie();
  auto all = (*written)->ReadAll();
  ASSERT_TRUE(all.ok()) << all.status().ToString();
  ASSERT_TRUE((*all)->Validate().ok()) << (*all)->Validate().ToString();
  ASSERT_TRUE(Plain(*all)->Equals(*Plain(expected)))
      << (*written)->Describe() << "\nwrote " << expected->Slice(0, 40)->ToString() << "\nread "
      << (*all)->Slice(0, 40)->ToString();
  const uint64_t rows = static_cast<uint64_t>(expected->length());
  if (rows < 4) return;
  const std::vector<RowRange> ranges = {{0, 1}, {rows / 3, rows / 2}, {rows - 1, rows}};
  arrow::ArrayVector parts;
  for (const RowRange& range : ranges) {
    parts.push_back(expected->Slice(range.start, range.size()));
  }
  auto some = (*written)->Read(ranges);
  ASSERT_TRUE(some.ok()) << some.status().ToString();
  ASSERT_TRUE(Plain(*some)->Equals(*Plain(arrow::Concatenate(parts).ValueOrDie())));
}

const TypePtr kTypes[] = {
    arrow::int8(),
    arrow::uint16(),
    arrow::int32(),
    arrow::uint64(),
    arrow::float16(),
    arrow::float32(),
    arrow::float64(),
    arrow::boolean(),
    arrow::date32(),
    arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
    arrow::decimal128(20, 3),
    arrow::decimal256(40, 3),
    arrow::fixed_size_binary(5),
    arrow::utf8(),
    arrow::binary(),
    arrow::large_utf8(),
    arrow::large_binary(),
    arrow::fixed_size_list(arrow::float32(), 4),
    arrow::fixed_size_list(arrow::float32(), 100),
    arrow::fixed_size_list(arrow::fixed_size_list(arrow::int16(), 3), 2),
    arrow::fixed_size_list(arrow::boolean(), 16),
    arrow::dictionary(arrow::int32(), arrow::utf8()),
    arrow::dictionary(arrow::int8(), arrow::int64()),
    arrow::null(),
    arrow::list(arrow::int32()),
    arrow::large_list(arrow::utf8()),
    arrow::list(arrow::null()),
    arrow::list(arrow::list(arrow::large_list(arrow::int8()))),
    arrow::list(arrow::fixed_size_list(arrow::float32(), 80)),
    arrow::struct_({field("x", arrow::int32()), field("y", arrow::utf8())}),
    arrow::struct_({field("s", arrow::struct_({field("l", arrow::list(arrow::boolean())),
                                               field("n", arrow::null())})),
                    field("z", arrow::float64())}),
    arrow::list(arrow::struct_({field("x", arrow::int64()), field("l", arrow::list(arrow::utf8())),
                                field("d", arrow::dictionary(arrow::int16(), arrow::utf8()))})),
};

TEST(FieldWriter, RoundTripsEveryTypeWithAndWithoutNulls) {
  RandomArrays random(42);
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    for (const TypePtr& type : kTypes) {
      for (const double nulls : {0.0, 0.02, 0.6, 1.0}) {
        for (const int64_t rows : {1, 3, 1024, 3001}) {
          SCOPED_TRACE(type->ToString() + " nulls " + std::to_string(nulls) + " rows " +
                       std::to_string(rows) + " format " +
                       std::to_string(static_cast<int>(format)));
          const RandomShape shape{.null_fraction = nulls};
          ExpectRoundTrip(FieldOf(type),
                          {random.Make(type, rows, shape), random.Make(type, rows / 2, shape)},
                          Options(format));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(FieldWriter, RoundTripsFewDistinctValuesAndOne) {
  RandomArrays random(43);
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    for (const TypePtr& type : kTypes) {
      for (const int64_t distinct : {1, 3}) {
        for (const double nulls : {0.0, 0.3}) {
          SCOPED_TRACE(type->ToString() + " distinct " + std::to_string(distinct) + " nulls " +
                       std::to_string(nulls));
          const RandomShape shape{
              .null_fraction = nulls, .max_string_length = distinct, .num_distinct = distinct};
          ExpectRoundTrip(FieldOf(type), {random.Make(type, 2500, shape)}, Options(format));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(FieldWriter, RoundTripsTypesOf2_2) {
  RandomArrays random(44);
  const TypePtr types[] = {
      arrow::map(arrow::utf8(), arrow::int32()),
      arrow::struct_({field("m", arrow::map(arrow::int32(), arrow::list(arrow::utf8())))}),
      arrow::fixed_size_list(
          arrow::struct_({field("x", arrow::int32()), field("y", arrow::utf8())}), 3),
  };
  for (const TypePtr& type : types) {
    for (const double nulls : {0.0, 0.3}) {
      SCOPED_TRACE(type->ToString());
      const RandomShape shape{.null_fraction = nulls};
      ExpectRoundTrip(FieldOf(type), {random.Make(type, 700, shape), random.Make(type, 800, shape)},
                      Options(FileFormat::k2_2));
      EXPECT_FALSE(WrittenField::Write(FieldOf(type), {}, Options(FileFormat::k2_1)).ok());
    }
  }
}

TEST(FieldWriter, RoundTripsPackedStructs) {
  RandomArrays random(45);
  const auto fixed = arrow::struct_({field("x", arrow::int32()), field("h", arrow::float16()),
                                     field("v", arrow::fixed_size_list(arrow::float32(), 3))});
  const auto variable = arrow::struct_({field("x", arrow::int64()), field("s", arrow::utf8())});
  for (const std::string key : {"packed", "lance-encoding:packed"}) {
    for (const double nulls : {0.0, 0.3}) {
      const RandomShape shape{.null_fraction = nulls, .packed = true};
      const auto packed = FieldOf(fixed, {{key, "true"}});
      ExpectRoundTrip(packed, {random.Make(fixed, 1500, shape)}, Options(FileFormat::k2_1));
      ExpectRoundTrip(packed, {random.Make(fixed, 1500, shape)}, Options(FileFormat::k2_2));
      ExpectRoundTrip(FieldOf(variable, {{key, "true"}}), {random.Make(variable, 1500, shape)},
                      Options(FileFormat::k2_2));
    }
  }
}

TEST(FieldWriter, RefusesBooleansInPackedStructs) {
  const auto type = arrow::struct_({field("b", arrow::boolean())});
  EXPECT_FALSE(
      WrittenField::Write(FieldOf(type, {{"packed", "true"}}), {}, Options(FileFormat::k2_2)).ok());
}

TEST(FieldWriter, RefusesNullsInsidePackedStructs) {
  const auto type = arrow::struct_({field("x", arrow::int32())});
  const auto rows = Json(type, R"([{"x": 1}, {"x": null}])");
  auto written =
      WrittenField::Write(FieldOf(type, {{"packed", "true"}}), {rows}, Options(FileFormat::k2_2));
  EXPECT_NE(written.status().message().find("\"x\""), std::string::npos);
}

// A random type of some depth.
TypePtr RandomType(std::mt19937* random, int depth) {
  switch (depth == 0 ? 10 : (*random)() % 6) {
    case 0:
      return arrow::list(RandomType(random, depth - 1));
    case 1:
      return arrow::large_list(RandomType(random, depth - 1));
    case 2:
      return arrow::struct_(
          {field("p", RandomType(random, depth - 1)), field("q", RandomType(random, depth - 1))});
    case 3:
      return arrow::struct_({field("p", RandomType(random, depth - 1))});
    default:
      return kTypes[(*random)() % 24];
  }
}

TEST(FieldWriter, RoundTripsRandomNestedArrays) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    RandomArrays arrays(seed);
    const TypePtr type = RandomType(&random, 4);
    const double fractions[] = {0, 0.05, 0.5, 0.95};
    const RandomShape shape{.null_fraction = fractions[random() % 4],
                            .empty_fraction = fractions[random() % 4],
                            .max_list_length = static_cast<int64_t>(1 + random() % 8),
                            .max_string_length = static_cast<int64_t>(1 + random() % 400),
                            .num_distinct = static_cast<int64_t>(random() % 3)};
    arrow::ArrayVector chunks;
    for (uint32_t i = 0; i < 1 + random() % 3; ++i) {
      chunks.push_back(arrays.Make(type, static_cast<int64_t>(random() % 600), shape));
    }
    const PageLimits limits{.column_buffer_bytes = 1000 + random() % 20000,
                            .max_page_bytes = 4000 + random() % 40000};
    SCOPED_TRACE("seed " + std::to_string(seed) + " " + type->ToString());
    ExpectRoundTrip(FieldOf(type), chunks,
                    Options(random() % 2 ? FileFormat::k2_1 : FileFormat::k2_2), limits);
    if (HasFatalFailure()) return;
  }
}

TEST(FieldWriter, SpreadsSparseListsOverPages) {
  // Of 400,000 lists all but a few in one stretch are empty.
  const auto type = arrow::list(arrow::int32());
  std::string json = "[";
  for (int i = 0; i < 400; ++i) json += i == 7 ? "[1, 2, 3]," : i % 2 ? "[]," : "null,";
  json.back() = ']';
  const auto stretch = Json(type, json);
  const arrow::ArrayVector chunks(1000, stretch);
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    ExpectRoundTrip(FieldOf(type), chunks, Options(format));
  }
}

TEST(FieldWriter, ARowOfTooManyLevelsGoesFullZip) {
  std::string json = "[[[1]";
  for (int i = 0; i < 100000; ++i) json += ",[]";
  const auto type = arrow::list(arrow::list(arrow::int32()));
  const auto row = Json(type, json + ", [2]]]");
  auto written = WrittenField::Write(FieldOf(type), {row}, Options(FileFormat::k2_1)).ValueOrDie();
  EXPECT_TRUE(written->Describe().starts_with("fullzip")) << written->Describe();
  EXPECT_TRUE(written->ReadAll().ValueOrDie()->Equals(*row));
}

TEST(FieldWriter, PutsBlobsOutOfLine) {
  const auto type = arrow::large_binary();
  const auto rows = Json(type, R"(["abc", null, "", "de"])");
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    auto written = WrittenField::Write(FieldOf(type, {{"lance-encoding:blob", "true"}}), {rows},
                                       Options(format))
                       .ValueOrDie();
    EXPECT_TRUE(written->Describe().starts_with("blob(")) << written->Describe();
    const auto read = written->ReadAll().ValueOrDie();
    EXPECT_FALSE(read->IsValid(1));
    const auto& data = *read->data();
    const uint64_t* positions = data.child_data[0]->GetValues<uint64_t>(1);
    const uint64_t* sizes = data.child_data[1]->GetValues<uint64_t>(1);
    EXPECT_EQ(written->bytes().substr(positions[0], sizes[0]), "abc");
    EXPECT_EQ(sizes[2], 0u);
    EXPECT_EQ(written->bytes().substr(positions[3], sizes[3]), "de");
  }
}

TEST(FieldWriter, RefusesRowsOfAnotherType) {
  const auto rows = Json(arrow::int64(), "[1]");
  EXPECT_FALSE(
      WrittenField::Write(FieldOf(arrow::int32()), {rows}, Options(FileFormat::k2_2)).ok());
}

}  // namespace
}  // namespace lancea
