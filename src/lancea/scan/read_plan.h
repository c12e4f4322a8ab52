// What a scan or take reads: the output columns, and per fragment which readers give them.
//
// A plan is made once for a projection and kept by the dataset, so that a repeated take only looks it up.
// Columns of a fragment may lie in several data files, also those of one struct: each file gives its part
// and the parts are merged; what no file has reads as null.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset.h"
#include "lancea/encoding/field_reader.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/schema.h"

namespace lancea {

/// Whether it is a blob column, or holds one.
bool HasBlob(const Field& field);

/// One output column.
struct PlanColumn {
  enum class Kind {
    kField,
    kRowId,
    kRowAddress,
    kRowOffset,
    kCreatedAtVersion,
    kLastUpdatedAtVersion
  };
  Kind kind = Kind::kField;
  std::shared_ptr<arrow::Field> output;
  // kField only:
  Field field;                            ///< top-level field, pruned to what is wanted
  std::shared_ptr<arrow::Field> decoded;  ///< what readers of `field` produce
  std::vector<std::string>
      flatten_path;             ///< names below `field` to step into; empty: the whole field
  bool has_json = false;        ///< JSON somewhere inside: stored binary, shown as text
  bool has_blob_bytes = false;  ///< blobs somewhere inside, to be shown as their bytes
};

/// The readers of one fragment for the kField columns of a plan.
struct FragmentColumns {
  struct Part {
    size_t file;  ///< index into files
    std::shared_ptr<const FieldReader> reader;
  };
  std::vector<std::shared_ptr<const DataFileReader>> files;
  std::vector<std::vector<Part>> columns;  ///< by plan column; empty: all null, or no kField
  uint64_t num_rows = 0;                   ///< physical
};

/// Immutable but for the readers it keeps; thread-safe. Refers to its dataset, which outlives it.
class ReadPlan {
 public:
  /// How a dotted column name is returned.
  enum class Nested { kFlattened, kInsideStruct };
  /// Whether values that a file stores by a dictionary come as such: arrays of a dictionary type where the
  /// plan says its value type.
  enum class Dictionaries { kResolved, kKept };

  static arrow::Result<std::shared_ptr<const ReadPlan>> Make(
      const Dataset::Impl& dataset, const ScanOptions& options, Nested nested,
      Dictionaries dictionaries = Dictionaries::kResolved);

  /// All columns as data files hold them: JSON as JSONB, blobs as descriptions.
  static arrow::Result<std::shared_ptr<const ReadPlan>> MakeStored(const Dataset::Impl& dataset);

  /// Key under which equal plans are kept.
  static std::string Key(const ScanOptions& options, Nested nested);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  const std::vector<PlanColumn>& columns() const { return columns_; }
  bool keeps_dictionaries() const { return dictionaries_ == Dictionaries::kKept; }

  /// The readers of fragment `index` of the manifest.
  /// \param keep  remember them for the next call (takes), or not (a scan visits each fragment once)
  arrow::Result<std::shared_ptr<const FragmentColumns>> ForFragment(size_t index, bool keep) const;

 private:
  explicit ReadPlan(const Dataset::Impl& dataset) : dataset_(dataset) {}
  arrow::Status Init(const ScanOptions& options, Nested nested);
  arrow::Status AddField(const std::string& path);
  arrow::Status AddWholeField(const Field& field);
  arrow::Status AddInsideStructs(const std::vector<std::string>& names);
  bool AddSystemColumn(const std::string& name);
  BlobHandling blobs_ = BlobHandling::kDescriptions;
  arrow::Result<std::shared_ptr<const FragmentColumns>> Open(size_t index) const;

  const Dataset::Impl& dataset_;
  Dictionaries dictionaries_ = Dictionaries::kResolved;
  std::vector<PlanColumn> columns_;
  std::shared_ptr<arrow::Schema> schema_;

  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const FragmentColumns>> kept_;
  mutable size_t num_kept_ = 0;
};

}  // namespace lancea
