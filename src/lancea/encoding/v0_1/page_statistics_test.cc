// Statistics with any byte changed end in an error or an answer, never in a crash.
#include "lancea/encoding/v0_1/page_statistics.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/io/memory_store.h"
#include "lancea/schema/field.h"

namespace lancea::v0_1 {
namespace {

std::string SomeFile() {
  const auto folder = std::filesystem::path(LANCEA_SOURCE_DIR) /
                      "tests/data/pylance-14.0.2/corruption/types-v0.1/data";
  std::ifstream in(std::filesystem::directory_iterator(folder)->path(), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The number of fields that have statistics; what the pages may hold is asked, and forgotten.
int AskAll(const std::string& bytes) {
  MemoryObjectStore store;
  EXPECT_TRUE(store.Put("a.lance", arrow::Buffer::FromString(bytes)).ok());
  const auto file = LegacyFile::Open(store.Open("a.lance").ValueOrDie());
  if (!file.ok()) return 0;
  const ValueCondition conditions[] = {
      ValueCondition(NumberCondition::Between(NumberCondition::Order::kSigned, 8, 3, 9, false)),
      ValueCondition(NumberCondition::Between(NumberCondition::Order::kFloat, 4, 3, 9, false)),
      ValueCondition(TextCondition(TextCondition::Kind::kPrefix, "a", false))};
  int num_fields = 0;
  for (const Field& field : (*file)->schema().fields) {
    const auto shown = ToArrowAsRead(field);
    if (!shown.ok()) continue;
    const auto statistics = PageStatistics::Read(**file, field, (*shown)->type());
    if (!statistics.ok() || *statistics == nullptr) continue;
    ++num_fields;
    for (size_t batch = 0; batch < (*file)->num_batches(); ++batch) {
      for (const ValueCondition& condition : conditions) {
        (void)(*statistics)->MayHold(batch, condition);
      }
    }
  }
  return num_fields;
}

TEST(PageStatistics, OfAFileWithAnyByteChangedAreAnErrorOrAnAnswer) {
  const std::string bytes = SomeFile();
  EXPECT_GT(AskAll(bytes), 3);
  const size_t step = bytes.size() / 3000 + 1;
  for (size_t at = bytes.size() / 2; at < bytes.size(); at += step) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (at % 2 == 0 ? 0x80 : 0x01));
    AskAll(changed);
  }
}

}  // namespace
}  // namespace lancea::v0_1
