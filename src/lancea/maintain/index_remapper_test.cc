#include "lancea/index_remapper.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/compaction.h"
#include "lancea/dataset.h"
#include "lancea/error.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

constexpr char kUuid[] = "00000000-0000-4000-8000-000000000001";
constexpr char kNewUuid[] = "00000000-0000-4000-8000-000000000002";

FragmentMetadata Fragment(uint64_t id, uint64_t num_rows) {
  FragmentMetadata fragment;
  fragment.id = id;
  fragment.physical_rows = num_rows;
  return fragment;
}

constexpr uint64_t At(uint64_t fragment, uint64_t row) { return fragment << 32 | row; }

TEST(RowAddressMap, FollowsLiveRowsAcrossFragments) {
  RowAddressMap map;
  ASSERT_TRUE(
      map.AddGroup({0, 1}, {{0, 0, 2}, {0, 3, 5}, {1, 0, 3}}, {Fragment(7, 3), Fragment(8, 4)})
          .ok());
  EXPECT_EQ(map.Find(At(0, 1)), At(7, 1));
  EXPECT_EQ(map.Find(At(0, 2)), std::nullopt) << "deleted";
  EXPECT_EQ(map.Find(At(0, 3)), At(7, 2));
  EXPECT_EQ(map.Find(At(0, 4)), At(8, 0));
  EXPECT_EQ(map.Find(At(1, 2)), At(8, 3));
  EXPECT_EQ(map.Find(At(1, 3)), std::nullopt) << "behind the last";
  EXPECT_EQ(map.Find(At(2, 9)), At(2, 9)) << "not rewritten";
}

TEST(RowAddressMap, RefusesAnotherNumberOfRows) {
  EXPECT_FALSE(RowAddressMap().AddGroup({0}, {{0, 0, 5}}, {Fragment(7, 4)}).ok());
  EXPECT_FALSE(RowAddressMap().AddGroup({0}, {{0, 0, 5}}, {Fragment(7, 6)}).ok());
  EXPECT_FALSE(RowAddressMap().AddGroup({0}, {{0, 0, 5}}, {Fragment(7, 5), Fragment(8, 1)}).ok());
}

// Fragments of ten rows in memory; an index without files covers the first three.
class CompactionOfIndexed : public testing::Test {
 protected:
  void SetUp() override {
    Host host;
    host.object_store = std::make_shared<MemoryObjectStore>();
    auto session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    arrow::Int64Builder ids;
    for (int64_t i = 0; i < 50; ++i) ASSERT_TRUE(ids.Append(i).ok());
    const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
    const auto batch = arrow::RecordBatch::Make(schema, 50, {*ids.Finish()});
    WriteOptions options;
    options.session = session;
    options.max_rows_per_file = 10;
    auto written = WriteDataset(*arrow::RecordBatchReader::Make({batch}, schema), "table", options);
    ASSERT_TRUE(written.ok()) << written.status();
    IndexInfo index;
    index.name = "by id";
    index.uuid = kUuid;
    index.type_url = "/test.IndexDetails";
    index.details = "";
    index.field_ids = {0};
    index.dataset_version = 1;
    index.fragment_ids = {0, 1, 2};
    Transaction transaction;
    transaction.read_version = 1;
    transaction.operation = operation::CreateIndex{{index}, {}};
    auto committed = CommitTransaction("table", *written, transaction);
    ASSERT_TRUE(committed.ok()) << committed.status();
    dataset_ = *committed;
  }

  std::vector<std::vector<uint64_t>> Planned(const CompactionOptions& options = {}) {
    auto plan = PlanCompaction(*dataset_, options);
    EXPECT_TRUE(plan.ok()) << plan.status();
    std::vector<std::vector<uint64_t>> out;
    for (const auto& task : plan->tasks) {
      auto& ids = out.emplace_back();
      for (const auto& fragment : task) ids.push_back(fragment.id);
    }
    return out;
  }

  std::shared_ptr<Dataset> dataset_;
};

using Tasks = std::vector<std::vector<uint64_t>>;

TEST_F(CompactionOfIndexed, LeavesAloneWhatNobodyCanRemap) {
  EXPECT_EQ(Planned(), (Tasks{{3, 4}}));
  CompactionOptions deferred;
  deferred.defer_index_remap = true;
  EXPECT_EQ(Planned(deferred), (Tasks{{0, 1, 2}, {3, 4}}));
  auto plan = *PlanCompaction(*dataset_, deferred);
  auto task = plan.Task(0);
  task.options.defer_index_remap = false;
  EXPECT_EQ(CategoryOf(ExecuteCompaction(*dataset_, task).status()), ErrorCategory::kUnsupported)
      << "planned elsewhere";
  auto compacted = CompactFiles(dataset_);
  ASSERT_TRUE(compacted.ok()) << compacted.status();
  EXPECT_EQ(compacted->dataset->fragments().size(), 4u);
  EXPECT_EQ(compacted->dataset->indices()[0].fragment_ids, (std::vector<uint32_t>{0, 1, 2}));
}

class RemapperForTest : public IndexRemapper {
 public:
  bool CanRemap(const IndexInfo& index) const override {
    return index.type_url == "/test.IndexDetails";
  }
  arrow::Result<operation::RewrittenIndex> Remap(const Dataset&, const IndexInfo& index,
                                                 const RowAddressMap& rows) const override {
    first = rows.Find(At(0, 0));
    last = rows.Find(At(2, 9));
    other = rows.Find(At(3, 0));
    operation::RewrittenIndex out;
    out.old_uuid = index.uuid;
    out.new_uuid = kNewUuid;
    out.details_type_url = index.type_url;
    return out;
  }
  mutable std::optional<uint64_t> first, last, other;
};

TEST_F(CompactionOfIndexed, RewritesIndicesWithTheirFragments) {
  auto remapper = std::make_shared<const RemapperForTest>();
  AddIndexRemapper(remapper);
  EXPECT_EQ(Planned(), (Tasks{{0, 1, 2}, {3, 4}}));
  auto compacted = CompactFiles(dataset_);
  RemoveIndexRemapper(remapper.get());
  ASSERT_TRUE(compacted.ok()) << compacted.status();
  const auto& fragments = compacted->dataset->fragments();
  ASSERT_EQ(fragments.size(), 2u);
  const uint64_t joined = fragments[0].id;
  EXPECT_EQ(remapper->first, At(joined, 0));
  EXPECT_EQ(remapper->last, At(joined, 29));
  EXPECT_EQ(remapper->other, At(fragments[1].id, 0)) << "of another task";
  const IndexInfo index = compacted->dataset->indices()[0];
  EXPECT_EQ(index.uuid, kNewUuid);
  EXPECT_EQ(index.fragment_ids, (std::vector<uint32_t>{static_cast<uint32_t>(joined)}));
}

}  // namespace
}  // namespace lancea
