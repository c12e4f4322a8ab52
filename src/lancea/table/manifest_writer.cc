#include "lancea/table/manifest_writer.h"

#include <string>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/transaction.h"
#include "lancea/util/errors.h"
#include "lancea/util/serialize_message.h"

namespace lancea {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr uint16_t kMajorVersion = 0;
constexpr uint16_t kMinorVersion = 2;

template <typename T>
void AppendInteger(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// \return the position of the message's length
uint64_t AppendSection(const std::string& message, std::string* out) {
  const uint64_t position = out->size();
  AppendInteger(static_cast<uint32_t>(message.size()), out);
  out->append(message);
  return position;
}

}  // namespace

lance::table::Manifest ManifestToProto(const Manifest& manifest) {
  lance::table::Manifest proto;
  SchemaToProto(manifest.schema, proto.mutable_fields(), proto.mutable_schema_metadata());
  proto.mutable_fragments()->Reserve(static_cast<int>(manifest.fragments.size()));
  for (const FragmentMetadata& fragment : manifest.fragments) {
    *proto.add_fragments() = FragmentToProto(fragment);
  }
  proto.set_version(manifest.version);
  proto.set_version_aux_data(manifest.version_aux_data);
  if (manifest.branch) proto.set_branch(*manifest.branch);
  if (manifest.tag) proto.set_tag(*manifest.tag);
  if (manifest.timestamp_nanos != 0) {
    proto.mutable_timestamp()->set_seconds(manifest.timestamp_nanos / kNanosPerSecond);
    proto.mutable_timestamp()->set_nanos(
        static_cast<int32_t>(manifest.timestamp_nanos % kNanosPerSecond));
  }
  proto.set_reader_feature_flags(manifest.reader_feature_flags);
  proto.set_writer_feature_flags(manifest.writer_feature_flags);
  if (manifest.max_fragment_id) proto.set_max_fragment_id(*manifest.max_fragment_id);
  if (manifest.max_allocated_field_id) {
    proto.set_max_allocated_field_id(*manifest.max_allocated_field_id);
  }
  if (manifest.writer_version) {
    auto* writer = proto.mutable_writer_version();
    writer->set_library(manifest.writer_version->library);
    writer->set_version(manifest.writer_version->version);
    if (manifest.writer_version->prerelease) {
      writer->set_prerelease(*manifest.writer_version->prerelease);
    }
    if (manifest.writer_version->build_metadata) {
      writer->set_build_metadata(*manifest.writer_version->build_metadata);
    }
  }
  proto.set_transaction_file(manifest.transaction_file);
  if (manifest.index_section) proto.set_index_section(*manifest.index_section);
  if (manifest.transaction_section) proto.set_transaction_section(*manifest.transaction_section);
  proto.set_next_row_id(manifest.next_row_id);
  proto.mutable_data_format()->set_file_format("lance");
  proto.mutable_data_format()->set_version(manifest.data_storage_version);
  proto.mutable_config()->insert(manifest.config.begin(), manifest.config.end());
  proto.mutable_table_metadata()->insert(manifest.table_metadata.begin(),
                                         manifest.table_metadata.end());
  for (const BasePath& base : manifest.base_paths) {
    auto* out = proto.add_base_paths();
    out->set_id(base.id);
    if (!base.name.empty()) out->set_name(base.name);
    out->set_is_dataset_root(base.is_dataset_root);
    out->set_path(base.path);
  }
  return proto;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeManifest(
    const Manifest& manifest, const std::vector<IndexInfo>& indices,
    const Transaction* inline_transaction) {
  std::string bytes;
  lance::table::Manifest proto = ManifestToProto(manifest);
  proto.clear_index_section();
  proto.clear_transaction_section();
  if (!indices.empty()) {
    ARROW_ASSIGN_OR_RAISE(std::string section, SerializeIndexSection(indices));
    proto.set_index_section(AppendSection(section, &bytes));
  }
  if (inline_transaction != nullptr) {
    ARROW_ASSIGN_OR_RAISE(std::string section, SerializeTransaction(*inline_transaction));
    proto.set_transaction_section(AppendSection(section, &bytes));
  }
  ARROW_ASSIGN_OR_RAISE(std::string message, SerializeMessage(proto));
  const uint64_t position = AppendSection(message, &bytes);
  AppendInteger(position, &bytes);
  AppendInteger(kMajorVersion, &bytes);
  AppendInteger(kMinorVersion, &bytes);
  bytes += "LANC";
  return arrow::Buffer::FromString(std::move(bytes));
}

}  // namespace lancea
