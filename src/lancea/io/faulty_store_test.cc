#include <gtest/gtest.h>

#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/io/store_conformance_for_test.h"

namespace lancea {
namespace {

using Kind = Fault::Kind;

class FaultyStoreTest : public testing::Test {
 protected:
  // Two objects by every kind of call but deletion: Create, Write, Write, Finish, Put, PutIfAbsent.
  arrow::Status WriteAll() {
    ARROW_ASSIGN_OR_RAISE(auto writer, store_.Create("a"));
    ARROW_RETURN_NOT_OK(writer->Write(BytesOf("0123")));
    const auto more = {arrow::Buffer::FromString("45"), arrow::Buffer::FromString("67")};
    ARROW_RETURN_NOT_OK(writer->WriteMany(std::vector(more)));
    ARROW_RETURN_NOT_OK(writer->Finish());
    ARROW_RETURN_NOT_OK(store_.Put("b", BytesOf("bbbb")));
    return store_.PutIfAbsent("c", BytesOf("cccc"));
  }
  std::string Left() {
    return ReadAll(*inner_, "a") + " " + ReadAll(*inner_, "b") + " " + ReadAll(*inner_, "c");
  }
  std::shared_ptr<MemoryObjectStore> inner_ = std::make_shared<MemoryObjectStore>();
  FaultyStoreForTest store_{inner_};
};

TEST_F(FaultyStoreTest, FailsAtEachCallInTurn) {
  const char* const kMissing = "<missing> <missing> <missing>";
  const std::vector<std::string> left = {kMissing,
                                         kMissing,
                                         kMissing,
                                         kMissing,
                                         "01234567 <missing> <missing>",
                                         "01234567 bbbb <missing>"};
  for (size_t at = 0; at < left.size(); ++at) {
    ASSERT_TRUE(inner_->DeleteDirectory("").ok());
    store_.Arm({.at = at});
    EXPECT_EQ(WriteAll().message(), "injected fault") << at;
    EXPECT_TRUE(store_.has_struck());
    EXPECT_EQ(Left(), left[at]) << at;
  }
  store_.Arm({.at = left.size()});
  ASSERT_TRUE(inner_->DeleteDirectory("").ok());
  EXPECT_TRUE(WriteAll().ok());
  EXPECT_FALSE(store_.has_struck());
}

TEST_F(FaultyStoreTest, LosesTheReplyToWhatIsDone) {
  store_.Arm({.only = WriteCall::kPutIfAbsent, .kind = Kind::kLostReply});
  EXPECT_EQ(WriteAll().message(), "injected fault");
  EXPECT_EQ(Left(), "01234567 bbbb cccc");
  // What was not done has an answer of its own.
  store_.Arm({.kind = Kind::kLostReply});
  EXPECT_EQ(CategoryOf(store_.PutIfAbsent("c", BytesOf("x"))), ErrorCategory::kAlreadyExists);
}

TEST_F(FaultyStoreTest, TearsWrites) {
  for (const auto& [at, expected] : {std::pair<size_t, const char*>{0, "012"}, {1, "0123456"}}) {
    auto writer = store_.Create("a").ValueOrDie();
    store_.Arm({.at = at, .only = WriteCall::kWrite, .kind = Kind::kTorn, .torn_bytes = 3});
    const auto more = std::vector{arrow::Buffer::FromString("45"), arrow::Buffer::FromString("67")};
    EXPECT_EQ(writer->Write(BytesOf("0123")).ok(), at != 0);
    EXPECT_EQ(at == 1 && !writer->WriteMany(more).ok(), at == 1);
    EXPECT_EQ(writer->position(), std::string(expected).size());
    ASSERT_TRUE(writer->Finish().ok());
    EXPECT_EQ(ReadAll(*inner_, "a"), expected);
  }
  store_.Arm({.kind = Kind::kTorn, .torn_bytes = 1});
  EXPECT_FALSE(store_.Put("b", BytesOf("xyz")).ok());
  EXPECT_EQ(ReadAll(*inner_, "b"), "x");
}

TEST_F(FaultyStoreTest, CanStayBroken) {
  store_.Arm({.only = WriteCall::kPut, .for_good = true});
  EXPECT_FALSE(WriteAll().ok());
  EXPECT_FALSE(store_.Create("d").ok());
  EXPECT_FALSE(store_.Delete("a").ok());
  EXPECT_EQ(ReadAll(store_, "a"), "01234567");
  store_.Disarm();
  EXPECT_TRUE(store_.Delete("a").ok());
  EXPECT_TRUE(store_.DeleteDirectory("d").ok());
  EXPECT_EQ(store_.calls().size(), 9u);
}

}  // namespace
}  // namespace lancea
