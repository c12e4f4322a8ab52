// Flips and truncates bytes of every file of every table at seeded places, then reads the table in
// every way. Any error is fine and any answer is fine (most flips hit values); a crash, a hang, a
// sanitizer report or memory beyond a small multiple of the table is not.
//
// Tables: tests/data, and ../shared/fixtures when it is there. LANCEA_CORRUPTION_ROUNDS sets how many
// damaged copies of each table are read (default 40), LANCEA_CORRUPTION_SEED the first seed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "arrow/buffer.h"
#include "arrow/memory_pool.h"
#include "arrow/table.h"
#include "lancea/dataset.h"
#include "lancea/object_store.h"
#include "lancea/session.h"

namespace lancea {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::shared_ptr<arrow::Buffer>>;

class BufferReader : public ObjectReader {
 public:
  BufferReader(std::string path, std::shared_ptr<arrow::Buffer> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  const std::string& path() const override { return path_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    if (range.offset > size() || range.length > size() - range.offset) {
      return arrow::Status::IOError(path_, ": read past the end");
    }
    // An own allocation of exactly the range, so that the sanitizer sees every over-read.
    ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(static_cast<int64_t>(range.length)));
    std::copy_n(bytes_->data() + range.offset, range.length, out->mutable_data());
    return out;
  }

 private:
  std::string path_;
  std::shared_ptr<arrow::Buffer> bytes_;
};

class FileMapStore : public ObjectStore {
 public:
  explicit FileMapStore(const Files& files) : files_(files) {}
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path, uint64_t) override {
    auto it = files_.find(fs::path(path).lexically_normal().string());
    if (it == files_.end()) return arrow::Status::KeyError(path, " not found");
    return std::make_shared<BufferReader>(path, it->second);
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    std::map<std::string, ObjectInfo> found;
    std::string prefix = fs::path(path).lexically_normal().string();
    if (prefix.empty() || prefix.back() != '/') prefix.push_back('/');
    for (const auto& [name, bytes] : files_) {
      if (!name.starts_with(prefix)) continue;
      const size_t slash = name.find('/', prefix.size());
      const std::string child = name.substr(0, slash);
      found[child] = {child, static_cast<uint64_t>(bytes->size()), slash != std::string::npos};
    }
    std::vector<ObjectInfo> out;
    for (auto& [name, info] : found) out.push_back(info);
    return out;
  }

 private:
  const Files& files_;
};

Files Load(const fs::path& root) {
  Files out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    out[entry.path().lexically_normal().string()] = arrow::Buffer::FromString(std::move(bytes));
  }
  return out;
}

// Damage one file: a truncation, a flipped bit, or a few bytes overwritten. Half the damage goes to the
// last 2 KiB, where footers and metadata lie.
std::string Damage(Files* files, std::mt19937_64* random) {
  auto pick = [&](uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(*random); };
  auto it = files->begin();
  std::advance(it, pick(files->size()));
  std::string bytes = it->second->ToString();
  if (bytes.empty()) return it->first + " is empty";
  const uint64_t window = pick(2) == 0 ? std::min<uint64_t>(bytes.size(), 2048) : bytes.size();
  const uint64_t at = bytes.size() - window + pick(window);
  std::string what;
  switch (pick(3)) {
    case 0:
      bytes.resize(at);
      what = " cut at ";
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << pick(8)));
      what = " bit flipped at ";
      break;
    default:
      for (uint64_t i = at; i < std::min<uint64_t>(bytes.size(), at + 1 + pick(8)); ++i) {
        bytes[i] = static_cast<char>(pick(4) == 0 ? 0xFF : pick(256));
      }
      what = " overwritten at ";
  }
  it->second = arrow::Buffer::FromString(std::move(bytes));
  return it->first + what + std::to_string(at);
}

void ReadEverything(const std::string& root, const Files& files, arrow::MemoryPool* pool) {
  Host host;
  host.memory_pool = pool;
  host.object_store = std::make_shared<FileMapStore>(files);
  auto session = std::make_shared<Session>(uint64_t{16} << 20, host);
  OpenOptions options;
  options.session = session;
  auto opened = Dataset::Open(root, options);
  if (!opened.ok()) {
    EXPECT_FALSE(opened.status().message().empty());
    return;
  }
  const auto& dataset = *opened;
  (void)dataset->CountRows();
  (void)dataset->Versions();
  if (auto scanner = dataset->Scan(); scanner.ok()) {
    if (auto table = (*scanner)->ToTable(); table.ok()) {
      // Readers promise arrays that are sound at least in their lengths and offsets.
      EXPECT_TRUE((*table)->Validate().ok()) << (*table)->Validate().ToString();
    }
  }
  (void)dataset->Take({0, 1, 7});
}

class Corruption : public ::testing::TestWithParam<std::string> {};

TEST_P(Corruption, GivesErrorsAndNeverCrashes) {
  const std::string root = fs::path(GetParam()).lexically_normal().string();
  const Files sound = Load(root);
  uint64_t total = 0;
  for (const auto& [name, bytes] : sound) total += static_cast<uint64_t>(bytes->size());
  const char* rounds_text = std::getenv("LANCEA_CORRUPTION_ROUNDS");
  const char* seed_text = std::getenv("LANCEA_CORRUPTION_SEED");
  const int rounds = rounds_text ? std::atoi(rounds_text) : 40;
  const uint64_t first_seed = seed_text ? std::strtoull(seed_text, nullptr, 10) : 1;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) {
    std::mt19937_64 random(first_seed + static_cast<uint64_t>(i));
    Files damaged = sound;
    const std::string what = Damage(&damaged, &random);
    SCOPED_TRACE("seed " + std::to_string(first_seed + i) + ": " + what);
    // Run lengths and constants may rightly expand a page a thousandfold; 256 MiB plus 64 times the
    // table is far below what an unchecked 32- or 64-bit count would ask for.
    arrow::CappedMemoryPool capped(arrow::default_memory_pool(),
                                   static_cast<int64_t>((uint64_t{256} << 20) + 64 * total));
    ReadEverything(root, damaged, &capped);
  }
  const auto elapsed = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count(), rounds * 5)
      << "damaged files must not make reading hang";
}

std::vector<std::string> Tables() {
  std::vector<std::string> out;
  auto add = [&](const fs::path& top) {
    if (!fs::exists(top)) return;
    for (auto it = fs::recursive_directory_iterator(top); it != fs::recursive_directory_iterator();
         ++it) {
      if (it->is_directory() && fs::exists(it->path() / "_versions")) {
        out.push_back(it->path().string());
        it.disable_recursion_pending();
      }
    }
  };
  add(fs::path(LANCEA_SOURCE_DIR) / "tests" / "data");
  for (const char* group : {"types", "enc", "sizes", "table", "types-1.0", "types-0.19", "types-0.10"}) {
    add(fs::path(LANCEA_SOURCE_DIR) / ".." / "shared" / "fixtures" / group);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string Name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = std::to_string(info.index) + "_" + fs::path(info.param).parent_path().filename().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Tables, Corruption, ::testing::ValuesIn(Tables()), Name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corruption);

}  // namespace
}  // namespace lancea
