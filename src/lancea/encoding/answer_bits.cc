#include "lancea/encoding/answer_bits.h"

#include "arrow/buffer.h"
#include "arrow/memory_pool.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

arrow::Result<std::shared_ptr<arrow::Buffer>> AnswerBits(const uint8_t* answers, int64_t count,
                                                         arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer((count + 7) / 8, pool));
  uint8_t* bits = out->mutable_data();
  const int64_t whole = count / 8;
  for (int64_t byte = 0; byte < whole; ++byte) {
    // Each byte's bit moves to a place of its own in the highest byte.
    const auto eight = LoadLittleEndian<uint64_t>(answers + byte * 8);
    bits[byte] = static_cast<uint8_t>((eight * 0x0102040810204080u) >> 56);
  }
  if (count % 8 != 0) {
    uint8_t last = 0;
    for (int64_t i = whole * 8; i < count; ++i) {
      last = static_cast<uint8_t>(last | answers[i] << (i % 8));
    }
    bits[whole] = last;
  }
  return std::shared_ptr<arrow::Buffer>(std::move(out));
}

}  // namespace lancea
