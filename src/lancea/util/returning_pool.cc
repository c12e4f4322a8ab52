#include "lancea/util/returning_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "arrow/status.h"

namespace lancea {
namespace {

constexpr int64_t kLeastMappedBytes = int64_t{64} << 10;
constexpr int64_t kPageBytes = 4096;  // the least there is: what mmap returns is aligned to it

class Pool : public arrow::MemoryPool {
 public:
  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    if (!IsMapped(size, alignment)) {
      ARROW_RETURN_NOT_OK(small_->Allocate(size, alignment, out));
    } else {
      void* block = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (block == MAP_FAILED) return OutOfMemory(size);
      *out = static_cast<uint8_t*>(block);
    }
    stats_.DidAllocateBytes(size);
    return arrow::Status::OK();
  }

  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** block) override {
    const bool was_mapped = IsMapped(old_size, alignment);
    if (!was_mapped && !IsMapped(new_size, alignment)) {
      ARROW_RETURN_NOT_OK(small_->Reallocate(old_size, new_size, alignment, block));
      stats_.DidReallocateBytes(old_size, new_size);
      return arrow::Status::OK();
    }
#ifdef __linux__
    if (was_mapped && IsMapped(new_size, alignment)) {
      void* moved = ::mremap(*block, static_cast<size_t>(old_size), static_cast<size_t>(new_size),
                             MREMAP_MAYMOVE);
      if (moved == MAP_FAILED) return OutOfMemory(new_size);
      *block = static_cast<uint8_t*>(moved);
      stats_.DidReallocateBytes(old_size, new_size);
      return arrow::Status::OK();
    }
#endif
    uint8_t* copy = nullptr;
    ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &copy));
    std::memcpy(copy, *block, static_cast<size_t>(std::min(old_size, new_size)));
    Free(*block, old_size, alignment);
    *block = copy;
    return arrow::Status::OK();
  }

  void Free(uint8_t* block, int64_t size, int64_t alignment) override {
    if (IsMapped(size, alignment)) {
      ::munmap(block, static_cast<size_t>(size));
    } else {
      small_->Free(block, size, alignment);
    }
    stats_.DidFreeBytes(size);
  }

  void ReleaseUnused() override { small_->ReleaseUnused(); }
  int64_t bytes_allocated() const override { return stats_.bytes_allocated(); }
  int64_t max_memory() const override { return stats_.max_memory(); }
  int64_t total_bytes_allocated() const override { return stats_.total_bytes_allocated(); }
  int64_t num_allocations() const override { return stats_.num_allocations(); }
  std::string backend_name() const override { return "mapped+" + small_->backend_name(); }

 private:
  static bool IsMapped(int64_t size, int64_t alignment) {
    return size >= kLeastMappedBytes && alignment <= kPageBytes;
  }
  static arrow::Status OutOfMemory(int64_t size) {
    return arrow::Status::OutOfMemory("mapping ", size, " bytes failed");
  }

  arrow::MemoryPool* const small_ = arrow::default_memory_pool();
  arrow::internal::MemoryPoolStats stats_;
};

}  // namespace

arrow::MemoryPool* ReturningPool() {
  static Pool* const pool = new Pool();  // never destroyed: see the header
  return pool;
}

}  // namespace lancea
