#include "lancea/table/manifest.h"

#include <gtest/gtest.h>

#include <random>

#include "lancea/error.h"
#include "lancea/proto/table.pb.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/file_store_for_test.h"
#include "lancea/table/fragment.h"
#include "lancea/table/manifest_path.h"
#include "lancea/table/manifest_summary.h"
#include "lancea/table/transaction.h"
#include "lancea/table/versions.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

std::shared_ptr<const Manifest> LatestManifest(const std::string& table) {
  FileStoreForTest store;
  auto location = FindLatestManifest(store, TestDataPath(table)).ValueOrDie();
  auto reader = store.Open(location.path, 0).ValueOrDie();
  return ReadManifest(*reader).ValueOrDie();
}

TEST(Manifest, SaysWhatPylanceSays) {
  for (const char* table : {"history", "v1_names", "bitmap"}) {
    const Json& expected = PylanceAnswers()[table];
    auto manifest = LatestManifest(table);
    EXPECT_EQ(manifest->version, expected["version"]);
    EXPECT_EQ(manifest->data_storage_version, expected["data_storage_version"]);
    EXPECT_EQ(manifest->max_field_id(), expected["max_field_id"]);
    EXPECT_EQ(Json(manifest->config), expected["config"]);
    uint64_t num_rows = 0;
    ASSERT_EQ(manifest->fragments.size(), expected["fragments"].size());
    for (size_t i = 0; i < manifest->fragments.size(); ++i) {
      const FragmentMetadata& fragment = manifest->fragments[i];
      num_rows += fragment.num_rows();
      EXPECT_EQ(Json::parse(FragmentToJson(fragment)), expected["fragments"][i]);
      EXPECT_EQ(manifest->FindFragment(fragment.id), &fragment);
    }
    EXPECT_EQ(num_rows, expected["count_rows"]);
    EXPECT_EQ(manifest->writer_version->version, "14.0.2");
  }
}

TEST(Manifest, ListsIndices) {
  FileStoreForTest store;
  const Json& expected = PylanceAnswers()["history"]["indices"];
  auto location = *FindLatestManifest(store, TestDataPath("history"));
  auto reader = *store.Open(location.path, 0);
  auto manifest = *ReadManifest(*reader);
  auto indices = *ReadIndexSection(*reader, *manifest);
  ASSERT_EQ(indices.size(), expected.size());
  EXPECT_EQ(indices[0].name, expected[0]["name"]);
  EXPECT_EQ(indices[0].type_url, expected[0]["type_url"]);
  EXPECT_EQ(indices[0].uuid.size(), 36u);
  EXPECT_EQ(indices[0].fragment_ids, (std::vector<uint32_t>{0, 1}));
}

TEST(Manifest, NamesTheOperationOfItsTransaction) {
  FileStoreForTest store;
  std::vector<std::string> operations;
  for (const auto& location : *ListManifests(store, TestDataPath("history"))) {
    auto reader = *store.Open(location.path, 0);
    auto manifest = *ReadManifest(*reader);
    ASSERT_TRUE(manifest->transaction_section);
    auto section = *ReadSection(*reader, *manifest->transaction_section, "transaction");
    auto transaction = *ParseTransaction({section->data(), static_cast<size_t>(section->size())});
    operations.push_back(OperationName(transaction.operation));
    EXPECT_EQ(transaction.read_version, location.version - 1);
  }
  EXPECT_EQ(operations, (std::vector<std::string>{"Overwrite", "Delete", "Append", "Delete",
                                                  "UpdateConfig", "CreateIndex", "Project"}));
}

TEST(Manifest, BranchesPointToTheTableTheyCameFrom) {
  auto manifest = LatestManifest("history/tree/team/dev");
  EXPECT_EQ(manifest->branch, "team/dev");
  ASSERT_EQ(manifest->base_paths.size(), 1u);
  EXPECT_TRUE(manifest->base_paths[0].is_dataset_root);
  EXPECT_EQ(manifest->fragments[0].files[0].base_id, 0u);
  EXPECT_EQ(manifest->reader_feature_flags & kFlagBasePaths, kFlagBasePaths);
}

TEST(Manifest, VersionsAreWhatPylanceLists) {
  FileStoreForTest store;
  for (const char* table : {"history", "v1_names"}) {
    const Json& expected = PylanceAnswers()[table]["versions"];
    auto versions = *ReadVersions(store, TestDataPath(table));
    ASSERT_EQ(versions.size(), expected.size());
    for (size_t i = 0; i < versions.size(); ++i) {
      EXPECT_EQ(versions[i].version, expected[i]["version"]);
      EXPECT_EQ(versions[i].timestamp_nanos / 1000, expected[i]["micros"]);
      EXPECT_EQ(Json(versions[i].metadata), expected[i]["metadata"]);
    }
  }
}

TEST(Manifest, SummaryAndSkimAgree) {
  auto manifest = LatestManifest("history");
  EXPECT_EQ(Json(manifest->Summary()), PylanceAnswers()["history"]["versions"].back()["metadata"]);
}

TEST(Manifest, AsOfTakesTheNewestVersionStrictlyBefore) {
  FileStoreForTest store;
  std::string root = TestDataPath("history");
  auto versions = *ReadVersions(store, root);
  int64_t third = versions[2].timestamp_nanos / 1000;
  EXPECT_EQ(FindManifestAsOf(store, root, third)->version, 2u);
  EXPECT_EQ(FindManifestAsOf(store, root, third + 1)->version, 3u);
  EXPECT_EQ(FindManifestAsOf(store, root, INT64_MAX)->version, versions.back().version);
  EXPECT_EQ(CategoryOf(FindManifestAsOf(store, root, 0).status()), ErrorCategory::kNotFound);
}

std::string ManifestFile(const lance::table::Manifest& proto) {
  std::string message = proto.SerializeAsString(), file;
  auto append = [&](auto value) { file.append(reinterpret_cast<char*>(&value), sizeof(value)); };
  append(static_cast<uint32_t>(message.size()));
  file += message;
  append(uint64_t{0});
  append(uint32_t{2 << 16});
  return file + "LANC";
}

arrow::Result<std::shared_ptr<const Manifest>> ReadBytes(std::string bytes) {
  StoredBytesReader reader("m", std::move(bytes));
  return ReadManifest(reader);
}

TEST(Manifest, ReadsFragmentsOfTheSameId) {
  lance::table::Manifest proto;
  for (int id : {0, 1, 1, 2}) {
    auto* fragment = proto.add_fragments();
    fragment->set_id(id);
    fragment->set_physical_rows(10);
  }
  StoredBytesReader reader("m", ManifestFile(proto));
  auto manifest = ReadManifest(reader);
  ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
  EXPECT_EQ((*manifest)->FindFragment(1), &(*manifest)->fragments[1]);
  EXPECT_EQ((*manifest)->FindFragment(2), &(*manifest)->fragments[3]);
}

TEST(Manifest, LargeOnesTakeTwoReads) {
  lance::table::Manifest proto;
  for (int i = 0; i < 3000; ++i) {
    auto* fragment = proto.add_fragments();
    fragment->set_id(i);
    fragment->set_physical_rows(10);
    auto* file = fragment->add_files();
    file->set_path("0123456789012345678901234567890123456789.lance");
    file->set_file_major_version(2);
  }
  StoredBytesReader reader("m", ManifestFile(proto));
  auto manifest = *ReadManifest(reader);
  EXPECT_EQ(manifest->fragments.size(), 3000u);
  EXPECT_EQ(manifest->FindFragment(2999)->id, 2999u);
  EXPECT_EQ(manifest->FindFragment(3000), nullptr);
  EXPECT_EQ(reader.num_reads, 2);
}

TEST(Manifest, NamesTheUnknownReaderFlag) {
  lance::table::Manifest proto;
  proto.set_version(7);
  proto.set_reader_feature_flags(kFlagDeletionFiles | uint64_t{1} << 40);
  auto status = ReadBytes(ManifestFile(proto)).status();
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kUnsupported);
  EXPECT_NE(status.message().find("1099511627776"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("version 7"), std::string::npos) << status.message();
  // A flag for writers only stops no reader.
  proto.set_reader_feature_flags(0);
  proto.set_writer_feature_flags(uint64_t{1} << 40);
  EXPECT_TRUE(ReadBytes(ManifestFile(proto)).ok());
}

TEST(Manifest, InfersTheStorageVersionOfOldTables) {
  lance::table::Manifest proto;
  EXPECT_EQ((*ReadBytes(ManifestFile(proto)))->data_storage_version, "0.1");
  proto.set_writer_feature_flags(kFlagUseV2Format);
  EXPECT_EQ((*ReadBytes(ManifestFile(proto)))->data_storage_version, "2.0");
  auto* file = proto.add_fragments()->add_files();
  file->set_path("a.lance");
  file->set_file_minor_version(2);
  EXPECT_EQ((*ReadBytes(ManifestFile(proto)))->data_storage_version, "0.1");
}

TEST(Manifest, RefusesContradictions) {
  auto expect_corrupt = [](auto&& change) {
    lance::table::Manifest proto;
    auto* fragment = proto.add_fragments();
    fragment->set_physical_rows(10);
    auto* file = fragment->add_files();
    file->set_path("a.lance");
    file->set_file_major_version(2);
    ASSERT_TRUE(ReadBytes(ManifestFile(proto)).ok());
    change(proto, *fragment, *file);
    auto status = ReadBytes(ManifestFile(proto)).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kCorrupt) << status.ToString();
  };
  expect_corrupt([](auto&, auto&, auto& file) { file.set_path("../a"); });
  expect_corrupt([](auto&, auto&, auto& file) { file.set_path("/etc/passwd"); });
  expect_corrupt([](auto&, auto&, auto& file) { file.set_path("x/../../a"); });
  expect_corrupt([](auto&, auto&, auto& file) { file.set_path(""); });
  expect_corrupt([](auto&, auto&, auto& file) { file.add_fields(1); });
  expect_corrupt([](auto&, auto&, auto& file) {
    file.set_file_major_version(0);
    file.add_fields(2);
    file.add_fields(1);
  });
  expect_corrupt([](auto&, auto& fragment, auto&) {
    fragment.mutable_deletion_file()->set_num_deleted_rows(11);
  });
  expect_corrupt([](auto&, auto& fragment, auto&) { fragment.set_id(uint64_t{1} << 32); });
  expect_corrupt(
      [](auto&, auto& fragment, auto&) { fragment.set_physical_rows((uint64_t{1} << 32) + 1); });
  expect_corrupt(
      [](auto& proto, auto&, auto&) { proto.set_reader_feature_flags(kFlagStableRowIds); });
  expect_corrupt([](auto& proto, auto&, auto&) { proto.mutable_timestamp()->set_seconds(-5); });
}

TEST(Manifest, SurvivesTruncationAndFlippedBits) {
  std::string whole;
  for (const auto& entry : std::filesystem::directory_iterator(TestDataPath("history/_versions"))) {
    if (entry.file_size() > whole.size()) whole = ReadWholeFile(entry.path());
  }
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(ReadBytes(whole.substr(0, length)).ok()) << length;
  }
  std::mt19937 random(11);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = whole;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
    StoredBytesReader reader("m", bytes);
    auto manifest = ReadManifest(reader);
    if (manifest.ok()) {
      static_cast<void>(ReadIndexSection(reader, **manifest));
      static_cast<void>((*manifest)->Summary());
    }
    auto tail = ReadManifestTail(reader);
    if (tail.ok()) static_cast<void>(SkimManifest(tail->message));
  }
}

TEST(ManifestPath, NamesFollowBothSchemes) {
  EXPECT_EQ(ManifestName(1, ManifestNaming::kV1), "1.manifest");
  EXPECT_EQ(ManifestName(1, ManifestNaming::kV2), "18446744073709551614.manifest");
  EXPECT_EQ(ManifestName(18446744073709551610u, ManifestNaming::kV2),
            "d18446744073709551610.manifest");
  for (uint64_t version : {uint64_t{0}, uint64_t{1}, uint64_t{123456789}}) {
    for (ManifestNaming naming : {ManifestNaming::kV1, ManifestNaming::kV2}) {
      auto parsed = ParseManifestName(ManifestName(version, naming));
      EXPECT_EQ(parsed, (ParsedManifestName{version, naming, false}));
    }
  }
  for (const char* other :
       {"latest_version_hint.json", ".tmp_7.manifest_9c100374-3298-4537-afc6-f5ee7913666d",
        "7.manifest-9c100374", "x.manifest", ".manifest", "-1.manifest", "7.manifest.bak",
        "d7.manifest", "99999999999999999999.manifest"}) {
    EXPECT_EQ(ParseManifestName(other), std::nullopt) << other;
  }
}

TEST(ManifestPath, TheLatestVersionNeedsNoGoodHint) {
  MapStoreForTest store;
  auto put = [&](uint64_t version) {
    store.objects["t/_versions/" + ManifestName(version, ManifestNaming::kV2)] = "m";
  };
  auto latest = [&] { return FindLatestManifest(store, "t"); };
  EXPECT_EQ(CategoryOf(latest().status()), ErrorCategory::kNotFound);
  for (uint64_t version : {1, 2, 3, 4}) put(version);
  EXPECT_EQ(latest()->version, 4u);
  std::string& hint = store.objects["t/_versions/latest_version_hint.json"];
  store.num_lists = 0;
  hint = R"({"version":2})";
  EXPECT_EQ(latest()->version, 4u);
  EXPECT_EQ(store.num_lists, 0);
  for (const char* useless : {R"({"version":9})", "{", "[]", R"({"version":"4"})", ""}) {
    hint = useless;
    EXPECT_EQ(latest()->version, 4u) << useless;
  }
  store.objects["t/_versions/" + ManifestName(kDetachedVersionMask | 5, ManifestNaming::kV2)] = "m";
  EXPECT_EQ(latest()->version, 4u);
  store.objects["t/_versions/5.manifest"] = "m";
  EXPECT_EQ(CategoryOf(latest().status()), ErrorCategory::kCorrupt);
}

TEST(ManifestPath, FindsOneVersionUnderEitherScheme) {
  FileStoreForTest store;
  EXPECT_EQ(FindManifest(store, TestDataPath("history"), 3)->naming, ManifestNaming::kV2);
  EXPECT_EQ(FindManifest(store, TestDataPath("v1_names"), 2)->naming, ManifestNaming::kV1);
  auto missing = FindManifest(store, TestDataPath("history"), 99);
  EXPECT_EQ(CategoryOf(missing.status()), ErrorCategory::kNotFound);
}

TEST(Fragment, JsonSurvivesTheRoundTrip) {
  for (const Json& json : PylanceAnswers()["stable_row_ids"]["before"]["fragments"]) {
    FragmentMetadata fragment = *FragmentFromJson(json.dump());
    EXPECT_EQ(Json::parse(FragmentToJson(fragment)), json);
    EXPECT_EQ(*FragmentFromProto(FragmentToProto(fragment)), fragment);
  }
  FragmentMetadata spilled;
  spilled.row_ids.in_hidden_column = spilled.created_at_versions.in_hidden_column = true;
  EXPECT_EQ(*FragmentFromJson(FragmentToJson(spilled)), spilled);
}

TEST(Fragment, RefusesOtherJson) {
  for (const char* json :
       {"", "[]", "{}", R"({"id":0})", R"({"id":-1,"files":[]})", R"({"id":0,"files":[1]})",
        R"({"id":0,"files":[{"path":"../a","fields":[]}]})",
        R"({"id":0,"files":[],"physical_rows":"x"})",
        R"({"id":0,"files":[],"deletion_file":{"file_type":"tree"}})",
        R"({"id":0,"files":[],"row_id_meta":{"Inline":[300]}})"}) {
    auto fragment = FragmentFromJson(json);
    EXPECT_EQ(CategoryOf(fragment.status()), ErrorCategory::kInvalidInput) << json;
  }
}

TEST(Fragment, ADataFileCoversOnlyFieldsWithAColumn) {
  Schema schema;
  Field s;
  s.id = 0;
  s.name = "s";
  s.logical_type = "struct";
  for (int id : {1, 2}) {
    Field child;
    child.id = id;
    child.name = std::string(1, static_cast<char>('a' + id));
    child.logical_type = "int32";
    s.children.push_back(child);
  }
  schema.fields.push_back(s);
  DataFile file;
  file.path = "f";
  file.file_major_version = 2;
  file.file_minor_version = 1;
  file.fields = {0, 1, -2};
  file.column_indices = {-1, 0, 1};
  Schema stored = SchemaOfDataFile(schema, file);
  ASSERT_EQ(stored.fields.size(), 1u);
  ASSERT_EQ(stored.fields[0].children.size(), 1u);
  EXPECT_EQ(stored.fields[0].children[0].id, 1);
  // The header of a 2.0 struct says which structs are null though its children lie elsewhere.
  file.fields = {0};
  file.column_indices = {0};
  EXPECT_TRUE(SchemaOfDataFile(schema, file).fields.empty());
  file.file_minor_version = 0;
  EXPECT_EQ(SchemaOfDataFile(schema, file).fields[0].children.size(), 0u);
}

// Every manifest of the outside fixtures, whatever pylance wrote it, reads and lists.
TEST(Manifest, ReadsEveryFixture) {
  std::filesystem::path fixtures = LANCEA_SOURCE_DIR "/../shared/fixtures";
  if (!std::filesystem::is_directory(fixtures)) GTEST_SKIP() << "no fixtures here";
  FileStoreForTest store;
  int num_manifests = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixtures)) {
    if (!entry.is_directory() || entry.path().filename() != "_versions") continue;
    auto manifests = ListManifests(store, entry.path().parent_path().string());
    ASSERT_TRUE(manifests.ok()) << manifests.status().ToString();
    for (const ManifestLocation& location : *manifests) {
      auto reader = *store.Open(location.path, 0);
      auto manifest = ReadManifest(*reader);
      ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
      EXPECT_EQ((*manifest)->version, location.version) << location.path;
      EXPECT_TRUE(ToArrow((*manifest)->schema).ok()) << location.path;
      auto indices = ReadIndexSection(*reader, **manifest);
      EXPECT_TRUE(indices.ok()) << indices.status().ToString();
      auto info = ReadVersionInfo(store, location);
      ASSERT_TRUE(info.ok()) << info.status().ToString();
      EXPECT_EQ(info->metadata, (*manifest)->Summary()) << location.path;
      EXPECT_EQ(info->timestamp_nanos, (*manifest)->timestamp_nanos);
      ++num_manifests;
    }
  }
  EXPECT_GT(num_manifests, 300);
}

}  // namespace
}  // namespace lancea
