#include "lancea/table/conflict_rules.h"

#include <array>
#include <utility>

#include "lancea/table/conflict_rule_functions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using namespace conflict;

/// A cell: the answer, or the rule that gives it.
struct Cell {
  Compatibility answer = Compatibility::kCompatible;
  Rule rule = nullptr;
  constexpr Cell(Compatibility constant) : answer(constant) {}
  constexpr Cell(Rule function) : rule(function) {}
};

constexpr Cell Y = Compatibility::kCompatible;
constexpr Cell R = Compatibility::kRetryable;
constexpr Cell I = Compatibility::kIncompatible;
constexpr size_t kOperations = std::variant_size_v<Operation>;

// Rows are ours, columns theirs, both in the order of Operation:
// App Del Ovw CIdx Rewr Merge Rest Resv Upd Proj Conf DRep MWal Clone Bases Unknown
// clang-format off
constexpr std::array<std::array<Cell, kOperations>, kOperations> kConflictTable = {{
    /* Append    */ {Y, Y, I, Y, Y, ValuesOverMerge, I, Y, Y, ValuesOverProject, Y, Y, I, Y, Y, I},
    /* Delete    */ {Y, OtherRows, I, Y, OtherFragments, R, I, Y, OtherRows, Y, Y, OtherFragments, I, Y, Y, I},
    /* Overwrite */ {Y, Y, OverwriteOverOverwrite, Y, Y, Y, Y, Y, Y, Y, OtherConfigKeys, Y, I, Y, Y, I},
    /* Index     */ {Y, Y, I, IndexOverIndex, IndexOverRewrite, IndexOverMerge, I, Y, Y, Y, Y,
                     IndexOverReplacement, IndexOverMemWal, Y, Y, I},
    /* Rewrite   */ {Y, OtherFragments, I, RewriteOverIndex, OtherFragments, R, I, Y, OtherFragments, Y, Y,
                     OtherFragments, Y, Y, Y, I},
    /* Merge     */ {R, R, I, MergeOverIndex, R, R, I, Y, R, I, MergeOverConfig, R, I, Y, Y, I},
    /* Restore   */ {Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, RestoreOverConfig, Y, I, Y, Y, I},
    /* Reserve   */ {Y, Y, I, Y, Y, Y, I, Y, Y, Y, Y, Y, Y, Y, Y, I},
    /* Update    */ {UpdateOverAppend, OtherRows, I, Y, OtherFragments, R, I, Y, UpdateOverUpdate,
                     UpdateOverProject, Y, OtherFragments, UpdateOverMemWal, Y, Y, I},
    /* Project   */ {ProjectOverValues, Y, I, Y, Y, R, I, Y, ProjectOverValues, R, Y, ProjectOverValues, I, Y, Y, I},
    /* Config    */ {Y, Y, ConfigOverOverwrite, Y, Y, ConfigOverMerge, ConfigOverRestore, Y, Y, Y,
                     ConfigOverConfig, Y, Y, Y, Y, I},
    /* Replace   */ {Y, ReplacementOverDelete, I, ReplacementOverIndex, OtherFragments, R, I, Y,
                     ReplacementOverUpdate, ReplacementOverProject, Y, ReplacementOverReplacement, I, Y, Y, I},
    /* MemWal    */ {I, I, I, MemWalOverIndex, Y, I, I, Y, MemWalOverUpdate, I, Y, I, MemWalOverMemWal, I, Y, I},
    /* Clone     */ {Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, I},
    /* Bases     */ {Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, OtherBases, I},
    /* Unknown   */ {I, I, I, I, I, I, I, I, I, I, I, I, I, I, I, I},
}};
// clang-format on

}  // namespace

arrow::Result<Verdict> CheckConflict(const Transaction& ours, const Transaction& theirs,
                                     const ConflictContext& context) {
  const Cell& cell = kConflictTable[ours.operation.index()][theirs.operation.index()];
  if (cell.rule != nullptr) return cell.rule({ours.operation, theirs.operation, context});
  if (cell.answer == Compatibility::kCompatible) return Verdict{};
  return Verdict{cell.answer, std::string(OperationName(ours.operation)) +
                                  " does not go on top of " + OperationName(theirs.operation)};
}

arrow::Status ConflictError(const Transaction& ours, const Transaction& theirs,
                            uint64_t their_version, const Verdict& verdict) {
  // pylance's words first: callers tell the two apart by them.
  auto describe = [&](auto make) {
    return make(OperationName(ours.operation), " ", ours.uuid, " made from version ",
                ours.read_version, " conflicts with ", OperationName(theirs.operation), " ",
                theirs.uuid, " committed as version ", their_version, ": ", verdict.reason);
  };
  if (verdict.compatibility == Compatibility::kRetryable) {
    return describe([&](const auto&... parts) {
      return RetryableConflict("Retryable commit conflict for version ", their_version, ": ",
                               parts...);
    });
  }
  return describe(
      [](const auto&... parts) { return CommitConflict("Incompatible transaction: ", parts...); });
}

}  // namespace lancea
