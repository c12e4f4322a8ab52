#include "lancea/optimizer.h"

#include <algorithm>

#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<ExecNodePtr> ApplyUpward(ExecNodePtr node, const OptimizerRule& rule) {
  ExecNode::Inputs inputs;
  bool changed = false;
  for (const ExecNodePtr& input : node->inputs()) {
    ARROW_ASSIGN_OR_RAISE(auto optimized, ApplyUpward(input, rule));
    changed |= optimized != input;
    inputs.push_back(std::move(optimized));
  }
  if (changed) {
    ARROW_ASSIGN_OR_RAISE(node, node->WithInputs(std::move(inputs)));
  }
  ARROW_ASSIGN_OR_RAISE(auto replacement, rule.Apply(node));
  if (replacement == nullptr) return node;
  if (!replacement->schema()->Equals(*node->schema(), /*check_metadata=*/false)) {
    return InvalidInput("optimizer rule ", rule.name(), " replaced a step of the schema\n",
                        node->schema()->ToString(), "\nby one of the schema\n",
                        replacement->schema()->ToString());
  }
  return replacement;
}

}  // namespace

OptimizerRule::~OptimizerRule() = default;

arrow::Result<ExecNodePtr> Optimize(
    ExecNodePtr root, const std::vector<std::shared_ptr<const OptimizerRule>>& rules) {
  for (const auto& rule : rules) {
    ARROW_ASSIGN_OR_RAISE(root, ApplyUpward(std::move(root), *rule));
  }
  return root;
}

}  // namespace lancea
