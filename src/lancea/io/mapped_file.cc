#include "lancea/io/mapped_file.h"

#include <sys/mman.h>

#include <utility>
#include <vector>

#include "arrow/buffer.h"

namespace lancea {
namespace {

class Mapping : public arrow::Buffer {
 public:
  Mapping(const uint8_t* bytes, size_t size) : arrow::Buffer(bytes, static_cast<int64_t>(size)) {}
  ~Mapping() override { munmap(address(), static_cast<size_t>(size_)); }

  void GiveBack() const {
    // Shared and backed by a file, so nothing is lost. Best effort, as all of this.
    madvise(address(), static_cast<size_t>(size_), MADV_DONTNEED);
  }

 private:
  void* address() const { return const_cast<uint8_t*>(data_); }
};

}  // namespace

void ResidentPages::Count(const arrow::Buffer& view) {
  const std::shared_ptr<arrow::Buffer> whole = view.parent();
  // Never of other memory: it would be lost.
  if (dynamic_cast<const Mapping*>(whole.get()) == nullptr) return;
  std::vector<std::shared_ptr<arrow::Buffer>> mappings;
  {
    std::lock_guard lock(mutex_);
    mappings_[whole->data()] = whole;
    read_bytes_ += static_cast<uint64_t>(view.size());
    if (read_bytes_ < max_bytes_) return;
    read_bytes_ = 0;
    std::erase_if(mappings_, [](const auto& known) { return known.second.expired(); });
    for (const auto& known : mappings_) {
      if (auto mapping = known.second.lock()) mappings.push_back(std::move(mapping));
    }
  }
  // Takes some ms, in which others can read on.
  for (const auto& mapping : mappings) static_cast<const Mapping&>(*mapping).GiveBack();
}

std::shared_ptr<arrow::Buffer> MapFile(int descriptor, size_t size) {
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) return nullptr;
  return std::make_shared<Mapping>(static_cast<const uint8_t*>(address), size);
}

}  // namespace lancea
