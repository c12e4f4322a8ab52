#include "lancea/table/refs_write.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/table/refs.h"
#include "lancea/table/table_layout.h"
#include "lancea/table/transaction.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxRefBytes = 16 << 20;

bool IsNotFound(const arrow::Status& status) {
  return CategoryOf(status) == ErrorCategory::kNotFound;
}

/// Now as RFC 3339 in UTC with nanoseconds.
std::string NowText() {
  using namespace std::chrono;
  const auto now = system_clock::now().time_since_epoch();
  const std::time_t whole = duration_cast<seconds>(now).count();
  const long nanos = duration_cast<nanoseconds>(now - duration_cast<seconds>(now)).count();
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::array<char, 64> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + length, text.size() - length, ".%09ldZ", nanos);
  return text.data();
}

std::string TagPath(const std::string& main_root, const std::string& tag) {
  return JoinPath(JoinPath(main_root, kTagsDirectory), tag + ".json");
}

std::string BranchPath(const std::string& main_root, const std::string& branch) {
  std::string name;
  for (char c : branch) name += c == '/' ? std::string("%2F") : std::string(1, c);
  return JoinPath(JoinPath(main_root, kBranchesDirectory), name + ".json");
}

arrow::Status PutJson(ObjectStore& store, const std::string& path, const Json& json,
                      bool if_absent) {
  // Names with bytes that are no UTF-8 were refused when the ref was checked or read.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  return if_absent ? store.PutIfAbsent(path, bytes) : store.Put(path, bytes);
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TagJson(const TagInfo& tag) {
  return {{"branch", OrNull(tag.branch)},
          {"version", tag.version},
          {"createdAt", OrNull(tag.created_at)},
          {"updatedAt", OrNull(tag.updated_at)},
          {"manifestSize", tag.manifest_size},
          {"metadata", Json::object_t(tag.metadata.begin(), tag.metadata.end())}};
}

/// A ref's file with members we do not know kept.
arrow::Result<Json> ReadJson(ObjectStore& store, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(path));
  if (reader->size() > kMaxRefBytes) {
    return Corrupt(path, ": ", reader->size(), " bytes are too many for a ref");
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader->ReadAt({0, reader->size()}));
  Json json = Json::parse(bytes->ToString(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Corrupt(path, ": not a JSON object");
  return json;
}

arrow::Status ReplaceMetadata(ObjectStore& store, const std::string& path,
                              const std::map<std::string, std::string>& metadata) {
  ARROW_ASSIGN_OR_RAISE(Json json, ReadJson(store, path));
  json["metadata"] = Json::object_t(metadata.begin(), metadata.end());
  return PutJson(store, path, json, /*if_absent=*/false);
}

/// `tag` pointed at a version that exists.
arrow::Result<TagInfo> PointAt(ObjectStore& store, const std::string& main_root, TagInfo tag,
                               const std::optional<std::string>& branch, uint64_t version) {
  tag.branch = branch && *branch != kMainBranch ? branch : std::nullopt;
  if (tag.branch) ARROW_RETURN_NOT_OK(CheckBranchName(*tag.branch));
  auto location = FindManifest(store, BranchRoot(main_root, branch.value_or(kMainBranch)), version);
  if (IsNotFound(location.status())) {
    return NotFound("Version not found error: version ", version, " does not exist");
  }
  ARROW_RETURN_NOT_OK(location.status());
  tag.version = version;
  tag.manifest_size = location->size;
  tag.updated_at = NowText();
  return tag;
}

/// Where a branch comes from: (version left, id) from main to the branch itself; [] for main.
using Lineage = std::vector<std::pair<uint64_t, std::string>>;

/// The lineage that pylance gives branches of files without one: FNV-1a of what they have, twice.
Lineage LineageOfOldBranch(const std::string& branch, const BranchInfo& info) {
  const std::string text = "branch_name=" + branch +
                           "\nparent_branch=" + info.parent_branch.value_or("") +
                           "\nparent_version=" + std::to_string(info.parent_version) +
                           "\ncreate_at=" + std::to_string(info.created_at_seconds);
  auto hash = [&](uint64_t value) {
    for (unsigned char byte : text) value = (value ^ byte) * 0x100000001b3;
    return value;
  };
  constexpr uint64_t kOffset = 0xcbf29ce484222325;
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash(kOffset)),
                static_cast<unsigned long long>(hash(kOffset ^ 0x9e3779b97f4a7c15)));
  return {{0, hex.data()}};
}

arrow::Result<Lineage> ReadLineage(ObjectStore& store, const std::string& main_root,
                                   const std::string& branch) {
  ARROW_ASSIGN_OR_RAISE(BranchInfo info, ReadBranch(store, main_root, branch));
  return info.lineage.empty() ? LineageOfOldBranch(branch, info) : info.lineage;
}

bool DescendsFrom(const Lineage& branch, const Lineage& ancestor) {
  return branch.size() > ancestor.size() &&
         std::equal(ancestor.begin(), ancestor.end(), branch.begin());
}

/// 32 hex digits.
std::string NewBranchId() {
  std::string id = Uuid::Random().ToString();
  std::erase(id, '-');
  return id;
}

constexpr std::array kTableDirectories = {
    "data", "tree", "_versions", "_transactions", "_deletions", "_indices", "_refs",
};

/// A branch "a/data" would lie among the files of a branch "a".
arrow::Status CheckNoTableDirectory(const std::string& branch) {
  std::string_view rest = branch;
  while (true) {
    const size_t slash = rest.find('/');
    if (std::ranges::count(kTableDirectories, rest.substr(0, slash)) > 0) {
      return InvalidInput("branch name \"", branch, "\" has a part that is a directory of tables");
    }
    if (slash == std::string_view::npos) return arrow::Status::OK();
    rest.remove_prefix(slash + 1);
  }
}

/// Delete the branch's files and the directories it alone is in, sparing branches below it.
arrow::Status DeleteBranchFiles(ObjectStore& store, const std::string& main_root,
                                const std::string& branch,
                                const std::map<std::string, BranchInfo>& others) {
  auto is_used = [&](const std::string& directory) {
    return std::ranges::any_of(others, [&](const auto& other) {
      return other.first == directory || other.first.starts_with(directory + "/");
    });
  };
  if (!is_used(branch)) {
    size_t end = branch.find('/');
    while (is_used(branch.substr(0, end))) end = branch.find('/', end + 1);
    return store.DeleteDirectory(BranchRoot(main_root, branch.substr(0, end)));
  }
  for (const char* name : kTableDirectories) {
    if (is_used(branch + "/" + name)) continue;
    ARROW_RETURN_NOT_OK(store.DeleteDirectory(JoinPath(BranchRoot(main_root, branch), name)));
  }
  return arrow::Status::OK();
}

/// Commit the first version of a clone; of a branch if it has a name.
arrow::Result<CommitResult> CommitClone(CommitTarget target, const CloneSource& source,
                                        operation::Clone clone, const CommitOptions& options) {
  clone.ref_name = source.branch;
  clone.ref_version = source.version.location.version;
  clone.ref_path = source.uri;
  if (source.branch == kMainBranch) clone.ref_name = std::nullopt;
  Transaction transaction;
  transaction.read_version = clone.ref_version;
  transaction.uuid = Uuid::Random().ToString();
  transaction.operation = std::move(clone);
  target.clone_source = std::make_shared<const BuiltManifest>(
      BuiltManifest{*source.version.manifest, *source.version.indices});
  return Commit(target, std::move(transaction), options);
}

}  // namespace

arrow::Result<TagInfo> CreateTag(ObjectStore& store, const std::string& main_root,
                                 const std::string& tag, const std::optional<std::string>& branch,
                                 uint64_t version) {
  ARROW_RETURN_NOT_OK(CheckTagName(tag));
  ARROW_ASSIGN_OR_RAISE(TagInfo info, PointAt(store, main_root, {}, branch, version));
  info.created_at = info.updated_at;
  arrow::Status put = PutJson(store, TagPath(main_root, tag), TagJson(info), /*if_absent=*/true);
  if (CategoryOf(put) == ErrorCategory::kAlreadyExists) {
    return AlreadyExists("Ref conflict error: tag ", tag, " already exists");
  }
  ARROW_RETURN_NOT_OK(put);
  return info;
}

arrow::Result<TagInfo> UpdateTag(ObjectStore& store, const std::string& main_root,
                                 const std::string& tag, const std::optional<std::string>& branch,
                                 uint64_t version) {
  ARROW_ASSIGN_OR_RAISE(TagInfo info, ReadTag(store, main_root, tag));
  ARROW_ASSIGN_OR_RAISE(info, PointAt(store, main_root, std::move(info), branch, version));
  ARROW_RETURN_NOT_OK(PutJson(store, TagPath(main_root, tag), TagJson(info), /*if_absent=*/false));
  return info;
}

arrow::Status ReplaceTagMetadata(ObjectStore& store, const std::string& main_root,
                                 const std::string& tag,
                                 const std::map<std::string, std::string>& metadata) {
  ARROW_RETURN_NOT_OK(ReadTag(store, main_root, tag).status());
  return ReplaceMetadata(store, TagPath(main_root, tag), metadata);
}

arrow::Status ReplaceBranchMetadata(ObjectStore& store, const std::string& main_root,
                                    const std::string& branch,
                                    const std::map<std::string, std::string>& metadata) {
  ARROW_RETURN_NOT_OK(ReadBranch(store, main_root, branch).status());
  return ReplaceMetadata(store, BranchPath(main_root, branch), metadata);
}

arrow::Status DeleteTag(ObjectStore& store, const std::string& main_root, const std::string& tag) {
  ARROW_RETURN_NOT_OK(CheckTagName(tag));
  arrow::Status deleted = store.Delete(TagPath(main_root, tag));
  return IsNotFound(deleted) ? NotFound("Ref not found error: tag ", tag, " does not exist")
                             : deleted;
}

arrow::Result<CommitResult> ShallowClone(CommitTarget target, const CloneSource& source,
                                         const CommitOptions& options) {
  return CommitClone(std::move(target), source, {}, options);
}

arrow::Result<CommitResult> DeepClone(CommitTarget target, const CloneSource& source,
                                      const CommitOptions& options) {
  operation::Clone clone;
  clone.is_shallow = false;
  return CommitClone(std::move(target), source, std::move(clone), options);
}

arrow::Result<CommitResult> CreateBranch(const std::shared_ptr<ObjectStore>& store,
                                         const std::string& main_root, const std::string& branch,
                                         const CloneSource& source, const CommitOptions& options) {
  ARROW_RETURN_NOT_OK(CheckBranchName(branch));
  ARROW_RETURN_NOT_OK(CheckNoTableDirectory(branch));
  auto exists = [&] {
    return AlreadyExists("Ref conflict error: branch ", branch, " already exists");
  };
  auto listed = ReadBranch(*store, main_root, branch);
  if (listed.ok()) return exists();
  if (!IsNotFound(listed.status())) return listed.status();

  Lineage lineage;
  std::optional<std::string> parent = source.branch;
  if (parent == kMainBranch) parent = std::nullopt;
  if (parent) {
    ARROW_RETURN_NOT_OK(ReadBranch(*store, main_root, *parent).status());
    ARROW_ASSIGN_OR_RAISE(lineage, ReadLineage(*store, main_root, *parent));
  }
  const uint64_t version = source.version.location.version;
  lineage.emplace_back(version, NewBranchId());

  CommitTarget target;
  target.store = store;
  target.root = BranchRoot(main_root, branch);
  operation::Clone clone;
  clone.branch_name = branch;
  ARROW_ASSIGN_OR_RAISE(CommitResult first,
                        CommitClone(std::move(target), source, std::move(clone), options));

  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  Json mapping = Json::array();
  for (const auto& [left_at, id] : lineage) mapping.push_back(Json::array({left_at, id}));
  Json json = {{"parentBranch", OrNull(parent)},
               {"identifier", {{"version_mapping", mapping}}},
               {"parentVersion", version},
               {"createAt", now},
               {"manifestSize", source.version.location.size},
               {"metadata", Json::object()}};
  arrow::Status named = PutJson(*store, BranchPath(main_root, branch), json, /*if_absent=*/true);
  if (CategoryOf(named) == ErrorCategory::kAlreadyExists) return exists();
  ARROW_RETURN_NOT_OK(named);
  return first;
}

arrow::Status DeleteBranch(ObjectStore& store, const std::string& main_root,
                           const std::string& branch, bool force) {
  ARROW_RETURN_NOT_OK(CheckBranchName(branch));
  ARROW_ASSIGN_OR_RAISE(auto branches, ReadBranches(store, main_root));
  const bool is_listed = branches.erase(branch) > 0;
  if (!is_listed && !force)
    return NotFound("Ref not found error: branch ", branch, " does not exist");
  if (is_listed) {
    ARROW_ASSIGN_OR_RAISE(Lineage lineage, ReadLineage(store, main_root, branch));
    for (const auto& [name, info] : branches) {
      ARROW_ASSIGN_OR_RAISE(Lineage other, ReadLineage(store, main_root, name));
      if (info.parent_branch == branch || DescendsFrom(other, lineage)) {
        return InvalidInput("branch \"", branch, "\" is needed by branch \"", name, "\"");
      }
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto tags, ReadTags(store, main_root));
  for (const auto& [name, tag] : tags) {
    if (tag.branch == branch) {
      return InvalidInput("branch \"", branch, "\" is needed by tag \"", name, "\"");
    }
  }
  if (is_listed) ARROW_RETURN_NOT_OK(store.Delete(BranchPath(main_root, branch)));
  return DeleteBranchFiles(store, main_root, branch, branches);
}

}  // namespace lancea
