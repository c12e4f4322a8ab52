#include "lancea/table/refs_write.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "arrow/buffer.h"
#include "lancea/error.h"
#include "lancea/table/refs.h"
#include "lancea/table/table_for_commit_test.h"

namespace lancea {
namespace {

constexpr char kUri[] = "memory://tables/t";

class RefsWrite : public testing::Test {
 protected:
  CloneSource Main() { return {table_.Latest(), kUri, std::nullopt}; }

  nlohmann::ordered_json ReadFile(const std::string& path) {
    auto reader = *table_.store->Open(std::string(kTestRoot) + "/" + path);
    return nlohmann::ordered_json::parse((*reader->ReadAt({0, reader->size()}))->ToString());
  }

  TableForTest table_;
  ObjectStore& store_ = *table_.store;
};

TEST_F(RefsWrite, TagsAreCreatedOnceChangedAndDeleted) {
  auto tag = CreateTag(store_, kTestRoot, "v1.0", std::nullopt, 1);
  ASSERT_TRUE(tag.ok()) << tag.status();
  EXPECT_EQ(tag->manifest_size, table_.first.location.size);
  auto json = ReadFile("_refs/tags/v1.0.json");
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"branch", "version", "createdAt", "updatedAt",
                                            "manifestSize", "metadata"}));
  EXPECT_TRUE(json["branch"].is_null());
  EXPECT_EQ(json["createdAt"].get<std::string>().size(),
            std::string("2026-11-21T04:16:15.329391522Z").size());
  EXPECT_EQ(CategoryOf(CreateTag(store_, kTestRoot, "v1.0", std::nullopt, 1).status()),
            ErrorCategory::kAlreadyExists);

  ASSERT_TRUE(ReplaceTagMetadata(store_, kTestRoot, "v1.0", {{"k", "v"}}).ok());
  ASSERT_TRUE(Commit(table_.Target(), AppendOf(1, "second")).ok());
  auto moved = UpdateTag(store_, kTestRoot, "v1.0", "main", 2);
  ASSERT_TRUE(moved.ok()) << moved.status();
  auto read = *ReadTag(store_, kTestRoot, "v1.0");
  EXPECT_EQ(read.version, 2u);
  EXPECT_EQ(read.branch, std::nullopt);
  EXPECT_EQ(read.created_at, tag->created_at);
  EXPECT_EQ(read.metadata.at("k"), "v");

  ASSERT_TRUE(DeleteTag(store_, kTestRoot, "v1.0").ok());
  EXPECT_EQ(CategoryOf(DeleteTag(store_, kTestRoot, "v1.0")), ErrorCategory::kNotFound);
  EXPECT_EQ(CategoryOf(UpdateTag(store_, kTestRoot, "v1.0", std::nullopt, 1).status()),
            ErrorCategory::kNotFound);
}

TEST_F(RefsWrite, TagsNeedAVersionAndAName) {
  EXPECT_EQ(CategoryOf(CreateTag(store_, kTestRoot, "t", std::nullopt, 9).status()),
            ErrorCategory::kNotFound);
  EXPECT_EQ(CategoryOf(CreateTag(store_, kTestRoot, "t", "nobranch", 1).status()),
            ErrorCategory::kNotFound);
  EXPECT_EQ(CategoryOf(CreateTag(store_, kTestRoot, "../t", std::nullopt, 1).status()),
            ErrorCategory::kInvalidInput);
}

TEST_F(RefsWrite, BranchesBeginAsClonesOfTheSameNumber) {
  ASSERT_TRUE(Commit(table_.Target(), AppendOf(1, "second")).ok());
  auto first = CreateBranch(table_.store, kTestRoot, "team/dev", Main());
  ASSERT_TRUE(first.ok()) << first.status();
  const Manifest& manifest = *first->version.manifest;
  EXPECT_EQ(manifest.version, 2u);
  EXPECT_EQ(manifest.branch, "team/dev");
  ASSERT_EQ(manifest.base_paths.size(), 1u);
  EXPECT_EQ(manifest.base_paths[0].path, kUri);
  EXPECT_TRUE(manifest.base_paths[0].is_dataset_root);
  for (const auto& fragment : manifest.fragments) EXPECT_EQ(fragment.files[0].base_id, 0u);
  EXPECT_TRUE(first->version.location.path.starts_with("tables/t/tree/team/dev/_versions/"));

  auto json = ReadFile("_refs/branches/team%2Fdev.json");
  EXPECT_TRUE(json["parentBranch"].is_null());
  EXPECT_EQ(json["parentVersion"], 2);
  EXPECT_EQ(json["identifier"]["version_mapping"][0][0], 2);
  EXPECT_EQ(json["identifier"]["version_mapping"][0][1].get<std::string>().size(), 32u);
  EXPECT_EQ(CategoryOf(CreateBranch(table_.store, kTestRoot, "team/dev", Main()).status()),
            ErrorCategory::kAlreadyExists);

  // The branch goes its own way.
  CommitTarget on_branch = TargetOf(table_.store, first->version);
  on_branch.root = BranchRoot(kTestRoot, "team/dev");
  auto next = Commit(on_branch, AppendOf(2, "third"));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->version.manifest->version, 3u);
  EXPECT_EQ(next->version.manifest->branch, "team/dev");
  EXPECT_EQ(next->version.manifest->fragments.back().files[0].base_id, std::nullopt);
  EXPECT_EQ(table_.Latest().location.version, 2u);
}

TEST_F(RefsWrite, BranchesOfBranchesRememberWhereTheyComeFrom) {
  auto dev = CreateBranch(table_.store, kTestRoot, "dev", Main());
  ASSERT_TRUE(dev.ok()) << dev.status();
  CloneSource from_dev{dev->version, std::string(kUri) + "/tree/dev", "dev"};
  auto fix = CreateBranch(table_.store, kTestRoot, "dev/fix", from_dev);
  ASSERT_TRUE(fix.ok()) << fix.status();
  auto parent = ReadFile("_refs/branches/dev.json")["identifier"]["version_mapping"];
  auto mapping = ReadFile("_refs/branches/dev%2Ffix.json")["identifier"]["version_mapping"];
  ASSERT_EQ(mapping.size(), 2u);
  EXPECT_EQ(mapping[0], parent[0]);
  EXPECT_EQ(fix->version.manifest->base_paths.size(), 2u);
  EXPECT_EQ(fix->version.manifest->fragments[0].files[0].base_id, 0u) << "still the first table's";

  EXPECT_EQ(CategoryOf(DeleteBranch(store_, kTestRoot, "dev")), ErrorCategory::kInvalidInput);
  ASSERT_TRUE(CreateTag(store_, kTestRoot, "t", "dev/fix", 1).ok());
  EXPECT_EQ(CategoryOf(DeleteBranch(store_, kTestRoot, "dev/fix")), ErrorCategory::kInvalidInput);
  ASSERT_TRUE(DeleteTag(store_, kTestRoot, "t").ok());
  ASSERT_TRUE(DeleteBranch(store_, kTestRoot, "dev/fix").ok());
  EXPECT_EQ(FindLatestManifest(store_, BranchRoot(kTestRoot, "dev"))->version, 1u);
  EXPECT_FALSE(FindLatestManifest(store_, BranchRoot(kTestRoot, "dev/fix")).ok());
  ASSERT_TRUE(DeleteBranch(store_, kTestRoot, "dev").ok());
  EXPECT_FALSE(FindLatestManifest(store_, BranchRoot(kTestRoot, "dev")).ok());
  EXPECT_EQ(table_.Latest().location.version, 1u);
}

TEST_F(RefsWrite, DeletingABranchSparesThoseBelowItsPath) {
  ASSERT_TRUE(CreateBranch(table_.store, kTestRoot, "a", Main()).ok());
  ASSERT_TRUE(CreateBranch(table_.store, kTestRoot, "a/b", Main()).ok());
  ASSERT_TRUE(DeleteBranch(store_, kTestRoot, "a").ok());
  EXPECT_FALSE(FindLatestManifest(store_, BranchRoot(kTestRoot, "a")).ok());
  EXPECT_TRUE(FindLatestManifest(store_, BranchRoot(kTestRoot, "a/b")).ok());
  EXPECT_TRUE(CreateBranch(table_.store, kTestRoot, "a", Main()).ok());
}

TEST_F(RefsWrite, BranchesNeedANameThatIsNoDirectoryOfATable) {
  for (const char* name : {"main", "a//b", "../a", "a/_versions", "data"}) {
    auto branch = CreateBranch(table_.store, kTestRoot, name, Main());
    EXPECT_EQ(CategoryOf(branch.status()), ErrorCategory::kInvalidInput) << name;
  }
  EXPECT_EQ(CategoryOf(DeleteBranch(store_, kTestRoot, "none")), ErrorCategory::kNotFound);
  EXPECT_TRUE(DeleteBranch(store_, kTestRoot, "none", /*force=*/true).ok());
}

TEST_F(RefsWrite, ShallowClonesShareTheFiles) {
  CommitTarget target = TargetOf(std::make_shared<MemoryObjectStore>());
  target.root = "elsewhere";
  auto clone = ShallowClone(target, Main());
  ASSERT_TRUE(clone.ok()) << clone.status();
  EXPECT_EQ(clone->version.manifest->version, 1u);
  EXPECT_EQ(clone->version.manifest->branch, std::nullopt);
  EXPECT_EQ(clone->version.manifest->fragments[0].files[0].base_id, 0u);
  auto again = ShallowClone(target, Main());
  EXPECT_EQ(CategoryOf(again.status()), ErrorCategory::kAlreadyExists);
}

}  // namespace
}  // namespace lancea
