#include "standard_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "arrow/status.h"

namespace lancea::cli {
namespace {

// Not Arrow's FileOutputStream: that asks where it stands, which a pipe cannot say.
class StandardOutput : public arrow::io::OutputStream {
 public:
  arrow::Status Write(const void* data, int64_t num_bytes) override {
    const char* at = static_cast<const char*>(data);
    while (num_bytes > 0) {
      const ssize_t written = write(STDOUT_FILENO, at, static_cast<size_t>(num_bytes));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return arrow::Status::IOError("standard output: ", std::strerror(errno));
      at += written;
      num_bytes -= written;
      position_ += written;
    }
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;

  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }

 private:
  int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace

std::shared_ptr<arrow::io::OutputStream> MakeStandardOutput() {
  return std::make_shared<StandardOutput>();
}

}  // namespace lancea::cli
