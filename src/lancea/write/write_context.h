// What a write or commit works on: where the table is, and the version of it that is known.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/table/commit.h"
#include "lancea/table/refs_write.h"
#include "lancea/write.h"

namespace lancea {

struct WriteContext {
  std::string uri;
  std::shared_ptr<Session> session;
  std::map<std::string, std::string> storage_options;
  StoreAndPath location;
  std::string main_root;
  std::shared_ptr<CommitHandler> commit_handler;  ///< nullptr: by what the store can do
  std::shared_ptr<const Dataset> dataset;         ///< nullptr: there is no table yet

  /// \param dataset  as it is open, or nullptr: looked for at `uri`
  static arrow::Result<WriteContext> Make(const std::string& uri,
                                          std::shared_ptr<const Dataset> dataset,
                                          std::shared_ptr<Session> session,
                                          const std::map<std::string, std::string>& options);

  /// The commit's view of it.
  CommitTarget Target() const;

  /// The open version as what a clone starts from. `dataset` is there.
  CloneSource AsCloneSource() const;

  /// The committed version as a dataset; cleans up after the commit where the table's config says so.
  arrow::Result<std::shared_ptr<Dataset>> Open(TableVersion version) const;

  /// A version's state, and nothing else done.
  arrow::Result<std::unique_ptr<Dataset::Impl>> MakeImpl(TableVersion version) const;
};

}  // namespace lancea
