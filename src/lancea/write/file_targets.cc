#include "lancea/write/file_targets.h"

#include <algorithm>
#include <utility>

#include "lancea/dataset/base_stores.h"
#include "lancea/io/path.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<FileTarget> TargetOf(const WriteContext& context, const BasePath& base) {
  ARROW_ASSIGN_OR_RAISE(
      StoreAndPath where,
      ResolveUnderBase(*context.session, context.storage_options, base, base.path));
  return FileTarget{where.store,
                    base.is_dataset_root ? JoinPath(where.path, kDataDirectory) : where.path,
                    base.id};
}

}  // namespace

FileTarget OwnFileTarget(const WriteContext& context) {
  return {context.location.store, JoinPath(context.location.path, kDataDirectory), {}};
}

arrow::Result<std::vector<FileTarget>> FileTargets(const WriteContext& context,
                                                   const std::vector<std::string>& names,
                                                   const std::vector<BasePath>& bases) {
  if (names.empty()) return std::vector<FileTarget>{OwnFileTarget(context)};
  std::vector<FileTarget> targets;
  for (const std::string& name : names) {
    if (name == context.uri) {
      targets.push_back(OwnFileTarget(context));
      continue;
    }
    auto base = std::find_if(bases.begin(), bases.end(), [&](const BasePath& candidate) {
      return candidate.name == name || candidate.path == name;
    });
    if (base == bases.end()) {
      return InvalidInput("target base \"", name, "\" not found among the table's base paths");
    }
    ARROW_ASSIGN_OR_RAISE(FileTarget target, TargetOf(context, *base));
    targets.push_back(std::move(target));
  }
  return targets;
}

arrow::Result<std::vector<FileTarget>> AllFileTargets(const WriteContext& context, AllBases which,
                                                      std::vector<BasePath> bases) {
  std::vector<FileTarget> targets;
  if (which == AllBases::kOwnPlaceAsWell) targets.push_back(OwnFileTarget(context));
  std::ranges::sort(bases, {}, &BasePath::id);
  for (const BasePath& base : bases) {
    ARROW_ASSIGN_OR_RAISE(FileTarget target, TargetOf(context, base));
    targets.push_back(std::move(target));
  }
  if (!targets.empty()) return targets;
  return InvalidInput(
      "target_all_bases found no registered bases: register some, or include the table's own "
      "place");
}

}  // namespace lancea
