#include "lancea/encoding/v0_1/plain.h"

#include <bit>
#include <cstring>

#include "arrow/array/array_nested.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/util/errors.h"

namespace lancea::v0_1 {
namespace {

using arrow::internal::checked_cast;

// The innermost type of nested fixed-size lists.
const std::shared_ptr<arrow::DataType>& ItemType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::FIXED_SIZE_LIST) return type;
  return ItemType(checked_cast<const arrow::FixedSizeListType&>(*type).value_type());
}

// `items` cut into values of `type`.
std::shared_ptr<arrow::Array> Wrap(const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                   std::shared_ptr<arrow::Buffer> items) {
  if (type->id() != arrow::Type::FIXED_SIZE_LIST) {
    return arrow::MakeArray(arrow::ArrayData::Make(type, length, {nullptr, std::move(items)}, 0));
  }
  const auto& list = checked_cast<const arrow::FixedSizeListType&>(*type);
  auto values = Wrap(list.value_type(), length * list.list_size(), std::move(items));
  return std::make_shared<arrow::FixedSizeListArray>(type, length, std::move(values));
}

class PlainRead : public PageRead {
 public:
  PlainRead(std::shared_ptr<arrow::DataType> type, int64_t bits, std::vector<RowRange> ranges,
            std::vector<ByteRange> needs, arrow::MemoryPool* pool)
      : type_(std::move(type)),
        bits_(bits),
        ranges_(std::move(ranges)),
        needs_(std::move(needs)),
        pool_(pool) {
    for (const RowRange& range : ranges_) num_values_ += range.size();
  }

  void Collect(std::vector<ByteRange>* needs) const override {
    if (buffers_.empty()) needs->insert(needs->end(), needs_.begin(), needs_.end());
  }
  arrow::Status Supply(Buffers& buffers, size_t* next) override {
    if (!buffers_.empty()) return arrow::Status::OK();
    for (size_t i = 0; i < needs_.size(); ++i) buffers_.push_back(std::move(buffers[(*next)++]));
    return arrow::Status::OK();
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto items, Join());
    return Wrap(type_, static_cast<int64_t>(num_values_), std::move(items));
  }

 private:
  // The bit at which range `i` starts inside its bytes.
  int64_t FirstBit(size_t i) const {
    return static_cast<int64_t>(ranges_[i].start * static_cast<uint64_t>(bits_) % 8);
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Join() {
    const bool as_bits = bits_ % 8 != 0 || ItemType(type_)->id() == arrow::Type::BOOL;
    // Pages lie at any address; Arrow wants values aligned to their width.
    const uint64_t alignment =
        std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(ItemType(type_)->byte_width(), 8)));
    if (buffers_.size() == 1 &&
        (as_bits ? FirstBit(0) == 0 : buffers_[0]->address() % alignment == 0)) {
      return std::move(buffers_[0]);
    }
    const int64_t total_bits = static_cast<int64_t>(num_values_) * bits_;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                          arrow::AllocateBuffer(arrow::bit_util::BytesForBits(total_bits), pool_));
    uint8_t* to = out->mutable_data();
    if (as_bits && out->size() > 0) to[out->size() - 1] = 0;
    int64_t at = 0;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const int64_t bits = static_cast<int64_t>(ranges_[i].size()) * bits_;
      if (as_bits) {
        arrow::internal::CopyBitmap(buffers_[i]->data(), FirstBit(i), bits, to, at);
      } else {
        std::memcpy(to + at / 8, buffers_[i]->data(), static_cast<size_t>(bits / 8));
      }
      at += bits;
    }
    return out;
  }

  const std::shared_ptr<arrow::DataType> type_;
  const int64_t bits_;
  const std::vector<RowRange> ranges_;
  const std::vector<ByteRange> needs_;
  arrow::MemoryPool* const pool_;
  uint64_t num_values_ = 0;
  Buffers buffers_;
};

}  // namespace

int64_t PlainBits(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = checked_cast<const arrow::FixedSizeListType&>(type);
    const int64_t item = PlainBits(*list.value_type());
    return item > 0 && list.list_size() <= INT32_MAX / item ? item * list.list_size() : 0;
  }
  if (type.id() == arrow::Type::DICTIONARY || type.id() == arrow::Type::EXTENSION ||
      !arrow::is_fixed_width(type)) {
    return 0;
  }
  return type.bit_width();
}

arrow::Result<std::unique_ptr<PageRead>> MakePlainRead(const PageContext& context, Page page,
                                                       std::shared_ptr<arrow::DataType> type,
                                                       std::vector<RowRange> ranges) {
  const uint64_t bits = static_cast<uint64_t>(PlainBits(*type));
  if (ranges.back().end > page.length) {
    return Corrupt("value ", ranges.back().end - 1, " of a page of ", page.length);
  }
  // What follows multiplies: no page has more values than its file has bits.
  if (page.length > context.file->file_size() * 8 / bits) {
    return Corrupt("a page of ", page.length, " values of ", bits, " bits in a file of ",
                   context.file->file_size(), " bytes");
  }
  std::vector<ByteRange> needs;
  needs.reserve(ranges.size());
  for (const RowRange& range : ranges) {
    const uint64_t first = range.start * bits / 8;
    const uint64_t end = (range.end * bits + 7) / 8;
    if (first > context.file->file_size()) return Corrupt("a page ends beyond the file");
    ARROW_ASSIGN_OR_RAISE(ByteRange bytes,
                          context.file->RangeOf(page.position + first, end - first, 1));
    needs.push_back(bytes);
  }
  return std::make_unique<PlainRead>(std::move(type), static_cast<int64_t>(bits), std::move(ranges),
                                     std::move(needs), context.pool);
}

}  // namespace lancea::v0_1
