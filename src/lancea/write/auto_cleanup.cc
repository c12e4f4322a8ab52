#include "lancea/write/auto_cleanup.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/io/duration.h"
#include "lancea/table/manifest_path.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::string_view kPrefix = "lance.auto_cleanup.";
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
    const auto age = ParseDuration(*older_than);
    if (!age.ok()) {
      return Prefix(age.status(), "config " + std::string(kPrefix) + "older_than");
    }
    options.before_timestamp_nanos = now_nanos - age->count();
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
