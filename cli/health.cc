// lancea health: what is small, deleted, old or left over, and what each step of maintenance would gain.
#include "lancea/health.h"

#include <cstdio>
#include <iostream>

#include "command.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  std::optional<uint64_t> target_rows;
  double older_than_days = 14;
  bool columns = false;
  bool json = false;
};

using ColumnSizes = std::vector<std::pair<std::string, uint64_t>>;

// Bytes that each field takes on disk, by its path.
arrow::Result<ColumnSizes> SizesOf(const Dataset& dataset) {
  ARROW_ASSIGN_OR_RAISE(const auto by_field, dataset.BytesByField());
  ColumnSizes sizes;
  auto visit = [&](const auto& self, const Field& field, const std::string& path) -> void {
    const auto found = by_field.find(field.id);
    sizes.emplace_back(path, found == by_field.end() ? 0 : found->second);
    for (const Field& child : field.children) self(self, child, path + "." + child.name);
  };
  for (const Field& field : dataset.lance_schema().fields) visit(visit, field, field.name);
  return sizes;
}

void PrintJson(const TableHealth& health, const ColumnSizes& columns) {
  std::string out = "{";
  auto member = [&](const char* key, uint64_t value) { AppendJsonMember(key, value, &out); };
  member("version", health.version);
  member("num_rows", health.num_rows);
  member("num_deleted_rows", health.num_deleted_rows);
  member("num_fragments", health.num_fragments);
  member("num_small_fragments", health.num_small_fragments);
  member("num_data_files", health.num_data_files);
  member("data_bytes", health.data_bytes);
  member("compaction_tasks", health.compaction_tasks);
  member("compaction_fragments", health.compaction_fragments);
  member("compaction_fragments_after", health.compaction_fragments_after);
  member("compaction_bytes", health.compaction_bytes);
  member("compaction_deleted_rows", health.compaction_deleted_rows);
  member("num_versions", health.num_versions);
  member("old_versions", health.old_versions);
  member("old_bytes", health.old_bytes);
  member("expired_versions", health.expired_versions);
  member("expired_bytes", health.expired_bytes);
  member("orphan_files", health.orphan_files);
  member("orphan_bytes", health.orphan_bytes);
  member("removable_orphan_files", health.removable_orphan_files);
  out += ",\"indices\":[";
  for (const IndexHealth& index : health.indices) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    AppendJsonString(index.name, &out);
    AppendJsonMember("num_parts", index.num_parts, &out);
    AppendJsonMember("unindexed_fragments", index.unindexed_fragments, &out);
    AppendJsonMember("unindexed_rows", index.unindexed_rows, &out);
    out += '}';
  }
  out += ']';
  if (!columns.empty()) {
    out += ",\"column_bytes\":{";
    for (const auto& [name, bytes] : columns) AppendJsonMember(name, bytes, &out);
    out += '}';
  }
  out += ",\"steps\":[";
  for (const MaintenanceStep& step : health.steps) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    AppendJsonString(step.name, &out);
    out += ",\"is_due\":";
    out += step.is_due ? "true" : "false";
    out += ",\"gain\":";
    AppendJsonString(step.gain, &out);
    out += '}';
  }
  std::cout << out << "]}\n";
}

void Print(const TableHealth& health, const ColumnSizes& columns) {
  char share[32];
  std::snprintf(share, sizeof(share), "%.1f %%", health.deleted_share * 100);
  std::cout << "rows         " << Thousands(health.num_rows) << ", "
            << Thousands(health.num_deleted_rows) << " deleted (" << share << ")\n"
            << "fragments    " << Thousands(health.num_fragments) << ", "
            << Thousands(health.num_small_fragments) << " small\n"
            << "data         " << ByteSize(health.data_bytes) << " in "
            << CountOf(health.num_data_files, "file") << "\n"
            << "versions     " << Thousands(health.num_versions) << ", "
            << Thousands(health.old_versions) << " old ones hold " << ByteSize(health.old_bytes)
            << "\n"
            << "orphans      " << CountOf(health.orphan_files, "file") << ", "
            << ByteSize(health.orphan_bytes) << "\n";
  for (const auto& [name, bytes] : columns) {
    std::cout << "column       " << name << ": " << ByteSize(bytes) << "\n";
  }
  for (const IndexHealth& index : health.indices) {
    std::cout << "index        " << index.name << ": " << CountOf(index.num_parts, "part") << ", "
              << CountOf(index.unindexed_rows, "row") << " not covered\n";
  }
  bool is_any = false;
  for (const MaintenanceStep& step : health.steps) {
    if (step.gain.empty()) continue;
    std::cout << (step.is_due ? "due          " : "             ") << step.name << ": " << step.gain
              << "\n";
    is_any |= step.is_due;
  }
  if (!is_any) std::cout << "nothing is due\n";
}

}  // namespace

void AddHealth(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      app.add_subcommand("health", "What compaction, cleanup and index updates would gain");
  arguments->table.AddTo(*verb);
  verb->add_option("--target-rows", arguments->target_rows,
                   "Rows a fragment should have (default: 1048576)");
  verb->add_option("--older-than-days", arguments->older_than_days,
                   "Versions older than this are due for cleanup (default: 14)")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--columns", arguments->columns,
                 "Also what each column takes on disk; reads the metadata of every file");
  verb->add_flag("--json", arguments->json, "One JSON object");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      HealthOptions options;
      ARROW_ASSIGN_OR_RAISE(options.compaction, CompactionOptions::FromConfig(dataset->config()));
      if (arguments->target_rows) {
        options.compaction.target_rows_per_fragment = *arguments->target_rows;
      }
      options.older_than_seconds = static_cast<uint64_t>(arguments->older_than_days * 86400);
      ARROW_ASSIGN_OR_RAISE(TableHealth health, CheckHealth(*dataset, options));
      ColumnSizes columns;
      if (arguments->columns) {
        ARROW_ASSIGN_OR_RAISE(columns, SizesOf(*dataset));
      }
      if (arguments->json) {
        PrintJson(health, columns);
      } else {
        Print(health, columns);
      }
      return kOk;
    };
  });
}

}  // namespace lancea::cli
