#include "lancea/table/conflict_rules.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <sstream>

#include "lancea/error.h"
#include "lancea/proto/table.pb.h"
#include "lancea/table/index_metadata.h"

// Operations are written with the members a case is about; the others are empty.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace lancea {
namespace {

using enum Compatibility;

constexpr char kUuidA[] = "00000000-0000-4000-8000-00000000000a";
constexpr char kUuidB[] = "00000000-0000-4000-8000-00000000000b";

Transaction Of(Operation operation, const char* uuid = kUuidA) {
  Transaction transaction;
  transaction.read_version = 1;
  transaction.uuid = uuid;
  transaction.operation = std::move(operation);
  return transaction;
}

FragmentMetadata Fragment(uint64_t id) {
  FragmentMetadata fragment;
  fragment.id = id;
  fragment.physical_rows = 100;
  fragment.files.push_back(
      {.path = std::to_string(id) + ".lance", .fields = {0, 1}, .column_indices = {0, 1}});
  return fragment;
}

Schema TwoFields() {
  Schema schema;
  for (int32_t id : {0, 1}) {
    Field field;
    field.id = id;
    field.name = std::string(1, static_cast<char>('a' + id));
    field.logical_type = "int32";
    schema.fields.push_back(field);
  }
  return schema;
}

IndexInfo Index(const std::string& name, std::vector<uint32_t> fragments, const char* uuid,
                std::vector<int32_t> fields = {0}) {
  IndexInfo index;
  index.name = name;
  index.uuid = uuid;
  index.field_ids = std::move(fields);
  index.fragment_ids = std::move(fragments);
  return index;
}

std::string SsTable(const std::string& shard, uint64_t generation) {
  lance::table::CompactedSsTable proto;
  proto.mutable_shard_id()->set_uuid(shard);
  proto.set_generation(generation);
  return proto.SerializeAsString();
}

MapUpdate Set(const std::string& key) { return {.entries = {{key, "value"}}}; }

/// One operation of each kind, touching what `variant` says: two of different variants have no
/// fragment, index, key, path or shard in common, two of the same have.
Operation Make(const std::string& kind, uint32_t variant) {
  const std::string name = std::to_string(variant);
  const uint64_t fragment = variant;
  if (kind == "App") return operation::Append{.fragments = {Fragment(0)}};
  if (kind == "Del") return operation::Delete{.updated_fragments = {Fragment(fragment)}};
  if (kind == "Ovw") {
    return operation::Overwrite{.schema = TwoFields(), .config_upsert_values = {{name, "x"}}};
  }
  if (kind == "CIdx") {
    return operation::CreateIndex{
        .new_indices = {Index("i" + name, {variant}, kUuidA, {static_cast<int32_t>(variant)})}};
  }
  if (kind == "Rewr") {
    return operation::Rewrite{
        .groups = {{.old_fragments = {Fragment(fragment)}, .new_fragments = {Fragment(900)}}}};
  }
  if (kind == "Merge") {
    return operation::Merge{.schema = TwoFields(), .preserves_nullability = true};
  }
  if (kind == "Rest") return operation::Restore{.version = 1};
  if (kind == "Resv") return operation::ReserveFragments{.num_fragments = 1};
  if (kind == "Upd") {
    return operation::Update{.updated_fragments = {Fragment(fragment)},
                             .new_fragments = {Fragment(0)},
                             .compacted_sstables = {SsTable(name, 5)}};
  }
  if (kind == "Proj") {
    return operation::Project{.schema = TwoFields(), .preserves_nullability = true};
  }
  if (kind == "Conf") return operation::UpdateConfig{.config = Set(name)};
  if (kind == "DRep") {
    return operation::DataReplacement{
        .replacements = {{.fragment_id = fragment,
                          .new_file = {.path = "r", .fields = {static_cast<int32_t>(variant)}}}}};
  }
  if (kind == "MWal") return operation::UpdateMemWalState{.compacted_sstables = {SsTable(name, 5)}};
  if (kind == "Clone") return operation::Clone{};
  if (kind == "Bases") {
    return operation::UpdateBases{.new_bases = {{.id = variant + 1, .path = "/" + name}}};
  }
  return operation::Unknown{};
}

// The document's table, for operations that have something in common (left of '/') and nothing
// (right). One letter where it makes no difference: Y compatible, R retryable, I incompatible.
// The MemWAL columns beside CreateIndex are those of an index that is not the MemWAL's.
constexpr char kMatrix[] = R"(
       App Del Ovw CIdx Rewr Merge Rest Resv Upd Proj Conf DRep MWal Clone Bases Unknown
App    Y   Y   I   Y    Y    Y     I    Y    Y   Y    Y    Y    I    Y     Y     I
Del    Y   R/Y I   Y    R/Y  R     I    Y    R/Y Y    Y    R/Y  I    Y     Y     I
Ovw    Y   Y   I/R Y    Y    Y     Y    Y    Y   Y    I/Y  Y    I    Y     Y     I
CIdx   Y   Y   I   R/Y  R/Y  Y     I    Y    Y   Y    Y    R/Y  I    Y     Y     I
Rewr   Y   R/Y I   R/Y  R/Y  R     I    Y    R/Y Y    Y    R/Y  Y    Y     Y     I
Merge  R   R   I   Y    R    R     I    Y    R   I    Y    R    I    Y     Y     I
Rest   Y   Y   Y   Y    Y    Y     Y    Y    Y   Y    Y    Y    I    Y     Y     I
Resv   Y   Y   I   Y    Y    Y     I    Y    Y   Y    Y    Y    Y    Y     Y     I
Upd    Y   R/Y I   Y    R/Y  R     I    Y    R/Y Y    Y    R/Y  I/Y  Y     Y     I
Proj   Y   Y   I   Y    Y    R     I    Y    Y   R    Y    Y    I    Y     Y     I
Conf   Y   Y   I/Y Y    Y    Y     Y    Y    Y   Y    I/Y  Y    Y    Y     Y     I
DRep   Y   Y   I   R/Y  R/Y  R     I    Y    R/Y Y    Y    R/Y  I    Y     Y     I
MWal   I   I   I   Y    Y    I     I    Y    I/Y I    Y    I    I/Y  I     Y     I
Clone  Y   Y   Y   Y    Y    Y     Y    Y    Y   Y    Y    Y    Y    Y     Y     I
Bases  Y   Y   Y   Y    Y    Y     Y    Y    Y   Y    Y    Y    Y    Y     I/Y   I
Unknown I  I   I   I    I    I     I    I    I   I    I    I    I    I     I     I
)";

char Letter(const Transaction& ours, const Transaction& theirs,
            const ConflictContext& context = {}) {
  auto verdict = CheckConflict(ours, theirs, context);
  if (!verdict.ok()) return '?';
  EXPECT_EQ(verdict->reason.empty(), verdict->compatibility == kCompatible);
  return verdict->compatibility == kCompatible  ? 'Y'
         : verdict->compatibility == kRetryable ? 'R'
                                                : 'I';
}

TEST(ConflictRules, AreThoseOfTheDocumentForEveryPair) {
  std::istringstream lines(kMatrix);
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  std::istringstream header(line);
  std::vector<std::string> kinds(std::istream_iterator<std::string>(header), {});
  ASSERT_EQ(kinds.size(), std::variant_size_v<Operation>);
  size_t num_pairs = 0;
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string ours;
    cells >> ours;
    for (const std::string& theirs : kinds) {
      std::string cell;
      ASSERT_TRUE(cells >> cell);
      Transaction our = Of(Make(ours, 1), kUuidA);
      EXPECT_EQ(Letter(our, Of(Make(theirs, 1), kUuidB)), cell.front())
          << ours << " over an overlapping " << theirs;
      EXPECT_EQ(Letter(our, Of(Make(theirs, 0), kUuidB)), cell.back())
          << ours << " over an unrelated " << theirs;
      ++num_pairs;
    }
  }
  EXPECT_EQ(num_pairs, 16 * 16u);
}

TEST(ConflictRules, NameBothTransactionsAndWhetherToRetry) {
  Transaction ours = Of(Make("Del", 1), kUuidA);
  Transaction theirs = Of(Make("Rewr", 1), kUuidB);
  arrow::Status error = ConflictError(ours, theirs, 7, *CheckConflict(ours, theirs));
  EXPECT_EQ(CategoryOf(error), ErrorCategory::kRetryableConflict);
  for (const char* part : {"Delete", "Rewrite", kUuidA, kUuidB, "version 7", "fragment 1"}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  theirs = Of(Make("Ovw", 1), kUuidB);
  error = ConflictError(ours, theirs, 7, *CheckConflict(ours, theirs));
  EXPECT_EQ(CategoryOf(error), ErrorCategory::kCommitConflict);
}

TEST(ConflictRules, DeletedRowsOfOneFragmentMergeOnlyIfTheyAreAllThatChanged) {
  Manifest read;
  read.fragments = {Fragment(0), Fragment(1)};
  AffectedRows rows = {{1, {{3, 4}}}};
  ConflictContext known{&read, &rows};
  for (const char* ours : {"Del", "Upd"}) {
    for (const char* theirs : {"Del", "Upd"}) {
      EXPECT_EQ(Letter(Of(Make(ours, 1)), Of(Make(theirs, 1))), 'R');
      EXPECT_EQ(Letter(Of(Make(ours, 1)), Of(Make(theirs, 1)), known), 'Y');
    }
  }
  auto other_files = std::get<operation::Update>(Make("Upd", 1));
  other_files.updated_fragments[0].files.push_back({.path = "new", .fields = {1}});
  EXPECT_EQ(Letter(Of(Make("Del", 1)), Of(other_files), known), 'R');
  EXPECT_EQ(Letter(Of(other_files), Of(Make("Del", 1)), known), 'R');
  operation::Delete removed{.deleted_fragment_ids = {1}};
  EXPECT_EQ(Letter(Of(Make("Del", 1)), Of(removed), known), 'R');
  EXPECT_EQ(Letter(Of(removed), Of(Make("Del", 1)), known), 'R');
}

TEST(ConflictRules, SchemasThatMayBeStricterGoWithNoValuesWrittenBesideThem) {
  for (const char* values : {"App", "Upd", "DRep"}) {
    operation::Project project{.schema = TwoFields(), .preserves_nullability = false};
    operation::Merge merge{.schema = TwoFields(), .preserves_nullability = false};
    for (const Operation& change : {Operation(project), Operation(merge)}) {
      EXPECT_EQ(Letter(Of(Make(values, 0)), Of(change)), 'R') << values;
      EXPECT_EQ(Letter(Of(change), Of(Make(values, 0))), 'R') << values;
    }
  }
  operation::Project project{.schema = TwoFields(), .preserves_nullability = false};
  EXPECT_EQ(Letter(Of(project), Of(Make("Del", 0))), 'Y');
}

TEST(ConflictRules, MetadataOfTheSchemaBelongsToOneSchema) {
  operation::UpdateConfig schema{.schema_metadata = Set("k")};
  operation::UpdateConfig field{.field_metadata = {{0, Set("k")}}};
  operation::UpdateConfig table{.table_metadata = Set("k")};
  for (const auto& update : {schema, field}) {
    EXPECT_EQ(Letter(Of(Make("Merge", 0)), Of(update)), 'R');
    EXPECT_EQ(Letter(Of(update), Of(Make("Merge", 0))), 'R');
    EXPECT_EQ(Letter(Of(Make("Rest", 0)), Of(update)), 'I');
    EXPECT_EQ(Letter(Of(update), Of(Make("Rest", 0))), 'I');
    EXPECT_EQ(Letter(Of(update), Of(Make("Ovw", 0))), 'I');
    EXPECT_EQ(Letter(Of(update), Of(update)), 'I');
    EXPECT_EQ(Letter(Of(update), Of(table)), 'Y');
  }
  EXPECT_EQ(Letter(Of(table), Of(table)), 'I');
  operation::UpdateConfig other_key{.table_metadata = Set("other")};
  EXPECT_EQ(Letter(Of(table), Of(other_key)), 'Y');
  other_key.table_metadata->replace = true;
  EXPECT_EQ(Letter(Of(table), Of(other_key)), 'I');
  operation::UpdateConfig removes{.config = MapUpdate{.entries = {{"k", std::nullopt}}}};
  operation::UpdateConfig sets{.config = Set("k")};
  EXPECT_EQ(Letter(Of(removes), Of(removes)), 'Y');
  EXPECT_EQ(Letter(Of(removes), Of(sets)), 'I');
  EXPECT_EQ(Letter(Of(sets), Of(removes)), 'I');
}

TEST(ConflictRules, KeyFiltersTellInsertsOfOneKeyApart) {
  auto with_keys = [](std::optional<operation::KeyExistenceFilter> filter, uint32_t fragment) {
    auto update = std::get<operation::Update>(Make("Upd", fragment));
    update.inserted_rows = std::move(filter);
    return Of(update);
  };
  using Filter = operation::KeyExistenceFilter;
  Filter one{.field_ids = {0}, .data = std::vector<uint64_t>{1, 2}};
  Filter two{.field_ids = {0}, .data = std::vector<uint64_t>{2, 3}};
  Filter far{.field_ids = {0}, .data = std::vector<uint64_t>{7}};
  Filter other_key{.field_ids = {1}, .data = std::vector<uint64_t>{7}};
  auto bloom = [](std::string bits, uint64_t items) {
    return Filter{.field_ids = {0},
                  .data = Filter::Bloom{.bitmap = std::move(bits), .number_of_items = items}};
  };
  const std::pair<Filter, char> cases[] = {
      {two, 'R'}, {far, 'Y'}, {other_key, 'R'}, {bloom("\x01", 8), 'R'}};
  for (const auto& [theirs, expected] : cases) {
    EXPECT_EQ(Letter(with_keys(one, 0), with_keys(theirs, 1)), expected);
  }
  EXPECT_EQ(Letter(with_keys(bloom("\x01", 8), 0), with_keys(bloom("\x02", 8), 1)), 'Y');
  EXPECT_EQ(Letter(with_keys(bloom("\x01", 8), 0), with_keys(bloom("\x03", 8), 1)), 'R');
  EXPECT_EQ(Letter(with_keys(bloom("\x01", 8), 0), with_keys(bloom("\x02", 9), 1)), 'R');
  EXPECT_EQ(Letter(with_keys(one, 0), with_keys(std::nullopt, 1)), 'R');
  EXPECT_EQ(Letter(with_keys(std::nullopt, 0), with_keys(one, 1)), 'Y');
  EXPECT_EQ(Letter(with_keys(one, 0), Of(Make("App", 0))), 'R');
}

TEST(ConflictRules, IndicesOfOneNameAndReplacedEntriesCollide) {
  using operation::CreateIndex;
  IndexInfo a = Index("a", {0}, kUuidA);
  IndexInfo a2 = Index("a", {1}, kUuidB);
  CreateIndex create{.new_indices = {a2}};
  CreateIndex drop{.removed_indices = {a}};
  CreateIndex replace{.new_indices = {a2}, .removed_indices = {a}};
  EXPECT_EQ(Letter(Of(drop), Of(drop)), 'Y');
  EXPECT_EQ(Letter(Of(create), Of(drop)), 'R');
  EXPECT_EQ(Letter(Of(drop), Of(create)), 'R');
  EXPECT_EQ(Letter(Of(replace), Of(drop)), 'R');
  EXPECT_EQ(Letter(Of(drop), Of(replace)), 'R');
  CreateIndex drop_other{.removed_indices = {Index("b", {0}, kUuidB)}};
  EXPECT_EQ(Letter(Of(replace), Of(drop_other)), 'Y');
}

TEST(ConflictRules, IndicesOfUnknownCoverageDoNotGoWithRewrites) {
  auto create = std::get<operation::CreateIndex>(Make("CIdx", 0));
  create.new_indices[0].has_fragment_bitmap = false;
  EXPECT_EQ(Letter(Of(create), Of(Make("Rewr", 1))), 'R');
  EXPECT_EQ(Letter(Of(Make("Rewr", 1)), Of(create)), 'R');
  operation::CreateIndex trim{.new_indices = {Index(kFragmentReuseIndexName, {}, kUuidB)},
                              .removed_indices = {Index(kFragmentReuseIndexName, {}, kUuidA)}};
  EXPECT_EQ(Letter(Of(Make("Rewr", 1)), Of(trim)), 'Y');
  trim.new_indices.push_back(create.new_indices[0]);
  EXPECT_EQ(Letter(Of(Make("Rewr", 1)), Of(trim)), 'I');
}

TEST(ConflictRules, ReplacementsAndRewrittenColumnsNeedTheirFragmentsAndFields) {
  Operation replacement = Make("DRep", 1);
  operation::Delete removed{.deleted_fragment_ids = {1}};
  EXPECT_EQ(Letter(Of(replacement), Of(removed)), 'I');
  auto update = std::get<operation::Update>(Make("Upd", 1));
  update.mode = operation::Update::Mode::kRewriteColumns;
  EXPECT_EQ(Letter(Of(replacement), Of(update)), 'Y');
  update.fields_modified = {1};
  EXPECT_EQ(Letter(Of(replacement), Of(update)), 'R');
  operation::Project dropped{.preserves_nullability = true};
  EXPECT_EQ(Letter(Of(update), Of(dropped)), 'R');
  EXPECT_EQ(Letter(Of(replacement), Of(dropped)), 'I');
}

TEST(ConflictRules, MemWalGenerationsOnlyRise) {
  auto state = [](uint64_t generation) {
    return Of(operation::UpdateMemWalState{.compacted_sstables = {SsTable("s", generation)}});
  };
  EXPECT_EQ(Letter(state(6), state(5)), 'R');
  EXPECT_EQ(Letter(state(5), state(5)), 'I');
  EXPECT_EQ(Letter(state(4), state(5)), 'I');
  lance::table::MemWalIndexDetails details;
  details.add_compacted_sstables()->ParseFromString(SsTable("s", 5));
  IndexInfo mem_wal = Index(kMemWalIndexName, {}, kUuidA);
  mem_wal.details = details.SerializeAsString();
  operation::CreateIndex create{.new_indices = {mem_wal}};
  EXPECT_EQ(Letter(state(5), Of(create)), 'I');
  EXPECT_EQ(Letter(state(6), Of(create)), 'R');
  EXPECT_EQ(Letter(Of(create), state(5)), 'Y');
  EXPECT_EQ(Letter(Of(create), Of(Make("Merge", 0))), 'R');
  EXPECT_EQ(Letter(Of(Make("Merge", 0)), Of(create)), 'R');
  mem_wal.details = "\xff";
  create.new_indices = {mem_wal};
  EXPECT_EQ(CategoryOf(CheckConflict(state(5), Of(create)).status()), ErrorCategory::kCorrupt);
}

}  // namespace
}  // namespace lancea
