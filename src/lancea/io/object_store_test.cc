#include "lancea/object_store.h"

#include <gtest/gtest.h>

#include "lancea/error.h"
#include "lancea/io/memory_store.h"
#include "lancea/io/store_conformance_for_test.h"

namespace lancea {
namespace {

// Has only what every store must have.
class ReadOnlyStore : public ObjectStore {
 public:
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path, uint64_t) override {
    return inner.Open(path);
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    return inner.List(path);
  }
  MemoryObjectStore inner;
};

TEST(ObjectStore, ThatIsOnlyReadRefusesToWriteNamingThePath) {
  ReadOnlyStore store;
  const arrow::Status refused[] = {
      store.Create("t/a").status(),           store.Put("t/a", BytesOf("x")),
      store.PutIfAbsent("t/a", BytesOf("x")), store.Delete("t/a"),
      store.DeleteDirectory("t/a"),
  };
  for (const arrow::Status& status : refused) {
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kUnsupported) << status;
    EXPECT_NE(status.message().find("t/a"), std::string::npos) << status;
  }
}

TEST(ObjectStore, PutsByCreateAndListsDetailsByListUnlessItKnowsBetter) {
  class CreatingStore : public ReadOnlyStore {
   public:
    arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path) override {
      return inner.Create(path);
    }
  } store;
  ASSERT_TRUE(store.Put("t/a", BytesOf("abc")).ok());
  EXPECT_EQ(ReadAll(store, "t/a"), "abc");
  EXPECT_EQ(store.ListWithDetails("t").ValueOrDie().size(), 1u);
}

}  // namespace
}  // namespace lancea
