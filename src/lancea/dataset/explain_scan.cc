#include "lancea/dataset/explain_scan.h"

#include <algorithm>
#include <set>

#include "arrow/type.h"
#include "lancea/schema/projection.h"

namespace lancea {
namespace {

// Columns as wide as this or wider, and those of any width, are read for the rows that a filter left:
// pylance's rule for files on this machine and elsewhere, which assumes that 0.1 % of the rows are left.
constexpr int64_t kLateBytesLocally = 10;
constexpr int64_t kLateBytesElsewhere = 1000;

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string Enclosed(const char* open, const std::vector<std::string>& names, const char* close) {
  std::string out(open);
  out += Joined(names);
  out += close;
  return out;
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

// Tree and, when the scan has run, what it did.
class Explanation {
 public:
  Explanation(const Dataset::Impl& dataset, const ScanSetup& setup, const ScanCounters* counters,
              const ScanOutcome* outcome)
      : dataset_(dataset), setup_(setup), counters_(counters), outcome_(outcome) {}

  PlanNode Tree() const {
    const ScanOptions& options = setup_.options;
    PlanNode node = Read();
    if (!setup_.sort.empty()) node = Over(Sort(), std::move(node));
    if (setup_.taken != nullptr) node = Over(TakeBest(), std::move(node));
    const bool limits_here = setup_.is_limited() && setup_.taken == nullptr && !setup_.sort.empty();
    if (limits_here) node = Over(Limit(), std::move(node));
    if (options.batch_size_bytes.has_value() ||
        (options.strict_batch_size && setup_.filter == nullptr)) {
      node = Over(Result({"StrictBatchSizeExec", {}, {}, false, {}}), std::move(node));
    }
    if (setup_.project != nullptr || setup_.filter != nullptr) {
      node = Over(Project(), std::move(node));
    }
    return node;
  }

 private:
  static PlanNode Over(PlanNode node, PlanNode input) {
    node.inputs.push_back(std::move(input));
    return node;
  }

  static void AddIo(const IoCounters& io, PlanNode* node) {
    const IoStatistics statistics = io.Read();
    node->metrics.emplace_back("bytes_read", statistics.bytes_read);
    node->metrics.emplace_back("iops", statistics.iops);
    node->metrics.emplace_back("requests", statistics.requests);
  }

  PlanNode Result(PlanNode node) const {
    if (outcome_ == nullptr) return node;
    node.has_run = true;
    node.metrics.emplace_back("elapsed_ns", static_cast<uint64_t>(outcome_->elapsed.count()));
    node.metrics.emplace_back("output_rows", static_cast<uint64_t>(outcome_->rows));
    node.metrics.emplace_back("output_batches", static_cast<uint64_t>(outcome_->batches));
    return node;
  }

  // LanceRead, with what is read late above it.
  PlanNode Read() const {
    const bool is_local = dataset_.location.store->is_local();
    std::vector<std::string> scanned, late, all;
    const ReadPlan& plan = *setup_.plan;
    if (setup_.filter != nullptr) {
      for (const PlanColumn& column : setup_.filter->plan().columns()) {
        if (column.kind == PlanColumn::Kind::kField) scanned.push_back(column.output->name());
      }
    }
    for (const PlanColumn& column : plan.columns()) {
      if (column.kind != PlanColumn::Kind::kField) continue;
      const std::string& name = column.output->name();
      const bool filtered = std::ranges::find(scanned, name) != scanned.end();
      if (setup_.filter != nullptr && !filtered &&
          IsLate(column, setup_.options.late_materialization, is_local)) {
        late.push_back(name);
      } else if (!filtered) {
        scanned.push_back(name);
      }
    }
    PlanNode node{"LanceRead", {}, {}, false, {}};
    auto say = [&](const char* name, std::string value) {
      node.details.emplace_back(name, std::move(value));
    };
    std::set<size_t> fragments;
    for (const FragmentSlice& slice : setup_.slices) fragments.insert(slice.fragment);
    const bool limits_before =
        setup_.is_limited() && setup_.filter == nullptr && setup_.sort.empty();
    const bool limits_after =
        setup_.is_limited() && setup_.filter != nullptr && setup_.sort.empty();
    const std::string first = std::to_string(setup_.options.offset);
    const std::string last = setup_.options.limit.has_value()
                                 ? std::to_string(setup_.options.offset + *setup_.options.limit)
                                 : "";
    say("uri", dataset_.location.path + "/data");
    say("projection", Enclosed("[", scanned, "]"));
    say("num_fragments", std::to_string(fragments.size()));
    say("range_before", limits_before ? "Some(" + first + ".." + last + ")" : "None");
    say("range_after",
        limits_after && setup_.options.limit.has_value() ? "Some(0.." + last + ")" : "None");
    say("row_id", HasSystem(PlanColumn::Kind::kRowId) ? "true" : "false");
    say("row_addr", HasSystem(PlanColumn::Kind::kRowAddress) ? "true" : "false");
    const std::string filter = setup_.filter != nullptr ? setup_.filter->text() : "--";
    say("full_filter", filter);
    say("refine_filter", setup_.filter != nullptr ? Refined() : "--");
    if (setup_.filter != nullptr && !setup_.filter->pins().empty()) {
      uint64_t rows = 0;
      for (const FragmentSlice& slice : setup_.slices) rows += slice.rows.size();
      say("rows_by_number", std::to_string(rows));
    }
    if (counters_ != nullptr) {
      const bool filters = setup_.filter != nullptr;
      node.has_run = true;
      node.metrics.emplace_back("elapsed_ns",
                                filters ? counters_->filter_nanos.load()
                                        : static_cast<uint64_t>(outcome_->elapsed.count()));
      node.metrics.emplace_back("output_rows", filters ? counters_->rows_selected.load()
                                                       : counters_->rows_scanned.load());
      node.metrics.emplace_back("fragments_scanned", counters_->fragments_scanned.load());
      node.metrics.emplace_back(
          "fragments_skipped",
          FragmentsAsked() -
              std::min<uint64_t>(FragmentsAsked(), counters_->fragments_scanned.load()));
      node.metrics.emplace_back("ranges_scanned", counters_->ranges_scanned.load());
      node.metrics.emplace_back("rows_scanned", counters_->rows_scanned.load());
      AddIo(counters_->scan_io, &node);
    }
    if (limits_after) node = Over(Limit(), std::move(node));
    if (late.empty()) return node;
    std::vector<std::string> shown = scanned;
    for (const std::string& name : late) shown.push_back("(" + name + ")");
    PlanNode take{"Take", {{"columns", Enclosed("\"", shown, "\"")}}, {}, false, {}};
    if (counters_ != nullptr) {
      take.has_run = true;
      take.metrics.emplace_back("elapsed_ns", counters_->take_nanos.load());
      take.metrics.emplace_back("output_rows", counters_->rows_taken.load());
      AddIo(counters_->take_io, &take);
    }
    return Over(std::move(take), std::move(node));
  }

  uint64_t FragmentsAsked() const {
    return setup_.options.fragment_ids.has_value() ? setup_.options.fragment_ids->size()
                                                   : dataset_.fragments().size();
  }

  bool HasSystem(PlanColumn::Kind kind) const {
    auto has = [&](const ReadPlan& plan) {
      return std::ranges::find(plan.columns(), kind, &PlanColumn::kind) != plan.columns().end();
    };
    return has(*setup_.plan) || (setup_.filter != nullptr && has(setup_.filter->plan()));
  }

  static std::string TextOf(const ScanFilter::Condition& condition) {
    if (condition.predicate != nullptr) return condition.predicate->condition().ToString();
    const bool any = condition.kind == ScanFilter::Condition::Kind::kAny;
    std::string out;
    for (const auto& part : condition.parts) {
      if (!out.empty()) out += any ? " OR " : " AND ";
      out += TextOf(part);
    }
    out.insert(out.begin(), '(');
    out.push_back(')');
    return out;
  }

  // The conditions in the order in which they are asked.
  std::string Refined() const {
    std::string out;
    for (const ScanFilter::Step& step : setup_.filter->steps()) {
      for (const auto& condition : step.conditions) {
        if (!out.empty()) out += " AND ";
        out += TextOf(condition);
      }
    }
    return out.empty() ? "--" : out;
  }

  PlanNode Sort() const {
    PlanNode node{"SortExec", {}, {}, false, {}};
    if (setup_.taken != nullptr) {
      node.details.emplace_back(
          "TopK(fetch=" + std::to_string(setup_.options.offset + *setup_.options.limit) + ")", "");
    }
    std::vector<std::string> keys;
    for (const SortKey& key : setup_.sort) {
      const std::string& name = setup_.plan->schema()->field(key.column)->name();
      keys.push_back(name + "@" + std::to_string(key.column) + (key.ascending ? " ASC" : " DESC") +
                     (key.nulls_first == key.ascending
                          ? (key.nulls_first ? " NULLS FIRST" : " NULLS LAST")
                          : (key.nulls_first ? "" : " NULLS LAST")));
    }
    node.details.emplace_back("expr", Enclosed("[", keys, "]"));
    node.details.emplace_back("preserve_partitioning", "[false]");
    node = Result(std::move(node));
    if (counters_ != nullptr) {
      node.metrics.emplace_back("spilled_bytes", counters_->spilled_bytes.load());
    }
    return node;
  }

  PlanNode TakeBest() const {
    PlanNode node{"Take", {}, {}, false, {}};
    std::vector<std::string> names;
    for (const auto& field : setup_.taken->schema()->fields()) {
      names.push_back("(" + field->name() + ")");
    }
    node.details.emplace_back("columns", Enclosed("\"_rowaddr, ", names, "\""));
    if (counters_ != nullptr) {
      node.has_run = true;
      node.metrics.emplace_back("elapsed_ns", static_cast<uint64_t>(outcome_->elapsed.count()));
      node.metrics.emplace_back("output_rows", counters_->rows_taken.load());
      AddIo(counters_->take_io, &node);
    }
    return node;
  }

  PlanNode Limit() const {
    PlanNode node{"GlobalLimitExec", {}, {}, false, {}};
    node.details.emplace_back("skip", std::to_string(setup_.options.offset));
    node.details.emplace_back(
        "fetch", setup_.options.limit.has_value() ? std::to_string(*setup_.options.limit) : "None");
    return Result(std::move(node));
  }

  PlanNode Project() const {
    PlanNode node{"ProjectionExec", {}, {}, false, {}};
    std::vector<std::string> columns;
    if (setup_.options.projections.has_value()) {
      for (const Projection& projection : *setup_.options.projections) {
        columns.push_back(projection.expression + " as " + projection.name);
      }
    } else {
      int i = 0;
      for (const auto& field : setup_.schema->fields()) {
        columns.push_back(field->name() + "@" + std::to_string(i++) + " as " + field->name());
      }
    }
    node.details.emplace_back("expr", Enclosed("[", columns, "]"));
    return Result(std::move(node));
  }

  const Dataset::Impl& dataset_;
  const ScanSetup& setup_;
  const ScanCounters* const counters_;
  const ScanOutcome* const outcome_;
};

}  // namespace

PlanNode ExplainScan(const Dataset::Impl& dataset, const ScanSetup& setup) {
  return Explanation(dataset, setup, nullptr, nullptr).Tree();
}

PlanNode AnalyzedScan(const Dataset::Impl& dataset, const ScanSetup& setup,
                      const ScanCounters& counters, const ScanOutcome& outcome) {
  PlanNode root = Explanation(dataset, setup, &counters, &outcome).Tree();
  PlanNode analyzed{"AnalyzeExec", {{"verbose", "true"}}, {}, true, {}};
  analyzed.metrics.emplace_back("elapsed_ns", static_cast<uint64_t>(outcome.elapsed.count()));
  analyzed.inputs.push_back(std::move(root));
  return analyzed;
}

}  // namespace lancea
