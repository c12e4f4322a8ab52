// Tables in memory whose only column holds the same number in every row: any number of rows in no bytes.
#pragma once

#include <google/protobuf/any.pb.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "arrow/buffer.h"
#include "lancea/dataset.h"
#include "lancea/io/memory_store.h"
#include "lancea/proto/encodings_v2_1.pb.h"
#include "lancea/proto/file.pb.h"
#include "lancea/proto/file2.pb.h"
#include "lancea/proto/table.pb.h"

namespace lancea {

template <typename T>
void AppendRaw(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// A file of version 2.1 with one column of u64: a constant page of fives.
inline std::string ConstantFile(uint64_t num_rows) {
  lance::encodings21::PageLayout layout;
  layout.mutable_constant_layout()->add_layers(lance::encodings21::REPDEF_ALL_VALID_ITEM);
  layout.mutable_constant_layout()->set_inline_value(std::string("\5\0\0\0\0\0\0\0", 8));
  google::protobuf::Any any;
  any.set_type_url("/lance.encodings21.PageLayout");
  any.set_value(layout.SerializeAsString());
  lance::file::v2::ColumnMetadata column;
  auto& page = *column.add_pages();
  page.set_length(num_rows);
  page.mutable_encoding()->mutable_direct()->set_encoding(any.SerializeAsString());
  lance::file::FileDescriptor descriptor;
  descriptor.set_length(num_rows);
  std::string out = column.SerializeAsString() + descriptor.SerializeAsString();
  const uint64_t column_size = column.ByteSizeLong(), table = out.size();
  for (uint64_t number : {uint64_t{0}, column_size, column_size, table - column_size}) {
    AppendRaw(number, &out);
  }
  for (uint64_t number : {uint64_t{0}, table, table + 16}) AppendRaw(number, &out);
  for (uint32_t number : {1u, 1u, 2u | 1u << 16}) AppendRaw(number, &out);
  return out + "LANC";
}

/// The bytes of a manifest file.
inline std::string ManifestFile(const lance::table::Manifest& manifest) {
  const std::string message = manifest.SerializeAsString();
  std::string bytes;
  AppendRaw(static_cast<uint32_t>(message.size()), &bytes);
  bytes += message;
  AppendRaw(uint64_t{0}, &bytes);
  AppendRaw(uint32_t{2}, &bytes);
  return bytes + "LANC";
}

/// A table "t" of fragments of `rows` rows each, column x.
inline std::shared_ptr<MemoryObjectStore> ConstantTable(size_t num_fragments, uint64_t rows) {
  auto store = std::make_shared<MemoryObjectStore>();
  lance::table::Manifest manifest;
  manifest.set_version(1);
  manifest.mutable_data_format()->set_file_format("lance");
  manifest.mutable_data_format()->set_version("2.1");
  auto& field = *manifest.add_fields();
  field.set_name("x");
  field.set_logical_type("uint64");
  field.set_parent_id(-1);
  const std::string file = ConstantFile(rows);
  for (size_t i = 0; i < num_fragments; ++i) {
    auto& fragment = *manifest.add_fragments();
    fragment.set_id(i);
    fragment.set_physical_rows(rows);
    auto& data = *fragment.add_files();
    data.set_path(std::to_string(i) + ".lance");
    data.add_fields(0);
    data.add_column_indices(0);
    data.set_file_major_version(2);
    data.set_file_minor_version(1);
    (void)store->Put("t/data/" + data.path(), arrow::Buffer::FromString(file));
  }
  manifest.set_max_fragment_id(static_cast<uint32_t>(num_fragments - 1));
  (void)store->Put("t/_versions/1.manifest", arrow::Buffer::FromString(ManifestFile(manifest)));
  return store;
}

/// A store far away: each read waits, is counted, and may fail.
class FarStore : public ObjectStore {
 public:
  explicit FarStore(std::shared_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}

  std::chrono::microseconds delay{200};
  std::function<arrow::Status(const std::string& path)> before_read;

  int num_reads() const { return reads_; }
  int most_at_once() const { return most_at_once_; }

  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto inner, inner_->Open(path, size));
    return std::make_shared<Reader>(*this, std::move(inner));
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    return inner_->List(path);
  }
  bool lists_in_order() const override { return true; }

 private:
  class Reader : public ObjectReader {
   public:
    Reader(FarStore& store, std::shared_ptr<ObjectReader> inner)
        : store_(store), inner_(std::move(inner)) {}
    uint64_t size() const override { return inner_->size(); }
    const std::string& path() const override { return inner_->path(); }
    arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
      const int now = ++store_.now_;
      for (int seen = store_.most_at_once_; seen < now;) {
        if (store_.most_at_once_.compare_exchange_weak(seen, now)) break;
      }
      ++store_.reads_;
      std::this_thread::sleep_for(store_.delay);
      --store_.now_;
      if (store_.before_read) ARROW_RETURN_NOT_OK(store_.before_read(path()));
      return inner_->ReadAt(range);
    }

   private:
    FarStore& store_;
    std::shared_ptr<ObjectReader> inner_;
  };

  std::shared_ptr<ObjectStore> inner_;
  std::atomic<int> reads_{0}, now_{0}, most_at_once_{0};
};

}  // namespace lancea
