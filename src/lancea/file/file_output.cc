#include "lancea/file/file_output.h"

#include <array>
#include <string>

#include "arrow/buffer.h"

namespace lancea {
namespace {

// 'H' as pylance writes it.
const std::shared_ptr<arrow::Buffer>& Padding() {
  static const auto padding = arrow::Buffer::FromString(std::string(kBufferAlignment, 'H'));
  return padding;
}

}  // namespace

FileOutput::FileOutput(std::unique_ptr<ObjectWriter> object, bool checksums)
    : object_(std::move(object)) {
  if (checksums) checksums_.emplace();
}

arrow::Result<std::vector<ByteRange>> FileOutput::WriteAligned(
    std::span<const std::shared_ptr<arrow::Buffer>> buffers) {
  std::vector<std::shared_ptr<arrow::Buffer>> pieces;
  pieces.reserve(2 * buffers.size());
  std::vector<ByteRange> out;
  out.reserve(buffers.size());
  uint64_t position = position_;
  auto add = [&](std::shared_ptr<arrow::Buffer> piece) {
    const auto size = static_cast<uint64_t>(piece->size());
    if (checksums_) checksums_->Append({piece->data(), static_cast<size_t>(size)});
    position += size;
    pieces.push_back(std::move(piece));
  };
  for (const auto& buffer : buffers) {
    if (const uint64_t over = position % kBufferAlignment; over != 0) {
      add(arrow::SliceBuffer(Padding(), 0, static_cast<int64_t>(kBufferAlignment - over)));
    }
    const uint64_t size = buffer == nullptr ? 0 : static_cast<uint64_t>(buffer->size());
    out.push_back({position, size});
    if (size > 0) add(buffer);
  }
  if (!pieces.empty()) ARROW_RETURN_NOT_OK(object_->WriteMany(pieces));
  position_ = position;
  return out;
}

arrow::Status FileOutput::Align() {
  return WriteAligned(std::array<std::shared_ptr<arrow::Buffer>, 1>{}).status();
}

arrow::Status FileOutput::WriteUncounted(Bytes bytes) {
  ARROW_RETURN_NOT_OK(object_->Write(bytes));
  position_ += bytes.size();
  return arrow::Status::OK();
}

}  // namespace lancea
