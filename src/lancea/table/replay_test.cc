// Commits replayed: from one version pylance wrote and the transaction of the next, the next.
#include <gtest/gtest.h>

#include "lancea/schema/field.h"
#include "lancea/table/build_manifest.h"
#include "lancea/table/file_store_for_test.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/manifest_path.h"
#include "lancea/table/manifest_writer.h"
#include "lancea/table/transaction.h"
#include "lancea/util/parse_message.h"
#include "lancea/util/serialize_message.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

std::string CommitsPath(const std::string& table) {
  return LANCEA_SOURCE_DIR "/tests/data/pylance-14.0.2/commits/" + table;
}

Bytes AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

struct Version {
  Manifest manifest;
  std::vector<IndexInfo> indices;
  std::string transaction;    ///< as pylance wrote it
  std::string index_section;  ///< as pylance wrote it
  std::string message;        ///< of the manifest
};

std::vector<Version> ReadHistory(const std::string& root) {
  FileStoreForTest store;
  std::vector<Version> history;
  for (const auto& location : ListManifests(store, root).ValueOrDie()) {
    auto reader = store.Open(location.path, 0).ValueOrDie();
    Version& version = history.emplace_back();
    version.manifest = *ReadManifest(*reader).ValueOrDie();
    version.indices = ReadIndexSection(*reader, version.manifest).ValueOrDie();
    auto section = [&](const std::optional<uint64_t>& at) {
      return at ? ReadSection(*reader, *at, "section").ValueOrDie()->ToString() : "";
    };
    version.transaction = section(version.manifest.transaction_section);
    version.index_section = section(version.manifest.index_section);
    auto tail = ReadManifestTail(*reader).ValueOrDie();
    version.message.assign(tail.message.begin(), tail.message.end());
  }
  return history;
}

std::vector<std::vector<uint64_t>> Versions(const SequenceRef& ref) {
  if (!ref.inline_bytes) return {};
  auto sequence = RowVersionSequence::Parse(AsBytes(*ref.inline_bytes)).ValueOrDie();
  std::vector<uint64_t> values(sequence.num_rows());
  sequence.Read(0, values.size(), values.data());
  return {values};
}

std::vector<std::vector<uint64_t>> RowIds(const SequenceRef& ref) {
  if (!ref.inline_bytes) return {};
  auto sequence = RowIdSequence::Parse(AsBytes(*ref.inline_bytes)).ValueOrDie();
  std::vector<uint64_t> values(sequence.num_rows());
  sequence.Read(0, values.size(), values.data());
  return {values};
}

/// What must be equal, as text that shows the difference.
Json Describe(const Manifest& manifest, const std::vector<IndexInfo>& indices) {
  Json out;
  for (FragmentMetadata fragment : manifest.fragments) {
    Json lineage = {RowIds(fragment.row_ids), Versions(fragment.created_at_versions),
                    Versions(fragment.last_updated_at_versions)};
    fragment.row_ids = fragment.created_at_versions = fragment.last_updated_at_versions = {};
    out["fragments"].push_back({Json::parse(FragmentToJson(fragment)), lineage});
  }
  lance::table::Manifest schema;
  SchemaToProto(manifest.schema, schema.mutable_fields(), schema.mutable_schema_metadata());
  for (const auto& field : schema.fields()) {
    out["fields"].push_back({field.id(), field.parent_id(), field.name(), field.logical_type(),
                             field.nullable(),
                             Json(std::map<std::string, std::string>(field.metadata().begin(),
                                                                     field.metadata().end()))});
  }
  out["version"] = manifest.version;
  out["flags"] = {manifest.reader_feature_flags, manifest.writer_feature_flags};
  out["max_fragment_id"] = manifest.max_fragment_id ? Json(*manifest.max_fragment_id) : Json();
  out["next_row_id"] = manifest.next_row_id;
  out["storage"] = manifest.data_storage_version;
  out["config"] = manifest.config;
  for (const IndexInfo& index : indices) {
    out["indices"].push_back({index.name, index.uuid, index.fragment_ids, index.has_fragment_bitmap,
                              index.field_ids, index.dataset_version, index.files.size(),
                              index.index_version.value_or(-1)});
  }
  return out;
}

class Replay : public testing::TestWithParam<const char*> {};

TEST_P(Replay, MakesTheVersionPylanceMade) {
  std::vector<Version> history = ReadHistory(CommitsPath(GetParam()));
  ASSERT_GT(history.size(), 3u);
  for (size_t i = 0; i < history.size(); ++i) {
    const Version& expected = history[i];
    Transaction transaction = ParseTransaction(AsBytes(expected.transaction)).ValueOrDie();
    SCOPED_TRACE("version " + std::to_string(expected.manifest.version) + ": " +
                 OperationName(transaction.operation));
    CommitSettings settings;
    settings.data_storage_version = expected.manifest.data_storage_version;
    settings.stable_row_ids = expected.manifest.has_stable_row_ids();
    std::optional<BuiltManifest> source;
    if (auto* restore = std::get_if<operation::Restore>(&transaction.operation)) {
      source.emplace(history[restore->version - 1].manifest, history[restore->version - 1].indices);
    }
    auto built = BuildManifest(i == 0 ? nullptr : &history[i - 1].manifest,
                               i == 0 ? std::vector<IndexInfo>{} : history[i - 1].indices,
                               transaction, settings, source ? &*source : nullptr);
    ASSERT_TRUE(built.ok()) << built.status().ToString();
    EXPECT_EQ(Describe(built->manifest, built->indices),
              Describe(expected.manifest, expected.indices));
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Replay, testing::Values("plain", "stable", "replaced"));

template <typename Message>
std::string Canonical(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(ParseMessageIn(bytes, &message));
  return SerializeMessage(message).ValueOrDie();
}

TEST_P(Replay, TransactionsKeepEveryByteOfPylances) {
  for (const Version& version : ReadHistory(CommitsPath(GetParam()))) {
    Transaction transaction = ParseTransaction(AsBytes(version.transaction)).ValueOrDie();
    EXPECT_EQ(SerializeTransaction(transaction).ValueOrDie(),
              Canonical<lance::table::Transaction>(version.transaction))
        << OperationName(transaction.operation);
  }
}

TEST_P(Replay, ManifestsKeepEveryByteOfPylances) {
  for (const Version& version : ReadHistory(CommitsPath(GetParam()))) {
    EXPECT_EQ(SerializeMessage(ManifestToProto(version.manifest)).ValueOrDie(),
              Canonical<lance::table::Manifest>(version.message));
  }
}

TEST_P(Replay, IndicesKeepEveryByteOfPylances) {
  for (const Version& version : ReadHistory(CommitsPath(GetParam()))) {
    if (version.index_section.empty()) continue;
    EXPECT_EQ(SerializeIndexSection(version.indices).ValueOrDie(),
              Canonical<lance::table::IndexSection>(version.index_section));
  }
}

}  // namespace
}  // namespace lancea
