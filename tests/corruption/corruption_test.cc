// Damages files of tables at seeded places, then reads the tables in every way. Any error is fine and any answer
// is fine (most flips hit values); a crash, a hang, a sanitizer report, an unsound array or memory
// beyond a bound is not. damage.h says how files are damaged.
//
//   LANCEA_CORRUPTION_TRIALS   multiplies the damaged copies read of each table (default 1)
//   LANCEA_CORRUPTION_SEED     the first seed (default 1)
//   LANCEA_CORRUPTION_TABLES   a folder with more tables and data files
//   LANCEA_CORRUPTION_SWEEP    also try every edge of every number in the metadata of data files
//   LANCEA_CORRUPTION_VERBOSE  say what is about to be read, to find what crashes
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "arrow/memory_pool.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "damage.h"
#include "lancea/dataset.h"
#include "lancea/file_reader.h"
#include "lancea/session.h"
#include "memory_files.h"
#include "wire_tree.h"

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

namespace lancea::corruption {
namespace {

namespace fs = std::filesystem;

constexpr int kTrialsPerTable = 220;
constexpr int kTrialsPerFile = 120;
constexpr int kMaxSeconds = kSanitized ? 120 : 20;
// Constants and runs may rightly expand a page a thousandfold; this is far below what an unchecked 32-bit
// count asks for. The pool outlives every read: abandoned work may give memory back late.
constexpr int64_t kMaxPoolBytes = int64_t{256} << 20;
// The whole process, with what decoders hold outside the pool (levels, offsets, page metadata).
constexpr int64_t kMaxGrowthBytes = int64_t{1} << 30;

arrow::MemoryPool* Pool() {
  static auto* pool = new arrow::CappedMemoryPool(arrow::default_memory_pool(), kMaxPoolBytes);
  return pool;
}

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoll(text) : otherwise;
}

// What is being read, for the handler of a hang.
char current[512];

void OnAlarm(int) {
  constexpr char kMessage[] = "reading hangs: ";
  (void)!write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  (void)!write(STDERR_FILENO, current, strnlen(current, sizeof(current)));
  (void)!write(STDERR_FILENO, "\n", 1);
  std::abort();
}

/// Highest resident set since the last call, in bytes; 0 where the system does not tell.
int64_t TakePeakBytes() {
  int64_t kilobytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) kilobytes = std::atoll(line.c_str() + 6);
  }
  std::ofstream("/proc/self/clear_refs") << "5";
  return kilobytes * 1024;
}

// Values that are no valid text, date or decimal are the reader's business, not a danger.
bool IsSound(const arrow::Status& status) {
  if (status.ok()) return true;
  for (const char* harmless :
       {"UTF8", "precision", "date64", "time32", "time64", "Map array keys"}) {
    if (status.message().find(harmless) != std::string::npos) return true;
  }
  return false;
}

void Drain(const arrow::Result<std::shared_ptr<arrow::RecordBatchReader>>& reader) {
  if (!reader.ok()) return;
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t num_rows = 0;
  // A table may claim more rows than anyone reads; each batch by itself must be sound.
  while ((*reader)->ReadNext(&batch).ok() && batch != nullptr &&
         (num_rows += batch->num_rows()) < 100'000) {
    const arrow::Status status = batch->ValidateFull();
    EXPECT_TRUE(IsSound(status)) << status.ToString();
  }
}

// How reads ended, to see that damage reaches every part of the reader.
bool verbose = false;

void Check(const arrow::Result<std::shared_ptr<arrow::Table>>& table) {
  if (verbose) std::cerr << "  " << table.status().ToString() << std::endl;
  if (!table.ok()) {
    EXPECT_FALSE(table.status().message().empty());
    return;
  }
  const arrow::Status status = (*table)->ValidateFull();
  EXPECT_TRUE(IsSound(status)) << status.ToString();
}

// What is asked for less often than rows.
void ReadTheRest(const Dataset& dataset) {
  (void)dataset.Tags();
  (void)dataset.Branches();
  (void)dataset.CountDeletedRows();
  (void)dataset.Verify();
  Check(dataset.Sample(5, 1));
  Check(dataset.TakeAddresses({0, 3, (uint64_t{1} << 32) + 2, 3}));
  const std::vector<uint64_t> addresses =
      dataset.AddressesOfOffsets({0, 4, 9, 30}).ValueOr(std::vector<uint64_t>{0, 4});
  ScanOptions nested;
  nested.columns = {"_rowaddr", "_row_created_at_version"};
  for (const auto& field : dataset.schema()->fields()) {
    (void)dataset.TakeBlobs(field->name(), addresses);
    if (field->type()->id() != arrow::Type::STRUCT || field->type()->num_fields() == 0) continue;
    nested.columns->push_back(field->name() + "." + field->type()->fields().back()->name());
  }
  if (auto scanner = dataset.Scan(nested); scanner.ok()) Drain((*scanner)->ToReader());
}

void ReadTable(const std::string& root, const std::shared_ptr<Session>& session, bool everything) {
  OpenOptions options;
  options.session = session;
  auto opened = Dataset::Open(root, options);
  if (!opened.ok()) {
    EXPECT_FALSE(opened.status().message().empty());
    return;
  }
  const Dataset& dataset = **opened;
  auto num_rows = dataset.CountRows();
  (void)dataset.Versions();
  (void)dataset.BytesByField();
  auto scan = [&](const ScanOptions& scan_options) {
    if (auto scanner = dataset.Scan(scan_options); scanner.ok()) {
      // Whole tables only if they are small: rows claimed by a constant page are rows asked for.
      if (num_rows.ok() && *num_rows < 1'000'000) Check((*scanner)->ToTable());
      Drain((*scanner)->ToReader());
    }
  };
  scan({});
  if (dataset.schema()->num_fields() > 0) {
    ScanOptions one_column;
    one_column.columns = {dataset.schema()->fields().back()->name()};
    one_column.batch_size = 7;
    one_column.with_row_id = true;
    one_column.include_deleted_rows = true;
    scan(one_column);
  }
  ScanOptions with_blobs;
  with_blobs.offset = 5;
  with_blobs.blob_handling = BlobHandling::kBinary;
  scan(with_blobs);
  Check(dataset.Take({7, 1, 0, 7, 33, 60}));
  Check(dataset.TakeRowIds({5, uint64_t{1} << 32, 44}));
  if (everything && num_rows.ok() && *num_rows < 1'000'000) ReadTheRest(dataset);
}

void ReadFile(const std::string& path, const std::shared_ptr<Session>& session) {
  auto opened = FileReader::Open(path, std::nullopt, session);
  if (!opened.ok()) return;
  (void)(*opened)->DescribeColumns();
  Drain((*opened)->ReadRange(0, (*opened)->num_rows(), 1000));
  Drain((*opened)->TakeRows({3, 0, 3, 17}, 2));
}

// One damaged table or file, read within bounds of time and memory.
void Read(const std::string& root, Files damaged, const std::string& trial, bool everything) {
  if (verbose) std::cerr << trial << std::endl;
  std::strncpy(current, trial.c_str(), sizeof(current) - 1);
  const bool is_file = damaged.contains(root);
  Host host;
  host.memory_pool = Pool();
  host.object_store = std::make_shared<MemoryFiles>(std::move(damaged));
  auto session = std::make_shared<Session>(uint64_t{16} << 20, host);
  TakePeakBytes();
  const int64_t before = TakePeakBytes();
  alarm(kMaxSeconds);
  if (is_file) {
    ReadFile(root, session);
  } else {
    ReadTable(root, session, everything);
  }
  alarm(0);
  if (!kSanitized && before != 0) {
    EXPECT_LT(TakePeakBytes() - before, kMaxGrowthBytes);
  }
}

class Corruption : public ::testing::TestWithParam<std::string> {};

TEST_P(Corruption, GivesErrorsAndNeverCrashes) {
  const std::string root = Normal(GetParam());
  const Files sound = LoadFiles(root);
  const bool is_file = sound.contains(root);
  const int64_t trials =
      Setting("LANCEA_CORRUPTION_TRIALS", 1) * (is_file ? kTrialsPerFile : kTrialsPerTable);
  const int64_t first_seed = Setting("LANCEA_CORRUPTION_SEED", 1);
  verbose = std::getenv("LANCEA_CORRUPTION_VERBOSE") != nullptr;
  std::signal(SIGALRM, &OnAlarm);
  for (int64_t seed = first_seed; seed < first_seed + trials; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const bool is_data = seed % 10 < 8;
    Files damaged = sound;
    std::string trial = "seed " + std::to_string(seed) + ":";
    // Some damage takes two files that fit each other, such as a type and values stored as another.
    for (int files = seed % 7 == 0 ? 2 : 1; files > 0; --files) {
      int tries = 0;
      auto victim = damaged.begin();
      do {
        victim = damaged.begin();
        std::advance(victim, std::uniform_int_distribution<size_t>(0, damaged.size() - 1)(random));
        // Most of the time a data file, if there is one.
      } while (victim->first.ends_with(".lance") != (is_data != (files == 2)) && ++tries < 100);
      std::string bytes = victim->second->ToString();
      trial += " " + victim->first;
      trial += seed % 4 == 0   ? DamageBytes(&bytes, &random)
               : seed % 4 == 1 ? DamagePages(&bytes, &random)
                               : DamageMetadata(&bytes, &random);
      victim->second = arrow::Buffer::FromString(std::move(bytes));
    }
    SCOPED_TRACE(trial);
    Read(root, std::move(damaged), trial, seed % 5 == 0);
  }
}

// Every number of every column at the edges of its range: what random damage meets once in a hundred
// thousand times. Takes half a minute, so it runs only when asked for.
TEST_P(Corruption, SurvivesEveryEdgeOfEveryNumber) {
  if (std::getenv("LANCEA_CORRUPTION_SWEEP") == nullptr) GTEST_SKIP() << "not asked for";
  verbose = std::getenv("LANCEA_CORRUPTION_VERBOSE") != nullptr;
  std::signal(SIGALRM, &OnAlarm);
  for (const auto& [path, sound] : LoadFiles(Normal(GetParam()))) {
    if (!path.ends_with(".lance")) continue;
    SweepMetadata(sound->ToString(), [&](const std::string& bytes, const std::string& what) {
      SCOPED_TRACE(path + what);
      Read(path, {{path, arrow::Buffer::FromString(bytes)}}, path + what, false);
    });
  }
}

// Tables (folders with _versions) and data files that belong to none.
std::vector<std::string> Tables() {
  std::vector<std::string> out;
  auto add = [&](const fs::path& top) {
    if (!fs::exists(top)) return;
    for (auto it = fs::recursive_directory_iterator(top); it != fs::recursive_directory_iterator();
         ++it) {
      if (it->is_directory() && fs::exists(it->path() / "_versions")) {
        out.push_back(it->path().string());
        it.disable_recursion_pending();
      } else if (it->is_regular_file() && it->path().extension() == ".lance") {
        out.push_back(it->path().string());
      }
    }
  };
  add(fs::path(LANCEA_SOURCE_DIR) / "tests" / "data");
  if (const char* more = std::getenv("LANCEA_CORRUPTION_TABLES")) add(more);
  std::sort(out.begin(), out.end());
  return out;
}

std::string Name(const ::testing::TestParamInfo<std::string>& info) {
  const fs::path path(info.param);
  std::string name = std::to_string(info.index) + "_" + path.parent_path().filename().string() +
                     "_" + path.stem().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Tables, Corruption, ::testing::ValuesIn(Tables()), Name);

TEST(WireTree, SerializesWhatItParsed) {
  // 1: 150, 2: {1: "a"}, 3: bytes that are no message
  const std::string message("\x08\x96\x01\x12\x03\x0A\x01\x61\x1A\x01\xFF", 11);
  const auto tree = ParseWire(message);
  ASSERT_TRUE(tree.has_value());
  ASSERT_EQ(tree->size(), 3u);
  EXPECT_EQ((*tree)[0].value, 150u);
  EXPECT_TRUE((*tree)[1].is_message);
  EXPECT_EQ(SerializeWire(*tree), message);
}

}  // namespace
}  // namespace lancea::corruption
