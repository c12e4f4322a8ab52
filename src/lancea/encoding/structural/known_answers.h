// Answers of a condition that follow from what a page knows without its values: its one value, its
// dictionary.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/value_condition.h"

namespace lancea {

/// The answer for each of a leaf's values, 1 or 0, none of them null.
/// \return nullopt when the condition is not one of values of this type
std::optional<std::vector<uint8_t>> AskLeafValues(const arrow::ArrayData& values,
                                                  const ValueCondition& condition);

/// A read that needs no bytes: `answer` for each of `num_rows` rows.
/// \param levels  one per row, 0 where it is no null; empty: none is
std::unique_ptr<PageRead> MakeKnownAnswers(bool answer, int64_t num_rows,
                                           std::vector<uint16_t> levels, arrow::MemoryPool* pool);

}  // namespace lancea
