// Where the files of a table lie below its root.
//
//   data/{name}.lance                                         data files
//   _versions/{version}.manifest                              see manifest_path.h
//   _transactions/{read_version}-{uuid}.txn
//   _deletions/{fragment}-{read_version}-{id}.{arrow|bin}
//   _indices/{uuid}/...
//   _refs/tags/{tag}.json, _refs/branches/{branch, '/' as %2F}.json
//   tree/{branch}/...                                         a branch: a table of its own
#pragma once

#include <string>
#include <string_view>

#include "lancea/io/path.h"

namespace lancea {

constexpr char kDataDirectory[] = "data";
constexpr char kVersionsDirectory[] = "_versions";
constexpr char kTransactionsDirectory[] = "_transactions";
constexpr char kIndicesDirectory[] = "_indices";
constexpr char kTagsDirectory[] = "_refs/tags";
constexpr char kBranchesDirectory[] = "_refs/branches";
constexpr char kBranchTreeDirectory[] = "tree";

/// The part of a path behind its last '/'.
inline std::string_view FileName(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// False for paths read from disk that would lead out of the directory they are relative to:
/// absolute ones, and those with an empty or ".." component or a zero byte.
inline bool IsSafeRelativePath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return false;
  while (true) {
    size_t slash = path.find('/');
    std::string_view component = path.substr(0, slash);
    if (component.empty() || component == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace lancea
