#include "lancea/table/manifest.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "lancea/proto/table.pb.h"
#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/manifest_summary.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

/// Read in one go with the footer; larger manifests take a second read.
constexpr uint64_t kPrefetchBytes = 64 * 1024;

constexpr std::array kStorageVersions = {"0.1", "2.0", "2.1", "2.2", "2.3"};

arrow::Result<std::string> StorageVersion(const lance::table::Manifest& proto,
                                          const std::vector<FragmentMetadata>& fragments) {
  if (proto.has_data_format()) {
    const std::string& version = proto.data_format().version();
    for (const char* known : kStorageVersions) {
      if (version == known) return version;
    }
    return Unsupported("data storage version \"", version, "\"; this build reads 0.1 to 2.3");
  }
  // Manifests older than the field: the files say it, else a flag that was used in between.
  for (const FragmentMetadata& fragment : fragments) {
    if (!fragment.files.empty()) return FileVersionOf(fragment.files.front());
  }
  return (proto.writer_feature_flags() & kFlagUseV2Format) != 0 ? "2.0" : "0.1";
}

arrow::Result<int64_t> TimestampNanos(const lance::table::Manifest& proto) {
  const auto& timestamp = proto.timestamp();
  constexpr int64_t kNanos = 1'000'000'000;
  if (timestamp.nanos() < 0 || timestamp.nanos() >= kNanos || timestamp.seconds() < 0 ||
      timestamp.seconds() > std::numeric_limits<int64_t>::max() / kNanos - 1) {
    return Corrupt("timestamp ", timestamp.seconds(), " s ", timestamp.nanos(), " ns");
  }
  return timestamp.seconds() * kNanos + timestamp.nanos();
}

Bytes AsBytes(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

arrow::Status CheckLength(const arrow::Buffer& buffer, uint64_t expected) {
  if (static_cast<uint64_t>(buffer.size()) == expected) return arrow::Status::OK();
  return Corrupt("read ", buffer.size(), " bytes where ", expected, " were asked for");
}

}  // namespace

bool Manifest::has_stable_row_ids() const {
  return (reader_feature_flags & kFlagStableRowIds) != 0;
}

const FragmentMetadata* Manifest::FindFragment(uint64_t id) const {
  auto found = std::ranges::lower_bound(fragments, id, {}, &FragmentMetadata::id);
  if (found != fragments.end() && found->id == id) return &*found;
  found = std::ranges::find(fragments, id, &FragmentMetadata::id);
  return found == fragments.end() ? nullptr : &*found;
}

int32_t Manifest::max_field_id() const {
  int32_t largest = schema.max_field_id();
  for (const FragmentMetadata& fragment : fragments) {
    for (const DataFile& file : fragment.files) {
      for (int32_t id : file.fields) largest = std::max(largest, id);
    }
  }
  return largest;
}

std::map<std::string, std::string> Manifest::Summary() const {
  ManifestSummary summary;
  for (const FragmentMetadata& fragment : fragments) summary.Add(fragment);
  return summary.ToMap();
}

bool IsRecent(const Manifest& manifest) {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  constexpr int64_t kRecentNanos = int64_t{10} * 60 * 1'000'000'000;
  const int64_t now =
      duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  return manifest.timestamp_nanos <= now && now - manifest.timestamp_nanos < kRecentNanos;
}

arrow::Result<Manifest> ParseManifest(Bytes message) {
  lance::table::Manifest proto;
  if (!ParseMessage(message, &proto)) return Corrupt("the manifest message does not parse");
  ARROW_RETURN_NOT_OK(
      CheckReadable(proto.reader_feature_flags(), proto.writer_feature_flags(), proto.version()));
  if (proto.has_fragment_tree()) {
    return Unsupported("version ", proto.version(), " keeps its fragments in a tree");
  }
  Manifest manifest;
  ARROW_ASSIGN_OR_RAISE(manifest.schema, SchemaFromProto(proto.fields(), proto.schema_metadata()));
  manifest.fragments.reserve(proto.fragments_size());
  for (const auto& fragment_proto : proto.fragments()) {
    ARROW_ASSIGN_OR_RAISE(FragmentMetadata fragment, FragmentFromProto(fragment_proto));
    manifest.fragments.push_back(std::move(fragment));
  }
  manifest.version = proto.version();
  manifest.version_aux_data = proto.version_aux_data();
  if (proto.has_branch()) manifest.branch = proto.branch();
  if (!proto.tag().empty()) manifest.tag = proto.tag();
  ARROW_ASSIGN_OR_RAISE(manifest.timestamp_nanos, TimestampNanos(proto));
  manifest.reader_feature_flags = proto.reader_feature_flags();
  manifest.writer_feature_flags = proto.writer_feature_flags();
  if (proto.has_max_fragment_id()) manifest.max_fragment_id = proto.max_fragment_id();
  if (proto.has_max_allocated_field_id()) {
    manifest.max_allocated_field_id = proto.max_allocated_field_id();
  }
  if (proto.has_writer_version()) {
    const auto& writer = proto.writer_version();
    WriterVersion& out = manifest.writer_version.emplace();
    out.library = writer.library();
    out.version = writer.version();
    if (writer.has_prerelease()) out.prerelease = writer.prerelease();
    if (writer.has_build_metadata()) out.build_metadata = writer.build_metadata();
  }
  manifest.transaction_file = proto.transaction_file();
  if (proto.has_index_section()) manifest.index_section = proto.index_section();
  if (proto.has_transaction_section()) {
    manifest.transaction_section = proto.transaction_section();
  } else if (proto.has_transaction_section_deprecated()) {
    manifest.transaction_section = proto.transaction_section_deprecated();
  }
  manifest.next_row_id = proto.next_row_id();
  ARROW_ASSIGN_OR_RAISE(manifest.data_storage_version, StorageVersion(proto, manifest.fragments));
  manifest.config.insert(proto.config().begin(), proto.config().end());
  manifest.table_metadata.insert(proto.table_metadata().begin(), proto.table_metadata().end());
  for (const auto& base : proto.base_paths()) {
    manifest.base_paths.push_back(
        {base.id(), base.has_name() ? base.name() : "", base.is_dataset_root(), base.path()});
  }
  if (manifest.has_stable_row_ids()) {
    for (const FragmentMetadata& fragment : manifest.fragments) {
      if (fragment.row_ids.empty()) {
        return Corrupt("row ids are stable, yet fragment ", fragment.id, " has none");
      }
    }
  }
  return manifest;
}

arrow::Result<ManifestTail> ReadManifestTail(ObjectReader& reader) {
  uint64_t size = reader.size();
  if (size < kManifestFooterBytes + sizeof(uint32_t)) {
    return Corrupt("manifest of ", size, " bytes");
  }
  // Of a mapped file the whole is as cheap as the end.
  uint64_t prefetch = reader.is_memory() ? size : std::min(size, kPrefetchBytes);
  ManifestTail tail;
  ARROW_ASSIGN_OR_RAISE(tail.buffer, reader.ReadAt({size - prefetch, prefetch}));
  ARROW_RETURN_NOT_OK(CheckLength(*tail.buffer, prefetch));
  Bytes footer = AsBytes(*tail.buffer).last(kManifestFooterBytes);
  if (std::memcmp(footer.data() + 12, "LANC", 4) != 0) {
    return Corrupt("the last four bytes are not \"LANC\"");
  }
  uint64_t position = LoadLittleEndian<uint64_t>(footer.data());
  if (position > size - kManifestFooterBytes - sizeof(uint32_t)) {
    return Corrupt("manifest at ", position, " of a file of ", size, " bytes");
  }
  uint64_t needed = size - position;
  if (needed > prefetch) {
    ARROW_ASSIGN_OR_RAISE(tail.buffer, reader.ReadAt({position, needed}));
    ARROW_RETURN_NOT_OK(CheckLength(*tail.buffer, needed));
  }
  Bytes bytes = AsBytes(*tail.buffer).last(needed);
  uint64_t length = LoadLittleEndian<uint32_t>(bytes.data());
  uint64_t available = needed - kManifestFooterBytes - sizeof(uint32_t);
  if (length != available) {
    return Corrupt("manifest of ", length, " bytes where ", available, " lie before the footer");
  }
  tail.message = bytes.subspan(sizeof(uint32_t), length);
  return tail;
}

arrow::Result<std::shared_ptr<const Manifest>> ReadManifest(ObjectReader& reader) {
  auto tail = ReadManifestTail(reader);
  if (!tail.ok()) return Prefix(tail.status(), reader.path());
  auto manifest = ParseManifest(tail->message);
  if (!manifest.ok()) return Prefix(manifest.status(), reader.path());
  return std::make_shared<const Manifest>(*std::move(manifest));
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadSection(ObjectReader& reader, uint64_t offset,
                                                          const char* what) {
  uint64_t size = reader.size();
  if (size < sizeof(uint32_t) || offset > size - sizeof(uint32_t)) {
    return Corrupt(reader.path(), ": ", what, " at ", offset, " of ", size, " bytes");
  }
  ARROW_ASSIGN_OR_RAISE(auto prefix, reader.ReadAt({offset, sizeof(uint32_t)}));
  ARROW_RETURN_NOT_OK(CheckLength(*prefix, sizeof(uint32_t)));
  uint64_t length = LoadLittleEndian<uint32_t>(prefix->data());
  uint64_t start = offset + sizeof(uint32_t);
  if (length > size - start) {
    return Corrupt(reader.path(), ": ", what, " of ", length, " bytes at ", start, " of ", size);
  }
  ARROW_ASSIGN_OR_RAISE(auto section, reader.ReadAt({start, length}));
  ARROW_RETURN_NOT_OK(CheckLength(*section, length));
  return section;
}

arrow::Result<std::vector<IndexInfo>> ReadIndexSection(ObjectReader& reader,
                                                       const Manifest& manifest) {
  if (!manifest.index_section) return std::vector<IndexInfo>{};
  ARROW_ASSIGN_OR_RAISE(auto section,
                        ReadSection(reader, *manifest.index_section, "index section"));
  auto parsed = ParseIndexSection(AsBytes(*section));
  if (!parsed.ok()) return Prefix(parsed.status(), reader.path());
  return parsed;
}

}  // namespace lancea
