// The writing half of transaction.h.
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/table/transaction.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"
#include "lancea/util/serialize_message.h"

namespace lancea {
namespace {

using ProtoTransaction = lance::table::Transaction;
using ProtoFragments = google::protobuf::RepeatedPtrField<lance::table::DataFragment>;

void AddFragments(const std::vector<FragmentMetadata>& fragments, ProtoFragments* out) {
  out->Reserve(static_cast<int>(fragments.size()));
  for (const FragmentMetadata& fragment : fragments) *out->Add() = FragmentToProto(fragment);
}

template <typename ProtoList>
void AddBases(const std::vector<BasePath>& bases, ProtoList* out) {
  for (const BasePath& base : bases) {
    auto* proto = out->Add();
    proto->set_id(base.id);
    if (!base.name.empty()) proto->set_name(base.name);
    proto->set_is_dataset_root(base.is_dataset_root);
    proto->set_path(base.path);
  }
}

template <typename ProtoList>
arrow::Status AddMessages(const std::vector<std::string>& messages, ProtoList* out) {
  for (const std::string& message : messages) {
    if (!ParseMessageIn(message, out->Add())) return InvalidInput("a MemWAL message is broken");
  }
  return arrow::Status::OK();
}

void ToProto(const MapUpdate& update, ProtoTransaction::UpdateMap* out) {
  out->set_replace(update.replace);
  for (const auto& [key, value] : update.entries) {
    auto* entry = out->add_update_entries();
    entry->set_key(key);
    if (value) entry->set_value(*value);
  }
}

arrow::Status Write(const operation::Append& from, ProtoTransaction* to) {
  AddFragments(from.fragments, to->mutable_append()->mutable_fragments());
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Delete& from, ProtoTransaction* to) {
  auto* out = to->mutable_delete_();
  AddFragments(from.updated_fragments, out->mutable_updated_fragments());
  out->mutable_deleted_fragment_ids()->Add(from.deleted_fragment_ids.begin(),
                                           from.deleted_fragment_ids.end());
  out->set_predicate(from.predicate);
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Overwrite& from, ProtoTransaction* to) {
  auto* out = to->mutable_overwrite();
  AddFragments(from.fragments, out->mutable_fragments());
  SchemaToProto(from.schema, out->mutable_schema(), out->mutable_schema_metadata());
  out->mutable_config_upsert_values()->insert(from.config_upsert_values.begin(),
                                              from.config_upsert_values.end());
  AddBases(from.initial_bases, out->mutable_initial_bases());
  return arrow::Status::OK();
}

arrow::Status Write(const operation::CreateIndex& from, ProtoTransaction* to) {
  auto* out = to->mutable_create_index();
  for (const IndexInfo& index : from.new_indices) {
    ARROW_ASSIGN_OR_RAISE(*out->add_new_indices(), IndexToProto(index));
  }
  for (const IndexInfo& index : from.removed_indices) {
    ARROW_ASSIGN_OR_RAISE(*out->add_removed_indices(), IndexToProto(index));
  }
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Rewrite& from, ProtoTransaction* to) {
  auto* out = to->mutable_rewrite();
  for (const operation::RewriteGroup& group : from.groups) {
    auto* added = out->add_groups();
    AddFragments(group.old_fragments, added->mutable_old_fragments());
    AddFragments(group.new_fragments, added->mutable_new_fragments());
  }
  for (const operation::RewrittenIndex& index : from.rewritten_indices) {
    auto* added = out->add_rewritten_indices();
    ARROW_ASSIGN_OR_RAISE(*added->mutable_old_id()->mutable_uuid(), ParseUuid(index.old_uuid));
    ARROW_ASSIGN_OR_RAISE(*added->mutable_new_id()->mutable_uuid(), ParseUuid(index.new_uuid));
    added->mutable_new_index_details()->set_type_url(index.details_type_url);
    added->mutable_new_index_details()->set_value(index.details);
    added->set_new_index_version(index.version);
    for (const IndexFile& file : index.files) {
      auto* file_proto = added->add_new_index_files();
      file_proto->set_path(file.path);
      file_proto->set_size_bytes(file.size_bytes);
    }
  }
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Merge& from, ProtoTransaction* to) {
  auto* out = to->mutable_merge();
  AddFragments(from.fragments, out->mutable_fragments());
  SchemaToProto(from.schema, out->mutable_schema(), out->mutable_schema_metadata());
  out->set_preserves_nullability(from.preserves_nullability);
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Project& from, ProtoTransaction* to) {
  auto* out = to->mutable_project();
  ProtoMetadata not_stored;
  SchemaToProto(from.schema, out->mutable_schema(), &not_stored);
  out->set_preserves_nullability(from.preserves_nullability);
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Restore& from, ProtoTransaction* to) {
  to->mutable_restore()->set_version(from.version);
  return arrow::Status::OK();
}

arrow::Status Write(const operation::ReserveFragments& from, ProtoTransaction* to) {
  to->mutable_reserve_fragments()->set_num_fragments(from.num_fragments);
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Update& from, ProtoTransaction* to) {
  auto* out = to->mutable_update();
  out->mutable_removed_fragment_ids()->Add(from.removed_fragment_ids.begin(),
                                           from.removed_fragment_ids.end());
  AddFragments(from.updated_fragments, out->mutable_updated_fragments());
  AddFragments(from.new_fragments, out->mutable_new_fragments());
  out->mutable_fields_modified()->Add(from.fields_modified.begin(), from.fields_modified.end());
  out->mutable_fields_for_preserving_frag_bitmap()->Add(from.changed_fields.begin(),
                                                        from.changed_fields.end());
  out->set_update_mode(from.mode == operation::Update::Mode::kRewriteColumns
                           ? ProtoTransaction::REWRITE_COLUMNS
                           : ProtoTransaction::REWRITE_ROWS);
  if (from.inserted_rows) {
    auto* filter = out->mutable_inserted_rows();
    filter->mutable_field_ids()->Add(from.inserted_rows->field_ids.begin(),
                                     from.inserted_rows->field_ids.end());
    if (auto* hashes = std::get_if<std::vector<uint64_t>>(&from.inserted_rows->data)) {
      filter->mutable_exact()->mutable_key_hashes()->Add(hashes->begin(), hashes->end());
    } else {
      const auto& bloom = std::get<operation::KeyExistenceFilter::Bloom>(from.inserted_rows->data);
      filter->mutable_bloom()->set_bitmap(bloom.bitmap);
      filter->mutable_bloom()->set_num_bits(bloom.num_bits);
      filter->mutable_bloom()->set_number_of_items(bloom.number_of_items);
      filter->mutable_bloom()->set_probability(bloom.probability);
    }
  }
  // Lists (field 9) are the older form of the bitmaps (field 10) and no longer written.
  auto& bitmaps = *out->mutable_updated_fragment_offset_bitmaps();
  for (const auto& [id, offsets] : from.updated_fragment_offsets) {
    std::vector<uint32_t> sorted = offsets;
    std::ranges::sort(sorted);
    sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
    if (!sorted.empty()) bitmaps[id] = SerializeRoaringBitmap(RangesOfValues(sorted));
  }
  for (const auto& [id, bitmap] : from.updated_fragment_offset_bitmaps) bitmaps[id] = bitmap;
  return AddMessages(from.compacted_sstables, out->mutable_compacted_sstables());
}

arrow::Status Write(const operation::UpdateConfig& from, ProtoTransaction* to) {
  auto* out = to->mutable_update_config();
  if (from.config) ToProto(*from.config, out->mutable_config_updates());
  if (from.table_metadata) ToProto(*from.table_metadata, out->mutable_table_metadata_updates());
  if (from.schema_metadata) ToProto(*from.schema_metadata, out->mutable_schema_metadata_updates());
  for (const auto& [id, update] : from.field_metadata) {
    ToProto(update, &(*out->mutable_field_metadata_updates())[id]);
  }
  return arrow::Status::OK();
}

arrow::Status Write(const operation::DataReplacement& from, ProtoTransaction* to) {
  auto* out = to->mutable_data_replacement();
  for (const auto& replacement : from.replacements) {
    FragmentMetadata carrier;
    carrier.files.push_back(replacement.new_file);
    auto* added = out->add_replacements();
    added->set_fragment_id(replacement.fragment_id);
    *added->mutable_new_file() = FragmentToProto(carrier).files(0);
  }
  return arrow::Status::OK();
}

arrow::Status Write(const operation::UpdateMemWalState& from, ProtoTransaction* to) {
  return AddMessages(from.compacted_sstables,
                     to->mutable_update_mem_wal_state()->mutable_compacted_sstables());
}

arrow::Status Write(const operation::Clone& from, ProtoTransaction* to) {
  auto* out = to->mutable_clone();
  out->set_is_shallow(from.is_shallow);
  if (from.ref_name) out->set_ref_name(*from.ref_name);
  out->set_ref_version(from.ref_version);
  out->set_ref_path(from.ref_path);
  if (from.branch_name) out->set_branch_name(*from.branch_name);
  return arrow::Status::OK();
}

arrow::Status Write(const operation::UpdateBases& from, ProtoTransaction* to) {
  AddBases(from.new_bases, to->mutable_update_bases()->mutable_new_bases());
  return arrow::Status::OK();
}

arrow::Status Write(const operation::Unknown& from, ProtoTransaction* to) {
  if (ParseMessageIn(from.bytes, to)) return arrow::Status::OK();
  return InvalidInput("an unknown operation without its message");
}

}  // namespace

arrow::Result<ProtoTransaction> TransactionToProto(const Transaction& transaction) {
  ProtoTransaction proto;
  ARROW_RETURN_NOT_OK(std::visit([&](const auto& operation) { return Write(operation, &proto); },
                                 transaction.operation));
  proto.set_read_version(transaction.read_version);
  proto.set_uuid(transaction.uuid);
  proto.set_tag(transaction.tag);
  proto.mutable_transaction_properties()->clear();
  proto.mutable_transaction_properties()->insert(transaction.properties.begin(),
                                                 transaction.properties.end());
  return proto;
}

arrow::Result<std::string> SerializeTransaction(const Transaction& transaction) {
  if (auto* unknown = std::get_if<operation::Unknown>(&transaction.operation)) {
    return unknown->bytes;
  }
  ARROW_ASSIGN_OR_RAISE(ProtoTransaction proto, TransactionToProto(transaction));
  return SerializeMessage(proto);
}

}  // namespace lancea
