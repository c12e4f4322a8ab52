// Lancea's own rules about plans of scans, and the list of those that users add.
#include <algorithm>
#include <mutex>

#include "arrow/type.h"
#include "lancea/exec/stream_nodes.h"
#include "lancea/optimizer.h"
#include "lancea/scan/plan_scan.h"
#include "lancea/scan/read_node.h"

namespace lancea {
namespace {

using Rules = std::vector<std::shared_ptr<const OptimizerRule>>;

// A top-k of more rows sorts instead: taking so many rows one by one costs more than reading them all.
constexpr int64_t kMaxTopRows = 1 << 20;

const CutNode* AsLimit(const ExecNode& node) {
  const auto* cut = dynamic_cast<const CutNode*>(&node);
  return cut != nullptr && cut->is_limit() ? cut : nullptr;
}

// GlobalLimitExec < LanceRead          LanceRead of those rows alone, when there is no filter; else it is
//                                      told how many rows are wanted of those left
class LimitIntoRead : public OptimizerRule {
 public:
  std::string name() const override { return "LimitIntoRead"; }

  arrow::Result<ExecNodePtr> Apply(const ExecNodePtr& node) const override {
    const CutNode* limit = AsLimit(*node);
    if (limit == nullptr) return nullptr;
    const auto* read = dynamic_cast<const ReadNode*>(node->inputs()[0].get());
    if (read == nullptr) return nullptr;
    const BatchCut& cut = limit->cut();
    const std::string last = cut.limit >= 0 ? std::to_string(cut.offset + cut.limit) : "";
    TableRead narrowed = read->read();
    if (narrowed.filter != nullptr) {
      if (cut.limit < 0) return nullptr;
      narrowed.range_after = "Some(0.." + last + ")";
      return node->WithInputs({std::make_shared<ReadNode>(std::move(narrowed))});
    }
    narrowed.slices = Narrowed(narrowed.slices, static_cast<uint64_t>(cut.offset),
                               cut.limit >= 0 ? static_cast<uint64_t>(cut.limit) : UINT64_MAX);
    narrowed.range_before = "Some(" + std::to_string(cut.offset) + ".." + last + ")";
    auto out = std::make_shared<ReadNode>(std::move(narrowed));
    if (cut.num_bytes == 0 && !limit->is_strict()) return out;
    BatchCut unlimited = cut;
    unlimited.offset = 0;
    unlimited.limit = -1;
    return std::make_shared<CutNode>(out, unlimited, limit->is_strict());
  }

 private:
  static std::vector<FragmentSlice> Narrowed(const std::vector<FragmentSlice>& slices,
                                             uint64_t skip, uint64_t left) {
    std::vector<FragmentSlice> out;
    for (FragmentSlice slice : slices) {
      if (left == 0) break;
      const uint64_t skipped = std::min(skip, slice.rows.size());
      skip -= skipped;
      slice.rows.start += skipped;
      slice.rows.end = slice.rows.start + std::min(left, slice.rows.size());
      if (slice.rows.size() == 0) continue;
      left -= slice.rows.size();
      out.push_back(std::move(slice));
    }
    return out;
  }
};

// GlobalLimitExec < SortExec < LanceRead     Take < SortExec: TopK < LanceRead of the keys and addresses
class TopRowsRule : public OptimizerRule {
 public:
  std::string name() const override { return "TopRows"; }

  arrow::Result<ExecNodePtr> Apply(const ExecNodePtr& node) const override {
    const CutNode* limit = AsLimit(*node);
    if (limit == nullptr || limit->cut().limit < 0) return nullptr;
    const auto* sort = dynamic_cast<const SortNode*>(node->inputs()[0].get());
    if (sort == nullptr) return nullptr;
    const auto* read = dynamic_cast<const ReadNode*>(sort->inputs()[0].get());
    const BatchCut& cut = limit->cut();
    if (read == nullptr || read->read().options.include_deleted_rows ||
        cut.limit > kMaxTopRows - std::min(cut.offset, kMaxTopRows)) {
      return nullptr;
    }
    const TableRead& all = read->read();
    TableRead keys = all;
    keys.options.columns.emplace();
    std::vector<SortKey> order = sort->keys();
    for (SortKey& key : order) {
      const std::string& name = (*all.options.columns)[static_cast<size_t>(key.column)];
      auto& names = *keys.options.columns;
      const auto known = std::ranges::find(names, name);
      key.column = static_cast<int>(known - names.begin());
      if (known == names.end()) names.push_back(name);
    }
    if (std::ranges::find(*keys.options.columns, "_rowaddr") == keys.options.columns->end()) {
      keys.options.columns->emplace_back("_rowaddr");
    }
    ARROW_ASSIGN_OR_RAISE(keys.plan, all.dataset->impl().ScanPlan(keys.options));
    ExecNodePtr out = std::make_shared<ReadNode>(std::move(keys));
    out = std::make_shared<TopRowsNode>(out, std::move(order), cut.offset + cut.limit);
    BatchCut rest = cut;
    rest.limit = -1;  // all that is left is wanted
    rest.num_bytes = 0;
    out = std::make_shared<CutNode>(out, rest, /*is_strict=*/false);
    out = std::make_shared<TakeNode>(std::move(out), all.dataset, all.plan, all.options);
    if (cut.num_bytes == 0) return out;
    rest.offset = 0;
    rest.num_bytes = cut.num_bytes;
    return std::make_shared<CutNode>(out, rest, limit->is_strict());
  }
};

std::mutex g_mutex;

Rules& Added() {
  static Rules rules;
  return rules;
}

}  // namespace

const Rules& ScanRules() {
  static const Rules rules = {std::make_shared<LimitIntoRead>(), std::make_shared<TopRowsRule>()};
  return rules;
}

Rules AddedRules() {
  std::lock_guard<std::mutex> lock(g_mutex);
  return Added();
}

void AddOptimizerRule(std::shared_ptr<const OptimizerRule> rule) {
  std::lock_guard<std::mutex> lock(g_mutex);
  const auto same = std::ranges::find_if(
      Added(), [&](const auto& known) { return known->name() == rule->name(); });
  if (same != Added().end()) {
    *same = std::move(rule);
  } else {
    Added().push_back(std::move(rule));
  }
}

void RemoveOptimizerRule(const std::string& name) {
  std::lock_guard<std::mutex> lock(g_mutex);
  std::erase_if(Added(), [&](const auto& rule) { return rule->name() == name; });
}

}  // namespace lancea
