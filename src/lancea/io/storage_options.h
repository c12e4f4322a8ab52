// The options a user gives for a store, by the names pylance takes.
//
// Names are case-insensitive and most have aliases ("aws_region" = "region"). When several aliases are
// given the canonical name wins, then the alphabetically first. What is not given is looked up in the
// environment, under those spellings that begin with the provider's prefix (AWS_REGION, but not REGION).
// Unknown names are ignored, as pylance does.
//
// "base_<id>.<name>" is for the base path <id> of the manifest alone, and overrides <name> there.
// "base[<path>].<name>" is for the base path of exactly this path; where there are such, nothing else is
// given to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "arrow/result.h"

namespace lancea {

/// The options that hold for one base path of a table, with "base_<id>." or "base[<path>]." taken off;
/// nullopt: for the table itself.
std::map<std::string, std::string> OptionsOfBase(const std::map<std::string, std::string>& options,
                                                 std::optional<uint32_t> base_id,
                                                 std::string_view base_path = {});

/// True for "1", "true", "on", "yes" and "y" in any case.
bool IsTruthy(std::string_view text);

/// A view of the options of one provider.
class StorageOptions {
 public:
  using Environment = std::function<const char*(const char*)>;

  /// \param prefix  what environment variables of the provider begin with, in lower case: "aws_"
  /// \param environment  value of a variable or nullptr; default: std::getenv
  StorageOptions(const std::map<std::string, std::string>& options, std::string prefix,
                 Environment environment = {});

  /// The value under any of `names`, the canonical one first; nullopt when there is none or it is empty.
  std::optional<std::string> Get(std::initializer_list<std::string_view> names) const;
  bool GetBool(std::initializer_list<std::string_view> names) const;

 private:
  std::map<std::string, std::string> options_;  // keys in lower case
  const std::string prefix_;
  const Environment environment_;
};

/// "block_size": bytes between two ranges up to which one request reads both.
/// \return InvalidInput when it is no number
arrow::Result<std::optional<uint64_t>> BlockSizeOption(
    const std::map<std::string, std::string>& options);

}  // namespace lancea
