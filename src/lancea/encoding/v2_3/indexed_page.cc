#include "lancea/encoding/v2_3/indexed_page.h"

#include <algorithm>
#include <cstring>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "lancea/encoding/structural/dictionary_gather.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/v2_3/slot_runs.h"
#include "lancea/util/errors.h"

namespace lancea::v2_3 {
namespace {

class IndexedPage : public StructuralPage {
 public:
  IndexedPage(std::shared_ptr<const Leaf> leaf, uint64_t num_rows,
              std::unique_ptr<BlockDecoder> decoder, ByteRange index_range,
              std::unique_ptr<StructuralPage> items, uint64_t num_items)
      : leaf_(std::move(leaf)),
        num_rows_(num_rows),
        decoder_(std::move(decoder)),
        takes_buffer_(decoder_->has_payload()),
        items_(std::move(items)),
        num_items_(num_items) {
    if (takes_buffer_) metadata_ranges_.push_back(index_range);
    const auto& item_ranges = items_->metadata_ranges();
    metadata_ranges_.insert(metadata_ranges_.end(), item_ranges.begin(), item_ranges.end());
  }

  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override {
    Bytes block;
    if (takes_buffer_) block = Bytes(metadata[0]->data(), static_cast<size_t>(metadata[0]->size()));
    ValueBuilder builder = ValueBuilder::Fixed(32, arrow::default_memory_pool());
    ARROW_RETURN_NOT_OK(decoder_->Decode(block, static_cast<int64_t>(num_rows_), &builder));
    if (static_cast<uint64_t>(builder.num_values()) != num_rows_) {
      return Corrupt("decoded ", builder.num_values(), " indices for ", num_rows_, " slots");
    }
    ARROW_ASSIGN_OR_RAISE(indices_, builder.FinishData());
    uint32_t largest = 0;
    for (uint64_t i = 0; i < num_rows_; ++i) largest = std::max(largest, index(i));
    if (num_rows_ > 0 && largest >= num_items_) {
      return Corrupt("index ", largest, " into a dictionary of ", num_items_, " items");
    }
    if (takes_buffer_) metadata.erase(metadata.begin());
    return items_->Load(std::move(metadata));
  }

  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;

  uint64_t metadata_bytes() const override {
    return static_cast<uint64_t>(indices_->size()) + items_->metadata_bytes();
  }

  uint32_t index(uint64_t row) const {
    return LoadLittleEndian<uint32_t>(indices_->data() + row * sizeof(uint32_t));
  }
  const Leaf& leaf() const { return *leaf_; }
  const StructuralPage& items() const { return *items_; }
  uint64_t num_items() const { return num_items_; }

 private:
  std::shared_ptr<const Leaf> leaf_;
  uint64_t num_rows_;
  std::unique_ptr<BlockDecoder> decoder_;
  bool takes_buffer_;
  std::unique_ptr<StructuralPage> items_;
  uint64_t num_items_;
  std::shared_ptr<arrow::Buffer> indices_;
};

class IndexedRead : public PageRead {
 public:
  IndexedRead(const IndexedPage& page, arrow::MemoryPool* pool)
      : page_(page), pool_(pool), indices_(ValueBuilder::Fixed(32, pool)) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    const auto num_rows = static_cast<int64_t>(TotalSize(ranges));
    ARROW_ASSIGN_OR_RAISE(uint8_t * bytes, indices_.AppendFixed(num_rows));
    auto* out = reinterpret_cast<uint32_t*>(bytes);
    for (const RowRange& range : ranges) {
      for (uint64_t row = range.start; row < range.end; ++row) *out++ = page_.index(row);
    }
    std::span<uint32_t> indices(reinterpret_cast<uint32_t*>(bytes), static_cast<size_t>(num_rows));
    std::vector<RowRange> items;
    if (indices.size() >= page_.num_items()) {
      // So many rows name most items: read them all and keep the indices.
      items.push_back({0, page_.num_items()});
    } else {
      std::vector<uint32_t> named(indices.begin(), indices.end());
      std::sort(named.begin(), named.end());
      named.erase(std::unique(named.begin(), named.end()), named.end());
      for (uint32_t item : named) AppendRange(&items, item, uint64_t{item} + 1);
      for (uint32_t& index : indices) {
        index = static_cast<uint32_t>(std::lower_bound(named.begin(), named.end(), index) -
                                      named.begin());
      }
    }
    return page_.items().Plan(items, pool_).Value(&items_);
  }

  const std::vector<ByteRange>& needs() const override { return items_->needs(); }

  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    return items_->Supply(std::move(buffers));
  }

  arrow::Result<DecodedPage> Finish() override {
    ARROW_ASSIGN_OR_RAISE(DecodedPage items, items_->Finish());
    DecodedPage out;
    out.layers.resize(1);
    out.layers[0].num_slots = indices_.num_values();
    ARROW_ASSIGN_OR_RAISE(out.values,
                          GatherDictionary(page_.leaf().type, items.values, &indices_, pool_));
    return out;
  }

 private:
  const IndexedPage& page_;
  arrow::MemoryPool* const pool_;
  ValueBuilder indices_;  // into the items that are read
  std::unique_ptr<PageRead> items_;
};

arrow::Result<std::unique_ptr<PageRead>> IndexedPage::Plan(std::span<const RowRange> ranges,
                                                           arrow::MemoryPool* pool) const {
  auto read = std::make_unique<IndexedRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

}  // namespace

std::unique_ptr<StructuralPage> MakeIndexedPage(std::shared_ptr<const Leaf> leaf, uint64_t num_rows,
                                                std::unique_ptr<BlockDecoder> indices,
                                                ByteRange index_range,
                                                std::unique_ptr<StructuralPage> items,
                                                uint64_t num_items) {
  return std::make_unique<IndexedPage>(std::move(leaf), num_rows, std::move(indices), index_range,
                                       std::move(items), num_items);
}

}  // namespace lancea::v2_3
