#include "lancea/io/local_writer.h"

#include <cstring>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/io/temporary_file.h"

namespace lancea {
namespace {

// Small pieces are gathered for one system call: beyond this, larger ones gain nothing measurable.
constexpr size_t kBatchBytes = size_t{1} << 20;
// Pieces this large are written as they lie, with what was gathered before them.
constexpr size_t kLargeBytes = kBatchBytes / 4;

iovec PartOf(const uint8_t* bytes, size_t size) {
  return {const_cast<uint8_t*>(bytes), size};  // writev takes what it does not change as mutable
}

class LocalWriter : public ObjectWriter {
 public:
  explicit LocalWriter(std::unique_ptr<TemporaryFile> file)
      : file_(std::move(file)), gathered_(new uint8_t[kBatchBytes]) {}

  arrow::Status Write(std::span<const uint8_t> bytes) override {
    ARROW_RETURN_NOT_OK(failure_);
    if (Gather(bytes.data(), bytes.size())) return arrow::Status::OK();
    const iovec parts[] = {PartOf(gathered_.get(), num_gathered_),
                           PartOf(bytes.data(), bytes.size())};
    return Append(parts);
  }

  arrow::Status WriteMany(std::span<const std::shared_ptr<arrow::Buffer>> buffers) override {
    ARROW_RETURN_NOT_OK(failure_);
    std::vector<iovec> parts;
    parts.reserve(buffers.size() + 1);
    parts.push_back({});
    size_t total = 0;
    for (const auto& buffer : buffers) {
      parts.push_back(PartOf(buffer->data(), static_cast<size_t>(buffer->size())));
      total += parts.back().iov_len;
    }
    if (total < kLargeBytes && num_gathered_ + total <= kBatchBytes) {
      for (const iovec& part : std::span(parts).subspan(1)) {
        Gather(static_cast<const uint8_t*>(part.iov_base), part.iov_len);
      }
      return arrow::Status::OK();
    }
    parts.front() = PartOf(gathered_.get(), num_gathered_);
    return Append(parts);
  }

  uint64_t position() const override { return file_->size() + num_gathered_; }

  arrow::Status Finish() override {
    ARROW_RETURN_NOT_OK(failure_);
    const iovec last[] = {PartOf(gathered_.get(), num_gathered_)};
    ARROW_RETURN_NOT_OK(Append(last));
    failure_ = arrow::Status::IOError("cannot write: the file is finished");
    return file_->Publish(TemporaryFile::IfThere::kReplace);
  }

  arrow::Status Abort() override {
    file_->Discard();
    failure_ = arrow::Status::IOError("cannot write: the file was given up");
    return arrow::Status::OK();
  }

 private:
  bool Gather(const uint8_t* bytes, size_t size) {
    if (size >= kLargeBytes || size > kBatchBytes - num_gathered_) return false;
    if (size > 0) std::memcpy(gathered_.get() + num_gathered_, bytes, size);
    num_gathered_ += size;
    return true;
  }

  arrow::Status Append(std::span<const iovec> parts) {
    failure_ = file_->Append(parts);
    num_gathered_ = 0;
    return failure_;
  }

  const std::unique_ptr<TemporaryFile> file_;
  const std::unique_ptr<uint8_t[]> gathered_;  // [kBatchBytes], written up to num_gathered_
  size_t num_gathered_ = 0;
  arrow::Status
      failure_;  // set once nothing more may be written: a file with a hole is not finished
};

}  // namespace

arrow::Result<std::unique_ptr<ObjectWriter>> CreateLocalFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, TemporaryFile::Create(path));
  return std::make_unique<LocalWriter>(std::move(file));
}

}  // namespace lancea
