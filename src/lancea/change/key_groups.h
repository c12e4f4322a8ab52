// Numbers for distinct keys: from 0 without gaps; which key has which number means nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/change/merge_insert_keys.h"

namespace lancea {

/// Not thread-safe. Keys of one integer, date or time have a hash table of their own, all others Arrow's
/// Grouper.
class KeyGroups {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  static arrow::Result<std::unique_ptr<KeyGroups>> Make(
      const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool);
  virtual ~KeyGroups() = default;

  /// The groups of some rows, new ones for keys not seen before.
  /// \param rows  ascending, none with a null among its keys
  /// \param out   as many as `rows`
  virtual arrow::Status Add(const KeyRows& keys, const std::vector<int32_t>& rows,
                            uint32_t* out) = 0;
  /// The same without adding: kNone for keys not seen.
  virtual arrow::Status Find(const KeyRows& keys, const std::vector<int32_t>& rows,
                             uint32_t* out) const = 0;
};

}  // namespace lancea
