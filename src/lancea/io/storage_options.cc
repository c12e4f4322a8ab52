#include "lancea/io/storage_options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

template <typename Number>
std::optional<Number> WholeNumber(std::string_view text) {
  Number value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::string_view kBaseByPath = "base[";

struct BaseScopedName {
  uint32_t base_id;
  std::string name;
};

std::optional<BaseScopedName> ParseBaseScoped(std::string_view key) {
  constexpr std::string_view kPrefix = "base_";
  if (!key.starts_with(kPrefix)) return std::nullopt;
  key.remove_prefix(kPrefix.size());
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos || dot + 1 == key.size()) return std::nullopt;
  const auto id = WholeNumber<uint32_t>(key.substr(0, dot));
  if (!id.has_value()) return std::nullopt;
  return BaseScopedName{*id, std::string(key.substr(dot + 1))};
}

}  // namespace

std::map<std::string, std::string> OptionsOfBase(const std::map<std::string, std::string>& options,
                                                 std::optional<uint32_t> base_id,
                                                 std::string_view base_path) {
  const std::string by_path = std::string(kBaseByPath) + std::string(base_path) + "].";
  std::map<std::string, std::string> out, overriding, exact;
  bool is_exact = false;
  for (const auto& [key, value] : options) {
    if (key.starts_with(kBaseByPath)) {
      if (!base_id.has_value() || !key.starts_with(by_path)) continue;
      is_exact = true;
      // Without a name it says that there are no options.
      if (key.size() > by_path.size()) exact[key.substr(by_path.size())] = value;
      continue;
    }
    auto scoped = ParseBaseScoped(key);
    if (!scoped.has_value()) {
      out[key] = value;
    } else if (scoped->base_id == base_id) {
      overriding[scoped->name] = value;
    }
  }
  if (is_exact) return exact;
  for (const auto& [key, value] : overriding) out[key] = value;
  return out;
}

bool IsTruthy(std::string_view text) {
  const std::string lower = Lower(text);
  return lower == "1" || lower == "true" || lower == "on" || lower == "yes" || lower == "y";
}

StorageOptions::StorageOptions(const std::map<std::string, std::string>& options,
                               std::string prefix, Environment environment)
    : prefix_(std::move(prefix)),
      environment_(environment ? std::move(environment) : [](const char* name) -> const char* {
        return std::getenv(name);
      }) {
  // A key in lower case wins over the same one in capitals: it comes last in the order of the map.
  for (const auto& [key, value] : options) options_[Lower(key)] = value;
}

std::optional<std::string> StorageOptions::Get(
    std::initializer_list<std::string_view> names) const {
  std::vector<std::string> tried(names.begin(), names.end());
  if (tried.size() > 1) std::sort(tried.begin() + 1, tried.end());
  for (const std::string& name : tried) {
    auto found = options_.find(name);
    if (found == options_.end()) continue;
    // An empty value is an answer: it keeps the environment out.
    return found->second.empty() ? std::nullopt : std::optional(found->second);
  }
  for (const std::string& name : tried) {
    if (!name.starts_with(prefix_)) continue;
    const char* value = environment_(Upper(name).c_str());
    if (value != nullptr && *value != '\0') return value;
  }
  return std::nullopt;
}

bool StorageOptions::GetBool(std::initializer_list<std::string_view> names) const {
  const auto value = Get(names);
  return value.has_value() && IsTruthy(*value);
}

arrow::Result<std::optional<uint64_t>> BlockSizeOption(
    const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) {
    if (Lower(key) != "block_size") continue;
    const auto bytes = WholeNumber<uint64_t>(value);
    if (!bytes.has_value()) {
      return InvalidInput("storage option block_size must be a number of bytes, got \"", value,
                          "\"");
    }
    return *bytes;
  }
  return std::nullopt;
}

}  // namespace lancea
