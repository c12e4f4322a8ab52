#include "lancea/encoding/structural/leaf_column.h"

#include <algorithm>

#include "arrow/type.h"
#include "lancea/encoding/structural/empty_struct.h"
#include "lancea/util/errors.h"

namespace lancea {

// Of a page object itself, roughly.
constexpr uint64_t kPageBytes = 512;

LeafColumn::LeafColumn(std::shared_ptr<const Leaf> leaf, std::shared_ptr<const ColumnInfo> info,
                       PageFactory make_page, const ColumnSource& source)
    : leaf_(std::move(leaf)),
      info_(std::move(info)),
      make_page_(std::move(make_page)),
      source_(source),
      slots_(info_->pages.size()) {}

arrow::Status LeafColumn::Make(size_t page) const {
  Slot& slot = slots_[page];
  if (slot.page != nullptr) return arrow::Status::OK();
  if (IsEmptyStruct(*leaf_->type)) {
    slot.page = MakeEmptyStructPage(leaf_);
    return arrow::Status::OK();
  }
  return make_page_(leaf_, info_->pages[page]).Value(&slot.page);
}

arrow::Result<std::vector<ByteRange>> LeafColumn::MetadataRanges(size_t page) const {
  std::lock_guard<std::mutex> lock(slots_[page].mutex);
  arrow::Status status = Make(page);
  if (!status.ok()) return Explain(status, page);
  return slots_[page].page->metadata_ranges();
}

arrow::Status LeafColumn::Load(size_t page,
                               std::vector<std::shared_ptr<arrow::Buffer>> metadata) const {
  Slot& slot = slots_[page];
  std::lock_guard<std::mutex> lock(slot.mutex);
  if (slot.loaded.load(std::memory_order_relaxed) != nullptr) return arrow::Status::OK();
  if (slot.page == nullptr) {
    arrow::Status status = Make(page);
    if (!status.ok()) return Explain(status, page);
  }
  arrow::Status status = slot.page->Load(std::move(metadata));
  if (!status.ok()) {
    // A half-loaded page must not be loaded again.
    slot.page.reset();
    return Explain(status, page);
  }
  slot.loaded.store(slot.page.get(), std::memory_order_release);
  source_.CountMemory(kPageBytes + slot.page->metadata_bytes());
  return arrow::Status::OK();
}

size_t LeafColumn::PageOfRow(uint64_t row) const {
  const auto& pages = info_->pages;
  auto it = std::upper_bound(pages.begin(), pages.end(), row,
                             [](uint64_t r, const PageInfo& page) { return r < page.first_row; });
  return static_cast<size_t>(it - pages.begin()) - 1;
}

arrow::Status LeafColumn::Explain(const arrow::Status& status, size_t page) const {
  return Prefix(status, "column \"" + leaf_->path + "\", page " + std::to_string(page));
}

}  // namespace lancea
