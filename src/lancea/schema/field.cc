#include "lancea/schema/field.h"

#include <array>
#include <cctype>
#include <unordered_map>
#include <utility>

#include "lancea/schema/logical_type.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::array kBlobV2DescriptorNames = {"kind", "position", "size", "blob_id", "blob_uri"};
constexpr std::array kBlobV2DescriptorTypes = {"uint8", "uint64", "uint64", "uint32", "string"};

constexpr int32_t kEncodingPlain = lance::file::PLAIN;
constexpr int32_t kEncodingVarBinary = lance::file::VAR_BINARY;

bool IsTruthy(const std::string& text) {
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower == "1" || lower == "true" || lower == "on" || lower == "yes" || lower == "y";
}

Field FieldFromProto(const lance::file::Field& proto) {
  Field field;
  field.id = proto.id();
  field.parent_id = proto.parent_id();
  field.name = proto.name();
  field.logical_type = proto.logical_type();
  field.nullable = proto.nullable();
  field.metadata.insert(proto.metadata().begin(), proto.metadata().end());
  if (!proto.extension_name().empty()) field.metadata[kExtensionNameKey] = proto.extension_name();
  field.legacy_encoding = static_cast<int32_t>(proto.encoding());
  field.dictionary_offset = proto.dictionary().offset();
  field.dictionary_length = proto.dictionary().length();
  if (proto.unenforced_primary_key_position() > 0) {
    field.primary_key_position = static_cast<int32_t>(proto.unenforced_primary_key_position());
  } else if (proto.unenforced_primary_key()) {
    field.primary_key_position = 0;
  }
  return field;
}

void AppendToProto(const Field& field, ProtoFields* protos) {
  lance::file::Field* proto = protos->Add();
  proto->set_id(field.id);
  proto->set_parent_id(field.parent_id);
  proto->set_name(field.name);
  proto->set_logical_type(field.logical_type);
  proto->set_nullable(field.nullable);
  proto->set_encoding(static_cast<lance::file::Encoding>(field.legacy_encoding));
  for (const auto& [key, value] : field.metadata) (*proto->mutable_metadata())[key] = value;
  proto->set_extension_name(MetadataValue(field, kExtensionNameKey));
  if (field.logical_type.starts_with("dict:")) {
    proto->mutable_dictionary()->set_offset(field.dictionary_offset);
    proto->mutable_dictionary()->set_length(field.dictionary_length);
  }
  if (field.primary_key_position) {
    proto->set_unenforced_primary_key(true);
    proto->set_unenforced_primary_key_position(*field.primary_key_position);
  }
  const std::string& clustering =
      MetadataValue(field, "lance-schema:unenforced-clustering-key:position");
  if (!clustering.empty() && clustering.size() < 10 &&
      clustering.find_first_not_of("0123456789") == std::string::npos) {
    proto->set_unenforced_clustering_key_position(std::stoul(clustering));
  }
  for (const Field& child : field.children) AppendToProto(child, protos);
}

/// True when protos[start..] are the parentless children of a blob v2 descriptor.
bool IsBlobV2DescriptorAt(const ProtoFields& protos, int start) {
  if (protos.size() - start < static_cast<int>(kBlobV2DescriptorNames.size())) return false;
  for (size_t i = 0; i < kBlobV2DescriptorNames.size(); ++i) {
    const lance::file::Field& proto = protos[start + static_cast<int>(i)];
    if (proto.id() != -1 || proto.name() != kBlobV2DescriptorNames[i]) return false;
  }
  return true;
}

/// A field of the flat list with the places of its children in it.
struct Node {
  Field field;
  int depth = 0;
  std::vector<int> children;
};

Field TakeTree(std::vector<Node>& nodes, int index) {
  Field field = std::move(nodes[index].field);
  field.children.reserve(nodes[index].children.size());
  for (int child : nodes[index].children) field.children.push_back(TakeTree(nodes, child));
  return field;
}

Field BlobV1Descriptor(const Field& blob) {
  Field field = blob;
  field.logical_type = "struct";
  field.metadata = {{kBlobKey, "true"}};
  field.children.clear();
  for (const char* name : {"position", "size"}) {
    Field child;
    child.name = name;
    child.logical_type = "uint64";
    child.legacy_encoding = kEncodingPlain;
    field.children.push_back(std::move(child));
  }
  return field;
}

Field BlobV2Descriptor(const Field& blob) {
  Field field = blob;
  field.logical_type = "struct";
  field.metadata = {{kBlobKey, "true"}, {"lance-encoding:packed", "true"}};
  field.children.clear();
  for (size_t i = 0; i < kBlobV2DescriptorNames.size(); ++i) {
    Field child;
    child.name = kBlobV2DescriptorNames[i];
    child.logical_type = kBlobV2DescriptorTypes[i];
    child.nullable = false;
    child.legacy_encoding = child.logical_type == "string" ? kEncodingVarBinary : kEncodingPlain;
    field.children.push_back(std::move(child));
  }
  return field;
}

Field BlobBytes(const Field& blob) {
  Field field = blob;
  field.logical_type = "large_binary";
  field.children.clear();
  field.legacy_encoding = kEncodingVarBinary;
  if (IsBlobV2(blob)) {
    for (const char* key : {kExtensionNameKey, kBlobKey, "packed", "lance-encoding:packed"}) {
      field.metadata.erase(key);
    }
  }
  return field;
}

Field JsonText(const Field& json) {
  Field field = json;
  field.logical_type = "string";
  field.metadata[kExtensionNameKey] = kArrowJsonExtension;
  field.metadata[kExtensionMetadataKey] = "";
  return field;
}

template <typename Change>
Schema MapFields(const Schema& schema, Change&& change) {
  Schema out;
  out.metadata = schema.metadata;
  out.fields.reserve(schema.fields.size());
  for (const Field& field : schema.fields) out.fields.push_back(change(field));
  return out;
}

}  // namespace

const std::string& MetadataValue(const Field& field, const std::string& key) {
  static const std::string kNone;
  auto found = field.metadata.find(key);
  return found == field.metadata.end() ? kNone : found->second;
}

bool IsBlobV2(const Field& field) {
  if (MetadataValue(field, kExtensionNameKey) == kBlobV2Extension) return true;
  if (!field.metadata.contains(kBlobKey) || field.logical_type != "struct") return false;
  if (field.children.size() != kBlobV2DescriptorNames.size()) return false;
  for (size_t i = 0; i < kBlobV2DescriptorNames.size(); ++i) {
    if (field.children[i].name != kBlobV2DescriptorNames[i]) return false;
  }
  return true;
}

bool IsBlob(const Field& field) {
  return field.metadata.contains(kBlobKey) || field.logical_type == "blob" || IsBlobV2(field);
}

bool IsPackedStruct(const Field& field) {
  return field.logical_type == "struct" &&
         (IsTruthy(MetadataValue(field, "packed")) ||
          IsTruthy(MetadataValue(field, "lance-encoding:packed")));
}

bool IsJson(const Field& field) {
  return field.logical_type == "json" ||
         (field.logical_type == "large_binary" &&
          MetadataValue(field, kExtensionNameKey) == kLanceJsonExtension);
}

arrow::Result<Schema> SchemaFromProto(const ProtoFields& protos, const ProtoMetadata& metadata) {
  std::vector<Node> nodes;
  nodes.reserve(protos.size());
  std::vector<int> roots;
  std::unordered_map<int32_t, int> index_of_id;
  index_of_id.reserve(protos.size());
  for (int i = 0; i < protos.size(); ++i) {
    Node node{FieldFromProto(protos[i]), 1, {}};
    const Field& field = node.field;
    if (field.parent_id == -1) {
      roots.push_back(i);
    } else {
      auto parent = index_of_id.find(field.parent_id);
      if (parent == index_of_id.end()) {
        return Corrupt("field \"", field.name, "\" (id ", field.id, ") has parent id ",
                       field.parent_id, ", which no field before it has");
      }
      node.depth = nodes[parent->second].depth + 1;
      if (node.depth > kMaxSchemaDepth) {
        return Corrupt("field \"", field.name, "\" is nested deeper than ", kMaxSchemaDepth,
                       " levels");
      }
      nodes[parent->second].children.push_back(i);
    }
    if (field.id >= 0 && !index_of_id.emplace(field.id, i).second) {
      return Corrupt("field id ", field.id, " appears twice, the second time as \"", field.name,
                     "\"");
    }
    bool is_descriptor = field.metadata.contains(kBlobKey) && IsPackedStruct(field) &&
                         IsBlobV2DescriptorAt(protos, i + 1);
    int depth = node.depth;
    nodes.push_back(std::move(node));
    if (!is_descriptor) continue;
    if (depth >= kMaxSchemaDepth) return Corrupt("blob descriptor nested too deeply");
    for (size_t child = 0; child < kBlobV2DescriptorNames.size(); ++child) {
      nodes[i].children.push_back(static_cast<int>(nodes.size()));
      nodes.push_back({FieldFromProto(protos[static_cast<int>(nodes.size())]), depth + 1, {}});
    }
    i += static_cast<int>(kBlobV2DescriptorNames.size());
  }
  Schema schema;
  schema.metadata.insert(metadata.begin(), metadata.end());
  schema.fields.reserve(roots.size());
  for (int root : roots) schema.fields.push_back(TakeTree(nodes, root));
  return schema;
}

void SchemaToProto(const Schema& schema, ProtoFields* fields, ProtoMetadata* metadata) {
  for (const Field& field : schema.fields) AppendToProto(field, fields);
  for (const auto& [key, value] : schema.metadata) (*metadata)[key] = value;
}

Field AsRead(const Field& field, BlobHandling blobs) {
  if (IsBlob(field)) {
    if (blobs == BlobHandling::kBinary) return BlobBytes(field);
    return IsBlobV2(field) ? BlobV2Descriptor(field) : BlobV1Descriptor(field);
  }
  if (IsJson(field)) return JsonText(field);
  Field out = field;
  for (Field& child : out.children) child = AsRead(child, blobs);
  return out;
}

Schema AsRead(const Schema& schema, BlobHandling blobs) {
  return MapFields(schema, [&](const Field& field) { return AsRead(field, blobs); });
}

Field AsDeclared(const Field& field) {
  if (IsJson(field)) return JsonText(field);
  Field out = field;
  for (Field& child : out.children) child = AsDeclared(child);
  return out;
}

Schema AsDeclared(const Schema& schema) {
  return MapFields(schema, [](const Field& field) { return AsDeclared(field); });
}

arrow::Result<std::shared_ptr<arrow::Field>> ToArrowAsRead(const Field& field, BlobHandling blobs) {
  return ToArrow(AsRead(field, blobs));
}

arrow::Result<std::shared_ptr<arrow::Schema>> ToArrowAsRead(const Schema& schema,
                                                            BlobHandling blobs) {
  return ToArrow(AsRead(schema, blobs));
}

}  // namespace lancea
