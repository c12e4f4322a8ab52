#include "lancea/write/auto_cleanup.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <map>
#include <string>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/table/manifest_path.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::string_view kPrefix = "lance.auto_cleanup.";
constexpr int64_t kSecond = 1000000000;

// Nanoseconds of a unit; 0 for text that is none.
int64_t UnitNanos(std::string_view unit) {
  static const std::map<std::string_view, int64_t> kUnits = {{"ns", 1},
                                                             {"nsec", 1},
                                                             {"us", 1000},
                                                             {"usec", 1000},
                                                             {"ms", 1000000},
                                                             {"msec", 1000000},
                                                             {"s", kSecond},
                                                             {"sec", kSecond},
                                                             {"second", kSecond},
                                                             {"seconds", kSecond},
                                                             {"m", 60 * kSecond},
                                                             {"min", 60 * kSecond},
                                                             {"minute", 60 * kSecond},
                                                             {"minutes", 60 * kSecond},
                                                             {"h", 3600 * kSecond},
                                                             {"hr", 3600 * kSecond},
                                                             {"hrs", 3600 * kSecond},
                                                             {"hour", 3600 * kSecond},
                                                             {"hours", 3600 * kSecond},
                                                             {"d", 86400 * kSecond},
                                                             {"day", 86400 * kSecond},
                                                             {"days", 86400 * kSecond},
                                                             {"w", 7 * 86400 * kSecond},
                                                             {"week", 7 * 86400 * kSecond},
                                                             {"weeks", 7 * 86400 * kSecond},
                                                             // 30.44 and 365.25 days
                                                             {"M", 2630016 * kSecond},
                                                             {"month", 2630016 * kSecond},
                                                             {"months", 2630016 * kSecond},
                                                             {"y", 31557600 * kSecond},
                                                             {"year", 31557600 * kSecond},
                                                             {"years", 31557600 * kSecond}};
  auto found = kUnits.find(unit);
  return found == kUnits.end() ? 0 : found->second;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Config {
 public:
  explicit Config(const std::map<std::string, std::string>& config) : config_(config) {}

  const std::string* Find(std::string_view key) const {
    auto found = config_.find(std::string(kPrefix) + std::string(key));
    return found == config_.end() ? nullptr : &found->second;
  }

  arrow::Status Read(std::string_view key, std::optional<uint64_t>* out) const {
    const std::string* text = Find(key);
    if (text == nullptr) return arrow::Status::OK();
    uint64_t value = 0;
    const char* end = text->data() + text->size();
    auto [stopped, error] = std::from_chars(text->data(), end, value);
    if (error != std::errc() || stopped != end) {
      return InvalidInput("config ", kPrefix, key, ": \"", *text, "\" is no whole number");
    }
    *out = value;
    return arrow::Status::OK();
  }

 private:
  const std::map<std::string, std::string>& config_;
};

}  // namespace

arrow::Result<int64_t> ParseAge(std::string_view text) {
  auto wrong = [&] { return InvalidInput("\"", text, "\" is no duration; write 14days, 2h 30m"); };
  int64_t total = 0;
  size_t at = 0;
  bool is_empty = true;
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const size_t digits = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    const size_t unit = at;
    while (at < text.size() && IsLetter(text[at])) ++at;
    int64_t count = 0;
    auto [stopped, error] = std::from_chars(text.data() + digits, text.data() + unit, count);
    const int64_t nanos = UnitNanos(text.substr(unit, at - unit));
    if (digits == unit || error != std::errc() || nanos == 0) return wrong();
    if (count > (std::numeric_limits<int64_t>::max() - total) / nanos) return wrong();
    total += count * nanos;
    is_empty = false;
  }
  if (is_empty) return wrong();
  return total;
}

arrow::Result<std::optional<CleanupOptions>> AutoCleanupOf(const Manifest& manifest,
                                                           int64_t now_nanos) {
  const Config config(manifest.config);
  std::optional<uint64_t> interval;
  ARROW_RETURN_NOT_OK(config.Read("interval", &interval));
  const bool is_due = interval && (manifest.version & kDetachedVersionMask) == 0 &&
                      (*interval == 0 || manifest.version % *interval == 0);
  if (!is_due) return std::nullopt;
  CleanupOptions options;
  options.error_if_tagged_old_versions = false;
  // The writer began with the version before, and may still read it.
  options.keep_from_version = std::max<uint64_t>(manifest.version, 1) - 1;
  ARROW_RETURN_NOT_OK(config.Read("retain_versions", &options.retain_versions));
  ARROW_RETURN_NOT_OK(config.Read("delete_rate_limit", &options.delete_rate_limit));
  ARROW_RETURN_NOT_OK(config.Read("delete_concurrency", &options.delete_concurrency));
  if (const std::string* cascade = config.Find("referenced_branch")) {
    if (*cascade != "true" && *cascade != "false") {
      return InvalidInput("config ", kPrefix, "referenced_branch: \"", *cascade,
                          "\" is not true or false");
    }
    options.clean_referenced_branches = *cascade == "true";
  }
  if (const std::string* older_than = config.Find("older_than")) {
    ARROW_ASSIGN_OR_RAISE(const int64_t age, ParseAge(*older_than));
    options.before_timestamp_nanos = now_nanos - age;
  }
  // Nothing said of which versions are old: all but the latest.
  if (!options.before_timestamp_nanos && !options.retain_versions) options.retain_versions = 1;
  return options;
}

void CleanUpAfterCommit(const Dataset& dataset) {
  const Manifest& manifest = *dataset.impl().manifest;
  if (!Config(manifest.config).Find("interval")) return;
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  auto options = AutoCleanupOf(manifest, now);
  if (!options.ok() || !options->has_value()) return;
  (void)CleanupOldVersions(dataset, **options);
}

}  // namespace lancea
