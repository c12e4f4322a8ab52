#include "lancea/table/refs.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "arrow/buffer.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kJsonExtension = ".json";
constexpr uint64_t kMaxRefBytes = 16 << 20;

/// Reads members of one JSON object, remembering the first that is missing or of another type.
class MemberReader {
 public:
  MemberReader(std::string_view json, const char* what)
      : json_(Json::parse(json, nullptr, /*allow_exceptions=*/false)), what_(what) {
    if (!json_.is_object()) {
      json_ = Json::object();
      status_ = Corrupt(what_, ": not a JSON object");
    }
  }

  uint64_t Number(const char* key) {
    auto found = json_.find(key);
    if (found != json_.end() && found->is_number_unsigned()) return found->get<uint64_t>();
    return Fail<uint64_t>(key, "a whole number");
  }

  std::optional<std::string> OptionalText(const char* key) {
    auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return std::nullopt;
    if (found->is_string()) return found->get<std::string>();
    return Fail<std::optional<std::string>>(key, "a string or null");
  }

  std::map<std::string, std::string> TextMap(const char* key) {
    std::map<std::string, std::string> out;
    auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return out;
    if (!found->is_object()) return Fail<decltype(out)>(key, "an object");
    for (const auto& [name, value] : found->items()) {
      if (!value.is_string()) return Fail<decltype(out)>(key, "an object of strings");
      out[name] = value.get<std::string>();
    }
    return out;
  }

  std::vector<std::pair<uint64_t, std::string>> VersionMapping(const char* key) {
    std::vector<std::pair<uint64_t, std::string>> out;
    auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return out;
    const auto bad = [&] { return Fail<decltype(out)>(key, "a version mapping"); };
    if (!found->is_object() || !found->contains("version_mapping")) return bad();
    for (const Json& step : found->at("version_mapping")) {
      if (!step.is_array() || step.size() != 2 || !step[0].is_number_unsigned() ||
          !step[1].is_string()) {
        return bad();
      }
      out.emplace_back(step[0].get<uint64_t>(), step[1].get<std::string>());
    }
    return out;
  }

  const arrow::Status& status() const { return status_; }

 private:
  template <typename T>
  T Fail(const char* key, const char* expected) {
    if (status_.ok()) status_ = Corrupt(what_, ": \"", key, "\" must be ", expected);
    return T{};
  }

  Json json_;
  const char* what_;
  arrow::Status status_;
};

bool IsNameByte(char c) {
  auto byte = static_cast<unsigned char>(c);
  // Letters beyond ASCII are allowed too.
  return std::isalnum(byte) || c == '.' || c == '-' || c == '_' || byte >= 0x80;
}

arrow::Status BadName(const char* kind, std::string_view name, const char* why) {
  return InvalidInput(kind, " name \"", name, "\" ", why);
}

/// `name` with '/' as %2F and back.
std::string Escape(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Unescape(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i, 3) == "%2F" || name.substr(i, 3) == "%2f") {
      out += '/';
      i += 2;
    } else {
      out += name[i];
    }
  }
  return out;
}

arrow::Result<std::string> ReadText(ObjectStore& store, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(path));
  if (reader->size() > kMaxRefBytes) {
    return Corrupt(path, ": ", reader->size(), " bytes are too many for a ref");
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader->ReadAt({0, reader->size()}));
  return bytes->ToString();
}

template <typename Info>
arrow::Result<Info> ReadRef(ObjectStore& store, const std::string& directory,
                            const std::string& name, const char* kind,
                            arrow::Result<Info> (*parse)(std::string_view)) {
  std::string path = JoinPath(directory, Escape(name) + std::string(kJsonExtension));
  auto text = ReadText(store, path);
  if (!text.ok()) {
    if (CategoryOf(text.status()) != ErrorCategory::kNotFound) return text.status();
    return NotFound("no ", kind, " \"", name, "\"");
  }
  auto info = parse(*text);
  if (!info.ok()) return Prefix(info.status(), path);
  return info;
}

template <typename Info>
arrow::Result<std::map<std::string, Info>> ReadRefs(
    ObjectStore& store, const std::string& directory, const char* kind,
    arrow::Result<Info> (*parse)(std::string_view)) {
  std::map<std::string, Info> out;
  auto objects = store.List(directory);
  if (!objects.ok()) {
    if (CategoryOf(objects.status()) == ErrorCategory::kNotFound) return out;
    return objects.status();
  }
  for (const ObjectInfo& object : *objects) {
    std::string_view file = FileName(object.path);
    if (object.is_directory || !file.ends_with(kJsonExtension)) continue;
    std::string name = Unescape(file.substr(0, file.size() - kJsonExtension.size()));
    auto info = ReadRef(store, directory, name, kind, parse);
    if (info.ok()) {
      out.emplace(std::move(name), *std::move(info));
    } else if (CategoryOf(info.status()) != ErrorCategory::kNotFound) {
      return info.status();
    }
  }
  return out;
}

}  // namespace

arrow::Result<TagInfo> ParseTag(std::string_view json) {
  MemberReader members(json, "tag");
  TagInfo tag;
  tag.version = members.Number("version");
  tag.branch = members.OptionalText("branch");
  tag.created_at = members.OptionalText("createdAt");
  tag.updated_at = members.OptionalText("updatedAt");
  tag.manifest_size = members.Number("manifestSize");
  tag.metadata = members.TextMap("metadata");
  ARROW_RETURN_NOT_OK(members.status());
  return tag;
}

arrow::Result<BranchInfo> ParseBranch(std::string_view json) {
  MemberReader members(json, "branch");
  BranchInfo branch;
  branch.parent_branch = members.OptionalText("parentBranch");
  branch.parent_version = members.Number("parentVersion");
  branch.created_at_seconds = static_cast<int64_t>(members.Number("createAt"));
  branch.manifest_size = members.Number("manifestSize");
  branch.metadata = members.TextMap("metadata");
  branch.lineage = members.VersionMapping("identifier");
  ARROW_RETURN_NOT_OK(members.status());
  return branch;
}

arrow::Status CheckTagName(std::string_view tag) {
  auto bad = [&](const char* why) { return BadName("tag", tag, why); };
  if (tag.empty()) return bad("is empty");
  if (!std::ranges::all_of(tag, IsNameByte)) return bad("may hold letters, digits, '.', '-', '_'");
  if (tag.front() == '.' || tag.back() == '.') return bad("begins or ends with a dot");
  if (tag.ends_with(".lock")) return bad("ends with .lock");
  if (tag.find("..") != std::string_view::npos) return bad("has two dots in a row");
  return arrow::Status::OK();
}

arrow::Status CheckBranchName(std::string_view branch) {
  auto bad = [&](const char* why) { return BadName("branch", branch, why); };
  if (branch.empty()) return bad("is empty");
  if (branch == kMainBranch) return bad("is the table itself");
  if (branch.front() == '/' || branch.back() == '/' ||
      branch.find("//") != std::string_view::npos) {
    return bad("has an empty part");
  }
  if (branch.find("..") != std::string_view::npos) return bad("has two dots in a row");
  if (branch.ends_with(".lock")) return bad("ends with .lock");
  if (!std::ranges::all_of(branch, [](char c) { return c == '/' || IsNameByte(c); })) {
    return bad("may hold letters, digits, '.', '-', '_' and '/'");
  }
  return arrow::Status::OK();
}

arrow::Result<TagInfo> ReadTag(ObjectStore& store, const std::string& main_root,
                               const std::string& tag) {
  ARROW_RETURN_NOT_OK(CheckTagName(tag));
  return ReadRef<TagInfo>(store, JoinPath(main_root, kTagsDirectory), tag, "tag", ParseTag);
}

arrow::Result<BranchInfo> ReadBranch(ObjectStore& store, const std::string& main_root,
                                     const std::string& branch) {
  ARROW_RETURN_NOT_OK(CheckBranchName(branch));
  return ReadRef<BranchInfo>(store, JoinPath(main_root, kBranchesDirectory), branch, "branch",
                             ParseBranch);
}

arrow::Result<std::map<std::string, TagInfo>> ReadTags(ObjectStore& store,
                                                       const std::string& main_root) {
  return ReadRefs<TagInfo>(store, JoinPath(main_root, kTagsDirectory), "tag", ParseTag);
}

arrow::Result<std::map<std::string, BranchInfo>> ReadBranches(ObjectStore& store,
                                                              const std::string& main_root) {
  return ReadRefs<BranchInfo>(store, JoinPath(main_root, kBranchesDirectory), "branch",
                              ParseBranch);
}

std::string BranchRoot(const std::string& main_root, const std::string& branch) {
  if (branch == kMainBranch) return main_root;
  return JoinPath(JoinPath(main_root, kBranchTreeDirectory), branch);
}

arrow::Result<std::string> MainRoot(const std::string& root,
                                    const std::optional<std::string>& branch) {
  if (!branch || *branch == kMainBranch) return root;
  std::string_view rest = root;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string suffix = JoinPath(kBranchTreeDirectory, *branch);
  if (!rest.ends_with("/" + suffix)) {
    if (rest == suffix) return "";
    return Corrupt("branch \"", *branch, "\" lies at \"", root, "\", not below ", suffix);
  }
  return std::string(rest.substr(0, rest.size() - suffix.size() - 1));
}

}  // namespace lancea
