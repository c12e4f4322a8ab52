// lancea queue: look at a bucket, or at all buckets of a topic, without disturbing who writes them.
#include "lancea/queue.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "command.h"
#include "lancea/fragment.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

struct Arguments {
  std::string path;
  bool json = false;
  uint64_t num_rows = 10;
  bool follow = false;
};

// The buckets at or below a path: <path> itself, <path>/bucket_<n>, <path>/<topic>/bucket_<n>.
std::vector<std::string> BucketsBelow(const std::string& path) {
  namespace fs = std::filesystem;
  const auto is_bucket = [](const fs::path& folder) {
    std::error_code error;
    return fs::exists(folder / "data.lance", error) || fs::exists(folder / "wal", error) ||
           fs::exists(folder / "writer.lock", error);
  };
  if (is_bucket(path)) return {path};
  std::vector<std::string> buckets;
  std::error_code error;
  fs::recursive_directory_iterator entry(path, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    if (!entry->is_directory(error)) continue;
    if (is_bucket(entry->path())) {
      buckets.push_back(entry->path().string());
      entry.disable_recursion_pending();
    } else if (entry.depth() >= 1) {
      entry.disable_recursion_pending();
    }
  }
  // bucket_2 before bucket_10.
  std::ranges::sort(buckets, {},
                    [](const std::string& name) { return std::pair(name.size(), name); });
  return buckets;
}

uint64_t BytesOf(const Dataset* dataset) {
  uint64_t bytes = 0;
  if (dataset == nullptr) return 0;
  for (const FragmentMetadata& fragment : dataset->fragments()) {
    for (const DataFile& file : fragment.files) bytes += file.file_size_bytes;
  }
  return bytes;
}

void Line(const char* name, const std::string& value) {
  std::cout << name << std::string(18 - std::string_view(name).size(), ' ') << value << "\n";
}

void Print(const std::string& path, const QueueInspection& found) {
  Line("bucket", path);
  Line("persisted",
       CountOf(found.persisted_rows, "record") + ", " + ByteSize(BytesOf(found.dataset.get())));
  if (found.dataset != nullptr) {
    Line("version", std::to_string(found.dataset->version()));
    Line("fragments", Thousands(found.dataset->fragments().size()));
    Line("columns", std::to_string(found.dataset->schema()->num_fields()));
  }
  Line("log", CountOf(found.wal_rows, "record") + " not in the table, " +
                  CountOf(found.wal_segments, "segment") + ", " + ByteSize(found.wal_bytes));
  if (found.wal_torn_bytes > 0) {
    Line("torn end", CountOf(found.wal_torn_bytes, "byte") + " of a write cut short");
  }
  Line("writer",
       found.writer_process ? "process " + std::to_string(*found.writer_process) : "none");
}

void PrintJson(const std::string& path, const QueueInspection& found) {
  std::string out = "{\"path\":";
  AppendJsonString(path, &out);
  AppendJsonMember("persisted_count", found.persisted_rows, &out);
  AppendJsonMember("data_bytes", BytesOf(found.dataset.get()), &out);
  if (found.dataset != nullptr) {
    AppendJsonMember("version", found.dataset->version(), &out);
    AppendJsonMember("fragments", found.dataset->fragments().size(), &out);
  }
  AppendJsonMember("wal_count", found.wal_rows, &out);
  AppendJsonMember("wal_segments", found.wal_segments, &out);
  AppendJsonMember("wal_bytes", found.wal_bytes, &out);
  AppendJsonMember("wal_torn_bytes", found.wal_torn_bytes, &out);
  if (found.writer_process) {
    AppendJsonMember("writer_process", static_cast<uint64_t>(*found.writer_process), &out);
  }
  std::cout << out << "}\n";
}

arrow::Result<ExitCode> NoBucket(const std::string& path) {
  std::cerr << "lancea: no queue bucket at " << path << "\n";
  return kNotFound;
}

arrow::Result<ExitCode> Stat(const Arguments& arguments) {
  const auto buckets = BucketsBelow(arguments.path);
  if (buckets.empty()) return NoBucket(arguments.path);
  uint64_t persisted = 0, logged = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(QueueInspection found, InspectQueue(buckets[i], /*verify=*/false));
    persisted += found.persisted_rows;
    logged += found.wal_rows;
    if (arguments.json) {
      PrintJson(buckets[i], found);
      continue;
    }
    if (i > 0) std::cout << "\n";
    Print(buckets[i], found);
  }
  if (!arguments.json && buckets.size() > 1) {
    std::cout << "\n";
    Line("buckets", Thousands(buckets.size()));
    Line("all",
         CountOf(persisted, "record") + " persisted, " + Thousands(logged) + " in logs only");
  }
  return kOk;
}

arrow::Status PrintRows(const arrow::Table& table) {
  arrow::TableBatchReader reader(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      std::string line = "{";
      for (int k = 0; k < batch->num_columns(); ++k) {
        if (k > 0) line += ',';
        AppendJsonString(batch->schema()->field(k)->name(), &line);
        line += ':';
        AppendJson(*batch->column(k), i, &line);
      }
      std::cout << line << "}\n";
    }
  }
  std::cout.flush();
  return arrow::Status::OK();
}

arrow::Result<ExitCode> Tail(const Arguments& arguments) {
  const auto buckets = BucketsBelow(arguments.path);
  if (buckets.empty()) return NoBucket(arguments.path);
  if (buckets.size() > 1) {
    std::cerr << "lancea: tail takes one bucket; there are " << buckets.size() << " at "
              << arguments.path << "\n";
    return kUsage;
  }
  ARROW_ASSIGN_OR_RAISE(auto bucket, QueueBucket::Open(buckets[0]));
  uint64_t offset = bucket->num_rows();
  offset -= std::min(offset, arguments.num_rows);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto rows, bucket->Get(offset, 1000));
    ARROW_RETURN_NOT_OK(PrintRows(*rows));
    offset += static_cast<uint64_t>(rows->num_rows());
    if (rows->num_rows() > 0) continue;
    if (!arguments.follow || !std::cout) return kOk;
    ARROW_RETURN_NOT_OK(bucket->WaitForRows(offset, 1.0).status());
  }
}

arrow::Result<ExitCode> Verify(const Arguments& arguments) {
  const auto buckets = BucketsBelow(arguments.path);
  if (buckets.empty()) return NoBucket(arguments.path);
  uint64_t defects = 0;
  for (const std::string& path : buckets) {
    ARROW_ASSIGN_OR_RAISE(QueueInspection found, InspectQueue(path, /*verify=*/true));
    for (const Defect& defect : found.defects) {
      std::cout << defect.file << ": " << defect.message << "\n";
    }
    defects += found.defects.size();
    std::cout << path << ": " << CountOf(found.persisted_rows, "record") << " in the table, "
              << Thousands(found.wal_rows) << " in the log only, "
              << (found.defects.empty() ? "sound" : CountOf(found.defects.size(), "defect"))
              << "\n";
  }
  return defects == 0 ? kOk : kDefectsFound;
}

}  // namespace

void AddQueue(CLI::App& app, Action* action) {
  CLI::App* queue = app.add_subcommand("queue", "Look at queues: stat, tail, verify");
  queue->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = queue->add_subcommand(name, what);
    verb->add_option("path", arguments->path, "A bucket's folder, or one with buckets below")
        ->required();
    verb->callback([=] { *action = [=] { return run(*arguments); }; });
    return std::pair(verb, arguments);
  };
  auto [stat, stat_arguments] = add("stat", "Records, fragments, log and writer of buckets", Stat);
  stat->add_flag("--json", stat_arguments->json, "One JSON object for each bucket");
  auto [tail, tail_arguments] = add("tail", "The last records of a bucket as JSON lines", Tail);
  tail->add_option("-n,--rows", tail_arguments->num_rows, "Records to begin with")
      ->capture_default_str();
  tail->add_flag("-f,--follow", tail_arguments->follow, "Wait for more, until interrupted");
  add("verify", "Read every file of the table and of the log", Verify);
}

}  // namespace lancea::cli
