#include "transaction_values.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "from_values.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

constexpr char kRewriteRows[] = "rewrite_rows";
constexpr char kRewriteColumns[] = "rewrite_columns";

nb::bytes Bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

template <typename T>
nb::list ToList(const std::vector<T>& values) {
  nb::list out;
  for (const T& value : values) out.append(ToDict(value));
  return out;
}

nb::list ToList(const std::vector<std::string>& values) {
  nb::list out;
  for (const std::string& value : values) out.append(Bytes(value));
  return out;
}

nb::dict MapUpdateToDict(const MapUpdate& update) {
  nb::dict out;
  out["updates"] = update.entries;
  out["replace"] = update.replace;
  return out;
}

nb::object ToDictOrNone(const std::optional<MapUpdate>& update) {
  return update.has_value() ? nb::object(MapUpdateToDict(*update)) : nb::none();
}

nb::object KeyFilterToDict(const std::optional<operation::KeyExistenceFilter>& filter) {
  if (!filter) return nb::none();
  nb::dict out;
  out["field_ids"] = filter->field_ids;
  if (const auto* bloom = std::get_if<operation::KeyExistenceFilter::Bloom>(&filter->data)) {
    out["bitmap"] = Bytes(bloom->bitmap);
    out["num_bits"] = bloom->num_bits;
    out["number_of_items"] = bloom->number_of_items;
    out["probability"] = bloom->probability;
  } else {
    out["hashes"] = std::get<std::vector<uint64_t>>(filter->data);
  }
  return out;
}

nb::list FilesToList(const std::vector<IndexFile>& files) {
  nb::list out;
  for (const IndexFile& file : files) {
    nb::dict value;
    value["path"] = file.path;
    value["size_bytes"] = file.size_bytes;
    out.append(value);
  }
  return out;
}

// What each operation adds to the dict of its transaction.
struct Describe {
  nb::dict& out;

  void operator()(const operation::Append& op) const { out["fragments"] = ToList(op.fragments); }
  void operator()(const operation::Delete& op) const {
    out["updated_fragments"] = ToList(op.updated_fragments);
    out["deleted_fragment_ids"] = op.deleted_fragment_ids;
    out["predicate"] = op.predicate;
  }
  void operator()(const operation::Overwrite& op) const {
    out["new_schema"] = ToDict(op.schema);
    out["fragments"] = ToList(op.fragments);
    out["initial_bases"] =
        op.initial_bases.empty() ? nb::none() : nb::object(ToList(op.initial_bases));
    out["config_upsert_values"] = op.config_upsert_values;
  }
  void operator()(const operation::CreateIndex& op) const {
    out["new_indices"] = Indices(op.new_indices);
    out["removed_indices"] = Indices(op.removed_indices);
  }
  void operator()(const operation::Rewrite& op) const {
    nb::list groups;
    for (const operation::RewriteGroup& group : op.groups) {
      nb::dict entry;
      entry["old_fragments"] = ToList(group.old_fragments);
      entry["new_fragments"] = ToList(group.new_fragments);
      groups.append(entry);
    }
    out["groups"] = groups;
    nb::list indices;
    for (const operation::RewrittenIndex& index : op.rewritten_indices) {
      nb::dict entry;
      entry["old_id"] = index.old_uuid;
      entry["new_id"] = index.new_uuid;
      entry["new_details_type_url"] = index.details_type_url;
      entry["new_details_value"] = Bytes(index.details);
      entry["new_index_version"] = index.version;
      entry["files"] = FilesToList(index.files);
      indices.append(entry);
    }
    out["rewritten_indices"] = indices;
  }
  void operator()(const operation::Merge& op) const {
    out["fragments"] = ToList(op.fragments);
    out["schema"] = ToDict(op.schema);
    out["preserves_nullability"] = op.preserves_nullability;
  }
  void operator()(const operation::Project& op) const {
    out["schema"] = ToDict(op.schema);
    out["preserves_nullability"] = op.preserves_nullability;
  }
  void operator()(const operation::Restore& op) const { out["version"] = op.version; }
  void operator()(const operation::ReserveFragments& op) const {
    out["num_fragments"] = op.num_fragments;
  }
  void operator()(const operation::Update& op) const {
    out["removed_fragment_ids"] = op.removed_fragment_ids;
    out["updated_fragments"] = ToList(op.updated_fragments);
    out["new_fragments"] = ToList(op.new_fragments);
    out["fields_modified"] = op.fields_modified;
    out["fields_for_preserving_frag_bitmap"] = op.changed_fields;
    out["update_mode"] =
        op.mode == operation::Update::Mode::kRewriteRows ? kRewriteRows : kRewriteColumns;
    nb::dict offsets;
    for (const auto& [fragment, bitmap] : op.updated_fragment_offset_bitmaps) {
      offsets[nb::int_(fragment)] = Bytes(bitmap);
    }
    out["updated_fragment_offsets"] = offsets.size() == 0 ? nb::none() : nb::object(offsets);
    nb::dict rows;
    for (const auto& [fragment, numbers] : op.updated_fragment_offsets) {
      rows[nb::int_(fragment)] = numbers;
    }
    out["updated_rows"] = rows;
    out["inserted_rows"] = KeyFilterToDict(op.inserted_rows);
    out["compacted_sstables"] = ToList(op.compacted_sstables);
  }
  void operator()(const operation::UpdateConfig& op) const {
    out["config_updates"] = ToDictOrNone(op.config);
    out["table_metadata_updates"] = ToDictOrNone(op.table_metadata);
    out["schema_metadata_updates"] = ToDictOrNone(op.schema_metadata);
    nb::dict fields;
    for (const auto& [id, update] : op.field_metadata)
      fields[nb::int_(id)] = MapUpdateToDict(update);
    out["field_metadata_updates"] = fields;
  }
  void operator()(const operation::DataReplacement& op) const {
    nb::list groups;
    for (const auto& group : op.replacements) {
      nb::dict entry;
      entry["fragment_id"] = group.fragment_id;
      entry["new_file"] = ToDict(group.new_file);
      groups.append(entry);
    }
    out["replacements"] = groups;
  }
  void operator()(const operation::UpdateMemWalState& op) const {
    out["compacted_sstables"] = ToList(op.compacted_sstables);
  }
  void operator()(const operation::Clone& op) const {
    out["is_shallow"] = op.is_shallow;
    out["ref_name"] = op.ref_name;
    out["ref_version"] = op.ref_version;
    out["ref_path"] = op.ref_path;
    out["branch_name"] = op.branch_name;
  }
  void operator()(const operation::UpdateBases& op) const {
    out["new_bases"] = ToList(op.new_bases);
  }
  void operator()(const operation::Unknown& op) const { out["message"] = Bytes(op.bytes); }

 private:
  static nb::list Indices(const std::vector<IndexInfo>& indices) {
    nb::list out;
    for (const IndexInfo& index : indices) {
      nb::dict entry;
      entry["uuid"] = index.uuid;
      entry["name"] = index.name;
      entry["fields"] = index.field_ids;
      entry["dataset_version"] = index.dataset_version;
      entry["fragment_ids"] = index.has_fragment_bitmap ? nb::cast(index.fragment_ids) : nb::none();
      entry["index_version"] = index.index_version.value_or(0);
      entry["created_at"] = index.created_at_millis;
      entry["base_id"] = index.base_id;
      entry["files"] = FilesToList(index.files);
      entry["index_details"] =
          index.details ? nb::object(nb::make_tuple(index.type_url, Bytes(*index.details)))
                        : nb::none();
      entry["covering_fields"] = index.covering_fields;
      entry["has_index_version"] = index.index_version.has_value();
      entry["type_url"] = index.type_url;
      entry["clustering_id"] = index.clustering_id;
      entry["metadata"] = ToDict(index.metadata);
      entry["unknown_fields"] = Bytes(index.unknown_fields);
      out.append(entry);
    }
    return out;
  }
};

std::vector<std::string> BytesOf(const nb::dict& dict, const char* key) {
  std::vector<std::string> out;
  for (nb::handle value : Item(dict, key)) out.push_back(ToBytes(value));
  return out;
}

std::optional<MapUpdate> MapUpdateOf(const nb::dict& dict, const char* key) {
  nb::object value = Item(dict, key);
  if (value.is_none()) return std::nullopt;
  return MapUpdateFromDict(nb::cast<nb::dict>(value));
}

operation::RewriteGroup RewriteGroupFromDict(const nb::dict& dict) {
  return {.old_fragments = GetList(dict, "old_fragments", FragmentFromDict),
          .new_fragments = GetList(dict, "new_fragments", FragmentFromDict)};
}

operation::RewrittenIndex RewrittenIndexFromDict(const nb::dict& dict) {
  return {.old_uuid = Get<std::string>(dict, "old_id"),
          .new_uuid = Get<std::string>(dict, "new_id"),
          .details_type_url = Get<std::string>(dict, "new_details_type_url"),
          .details = ToBytes(Item(dict, "new_details_value")),
          .version = Get<uint32_t>(dict, "new_index_version"),
          .files = IndexFilesFromDict(dict)};
}

std::optional<operation::KeyExistenceFilter> KeyFilterFromDict(const nb::dict& dict,
                                                               const char* key) {
  if (!Has(dict, key)) return std::nullopt;
  const nb::dict value = Get<nb::dict>(dict, key);
  operation::KeyExistenceFilter out;
  out.field_ids = Get<std::vector<int32_t>>(value, "field_ids");
  if (Has(value, "hashes")) {
    out.data = Get<std::vector<uint64_t>>(value, "hashes");
  } else {
    out.data = operation::KeyExistenceFilter::Bloom{
        .bitmap = ToBytes(Item(value, "bitmap")),
        .num_bits = Get<uint32_t>(value, "num_bits"),
        .number_of_items = Get<uint64_t>(value, "number_of_items"),
        .probability = Get<double>(value, "probability")};
  }
  return out;
}

operation::Update UpdateFromDict(const nb::dict& dict) {
  operation::Update op;
  op.removed_fragment_ids = Get<std::vector<uint64_t>>(dict, "removed_fragment_ids");
  op.updated_fragments = GetList(dict, "updated_fragments", FragmentFromDict);
  op.new_fragments = GetList(dict, "new_fragments", FragmentFromDict);
  op.fields_modified = Get<std::vector<uint32_t>>(dict, "fields_modified");
  op.changed_fields = Get<std::vector<uint32_t>>(dict, "fields_for_preserving_frag_bitmap");
  const std::string mode = Get<std::string>(dict, "update_mode");
  if (mode == kRewriteColumns) {
    op.mode = operation::Update::Mode::kRewriteColumns;
  } else if (!mode.empty() && mode != kRewriteRows) {
    throw nb::value_error(
        ("update_mode must be 'rewrite_rows' or 'rewrite_columns', got '" + mode + "'").c_str());
  }
  nb::object offsets = Item(dict, "updated_fragment_offsets");
  if (!offsets.is_none()) {
    for (auto [fragment, bitmap] : nb::cast<nb::dict>(offsets)) {
      op.updated_fragment_offset_bitmaps[nb::cast<uint64_t>(fragment)] = ToBytes(bitmap);
    }
  }
  if (Has(dict, "updated_rows")) {
    op.updated_fragment_offsets =
        Get<std::map<uint64_t, std::vector<uint32_t>>>(dict, "updated_rows");
  }
  op.inserted_rows = KeyFilterFromDict(dict, "inserted_rows");
  if (Has(dict, "compacted_sstables")) op.compacted_sstables = BytesOf(dict, "compacted_sstables");
  return op;
}

Operation OperationFromDict(const std::string& type, const nb::dict& dict) {
  auto fragments = [&](const char* key) { return GetList(dict, key, FragmentFromDict); };
  auto schema = [&](const char* key) { return SchemaFromDict(Get<nb::dict>(dict, key)); };
  if (type == "Append") return operation::Append{fragments("fragments")};
  if (type == "Delete") {
    return operation::Delete{fragments("updated_fragments"),
                             Get<std::vector<uint64_t>>(dict, "deleted_fragment_ids"),
                             Get<std::string>(dict, "predicate")};
  }
  if (type == "Overwrite") {
    return operation::Overwrite{fragments("fragments"), schema("new_schema"),
                                Has(dict, "config_upsert_values")
                                    ? ToStringMap(Item(dict, "config_upsert_values"))
                                    : std::map<std::string, std::string>(),
                                GetList(dict, "initial_bases", BasePathFromDict)};
  }
  if (type == "CreateIndex") {
    return operation::CreateIndex{GetList(dict, "new_indices", IndexFromDict),
                                  GetList(dict, "removed_indices", IndexFromDict)};
  }
  if (type == "Rewrite") {
    return operation::Rewrite{GetList(dict, "groups", RewriteGroupFromDict),
                              GetList(dict, "rewritten_indices", RewrittenIndexFromDict)};
  }
  if (type == "Merge") {
    return operation::Merge{fragments("fragments"), schema("schema"),
                            Get<bool>(dict, "preserves_nullability")};
  }
  if (type == "Project") {
    return operation::Project{schema("schema"), Get<bool>(dict, "preserves_nullability")};
  }
  if (type == "Restore") return operation::Restore{Get<uint64_t>(dict, "version")};
  if (type == "ReserveFragments") {
    return operation::ReserveFragments{Get<uint32_t>(dict, "num_fragments")};
  }
  if (type == "Update") return UpdateFromDict(dict);
  if (type == "UpdateConfig") return UpdateConfigFromDict(dict);
  if (type == "DataReplacement") {
    return operation::DataReplacement{GetList(dict, "replacements", [](const nb::dict& group) {
      return operation::DataReplacement::Group{Get<uint64_t>(group, "fragment_id"),
                                               DataFileFromDict(Get<nb::dict>(group, "new_file"))};
    })};
  }
  if (type == "UpdateMemWalState") {
    return operation::UpdateMemWalState{BytesOf(dict, "compacted_sstables")};
  }
  if (type == "Clone") {
    return operation::Clone{Get<bool>(dict, "is_shallow"),
                            Get<std::optional<std::string>>(dict, "ref_name"),
                            Get<uint64_t>(dict, "ref_version"), Get<std::string>(dict, "ref_path"),
                            Get<std::optional<std::string>>(dict, "branch_name")};
  }
  if (type == "UpdateBases") {
    return operation::UpdateBases{GetList(dict, "new_bases", BasePathFromDict)};
  }
  if (type == "Unknown") return operation::Unknown{ToBytes(Item(dict, "message"))};
  throw nb::type_error(("there is no operation '" + type + "' to commit").c_str());
}

}  // namespace

operation::UpdateConfig UpdateConfigFromDict(const nb::dict& dict) {
  operation::UpdateConfig op;
  op.config = MapUpdateOf(dict, "config_updates");
  op.table_metadata = MapUpdateOf(dict, "table_metadata_updates");
  op.schema_metadata = MapUpdateOf(dict, "schema_metadata_updates");
  nb::object fields = Item(dict, "field_metadata_updates");
  if (!fields.is_none()) {
    for (auto [id, update] : nb::cast<nb::dict>(fields)) {
      op.field_metadata[nb::cast<int32_t>(id)] = MapUpdateFromDict(nb::cast<nb::dict>(update));
    }
  }
  return op;
}

nb::dict ToDict(const Transaction& transaction) {
  nb::dict out;
  out["read_version"] = transaction.read_version;
  out["uuid"] = transaction.uuid;
  out["properties"] = ToDict(transaction.properties);
  out["tag"] = transaction.tag;
  out["type"] = OperationName(transaction.operation);
  std::visit(Describe{out}, transaction.operation);
  return out;
}

Transaction TransactionFromDict(const nb::dict& dict) {
  Transaction transaction;
  transaction.read_version = Get<uint64_t>(dict, "read_version");
  transaction.uuid = Get<std::string>(dict, "uuid");
  transaction.properties = ToStringMap(Item(dict, "properties"));
  if (Has(dict, "tag")) transaction.tag = Get<std::string>(dict, "tag");
  transaction.operation = OperationFromDict(Get<std::string>(dict, "type"), dict);
  return transaction;
}

}  // namespace lancea::python
