#include "lancea/table/index_metadata.h"

#include <algorithm>
#include <utility>

#include "lancea/table/roaring_bitmap.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"
#include "lancea/util/serialize_message.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

constexpr size_t kUuidBytes = 16;

arrow::Result<std::vector<uint32_t>> ParseFragmentBitmap(const std::string& bytes,
                                                         uint64_t* fragments_left) {
  ARROW_ASSIGN_OR_RAISE(
      auto ranges,
      ParseRoaringBitmap({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
  const uint64_t num_fragments = CountValues(ranges);
  if (num_fragments > *fragments_left) return Corrupt("it covers ", num_fragments, " fragments");
  *fragments_left -= num_fragments;
  std::vector<uint32_t> ids;
  ids.reserve(num_fragments);
  for (const ValueRange& range : ranges) {
    for (uint64_t id = range.first; id <= range.last; ++id)
      ids.push_back(static_cast<uint32_t>(id));
  }
  return ids;
}

/// What is left of the message without the fields of this build; light messages have no other way.
std::string UnknownFields(lance::table::IndexMetadata proto) {
  proto.clear_uuid();
  proto.clear_fields();
  proto.clear_name();
  proto.clear_dataset_version();
  proto.clear_fragment_bitmap();
  proto.clear_index_details();
  proto.clear_index_version();
  proto.clear_created_at();
  proto.clear_base_id();
  proto.clear_files();
  proto.clear_covering_fields();
  proto.clear_clustering_id();
  proto.clear_metadata();
  return proto.SerializeAsString();
}

}  // namespace

std::string FormatUuid(const std::string& bytes) {
  const auto uuid = Uuid::FromBytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  return uuid.ok() ? uuid->ToString() : "";
}

arrow::Result<std::string> ParseUuid(const std::string& text) {
  ARROW_ASSIGN_OR_RAISE(const Uuid uuid, Uuid::Parse(text));
  return std::string(reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size());
}

bool IsSystemIndex(const IndexInfo& index) {
  return index.name == kFragmentReuseIndexName || index.name == kMemWalIndexName;
}

arrow::Result<IndexInfo> IndexFromProto(const lance::table::IndexMetadata& proto,
                                        uint64_t* fragments_left) {
  IndexInfo index;
  index.name = proto.name();
  if (proto.uuid().uuid().size() != kUuidBytes) {
    return Corrupt("index \"", proto.name(), "\" has a uuid of ", proto.uuid().uuid().size(),
                   " bytes");
  }
  index.uuid = FormatUuid(proto.uuid().uuid());
  index.field_ids.assign(proto.fields().begin(), proto.fields().end());
  index.dataset_version = proto.dataset_version();
  index.has_fragment_bitmap = !proto.fragment_bitmap().empty();
  if (index.has_fragment_bitmap) {
    auto ids = ParseFragmentBitmap(proto.fragment_bitmap(), fragments_left);
    if (!ids.ok()) return Prefix(ids.status(), "index \"" + proto.name() + "\"");
    index.fragment_ids = *std::move(ids);
  }
  if (proto.has_index_details()) {
    index.type_url = proto.index_details().type_url();
    index.details = proto.index_details().value();
  }
  if (proto.has_index_version()) index.index_version = proto.index_version();
  if (proto.has_created_at()) index.created_at_millis = proto.created_at();
  if (proto.has_base_id()) index.base_id = proto.base_id();
  for (const auto& file : proto.files()) index.files.push_back({file.path(), file.size_bytes()});
  index.covering_fields.assign(proto.covering_fields().begin(), proto.covering_fields().end());
  if (proto.has_clustering_id()) index.clustering_id = proto.clustering_id();
  index.metadata.insert(proto.metadata().begin(), proto.metadata().end());
  index.unknown_fields = UnknownFields(proto);
  return index;
}

arrow::Result<lance::table::IndexMetadata> IndexToProto(const IndexInfo& index) {
  lance::table::IndexMetadata proto;
  auto uuid = ParseUuid(index.uuid);
  if (!uuid.ok()) return Prefix(uuid.status(), "index \"" + index.name + "\"");
  proto.mutable_uuid()->set_uuid(*uuid);
  proto.mutable_fields()->Add(index.field_ids.begin(), index.field_ids.end());
  proto.set_name(index.name);
  proto.set_dataset_version(index.dataset_version);
  if (index.has_fragment_bitmap) {
    std::vector<uint32_t> ids = index.fragment_ids;
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    proto.set_fragment_bitmap(SerializeRoaringBitmap(RangesOfValues(ids)));
  }
  if (index.details || !index.type_url.empty()) {
    proto.mutable_index_details()->set_type_url(index.type_url);
    proto.mutable_index_details()->set_value(index.details.value_or(""));
  }
  if (index.index_version) proto.set_index_version(*index.index_version);
  if (index.created_at_millis) proto.set_created_at(*index.created_at_millis);
  if (index.base_id) proto.set_base_id(*index.base_id);
  for (const IndexFile& file : index.files) {
    auto* out = proto.add_files();
    out->set_path(file.path);
    out->set_size_bytes(file.size_bytes);
  }
  proto.mutable_covering_fields()->Add(index.covering_fields.begin(), index.covering_fields.end());
  if (index.clustering_id) proto.set_clustering_id(*index.clustering_id);
  proto.mutable_metadata()->insert(index.metadata.begin(), index.metadata.end());
  if (!proto.MergeFromString(index.unknown_fields)) {
    return InvalidInput("index \"", index.name, "\": its unknown fields do not parse");
  }
  return proto;
}

arrow::Result<std::vector<IndexInfo>> ParseIndexSection(Bytes message) {
  lance::table::IndexSection proto;
  if (!ParseMessage(message, &proto)) return Corrupt("the index section does not parse");
  std::vector<IndexInfo> indices;
  indices.reserve(proto.indices_size());
  uint64_t fragments_left = kMaxIndexedFragments;
  for (const auto& index_proto : proto.indices()) {
    ARROW_ASSIGN_OR_RAISE(IndexInfo index, IndexFromProto(index_proto, &fragments_left));
    indices.push_back(std::move(index));
  }
  return indices;
}

arrow::Result<std::string> SerializeIndexSection(const std::vector<IndexInfo>& indices) {
  lance::table::IndexSection proto;
  for (const IndexInfo& index : indices) {
    ARROW_ASSIGN_OR_RAISE(*proto.add_indices(), IndexToProto(index));
  }
  return SerializeMessage(proto);
}

}  // namespace lancea
