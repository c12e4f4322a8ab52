// Plans, tasks and results of compaction <-> JSON, as pylance 14.0.2 has it.
//
//   plan    {"tasks": [{"fragments": [..]}], "read_version", "options"}
//   task    {"task": {"fragments": [..]}, "read_version", "options"}
//   result  {"metrics", "new_fragments", "read_version", "original_fragments", "row_addrs"}
//
// Fragments are those of fragment.h. `row_addrs` is a list of bytes, or null where no index needs it.
// Keys of options that are not known are skipped; "verify" is ours alone.
#include <nlohmann/json.hpp>
#include <utility>

#include "lancea/compaction.h"
#include "lancea/table/fragment.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json FragmentsToJson(const std::vector<FragmentMetadata>& fragments) {
  Json out = Json::array();
  for (const FragmentMetadata& fragment : fragments) {
    out.push_back(Json::parse(FragmentToJson(fragment), nullptr, /*allow_exceptions=*/false));
  }
  return out;
}

const char* ModeName(CompactionMode mode) {
  switch (mode) {
    case CompactionMode::kReencode:
      return nullptr;
    case CompactionMode::kTryBinaryCopy:
      return "TryBinaryCopy";
    case CompactionMode::kForceBinaryCopy:
      return "ForceBinaryCopy";
  }
  return nullptr;
}

Json OptionsToJson(const CompactionOptions& options) {
  const char* mode = ModeName(options.mode);
  Json json = {{"target_rows_per_fragment", options.target_rows_per_fragment},
               {"max_rows_per_group", options.max_rows_per_group},
               {"max_bytes_per_file", OrNull(options.max_bytes_per_file)},
               {"materialize_deletions", options.materialize_deletions},
               {"materialize_deletions_threshold", options.materialize_deletions_threshold},
               {"num_threads", OrNull(options.num_threads)},
               {"batch_size", OrNull(options.batch_size)},
               {"io_buffer_size", OrNull(options.io_buffer_size)},
               {"defer_index_remap", options.defer_index_remap},
               {"index_remap_mode", "Direct"},
               {"compaction_mode", mode == nullptr ? Json(nullptr) : Json(mode)},
               {"enable_binary_copy", false},
               {"enable_binary_copy_force", false},
               {"binary_copy_read_batch_bytes", OrNull(options.binary_copy_read_batch_bytes)},
               {"max_source_fragments", OrNull(options.max_source_fragments)},
               {"max_source_rows", OrNull(options.max_source_rows)},
               {"max_source_bytes", OrNull(options.max_source_bytes)},
               {"excluded_fragment_ids", options.excluded_fragment_ids},
               {"max_overlays_per_fragment", 10},
               {"data_storage_version", OrNull(options.data_storage_version)},
               {"has_eager_remappable_index", nullptr}};
  if (!options.verify) json["verify"] = false;
  return json;
}

arrow::Status Expected(const std::string& key, const char* what) {
  return InvalidInput("compaction JSON: \"", key, "\" must be ", what);
}

// Reads members of one object; those that are absent or null leave the value alone.
struct Reader {
  const Json& object;

  const Json* Find(const char* key) const {
    auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }
  template <typename Integer>
  arrow::Status Whole(const char* key, Integer* out) const {
    const Json* value = Find(key);
    if (value == nullptr) return arrow::Status::OK();
    if (!value->is_number_unsigned() || !std::in_range<Integer>(value->get<uint64_t>())) {
      return Expected(key, "a whole number in range");
    }
    *out = static_cast<Integer>(value->get<uint64_t>());
    return arrow::Status::OK();
  }
  template <typename Integer>
  arrow::Status Whole(const char* key, std::optional<Integer>* out) const {
    if (Find(key) == nullptr) {
      if (object.contains(key)) out->reset();
      return arrow::Status::OK();
    }
    return Whole(key, &out->emplace());
  }
  arrow::Status Bool(const char* key, bool* out) const {
    const Json* value = Find(key);
    if (value == nullptr) return arrow::Status::OK();
    if (!value->is_boolean()) return Expected(key, "true or false");
    *out = value->get<bool>();
    return arrow::Status::OK();
  }
};

arrow::Result<CompactionOptions> OptionsFromJson(const Json& json) {
  if (!json.is_object()) return Expected("options", "an object");
  const Reader read{json};
  CompactionOptions options;
  ARROW_RETURN_NOT_OK(read.Whole("target_rows_per_fragment", &options.target_rows_per_fragment));
  ARROW_RETURN_NOT_OK(read.Whole("max_rows_per_group", &options.max_rows_per_group));
  ARROW_RETURN_NOT_OK(read.Whole("max_bytes_per_file", &options.max_bytes_per_file));
  ARROW_RETURN_NOT_OK(read.Bool("materialize_deletions", &options.materialize_deletions));
  if (const Json* value = read.Find("materialize_deletions_threshold")) {
    if (!value->is_number()) return Expected("materialize_deletions_threshold", "a number");
    options.materialize_deletions_threshold = value->get<double>();
  }
  ARROW_RETURN_NOT_OK(read.Whole("num_threads", &options.num_threads));
  ARROW_RETURN_NOT_OK(read.Whole("batch_size", &options.batch_size));
  ARROW_RETURN_NOT_OK(read.Whole("io_buffer_size", &options.io_buffer_size));
  ARROW_RETURN_NOT_OK(read.Bool("defer_index_remap", &options.defer_index_remap));
  bool try_copy = false, force_copy = false;
  ARROW_RETURN_NOT_OK(read.Bool("enable_binary_copy", &try_copy));
  ARROW_RETURN_NOT_OK(read.Bool("enable_binary_copy_force", &force_copy));
  if (try_copy) {
    options.mode = force_copy ? CompactionMode::kForceBinaryCopy : CompactionMode::kTryBinaryCopy;
  }
  if (const Json* value = read.Find("compaction_mode")) {
    if (*value == "TryBinaryCopy") {
      options.mode = CompactionMode::kTryBinaryCopy;
    } else if (*value == "ForceBinaryCopy") {
      options.mode = CompactionMode::kForceBinaryCopy;
    } else if (*value == "Reencode") {
      options.mode = CompactionMode::kReencode;
    } else {
      return Expected("compaction_mode", "Reencode, TryBinaryCopy or ForceBinaryCopy");
    }
  }
  ARROW_RETURN_NOT_OK(
      read.Whole("binary_copy_read_batch_bytes", &options.binary_copy_read_batch_bytes));
  ARROW_RETURN_NOT_OK(read.Whole("max_source_fragments", &options.max_source_fragments));
  ARROW_RETURN_NOT_OK(read.Whole("max_source_rows", &options.max_source_rows));
  ARROW_RETURN_NOT_OK(read.Whole("max_source_bytes", &options.max_source_bytes));
  if (const Json* ids = read.Find("excluded_fragment_ids")) {
    if (!ids->is_array()) return Expected("excluded_fragment_ids", "a list");
    for (const Json& id : *ids) {
      if (!id.is_number_unsigned()) return Expected("excluded_fragment_ids", "whole numbers");
      options.excluded_fragment_ids.push_back(id.get<uint64_t>());
    }
  }
  if (const Json* version = read.Find("data_storage_version")) {
    if (!version->is_string()) return Expected("data_storage_version", "a string");
    options.data_storage_version = version->get<std::string>();
  }
  ARROW_RETURN_NOT_OK(read.Bool("verify", &options.verify));
  return options;
}

arrow::Result<Json> ParseObject(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidInput("compaction JSON: not a JSON object");
  return json;
}

arrow::Result<std::vector<FragmentMetadata>> FragmentsFromJson(const Json& object,
                                                               const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return Expected(key, "a list of fragments");
  std::vector<FragmentMetadata> out;
  for (const Json& json : *found) {
    ARROW_ASSIGN_OR_RAISE(FragmentMetadata fragment, FragmentFromJson(Dump(json)));
    out.push_back(std::move(fragment));
  }
  return out;
}

const Json& MemberObject(const Json& object, const char* key) {
  static const Json kNone;
  auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

}  // namespace

std::string CompactionTask::ToJson() const {
  return Dump({{"task", {{"fragments", FragmentsToJson(fragments)}}},
               {"read_version", read_version},
               {"options", OptionsToJson(options)}});
}

arrow::Result<CompactionTask> CompactionTask::FromJson(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const Json json, ParseObject(text));
  CompactionTask out;
  const Json& task = MemberObject(json, "task");
  if (!task.is_object()) return Expected("task", "an object");
  ARROW_ASSIGN_OR_RAISE(out.fragments, FragmentsFromJson(task, "fragments"));
  ARROW_RETURN_NOT_OK(Reader{json}.Whole("read_version", &out.read_version));
  ARROW_ASSIGN_OR_RAISE(out.options, OptionsFromJson(MemberObject(json, "options")));
  return out;
}

std::string CompactionPlan::ToJson() const {
  Json list = Json::array();
  for (const auto& fragments : tasks) {
    list.push_back({{"fragments", FragmentsToJson(fragments)}});
  }
  return Dump({{"tasks", std::move(list)},
               {"read_version", read_version},
               {"options", OptionsToJson(options)}});
}

arrow::Result<CompactionPlan> CompactionPlan::FromJson(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const Json json, ParseObject(text));
  CompactionPlan out;
  const Json& list = MemberObject(json, "tasks");
  if (!list.is_array()) return Expected("tasks", "a list");
  for (const Json& task : list) {
    if (!task.is_object()) return Expected("tasks", "a list of objects");
    ARROW_ASSIGN_OR_RAISE(auto fragments, FragmentsFromJson(task, "fragments"));
    out.tasks.push_back(std::move(fragments));
  }
  ARROW_RETURN_NOT_OK(Reader{json}.Whole("read_version", &out.read_version));
  ARROW_ASSIGN_OR_RAISE(out.options, OptionsFromJson(MemberObject(json, "options")));
  return out;
}

std::string RewriteResult::ToJson() const {
  Json addresses = nullptr;
  if (!row_addresses.empty()) {
    addresses = std::vector<uint8_t>(row_addresses.begin(), row_addresses.end());
  }
  return Dump({{"metrics",
                {{"fragments_removed", metrics.fragments_removed},
                 {"fragments_added", metrics.fragments_added},
                 {"files_removed", metrics.files_removed},
                 {"files_added", metrics.files_added}}},
               {"new_fragments", FragmentsToJson(new_fragments)},
               {"read_version", read_version},
               {"original_fragments", FragmentsToJson(original_fragments)},
               {"row_addrs", std::move(addresses)}});
}

arrow::Result<RewriteResult> RewriteResult::FromJson(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const Json json, ParseObject(text));
  RewriteResult out;
  const Json& metrics = MemberObject(json, "metrics");
  if (!metrics.is_object()) return Expected("metrics", "an object");
  const Reader read{metrics};
  ARROW_RETURN_NOT_OK(read.Whole("fragments_removed", &out.metrics.fragments_removed));
  ARROW_RETURN_NOT_OK(read.Whole("fragments_added", &out.metrics.fragments_added));
  ARROW_RETURN_NOT_OK(read.Whole("files_removed", &out.metrics.files_removed));
  ARROW_RETURN_NOT_OK(read.Whole("files_added", &out.metrics.files_added));
  ARROW_ASSIGN_OR_RAISE(out.new_fragments, FragmentsFromJson(json, "new_fragments"));
  ARROW_ASSIGN_OR_RAISE(out.original_fragments, FragmentsFromJson(json, "original_fragments"));
  ARROW_RETURN_NOT_OK(Reader{json}.Whole("read_version", &out.read_version));
  const Json& addresses = MemberObject(json, "row_addrs");
  if (addresses.is_null()) return out;
  if (!addresses.is_array()) return Expected("row_addrs", "a list of bytes, or null");
  for (const Json& byte : addresses) {
    if (!byte.is_number_unsigned() || byte.get<uint64_t>() > 255) {
      return Expected("row_addrs", "a list of bytes, or null");
    }
    out.row_addresses.push_back(static_cast<char>(byte.get<uint8_t>()));
  }
  return out;
}

}  // namespace lancea
