#include "lancea/file/check_nulls.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"

namespace lancea {
namespace {

using arrow::field;

std::shared_ptr<arrow::Field> Required(const std::string& name,
                                       std::shared_ptr<arrow::DataType> type) {
  return field(name, std::move(type), /*nullable=*/false);
}

struct Case {
  const char* claim;
  std::shared_ptr<arrow::Field> checked;
  const char* rows;
  const char* message;  // "": no error
};

std::vector<Case> Cases() {
  const auto item = Required("item", arrow::int32());
  const auto pair = arrow::struct_({Required("x", arrow::int32()), field("y", arrow::int32())});
  return {
      {"NullsWhereAllowed", field("a", arrow::int32()), "[1, null]", ""},
      {"TopLevel", Required("a", arrow::int32()), "[1, null]", "\"a\" is not nullable, but row 11"},
      {"ChildOfStruct", field("a", pair), R"([[1, 2], [3, null], [null, 4]])",
       "\"a.x\" is not nullable, but row 12"},
      {"NullStructHidesItsChildren", field("a", pair), "[[1, 2], null]", ""},
      {"NullStructIsOne", Required("a", pair), "[[1, 2], null]",
       "\"a\" is not nullable, but row 11"},
      {"ItemOfList", field("a", arrow::list(item)), "[[1], [], null, [2, 3, null]]",
       "\"a.item\" is not nullable, but row 13"},
      {"ItemOfLargeList", field("a", arrow::large_list(item)), "[[1], [null]]",
       "\"a.item\" is not nullable, but row 11"},
      {"ItemOfFixedSizeList", field("a", arrow::fixed_size_list(item, 2)), "[[1, 2], [3, null]]",
       "\"a.item\" is not nullable, but row 11"},
      {"NullFixedSizeListHidesItsItems", field("a", arrow::fixed_size_list(item, 2)),
       "[[1, 2], null]", ""},
      {"StructInList", field("a", arrow::list(field("item", pair))),
       "[[[1, 2]], [null, [null, 3]]]", "\"a.item.x\" is not nullable, but row 11"},
      {"ValueOfMap", field("a", arrow::map(arrow::utf8(), Required("value", arrow::int32()))),
       R"([[["k", 1]], [["k", null]]])", "\"a.entries.value\" is not nullable, but row 11"},
  };
}

TEST(CheckNulls, NamesPathAndRow) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.claim);
    // The rows are made of a type that allows nulls, as rows from outside are.
    auto array = arrow::json::ArrayFromJSONString(c.checked->type(), c.rows).ValueOrDie();
    const arrow::Status status = CheckNulls(*array, *c.checked, 10);
    if (*c.message == '\0') {
      EXPECT_TRUE(status.ok()) << status;
    } else {
      EXPECT_NE(status.message().find(c.message), std::string::npos) << status;
    }
  }
}

TEST(CheckNulls, CountsRowsOfASliceFromItsStart) {
  const auto type = arrow::list(Required("item", arrow::int32()));
  auto array =
      arrow::json::ArrayFromJSONString(type, "[[null], [1, 2], [3], [4, null]]").ValueOrDie();
  EXPECT_TRUE(CheckNulls(*array->Slice(1, 2), *field("a", type), 0).ok());
  EXPECT_NE(CheckNulls(*array->Slice(1), *field("a", type), 0).message().find("row 2"),
            std::string::npos);
}

}  // namespace
}  // namespace lancea
