// lancea versions: the history of a table, oldest first.
#include <iostream>

#include "command.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  bool json = false;
};

std::string Total(const VersionInfo& version, const char* key) {
  auto found = version.metadata.find(key);
  return found == version.metadata.end() ? "?" : found->second;
}

void PrintJson(const VersionInfo& version, const std::vector<std::string>& tags) {
  std::string out = "{";
  AppendJsonMember("version", version.version, &out);
  out += ",\"timestamp_nanos\":";
  out += std::to_string(version.timestamp_nanos);
  out += ",\"tags\":[";
  for (const std::string& tag : tags) {
    if (out.back() != '[') out += ',';
    AppendJsonString(tag, &out);
  }
  out += "],\"metadata\":{";
  for (const auto& [key, value] : version.metadata) {
    if (out.back() != '{') out += ',';
    AppendJsonString(key, &out);
    out += ':';
    AppendJsonString(value, &out);
  }
  std::cout << out << "}}\n";
}

}  // namespace

void AddVersions(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("versions", "The versions of a table, oldest first");
  arguments->table.AddTo(*verb);
  verb->add_flag("--json", arguments->json, "One JSON object a line");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ARROW_ASSIGN_OR_RAISE(auto versions, dataset->Versions());
      ARROW_ASSIGN_OR_RAISE(auto tags, dataset->Tags());
      const std::string branch = dataset->branch().value_or("main");
      for (const VersionInfo& version : versions) {
        std::vector<std::string> names;
        for (const auto& [name, tag] : tags) {
          if (tag.version == version.version && tag.branch.value_or("main") == branch) {
            names.push_back(name);
          }
        }
        if (arguments->json) {
          PrintJson(version, names);
          continue;
        }
        std::cout << version.version << (version.version == dataset->version() ? "*" : " ") << "  "
                  << UtcTime(version.timestamp_nanos) << "  " << Total(version, "total_rows")
                  << " rows in " << Total(version, "total_fragments") << " fragments";
        for (const std::string& name : names) std::cout << "  [" << name << "]";
        std::cout << "\n";
      }
      return kOk;
    };
  });
}

}  // namespace lancea::cli
