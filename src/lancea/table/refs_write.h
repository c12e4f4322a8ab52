// Writing refs: tags, branches and shallow clones. The files are drawn in refs.h.
//
// A ref is created with put-if-absent, so of two creators one gets AlreadyExists, and changed by
// replacing its small file whole. A branch is a shallow clone below tree/{branch}/: its first
// manifest has the number of the version it starts from and points at the files of its parent
// through a base path. It is committed first and named second, so that a branch that is listed can
// be opened.
// Source: table-format notes, section 11; refs pylance 14.0.2 wrote.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/table/commit.h"

namespace lancea {

/// Tag a version of main (no branch) or of a branch.
/// \return AlreadyExists; NotFound when there is no such version; InvalidInput for the name
arrow::Result<TagInfo> CreateTag(ObjectStore& store, const std::string& main_root,
                                 const std::string& tag, const std::optional<std::string>& branch,
                                 uint64_t version);

/// Let a tag point elsewhere; creation time and metadata stay. \return NotFound
arrow::Result<TagInfo> UpdateTag(ObjectStore& store, const std::string& main_root,
                                 const std::string& tag, const std::optional<std::string>& branch,
                                 uint64_t version);

/// \return NotFound when there is no such tag or branch
arrow::Status ReplaceTagMetadata(ObjectStore& store, const std::string& main_root,
                                 const std::string& tag,
                                 const std::map<std::string, std::string>& metadata);
arrow::Status ReplaceBranchMetadata(ObjectStore& store, const std::string& main_root,
                                    const std::string& branch,
                                    const std::map<std::string, std::string>& metadata);
arrow::Status DeleteTag(ObjectStore& store, const std::string& main_root, const std::string& tag);

/// The version a clone starts from.
struct CloneSource {
  TableVersion version;
  std::string uri;                    ///< of the source's root, as the clone's readers will open it
  std::optional<std::string> branch;  ///< of the source; none: main
};

/// A table at `target` with the version's contents and number, and no data of its own.
/// \return AlreadyExists when there is a table
arrow::Result<CommitResult> ShallowClone(CommitTarget target, const CloneSource& source,
                                         const CommitOptions& options = {});

/// The same for a copy: the version's files were copied to the same places below `target`.
arrow::Result<CommitResult> DeepClone(CommitTarget target, const CloneSource& source,
                                      const CommitOptions& options = {});

/// \return AlreadyExists; InvalidInput for the name; NotFound when the source's branch is not there
arrow::Result<CommitResult> CreateBranch(const std::shared_ptr<ObjectStore>& store,
                                         const std::string& main_root, const std::string& branch,
                                         const CloneSource& source,
                                         const CommitOptions& options = {});

/// Remove a branch and all its own files.
/// \param force  also when it is not listed (what a failed creation leaves)
/// \return NotFound; InvalidInput when a tag or another branch needs it
arrow::Status DeleteBranch(ObjectStore& store, const std::string& main_root,
                           const std::string& branch, bool force = false);

}  // namespace lancea
