// What changed between two versions, told from row ids and row versions: only changed rows are read.
#include <algorithm>
#include <map>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/change/row_changes_rows.h"
#include "lancea/change_rows.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr size_t kRowsAtOnce = 8192;
constexpr char kCreatedAt[] = "_row_created_at_version";
constexpr char kUpdatedAt[] = "_row_last_updated_at_version";

struct VersionRange {
  RowChange change;
  uint64_t begin, end;

  bool Includes(uint64_t created, uint64_t updated) const {
    const bool is_inserted = created > begin && created <= end;
    const bool is_updated = created <= begin && updated > begin && updated <= end;
    return (change != RowChange::kUpdated && is_inserted) ||
           (change != RowChange::kInserted && is_updated);
  }
};

// Live rows of a fragment, as physical ranges.
arrow::Result<std::vector<RowRange>> LiveRows(const Dataset::Impl& dataset,
                                              const FragmentMetadata& fragment) {
  ARROW_ASSIGN_OR_RAISE(auto deleted, dataset.Deletions(fragment));
  std::vector<RowRange> live;
  if (deleted == nullptr) {
    if (fragment.physical_rows > 0) live.push_back({0, fragment.physical_rows});
  } else {
    deleted->AppendLiveRanges({0, fragment.physical_rows}, &live);
  }
  return live;
}

class ChangedRowsReader : public arrow::RecordBatchReader {
 public:
  ChangedRowsReader(std::shared_ptr<const Dataset> dataset, VersionRange range,
                    std::vector<std::string> columns, std::shared_ptr<arrow::Schema> schema)
      : dataset_(std::move(dataset)),
        range_(range),
        columns_(std::move(columns)),
        schema_(std::move(schema)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    while (next_row_ == rows_.size() && next_fragment_ < dataset_->fragments().size()) {
      ARROW_RETURN_NOT_OK(FindRows(dataset_->fragments()[next_fragment_++]));
    }
    out->reset();
    if (next_row_ == rows_.size()) return arrow::Status::OK();
    const size_t end = std::min(rows_.size(), next_row_ + kRowsAtOnce);
    const std::vector<uint64_t> addresses(rows_.begin() + static_cast<std::ptrdiff_t>(next_row_),
                                          rows_.begin() + static_cast<std::ptrdiff_t>(end));
    next_row_ = end;
    ARROW_ASSIGN_OR_RAISE(
        auto batch, FetchRows(*dataset_, columns_, addresses, arrow::StopToken::Unstoppable()));
    *out = arrow::RecordBatch::Make(schema_, batch->num_rows(), batch->columns());
    return arrow::Status::OK();
  }

 private:
  arrow::Status FindRows(const FragmentMetadata& fragment) {
    rows_.clear();
    next_row_ = 0;
    const Dataset::Impl& impl = dataset_->impl();
    ARROW_ASSIGN_OR_RAISE(auto created, impl.CreatedAtVersions(fragment));
    ARROW_ASSIGN_OR_RAISE(auto updated, impl.LastUpdatedAtVersions(fragment));
    ARROW_ASSIGN_OR_RAISE(auto live, LiveRows(impl, fragment));
    // Rows of fragments without versions are of version 1.
    for (const RowRange& range : live) {
      for (uint64_t row = range.start; row < range.end; ++row) {
        if (range_.Includes(created == nullptr ? 1 : created->Get(row),
                            updated == nullptr ? 1 : updated->Get(row))) {
          rows_.push_back(fragment.id << 32 | row);
        }
      }
    }
    return arrow::Status::OK();
  }

  const std::shared_ptr<const Dataset> dataset_;
  const VersionRange range_;
  const std::vector<std::string> columns_;
  const std::shared_ptr<arrow::Schema> schema_;
  size_t next_fragment_ = 0, next_row_ = 0;
  std::vector<uint64_t> rows_;  // addresses
};

class DeletedRowIdsReader : public arrow::RecordBatchReader {
 public:
  DeletedRowIdsReader(std::shared_ptr<const Dataset> begin, std::shared_ptr<const Dataset> end)
      : begin_(std::move(begin)), end_(std::move(end)) {
    for (const FragmentMetadata& fragment : end_->fragments()) later_[fragment.id] = &fragment;
  }

  std::shared_ptr<arrow::Schema> schema() const override {
    return arrow::schema({arrow::field("_rowid", arrow::uint64())});
  }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    out->reset();
    while (next_fragment_ < begin_->fragments().size()) {
      arrow::UInt64Builder gone;
      ARROW_RETURN_NOT_OK(Find(begin_->fragments()[next_fragment_++], &gone));
      if (gone.length() == 0) continue;
      ARROW_ASSIGN_OR_RAISE(auto ids, gone.Finish());
      *out = arrow::RecordBatch::Make(schema(), ids->length(), {ids});
      break;
    }
    return arrow::Status::OK();
  }

 private:
  arrow::Status Find(const FragmentMetadata& fragment, arrow::UInt64Builder* gone) {
    auto later = later_.find(fragment.id);
    if (later != later_.end() && later->second->deletion_file == fragment.deletion_file &&
        later->second->row_ids == fragment.row_ids) {
      return arrow::Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(auto ids, begin_->impl().RowIds(fragment));
    if (ids == nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto live, LiveRows(begin_->impl(), fragment));
    std::vector<uint64_t> candidates;
    auto check = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(auto addresses, end_->AddressesOfRowIds(candidates));
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (!addresses[i]) ARROW_RETURN_NOT_OK(gone->Append(candidates[i]));
      }
      candidates.clear();
      return arrow::Status::OK();
    };
    for (const RowRange& range : live) {
      for (uint64_t row = range.start; row < range.end; ++row) {
        candidates.push_back(ids->Get(row));
        if (candidates.size() == kRowsAtOnce) ARROW_RETURN_NOT_OK(check());
      }
    }
    return check();
  }

  const std::shared_ptr<const Dataset> begin_, end_;
  std::map<uint64_t, const FragmentMetadata*> later_;
  size_t next_fragment_ = 0;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ChangedRows(
    const std::shared_ptr<const Dataset>& dataset, RowChange change, uint64_t begin, uint64_t end) {
  ScanOptions options;
  options.columns.emplace();
  std::vector<std::string> columns;
  for (const Field& field : dataset->lance_schema().fields) columns.push_back(field.name);
  for (const char* name : {"_rowid", kCreatedAt, kUpdatedAt}) columns.emplace_back(name);
  for (const std::string& name : columns) {
    options.columns->push_back(FormatFieldPath(std::span<const std::string>(&name, 1)));
  }
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(options));
  return std::make_shared<ChangedRowsReader>(dataset, VersionRange{change, begin, end},
                                             std::move(columns), scanner->schema());
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> DeletedRowIds(
    const std::shared_ptr<const Dataset>& dataset, uint64_t begin, uint64_t end) {
  if (begin > end) {
    return InvalidInput("begin version ", begin, " is newer than end version ", end);
  }
  if (begin == 0) {
    return arrow::RecordBatchReader::Make({},
                                          arrow::schema({arrow::field("_rowid", arrow::uint64())}));
  }
  ARROW_ASSIGN_OR_RAISE(auto first, dataset->Checkout(begin));
  ARROW_ASSIGN_OR_RAISE(auto last, dataset->Checkout(end));
  for (const auto& version : {first, last}) {
    if (!version->has_stable_row_ids()) {
      return InvalidInput("deleted row ids require stable row ids, version ", version->version(),
                          " does not use them");
    }
  }
  return std::make_shared<DeletedRowIdsReader>(std::move(first), std::move(last));
}

}  // namespace lancea
