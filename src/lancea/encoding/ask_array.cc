#include "lancea/encoding/ask_array.h"

#include "arrow/array/array_primitive.h"
#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/answer_bits.h"

namespace lancea {

arrow::Result<std::shared_ptr<arrow::BooleanArray>> AskArray(const ValueCondition& condition,
                                                             const arrow::ArrayData& array,
                                                             arrow::MemoryPool* pool) {
  const int64_t count = array.length;
  ARROW_ASSIGN_OR_RAISE(auto answers, arrow::AllocateBuffer(count, pool));
  uint8_t* const to = answers->mutable_data();
  if (const NumberCondition* number = condition.number()) {
    if (!arrow::is_fixed_width(array.type->id()) ||
        arrow::bit_width(array.type->id()) != 8 * number->width()) {
      return nullptr;
    }
    if (count > 0)
      number->Ask(array.buffers[1]->data() + array.offset * number->width(), count, to);
  } else {
    if (!arrow::is_base_binary_like(array.type->id())) return nullptr;
    const TextCondition& text = *condition.text();
    static constexpr uint8_t kNothing = 0;
    const arrow::Buffer* const bytes = array.buffers[2].get();
    const uint8_t* const data = bytes == nullptr || bytes->size() == 0 ? &kNothing : bytes->data();
    const auto size = bytes == nullptr ? size_t{0} : static_cast<size_t>(bytes->size());
    if (count == 0) {
    } else if (arrow::is_large_binary_like(array.type->id())) {
      text.Ask(array.GetValues<int64_t>(1), count, data, size, to);
    } else {
      text.Ask(array.GetValues<int32_t>(1), count, data, size, to);
    }
  }
  if (array.GetNullCount() > 0) {
    const uint8_t* const validity = array.buffers[0]->data();
    for (int64_t i = 0; i < count; ++i) {
      to[i] &= static_cast<uint8_t>(arrow::bit_util::GetBit(validity, array.offset + i));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto bits, AnswerBits(to, count, pool));
  return std::make_shared<arrow::BooleanArray>(count, std::move(bits));
}

}  // namespace lancea
