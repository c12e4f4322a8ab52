#include "arrow/buffer.h"
#include "lancea/encoding/value_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Decodes to memory that stays in the cache from chunk to chunk.
class DecodingAsker : public MiniBlockAsker {
 public:
  DecodingAsker(const MiniBlockDecoder& decoder, const ValueCondition& condition,
                arrow::MemoryPool* pool)
      : decoder_(decoder), condition_(condition), scratch_(decoder.shape().MakeBuilder(pool)) {}

  arrow::Status Ask(std::span<const Bytes> buffers, int64_t num_values, int64_t begin, int64_t end,
                    uint8_t* answers) override {
    const int64_t count = end - begin;
    if (count == 0) return arrow::Status::OK();
    scratch_.Clear();
    ARROW_RETURN_NOT_OK(decoder_.Decode(buffers, num_values, begin, end, &scratch_));
    if (scratch_.num_values() != count) {
      return Corrupt("decoded ", scratch_.num_values(), " values, expected ", count);
    }
    if (const NumberCondition* number = condition_.number()) {
      number->Ask(scratch_.data(), count, answers);
      return arrow::Status::OK();
    }
    // Strings of no bytes leave nothing to point to.
    static constexpr uint8_t kNothing = 0;
    const uint8_t* const bytes = scratch_.data() == nullptr ? &kNothing : scratch_.data();
    const auto size = static_cast<size_t>(scratch_.data_size());
    auto ask = [&]<typename Offset>(const Offset* offsets) {
      condition_.text()->Ask(offsets, count, bytes, size, answers);
    };
    if (scratch_.bits_per_offset() == 32) {
      ask(reinterpret_cast<const int32_t*>(scratch_.offsets()));
    } else {
      ask(reinterpret_cast<const int64_t*>(scratch_.offsets()));
    }
    return arrow::Status::OK();
  }

 private:
  const MiniBlockDecoder& decoder_;
  const ValueCondition& condition_;
  ValueBuilder scratch_;
};

}  // namespace

std::unique_ptr<MiniBlockAsker> MakeMiniBlockAsker(const MiniBlockDecoder& decoder,
                                                   const ValueCondition& condition,
                                                   arrow::MemoryPool* pool) {
  const ValueShape shape = decoder.shape();
  if (const NumberCondition* number = condition.number()) {
    const bool fits = shape.bits_per_offset == 0 && shape.items_per_value == 1 &&
                      shape.bits_per_value == 8 * static_cast<uint64_t>(number->width());
    if (!fits) return nullptr;
  } else if (shape.bits_per_offset == 0) {
    return nullptr;
  }
  if (auto own = decoder.MakeAsker(condition)) return own;
  return std::make_unique<DecodingAsker>(decoder, condition, pool);
}

}  // namespace lancea
