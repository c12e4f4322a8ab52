// Dictionaries -> dictionary { indices, items }.
//
// Two kinds, told apart by the column's type:
//   strings of few distinct values    indices u8: 0 is null, k is item k - 1; items are strings
//   dictionary arrays                 indices of the key type: k is item k. A null row points to a null
//                                     item, which is put behind the others when there is none: readers
//                                     expect indices without nulls.
#pragma once

#include <optional>

#include "arrow/type_fwd.h"
#include "lancea/encoding/v2_0/array_write.h"

namespace lancea::v2_0 {

/// Strings as indices, when there are at least 100 rows with fewer than 100 distinct values.
/// \param parts  utf8
/// \return nothing when a dictionary does not suit them
arrow::Result<std::optional<ArrayEncoding>> EncodeFewStrings(const ArrayParts& parts,
                                                             PageBuffers* out,
                                                             arrow::MemoryPool* pool);

/// Parts whose dictionary is one and the same.
/// \return InvalidInput for indices outside the dictionary, or when the null item needs a larger key type
arrow::Result<ArrayEncoding> EncodeDictionary(const arrow::DictionaryType& type,
                                              const ArrayParts& parts, PageBuffers* out,
                                              arrow::MemoryPool* pool);

/// The parts as one page when their dictionaries are equal or can be made one; else as several, each of
/// consecutive parts with one dictionary.
std::vector<ArrayParts> GroupByDictionary(const arrow::DictionaryType& type, ArrayParts parts,
                                          arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
