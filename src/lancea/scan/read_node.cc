#include "lancea/scan/read_node.h"

#include <algorithm>
#include <set>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/scan/filtered_table.h"
#include "lancea/scan/scan_stream.h"
#include "lancea/scan/scan_table.h"

namespace lancea {
namespace {

// Columns as wide as this or wider, and those of any width, are read for the rows that a filter left:
// pylance's rule for files on this machine and elsewhere, which assumes that 0.1 % of the rows are left.
constexpr int64_t kLateBytesLocally = 10;
constexpr int64_t kLateBytesElsewhere = 1000;

constexpr char kRead[] = "LanceRead";
constexpr char kPushdown[] = "LancePushdownScan";

std::string Enclosed(const char* open, const std::vector<std::string>& names, const char* close) {
  std::string out(open);
  for (size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : ", ") + names[i];
  return out + close;
}

bool IsLate(const PlanColumn& column, const LateColumns& late, bool is_local) {
  const std::string& name = column.output->name();
  switch (late.mode) {
    case LateColumns::Mode::kAll:
      return true;
    case LateColumns::Mode::kNone:
      return false;
    case LateColumns::Mode::kNamed:
      return std::ranges::find(late.names, name) != late.names.end();
    case LateColumns::Mode::kByCost:
      break;
  }
  const arrow::DataType& type = *column.output->type();
  int64_t bytes = 0;
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    if (!arrow::is_fixed_width(list.value_type()->id())) return true;
    bytes = int64_t{list.list_size()} * list.value_type()->byte_width();
  } else if (arrow::is_fixed_width(type.id())) {
    bytes = std::max(1, type.bit_width() / 8);
  } else {
    return true;
  }
  return bytes >= (is_local ? kLateBytesLocally : kLateBytesElsewhere);
}

std::string TextOf(const ScanFilter::Condition& condition) {
  if (condition.predicate != nullptr) return condition.predicate->condition().ToString();
  const bool any = condition.kind == ScanFilter::Condition::Kind::kAny;
  std::string out = "(";
  for (const auto& part : condition.parts) {
    if (out.size() > 1) out += any ? " OR " : " AND ";
    out += TextOf(part);
  }
  return out + ")";
}

// The conditions in the order in which they are asked.
std::string Refined(const ScanFilter& filter) {
  std::string out;
  for (const ScanFilter::Step& step : filter.steps()) {
    for (const auto& condition : step.conditions) {
      if (!out.empty()) out += " AND ";
      out += TextOf(condition);
    }
  }
  return out.empty() ? "--" : out;
}

bool HasSystem(const TableRead& read, PlanColumn::Kind kind) {
  auto has = [&](const ReadPlan& plan) {
    return std::ranges::find(plan.columns(), kind, &PlanColumn::kind) != plan.columns().end();
  };
  return has(*read.plan) || (read.filter != nullptr && has(read.filter->plan()));
}

void AddIo(const std::string& step, const IoCounters& io, RunMetrics::Values* out) {
  const IoStatistics statistics = io.Read();
  out->emplace_back(step + "/bytes_read", statistics.bytes_read);
  out->emplace_back(step + "/iops", statistics.iops);
  out->emplace_back(step + "/requests", statistics.requests);
}

void AddPages(const std::string& step, const PageCounters& pages, RunMetrics::Values* out) {
  out->emplace_back(step + "/pages_scanned", pages.scanned());
  out->emplace_back(step + "/pages_skipped", pages.skipped());
}

}  // namespace

ReadNode::ReadNode(TableRead read) : ExecNode(read.plan->schema(), {}), read_(std::move(read)) {}

arrow::Result<ExecNodePtr> ReadNode::WithInputs(Inputs) const {
  return std::make_shared<ReadNode>(read_);
}

std::vector<std::string> ReadNode::ColumnsReadLate(std::vector<std::string>* scanned) const {
  const bool is_local = read_.dataset->impl().location.store->is_local();
  std::vector<std::string> late;
  if (read_.filter != nullptr) {
    for (const PlanColumn& column : read_.filter->plan().columns()) {
      if (column.kind == PlanColumn::Kind::kField) scanned->push_back(column.output->name());
    }
  }
  for (const PlanColumn& column : read_.plan->columns()) {
    if (column.kind != PlanColumn::Kind::kField) continue;
    const std::string& name = column.output->name();
    if (read_.filter != nullptr && std::ranges::find(*scanned, name) != scanned->end()) continue;
    const bool is_late =
        read_.filter != nullptr && IsLate(column, read_.options.late_materialization, is_local);
    (is_late ? late : *scanned).push_back(name);
  }
  return late;
}

// Files of 0.1 keep statistics of their pages: a filtered scan of them is pylance's other kind.
const char* ReadNode::step_name() const {
  const bool has_steps = read_.filter != nullptr && !read_.filter->steps().empty();
  const bool is_legacy = read_.dataset->data_storage_version() == "0.1";
  return has_steps && is_legacy && read_.options.use_stats ? kPushdown : kRead;
}

bool ReadNode::ShowsTake() const {
  std::vector<std::string> scanned;
  return step_name() != kPushdown && !ColumnsReadLate(&scanned).empty();
}

PlanNode ReadNode::Describe() const {
  std::vector<std::string> scanned;
  const std::vector<std::string> late = ColumnsReadLate(&scanned);
  PlanNode node{step_name(), {}, {}, false, {}};
  auto say = [&](const char* name, std::string value) {
    node.details.emplace_back(name, std::move(value));
  };
  std::set<size_t> fragments;
  uint64_t rows = 0;
  for (const FragmentSlice& slice : read_.slices) {
    fragments.insert(slice.fragment);
    rows += slice.rows.size();
  }
  say("uri", read_.dataset->impl().location.path + "/data");
  const std::string row_id = HasSystem(read_, PlanColumn::Kind::kRowId) ? "true" : "false";
  const std::string row_address =
      HasSystem(read_, PlanColumn::Kind::kRowAddress) ? "true" : "false";
  if (node.name == kPushdown) {
    std::vector<std::string> columns;
    for (const PlanColumn& column : read_.plan->columns()) {
      if (column.kind == PlanColumn::Kind::kField) columns.push_back(column.output->name());
    }
    say("projection", Enclosed("[", columns, "]"));
    say("predicate", read_.filter->text());
    say("row_id", row_id);
    say("row_addr", row_address);
    say("ordered", read_.options.scan_in_order ? "true" : "false");
    return node;
  }
  say("projection", Enclosed("[", scanned, "]"));
  say("num_fragments", std::to_string(fragments.size()));
  say("range_before", read_.range_before);
  say("range_after", read_.range_after);
  say("row_id", row_id);
  say("row_addr", row_address);
  say("full_filter", read_.filter != nullptr ? read_.filter->text() : "--");
  say("refine_filter", read_.filter != nullptr ? Refined(*read_.filter) : "--");
  if (read_.filter != nullptr && !read_.filter->pins().empty()) {
    say("rows_by_number", std::to_string(rows));
  }
  if (late.empty()) return node;
  for (const std::string& name : late) scanned.push_back("(" + name + ")");
  PlanNode take{"Take", {{"columns", Enclosed("\"", scanned, "\"")}}, {}, false, {}};
  take.inputs.push_back(std::move(node));
  return take;
}

RunMetrics::Values ReadNode::Counts(const ScanCounters& counters, bool has_take) const {
  const Dataset::Impl& dataset = read_.dataset->impl();
  RunMetrics::Values out;
  const std::string step = step_name();
  if (has_take) {
    out.emplace_back("Take/read_ns", counters.take_nanos.load());
    out.emplace_back("Take/rows_taken", counters.rows_taken.load());
    AddIo("Take", counters.take_io, &out);
    AddPages("Take", counters.take_pages, &out);
    out.emplace_back(step + "/elapsed_ns", counters.filter_nanos.load());
    out.emplace_back(step + "/output_rows", counters.rows_selected.load());
  }
  const uint64_t asked = read_.options.fragment_ids.has_value() ? read_.options.fragment_ids->size()
                                                                : dataset.fragments().size();
  const uint64_t scanned = counters.fragments_scanned.load();
  out.emplace_back(step + "/fragments_scanned", scanned);
  out.emplace_back(step + "/fragments_skipped", asked - std::min(asked, scanned));
  out.emplace_back(step + "/ranges_scanned", counters.ranges_scanned.load());
  out.emplace_back(step + "/rows_scanned", counters.rows_scanned.load());
  AddIo(step, counters.scan_io, &out);
  AddPages(step, counters.scan_pages, &out);
  if (!has_take) {
    const IoStatistics late = counters.take_io.Read();
    for (auto& [name, value] : out) {
      if (name == step + "/bytes_read") value += late.bytes_read;
      if (name == step + "/iops") value += late.iops;
      if (name == step + "/requests") value += late.requests;
      if (name == step + "/pages_scanned") value += counters.take_pages.scanned();
      if (name == step + "/pages_skipped") value += counters.take_pages.skipped();
    }
  }
  return out;
}

ScanOptions ReadNode::Counted(const ExecContext& context) const {
  ScanOptions out = read_.options;
  if (context.metrics == nullptr) return out;
  auto counters = std::make_shared<ScanCounters>();
  counters->scan_io.CountFor(read_.dataset->impl().io_counters.get());
  counters->take_io.CountFor(read_.dataset->impl().io_counters.get());
  out.counters = counters;
  const bool has_take = ShowsTake();
  const auto session = read_.dataset->session();
  const uint64_t hits = session->cache_hits(), misses = session->cache_misses();
  context.metrics->Report(*this, [=, this] {
    RunMetrics::Values values = Counts(*counters, has_take);
    values.emplace_back(std::string(step_name()) + "/cache_hits", session->cache_hits() - hits);
    values.emplace_back(std::string(step_name()) + "/cache_misses",
                        session->cache_misses() - misses);
    return values;
  });
  return out;
}

arrow::Result<ExecNode::Reader> ReadNode::Run(const ExecContext& context) const {
  return MakeScanStream(read_.dataset, read_.plan, read_.slices, Counted(context), read_.batch_size,
                        read_.filter);
}

arrow::Result<std::shared_ptr<arrow::Table>> ReadNode::RunToTable(
    const ExecContext& context) const {
  const ScanOptions options = Counted(context);
  const Dataset::Impl& dataset = read_.dataset->impl();
  if (read_.filter == nullptr) return ReadTable(dataset, *read_.plan, read_.slices, options);
  ReadOptions reads = dataset.MakeReadOptions(options.stop_token);
  if (options.io_counters != nullptr) reads.counters = options.io_counters.get();
  return ReadFilteredTable(
      FilteredScan(dataset, *read_.filter, *read_.plan, options, std::move(reads)), read_.slices);
}

arrow::Result<int64_t> ReadNode::RunToCount(const ExecContext& context) const {
  if (read_.filter == nullptr) {
    int64_t rows = 0;
    for (const FragmentSlice& slice : read_.slices) rows += static_cast<int64_t>(slice.rows.size());
    return rows;
  }
  const ScanOptions options = Counted(context);
  const Dataset::Impl& dataset = read_.dataset->impl();
  ReadOptions reads = dataset.MakeReadOptions(options.stop_token);
  if (options.io_counters != nullptr) reads.counters = options.io_counters.get();
  return CountFiltered(FilteredScan(dataset, *read_.filter, *read_.plan, options, std::move(reads)),
                       read_.slices);
}

}  // namespace lancea
