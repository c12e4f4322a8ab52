#include "lancea/scan/row_order.h"

#include <algorithm>
#include <array>
#include <functional>

#include "arrow/array/array_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/type_traits.h"
#include "lancea/scan/gather_variable.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr int kDigitBits = 11;
constexpr uint64_t kDigitMask = (1 << kDigitBits) - 1;
// Below this, histograms of 2048 counters cost more than comparing.
constexpr size_t kRadixRows = 512;

struct Asked {
  uint64_t row;
  uint32_t index;
};

void SortByRow(std::vector<Asked>* asked) {
  if (asked->size() < kRadixRows) {
    std::sort(asked->begin(), asked->end(),
              [](const Asked& a, const Asked& b) { return a.row < b.row; });
    return;
  }
  uint64_t varying = 0;
  for (const Asked& entry : *asked) varying |= entry.row ^ asked->front().row;
  std::vector<Asked> sorted(asked->size());
  std::array<uint32_t, kDigitMask + 1> begin;
  for (int shift = 0; shift < 64; shift += kDigitBits) {
    if ((varying >> shift & kDigitMask) == 0) continue;
    begin.fill(0);
    for (const Asked& entry : *asked) ++begin[entry.row >> shift & kDigitMask];
    uint32_t total = 0;
    for (uint32_t& count : begin) total += std::exchange(count, total);
    for (const Asked& entry : *asked) sorted[begin[entry.row >> shift & kDigitMask]++] = entry;
    asked->swap(sorted);
  }
}

}  // namespace

arrow::Result<RowOrder> SortRows(std::vector<uint64_t> asked) {
  RowOrder out;
  if (asked.size() > UINT32_MAX)
    return InvalidInput(asked.size(), " rows are too many for one take");
  const bool ascending =
      std::adjacent_find(asked.begin(), asked.end(), std::greater_equal<uint64_t>()) == asked.end();
  if (ascending) {
    out.rows = std::move(asked);
    return out;
  }
  std::vector<Asked> entries(asked.size());
  for (size_t i = 0; i < asked.size(); ++i) entries[i] = {asked[i], static_cast<uint32_t>(i)};
  SortByRow(&entries);
  out.positions.resize(asked.size());
  out.rows = std::move(asked);  // reused: never more distinct rows than rows asked for
  size_t distinct = 0;
  for (const Asked& entry : entries) {
    if (distinct == 0 || out.rows[distinct - 1] != entry.row) out.rows[distinct++] = entry.row;
    out.positions[entry.index] = static_cast<uint32_t>(distinct - 1);
  }
  out.rows.resize(distinct);
  return out;
}

arrow::Result<std::shared_ptr<arrow::Array>> RestoreOrder(const arrow::ArrayVector& chunks,
                                                          const std::vector<uint32_t>& positions,
                                                          arrow::MemoryPool* pool) {
  if (arrow::is_base_binary_like(chunks[0]->type_id()))
    return GatherVariable(chunks, positions, pool);
  std::shared_ptr<arrow::Array> whole = chunks[0];
  if (chunks.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(whole, arrow::Concatenate(chunks, pool));
  }
  // Borrowed: `positions` outlives the call, and Take keeps nothing of its indices.
  auto buffer = std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(positions.data()),
                                                static_cast<int64_t>(positions.size() * 4));
  const arrow::UInt32Array indices(static_cast<int64_t>(positions.size()), buffer);
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum taken,
      arrow::compute::Take(whole, indices.data(), arrow::compute::TakeOptions::NoBoundsCheck(),
                           &context));
  return taken.make_array();
}

}  // namespace lancea
