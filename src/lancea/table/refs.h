// Refs: names for versions. Tags point at a version, branches are tables of their own.
//
//   _refs/tags/{tag}.json         {"branch": null|text, "version": 2, "createdAt": RFC 3339,
//                                  "updatedAt": RFC 3339, "manifestSize": 358, "metadata": {}}
//   _refs/branches/{branch}.json  {"parentBranch": null|text, "identifier": {"version_mapping":
//                                  [[1, "32 hex digits"]]}, "parentVersion": 1, "createAt":
//                                  seconds, "manifestSize": 358, "metadata": {}}
//
// Both lie under the root of the main branch. '/' in a branch name is %2F in the file name; the
// branch's own files are under tree/{branch}/. Times, identifier and metadata may be absent.
// Source: files pylance 14.0.2 wrote (the published page has snake_case keys, the bytes do not).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/object_store.h"

namespace lancea {

/// The name of the branch that a table's root is.
constexpr char kMainBranch[] = "main";

/// \return Corrupt when the text is not such a JSON object
arrow::Result<TagInfo> ParseTag(std::string_view json);
arrow::Result<BranchInfo> ParseBranch(std::string_view json);

/// \return InvalidInput for a name that cannot be a tag or branch
arrow::Status CheckTagName(std::string_view tag);
arrow::Status CheckBranchName(std::string_view branch);

/// \return NotFound naming the tag, InvalidInput for a name that cannot be one
arrow::Result<TagInfo> ReadTag(ObjectStore& store, const std::string& main_root,
                               const std::string& tag);
arrow::Result<BranchInfo> ReadBranch(ObjectStore& store, const std::string& main_root,
                                     const std::string& branch);

/// All of them by name.
arrow::Result<std::map<std::string, TagInfo>> ReadTags(ObjectStore& store,
                                                       const std::string& main_root);
arrow::Result<std::map<std::string, BranchInfo>> ReadBranches(ObjectStore& store,
                                                              const std::string& main_root);

/// The root of a branch: `main_root` itself for "main".
std::string BranchRoot(const std::string& main_root, const std::string& branch);

/// The root of the main branch, given the root of a branch: BranchRoot undone.
/// \return Corrupt when `root` does not end in tree/{branch}
arrow::Result<std::string> MainRoot(const std::string& root,
                                    const std::optional<std::string>& branch);

}  // namespace lancea
