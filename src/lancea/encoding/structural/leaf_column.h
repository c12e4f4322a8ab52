// The pages of one leaf column, made and loaded on first use and then kept.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "lancea/encoding/column_info.h"
#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/make_page.h"
#include "lancea/encoding/structural/page.h"

namespace lancea {

/// Thread-safe.
class LeafColumn {
 public:
  /// \param source  told of what loaded pages hold; outlives this
  LeafColumn(std::shared_ptr<const Leaf> leaf, std::shared_ptr<const ColumnInfo> info,
             PageFactory make_page, const ColumnSource& source);

  const Leaf& leaf() const { return *leaf_; }
  const ColumnInfo& info() const { return *info_; }

  /// The page when it is ready to be planned, else nullptr.
  const StructuralPage* loaded(size_t page) const {
    return slots_[page].loaded.load(std::memory_order_acquire);
  }

  /// Byte ranges that Load wants.
  arrow::Result<std::vector<ByteRange>> MetadataRanges(size_t page) const;

  /// Parse the page's metadata and keep it; a second caller's bytes are dropped.
  arrow::Status Load(size_t page, std::vector<std::shared_ptr<arrow::Buffer>> metadata) const;

  /// Index of the page that holds page row `row`.
  size_t PageOfRow(uint64_t row) const;

  /// Say where an error came from.
  arrow::Status Explain(const arrow::Status& status, size_t page) const;

 private:
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<StructuralPage> page;
    std::atomic<const StructuralPage*> loaded{nullptr};
  };
  arrow::Status Make(size_t page) const;  // slot locked

  std::shared_ptr<const Leaf> leaf_;
  std::shared_ptr<const ColumnInfo> info_;
  PageFactory make_page_;
  const ColumnSource& source_;
  mutable std::vector<Slot> slots_;
};

}  // namespace lancea
