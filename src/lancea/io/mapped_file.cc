#include "lancea/io/mapped_file.h"

#include <sys/mman.h>

#include <utility>

#include "arrow/buffer.h"

namespace lancea {
namespace {

class Mapping : public arrow::Buffer {
 public:
  Mapping(const uint8_t* bytes, size_t size, std::shared_ptr<ResidentPages> resident)
      : arrow::Buffer(bytes, static_cast<int64_t>(size)), resident_(std::move(resident)) {
    if (resident_ != nullptr) resident_->Add({bytes, size});
  }
  ~Mapping() override {
    const auto size = static_cast<size_t>(size_);
    if (resident_ != nullptr) resident_->Remove({data_, size});
    munmap(const_cast<uint8_t*>(data_), size);
  }

 private:
  const std::shared_ptr<ResidentPages> resident_;
};

}  // namespace

void ResidentPages::Count(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  read_bytes_ += bytes;
  if (read_bytes_ < max_bytes_) return;
  read_bytes_ = 0;
  for (const std::span<const uint8_t> mapping : mappings_) {
    // Shared and backed by a file, so nothing is lost. Best effort, as all of this.
    madvise(const_cast<uint8_t*>(mapping.data()), mapping.size(), MADV_DONTNEED);
  }
}

void ResidentPages::Add(std::span<const uint8_t> mapping) {
  std::lock_guard lock(mutex_);
  mappings_.push_back(mapping);
}

void ResidentPages::Remove(std::span<const uint8_t> mapping) {
  std::lock_guard lock(mutex_);
  std::erase_if(mappings_, [&](const auto& known) { return known.data() == mapping.data(); });
}

std::shared_ptr<arrow::Buffer> MapFile(int descriptor, size_t size,
                                       std::shared_ptr<ResidentPages> resident) {
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) return nullptr;
  return std::make_shared<Mapping>(static_cast<const uint8_t*>(address), size, std::move(resident));
}

}  // namespace lancea
