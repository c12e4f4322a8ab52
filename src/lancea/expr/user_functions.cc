#include "lancea/expr/user_functions.h"

#include <map>
#include <mutex>

#include "arrow/compute/exec.h"
#include "arrow/compute/function.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/lexer.h"
#include "lancea/functions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct Registered {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> arrow_names;
};

Registered& AllRegistered() {
  static Registered registered;
  return registered;
}

bool IsName(const std::string& name) {
  const bool letters = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return letters && !name.empty() && !(name[0] >= '0' && name[0] <= '9');
}

}  // namespace

arrow::Status RegisterFunction(const std::string& name,
                               std::shared_ptr<arrow::compute::Function> function) {
  if (!IsName(name)) return InvalidInput("'", name, "' is no name of a SQL function");
  if (function == nullptr || function->kind() != arrow::compute::Function::SCALAR) {
    return InvalidInput("function '", name, "' must be a scalar function");
  }
  Registered& registered = AllRegistered();
  std::lock_guard lock(registered.mutex);
  const std::string arrow_name = function->name();
  ARROW_RETURN_NOT_OK(arrow::compute::GetFunctionRegistry()->AddFunction(std::move(function),
                                                                         /*allow_overwrite=*/true));
  registered.arrow_names[LowerCase(name)] = arrow_name;
  return arrow::Status::OK();
}

std::optional<std::string> FindUserFunction(std::string_view name) {
  Registered& registered = AllRegistered();
  std::lock_guard lock(registered.mutex);
  const auto found = registered.arrow_names.find(name);
  if (found == registered.arrow_names.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> UserFunctionNames() {
  Registered& registered = AllRegistered();
  std::lock_guard lock(registered.mutex);
  std::vector<std::string> out;
  for (const auto& [name, arrow_name] : registered.arrow_names) out.push_back(name);
  return out;
}

}  // namespace lancea
