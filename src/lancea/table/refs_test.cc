#include "lancea/table/refs.h"

#include <gtest/gtest.h>

#include "lancea/error.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/file_store_for_test.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

TEST(Refs, AreThosePylanceLists) {
  FileStoreForTest store;
  std::string root = TestDataPath("history");
  const Json& expected = PylanceAnswers()["history"];
  auto tags = *ReadTags(store, root);
  ASSERT_EQ(tags.size(), expected["tags"].size());
  for (const auto& [name, tag] : tags) {
    EXPECT_EQ(tag.version, expected["tags"][name]["version"]);
    EXPECT_EQ(tag.manifest_size, expected["tags"][name]["manifest_size"]);
    EXPECT_EQ(tag.branch, std::nullopt);
    EXPECT_TRUE(tag.created_at);
    EXPECT_EQ(ReadTag(store, root, name)->version, tag.version);
  }
  auto branches = *ReadBranches(store, root);
  ASSERT_EQ(branches.size(), 1u);
  EXPECT_EQ(branches.at("team/dev").parent_version,
            expected["branches"]["team/dev"]["parent_version"]);
  EXPECT_EQ(branches.at("team/dev").created_at_seconds,
            expected["branches"]["team/dev"]["create_at"]);
  EXPECT_TRUE(ReadBranch(store, root, "team/dev").ok());
  EXPECT_TRUE(ReadTags(store, root + "/nowhere")->empty());
}

TEST(Refs, MissingOnesAreNamed) {
  FileStoreForTest store;
  auto tag = ReadTag(store, TestDataPath("history"), "v9");
  EXPECT_EQ(CategoryOf(tag.status()), ErrorCategory::kNotFound);
  EXPECT_NE(tag.status().message().find("\"v9\""), std::string::npos);
  for (const char* name : {"", "../x", "a/b", ".a", "a.", "a..b", "a.lock", "a b"}) {
    auto status = ReadTag(store, TestDataPath("history"), name).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << name;
  }
  for (const char* name : {"", "main", "/a", "a/", "a//b", "../x", "a\\b", "a.lock"}) {
    auto status = ReadBranch(store, TestDataPath("history"), name).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << name;
  }
}

TEST(Refs, OldFilesLackLaterMembers) {
  TagInfo tag = *ParseTag(R"({"version":3,"manifestSize":10})");
  EXPECT_EQ(tag.version, 3u);
  EXPECT_EQ(tag.created_at, std::nullopt);
  BranchInfo branch = *ParseBranch(
      R"({"parentBranch":"a","parentVersion":2,"createAt":5,"manifestSize":1,"metadata":{"k":"v"}})");
  EXPECT_EQ(branch.parent_branch, "a");
  EXPECT_EQ(branch.metadata.at("k"), "v");
}

TEST(Refs, RefusesOtherJson) {
  for (const char* json : {"", "{", "[]", "{}", R"({"version":-1,"manifestSize":1})",
                           R"({"version":1,"manifestSize":1,"branch":3})",
                           R"({"version":1,"manifestSize":1,"metadata":{"a":1}})"}) {
    EXPECT_EQ(CategoryOf(ParseTag(json).status()), ErrorCategory::kCorrupt) << json;
  }
}

TEST(Refs, BranchesLieInTheTree) {
  EXPECT_EQ(BranchRoot("/t", "team/dev"), "/t/tree/team/dev");
  EXPECT_EQ(BranchRoot("/t", "main"), "/t");
  EXPECT_EQ(*MainRoot("/t/tree/team/dev/", "team/dev"), "/t");
  EXPECT_EQ(*MainRoot("/t", std::nullopt), "/t");
  EXPECT_FALSE(MainRoot("/t/tree/other", "team/dev").ok());
}

TEST(BasePaths, ResolveToTheFileTheyName) {
  std::vector<BasePath> bases = {{0, "", true, "/other"}, {1, "", false, "s3://bucket/raw"}};
  DataFile file;
  file.path = "a.lance";
  auto data_path = [&](std::optional<uint32_t> id) {
    file.base_id = id;
    return LocateDataFile(bases, file)->FullPath("/own");
  };
  EXPECT_EQ(data_path(std::nullopt), "/own/data/a.lance");
  EXPECT_EQ(data_path(0), "/other/data/a.lance");
  EXPECT_EQ(data_path(1), "s3://bucket/raw/a.lance");
  file.base_id = 2;
  EXPECT_EQ(CategoryOf(LocateDataFile(bases, file).status()), ErrorCategory::kCorrupt);

  DeletionFile deletion;
  deletion.read_version = 4;
  deletion.id = 77;
  deletion.base_id = 0;
  EXPECT_EQ(LocateDeletionFile(bases, 3, deletion)->FullPath("/own"),
            "/other/_deletions/3-4-77.arrow");
  deletion.base_id = 1;
  EXPECT_FALSE(LocateDeletionFile(bases, 3, deletion).ok());
  EXPECT_EQ(LocateIndex(bases, "u", std::nullopt)->FullPath("/own"), "/own/_indices/u");
  EXPECT_EQ(LocateIndex(bases, "u", 1)->FullPath("/own"), "s3://bucket/raw/u");
}

}  // namespace
}  // namespace lancea
