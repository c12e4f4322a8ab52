// What the tests of queues share: a folder of their own, rows, and files of the log that fail.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/queue/log_file.h"

namespace lancea::queue {

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lancea-queue-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  std::string folder_;
};

inline std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(texts.Append("record " + std::to_string(i)).ok());
  }
  static const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())});
  return arrow::RecordBatch::Make(schema, count, {*ids.Finish(), *texts.Finish()});
}

inline std::vector<int64_t> Ids(const arrow::Table& table) {
  std::vector<int64_t> out;
  auto column = table.GetColumnByName("id");
  if (column == nullptr) return out;
  for (const auto& chunk : column->chunks()) {
    const auto& ids = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < ids.length(); ++i) out.push_back(ids.Value(i));
  }
  return out;
}

inline std::vector<int64_t> Counted(int64_t begin, int64_t end) {
  std::vector<int64_t> out;
  for (int64_t i = begin; i < end; ++i) out.push_back(i);
  return out;
}

/// Fails the call number `at`, counted over appends, syncs and truncations; later ones too if `for_good`.
struct LogFault {
  int at = -1;
  bool for_good = false;
  int num_calls = 0;
  bool has_struck = false;
  arrow::Status Count() {
    const int call = num_calls++;
    if (at < 0 || (call != at && !(for_good && call > at))) return arrow::Status::OK();
    has_struck = true;
    return arrow::Status::IOError("No space left on device");
  }
};

inline LogFileMaker FaultyFiles(std::shared_ptr<LogFault> fault) {
  class File : public LogFile {
   public:
    File(std::unique_ptr<LogFile> inner, std::shared_ptr<LogFault> fault)
        : inner_(std::move(inner)), fault_(std::move(fault)) {}
    arrow::Status Append(std::string_view bytes) override {
      const arrow::Status status = fault_->Count();
      if (status.ok()) return inner_->Append(bytes);
      // A full disk takes a part.
      (void)inner_->Append(bytes.substr(0, bytes.size() / 2));
      return status;
    }
    arrow::Status Sync() override {
      ARROW_RETURN_NOT_OK(fault_->Count());
      return inner_->Sync();
    }
    arrow::Status Truncate(uint64_t size) override {
      ARROW_RETURN_NOT_OK(fault_->Count());
      return inner_->Truncate(size);
    }

   private:
    std::unique_ptr<LogFile> inner_;
    std::shared_ptr<LogFault> fault_;
  };
  return [fault](const std::string& path) -> arrow::Result<std::unique_ptr<LogFile>> {
    ARROW_RETURN_NOT_OK(fault->Count());
    ARROW_ASSIGN_OR_RAISE(auto inner, CreateLogFile(path));
    return std::make_unique<File>(std::move(inner), fault);
  };
}

}  // namespace lancea::queue
