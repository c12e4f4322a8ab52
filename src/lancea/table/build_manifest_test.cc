// What BuildManifest refuses, and effects no recorded commit shows. Effects of the usual
// operations: replay_test.cc.
#include "lancea/table/build_manifest.h"

#include <gtest/gtest.h>

#include "lancea/error.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/file_store_for_test.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/manifest_writer.h"
#include "lancea/table/transaction.h"
#include "lancea/util/serialize_message.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

Field IntField(int32_t id, const std::string& name) {
  Field field;
  field.id = id;
  field.name = name;
  field.logical_type = "int64";
  return field;
}

Schema TwoColumns() {
  Schema schema;
  schema.fields = {IntField(0, "a"), IntField(1, "b")};
  return schema;
}

DataFile File(const std::string& name, std::vector<int32_t> fields) {
  DataFile file;
  file.path = name;
  file.fields = std::move(fields);
  for (size_t i = 0; i < file.fields.size(); ++i) file.column_indices.push_back(i);
  file.file_major_version = 2;
  file.file_minor_version = 1;
  return file;
}

FragmentMetadata Fragment(const std::string& name, uint64_t rows = 10) {
  FragmentMetadata fragment;
  fragment.files = {File(name, {0, 1})};
  fragment.physical_rows = rows;
  return fragment;
}

IndexInfo Index(const std::string& name, std::vector<int32_t> fields,
                std::vector<uint32_t> fragments) {
  IndexInfo index;
  index.name = name;
  index.uuid = Uuid::Random().ToString();
  index.type_url = "/lance.table.BitmapIndexDetails";
  index.details = "";
  index.field_ids = std::move(fields);
  index.fragment_ids = std::move(fragments);
  return index;
}

arrow::Result<BuiltManifest> Commit(const BuiltManifest& previous, Operation operation,
                                    CommitSettings settings = {},
                                    const BuiltManifest* source = nullptr) {
  Transaction transaction{
      previous.manifest.version, Uuid::Random().ToString(), "", {}, std::move(operation)};
  return BuildManifest(&previous.manifest, previous.indices, transaction, settings, source);
}

BuiltManifest Create(CommitSettings settings = {}) {
  operation::Overwrite overwrite;
  overwrite.schema = TwoColumns();
  overwrite.fragments = {Fragment("x"), Fragment("y")};
  Transaction transaction{0, Uuid::Random().ToString(), "", {}, overwrite};
  return BuildManifest(nullptr, {}, transaction, settings).ValueOrDie();
}

BuiltManifest CreateStable() {
  CommitSettings settings;
  settings.stable_row_ids = true;
  return Create(settings);
}

std::optional<ErrorCategory> Category(const arrow::Result<BuiltManifest>& built) {
  EXPECT_FALSE(built.ok());
  return CategoryOf(built.status());
}

TEST(BuildManifest, CreatesVersionOne) {
  BuiltManifest table = Create();
  EXPECT_EQ(table.manifest.version, 1u);
  EXPECT_EQ(table.manifest.max_fragment_id, 1u);
  EXPECT_EQ(table.manifest.fragments[1].id, 1u);
  EXPECT_EQ(table.manifest.data_storage_version, "2.1");
  EXPECT_EQ(table.manifest.reader_feature_flags, 0u);
  EXPECT_EQ(table.manifest.writer_version->library, "lancea");
}

TEST(BuildManifest, CountersOutliveOverwriteAndRestore) {
  BuiltManifest first = CreateStable();
  EXPECT_EQ(first.manifest.next_row_id, 20u);
  operation::Overwrite overwrite;
  overwrite.schema = TwoColumns();
  overwrite.fragments = {Fragment("z")};
  BuiltManifest second = Commit(first, overwrite).ValueOrDie();
  EXPECT_EQ(second.manifest.fragments[0].id, 2u);
  EXPECT_EQ(second.manifest.next_row_id, 30u);
  BuiltManifest third = Commit(second, operation::Restore{1}, {}, &first).ValueOrDie();
  EXPECT_EQ(third.manifest.version, 3u);
  EXPECT_EQ(third.manifest.fragments, first.manifest.fragments);
  EXPECT_EQ(third.manifest.max_fragment_id, 2u);
  EXPECT_EQ(third.manifest.next_row_id, 30u);
}

TEST(BuildManifest, RefusesFragmentsTheTableDoesNotHave) {
  BuiltManifest table = Create();
  FragmentMetadata missing = Fragment("q");
  missing.id = 9;
  EXPECT_EQ(Category(Commit(table, operation::Delete{{missing}, {}, ""})),
            ErrorCategory::kInvalidInput);
  EXPECT_EQ(Category(Commit(table, operation::Delete{{}, {9}, ""})), ErrorCategory::kInvalidInput);
  operation::Update update;
  update.removed_fragment_ids = {9};
  EXPECT_EQ(Category(Commit(table, update)), ErrorCategory::kInvalidInput);
  operation::DataReplacement replacement;
  replacement.replacements = {{9, File("n", {1})}};
  EXPECT_EQ(Category(Commit(table, replacement)), ErrorCategory::kInvalidInput);
}

TEST(BuildManifest, RefusesBrokenFragments) {
  BuiltManifest table = Create();
  auto refused = [&](FragmentMetadata fragment) {
    return Category(Commit(table, operation::Append{{std::move(fragment)}}));
  };
  EXPECT_EQ(refused(Fragment("no rows", 0)), ErrorCategory::kInvalidInput);
  FragmentMetadata twice = Fragment("one");
  twice.files.push_back(File("two", {1}));
  EXPECT_EQ(refused(twice), ErrorCategory::kInvalidInput);
  FragmentMetadata outside = Fragment("../../etc");
  EXPECT_EQ(refused(outside), ErrorCategory::kInvalidInput);
  FragmentMetadata no_base = Fragment("n");
  no_base.files[0].base_id = 4;
  EXPECT_EQ(refused(no_base), ErrorCategory::kInvalidInput);
  FragmentMetadata has_id = Fragment("n");
  has_id.id = 1;  // of a fragment that is there
  EXPECT_EQ(refused(has_id), ErrorCategory::kInvalidInput);
  FragmentMetadata row_ids = Fragment("n");
  row_ids.row_ids.inline_bytes = RowIdSequence::FromRange(0, 10).Serialize();
  EXPECT_EQ(refused(row_ids), ErrorCategory::kInvalidInput);
  FragmentMetadata legacy = Fragment("n");
  legacy.files[0].file_major_version = 0;
  legacy.files[0].file_minor_version = 2;
  EXPECT_EQ(refused(legacy), ErrorCategory::kInvalidInput);
}

// As pylance 0.16 left some: two fragments of one id, and files of 0.1 beside newer ones.
TEST(BuildManifest, CommitsNothingToAMixtureOfFileVersionsButAnEarlierVersion) {
  BuiltManifest first = Create();
  BuiltManifest mixed = first;
  mixed.manifest.version = 2;
  mixed.manifest.data_storage_version = "0.1";
  FragmentMetadata legacy = mixed.manifest.fragments.back();
  legacy.files[0].path = "legacy";
  legacy.files[0].file_major_version = 0;
  legacy.files[0].file_minor_version = 2;
  mixed.manifest.fragments.push_back(legacy);
  EXPECT_EQ(Category(Commit(mixed, operation::Delete{{}, {}, "false"})), ErrorCategory::kCorrupt);
  auto restored = Commit(mixed, operation::Restore{1}, {}, &first);
  ASSERT_TRUE(restored.ok()) << restored.status().ToString();
  EXPECT_EQ(restored->manifest.fragments, first.manifest.fragments);
}

TEST(BuildManifest, RowIdsMustHaveBeenGiven) {
  BuiltManifest table = CreateStable();
  FragmentMetadata moved = Fragment("m");
  moved.row_ids.inline_bytes = RowIdSequence::FromRange(15, 21).Serialize();
  operation::Update update;
  update.new_fragments = {moved};
  EXPECT_EQ(Category(Commit(table, update)), ErrorCategory::kInvalidInput);
}

TEST(BuildManifest, UpsertedRowsKeepTheirIdsAndInsertedOnesGetNew) {
  BuiltManifest table = CreateStable();
  FragmentMetadata moved = Fragment("m");
  moved.row_ids.inline_bytes = RowIdSequence::FromValues({3, 12, 4}).Serialize();
  operation::Update update;
  update.new_fragments = {moved};
  BuiltManifest next = Commit(table, update).ValueOrDie();
  const FragmentMetadata& added = next.manifest.fragments.back();
  auto parse = [](const std::string& bytes) {
    return Bytes(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  };
  auto ids = *RowIdSequence::Parse(parse(*added.row_ids.inline_bytes));
  auto created = *RowVersionSequence::Parse(parse(*added.created_at_versions.inline_bytes));
  auto updated = *RowVersionSequence::Parse(parse(*added.last_updated_at_versions.inline_bytes));
  EXPECT_EQ(ids.Get(2), 4u);
  EXPECT_EQ(ids.Get(3), 20u);
  EXPECT_EQ(created.Get(2), 1u);
  EXPECT_EQ(created.Get(3), 2u);
  EXPECT_EQ(updated.Get(0), 2u);
  EXPECT_EQ(next.manifest.next_row_id, 27u);
}

// As pylance 14.0.2 does, which leaves only legacy tables.
TEST(BuildManifest, OverwriteKeepsTheTablesStorageVersion) {
  operation::Overwrite overwrite;
  overwrite.schema = TwoColumns();
  overwrite.fragments = {Fragment("n")};
  BuiltManifest table = Create();
  for (const auto& [own, next] : {std::pair("2.0", "2.0"), {"2.2", "2.2"}, {"0.1", "2.1"}}) {
    table.manifest.data_storage_version = own;
    const Manifest built = Commit(table, overwrite).ValueOrDie().manifest;
    EXPECT_EQ(built.data_storage_version, next) << own;
    EXPECT_EQ(built.reader_feature_flags & kFlagMixedFileVersions,
              own == std::string("0.1") ? 0 : kFlagMixedFileVersions);
  }
}

TEST(BuildManifest, FilesOfAnotherVersionSetTheFlag) {
  FragmentMetadata newer = Fragment("n");
  newer.files[0].file_minor_version = 2;
  BuiltManifest next = Commit(Create(), operation::Append{{newer}}).ValueOrDie();
  EXPECT_EQ(next.manifest.reader_feature_flags, kFlagMixedFileVersions);
  BuiltManifest later = Commit(next, operation::Delete{{}, {2}, ""}).ValueOrDie();
  EXPECT_EQ(later.manifest.writer_feature_flags, kFlagMixedFileVersions) << "sticky";
}

TEST(BuildManifest, FilesOfANewTableAgreeOnTheirVersion) {
  operation::Overwrite overwrite;
  overwrite.schema = TwoColumns();
  overwrite.fragments = {Fragment("x"), Fragment("y")};
  overwrite.fragments[1].files[0].file_minor_version = 2;
  Transaction transaction{0, Uuid::Random().ToString(), "", {}, overwrite};
  auto built = BuildManifest(nullptr, {}, transaction, {});
  EXPECT_EQ(Category(built), ErrorCategory::kInvalidInput);
  EXPECT_NE(built.status().message().find("Detected both 2.1 and 2.2"), std::string::npos);
}

TEST(BuildManifest, ColumnsRewrittenInPlaceLeaveTheirIndices) {
  BuiltManifest table = Create();
  table.indices = {Index("a_idx", {0}, {0, 1}), Index("b_idx", {1}, {0, 1})};
  operation::DataReplacement replacement;
  replacement.replacements = {{1, File("new", {1})}};
  BuiltManifest next = Commit(table, replacement).ValueOrDie();
  EXPECT_EQ(next.indices[0].fragment_ids, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(next.indices[1].fragment_ids, (std::vector<uint32_t>{0}));
  EXPECT_EQ(next.manifest.fragments[1].files[0].fields, (std::vector<int32_t>{0, -2}));
  EXPECT_EQ(next.manifest.fragments[1].files[1].path, "new");
}

TEST(BuildManifest, MovedRowsStayInIndicesOfOtherColumns) {
  BuiltManifest table = CreateStable();
  table.indices = {Index("a_idx", {0}, {0, 1}), Index("b_idx", {1}, {0, 1}),
                   Index("partly", {0}, {1})};
  IndexInfo zones = Index("zones", {0}, {0, 1});
  zones.type_url = "/lance.table.ZoneMapIndexDetails";
  table.indices.push_back(zones);
  operation::Update update;
  update.updated_fragments = {table.manifest.fragments[0]};
  FragmentMetadata moved = Fragment("m", 2);
  moved.row_ids.inline_bytes = RowIdSequence::FromRange(3, 5).Serialize();
  update.new_fragments = {moved};
  update.changed_fields = {1};
  BuiltManifest next = Commit(table, update).ValueOrDie();
  EXPECT_EQ(next.indices[0].fragment_ids, (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(next.indices[1].fragment_ids, (std::vector<uint32_t>{0, 1})) << "changed column";
  EXPECT_EQ(next.indices[2].fragment_ids, (std::vector<uint32_t>{1})) << "rows not indexed";
  EXPECT_EQ(next.indices[3].fragment_ids, (std::vector<uint32_t>{0, 1})) << "of addresses";
}

TEST(BuildManifest, RewritesOfPartlyIndexedGroupsAreRefused) {
  BuiltManifest table = CreateStable();
  table.indices = {Index("a_idx", {0}, {1})};
  operation::Rewrite rewrite;
  FragmentMetadata joined = Fragment("j", 20);
  joined.id = 5;
  joined.row_ids.inline_bytes = RowIdSequence::FromRange(0, 20).Serialize();
  joined.created_at_versions.inline_bytes = RowVersionSequence::Uniform(20, 1).Serialize();
  rewrite.groups = {{table.manifest.fragments, {joined}}};
  EXPECT_EQ(Category(Commit(table, rewrite)), ErrorCategory::kInvalidInput);
  table.indices.clear();
  EXPECT_EQ(Commit(table, rewrite).ValueOrDie().manifest.max_fragment_id, 5u);
  rewrite.groups[0].new_fragments[0].physical_rows = 19;
  EXPECT_EQ(Category(Commit(table, rewrite)), ErrorCategory::kInvalidInput) << "a row is lost";
}

TEST(BuildManifest, ClonesPointToWhereTheyCameFrom) {
  BuiltManifest table = Create();
  table.indices = {Index("a_idx", {0}, {0})};
  table.manifest.version = 8;
  operation::Clone clone;
  clone.ref_path = "/origin";
  clone.branch_name = "dev";
  Transaction transaction{0, Uuid::Random().ToString(), "", {}, clone};
  BuiltManifest branch = BuildManifest(nullptr, {}, transaction, {}, &table).ValueOrDie();
  EXPECT_EQ(branch.manifest.version, 8u);
  EXPECT_EQ(branch.manifest.branch, "dev");
  EXPECT_EQ(branch.manifest.base_paths, (std::vector<BasePath>{{0, "", true, "/origin"}}));
  EXPECT_EQ(branch.manifest.fragments[0].files[0].base_id, 0u);
  EXPECT_EQ(branch.indices[0].base_id, 0u);
  EXPECT_EQ(branch.manifest.reader_feature_flags, kFlagBasePaths);
}

TEST(BuildManifest, DeepClonesKeepOnlyWhatBlobsReferTo) {
  BuiltManifest table = Create();
  table.manifest.version = 3;
  table.manifest.base_paths = {{1, "data", true, "/other"}, {2, "blobs", false, "/blobs"}};
  table.manifest.fragments[0].files[0].base_id = 1;
  operation::Clone clone;
  clone.is_shallow = false;
  Transaction transaction{3, Uuid::Random().ToString(), "", {}, clone};
  BuiltManifest copy = BuildManifest(nullptr, {}, transaction, {}, &table).ValueOrDie();
  EXPECT_EQ(copy.manifest.version, 3u);
  EXPECT_TRUE(copy.manifest.base_paths.empty());
  EXPECT_EQ(copy.manifest.fragments[0].files[0].base_id, std::nullopt);
  table.manifest.schema.fields[0].metadata["ARROW:extension:name"] = "lance.blob.v2";
  copy = BuildManifest(nullptr, {}, transaction, {}, &table).ValueOrDie();
  ASSERT_EQ(copy.manifest.base_paths.size(), 1u);
  EXPECT_EQ(copy.manifest.base_paths[0].name, "blobs");
}

TEST(BuildManifest, BasePathsAreToldApart) {
  BuiltManifest table = Create();
  BuiltManifest next =
      Commit(table, operation::UpdateBases{{{0, "n", false, "/p"}, {0, "", false, "/q"}}})
          .ValueOrDie();
  EXPECT_EQ(next.manifest.base_paths[0].id, 1u);
  EXPECT_EQ(next.manifest.base_paths[1].id, 2u);
  for (const BasePath& same : {BasePath{0, "n", false, "/r"}, BasePath{0, "", false, "/p"},
                               BasePath{2, "m", false, "/r"}}) {
    EXPECT_EQ(Category(Commit(next, operation::UpdateBases{{same}})), ErrorCategory::kInvalidInput);
  }
}

TEST(BuildManifest, PrimaryKeysAreSetOnce) {
  BuiltManifest table = Create();
  operation::UpdateConfig set;
  set.field_metadata[0].entries["lance-schema:unenforced-primary-key"] = "true";
  BuiltManifest next = Commit(table, set).ValueOrDie();
  EXPECT_EQ(next.manifest.schema.fields[0].primary_key_position, 0);
  EXPECT_EQ(Category(Commit(next, set)), ErrorCategory::kInvalidInput);
  set.field_metadata[0].entries["lance-schema:unenforced-primary-key"] = "perhaps";
  EXPECT_EQ(Category(Commit(table, set)), ErrorCategory::kInvalidInput);
}

TEST(BuildManifest, RefusesTablesItCannotKeepTrue) {
  BuiltManifest table = Create();
  for (uint64_t flag : {uint64_t{1} << 20, kFlagObjectMetadata, kFlagManagedBlobs}) {
    BuiltManifest newer = table;
    newer.manifest.writer_feature_flags |= flag;
    EXPECT_EQ(Category(Commit(newer, operation::Append{})), ErrorCategory::kUnsupported) << flag;
  }
  EXPECT_EQ(Category(Commit(table, operation::Unknown{})), ErrorCategory::kUnsupported);
  EXPECT_EQ(Category(Commit(table, operation::Restore{1})), ErrorCategory::kInvalidInput);
}

TEST(BuildManifest, CountsOfVeryOldLibrariesDoNotBecomeTrusted) {
  BuiltManifest table = Create();
  table.indices = {Index("a_idx", {0}, {0})};
  table.manifest.writer_version.reset();
  BuiltManifest next = Commit(table, operation::Append{{Fragment("n")}}).ValueOrDie();
  EXPECT_FALSE(next.manifest.writer_version);
  EXPECT_FALSE(next.indices[0].has_fragment_bitmap);
  table.manifest.writer_version = WriterVersion{"lance", "0.8.9", {}, {}};
  next = Commit(table, operation::Append{{Fragment("n")}}).ValueOrDie();
  EXPECT_TRUE(next.manifest.writer_version);
  EXPECT_FALSE(next.indices[0].has_fragment_bitmap);
}

TEST(BuildManifest, FieldIdsOfStrictTablesAreNeverGivenAgain) {
  CommitSettings settings;
  settings.non_reusable_field_ids = true;
  BuiltManifest table = Create(settings);
  EXPECT_EQ(table.manifest.max_allocated_field_id, 1);
  EXPECT_EQ(table.manifest.writer_feature_flags, kFlagNonReusableFieldIds);
  operation::Overwrite overwrite;
  overwrite.schema = TwoColumns();
  EXPECT_EQ(Category(Commit(table, overwrite)), ErrorCategory::kInvalidInput);
  overwrite.schema.fields = {IntField(2, "a")};
  EXPECT_EQ(Commit(table, overwrite).ValueOrDie().manifest.max_allocated_field_id, 2);
}

TEST(BuildManifest, CompactionsOfTheLogAreRecordedOnce) {
  BuiltManifest table = Create();
  lance::table::CompactedSsTable compacted;
  compacted.mutable_shard_id()->set_uuid(std::string(16, 's'));
  compacted.set_generation(3);
  operation::UpdateMemWalState update{{compacted.SerializeAsString()}};
  EXPECT_EQ(Category(Commit(table, update)), ErrorCategory::kInvalidInput) << "no such log";
  IndexInfo log = Index(kMemWalIndexName, {}, {});
  log.has_fragment_bitmap = false;
  lance::table::MemWalIndexDetails details;
  details.add_index_catchup()->set_index_name("a_idx");
  log.details = details.SerializeAsString();
  table.indices = {Index("a_idx", {0}, {0, 1}), log};
  BuiltManifest next = Commit(table, update).ValueOrDie();
  lance::table::MemWalIndexDetails recorded;
  ASSERT_TRUE(recorded.ParseFromString(*next.indices[1].details));
  EXPECT_EQ(recorded.compacted_sstables(0).generation(), 3u);
  EXPECT_EQ(recorded.index_catchup_size(), 1);
  EXPECT_EQ(Category(Commit(next, update)), ErrorCategory::kInvalidInput) << "not newer";
  operation::DataReplacement replacement;
  replacement.replacements = {{1, File("new", {0})}};
  BuiltManifest changed = Commit(next, replacement).ValueOrDie();
  ASSERT_TRUE(recorded.ParseFromString(*changed.indices[1].details));
  EXPECT_EQ(recorded.index_catchup_size(), 0) << "the index covers less now";
}

TEST(SerializeManifest, LaysSectionsOutAsTheReaderExpects) {
  BuiltManifest table = Create();
  table.indices = {Index("a_idx", {0}, {0, 1})};
  Transaction transaction{1, Uuid::Random().ToString(), "", {}, operation::Append{{Fragment("n")}}};
  CommitSettings settings;
  settings.timestamp_nanos = 1'700'000'000'123'456'789;
  BuiltManifest next = *BuildManifest(&table.manifest, table.indices, transaction, settings);
  auto bytes = SerializeManifest(next.manifest, next.indices, &transaction).ValueOrDie();
  StoredBytesReader reader("m", bytes->ToString());
  auto read = ReadManifest(reader).ValueOrDie();
  EXPECT_EQ(read->index_section, 0u);
  EXPECT_EQ(read->timestamp_nanos, settings.timestamp_nanos);
  EXPECT_EQ(read->fragments, next.manifest.fragments);
  EXPECT_EQ(*ReadIndexSection(reader, *read), next.indices);
  auto section = *ReadSection(reader, *read->transaction_section, "transaction");
  EXPECT_EQ(section->ToString(), *SerializeTransaction(transaction));
  auto plain = SerializeManifest(next.manifest, {}, nullptr).ValueOrDie();
  StoredBytesReader plain_reader("m", plain->ToString());
  EXPECT_FALSE((*ReadManifest(plain_reader))->index_section);
  EXPECT_FALSE((*ReadManifest(plain_reader))->transaction_section);
}

}  // namespace
}  // namespace lancea
