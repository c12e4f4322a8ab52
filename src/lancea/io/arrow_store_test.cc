#include "lancea/io/arrow_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "arrow/buffer.h"
#include "arrow/filesystem/filesystem.h"
#include "arrow/filesystem/localfs.h"
#include "arrow/filesystem/mockfs.h"
#include "arrow/io/interfaces.h"
#include "lancea/error.h"
#include "lancea/io/read_ranges.h"
#include "lancea/io/store_conformance_for_test.h"

namespace lancea {
namespace {

// Counts the requests a cloud would be sent, and may break.
class CountingFileSystem : public arrow::fs::internal::MockFileSystem {
 public:
  using MockFileSystem::GetFileInfo;
  using MockFileSystem::MockFileSystem;
  using MockFileSystem::OpenInputFile;
  arrow::Result<arrow::fs::FileInfo> GetFileInfo(const std::string& path) override {
    ++num_infos;
    return MockFileSystem::GetFileInfo(path);
  }
  arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(
      const arrow::fs::FileInfo& info) override {
    // Like S3's: a known size is believed.
    if (broken_reads) return std::make_shared<Broken>(info.size());
    return MockFileSystem::OpenInputFile(info.path());
  }
  std::atomic<int> num_infos{0};
  bool broken_reads = false;

 private:
  // Says it is longer than it is.
  class Broken : public arrow::io::RandomAccessFile {
   public:
    explicit Broken(int64_t size) : size_(size) {}
    arrow::Result<int64_t> GetSize() override { return size_; }
    arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t, int64_t num_bytes) override {
      return arrow::Buffer::FromString(std::string("ab").substr(0, static_cast<size_t>(num_bytes)));
    }
    arrow::Result<int64_t> Read(int64_t, void*) override {
      return arrow::Status::NotImplemented("Read");
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override {
      return arrow::Status::NotImplemented("Read");
    }
    arrow::Status Seek(int64_t) override { return arrow::Status::NotImplemented("Seek"); }
    arrow::Result<int64_t> Tell() const override { return 0; }
    arrow::Status Close() override { return arrow::Status::OK(); }
    bool closed() const override { return false; }

   private:
    const int64_t size_;
  };
};

class ArrowStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    file_system_ = std::make_shared<CountingFileSystem>(arrow::fs::TimePoint{});
    ASSERT_TRUE(file_system_->CreateFile("bucket/t/b", "0123456789").ok());
    ASSERT_TRUE(file_system_->CreateFile("bucket/t/c/deep", "x").ok());
    ASSERT_TRUE(file_system_->CreateFile("bucket/t/a", "").ok());
    store_ = MakeArrowStore(file_system_);
  }
  std::shared_ptr<CountingFileSystem> file_system_;
  std::shared_ptr<ObjectStore> store_;
};

TEST_F(ArrowStoreTest, ReadsAnyRange) {
  auto object = store_->Open("bucket/t/b").ValueOrDie();
  EXPECT_EQ(object->size(), 10u);
  EXPECT_EQ(object->path(), "bucket/t/b");
  EXPECT_FALSE(object->is_memory());
  EXPECT_EQ(object->ReadAt({3, 4}).ValueOrDie()->ToString(), "3456");
  EXPECT_EQ(object->ReadAt({10, 0}).ValueOrDie()->size(), 0);
  EXPECT_EQ(store_->Open("bucket/t/a").ValueOrDie()->size(), 0u);
}

TEST_F(ArrowStoreTest, IsReadCoalesced) {
  auto object = store_->Open("bucket/t/b").ValueOrDie();
  IoCounters counters;
  ReadOptions options = ReadOptionsFor(*store_, nullptr);
  options.counters = &counters;
  const std::vector<ByteRange> ranges = {{8, 2}, {0, 2}};
  auto read = ReadRanges(*object, ranges, options).ValueOrDie();
  EXPECT_EQ(read[0]->ToString(), "89");
  EXPECT_EQ(read[1]->ToString(), "01");
  EXPECT_EQ(counters.Read().iops, 1u);
}

TEST_F(ArrowStoreTest, AsksForTheSizeOnlyWhenItIsNotKnown) {
  ASSERT_TRUE(store_->Open("bucket/t/b", 10).ok());
  EXPECT_EQ(file_system_->num_infos, 0);
  ASSERT_TRUE(store_->Open("bucket/t/b").ok());
  EXPECT_EQ(file_system_->num_infos, 1);
}

TEST_F(ArrowStoreTest, RejectsRangesPastTheEndNamingThePath) {
  auto object = store_->Open("bucket/t/b").ValueOrDie();
  for (const ByteRange& bad : {ByteRange{0, 11}, ByteRange{11, 0}, ByteRange{1, ~uint64_t{0}}}) {
    const arrow::Status status = object->ReadAt(bad).status();
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_NE(status.message().find("bucket/t/b"), std::string::npos) << status;
  }
}

TEST_F(ArrowStoreTest, NamesTheObjectThatGaveTooFewBytes) {
  file_system_->broken_reads = true;
  auto object = store_->Open("bucket/t/b", 10).ValueOrDie();
  EXPECT_EQ(object->ReadAt({0, 2}).ValueOrDie()->ToString(), "ab");
  const arrow::Status status = object->ReadAt({0, 5}).status();
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find("bucket/t/b"), std::string::npos) << status;
}

TEST_F(ArrowStoreTest, NamesWhatIsNotThereOrNoObject) {
  for (uint64_t size : {0, 10}) {
    const arrow::Status missing = store_->Open("bucket/t/missing", size).status();
    EXPECT_EQ(CategoryOf(missing), ErrorCategory::kNotFound) << missing;
    EXPECT_NE(missing.message().find("bucket/t/missing"), std::string::npos) << missing;
  }
  EXPECT_EQ(CategoryOf(store_->Open("bucket/t").status()), ErrorCategory::kInvalidInput);
}

TEST_F(ArrowStoreTest, ListsWhatIsDirectlyBelowInOrder) {
  auto found = store_->List("bucket/t").ValueOrDie();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].path, "bucket/t/a");
  EXPECT_EQ(found[1].path, "bucket/t/b");
  EXPECT_EQ(found[1].size, 10u);
  EXPECT_EQ(found[2].path, "bucket/t/c");
  EXPECT_TRUE(found[2].is_directory);
  EXPECT_TRUE(store_->List("bucket/nothing").ValueOrDie().empty());
}

TEST_F(ArrowStoreTest, KeepsThePromisesOfWriting) {
  ExpectWritesWhole(*store_, "bucket/t1");
  ExpectDeletes(*store_, "bucket/t2");
  ExpectListsSizesAndTimes(*store_, "bucket/t3", 0);
  ExpectNothingStaysOfWhatWasGivenUp(*store_, "bucket/t4");
}

TEST(ArrowStore, KeepsThePromisesOfWritingOnRealDirectories) {
  std::string name = testing::TempDir() + "lancea_arrow_XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  auto local = std::make_shared<arrow::fs::LocalFileSystem>();
  auto store = MakeArrowStore(std::make_shared<arrow::fs::SubTreeFileSystem>(name, local));
  ExpectWritesWhole(*store, "t1");
  ExpectDeletes(*store, "t2");
  ExpectListsSizesAndTimes(*store, "t3", 1'700'000'000'000'000'000);
  ExpectNothingStaysOfWhatWasGivenUp(*store, "t4");
  std::filesystem::remove_all(name);
}

TEST_F(ArrowStoreTest, SaysThatItCannotPutOnlyWhereNothingIs) {
  const arrow::Status status = store_->PutIfAbsent("bucket/t/new", BytesOf("x"));
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kUnsupported) << status;
  EXPECT_NE(status.message().find("bucket/t/new"), std::string::npos) << status;
  EXPECT_NE(status.message().find("commit lock"), std::string::npos) << status;
  EXPECT_EQ(ReadAll(*store_, "bucket/t/new"), "<missing>");
}

TEST_F(ArrowStoreTest, DeletesNoFileAsADirectory) {
  EXPECT_EQ(CategoryOf(store_->DeleteDirectory("bucket/t/b")), ErrorCategory::kInvalidInput);
  EXPECT_EQ(ReadAll(*store_, "bucket/t/b"), "0123456789");
}

TEST_F(ArrowStoreTest, HasTheBlockSizeOfARemoteStoreUnlessToldOtherwise) {
  EXPECT_FALSE(store_->is_local());
  EXPECT_EQ(store_->block_size(), 64u * 1024);
  EXPECT_EQ(MakeArrowStore(file_system_, {.block_size = 123})->block_size(), 123u);
}

}  // namespace
}  // namespace lancea
