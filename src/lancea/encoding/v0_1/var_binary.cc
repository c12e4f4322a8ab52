#include "lancea/encoding/v0_1/var_binary.h"

#include <cstring>

#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea::v0_1 {
namespace {

class VarBinaryRead : public PageRead {
 public:
  VarBinaryRead(const LegacyFile& file, std::shared_ptr<arrow::DataType> type, bool nullable,
                std::vector<RowRange> ranges, std::vector<ByteRange> needs, arrow::MemoryPool* pool)
      : file_(file),
        type_(std::move(type)),
        nullable_(nullable),
        ranges_(std::move(ranges)),
        needs_(std::move(needs)),
        pool_(pool) {}

  void Collect(std::vector<ByteRange>* needs) const override {
    needs->insert(needs->end(), needs_.begin(), needs_.end());
  }

  arrow::Status Supply(Buffers& buffers, size_t* next) override {
    if (needs_.empty()) return arrow::Status::OK();
    Buffers& into = positions_.empty() ? positions_ : bytes_;
    const bool first_step = positions_.empty();
    for (size_t i = 0; i < needs_.size(); ++i) into.push_back(std::move(buffers[(*next)++]));
    needs_.clear();
    return first_step ? CollectBytes() : arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    if (arrow::is_large_binary_like(type_->id())) return Build<int64_t>();
    if (num_bytes_ > INT32_MAX) {
      return InvalidInput(num_bytes_, " bytes of ", type_->ToString(),
                          " in one batch; read fewer rows");
    }
    return Build<int32_t>();
  }

 private:
  int64_t Position(size_t range, uint64_t value) const {
    return LoadLittleEndian<int64_t>(positions_[range]->data() + value * 8);
  }

  arrow::Status CollectBytes() {
    for (size_t i = 0; i < ranges_.size(); ++i) {
      for (uint64_t value = 0; value < ranges_[i].size(); ++value) {
        if (Position(i, value) < 0 || Position(i, value) > Position(i, value + 1)) {
          return Corrupt("positions of values do not ascend");
        }
      }
      const auto first = static_cast<uint64_t>(Position(i, 0));
      const auto end = static_cast<uint64_t>(Position(i, ranges_[i].size()));
      // Values that lie in each other would be read as often as they are asked for.
      if (!needs_.empty() && first < needs_.back().offset + needs_.back().length) {
        return Corrupt("positions of values do not ascend");
      }
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, file_.RangeOf(first, end - first, 1));
      needs_.push_back(bytes);
      num_bytes_ += bytes.length;
      num_values_ += static_cast<int64_t>(ranges_[i].size());
    }
    return arrow::Status::OK();
  }

  template <typename Offset>
  arrow::Result<std::shared_ptr<arrow::Array>> Build() {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> offsets,
        arrow::AllocateBuffer((num_values_ + 1) * static_cast<int64_t>(sizeof(Offset)), pool_));
    std::shared_ptr<arrow::Buffer> validity;
    if (nullable_) {
      ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(num_values_, pool_));
    }
    Offset* to = offsets->mutable_data_as<Offset>();
    to[0] = 0;
    int64_t at = 0, num_valid = 0;
    uint64_t base = 0;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const int64_t first = Position(i, 0);
      for (uint64_t value = 0; value < ranges_[i].size(); ++value, ++at) {
        to[at + 1] =
            static_cast<Offset>(base + static_cast<uint64_t>(Position(i, value + 1) - first));
        if (nullable_ && to[at + 1] != to[at]) {
          arrow::bit_util::SetBit(validity->mutable_data(), at);
          ++num_valid;
        }
      }
      base = static_cast<uint64_t>(to[at]);
    }
    ARROW_ASSIGN_OR_RAISE(auto bytes, JoinBytes());
    const int64_t num_nulls = nullable_ ? num_values_ - num_valid : 0;
    if (num_nulls == 0) validity = nullptr;
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, num_values_, {std::move(validity), std::move(offsets), std::move(bytes)},
        num_nulls));
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> JoinBytes() {
    if (bytes_.size() == 1) return std::move(bytes_[0]);
    return arrow::ConcatenateBuffers(bytes_, pool_);
  }

  const LegacyFile& file_;
  const std::shared_ptr<arrow::DataType> type_;
  const bool nullable_;
  const std::vector<RowRange> ranges_;
  std::vector<ByteRange> needs_;
  arrow::MemoryPool* const pool_;
  int64_t num_values_ = 0;
  uint64_t num_bytes_ = 0;
  Buffers positions_, bytes_;
};

}  // namespace

arrow::Result<std::unique_ptr<PageRead>> MakeVarBinaryRead(const PageContext& context, Page page,
                                                           std::shared_ptr<arrow::DataType> type,
                                                           bool nullable,
                                                           std::vector<RowRange> ranges) {
  if (ranges.back().end > page.length) {
    return Corrupt("value ", ranges.back().end - 1, " of a page of ", page.length);
  }
  ARROW_RETURN_NOT_OK(context.file->RangeOf(page.position, ranges.back().end + 1, 8));
  std::vector<ByteRange> needs;
  needs.reserve(ranges.size());
  for (const RowRange& range : ranges) {
    needs.push_back({page.position + range.start * 8, (range.size() + 1) * 8});
  }
  return std::make_unique<VarBinaryRead>(*context.file, std::move(type), nullable,
                                         std::move(ranges), std::move(needs), context.pool);
}

}  // namespace lancea::v0_1
