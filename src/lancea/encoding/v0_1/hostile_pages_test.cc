// Pages of 0.1 files that no writer makes: each ends in an error.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "arrow/array/array_base.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/v0_1/legacy_file.h"
#include "lancea/encoding/v0_1/var_binary.h"
#include "lancea/io/memory_store.h"

namespace lancea::v0_1 {
namespace {

// Some file of version 0.1: what is read of it here is only its size.
std::unique_ptr<LegacyFile> AnyFile() {
  const auto folder = std::filesystem::path(LANCEA_SOURCE_DIR) /
                      "tests/data/pylance-14.0.2/corruption/types-v0.1/data";
  std::ifstream in(std::filesystem::directory_iterator(folder)->path(), std::ios::binary);
  MemoryObjectStore store;
  const auto bytes = arrow::Buffer::FromString(std::string(std::istreambuf_iterator<char>(in), {}));
  EXPECT_TRUE(store.Put("a.lance", bytes).ok());
  return LegacyFile::Open(store.Open("a.lance").ValueOrDie()).ValueOrDie();
}

// Strings 0 and 2 of a page; each pair is where a string begins and ends.
arrow::Status ReadTwo(std::vector<int64_t> first, std::vector<int64_t> second) {
  const auto file = AnyFile();
  const PageContext context{file.get(), nullptr, 0, arrow::default_memory_pool()};
  ARROW_ASSIGN_OR_RAISE(auto read, MakeVarBinaryRead(context, Page{0, 3}, arrow::utf8(),
                                                     /*nullable=*/true, {{0, 1}, {2, 3}}));
  Buffers positions = {arrow::Buffer::FromVector(std::move(first)),
                       arrow::Buffer::FromVector(std::move(second))};
  size_t next = 0;
  ARROW_RETURN_NOT_OK(read->Supply(positions, &next));
  std::vector<ByteRange> needs;
  read->Collect(&needs);
  Buffers bytes;
  for (const ByteRange& range : needs) {
    bytes.push_back(arrow::Buffer::FromString(std::string(range.length, 'x')));
  }
  next = 0;
  ARROW_RETURN_NOT_OK(read->Supply(bytes, &next));
  ARROW_ASSIGN_OR_RAISE(auto array, read->Finish());
  return array->ValidateFull();
}

TEST(HostilePages, StringsLieBehindEachOther) {
  EXPECT_TRUE(ReadTwo({0, 4}, {9, 12}).ok());
  EXPECT_TRUE(ReadTwo({0, 4}, {4, 4}).ok());
  EXPECT_FALSE(ReadTwo({0, 4}, {3, 5}).ok()) << "in each other";
  EXPECT_FALSE(ReadTwo({4, 0}, {9, 12}).ok()) << "backwards";
  EXPECT_FALSE(ReadTwo({-4, 0}, {9, 12}).ok()) << "before the file";
  EXPECT_FALSE(ReadTwo({0, 4}, {9, int64_t{1} << 50}).ok()) << "behind the file";
}

}  // namespace
}  // namespace lancea::v0_1
