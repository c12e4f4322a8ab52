#include "lancea/table/transaction.h"

#include <gtest/gtest.h>

#include "lancea/error.h"
#include "lancea/table/index_metadata.h"
#include "lancea/util/errors.h"
#include "lancea/util/serialize_message.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

Bytes AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

FragmentMetadata SomeFragment() {
  FragmentMetadata fragment;
  fragment.id = 4;
  fragment.physical_rows = 10;
  DataFile file;
  file.path = "a.lance";
  file.fields = {0, -2};
  file.column_indices = {0, 1};
  file.file_major_version = 2;
  file.file_minor_version = 1;
  file.base_id = 3;
  fragment.files = {file};
  fragment.deletion_file = DeletionFile{DeletionFile::Type::kBitmap, 5, 77, 3, std::nullopt};
  fragment.row_ids.inline_bytes = "ids";
  return fragment;
}

Schema SomeSchema() {
  Schema schema;
  Field field;
  field.id = 0;
  field.name = "a";
  field.logical_type = "int64";
  schema.fields = {field};
  return schema;
}

IndexInfo SomeIndex() {
  IndexInfo index;
  index.name = "a_idx";
  index.uuid = "00112233-4455-6677-8899-aabbccddeeff";
  index.type_url = "/lance.table.BTreeIndexDetails";
  index.details = "";
  index.field_ids = {0, 1};
  index.dataset_version = 3;
  index.fragment_ids = {0, 1, 2, 70000};
  index.index_version = 0;
  index.created_at_millis = 1234;
  index.base_id = 0;
  index.files = {{"page.lance", 100}};
  index.covering_fields = {1};
  index.clustering_id = 9;
  index.metadata = {{"key", "value"}};
  index.unknown_fields = "\xC0\x3E\x05";  // field 1000, varint 5
  return index;
}

std::vector<Operation> EveryOperation() {
  operation::Update update;
  update.removed_fragment_ids = {1};
  update.updated_fragments = {SomeFragment()};
  update.new_fragments = {SomeFragment()};
  update.fields_modified = {2, 3};
  update.changed_fields = {4};
  update.mode = operation::Update::Mode::kRewriteColumns;
  update.inserted_rows = operation::KeyExistenceFilter{{0}, std::vector<uint64_t>{1, 2, 3}};
  update.updated_fragment_offset_bitmaps = {{4, "bitmap"}};
  lance::table::CompactedSsTable compacted;
  compacted.set_generation(4);
  update.compacted_sstables = {compacted.SerializeAsString()};
  operation::Update bloom;
  bloom.inserted_rows = operation::KeyExistenceFilter{
      {0, 1}, operation::KeyExistenceFilter::Bloom{"bits", 64, 3, 0.5}};
  operation::UpdateConfig config;
  config.config = MapUpdate{{{"a", "1"}, {"b", std::nullopt}}, false};
  config.table_metadata = MapUpdate{{}, true};
  config.field_metadata[3] = MapUpdate{{{"unit", "m"}}, true};
  operation::Rewrite rewrite;
  rewrite.groups = {{{SomeFragment()}, {SomeFragment(), SomeFragment()}}};
  rewrite.rewritten_indices = {
      {SomeIndex().uuid, SomeIndex().uuid, "/x", "details", 2, {{"f", 1}}}};
  operation::DataReplacement replacement;
  replacement.replacements = {{4, SomeFragment().files[0]}};
  operation::Clone clone;
  clone.ref_name = "main";
  clone.ref_version = 3;
  clone.ref_path = "/somewhere";
  clone.branch_name = "dev";
  operation::Delete deletion{{SomeFragment()}, {2, 3}, "a > 1"};
  operation::Overwrite overwrite{
      {SomeFragment()}, SomeSchema(), {{"k", "v"}}, {{1, "n", true, "/p"}}};
  overwrite.schema.metadata = {{"purpose", "test"}};
  return {operation::Append{{SomeFragment()}},
          deletion,
          overwrite,
          operation::CreateIndex{{SomeIndex()}, {SomeIndex()}},
          rewrite,
          operation::Merge{{SomeFragment()}, SomeSchema(), true},
          operation::Project{SomeSchema(), true},
          operation::Restore{7},
          operation::ReserveFragments{12},
          update,
          bloom,
          config,
          replacement,
          operation::UpdateMemWalState{{compacted.SerializeAsString()}},
          clone,
          operation::UpdateBases{{{0, "n", false, "/q"}}}};
}

TEST(Transaction, EveryOperationReadsBack) {
  for (const Operation& operation : EveryOperation()) {
    SCOPED_TRACE(OperationName(operation));
    Transaction transaction{
        6, Uuid::Random().ToString(), "tag", {{"__lance_commit_message", "hello"}}, operation};
    std::string bytes = SerializeTransaction(transaction).ValueOrDie();
    Transaction read = ParseTransaction(AsBytes(bytes)).ValueOrDie();
    EXPECT_EQ(read.operation.index(), operation.index());
    EXPECT_EQ(read.read_version, 6u);
    EXPECT_EQ(read.uuid, transaction.uuid);
    EXPECT_EQ(read.properties, transaction.properties);
    EXPECT_EQ(SerializeTransaction(read).ValueOrDie(), bytes);
  }
}

TEST(Transaction, OperationsOfNewerLibrariesStayWhatTheyAre) {
  // Field 150, length 3: an operation nobody knows yet.
  std::string bytes = std::string("\x08\x05\x12\x01u", 5) + std::string("\xB2\x09\x03xyz", 6);
  Transaction transaction = ParseTransaction(AsBytes(bytes)).ValueOrDie();
  EXPECT_EQ(transaction.read_version, 5u);
  EXPECT_STREQ(OperationName(transaction.operation), "Unknown");
  EXPECT_EQ(SerializeTransaction(transaction).ValueOrDie(), bytes);
}

TEST(Transaction, OperationsThatCannotBeRepresentedAreUnknown) {
  lance::table::Transaction proto;
  proto.mutable_append()->add_fragments()->add_overlays();
  EXPECT_STREQ(OperationName(TransactionFromProto(proto).operation), "Unknown");
  proto.mutable_data_overlay();
  EXPECT_STREQ(OperationName(TransactionFromProto(proto).operation), "Unknown");
}

TEST(Transaction, ReadsTheOldFormOfUpdateConfig) {
  lance::table::Transaction proto;
  auto* old_form = proto.mutable_update_config();
  (*old_form->mutable_upsert_values())["a"] = "1";
  old_form->add_delete_keys("b");
  (*old_form->mutable_schema_metadata())["s"] = "2";
  (*(*old_form->mutable_field_metadata())[3].mutable_metadata())["unit"] = "m";
  auto update = std::get<operation::UpdateConfig>(TransactionFromProto(proto).operation);
  EXPECT_EQ(update.config, (MapUpdate{{{"a", "1"}, {"b", std::nullopt}}, false}));
  EXPECT_EQ(update.schema_metadata, (MapUpdate{{{"s", "2"}}, true}));
  EXPECT_EQ(update.field_metadata.at(3), (MapUpdate{{{"unit", "m"}}, true}));
}

TEST(Transaction, ReadsTheFlatListsOfRewrite) {
  lance::table::Transaction proto;
  proto.mutable_rewrite()->add_old_fragments()->set_id(1);
  proto.mutable_rewrite()->add_new_fragments()->set_id(2);
  auto rewrite = std::get<operation::Rewrite>(TransactionFromProto(proto).operation);
  ASSERT_EQ(rewrite.groups.size(), 1u);
  EXPECT_EQ(rewrite.groups[0].old_fragments[0].id, 1u);
  EXPECT_EQ(rewrite.groups[0].new_fragments[0].id, 2u);
}

TEST(IndexMetadata, ReadsBackWithFieldsOfNewerLibraries) {
  std::string bytes = SerializeIndexSection({SomeIndex()}).ValueOrDie();
  EXPECT_EQ(ParseIndexSection(AsBytes(bytes)).ValueOrDie(), std::vector{SomeIndex()});
}

TEST(IndexMetadata, CoveringNothingIsNotTheSameAsNotRecorded) {
  IndexInfo empty = SomeIndex(), unknown = SomeIndex();
  empty.fragment_ids.clear();
  unknown.fragment_ids.clear();
  unknown.has_fragment_bitmap = false;
  std::string bytes = SerializeIndexSection({empty, unknown}).ValueOrDie();
  auto read = ParseIndexSection(AsBytes(bytes)).ValueOrDie();
  EXPECT_TRUE(read[0].has_fragment_bitmap);
  EXPECT_FALSE(read[1].has_fragment_bitmap);
}

TEST(IndexMetadata, RefusesWhatIsNoUuid) {
  for (const char* uuid :
       {"", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeefg",
        "001122334455-6677-8899-aabbccddeeffaa"}) {
    IndexInfo index = SomeIndex();
    index.uuid = uuid;
    EXPECT_EQ(CategoryOf(IndexToProto(index).status()), ErrorCategory::kInvalidInput) << uuid;
  }
  EXPECT_EQ(FormatUuid(*ParseUuid(SomeIndex().uuid)), SomeIndex().uuid);
  EXPECT_EQ(FormatUuid("too few bytes"), "");
}

}  // namespace
}  // namespace lancea
