// The second half of a merge: matches and unmatched source rows become new rows.
#include <algorithm>
#include <numeric>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "lancea/change/merge_insert_run.h"
#include "lancea/change/row_changes_rows.h"
#include "lancea/exec/predicate.h"
#include "lancea/scan/partial_structs.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr size_t kMinRowsAtOnce = 64, kMaxRowsAtOnce = 16384;

}  // namespace

size_t MergeRun::RowsAtOnce() const {
  uint64_t bytes = 0, rows = 0;
  for (const FragmentMetadata& fragment : target_.fragments()) {
    for (const DataFile& file : fragment.files) bytes += file.file_size_bytes;
    rows += fragment.physical_rows;
  }
  const uint64_t row_bytes = std::max<uint64_t>(1, bytes / std::max<uint64_t>(1, rows));
  return std::clamp<size_t>(memory_.limit / 8 / row_bytes, kMinRowsAtOnce, kMaxRowsAtOnce);
}

arrow::Result<FragmentWriter*> MergeRun::Writer(bool of_inserts) {
  // Ids are given to the rows behind those that bring theirs, fragment by fragment: when updates and
  // inserts alternate they need fragments of their own.
  auto& writer =
      of_inserts && source_.is_spilled() && plan_.has_stable_row_ids ? inserts_ : updates_;
  if (writer == nullptr) {
    const RowWriterOptions options{plan_.options.target_bases, plan_.options.max_rows_per_file,
                                   memory_.limit};
    ARROW_ASSIGN_OR_RAISE(writer, MakeRowWriter(context_, plan_.options, options, *plan_.rows));
  }
  return writer.get();
}

arrow::Result<std::shared_ptr<arrow::Array>> MergeRun::TakeSource(
    const arrow::RecordBatch& source, int column, const std::vector<int32_t>& rows) const {
  const auto& values = source.column(column);
  bool is_whole = static_cast<int64_t>(rows.size()) == source.num_rows();
  for (size_t i = 0; is_whole && i < rows.size(); ++i)
    is_whole = rows[i] == static_cast<int32_t>(i);
  if (is_whole) return values;
  const arrow::Int32Array indices(static_cast<int64_t>(rows.size()),
                                  arrow::Buffer::Wrap(rows.data(), rows.size()));
  arrow::compute::ExecContext context(memory_.pool);
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum taken,
      arrow::compute::Take(values, indices.data(), arrow::compute::TakeOptions::NoBoundsCheck(),
                           &context));
  return taken.make_array();
}

// By source row, of one row in the order of the target. They come in the order of the target, so that
// counting them by source row is enough.
void MergeRun::SortMatches(uint64_t num_source_rows) {
  std::vector<uint32_t> next(num_source_rows + 1, 0);
  for (const Match& match : matches_) ++next[match.source_row + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<Match> sorted(matches_.size());
  for (const Match& match : matches_) sorted[next[match.source_row]++] = match;
  matches_ = std::move(sorted);
}

arrow::Status MergeRun::WriteUpdates(size_t partition, const MergeKeyTable& table) {
  if (matches_.empty()) return arrow::Status::OK();
  // In the target's order, unless a match may turn out to be none.
  gone_is_known_ = !plan_.update_condition && !table.has_duplicates();
  if (gone_is_known_ && !plan_.rewrites_columns()) {
    for (const Match& match : matches_) gone_.Add(match.address);
  }
  SortMatches(table.num_rows());
  updated_.clear();
  const size_t rows_at_once = RowsAtOnce();
  ARROW_ASSIGN_OR_RAISE(auto reader, source_.Partition(partition));
  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t first_row = 0;
  size_t begin = 0;
  while (begin < matches_.size()) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::UnknownError("a merge lost source rows");
    const uint64_t end_row = first_row + static_cast<uint64_t>(batch->num_rows());
    while (begin < matches_.size() && matches_[begin].source_row < end_row) {
      size_t end = begin;
      while (end < matches_.size() && end - begin < rows_at_once &&
             matches_[end].source_row < end_row) {
        ++end;
      }
      std::vector<Match> some(matches_.begin() + static_cast<std::ptrdiff_t>(begin),
                              matches_.begin() + static_cast<std::ptrdiff_t>(end));
      if (plan_.update_condition) {
        ARROW_ASSIGN_OR_RAISE(some, Chosen(*batch, first_row, std::move(some)));
      }
      if (table.has_duplicates()) {
        std::vector<Match> once;
        for (const Match& match : some) {
          if (updated_.insert(match.address).second) {
            once.push_back(match);
          } else if (plan_.options.skip_duplicates) {
            ++stats_.num_skipped_duplicates;
          } else {
            ARROW_ASSIGN_OR_RAISE(KeyRows keys, plan_.keys.OfSource(*batch, memory_.pool));
            return Duplicate(keys, static_cast<int64_t>(match.source_row - first_row));
          }
        }
        some = std::move(once);
      }
      ARROW_RETURN_NOT_OK(plan_.rewrites_columns() ? AddPatches(*batch, first_row, some)
                                                   : WriteMatched(*batch, first_row, some));
      begin = end;
    }
    first_row = end_row;
  }
  matches_ = {};
  return arrow::Status::OK();
}

// The matches for which the update's condition is true.
arrow::Result<std::vector<MergeRun::Match>> MergeRun::Chosen(const arrow::RecordBatch& source,
                                                             uint64_t first_row,
                                                             std::vector<Match> matches) {
  std::vector<int32_t> rows;
  std::vector<uint64_t> addresses;
  for (const Match& match : matches) {
    rows.push_back(static_cast<int32_t>(match.source_row - first_row));
    addresses.push_back(match.address);
  }
  const auto num_rows = static_cast<int64_t>(matches.size());
  auto as_struct =
      [&](arrow::ArrayVector arrays,
          std::vector<std::string> names) -> arrow::Result<std::shared_ptr<arrow::Array>> {
    for (auto& array : arrays) {
      ARROW_ASSIGN_OR_RAISE(array, AsEvaluated(array, memory_.pool));
    }
    if (arrays.empty()) {
      return std::make_shared<arrow::StructArray>(arrow::struct_(arrow::FieldVector{}), num_rows,
                                                  arrow::ArrayVector{});
    }
    return arrow::StructArray::Make(std::move(arrays), std::move(names));
  };
  arrow::ArrayVector given, present;
  for (const std::string& name : plan_.condition_source) {
    ARROW_ASSIGN_OR_RAISE(auto column,
                          TakeSource(source, source.schema()->GetFieldIndex(name), rows));
    given.push_back(std::move(column));
  }
  if (!plan_.condition_target.empty()) {
    ARROW_ASSIGN_OR_RAISE(
        auto fetched, FetchRows(target_, plan_.condition_target, addresses, plan_.options.stop));
    present = fetched->columns();
  }
  ARROW_ASSIGN_OR_RAISE(auto source_struct, as_struct(std::move(given), plan_.condition_source));
  ARROW_ASSIGN_OR_RAISE(auto target_struct, as_struct(std::move(present), plan_.condition_target));
  const auto both =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("source", source_struct->type()),
                                              arrow::field("target", target_struct->type())}),
                               num_rows, {source_struct, target_struct});
  ARROW_ASSIGN_OR_RAISE(auto answers, plan_.update_condition->Evaluate(*both, memory_.pool));
  std::vector<Match> out;
  if (answers->type_id() != arrow::Type::BOOL) return out;
  const auto& chosen = static_cast<const arrow::BooleanArray&>(*answers);
  for (int64_t i = 0; i < num_rows; ++i) {
    if (chosen.IsValid(i) && chosen.Value(i)) out.push_back(matches[static_cast<size_t>(i)]);
  }
  return out;
}

arrow::Status MergeRun::WriteMatched(const arrow::RecordBatch& source, uint64_t first_row,
                                     std::span<const Match> matches) {
  if (matches.empty()) return arrow::Status::OK();
  std::vector<int32_t> rows;
  std::vector<uint64_t> addresses;
  for (const Match& match : matches) {
    rows.push_back(static_cast<int32_t>(match.source_row - first_row));
    addresses.push_back(match.address);
    if (!gone_is_known_) gone_.Add(match.address);
    if (plan_.has_stable_row_ids) moved_ids_.push_back(match.row_id);
  }
  std::shared_ptr<arrow::RecordBatch> fetched;
  if (!plan_.missing.empty()) {
    ARROW_ASSIGN_OR_RAISE(fetched,
                          FetchRows(target_, plan_.missing, addresses, plan_.options.stop));
  }
  arrow::ArrayVector columns;
  int next_missing = 0;
  for (size_t i = 0; i < plan_.source_columns.size(); ++i) {
    const Field& field = target_.lance_schema().fields[i];
    std::shared_ptr<arrow::Array> column, present;
    if (plan_.source_columns[i] < 0 || plan_.is_part[i]) {
      ARROW_ASSIGN_OR_RAISE(present, AsWritten(target_, field, fetched->column(next_missing++),
                                               addresses, plan_.options.stop));
    }
    if (plan_.source_columns[i] < 0) {
      column = std::move(present);
    } else {
      ARROW_ASSIGN_OR_RAISE(column, TakeSource(source, plan_.source_columns[i], rows));
      if (plan_.is_part[i]) {
        ARROW_ASSIGN_OR_RAISE(column,
                              FillStructs(field, column, present, plan_.written[i], memory_.pool));
      }
    }
    columns.push_back(std::move(column));
  }
  stats_.num_updated_rows += matches.size();
  ARROW_ASSIGN_OR_RAISE(FragmentWriter * writer, Writer(false));
  return writer->Write(arrow::RecordBatch::Make(plan_.rows, static_cast<int64_t>(matches.size()),
                                                std::move(columns)));
}

arrow::Status MergeRun::WriteInserts(size_t partition, const MergeKeyTable& table) {
  if (!plan_.options.insert_not_matched) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto reader, source_.Partition(partition));
  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t first_row = 0;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    std::vector<int32_t> rows;
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      const uint64_t row = first_row + static_cast<uint64_t>(i);
      const uint32_t group = table.GroupOfRow(row);
      if (group != MergeKeyTable::kNone) {
        if (table.IsMatched(group)) continue;
        if (plan_.options.skip_duplicates && table.FirstRow(group) != row) {
          ++stats_.num_skipped_duplicates;
          continue;
        }
      }
      rows.push_back(static_cast<int32_t>(i));
    }
    if (inserted_keys_ && !rows.empty()) {
      ARROW_ASSIGN_OR_RAISE(KeyRows keys, plan_.keys.OfSource(*batch, memory_.pool));
      for (int32_t row : rows) {
        const uint32_t group = table.GroupOfRow(first_row + static_cast<uint64_t>(row));
        if (group != MergeKeyTable::kNone) inserted_keys_->Insert(keys, row);
      }
    }
    first_row += static_cast<uint64_t>(batch->num_rows());
    if (rows.empty()) continue;
    arrow::ArrayVector columns;
    for (size_t i = 0; i < plan_.source_columns.size(); ++i) {
      std::shared_ptr<arrow::Array> column;
      if (plan_.source_columns[i] >= 0) {
        ARROW_ASSIGN_OR_RAISE(column, TakeSource(*batch, plan_.source_columns[i], rows));
        if (plan_.is_part[i]) {
          ARROW_ASSIGN_OR_RAISE(column, FillStructs(target_.lance_schema().fields[i], column,
                                                    nullptr, plan_.written[i], memory_.pool));
        }
      } else {
        const auto& type = plan_.written[i];
        ARROW_ASSIGN_OR_RAISE(
            column, arrow::MakeArrayOfNull(type, static_cast<int64_t>(rows.size()), memory_.pool));
      }
      columns.push_back(std::move(column));
    }
    stats_.num_inserted_rows += rows.size();
    ARROW_ASSIGN_OR_RAISE(FragmentWriter * writer, Writer(true));
    ARROW_RETURN_NOT_OK(writer->Write(arrow::RecordBatch::Make(
        plan_.rows, static_cast<int64_t>(rows.size()), std::move(columns))));
  }
}

}  // namespace lancea
