#include "lancea/encoding/dictionary_nulls.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"

namespace lancea {

arrow::Status MoveNullsToRows(arrow::ArrayData* encoded, arrow::MemoryPool* pool) {
  const arrow::ArrayData& dictionary = *encoded->dictionary;
  if (dictionary.GetNullCount() == 0) return arrow::Status::OK();
  // As far as the offset reaches, so that the indices stay where they are.
  const int64_t end = encoded->offset + encoded->length;
  ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateEmptyBitmap(end, pool));
  auto mark = [&](auto index) {
    const auto* indices = encoded->GetValues<decltype(index)>(1);
    for (int64_t row = 0; row < encoded->length; ++row) {
      if (!encoded->IsNull(row) && !dictionary.IsNull(static_cast<int64_t>(indices[row]))) {
        arrow::bit_util::SetBit(validity->mutable_data(), encoded->offset + row);
      }
    }
  };
  switch (static_cast<const arrow::DictionaryType&>(*encoded->type).index_type()->byte_width()) {
    case 1:
      mark(uint8_t{});
      break;
    case 2:
      mark(uint16_t{});
      break;
    case 4:
      mark(uint32_t{});
      break;
    default:
      mark(uint64_t{});
  }
  encoded->buffers[0] = std::move(validity);
  encoded->SetNullCount(arrow::kUnknownNullCount);
  auto without_nulls = dictionary.Copy();
  without_nulls->buffers[0] = nullptr;
  without_nulls->SetNullCount(0);
  encoded->dictionary = std::move(without_nulls);
  return arrow::Status::OK();
}

}  // namespace lancea
