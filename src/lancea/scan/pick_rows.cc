#include "lancea/scan/pick_rows.h"

#include <algorithm>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/exec/pick_words.h"
#include "lancea/exec/predicate.h"
#include "lancea/scan/row_order.h"

namespace lancea {
namespace {

// One row of so many left, and looking at the bits of all of them is no loss.
constexpr int64_t kDenseRows = 32;

// Numbers of 4 or 8 bytes without nulls, and enough of them left.
bool AreDenseWords(const arrow::ArrayVector& arrays, const Selection& left,
                   const arrow::DataType& type) {
  if (!arrow::is_primitive(type.id()) || left.count() * kDenseRows < left.num_rows()) return false;
  const int bits = type.bit_width();
  return (bits == 32 || bits == 64) && std::ranges::all_of(arrays, [&](const auto& array) {
           return array->null_count() == 0 && array->type()->Equals(type);
         });
}

arrow::Result<std::shared_ptr<arrow::Array>> PickDenseWords(
    const arrow::ArrayVector& arrays, const Selection& left,
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  const int width = type->bit_width() / 8;
  const int64_t bytes = left.count() * width;
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes + kPickRoom, pool));
  uint8_t* to = buffer->mutable_data();
  int64_t row = 0;
  for (const auto& array : arrays) {
    const arrow::ArrayData& data = *array->data();
    to = PickWords(data.GetValues<uint8_t>(1, data.offset * width), data.length, width,
                   left.words(), row, to);
    row += data.length;
  }
  ARROW_RETURN_NOT_OK(buffer->Resize(bytes, /*shrink_to_fit=*/false));
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, left.count(), {nullptr, std::move(buffer)}, 0));
}

arrow::Result<std::shared_ptr<arrow::Array>> AsTyped(std::shared_ptr<arrow::Array> array,
                                                     const arrow::DataType& type,
                                                     arrow::MemoryPool* pool) {
  if (array->type()->Equals(type)) return array;
  return AsEvaluated(std::move(array), pool);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> JoinArrays(
    const arrow::ArrayVector& arrays, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool) {
  if (arrays.size() == 1) return arrays[0];
  if (arrays.empty()) return arrow::MakeEmptyArray(type, pool);
  return arrow::Concatenate(arrays, pool);
}

arrow::Result<std::shared_ptr<arrow::Array>> PickRows(const arrow::ArrayVector& arrays,
                                                      const Selection& left,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      arrow::MemoryPool* pool,
                                                      std::vector<uint32_t>* positions) {
  if (left.all()) {
    arrow::ArrayVector out;
    for (const auto& array : arrays) {
      ARROW_ASSIGN_OR_RAISE(auto typed, AsTyped(array, *type, pool));
      out.push_back(std::move(typed));
    }
    return JoinArrays(out, type, pool);
  }
  if (AreDenseWords(arrays, left, *type)) return PickDenseWords(arrays, left, type, pool);
  if (positions->size() != static_cast<size_t>(left.count())) *positions = left.Positions();
  const bool same =
      std::ranges::all_of(arrays, [&](const auto& array) { return array->type()->Equals(*type); });
  if (same) return RestoreOrder(arrays, *positions, pool);
  // Dictionaries differ from page to page: picked first, resolved after.
  arrow::ArrayVector out;
  uint32_t begin = 0;
  auto at = positions->begin();
  for (const auto& array : arrays) {
    const auto end = begin + static_cast<uint32_t>(array->length());
    std::vector<uint32_t> here;
    for (; at != positions->end() && *at < end; ++at) here.push_back(*at - begin);
    begin = end;
    if (here.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto some, RestoreOrder({array}, here, pool));
    ARROW_ASSIGN_OR_RAISE(some, AsTyped(std::move(some), *type, pool));
    out.push_back(std::move(some));
  }
  return JoinArrays(out, type, pool);
}

}  // namespace lancea
