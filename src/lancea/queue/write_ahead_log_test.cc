#include "lancea/queue/write_ahead_log.h"

#include <fstream>
#include <sstream>

#include "lancea/error.h"
#include "lancea/queue/queue_for_test.h"

namespace lancea::queue {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<int64_t> IdsOf(const LogContents& contents) {
  std::vector<int64_t> out;
  for (const auto& replayed : contents.rows) {
    auto table = *arrow::Table::FromRecordBatches({replayed.rows});
    for (int64_t id : Ids(*table)) out.push_back(id);
  }
  return out;
}

class WriteAheadLogTest : public FolderTest {
 protected:
  arrow::Result<std::unique_ptr<WriteAheadLog>> Open(uint64_t committed = 0,
                                                     WriteAheadLog::Options options = {}) {
    return WriteAheadLog::Open(folder_, committed, std::move(options), &contents_);
  }
  std::string SegmentPath(int number) {
    char name[32];
    std::snprintf(name, sizeof(name), "/%020d.log", number);
    return folder_ + name;
  }
  LogContents contents_;
};

TEST_F(WriteAheadLogTest, ReplaysWhatWasAppendedInOrder) {
  for (auto compression : {LogCompression::kNone, LogCompression::kLz4, LogCompression::kZstd,
                           LogCompression::kSnappy}) {
    std::filesystem::remove_all(folder_);
    WriteAheadLog::Options options;
    options.compression = compression;
    auto log = *Open(0, options);
    ASSERT_TRUE(log->Append({Rows(0, 3), Rows(3, 4)}, 0).ok());
    ASSERT_TRUE(log->Append({Rows(7, 500)}, 7).ok());
    log.reset();
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(IdsOf(contents_), Counted(0, 507));
    EXPECT_EQ(contents_.torn_bytes, 0);
  }
}

TEST_F(WriteAheadLogTest, LeavesOutRowsThatAreCommittedEvenInTheMiddleOfARecord) {
  auto log = *Open();
  ASSERT_TRUE(log->Append({Rows(0, 10)}, 0).ok());
  ASSERT_TRUE(log->Append({Rows(10, 10)}, 10).ok());
  log.reset();
  ASSERT_TRUE(Open(13).ok());
  EXPECT_EQ(IdsOf(contents_), Counted(13, 20));
}

TEST_F(WriteAheadLogTest, ATailCutAnywhereLosesOnlyTheLastRecord) {
  auto log = *Open();
  ASSERT_TRUE(log->Append({Rows(0, 5)}, 0).ok());
  const std::string first = ReadFile(SegmentPath(1));
  ASSERT_TRUE(log->Append({Rows(5, 5)}, 5).ok());
  log.reset();
  const std::string whole = ReadFile(SegmentPath(1));
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteFile(SegmentPath(1), whole.substr(0, size));
    auto opened = Open();
    ASSERT_TRUE(opened.ok()) << size << ": " << opened.status();
    EXPECT_EQ(IdsOf(contents_), size < first.size() ? Counted(0, 0) : Counted(0, 5)) << size;
    opened->reset();
    // The torn end is gone: what is appended next is found.
    EXPECT_EQ(ReadFile(SegmentPath(1)).size(),
              size >= first.size() ? first.size() : ReadFile(SegmentPath(1)).size());
  }
}

TEST_F(WriteAheadLogTest, AnyChangedByteIsATornTailOrReportedButNeverAWrongRow) {
  auto log = *Open();
  ASSERT_TRUE(log->Append({Rows(0, 2)}, 0).ok());
  ASSERT_TRUE(log->Append({Rows(2, 2)}, 2).ok());
  log.reset();
  const std::string whole = ReadFile(SegmentPath(1));
  int reported = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    WriteFile(SegmentPath(1), bytes);
    auto contents = ReadLog(folder_, 0);
    ASSERT_TRUE(contents.ok()) << contents.status();
    reported += !contents->defects.empty();
    for (const auto& replayed : contents->rows) {
      auto table = *arrow::Table::FromRecordBatches({replayed.rows});
      const auto ids = Ids(*table);
      for (size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(ids[i], static_cast<int64_t>(replayed.first_row + i)) << at;
      }
    }
  }
  EXPECT_GT(reported, 0);
}

TEST_F(WriteAheadLogTest, ADamagedMiddleIsRefusedUntilSalvaged) {
  auto log = *Open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->Append({Rows(i * 5, 5)}, i * 5).ok());
  log.reset();
  std::string bytes = ReadFile(SegmentPath(1));
  // In the second rows record: behind the header, the schema and the first rows.
  bytes[bytes.size() * 2 / 5] ^= 1;
  WriteFile(SegmentPath(1), bytes);
  auto opened = Open();
  EXPECT_EQ(CategoryOf(opened.status()), ErrorCategory::kCorrupt) << opened.status();
  EXPECT_NE(opened.status().message().find(SegmentPath(1)), std::string::npos);
  EXPECT_EQ(ReadFile(SegmentPath(1)), bytes);
  WriteAheadLog::Options options;
  options.salvage = true;
  ASSERT_TRUE(Open(0, options).ok());
  EXPECT_EQ(IdsOf(contents_).size(), 15);
  EXPECT_FALSE(contents_.defects.empty());
}

TEST_F(WriteAheadLogTest, ForgetsSegmentsWhoseRowsAreCommitted) {
  WriteAheadLog::Options options;
  options.segment_bytes = 1;  // one append each
  auto log = *Open(0, options);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->Append({Rows(i * 5, 5)}, i * 5).ok());
  ASSERT_TRUE(log->Forget(12).ok());
  EXPECT_FALSE(std::filesystem::exists(SegmentPath(2)));
  EXPECT_TRUE(std::filesystem::exists(SegmentPath(3)));
  ASSERT_TRUE(log->Forget(20).ok());
  EXPECT_EQ(log->size_bytes(), kSegmentHeaderBytes);
  ASSERT_TRUE(log->Append({Rows(20, 5)}, 20).ok());
  log.reset();
  ASSERT_TRUE(Open(20).ok());
  EXPECT_EQ(IdsOf(contents_), Counted(20, 25));
}

TEST_F(WriteAheadLogTest, AFailureAtAnyCallLosesNoAcknowledgedRowAndInventsNone) {
  for (int at = 0;; ++at) {
    std::filesystem::remove_all(folder_);
    auto fault = std::make_shared<LogFault>();
    fault->at = at;
    WriteAheadLog::Options options;
    options.make_file = FaultyFiles(fault);
    auto log = *Open(0, options);
    std::vector<int64_t> acknowledged;
    for (int i = 0; i < 4; ++i) {
      const auto row = static_cast<int64_t>(acknowledged.size());
      if (log->Append({Rows(row, 3)}, static_cast<uint64_t>(row)).ok()) {
        for (int64_t id = row; id < row + 3; ++id) acknowledged.push_back(id);
      }
    }
    log.reset();
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(IdsOf(contents_), acknowledged) << at;
    if (!fault->has_struck) break;
  }
}

}  // namespace
}  // namespace lancea::queue
