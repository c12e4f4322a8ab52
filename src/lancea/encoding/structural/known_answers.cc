#include "lancea/encoding/structural/known_answers.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class KnownAnswers : public PageRead {
 public:
  KnownAnswers(bool answer, int64_t num_rows, std::vector<uint16_t> levels, arrow::MemoryPool* pool)
      : answer_(answer), num_rows_(num_rows), levels_(std::move(levels)), pool_(pool) {}

  const std::vector<ByteRange>& needs() const override { return needs_; }
  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>>) override {
    return arrow::Status::OK();
  }
  arrow::Result<DecodedPage> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(num_rows_, pool_));
    uint8_t* const to = bits->mutable_data();
    if (answer_ && levels_.empty()) {
      arrow::bit_util::SetBitsTo(to, 0, num_rows_, true);
    } else if (answer_) {
      if (levels_.size() != static_cast<size_t>(num_rows_)) {
        return Corrupt(levels_.size(), " levels for ", num_rows_, " rows");
      }
      for (int64_t i = 0; i < num_rows_; ++i) {
        arrow::bit_util::SetBitTo(to, i, levels_[static_cast<size_t>(i)] == 0);
      }
    }
    DecodedPage out;
    out.layers.resize(1);
    out.layers[0].num_slots = num_rows_;
    out.values = arrow::ArrayData::Make(arrow::boolean(), num_rows_, {nullptr, std::move(bits)}, 0);
    return out;
  }

 private:
  const bool answer_;
  const int64_t num_rows_;
  const std::vector<uint16_t> levels_;
  arrow::MemoryPool* const pool_;
  const std::vector<ByteRange> needs_;
};

template <typename Offset>
void AskTexts(const arrow::ArrayData& values, const TextCondition& condition, uint8_t* answers) {
  // Strings of no bytes leave nothing to point to.
  static constexpr uint8_t kNothing = 0;
  const arrow::Buffer* const bytes = values.buffers[2].get();
  const bool is_empty = bytes == nullptr || bytes->size() == 0;
  condition.Ask(values.GetValues<Offset>(1), values.length, is_empty ? &kNothing : bytes->data(),
                is_empty ? 0 : static_cast<size_t>(bytes->size()), answers);
}

}  // namespace

std::optional<std::vector<uint8_t>> AskLeafValues(const arrow::ArrayData& values,
                                                  const ValueCondition& condition) {
  std::vector<uint8_t> out(static_cast<size_t>(values.length));
  const arrow::Type::type id = values.type->id();
  if (const NumberCondition* number = condition.number()) {
    const auto width = static_cast<uint64_t>(number->width());
    if (!arrow::is_fixed_width(id) || values.type->num_fields() > 0 ||
        FixedBitWidth(*values.type) != 8 * width) {
      return std::nullopt;
    }
    const uint8_t* const from = values.GetValues<uint8_t>(1, /*absolute_offset=*/0);
    number->Ask(from + values.offset * static_cast<int64_t>(width), values.length, out.data());
    return out;
  }
  if (!arrow::is_base_binary_like(id)) return std::nullopt;
  if (arrow::is_large_binary_like(id)) {
    AskTexts<int64_t>(values, *condition.text(), out.data());
  } else {
    AskTexts<int32_t>(values, *condition.text(), out.data());
  }
  return out;
}

std::unique_ptr<PageRead> MakeKnownAnswers(bool answer, int64_t num_rows,
                                           std::vector<uint16_t> levels, arrow::MemoryPool* pool) {
  return std::make_unique<KnownAnswers>(answer, num_rows, std::move(levels), pool);
}

}  // namespace lancea
