#include "lancea/table/rebase.h"

#include <gtest/gtest.h>

#include "lancea/error.h"
#include "lancea/table/deletion_vector.h"
#include "lancea/table/table_for_commit_test.h"

namespace lancea {
namespace {

/// A table whose fragment 0 lost `theirs` to another writer since version 1, which both had read.
class RebaseOfDeletes : public testing::Test {
 protected:
  arrow::Result<CommitResult> DeleteFrom1(std::vector<ValueRange> rows) {
    CommitTarget target = table_.Target();
    uint64_t num_deleted = CountValues(rows);
    std::string bytes = SerializeRoaringBitmap(rows);
    Transaction deletes = DeleteOf(1, table_.first.manifest->fragments[0], num_deleted);
    auto& fragment = std::get<operation::Delete>(deletes.operation).updated_fragments[0];
    fragment.deletion_file->id = ++next_id_;
    ARROW_RETURN_NOT_OK(
        table_.store->Put(std::string(kTestRoot) + "/" + fragment.deletion_file->Path(0),
                          {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
    if (rows_are_known_) {
      target.affected_rows = std::make_shared<const AffectedRows>(AffectedRows{{0, rows}});
    }
    return Commit(target, deletes);
  }

  std::vector<RowRange> DeletedRows(const CommitResult& committed) {
    const FragmentMetadata& fragment = committed.version.manifest->fragments.at(0);
    auto reader =
        table_.store->Open(std::string(kTestRoot) + "/" + fragment.deletion_file->Path(0));
    return (*ReadDeletionFile(**reader, fragment))->DeletedRanges();
  }

  TableForTest table_;
  uint64_t next_id_ = 100;
  bool rows_are_known_ = true;
};

TEST_F(RebaseOfDeletes, MergesRowsOfBothIntoANewDeletionFile) {
  ASSERT_TRUE(DeleteFrom1({{3, 4}}).ok());
  auto ours = DeleteFrom1({{5, 5}, {90, 99}});
  ASSERT_TRUE(ours.ok()) << ours.status();
  const auto& file = *ours->version.manifest->fragments[0].deletion_file;
  EXPECT_EQ(file.num_deleted_rows, 13u);
  EXPECT_EQ(file.read_version, 2u);
  EXPECT_EQ(DeletedRows(*ours), (std::vector<RowRange>{{3, 6}, {90, 100}}));
  auto third = DeleteFrom1({{0, 0}});
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(DeletedRows(*third), (std::vector<RowRange>{{0, 1}, {3, 6}, {90, 100}}));
  EXPECT_EQ(third->transaction.read_version, 3u);
}

TEST_F(RebaseOfDeletes, RemovesAFragmentThatIsEmptyThen) {
  ASSERT_TRUE(DeleteFrom1({{0, 49}}).ok());
  auto ours = DeleteFrom1({{50, 99}});
  ASSERT_TRUE(ours.ok()) << ours.status();
  EXPECT_TRUE(ours->version.manifest->fragments.empty());
}

TEST_F(RebaseOfDeletes, RefusesARowThatBothDelete) {
  ASSERT_TRUE(DeleteFrom1({{3, 4}}).ok());
  auto ours = DeleteFrom1({{4, 5}});
  EXPECT_EQ(CategoryOf(ours.status()), ErrorCategory::kRetryableConflict) << ours.status();
}

TEST_F(RebaseOfDeletes, NeedsToKnowTheRows) {
  ASSERT_TRUE(DeleteFrom1({{3, 4}}).ok());
  rows_are_known_ = false;
  auto ours = DeleteFrom1({{5, 5}});
  EXPECT_EQ(CategoryOf(ours.status()), ErrorCategory::kRetryableConflict) << ours.status();
}

TEST(Rebase, IndicesForgetFragmentsWhoseColumnsWereRewritten) {
  operation::Update update;
  update.updated_fragments = {FragmentOf("x", 1)};
  update.fields_modified = {0};
  NewerVersions newer;
  newer.latest.manifest = std::make_shared<const Manifest>();
  newer.latest.indices = std::make_shared<const std::vector<IndexInfo>>();
  newer.transactions.push_back({2, TransactionOf(1, update)});
  operation::CreateIndex create;
  create.new_indices.resize(2);
  create.new_indices[0].field_ids = {0};
  create.new_indices[1].field_ids = {1};
  for (IndexInfo& index : create.new_indices) index.fragment_ids = {0, 1, 2};
  MemoryObjectStore store;
  const std::string root = kTestRoot;
  const BaseResolver no_bases;
  auto rebased = Rebase(TransactionOf(1, create), newer, {store, root, nullptr, nullptr, no_bases});
  ASSERT_TRUE(rebased.ok());
  const auto& indices = std::get<operation::CreateIndex>(rebased->operation).new_indices;
  EXPECT_EQ(indices[0].fragment_ids, (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(indices[1].fragment_ids, (std::vector<uint32_t>{0, 1, 2}));
}

}  // namespace
}  // namespace lancea
