#include "lancea/file/page_copier.h"

#include "arrow/json/from_string.h"
#include "lancea/file/file_writing_for_test.h"

namespace lancea {
namespace {

constexpr FileFormat kFormats[] = {FileFormat::k2_0, FileFormat::k2_1, FileFormat::k2_2,
                                   FileFormat::k2_3};

std::shared_ptr<arrow::Schema> RowSchema() {
  return arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8()),
       arrow::field("tags", arrow::list(arrow::utf8())),
       arrow::field("point", arrow::struct_({arrow::field("x", arrow::int32()),
                                             arrow::field("name", arrow::utf8())})),
       arrow::field("vector", arrow::fixed_size_list(arrow::float32(), 2))});
}

std::shared_ptr<arrow::RecordBatch> SomeRows(int64_t first, int64_t count) {
  std::string json = "[";
  for (int64_t i = first; i < first + count; ++i) {
    const std::string n = std::to_string(i);
    json += json.size() > 1 ? "," : "";
    json += "[" + n + "," + (i % 3 == 1 ? "null" : "\"row " + n + "\"") + ",";
    json += i % 4 == 2 ? "null" : (i % 4 == 3 ? "[]" : "[\"a\",null,\"" + n + "\"]");
    json += ",[" + n + ",\"p" + n + "\"],[" + n + ",0.5]]";
  }
  const auto type = arrow::struct_(RowSchema()->fields());
  const auto rows = arrow::json::ArrayFromJSONString(type, json + "]").ValueOrDie();
  return arrow::RecordBatch::FromStructArray(rows).ValueOrDie();
}

// Several pages of each column.
std::string FileOf(const std::shared_ptr<arrow::RecordBatch>& rows, FileFormat format) {
  auto out = std::make_shared<WrittenBytes>();
  FileWriteOptions options;
  options.format = format;
  options.data_cache_bytes = 2048;
  auto writer = *DataFileWriter::Make(std::make_unique<BytesWriter>(out),
                                      *FromArrow(*rows->schema()), options);
  for (int64_t at = 0; at < rows->num_rows(); at += 50) {
    EXPECT_TRUE(writer->Write(*rows->Slice(at, 50)).ok());
  }
  EXPECT_TRUE(writer->Finish().ok());
  return out->bytes;
}

std::shared_ptr<DataFileReader> Opened(std::string bytes, bool is_memory = false) {
  return *DataFileReader::Open(std::make_shared<BytesReader>(std::move(bytes), is_memory));
}

arrow::Result<std::string> Join(const std::vector<std::string>& files, FileFormat format,
                                uint64_t read_batch_bytes, int fail_at = -1) {
  auto out = std::make_shared<WrittenBytes>();
  out->fail_at = fail_at;
  ARROW_ASSIGN_OR_RAISE(Schema schema, FromArrow(*RowSchema()));
  PageCopyOptions options;
  options.format = format;
  options.read_batch_bytes = read_batch_bytes;
  ARROW_ASSIGN_OR_RAISE(auto copier,
                        PageCopier::Make(std::make_unique<BytesWriter>(out), schema, options));
  for (const std::string& bytes : files) ARROW_RETURN_NOT_OK(copier->Append(*Opened(bytes)));
  ARROW_ASSIGN_OR_RAISE(const WrittenFile written, copier->Finish());
  ARROW_ASSIGN_OR_RAISE(const auto digests,
                        PageCopier::Digest(*Opened(out->bytes), read_batch_bytes));
  if (written.size_bytes != out->bytes.size()) return arrow::Status::Invalid("wrong size");
  if (digests != copier->column_digests()) return arrow::Status::Invalid("wrong digests");
  return out->bytes;
}

class PageCopierOf : public testing::TestWithParam<FileFormat> {};

TEST_P(PageCopierOf, GivesTheRowsOfAllFilesInOrder) {
  const auto rows = SomeRows(0, 500);
  std::vector<std::string> files;
  for (auto [start, count] : {std::pair{0, 200}, {200, 1}, {201, 299}}) {
    files.push_back(FileOf(rows->Slice(start, count), GetParam()));
  }
  // Whole files at once, and page by page.
  for (uint64_t batch : {uint64_t{1} << 20, uint64_t{1}}) {
    auto joined = Join(files, GetParam(), batch);
    ASSERT_TRUE(joined.ok()) << joined.status();
    auto read = ReadAll(*joined);
    ASSERT_TRUE(read.ok()) << read.status();
    for (int i = 0; i < rows->num_columns(); ++i) {
      const arrow::Array& column = *(*read)[static_cast<size_t>(i)];
      ASSERT_TRUE(column.ValidateFull().ok());
      EXPECT_TRUE(column.Equals(rows->column(i))) << rows->column_name(i);
    }
  }
}

TEST_P(PageCopierOf, AFailureOfAnyWriteAbortsTheFile) {
  const std::vector<std::string> files = {FileOf(SomeRows(0, 60), GetParam())};
  int fail_at = 0;
  while (!Join(files, GetParam(), 1, fail_at).ok()) ASSERT_LT(++fail_at, 1000);
  EXPECT_GT(fail_at, 3);
}

INSTANTIATE_TEST_SUITE_P(AllVersions, PageCopierOf, testing::ValuesIn(kFormats),
                         [](const auto& info) {
                           return "In2_" + std::to_string(static_cast<int>(info.param));
                         });

TEST(PageCopier, SaysWhatCannotBeJoined) {
  const auto rows = SomeRows(0, 10);
  const Schema schema = *FromArrow(*rows->schema());
  const auto file = Opened(FileOf(rows, FileFormat::k2_1));
  auto obstacle = [&](const DataFileReader& of, const Schema& wanted, FileFormat format) {
    return *PageCopier::Obstacle(of, *file, wanted, format);
  };
  EXPECT_EQ(obstacle(*file, schema, FileFormat::k2_1), "");
  EXPECT_NE(obstacle(*file, schema, FileFormat::k2_2), "");
  Schema fewer = schema;
  fewer.fields.pop_back();
  EXPECT_NE(obstacle(*file, fewer, FileFormat::k2_1), "");

  auto out = std::make_shared<WrittenBytes>();
  auto writer = *DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema,
                                      FileWriteOptions{.format = FileFormat::k2_1});
  ASSERT_TRUE(writer->Write(*rows).ok());
  ASSERT_TRUE(writer->AddGlobalBuffer(arrow::Buffer::FromString("of the caller")).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_NE(obstacle(*Opened(out->bytes), schema, FileFormat::k2_1), "");
}

}  // namespace
}  // namespace lancea
