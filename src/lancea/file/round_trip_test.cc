// What is written by the real field writers of every version comes back through the reader.
#include "arrow/json/from_string.h"
#include "arrow/scalar.h"
#include "arrow/util/thread_pool.h"
#include "lancea/file/file_writing_for_test.h"

namespace lancea {
namespace {

struct Case {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  const char* rows;
  FileFormat since = FileFormat::k2_0;
};

std::vector<Case> Cases() {
  const auto point =
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("name", arrow::utf8())});
  return {
      {"Bool", arrow::boolean(), "[true, false, null, true]"},
      {"Int8", arrow::int8(), "[1, -2, 3, null]"},
      {"UInt64", arrow::uint64(), "[1, 18446744073709551615, null, 3]"},
      {"Double", arrow::float64(), "[1.5, null, -2.25, 0]"},
      {"NoNulls", arrow::int32(), "[5, 6, 7, 8]"},
      {"AllNull", arrow::int32(), "[null, null, null, null]"},
      {"Null", arrow::null(), "[null, null, null]"},
      {"Utf8", arrow::utf8(), R"(["a", "", null, "long enough to be something else"])"},
      {"LargeBinary", arrow::large_binary(), R"(["ab", null, "", "cde"])"},
      {"FixedSizeBinary", arrow::fixed_size_binary(3), R"(["abc", null, "def"])"},
      {"Decimal", arrow::decimal128(20, 3), R"(["1.500", null, "-2.125"])"},
      {"Timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[0, null, 1700000000000000]"},
      {"Vector", arrow::fixed_size_list(arrow::float32(), 3), "[[1, 2, 3], [4, 5, 6], null]"},
      {"List", arrow::list(arrow::int32()), "[[1, 2], [], null, [3, null]]"},
      {"ListOfText", arrow::large_list(arrow::utf8()), R"([["a", "b"], null, [], [null, "c"]])"},
      {"Struct", point, R"([[1, "a"], [null, "b"], [3, null], [4, "d"]])"},
      {"NullStruct", point, R"([[1, "a"], null, [3, null]])", FileFormat::k2_1},
      {"ListOfStruct", arrow::list(point), R"([[[1, "a"], [2, null]], [], [[null, "c"]]])"},
      {"Dictionary", arrow::dictionary(arrow::int16(), arrow::utf8()), R"(["x", "y", null, "x"])"},
      {"Map", arrow::map(arrow::utf8(), arrow::int32()), R"([[["k", 1]], [], null])",
       FileFormat::k2_2},
  };
}

// `rows` many times over, first as they are, then repeated: several batches and pages.
arrow::Result<std::string> WriteRows(const Case& c, FileFormat format, int repeat,
                                     arrow::internal::Executor* cpu, arrow::ArrayVector* written) {
  const auto arrow_schema =
      arrow::schema({arrow::field("value", c.type), arrow::field("again", c.type)});
  ARROW_ASSIGN_OR_RAISE(Schema schema, FromArrow(*arrow_schema));
  auto out = std::make_shared<WrittenBytes>();
  FileWriteOptions options;
  options.format = format;
  options.data_cache_bytes = 4096;
  options.cpu = cpu;
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema, options));
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::json::ArrayFromJSONString(c.type, c.rows));
  ARROW_ASSIGN_OR_RAISE(auto many,
                        arrow::Concatenate(arrow::ArrayVector(static_cast<size_t>(repeat), rows)));
  for (const auto& batch : {rows, many->Slice(1), rows->Slice(rows->length()), many}) {
    ARROW_RETURN_NOT_OK(
        writer->Write(*arrow::RecordBatch::Make(arrow_schema, batch->length(), {batch, batch})));
    written->push_back(batch);
  }
  ARROW_ASSIGN_OR_RAISE(WrittenFile file, writer->Finish());
  if (file.size_bytes != out->bytes.size()) return arrow::Status::Invalid("wrong size");
  return out->bytes;
}

// Dictionaries of pages are put together as they are, so values are compared, not indices.
bool SameValues(const arrow::Array& a, const arrow::Array& b) {
  if (a.type_id() != arrow::Type::DICTIONARY) return a.Equals(b);
  if (a.length() != b.length()) return false;
  for (int64_t i = 0; i < a.length(); ++i) {
    auto value = [i](const arrow::Array& array) {
      return std::static_pointer_cast<arrow::DictionaryScalar>(array.GetScalar(i).ValueOrDie())
          ->GetEncodedValue()
          .ValueOrDie();
    };
    if (!value(a)->Equals(*value(b))) return false;
  }
  return true;
}

class RoundTrip : public testing::TestWithParam<std::tuple<FileFormat, size_t>> {};

TEST_P(RoundTrip, GivesTheSameRowsAndSameBytesWhateverTheThreads) {
  const auto [format, index] = GetParam();
  const Case c = Cases()[index];
  if (format < c.since) GTEST_SKIP() << "not in this version";
  auto pool = arrow::internal::ThreadPool::Make(3).ValueOrDie();
  for (int repeat : {1, 700}) {
    arrow::ArrayVector written;
    auto bytes = WriteRows(c, format, repeat, nullptr, &written);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    auto parallel = WriteRows(c, format, repeat, pool.get(), &written);
    ASSERT_TRUE(parallel.ok()) << parallel.status();
    EXPECT_TRUE(*bytes == *parallel);
    written.resize(written.size() / 2);
    const auto expected = arrow::Concatenate(written).ValueOrDie();
    auto read = ReadAll(*bytes);
    ASSERT_TRUE(read.ok()) << read.status();
    for (const auto& column : *read) {
      ASSERT_TRUE(column->ValidateFull().ok());
      EXPECT_TRUE(SameValues(*column, *expected)) << column->ToString() << expected->ToString();
    }
  }
}

TEST_P(RoundTrip, FlippedBitsAreErrors) {
  const auto [format, index] = GetParam();
  const Case c = Cases()[index];
  if (format < c.since) GTEST_SKIP() << "not in this version";
  arrow::ArrayVector written;
  auto bytes = WriteRows(c, format, 3, nullptr, &written);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  for (size_t at = index; at < bytes->size(); at += 17) {
    std::string damaged = *bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at / 17 % 8)));
    ASSERT_FALSE(ReadAll(damaged).ok()) << "byte " << at << " of " << bytes->size();
  }
}

std::string NameOf(const testing::TestParamInfo<RoundTrip::ParamType>& info) {
  const auto [format, index] = info.param;
  return std::string(Cases()[index].name) + "In2_" + std::to_string(static_cast<int>(format));
}

INSTANTIATE_TEST_SUITE_P(AllVersions, RoundTrip,
                         testing::Combine(testing::Values(FileFormat::k2_0, FileFormat::k2_1,
                                                          FileFormat::k2_2, FileFormat::k2_3),
                                          testing::Range<size_t>(0, Cases().size())),
                         NameOf);

}  // namespace
}  // namespace lancea
