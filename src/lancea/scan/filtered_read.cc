#include "lancea/scan/filtered_read.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "arrow/array/array_primitive.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/scan/pick_rows.h"
#include "lancea/scan/read_cost.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A piece of work: enough to be worth a task and calls of kernels, little enough for the caches.
constexpr uint64_t kMinPieceRows = 4096;
constexpr uint64_t kMaxPieceRows = uint64_t{128} << 10;
constexpr uint64_t kPieceBytes = uint64_t{2} << 20;
// Rows may be of any size: a piece of fewer than kMinPieceRows rows takes about so much.
constexpr uint64_t kMostPieceBytes = uint64_t{16} << 20;
// Rows asked from which on a step's cost is believed.
constexpr double kMeasuredRows = 10'000;

class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<uint64_t>* nanos) : nanos_(nanos), begin_(Now()) {}
  ~Stopwatch() {
    if (nanos_ != nullptr) *nanos_ += static_cast<uint64_t>((Now() - begin_).count());
  }

 private:
  static std::chrono::nanoseconds Now() {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  std::atomic<uint64_t>* const nanos_;
  const std::chrono::nanoseconds begin_;
};

// One slice on its way through the filter.
class SliceRead {
 public:
  SliceRead(const FilteredScan& scan, size_t fragment, std::vector<RowRange> rows)
      : scan_(scan),
        pool_(scan.dataset.memory_pool()),
        fragment_(fragment),
        rows_(std::move(rows)),
        left_(NumRows(rows_)),
        read_(scan.filter.plan().columns().size()) {}

  const Selection& left() const { return left_; }

  arrow::Status Filter() {
    if (scan_.counters != nullptr) {
      scan_.counters->ranges_scanned += rows_.size();
      scan_.counters->rows_scanned += static_cast<uint64_t>(left_.num_rows());
    }
    const Stopwatch time(scan_.counters == nullptr ? nullptr : &scan_.counters->filter_nanos);
    if (scan_.filter.is_never()) left_.Clear();
    if (!scan_.filter.steps().empty() && !left_.none()) {
      ARROW_ASSIGN_OR_RAISE(readers_, scan_.filter.plan().ForFragment(fragment_, /*keep=*/true));
    }
    for (const ScanFilter::Step* step : InOrder()) {
      if (left_.none()) break;
      ARROW_RETURN_NOT_OK(scan_.read_options.stop_token.Poll());
      ARROW_RETURN_NOT_OK(Ask(*step));
    }
    if (scan_.counters != nullptr) {
      scan_.counters->rows_selected += static_cast<uint64_t>(left_.count());
    }
    return arrow::Status::OK();
  }

  // The output columns of the rows left.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read() {
    const ReadPlan& plan = scan_.plan;
    const size_t num_columns = plan.columns().size();
    const auto& schema = plan.schema();
    arrow::ArrayVector out(num_columns);
    if (left_.none()) {
      for (size_t c = 0; c < num_columns; ++c) {
        ARROW_ASSIGN_OR_RAISE(
            out[c], arrow::MakeEmptyArray(schema->field(static_cast<int>(c))->type(), pool_));
      }
      return arrow::RecordBatch::Make(schema, 0, std::move(out));
    }
    const Stopwatch time(scan_.counters == nullptr ? nullptr : &scan_.counters->take_nanos);
    ARROW_ASSIGN_OR_RAISE(const auto readers, plan.ForFragment(fragment_, /*keep=*/true));
    const auto num_ranges = static_cast<size_t>(left_.num_runs());
    std::vector<size_t> whole, sparse;
    for (size_t c = 0; c < num_columns; ++c) {
      const int same = scan_.same_as_filtered[c];
      if (same >= 0 && !read_[static_cast<size_t>(same)].empty()) {
        ARROW_ASSIGN_OR_RAISE(out[c], PickFrom(read_[static_cast<size_t>(same)],
                                               schema->field(static_cast<int>(c))->type()));
      } else {
        (WantsWhole(*readers, c, num_ranges) ? whole : sparse).push_back(c);
      }
    }
    if (scan_.counters != nullptr && whole.size() + sparse.size() > 0) {
      scan_.counters->rows_taken += static_cast<uint64_t>(left_.count());
    }
    ReadOptions options = scan_.read_options;
    if (scan_.counters != nullptr) options.counters = &scan_.counters->take_io;
    auto read = [&](const std::vector<size_t>& columns, const std::vector<RowRange>& rows,
                    bool pick) -> arrow::Status {
      if (columns.empty()) return arrow::Status::OK();
      ARROW_ASSIGN_OR_RAISE(
          auto begun, FragmentRead::Make(scan_.dataset, plan, readers, fragment_, rows, columns,
                                         scan_.options.include_deleted_rows, options));
      if (scan_.counters != nullptr) begun->CountPages(&scan_.counters->take_pages);
      for (const size_t c : columns) {
        const auto& type = schema->field(static_cast<int>(c))->type();
        ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector arrays, begun->Finish(c));
        ARROW_ASSIGN_OR_RAISE(out[c],
                              pick ? PickFrom(arrays, type) : JoinArrays(arrays, type, pool_));
      }
      return arrow::Status::OK();
    };
    ARROW_RETURN_NOT_OK(read(whole, rows_, !left_.all()));
    if (!sparse.empty()) ARROW_RETURN_NOT_OK(read(sparse, left_.Pick(rows_), false));
    return arrow::RecordBatch::Make(schema, left_.count(), std::move(out));
  }

 private:
  static int64_t NumRows(const std::vector<RowRange>& rows) {
    int64_t out = 0;
    for (const RowRange& range : rows) out += static_cast<int64_t>(range.size());
    return out;
  }

  StepCost& CostOf(const ScanFilter::Step& step) const {
    return scan_.measured[static_cast<size_t>(&step - scan_.filter.steps().data())];
  }

  // Among steps whose types cost the same, those first that take fewer bytes in this fragment's files:
  // they are encoded better, often by a dictionary. Once it is known what each costs and drops, by that.
  std::vector<const ScanFilter::Step*> InOrder() const {
    std::vector<const ScanFilter::Step*> out;
    for (const ScanFilter::Step& step : scan_.filter.steps()) out.push_back(&step);
    if (out.size() < 2 || readers_ == nullptr) return out;
    std::vector<std::pair<double, const ScanFilter::Step*>> ranked;
    for (const ScanFilter::Step* step : out) {
      const auto rank = CostOf(*step).PerDroppedRow();
      if (rank) ranked.emplace_back(*rank, step);
    }
    if (ranked.size() == out.size()) {
      std::ranges::stable_sort(ranked, {}, [](const auto& pair) {
        return std::pair(pair.second->may_fail, pair.first);
      });
      std::ranges::transform(ranked, out.begin(), [](const auto& pair) { return pair.second; });
      return out;
    }
    auto bytes = [&](const ScanFilter::Step* step) {
      uint64_t sum = 0;
      for (const size_t column : step->columns) {
        for (const auto& part : readers_->columns[column]) sum += part.reader->encoded_bytes();
      }
      return sum;
    };
    std::ranges::stable_sort(out, {}, [&](const ScanFilter::Step* step) {
      return std::tuple(step->may_fail, step->cost, bytes(step));
    });
    return out;
  }

  // Whether all rows from the first to the last are read sooner than those wanted are found. Elsewhere
  // than in memory, a row brings a block of the store along.
  bool WantsWhole(const FragmentColumns& readers, size_t column, size_t num_ranges) const {
    const PlanColumn& plan_column = scan_.plan.columns()[column];
    if (left_.all()) return true;
    if (plan_column.kind != PlanColumn::Kind::kField || plan_column.has_blob_bytes) return false;
    if (scan_.late[column] == LateColumns::Mode::kAll) return false;
    if (scan_.late[column] == LateColumns::Mode::kNone) return true;
    return IsCheaperWhole(DecodeCost(scan_.plan, readers, column), readers, num_ranges);
  }

  bool IsCheaperWhole(uint64_t decode_cost, const FragmentColumns& readers,
                      size_t num_ranges) const {
    return IsWholeCheaper(decode_cost, static_cast<uint64_t>(left_.num_rows()), num_ranges,
                          IsInMemory(readers) ? 0 : scan_.read_options.block_size);
  }

  arrow::Status Ask(const ScanFilter::Step& step) {
    bool whole = left_.all();
    if (!whole) {
      uint64_t row_bytes = 0;
      for (const size_t column : step.columns) {
        row_bytes += DecodeCost(scan_.filter.plan(), *readers_, column);
      }
      whole = !step.may_fail &&
              IsCheaperWhole(row_bytes, *readers_, static_cast<size_t>(left_.num_runs()));
    }
    const int64_t num_rows = whole ? left_.num_rows() : left_.count();
    StepCost& cost = CostOf(step);
    const Stopwatch time(&cost.nanos);
    std::vector<arrow::ArrayVector> columns(step.columns.size());
    std::vector<size_t> missing;
    for (size_t i = 0; i < step.columns.size(); ++i) {
      const arrow::ArrayVector& read = read_[step.columns[i]];
      if (read.empty()) {
        missing.push_back(i);
      } else if (whole) {
        columns[i] = read;
      } else {
        const auto& field = scan_.filter.plan().columns()[step.columns[i]].output;
        ARROW_ASSIGN_OR_RAISE(auto some, PickFrom(read, field->type()));
        columns[i] = {std::move(some)};
      }
    }
    if (!missing.empty()) {
      std::vector<size_t> wanted;
      std::vector<const ValueCondition*> asked;
      for (const size_t i : missing) {
        wanted.push_back(step.columns[i]);
        asked.push_back(AnswersWillDo(step.columns[i]) ? step.asked[i] : nullptr);
      }
      ReadOptions options = scan_.read_options;
      if (scan_.counters != nullptr) options.counters = &scan_.counters->scan_io;
      ARROW_ASSIGN_OR_RAISE(
          auto begun, FragmentRead::Make(scan_.dataset, scan_.filter.plan(), readers_, fragment_,
                                         whole ? rows_ : left_.Pick(rows_), wanted,
                                         scan_.options.include_deleted_rows, options, asked));
      if (scan_.counters != nullptr) begun->CountPages(&scan_.counters->scan_pages);
      for (const size_t i : missing) {
        ARROW_ASSIGN_OR_RAISE(columns[i], begun->Finish(step.columns[i]));
        const bool has_values = std::ranges::none_of(columns[i], [&](const auto& array) {
          return step.asked[i] != nullptr && array->type_id() == arrow::Type::BOOL;
        });
        if (whole && has_values) read_[step.columns[i]] = columns[i];
      }
    }
    Selection holds(num_rows);
    for (const ScanFilter::Condition& condition : step.conditions) {
      if (holds.none()) break;
      ARROW_RETURN_NOT_OK(Ask(condition, step, columns, &holds));
    }
    cost.rows += static_cast<uint64_t>(num_rows);
    cost.kept += static_cast<uint64_t>(holds.count());
    if (whole) {
      left_.And(holds);
    } else {
      left_.KeepOfLeft(holds);
    }
    return arrow::Status::OK();
  }

  // Whether a column of the filter is not worth having once it has been asked. Numbers of the output are:
  // decoding takes no longer than asking. So is what would have to be fetched twice.
  bool AnswersWillDo(size_t column) const {
    const auto& same = scan_.same_as_filtered;
    if (std::find(same.begin(), same.end(), static_cast<int>(column)) == same.end()) return true;
    const auto& type = *scan_.filter.plan().columns()[column].output->type();
    return !arrow::is_fixed_width(type.id()) && IsInMemory(*readers_);
  }

  // Leave in `holds` the rows for which the condition holds.
  // \param columns  arrays of the step's columns, each of all the rows of `holds`
  arrow::Status Ask(const ScanFilter::Condition& condition, const ScanFilter::Step& step,
                    const std::vector<arrow::ArrayVector>& columns, Selection* holds) {
    using Kind = ScanFilter::Condition::Kind;
    if (condition.kind == Kind::kAll) {
      for (const auto& part : condition.parts) {
        if (holds->none()) break;
        ARROW_RETURN_NOT_OK(Ask(part, step, columns, holds));
      }
      return arrow::Status::OK();
    }
    if (condition.kind == Kind::kAny) {
      Selection any(holds->num_rows());
      any.Clear();
      for (const auto& part : condition.parts) {
        Selection some(holds->num_rows());
        ARROW_RETURN_NOT_OK(Ask(part, step, columns, &some));
        any.Or(some);
      }
      holds->And(any);
      return arrow::Status::OK();
    }
    const Predicate& predicate = *condition.predicate;
    if (condition.columns.size() == 1) {
      // Each array as the page has it: nothing is joined, dictionaries stay.
      int64_t begin = 0;
      for (const auto& array : columns[condition.columns[0]]) {
        std::shared_ptr<arrow::BooleanArray> answers;
        if (predicate.value_condition() != nullptr && array->type_id() == arrow::Type::BOOL) {
          answers = std::static_pointer_cast<arrow::BooleanArray>(array);
        } else {
          ARROW_ASSIGN_OR_RAISE(answers, predicate.Evaluate({array}, array->length(), pool_));
        }
        holds->Keep(begin, *answers);
        begin += array->length();
      }
      return arrow::Status::OK();
    }
    arrow::ArrayVector aligned;
    for (const size_t i : condition.columns) {
      arrow::ArrayVector arrays = columns[i];
      for (auto& array : arrays) {
        ARROW_ASSIGN_OR_RAISE(array, AsEvaluated(std::move(array), pool_));
      }
      const auto& field = scan_.filter.plan().columns()[step.columns[i]].output;
      ARROW_ASSIGN_OR_RAISE(auto joined, JoinArrays(arrays, field->type(), pool_));
      aligned.push_back(std::move(joined));
    }
    ARROW_ASSIGN_OR_RAISE(auto answers,
                          predicate.Evaluate(std::move(aligned), holds->num_rows(), pool_));
    holds->Keep(0, *answers);
    return arrow::Status::OK();
  }

  // The rows left of arrays that hold all rows, as one array of `type`.
  arrow::Result<std::shared_ptr<arrow::Array>> PickFrom(
      const arrow::ArrayVector& arrays, const std::shared_ptr<arrow::DataType>& type) {
    return PickRows(arrays, left_, type, pool_, &positions_);
  }

  const FilteredScan& scan_;
  arrow::MemoryPool* const pool_;
  const size_t fragment_;
  const std::vector<RowRange> rows_;
  Selection left_;
  std::shared_ptr<const FragmentColumns> readers_;
  std::vector<arrow::ArrayVector>
      read_;  // by column of the filter's plan: all rows of it, or nothing
  std::vector<uint32_t> positions_;
};

}  // namespace

std::optional<double> StepCost::PerDroppedRow() const {
  const auto asked = static_cast<double>(rows.load(std::memory_order_relaxed));
  if (asked < kMeasuredRows) return std::nullopt;
  const double dropped = asked - static_cast<double>(kept.load(std::memory_order_relaxed));
  return static_cast<double>(nanos.load(std::memory_order_relaxed)) / std::max(dropped, 1.0);
}

FilteredScan::FilteredScan(const Dataset::Impl& dataset_in, const ScanFilter& filter_in,
                           const ReadPlan& plan_in, const ScanOptions& options_in,
                           ReadOptions read_options_in)
    : dataset(dataset_in),
      filter(filter_in),
      plan(plan_in),
      options(options_in),
      read_options(std::move(read_options_in)),
      counters(options.counters.get()),
      same_as_filtered(plan.columns().size(), -1),
      late(plan.columns().size(), options.late_materialization.mode),
      measured(std::make_unique<StepCost[]>(filter.steps().size())) {
  for (size_t c = 0; c < plan.columns().size(); ++c) {
    const PlanColumn& column = plan.columns()[c];
    const auto& names = options.late_materialization.names;
    if (options.late_materialization.mode == LateColumns::Mode::kNamed) {
      late[c] = std::find(names.begin(), names.end(), column.output->name()) != names.end()
                    ? LateColumns::Mode::kAll
                    : LateColumns::Mode::kNone;
    }
    if (column.kind != PlanColumn::Kind::kField || column.has_blob_bytes) continue;
    for (size_t f = 0; f < filter.plan().columns().size(); ++f) {
      const PlanColumn& read = filter.plan().columns()[f];
      if (read.kind == PlanColumn::Kind::kField && read.field == column.field &&
          read.output->type()->Equals(*column.output->type()) && column.flatten_path.empty()) {
        same_as_filtered[c] = static_cast<int>(f);
      }
    }
  }
}

arrow::Result<std::vector<RowRange>> FilteredScan::RowsToAsk(const FragmentSlice& slice) const {
  ARROW_ASSIGN_OR_RAISE(auto rows, PhysicalRows(dataset, slice, options.include_deleted_rows));
  if (filter.is_never() || rows.empty()) return rows;
  ARROW_ASSIGN_OR_RAISE(const auto readers,
                        filter.plan().ForFragment(slice.fragment, /*keep=*/true));
  if (counters != nullptr) {
    for (size_t c = 0; c < filter.plan().columns().size(); ++c) {
      CountPagesOf(filter.plan().columns()[c], readers->columns[c], slice.fragment,
                   &counters->scan_pages);
    }
    ARROW_ASSIGN_OR_RAISE(const auto taken, plan.ForFragment(slice.fragment, /*keep=*/true));
    for (size_t c = 0; c < plan.columns().size(); ++c) {
      if (same_as_filtered[c] >= 0) continue;
      CountPagesOf(plan.columns()[c], taken->columns[c], slice.fragment, &counters->take_pages);
    }
  }
  if (!options.use_stats) return rows;
  for (const ScanFilter::Step& step : filter.steps()) {
    if (step.may_fail) continue;
    for (const ScanFilter::Condition& condition : step.conditions) {
      if (rows.empty()) return rows;
      if (condition.predicate == nullptr || condition.columns.size() != 1) continue;
      const ValueCondition* const asked = condition.predicate->value_condition();
      const size_t column = step.columns[condition.columns[0]];
      const auto& parts = readers->columns[column];
      if (asked == nullptr || !IsAsStored(filter.plan().columns()[column], parts)) continue;
      if (rows.back().end > parts[0].reader->num_rows()) continue;  // said when it is read
      auto left = parts[0].reader->RowsThatMay(rows, *asked);
      if (!left.ok()) {
        return Prefix(left.status(), readers->files[parts[0].file]->object()->path());
      }
      rows = *std::move(left);
    }
  }
  return rows;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> FilteredScan::Read(
    const FragmentSlice& slice) const {
  ARROW_ASSIGN_OR_RAISE(auto rows, RowsToAsk(slice));
  SliceRead read(*this, slice.fragment, std::move(rows));
  ARROW_RETURN_NOT_OK(read.Filter());
  return read.Read();
}

arrow::Result<int64_t> FilteredScan::Count(const FragmentSlice& slice) const {
  ARROW_ASSIGN_OR_RAISE(auto rows, RowsToAsk(slice));
  SliceRead read(*this, slice.fragment, std::move(rows));
  ARROW_RETURN_NOT_OK(read.Filter());
  return read.left().count();
}

uint64_t FilteredScan::PieceRows(size_t fragment, uint64_t max_bytes) const {
  uint64_t row_bytes = 1;
  for (const ReadPlan* each : {&filter.plan(), &plan}) {
    auto readers = each->ForFragment(fragment, /*keep=*/true);
    if (!readers.ok()) continue;  // said when it is read
    for (size_t c = 0; c < each->columns().size(); ++c) row_bytes += RowBytes(**readers, c);
  }
  const uint64_t rows = std::clamp(kPieceBytes / row_bytes, kMinPieceRows, kMaxPieceRows);
  return std::clamp<uint64_t>(std::min(max_bytes, kMostPieceBytes) / row_bytes, 1, rows);
}

}  // namespace lancea
