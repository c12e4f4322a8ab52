// A whole 2.3 file in memory, for tests: just enough of the container to reach its pages, on
// trusted bytes. The real reader is file/data_file_reader.h, which lies above this layer.
#pragma once

#include <google/protobuf/any.pb.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/structural/field_reader.h"
#include "lancea/encoding/structural/field_tree.h"
#include "lancea/encoding/v2_3/make_page.h"
#include "lancea/proto/file.pb.h"
#include "lancea/proto/file2.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/byte_reader.h"

namespace lancea::v2_3 {

inline std::filesystem::path TestData() {
  return std::filesystem::path(__FILE__).parent_path() /
         "../../../../tests/data/pylance-14.0.2/v2_3";
}

class TestFile : public ColumnSource {
 public:
  static std::unique_ptr<TestFile> Open(const std::string& name) {
    std::ifstream in(TestData() / name, std::ios::binary);
    return std::unique_ptr<TestFile>(
        new TestFile(std::string(std::istreambuf_iterator<char>(in), {})));
  }

  const Schema& schema() const { return schema_; }
  uint64_t num_rows() const override { return num_rows_; }
  uint64_t file_size() const override { return bytes_.size(); }
  arrow::Result<std::shared_ptr<const ColumnInfo>> Column(int32_t field_id) const override {
    return columns_.at(field_id);
  }
  const std::map<int32_t, std::shared_ptr<ColumnInfo>>& columns() const { return columns_; }

  /// The bytes of a range, to be damaged on purpose.
  char* bytes(ByteRange range) { return bytes_.data() + range.offset; }

  arrow::Result<std::unique_ptr<FieldReader>> MakeReader(size_t field) const {
    ARROW_ASSIGN_OR_RAISE(auto arrow_field, ToArrowAsRead(schema_.fields[field]));
    return MakeStructuralFieldReader(schema_.fields[field], arrow_field, *this, MakePage);
  }

  /// Drive a read to its end. Every range is handed over as a buffer of its own, so that a read
  /// past its end is seen by the address sanitizer.
  arrow::Result<arrow::ArrayVector> Read(const FieldReader& reader,
                                         std::span<const RowRange> ranges) const {
    ARROW_ASSIGN_OR_RAISE(auto task, reader.Read(ranges, arrow::default_memory_pool()));
    while (!task->needs().empty()) {
      std::vector<std::shared_ptr<arrow::Buffer>> buffers;
      for (const ByteRange& range : task->needs()) {
        if (range.offset > bytes_.size() || range.length > bytes_.size() - range.offset) {
          return arrow::Status::IOError("read past the end of the file");
        }
        buffers.push_back(arrow::Buffer::FromString(bytes_.substr(range.offset, range.length)));
      }
      ARROW_RETURN_NOT_OK(task->Supply(std::move(buffers)));
    }
    return task->Finish();
  }

 private:
  explicit TestFile(std::string bytes) : bytes_(std::move(bytes)) {
    const size_t footer = bytes_.size() - 40;
    const uint64_t column_table = U64(footer + 8);
    const uint64_t global_buffers = U64(footer + 16);
    lance::file::FileDescriptor descriptor;
    descriptor.ParseFromString(bytes_.substr(U64(global_buffers), U64(global_buffers + 8)));
    num_rows_ = descriptor.length();
    schema_ =
        SchemaFromProto(descriptor.schema().fields(), descriptor.schema().metadata()).ValueOrDie();
    uint64_t column = 0;
    for (const Field& field : schema_.fields) {
      const FieldTree tree =
          MakeFieldTree(field, ToArrowAsRead(field).ValueOrDie(), bytes_.size()).ValueOrDie();
      for (int32_t field_id : tree.leaf_field_ids) {
        const uint64_t entry = column_table + 16 * column;
        columns_[field_id] =
            ParseColumn(static_cast<int32_t>(column++), U64(entry), U64(entry + 8));
      }
    }
  }

  uint64_t U64(size_t at) const {
    return LoadLittleEndian<uint64_t>(reinterpret_cast<const uint8_t*>(bytes_.data()) + at);
  }

  std::shared_ptr<ColumnInfo> ParseColumn(int32_t index, uint64_t offset, uint64_t length) const {
    lance::file::v2::ColumnMetadata message;
    message.ParseFromString(bytes_.substr(offset, length));
    auto out = std::make_shared<ColumnInfo>();
    out->index = index;
    for (const auto& wire : message.pages()) {
      PageInfo page;
      page.num_rows = wire.length();
      page.first_row = out->num_rows;
      out->num_rows += page.num_rows;
      for (int i = 0; i < wire.buffer_offsets_size(); ++i) {
        page.buffers.push_back({wire.buffer_offsets(i), wire.buffer_sizes(i)});
      }
      google::protobuf::Any any;
      any.ParseFromString(wire.encoding().direct().encoding());
      page.encoding = {any.type_url(), any.value()};
      out->pages.push_back(std::move(page));
    }
    return out;
  }

  std::string bytes_;
  Schema schema_;
  uint64_t num_rows_ = 0;
  std::map<int32_t, std::shared_ptr<ColumnInfo>> columns_;  // by field id
};

}  // namespace lancea::v2_3
