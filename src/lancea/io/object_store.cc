#include "lancea/object_store.h"

#include "arrow/buffer.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> ObjectReader::ReadMany(
    std::span<const ByteRange> ranges) {
  std::vector<std::shared_ptr<arrow::Buffer>> out;
  out.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(range));
    out.push_back(std::move(buffer));
  }
  return out;
}

arrow::Status ObjectWriter::WriteMany(std::span<const std::shared_ptr<arrow::Buffer>> buffers) {
  for (const auto& buffer : buffers) {
    ARROW_RETURN_NOT_OK(Write({buffer->data(), static_cast<size_t>(buffer->size())}));
  }
  return arrow::Status::OK();
}

arrow::Result<std::vector<ObjectInfo>> ObjectStore::ListWithDetails(const std::string& path) {
  return List(path);
}

arrow::Result<std::unique_ptr<ObjectWriter>> ObjectStore::Create(const std::string& path) {
  return Unsupported("cannot create ", path, ": its store can only be read");
}

arrow::Status ObjectStore::Put(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_ASSIGN_OR_RAISE(auto writer, Create(path));
  ARROW_RETURN_NOT_OK(writer->Write(bytes));
  return writer->Finish();
}

arrow::Status ObjectStore::PutIfAbsent(const std::string& path, std::span<const uint8_t>) {
  return Unsupported(
      "cannot create ", path,
      " only if it is not there: its store does not offer that, so commits to it need "
      "a commit lock or an external manifest store");
}

arrow::Status ObjectStore::Delete(const std::string& path) {
  return Unsupported("cannot delete ", path, ": its store can only be read");
}

arrow::Status ObjectStore::DeleteDirectory(const std::string& path) {
  return Unsupported("cannot delete the directory ", path, ": its store can only be read");
}

}  // namespace lancea
