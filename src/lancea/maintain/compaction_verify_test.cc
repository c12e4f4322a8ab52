// What compaction writes is read back before anybody may commit it: bytes that the disk changed are found
// even where nobody looks at checksums.
#include <gtest/gtest.h>

#include <cstring>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/cleanup.h"
#include "lancea/compaction.h"
#include "lancea/dataset.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

// Changes one byte of every data file, at some place, once it is told to.
class ChangingStore : public MemoryObjectStore {
 public:
  std::optional<uint64_t> position;  // of the byte

  arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path) override {
    ARROW_ASSIGN_OR_RAISE(auto writer, MemoryObjectStore::Create(path));
    return std::make_unique<Writer>(std::move(writer), position);
  }

 private:
  class Writer : public ObjectWriter {
   public:
    Writer(std::unique_ptr<ObjectWriter> inner, std::optional<uint64_t> change)
        : inner_(std::move(inner)), change_(change) {}
    arrow::Status Write(std::span<const uint8_t> bytes) override {
      const uint64_t begin = inner_->position();
      if (!change_ || *change_ < begin || *change_ >= begin + bytes.size()) {
        return inner_->Write(bytes);
      }
      std::vector<uint8_t> changed(bytes.begin(), bytes.end());
      changed[*change_ - begin] ^= 1;
      return inner_->Write(changed);
    }
    uint64_t position() const override { return inner_->position(); }
    arrow::Status Finish() override { return inner_->Finish(); }
    arrow::Status Abort() override { return inner_->Abort(); }

   private:
    const std::unique_ptr<ObjectWriter> inner_;
    const std::optional<uint64_t> change_;
  };
};

class CompactionVerify : public testing::TestWithParam<CompactionMode> {
 protected:
  void SetUp() override {
    store_ = std::make_shared<ChangingStore>();
    Host host;
    host.object_store = store_;
    host.verify_checksums = false;
    session_ = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    for (int64_t first : {0, 100, 200}) {
      arrow::Int64Builder ids;
      for (int64_t i = first; i < first + 100; ++i) ASSERT_TRUE(ids.Append(i * 1'000'003).ok());
      const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
      const auto batch = arrow::RecordBatch::Make(schema, 100, {*ids.Finish()});
      WriteOptions options;
      options.mode = WriteMode::kAppend;
      options.session = session_;
      auto written =
          WriteDataset(*arrow::RecordBatchReader::Make({batch}, schema), "table", options);
      ASSERT_TRUE(written.ok()) << written.status();
      dataset_ = *written;
    }
    options_.mode = GetParam();
  }

  std::shared_ptr<ChangingStore> store_;
  std::shared_ptr<Session> session_;
  std::shared_ptr<Dataset> dataset_;
  CompactionOptions options_;
};

TEST_P(CompactionVerify, FindsChangedRowsAndLeavesNoFiles) {
  size_t found = 0, missed_without = 0;
  for (uint64_t position = 0; position < 700; position += 13) {
    for (bool verify : {true, false}) {
      SetUp();
      const auto before = *(*dataset_->Scan())->ToTable();
      store_->position = position;
      options_.verify = verify;
      auto compacted = CompactFiles(dataset_, options_);
      store_->position.reset();
      if (!compacted.ok()) {
        found += verify;
        EXPECT_EQ((*dataset_->CheckoutLatest())->version(), dataset_->version());
        EXPECT_TRUE(FindOrphans(*dataset_)->empty());
        continue;
      }
      const auto after = (*compacted->dataset->Scan())->ToTable();
      const bool is_same = after.ok() && (*after)->Equals(*before);
      if (verify) {
        EXPECT_TRUE(is_same) << "byte " << position;
      } else {
        missed_without += !is_same;
      }
    }
  }
  EXPECT_GT(found, 3u);
  EXPECT_GT(missed_without, 0u) << "nobody else looks";
}

INSTANTIATE_TEST_SUITE_P(Modes, CompactionVerify,
                         testing::Values(CompactionMode::kReencode,
                                         CompactionMode::kForceBinaryCopy),
                         [](const auto& info) {
                           return info.param == CompactionMode::kReencode ? "Reencode" : "Copy";
                         });

}  // namespace
}  // namespace lancea
