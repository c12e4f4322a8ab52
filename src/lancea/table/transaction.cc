#include "lancea/table/transaction.h"

#include <array>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_metadata.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

using ProtoTransaction = lance::table::Transaction;

template <typename ProtoList>
arrow::Result<std::vector<FragmentMetadata>> FragmentsFrom(const ProtoList& protos) {
  std::vector<FragmentMetadata> fragments;
  fragments.reserve(protos.size());
  for (const auto& proto : protos) {
    ARROW_ASSIGN_OR_RAISE(FragmentMetadata fragment, FragmentFromProto(proto));
    fragments.push_back(std::move(fragment));
  }
  return fragments;
}

template <typename ProtoList>
arrow::Result<std::vector<IndexInfo>> IndicesFrom(const ProtoList& protos) {
  std::vector<IndexInfo> indices;
  uint64_t fragments_left = kMaxIndexedFragments;
  for (const auto& proto : protos) {
    ARROW_ASSIGN_OR_RAISE(IndexInfo index, IndexFromProto(proto, &fragments_left));
    indices.push_back(std::move(index));
  }
  return indices;
}

template <typename ProtoList>
std::vector<BasePath> BasesFrom(const ProtoList& protos) {
  std::vector<BasePath> bases;
  for (const auto& base : protos) {
    bases.push_back({base.id(), base.name(), base.is_dataset_root(), base.path()});
  }
  return bases;
}

template <typename ProtoList>
std::vector<std::string> MessagesFrom(const ProtoList& protos) {
  std::vector<std::string> messages;
  for (const auto& proto : protos) messages.push_back(proto.SerializeAsString());
  return messages;
}

MapUpdate MapUpdateFrom(const ProtoTransaction::UpdateMap& proto) {
  MapUpdate update;
  update.replace = proto.replace();
  for (const auto& entry : proto.update_entries()) {
    update.entries[entry.key()] =
        entry.has_value() ? std::optional(entry.value()) : std::optional<std::string>();
  }
  return update;
}

/// What the map was to be, in operations written before MapUpdate.
template <typename ProtoMap>
MapUpdate ReplacementBy(const ProtoMap& values) {
  MapUpdate update;
  update.replace = true;
  for (const auto& [key, value] : values) update.entries[key] = value;
  return update;
}

arrow::Result<Operation> From(const ProtoTransaction::Append& proto) {
  operation::Append out;
  ARROW_ASSIGN_OR_RAISE(out.fragments, FragmentsFrom(proto.fragments()));
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Delete& proto) {
  operation::Delete out;
  ARROW_ASSIGN_OR_RAISE(out.updated_fragments, FragmentsFrom(proto.updated_fragments()));
  out.deleted_fragment_ids.assign(proto.deleted_fragment_ids().begin(),
                                  proto.deleted_fragment_ids().end());
  out.predicate = proto.predicate();
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Overwrite& proto) {
  operation::Overwrite out;
  ARROW_ASSIGN_OR_RAISE(out.fragments, FragmentsFrom(proto.fragments()));
  ARROW_ASSIGN_OR_RAISE(out.schema, SchemaFromProto(proto.schema(), proto.schema_metadata()));
  out.config_upsert_values.insert(proto.config_upsert_values().begin(),
                                  proto.config_upsert_values().end());
  out.initial_bases = BasesFrom(proto.initial_bases());
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::CreateIndex& proto) {
  operation::CreateIndex out;
  ARROW_ASSIGN_OR_RAISE(out.new_indices, IndicesFrom(proto.new_indices()));
  ARROW_ASSIGN_OR_RAISE(out.removed_indices, IndicesFrom(proto.removed_indices()));
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Rewrite& proto) {
  operation::Rewrite out;
  auto add_group = [&](const auto& group) -> arrow::Status {
    auto& added = out.groups.emplace_back();
    ARROW_ASSIGN_OR_RAISE(added.old_fragments, FragmentsFrom(group.old_fragments()));
    ARROW_ASSIGN_OR_RAISE(added.new_fragments, FragmentsFrom(group.new_fragments()));
    return arrow::Status::OK();
  };
  for (const auto& group : proto.groups()) ARROW_RETURN_NOT_OK(add_group(group));
  if (proto.groups().empty() &&
      (!proto.old_fragments().empty() || !proto.new_fragments().empty())) {
    ARROW_RETURN_NOT_OK(add_group(proto));
  }
  for (const auto& index : proto.rewritten_indices()) {
    auto& added = out.rewritten_indices.emplace_back();
    if (index.old_id().uuid().size() != 16 || index.new_id().uuid().size() != 16) {
      return Corrupt("a rewritten index without two uuids");
    }
    added.old_uuid = FormatUuid(index.old_id().uuid());
    added.new_uuid = FormatUuid(index.new_id().uuid());
    added.details_type_url = index.new_index_details().type_url();
    added.details = index.new_index_details().value();
    added.version = index.new_index_version();
    for (const auto& file : index.new_index_files()) {
      added.files.push_back({file.path(), file.size_bytes()});
    }
  }
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Merge& proto) {
  operation::Merge out;
  ARROW_ASSIGN_OR_RAISE(out.fragments, FragmentsFrom(proto.fragments()));
  ARROW_ASSIGN_OR_RAISE(out.schema, SchemaFromProto(proto.schema(), proto.schema_metadata()));
  out.preserves_nullability = proto.preserves_nullability();
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Project& proto) {
  operation::Project out;
  ARROW_ASSIGN_OR_RAISE(out.schema, SchemaFromProto(proto.schema(), {}));
  out.preserves_nullability = proto.preserves_nullability();
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Restore& proto) {
  return operation::Restore{proto.version()};
}

arrow::Result<Operation> From(const ProtoTransaction::ReserveFragments& proto) {
  return operation::ReserveFragments{proto.num_fragments()};
}

operation::KeyExistenceFilter FilterFrom(const ProtoTransaction::KeyExistenceFilter& proto) {
  operation::KeyExistenceFilter out;
  out.field_ids.assign(proto.field_ids().begin(), proto.field_ids().end());
  if (proto.has_bloom()) {
    out.data = operation::KeyExistenceFilter::Bloom{
        proto.bloom().bitmap(), proto.bloom().num_bits(), proto.bloom().number_of_items(),
        proto.bloom().probability()};
  } else {
    out.data =
        std::vector<uint64_t>(proto.exact().key_hashes().begin(), proto.exact().key_hashes().end());
  }
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::Update& proto) {
  operation::Update out;
  out.removed_fragment_ids.assign(proto.removed_fragment_ids().begin(),
                                  proto.removed_fragment_ids().end());
  ARROW_ASSIGN_OR_RAISE(out.updated_fragments, FragmentsFrom(proto.updated_fragments()));
  ARROW_ASSIGN_OR_RAISE(out.new_fragments, FragmentsFrom(proto.new_fragments()));
  out.fields_modified.assign(proto.fields_modified().begin(), proto.fields_modified().end());
  out.changed_fields.assign(proto.fields_for_preserving_frag_bitmap().begin(),
                            proto.fields_for_preserving_frag_bitmap().end());
  out.mode = proto.update_mode() == ProtoTransaction::REWRITE_COLUMNS
                 ? operation::Update::Mode::kRewriteColumns
                 : operation::Update::Mode::kRewriteRows;
  if (proto.has_inserted_rows()) out.inserted_rows = FilterFrom(proto.inserted_rows());
  for (const auto& [id, list] : proto.updated_fragment_offsets()) {
    out.updated_fragment_offsets[id].assign(list.values().begin(), list.values().end());
  }
  out.updated_fragment_offset_bitmaps.insert(proto.updated_fragment_offset_bitmaps().begin(),
                                             proto.updated_fragment_offset_bitmaps().end());
  out.compacted_sstables = MessagesFrom(proto.compacted_sstables());
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::UpdateConfig& proto) {
  operation::UpdateConfig out;
  if (proto.has_config_updates()) out.config = MapUpdateFrom(proto.config_updates());
  if (proto.has_table_metadata_updates()) {
    out.table_metadata = MapUpdateFrom(proto.table_metadata_updates());
  }
  if (proto.has_schema_metadata_updates()) {
    out.schema_metadata = MapUpdateFrom(proto.schema_metadata_updates());
  }
  for (const auto& [id, update] : proto.field_metadata_updates()) {
    out.field_metadata[id] = MapUpdateFrom(update);
  }
  // The older form of the same.
  if (!proto.upsert_values().empty() || !proto.delete_keys().empty()) {
    MapUpdate& config = out.config ? *out.config : out.config.emplace();
    for (const auto& [key, value] : proto.upsert_values()) config.entries[key] = value;
    for (const auto& key : proto.delete_keys()) config.entries[key] = std::nullopt;
  }
  if (!proto.schema_metadata().empty() && !out.schema_metadata) {
    out.schema_metadata = ReplacementBy(proto.schema_metadata());
  }
  for (const auto& [id, update] : proto.field_metadata()) {
    out.field_metadata.emplace(static_cast<int32_t>(id), ReplacementBy(update.metadata()));
  }
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::DataReplacement& proto) {
  operation::DataReplacement out;
  for (const auto& replacement : proto.replacements()) {
    lance::table::DataFragment carrier;
    *carrier.add_files() = replacement.new_file();
    ARROW_ASSIGN_OR_RAISE(FragmentMetadata fragment, FragmentFromProto(carrier));
    out.replacements.push_back({replacement.fragment_id(), std::move(fragment.files[0])});
  }
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::UpdateMemWalState& proto) {
  return operation::UpdateMemWalState{MessagesFrom(proto.compacted_sstables())};
}

arrow::Result<Operation> From(const ProtoTransaction::Clone& proto) {
  operation::Clone out;
  out.is_shallow = proto.is_shallow();
  if (proto.has_ref_name()) out.ref_name = proto.ref_name();
  out.ref_version = proto.ref_version();
  out.ref_path = proto.ref_path();
  if (proto.has_branch_name()) out.branch_name = proto.branch_name();
  return out;
}

arrow::Result<Operation> From(const ProtoTransaction::UpdateBases& proto) {
  return operation::UpdateBases{BasesFrom(proto.new_bases())};
}

arrow::Result<Operation> OperationFrom(const ProtoTransaction& proto) {
  switch (proto.operation_case()) {
    case ProtoTransaction::kAppend:
      return From(proto.append());
    case ProtoTransaction::kDelete:
      return From(proto.delete_());
    case ProtoTransaction::kOverwrite:
      return From(proto.overwrite());
    case ProtoTransaction::kCreateIndex:
      return From(proto.create_index());
    case ProtoTransaction::kRewrite:
      return From(proto.rewrite());
    case ProtoTransaction::kMerge:
      return From(proto.merge());
    case ProtoTransaction::kRestore:
      return From(proto.restore());
    case ProtoTransaction::kReserveFragments:
      return From(proto.reserve_fragments());
    case ProtoTransaction::kUpdate:
      return From(proto.update());
    case ProtoTransaction::kProject:
      return From(proto.project());
    case ProtoTransaction::kUpdateConfig:
      return From(proto.update_config());
    case ProtoTransaction::kDataReplacement:
      return From(proto.data_replacement());
    case ProtoTransaction::kUpdateMemWalState:
      return From(proto.update_mem_wal_state());
    case ProtoTransaction::kClone:
      return From(proto.clone());
    case ProtoTransaction::kUpdateBases:
      return From(proto.update_bases());
    default:
      return Unsupported("operation ", static_cast<int>(proto.operation_case()));
  }
}

}  // namespace

const char* OperationName(const Operation& operation) {
  // In the order of the variant.
  static constexpr std::array kNames = {
      "Append",       "Delete",          "Overwrite",         "CreateIndex", "Rewrite",
      "Merge",        "Restore",         "ReserveFragments",  "Update",      "Project",
      "UpdateConfig", "DataReplacement", "UpdateMemWalState", "Clone",       "UpdateBases",
      "Unknown"};
  static_assert(kNames.size() == std::variant_size_v<Operation>);
  return kNames[operation.index()];
}

Transaction TransactionFromProto(const ProtoTransaction& proto) {
  Transaction transaction;
  transaction.read_version = proto.read_version();
  transaction.uuid = proto.uuid();
  transaction.tag = proto.tag();
  transaction.properties.insert(proto.transaction_properties().begin(),
                                proto.transaction_properties().end());
  auto operation = OperationFrom(proto);
  transaction.operation = operation.ok() ? *std::move(operation)
                                         : Operation(operation::Unknown{proto.SerializeAsString()});
  return transaction;
}

arrow::Result<Transaction> ParseTransaction(Bytes message) {
  ProtoTransaction proto;
  if (!ParseMessage(message, &proto)) return Corrupt("the transaction does not parse");
  Transaction transaction = TransactionFromProto(proto);
  if (auto* unknown = std::get_if<operation::Unknown>(&transaction.operation)) {
    unknown->bytes.assign(message.begin(), message.end());
  }
  return transaction;
}

std::string TransactionFileName(const Transaction& transaction) {
  return std::to_string(transaction.read_version) + "-" + transaction.uuid + ".txn";
}

}  // namespace lancea
