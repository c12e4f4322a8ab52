#include "lancea/table/fragment_reuse.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <chrono>

#include "arrow/buffer.h"
#include "lancea/proto/table.pb.h"
#include "lancea/table/index_coverage.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

using Details = lance::table::FragmentReuseIndexDetails;

constexpr char kTypeUrl[] = "/lance.table.FragmentReuseIndexDetails";
constexpr char kDetailsFile[] = "details.binpb";
constexpr size_t kMaxInlineBytes = 204800;

template <typename T>
void AppendLittleEndian(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string DetailsPath(const std::string& root, const std::string& uuid) {
  return JoinPath(JoinPath(JoinPath(root, kIndicesDirectory), uuid), kDetailsFile);
}

arrow::Result<std::string> ReadExternal(ObjectStore& store, const std::string& root,
                                        const IndexInfo& entry, const std::string& name,
                                        uint64_t offset, uint64_t size) {
  if (entry.base_id || name != kDetailsFile) {
    return Unsupported("a fragment reuse index whose history lies at ", name);
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(DetailsPath(root, entry.uuid)));
  if (offset > reader->size() || size > reader->size() - offset) {
    return Corrupt(reader->path(), ": ", size, " bytes at ", offset, " of ", reader->size());
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader->ReadAt({offset, size}));
  return bytes->ToString();
}

void ToDigests(const std::vector<FragmentMetadata>& fragments,
               google::protobuf::RepeatedPtrField<Details::FragmentDigest>* out) {
  for (const FragmentMetadata& fragment : fragments) {
    Details::FragmentDigest* digest = out->Add();
    digest->set_id(fragment.id);
    digest->set_physical_rows(fragment.physical_rows);
    digest->set_num_deleted_rows(fragment.num_deletions());
  }
}

}  // namespace

std::string SerializeRowAddresses(const std::vector<LiveRows>& rows) {
  std::string out;
  AppendLittleEndian<uint64_t>(
      static_cast<uint64_t>(std::ranges::count_if(
          rows, [](const LiveRows& fragment) { return !fragment.offsets.empty(); })),
      &out);
  for (const LiveRows& fragment : rows) {
    if (fragment.offsets.empty()) continue;
    std::vector<ValueRange> values;
    for (const RowRange& range : fragment.offsets) {
      values.push_back({static_cast<uint32_t>(range.start), static_cast<uint32_t>(range.end - 1)});
    }
    AppendLittleEndian<uint32_t>(fragment.fragment_id, &out);
    out += SerializeRoaringBitmap(values);
  }
  return out;
}

arrow::Result<FragmentReuse> FragmentReuse::Read(ObjectStore& store, const std::string& root,
                                                 const IndexInfo& entry) {
  Details details;
  if (!entry.details || !ParseMessageIn(*entry.details, &details)) {
    return Corrupt("the details of index \"", entry.name, "\" do not parse");
  }
  Details::InlineContent content = details.inline_();
  if (details.has_external()) {
    const auto& file = details.external();
    ARROW_ASSIGN_OR_RAISE(std::string bytes, ReadExternal(store, root, entry, file.path(),
                                                          file.offset(), file.size()));
    if (!ParseMessageIn(bytes, &content)) {
      return Corrupt(DetailsPath(root, entry.uuid), " does not parse");
    }
  }
  if (content.transitions_size() > 0 || entry.index_version.value_or(0) != 0) {
    return Unsupported("the fragment reuse index of a newer writer");
  }
  FragmentReuse out;
  out.index_version_ = entry.index_version;
  for (const auto& version : content.legacy_versions()) {
    for (const auto& group : version.groups()) {
      Step& step = out.steps_.emplace_back();
      for (const auto& digest : group.old_fragments()) step.old_ids.push_back(digest.id());
      for (const auto& digest : group.new_fragments()) step.new_ids.push_back(digest.id());
    }
  }
  out.versions_ = content.SerializeAsString();
  return out;
}

void FragmentReuse::Translate(IndexInfo* index) const {
  std::vector<uint32_t>& ids = index->fragment_ids;
  for (const Step& step : steps_) {
    auto covers = [&](uint64_t id) { return Covers(*index, id); };
    if (step.old_ids.empty() || !std::ranges::all_of(step.old_ids, covers)) continue;
    std::erase_if(ids, [&](uint32_t id) {
      return std::ranges::find(step.old_ids, uint64_t{id}) != step.old_ids.end();
    });
    for (uint64_t id : step.new_ids) ids.push_back(static_cast<uint32_t>(id));
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
  }
}

bool FragmentReuse::IsDestination(uint64_t fragment_id) const {
  return std::ranges::any_of(steps_, [&](const Step& step) {
    return std::ranges::find(step.new_ids, fragment_id) != step.new_ids.end();
  });
}

arrow::Result<IndexInfo> FragmentReuse::Append(ObjectStore& store, const std::string& root,
                                               uint64_t dataset_version,
                                               const std::vector<Group>& groups) const {
  Details::InlineContent content;
  if (!ParseMessageIn(versions_, &content)) return Corrupt("a fragment reuse history");
  auto* version = content.add_legacy_versions();
  version->set_dataset_version(dataset_version);
  IndexInfo entry;
  for (const Group& group : groups) {
    auto* out = version->add_groups();
    out->set_changed_row_addrs(group.changed_row_addrs);
    ToDigests(group.old_fragments, out->mutable_old_fragments());
    ToDigests(group.new_fragments, out->mutable_new_fragments());
    for (const FragmentMetadata& fragment : group.new_fragments) {
      entry.fragment_ids.push_back(static_cast<uint32_t>(fragment.id));
    }
  }
  for (const Step& step : steps_) {
    for (uint64_t id : step.new_ids) entry.fragment_ids.push_back(static_cast<uint32_t>(id));
  }
  std::ranges::sort(entry.fragment_ids);
  entry.fragment_ids.erase(std::ranges::unique(entry.fragment_ids).begin(),
                           entry.fragment_ids.end());
  entry.name = kFragmentReuseIndexName;
  entry.uuid = Uuid::Random().ToString();
  entry.type_url = kTypeUrl;
  entry.dataset_version = dataset_version;
  entry.index_version = index_version_.value_or(0);
  entry.created_at_millis =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count());
  Details details;
  const std::string bytes = content.SerializeAsString();
  if (bytes.size() > kMaxInlineBytes) {
    ARROW_RETURN_NOT_OK(store.Put(DetailsPath(root, entry.uuid),
                                  {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
    details.mutable_external()->set_path(kDetailsFile);
    details.mutable_external()->set_size(bytes.size());
  } else {
    *details.mutable_inline_() = std::move(content);
  }
  entry.details = details.SerializeAsString();
  return entry;
}

}  // namespace lancea
