// lancea info: what a table is, from its manifest alone.
#include <iostream>

#include "arrow/type.h"
#include "command.h"
#include "lancea/fragment.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  bool json = false;
};

struct Totals {
  uint64_t data_files = 0, bytes = 0, deletion_files = 0;
  bool bytes_known = true;
};

Totals Sum(const Dataset& dataset) {
  Totals totals;
  for (const FragmentMetadata& fragment : dataset.fragments()) {
    totals.data_files += fragment.files.size();
    totals.deletion_files += fragment.deletion_file.has_value() ? 1 : 0;
    for (const DataFile& file : fragment.files) {
      totals.bytes += file.file_size_bytes;
      totals.bytes_known &= file.file_size_bytes != 0;
    }
  }
  return totals;
}

// "/lance.table.BTreeIndexDetails" -> "BTree".
std::string IndexKind(const std::string& type_url) {
  std::string kind = type_url.substr(type_url.rfind('.') + 1);
  constexpr std::string_view kSuffix = "IndexDetails";
  if (kind.ends_with(kSuffix)) kind.resize(kind.size() - kSuffix.size());
  return kind.empty() ? "unknown" : kind;
}

std::string FieldNames(const Dataset& dataset, const std::vector<int32_t>& ids) {
  std::string names;
  for (int32_t id : ids) {
    const Field* field = dataset.lance_schema().FindById(id);
    if (!names.empty()) names += ", ";
    names += field != nullptr ? field->name : "field " + std::to_string(id);
  }
  return names;
}

void Line(const char* name, const std::string& value) {
  std::cout << name << std::string(18 - std::string_view(name).size(), ' ') << value << "\n";
}

void PrintMap(const char* title, const std::map<std::string, std::string>& map) {
  if (map.empty()) return;
  std::cout << "\n" << title << "\n";
  for (const auto& [key, value] : map) std::cout << "  " << key << " = " << value << "\n";
}

void AppendJsonMap(const std::map<std::string, std::string>& map, std::string* out) {
  *out += '{';
  for (const auto& [key, value] : map) {
    if (out->back() != '{') *out += ',';
    AppendJsonString(key, out);
    *out += ':';
    AppendJsonString(value, out);
  }
  *out += '}';
}

arrow::Status PrintJson(const Dataset& dataset, const Totals& totals) {
  ARROW_ASSIGN_OR_RAISE(uint64_t latest, dataset.LatestVersion());
  ARROW_ASSIGN_OR_RAISE(int64_t rows, dataset.CountRows());
  ARROW_ASSIGN_OR_RAISE(int64_t deleted, dataset.CountDeletedRows());
  std::string out = "{\"uri\":";
  AppendJsonString(dataset.uri(), &out);
  auto number = [&](const char* key, uint64_t value) { AppendJsonMember(key, value, &out); };
  number("version", dataset.version());
  number("latest_version", latest);
  out += ",\"branch\":";
  AppendJsonString(dataset.branch().value_or("main"), &out);
  out += ",\"data_storage_version\":";
  AppendJsonString(dataset.data_storage_version(), &out);
  number("rows", static_cast<uint64_t>(rows));
  number("deleted_rows", static_cast<uint64_t>(deleted));
  number("fragments", dataset.fragments().size());
  number("data_files", totals.data_files);
  if (totals.bytes_known) number("data_bytes", totals.bytes);
  number("deletion_files", totals.deletion_files);
  number("columns", static_cast<uint64_t>(dataset.schema()->num_fields()));
  out += std::string(",\"stable_row_ids\":") + (dataset.has_stable_row_ids() ? "true" : "false");
  out += ",\"indices\":[";
  for (const IndexInfo& index : dataset.indices()) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    AppendJsonString(index.name, &out);
    out += ",\"kind\":";
    AppendJsonString(IndexKind(index.type_url), &out);
    out += ",\"fields\":";
    AppendJsonString(FieldNames(dataset, index.field_ids), &out);
    out += ",\"uuid\":";
    AppendJsonString(index.uuid, &out);
    out += '}';
  }
  out += "],\"config\":";
  AppendJsonMap(dataset.config(), &out);
  out += ",\"table_metadata\":";
  AppendJsonMap(dataset.table_metadata(), &out);
  std::cout << out << "}\n";
  return arrow::Status::OK();
}

arrow::Status Print(const Dataset& dataset, const Totals& totals) {
  ARROW_ASSIGN_OR_RAISE(uint64_t latest, dataset.LatestVersion());
  ARROW_ASSIGN_OR_RAISE(int64_t rows, dataset.CountRows());
  ARROW_ASSIGN_OR_RAISE(int64_t deleted, dataset.CountDeletedRows());
  ARROW_ASSIGN_OR_RAISE(auto tags, dataset.Tags());
  ARROW_ASSIGN_OR_RAISE(auto branches, dataset.Branches());
  Line("table", dataset.uri());
  std::string version = std::to_string(dataset.version());
  version +=
      dataset.version() == latest ? " (latest)" : " (latest: " + std::to_string(latest) + ")";
  Line("version", version);
  if (dataset.branch().has_value()) Line("branch", *dataset.branch());
  Line("storage version", dataset.data_storage_version());
  Line("rows",
       Thousands(static_cast<uint64_t>(rows)) +
           (deleted > 0 ? " (and " + Thousands(static_cast<uint64_t>(deleted)) + " deleted)" : ""));
  Line("columns", std::to_string(dataset.schema()->num_fields()));
  Line("fragments", Thousands(dataset.fragments().size()));
  Line("data files",
       Thousands(totals.data_files) + (totals.bytes_known ? ", " + ByteSize(totals.bytes) : ""));
  if (totals.deletion_files > 0) Line("deletion files", Thousands(totals.deletion_files));
  Line("stable row ids", dataset.has_stable_row_ids() ? "yes" : "no");
  if (!dataset.indices().empty()) {
    std::cout << "\nindices\n";
    for (const IndexInfo& index : dataset.indices()) {
      std::cout << "  " << index.name << ": " << IndexKind(index.type_url) << " on "
                << FieldNames(dataset, index.field_ids) << ", built at version "
                << index.dataset_version << "\n";
    }
  }
  if (!tags.empty()) {
    std::cout << "\ntags\n";
    for (const auto& [name, tag] : tags) {
      std::cout << "  " << name << " -> version " << tag.version
                << (tag.branch.has_value() ? " of branch " + *tag.branch : "") << "\n";
    }
  }
  if (!branches.empty()) {
    std::cout << "\nbranches\n";
    for (const auto& [name, branch] : branches) {
      std::cout << "  " << name << ", from version " << branch.parent_version << " of "
                << branch.parent_branch.value_or("main") << "\n";
    }
  }
  if (!dataset.base_paths().empty()) {
    std::cout << "\nbase paths\n";
    for (const BasePath& base : dataset.base_paths()) {
      std::cout << "  " << base.id << (base.name.empty() ? "" : " " + base.name) << ": "
                << base.path << "\n";
    }
  }
  PrintMap("config", dataset.config());
  PrintMap("table metadata", dataset.table_metadata());
  PrintMap("schema metadata", dataset.lance_schema().metadata);
  return arrow::Status::OK();
}

}  // namespace

void AddInfo(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(
      "info",
      "Versions, rows, fragments, sizes, storage version, indices, tags, branches of a table");
  arguments->table.AddTo(*verb);
  verb->add_flag("--json", arguments->json, "One JSON object instead of text");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      const Totals totals = Sum(*dataset);
      ARROW_RETURN_NOT_OK(arguments->json ? PrintJson(*dataset, totals) : Print(*dataset, totals));
      return kOk;
    };
  });
}

}  // namespace lancea::cli
