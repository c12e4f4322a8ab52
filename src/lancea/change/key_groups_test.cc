#include "lancea/change/key_groups.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/initialize.h"
#include "arrow/json/from_string.h"
#include "arrow/scalar.h"

namespace lancea {
namespace {

KeyRows RowsOf(arrow::ArrayVector columns) {
  KeyRows out;
  out.num_rows = columns[0]->length();
  out.columns = std::move(columns);
  return out;
}

class OfEachType : public testing::TestWithParam<std::shared_ptr<arrow::DataType>> {
 protected:
  void SetUp() override { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
};

TEST_P(OfEachType, EqualKeysHaveOneGroupOfItsOwn) {
  std::mt19937_64 random(5);
  auto groups = KeyGroups::Make({GetParam()}, arrow::default_memory_pool()).ValueOrDie();
  std::map<std::string, uint32_t> expected;
  for (int round = 0; round < 20; ++round) {
    std::string json = "[";
    for (int i = 0; i < 300; ++i)
      json.append(i == 0 ? "" : ",").append(std::to_string(random() % 120));
    json += "]";
    const auto numbers = *arrow::json::ArrayFromJSONString(arrow::int32(), json);
    // Sliced: the first of them is none of the rows.
    const auto column = arrow::compute::Cast(*numbers, GetParam()).ValueOrDie()->Slice(1);
    const KeyRows keys = RowsOf({column});
    std::vector<int32_t> rows;
    for (int32_t row = 0; row < column->length(); ++row) {
      if (random() % 4 != 0) rows.push_back(row);
    }
    std::vector<uint32_t> found(rows.size()), added(rows.size());
    const auto before = expected;
    ASSERT_TRUE(groups->Find(keys, rows, found.data()).ok());
    ASSERT_TRUE(groups->Add(keys, rows, added.data()).ok());
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string key = column->GetScalar(rows[i]).ValueOrDie()->ToString();
      const auto known = before.find(key);
      ASSERT_EQ(found[i], known == before.end() ? KeyGroups::kNone : known->second) << key;
      ASSERT_EQ(added[i], expected.emplace(key, added[i]).first->second) << key;
    }
    ASSERT_TRUE(groups->Find(keys, rows, found.data()).ok());
    ASSERT_EQ(found, added);
    std::set<uint32_t> different;
    for (const auto& [key, group] : expected) different.insert(group);
    ASSERT_EQ(different.size(), expected.size());
    ASSERT_EQ(*different.rbegin(), expected.size() - 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, OfEachType,
                         testing::Values(arrow::int8(), arrow::uint8(), arrow::int16(),
                                         arrow::uint16(), arrow::int32(), arrow::uint32(),
                                         arrow::int64(), arrow::uint64(), arrow::float64(),
                                         arrow::utf8(), arrow::decimal128(20, 3)),
                         [](const auto& info) { return info.param->name(); });

TEST(KeyGroups, OfSeveralColumnsTellApartWhatOneDoesNot) {
  ASSERT_TRUE(arrow::compute::Initialize().ok());
  auto groups =
      KeyGroups::Make({arrow::int64(), arrow::utf8()}, arrow::default_memory_pool()).ValueOrDie();
  const KeyRows keys =
      RowsOf({*arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 1, 2, 1]"),
              *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a", "b", "a", "a"])")});
  std::vector<uint32_t> out(4);
  ASSERT_TRUE(groups->Add(keys, {0, 1, 2, 3}, out.data()).ok());
  EXPECT_EQ(out, (std::vector<uint32_t>{0, 1, 2, 0}));
}

TEST(KeyGroups, FindNothingInAnEmptyTable) {
  auto groups = KeyGroups::Make({arrow::int64()}, arrow::default_memory_pool()).ValueOrDie();
  const KeyRows keys = RowsOf({*arrow::json::ArrayFromJSONString(arrow::int64(), "[0, 1]")});
  std::vector<uint32_t> out(2, 7);
  ASSERT_TRUE(groups->Find(keys, {0, 1}, out.data()).ok());
  EXPECT_EQ(out, (std::vector<uint32_t>{KeyGroups::kNone, KeyGroups::kNone}));
}

}  // namespace
}  // namespace lancea
