#include "lancea/file/data_file_writer.h"

#include "arrow/memory_pool.h"
#include "arrow/util/thread_pool.h"
#include "lancea/error.h"
#include "lancea/file/file_writing_for_test.h"

namespace lancea {
namespace {

// About 800 bytes a page, ten pages in each of two columns.
PlainFile ManyPages() {
  PlainFile file;
  file.options.data_cache_bytes = 1600;
  return file;
}

void ExpectRows(const arrow::Result<arrow::ArrayVector>& read, const PlainFile& file) {
  ASSERT_TRUE(read.ok()) << read.status();
  const auto expected = Int64Batch(file.num_columns, file.num_rows);
  ASSERT_EQ(read->size(), static_cast<size_t>(file.num_columns));
  for (int i = 0; i < file.num_columns; ++i) {
    EXPECT_TRUE((*read)[i]->Equals(expected->column(i)));
  }
}

TEST(DataFileWriter, WritesWhatTheReaderReads) {
  const PlainFile file = ManyPages();
  const std::string bytes = file.Bytes();
  for (bool is_memory : {true, false}) ExpectRows(ReadAll(bytes, is_memory), file);
}

TEST(DataFileWriter, SaysWhatAManifestNeeds) {
  auto out = std::make_shared<WrittenBytes>();
  auto written = ManyPages().Write(out);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->num_rows, 1000u);
  EXPECT_EQ(written->size_bytes, out->bytes.size());
  EXPECT_EQ(written->fields, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(written->column_indices, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(std::make_pair(written->major, written->minor), std::make_pair(2u, 0u));
  // 2.0 calls itself 0.3 in the footer.
  auto version =
      ParseFileVersion({reinterpret_cast<const uint8_t*>(out->bytes.data()), out->bytes.size()});
  EXPECT_EQ(version->major, 0);
  EXPECT_EQ(version->minor, 3);
}

TEST(DataFileWriter, AlignsBuffersTo64AndPadsWithH) {
  PlainFile file = ManyPages();
  file.num_rows = 1001;
  file.global_buffers = {"abc", "", "defg"};
  const std::string bytes = file.Bytes();
  auto reader = DataFileReader::Open(std::make_shared<BytesReader>(bytes, true)).ValueOrDie();
  std::vector<ByteRange> buffers = reader->global_buffers();
  EXPECT_EQ(buffers.size(), 5u);  // the descriptor, three of the caller, checksums
  for (int32_t i = 0; i < reader->num_columns(); ++i) {
    for (const PageInfo& page : reader->Column(i).ValueOrDie()->pages) {
      buffers.insert(buffers.end(), page.buffers.begin(), page.buffers.end());
    }
  }
  std::ranges::sort(buffers, {}, [](const ByteRange& b) { return std::pair(b.offset, b.length); });
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(buffers[i].offset % 64, 0u);
    if (i == 0) continue;
    const uint64_t end = buffers[i - 1].offset + buffers[i - 1].length;
    EXPECT_EQ(bytes.substr(end, buffers[i].offset - end),
              std::string(buffers[i].offset - end, 'H'));
  }
  EXPECT_EQ(reader->ReadGlobalBuffer(1).ValueOrDie()->ToString(), "abc");
  EXPECT_EQ(reader->ReadGlobalBuffer(3).ValueOrDie()->ToString(), "defg");
}

TEST(DataFileWriter, PagesNameTheirFirstRow) {
  auto reader =
      DataFileReader::Open(std::make_shared<BytesReader>(ManyPages().Bytes(), true)).ValueOrDie();
  const auto column = reader->Column(1).ValueOrDie();
  ASSERT_EQ(column->pages.size(), 10u);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(column->pages[i].first_row, i * 100);
}

TEST(DataFileWriter, GivesTheSameBytesWhateverTheThreads) {
  PlainFile file;
  file.num_columns = 5;
  file.num_rows = 20'000;
  file.batch_rows = 500;
  file.options.data_cache_bytes = 5 * 4000;
  file.global_buffers = {"x"};
  const std::string serial = file.Bytes();
  for (int threads : {1, 2, 8}) {
    auto pool = arrow::internal::ThreadPool::Make(threads).ValueOrDie();
    file.options.cpu = pool.get();
    EXPECT_EQ(file.Bytes(), serial) << threads;
  }
}

TEST(DataFileWriter, AnErrorAtAnyWriteAbortsTheObject) {
  PlainFile file = ManyPages();
  file.global_buffers = {"abc"};
  auto pool = arrow::internal::ThreadPool::Make(2).ValueOrDie();
  for (auto* executor : {static_cast<arrow::internal::Executor*>(nullptr),
                         static_cast<arrow::internal::Executor*>(pool.get())}) {
    file.options.cpu = executor;
    auto sound = std::make_shared<WrittenBytes>();
    ASSERT_TRUE(file.Write(sound).ok());
    ASSERT_GT(sound->calls, 20);
    for (int call = 0; call < sound->calls; ++call) {
      auto out = std::make_shared<WrittenBytes>();
      out->fail_at = call;
      auto written = file.Write(out);
      EXPECT_EQ(written.status().message(), "no space left on device") << call;
      EXPECT_TRUE(out->aborted && !out->finished) << call;
    }
  }
}

TEST(DataFileWriter, DroppedWithoutFinishAborts) {
  auto out = std::make_shared<WrittenBytes>();
  {
    auto schema = FromArrow(*Int64Batch(1, 0)->schema()).ValueOrDie();
    auto writer =
        DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema, {}, PlainInt64Writer::Make)
            .ValueOrDie();
    ASSERT_TRUE(writer->Write(*Int64Batch(1, 10)).ok());
  }
  EXPECT_TRUE(out->aborted);
}

TEST(DataFileWriter, KeepsItsFirstError) {
  auto out = std::make_shared<WrittenBytes>();
  auto schema = FromArrow(*Int64Batch(1, 0)->schema()).ValueOrDie();
  auto writer =
      DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema, {}, PlainInt64Writer::Make)
          .ValueOrDie();
  auto nulls = arrow::MakeArrayOfNull(arrow::int64(), 3).ValueOrDie();
  ASSERT_TRUE(writer->Write(*Int64Batch(1, 10)).ok());
  const arrow::Status status = writer->Write(
      *arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::int64())}), 3, {nulls}));
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput);
  EXPECT_NE(status.message().find("column \"a\" is not nullable, but row 10 is null"),
            std::string::npos)
      << status;
  EXPECT_TRUE(out->aborted);
  EXPECT_EQ(writer->Write(*Int64Batch(1, 10)).message(), status.message());
  EXPECT_EQ(writer->Finish().status().message(), status.message());
}

TEST(DataFileWriter, OutOfLineValuesLandInOrderWhateverTheThreads) {
  auto pool = arrow::internal::ThreadPool::Make(4).ValueOrDie();
  auto write = [&](arrow::internal::Executor* cpu, int fail_at) {
    auto out = std::make_shared<WrittenBytes>();
    out->fail_at = fail_at;
    FileWriteOptions options;
    options.data_cache_bytes = 800;
    options.cpu = cpu;
    auto schema = FromArrow(*Int64Batch(1, 0)->schema()).ValueOrDie();
    auto writer = DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema, options,
                                       PlainInt64Writer::Make)
                      .ValueOrDie();
    for (int64_t i = 0; i < 20; ++i) {
      if (!writer->Write(*Int64Batch(1, 100, i * 100)).ok()) break;
      const std::string value = "value " + std::to_string(i);
      auto position = writer->out_of_line().Write(arrow::Buffer::FromString(value));
      if (!position.ok()) break;
      EXPECT_EQ(*position % 64, 0u);
      EXPECT_EQ(out->bytes.substr(*position, value.size()), value);
    }
    EXPECT_EQ(writer->Finish().ok(), fail_at < 0);
    return out;
  };
  EXPECT_EQ(write(nullptr, -1)->bytes, write(pool.get(), -1)->bytes);
  for (int call = 0; call < 40; ++call) EXPECT_TRUE(write(pool.get(), call)->aborted) << call;
}

TEST(DataFileWriter, RefusesBatchesOfAnotherShape) {
  auto schema = FromArrow(*Int64Batch(1, 0)->schema()).ValueOrDie();
  for (const auto& batch :
       {Int64Batch(2, 1),
        arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::utf8())}), 1,
                                 {arrow::MakeEmptyArray(arrow::utf8()).ValueOrDie()})}) {
    auto writer =
        DataFileWriter::Make(std::make_unique<BytesWriter>(std::make_shared<WrittenBytes>()),
                             schema, {}, PlainInt64Writer::Make)
            .ValueOrDie();
    EXPECT_EQ(CategoryOf(writer->Write(*batch)), ErrorCategory::kInvalidInput);
  }
}

TEST(DataFileWriter, NoRowsAreAFileToo) {
  PlainFile file;
  file.num_rows = 0;
  auto reader = DataFileReader::Open(std::make_shared<BytesReader>(file.Bytes(), true));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->num_rows(), 0u);
}

// Counts nothing but the pool's bytes; what it writes is dropped.
class NullWriter : public ObjectWriter {
 public:
  arrow::Status Write(std::span<const uint8_t> bytes) override {
    position_ += bytes.size();
    return arrow::Status::OK();
  }
  uint64_t position() const override { return position_; }
  arrow::Status Finish() override { return arrow::Status::OK(); }
  arrow::Status Abort() override { return arrow::Status::OK(); }

 private:
  uint64_t position_ = 0;
};

TEST(DataFileWriter, MemoryStaysFlatHoweverLongTheStream) {
  auto threads = arrow::internal::ThreadPool::Make(2).ValueOrDie();
  auto peak_bytes = [&](int num_batches) {
    arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
    FileWriteOptions options;
    options.data_cache_bytes = uint64_t{4} << 20;
    options.pool = &pool;
    options.cpu = threads.get();
    const auto batch = Int64Batch(4, 16 * 1024);
    auto schema = FromArrow(*batch->schema()).ValueOrDie();
    auto writer =
        DataFileWriter::Make(std::make_unique<NullWriter>(), schema, options).ValueOrDie();
    uint64_t buffered = 0;
    for (int i = 0; i < num_batches; ++i) {
      EXPECT_TRUE(writer->Write(*batch).ok());
      buffered = std::max(buffered, writer->buffered_bytes());
    }
    EXPECT_TRUE(writer->Finish().ok());
    EXPECT_LE(buffered, (uint64_t{4} << 20) + (uint64_t{1} << 20));
    return pool.max_memory();
  };
  const int64_t some = peak_bytes(200);  // 100 MiB of rows
  EXPECT_LE(some, int64_t{80} << 20);
  EXPECT_LE(peak_bytes(800), some + (int64_t{16} << 20));
}

TEST(DataFileWriter, SmallArraysDoNotKeepWhatTheyAreAPartOf) {
  auto out = std::make_shared<WrittenBytes>();
  auto schema = FromArrow(*Int64Batch(1, 0)->schema()).ValueOrDie();
  auto writer =
      DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema, {}, PlainInt64Writer::Make)
          .ValueOrDie();
  std::weak_ptr<arrow::Buffer> given;
  {
    auto batch = Int64Batch(1, 10'000);
    given = batch->column(0)->data()->buffers[1];
    ASSERT_TRUE(writer->Write(*batch->Slice(5, 10)).ok());
  }
  EXPECT_TRUE(given.expired());
  EXPECT_EQ(writer->buffered_bytes(), 80u);
}

TEST(DataFileWriter, SchemaMetadataComeBackWithoutTheChecksums) {
  auto out = std::make_shared<WrittenBytes>();
  auto schema = FromArrow(*Int64Batch(1, 0)->schema()).ValueOrDie();
  schema.metadata = {{"old", "1"}, {kChecksumsKey, "7"}};
  auto writer = DataFileWriter::Make(std::make_unique<BytesWriter>(out), schema,
                                     {.format = FileFormat::k2_0}, PlainInt64Writer::Make)
                    .ValueOrDie();
  EXPECT_TRUE(writer->AddSchemaMetadata("new", "2").ok());
  EXPECT_FALSE(writer->AddSchemaMetadata(kChecksumsKey, "3").ok());
  ASSERT_TRUE(writer->Finish().ok());
  auto reader = DataFileReader::Open(std::make_shared<BytesReader>(out->bytes, true)).ValueOrDie();
  EXPECT_EQ(reader->ReadSchema()->metadata,
            (std::map<std::string, std::string>{{"old", "1"}, {"new", "2"}}));
}

TEST(DataFileWriter, WritesNoChecksumsWhenAskedNotTo) {
  PlainFile file = ManyPages();
  file.options.checksums = false;
  const std::string bytes = file.Bytes();
  auto reader = DataFileReader::Open(std::make_shared<BytesReader>(bytes, true)).ValueOrDie();
  EXPECT_EQ(reader->num_global_buffers(), 1);
  EXPECT_FALSE(reader->has_checksums());
  ExpectRows(ReadAll(bytes), file);
}

TEST(DataFileWriter, ChecksumsTakeAThousandthOfTheFile) {
  PlainFile file;
  file.num_rows = 400'000;
  file.batch_rows = 100'000;
  const uint64_t with = file.Bytes().size();
  file.options.checksums = false;
  const uint64_t without = file.Bytes().size();
  EXPECT_LT(with - without, without / 1000 + 256);
}

}  // namespace
}  // namespace lancea
