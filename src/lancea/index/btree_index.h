// BTREE indices: the values of a column, sorted, with the ids of their rows.
//
//   _indices/{uuid}/page_data.lance     values, ids        sorted by value, nulls first
//   _indices/{uuid}/page_lookup.lance   min, max, null_count, page_idx     a row per page
//
// A page is `batch_size` rows of page_data, by the schema metadata of page_lookup. The first value of a
// page that begins with nulls is null, and so is its min.
// Source: files of pylance 14.0.2.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/file_reader.h"
#include "lancea/index_info.h"
#include "lancea/object_store.h"
#include "lancea/session.h"

namespace lancea {

/// One segment of an index, to be read. Immutable, thread-safe.
class BTreeIndex {
 public:
  /// Whether an entry of the manifest is such an index, of a version that is understood.
  static bool Is(const IndexInfo& index);
  /// Whether values of this type can be looked for: integers, dates, times, texts and binary.
  static bool Takes(const arrow::DataType& type);

  /// \param directory  of the index
  /// \return NotFound; Corrupt; InvalidInput for a type it does not take
  static arrow::Result<std::shared_ptr<const BTreeIndex>> Open(std::shared_ptr<ObjectStore> store,
                                                               const std::string& directory,
                                                               std::shared_ptr<Session> session);

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  uint64_t num_pages() const { return page_rows_.size(); }
  uint64_t rows_per_page() const { return batch_size_; }

  /// The pages that may hold one of the values, ascending.
  /// \param values  of type(), in any order; nulls are looked for nowhere
  arrow::Result<std::vector<uint64_t>> PagesOf(const arrow::Array& values) const;

  /// Ids of the rows that had one of the values, in the order of the index.
  /// \param pages  PagesOf(values)
  arrow::Result<std::shared_ptr<arrow::UInt64Array>> Find(
      const arrow::Array& values, const std::vector<uint64_t>& pages,
      const arrow::StopToken& stop = arrow::StopToken::Unstoppable()) const;

 private:
  BTreeIndex() = default;
  arrow::Result<std::shared_ptr<arrow::Array>> ReadPage(uint64_t page) const;

  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<FileReader> values_, ids_;  ///< one column of page_data each
  uint64_t batch_size_ = 0;
  std::shared_ptr<arrow::Array> min_, max_;
  std::vector<uint64_t> page_rows_;  ///< where each page of the lookup begins in page_data
};

}  // namespace lancea
