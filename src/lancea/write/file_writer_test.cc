#include "lancea/file_writer.h"

#include <gtest/gtest.h>

#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/error.h"
#include "lancea/file_reader.h"
#include "lancea/io/memory_store.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::RecordBatch> Rows(bool swapped = false) {
  const auto text = arrow::field("text", arrow::utf8());
  const auto id = arrow::field("id", arrow::int64());
  auto texts = arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a", null, "c"])").ValueOrDie();
  auto ids = arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 2, 3]").ValueOrDie();
  if (swapped) return arrow::RecordBatch::Make(arrow::schema({id, text}), 3, {ids, texts});
  return arrow::RecordBatch::Make(arrow::schema({text, id}), 3, {texts, ids});
}

TEST(FileWriter, WritesAFileThatFileReaderReads) {
  for (const char* version : {"2.0", "2.1", "2.2", "2.3"}) {
    const std::string uri = std::string("memory://file_writer/") + version + ".lance";
    FileWriterOptions options;
    options.version = version;
    auto writer = FileWriter::Open(uri, nullptr, options).ValueOrDie();
    ASSERT_TRUE(writer->Write(*Rows()).ok());
    ASSERT_TRUE(writer->Write(*Rows(/*swapped=*/true)).ok());
    EXPECT_EQ(*writer->AddGlobalBuffer(arrow::Buffer::FromString("mine")), 1u);
    ASSERT_TRUE(writer->AddSchemaMetadata("key", "value").ok());
    EXPECT_FALSE(MemoryStore()->Open(uri.substr(9)).ok()) << "seen before Finish";
    auto rows = writer->Finish();
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, 6u);
    auto reader = FileReader::Open(uri);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->lance_schema().metadata,
              (std::map<std::string, std::string>{{"key", "value"}}));
    EXPECT_EQ((*reader)->ReadGlobalBuffer(1).ValueOrDie()->ToString(), "mine");
    auto table = (*reader)->ReadRange(0, 6, 100).ValueOrDie()->ToTable().ValueOrDie();
    auto expected = arrow::Table::FromRecordBatches({Rows(), Rows()}).ValueOrDie();
    EXPECT_TRUE(table->ReplaceSchemaMetadata(nullptr)->Equals(*expected)) << table->ToString();
  }
}

TEST(FileWriter, NamesWhatDoesNotFit) {
  auto writer = FileWriter::Open("memory://file_writer/x.lance", Rows()->schema()).ValueOrDie();
  const auto other = Rows()->RemoveColumn(0).ValueOrDie();
  const arrow::Status status = writer->Write(*other);
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << status;
  EXPECT_EQ(writer->Finish().status().message(), status.message());
  EXPECT_FALSE(MemoryStore()->Open("file_writer/x.lance").ok());
}

TEST(FileWriter, NeedsASchemaOrRows) {
  auto writer = FileWriter::Open("memory://file_writer/y.lance").ValueOrDie();
  EXPECT_EQ(CategoryOf(writer->Finish().status()), ErrorCategory::kInvalidInput);
  FileWriterOptions options;
  options.version = "0.1";
  EXPECT_FALSE(FileWriter::Open("memory://file_writer/z.lance", nullptr, options).ok());
}

}  // namespace
}  // namespace lancea
