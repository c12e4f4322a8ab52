#include "lancea/util/errors.h"

#include <gtest/gtest.h>

namespace lancea {
namespace {

TEST(Errors, KeepTheirCategoryAndMessage) {
  const std::pair<arrow::Status, ErrorCategory> kCases[] = {
      {InvalidInput("got ", 0), ErrorCategory::kInvalidInput},
      {Corrupt("got ", 0), ErrorCategory::kCorrupt},
      {Unsupported("got ", 0), ErrorCategory::kUnsupported},
      {NotFound("got ", 0), ErrorCategory::kNotFound},
      {AlreadyExists("got ", 0), ErrorCategory::kAlreadyExists},
      {CommitConflict("got ", 0), ErrorCategory::kCommitConflict},
      {RetryableConflict("got ", 0), ErrorCategory::kRetryableConflict},
  };
  for (const auto& [status, category] : kCases) {
    EXPECT_EQ(CategoryOf(status), category) << status;
    EXPECT_EQ(status.message(), "got 0");
    const arrow::Status prefixed = Prefix(status, "here");
    EXPECT_EQ(CategoryOf(prefixed), category) << prefixed;
    EXPECT_EQ(prefixed.message(), "here: got 0");
    EXPECT_STRNE(ErrorCategoryName(category), "unknown");
  }
}

TEST(Errors, OfOthersHaveNoCategory) {
  EXPECT_EQ(CategoryOf(arrow::Status::OK()), std::nullopt);
  EXPECT_EQ(CategoryOf(arrow::Status::IOError("x")), std::nullopt);
}

}  // namespace
}  // namespace lancea
