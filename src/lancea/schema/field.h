// Fields and schemas <-> protobuf, and what a scan shows of them.
//
// On disk a schema is the list of its fields in depth-first order; each names its parent's id,
// which stands earlier in the list (-1 at the top). Ids are unique, with one exception: the
// children of a blob v2 descriptor in the schema of a data file carry id -1 and parent -1, right
// behind a struct marked `lance-encoding:blob` and `lance-encoding:packed`.
//
//   v(id 0, struct, blob, packed) kind(-1) position(-1) size(-1) blob_id(-1) blob_uri(-1) i(id 5)
//
// Three kinds of column look different when scanned (pylance 14.0.2):
//   stored                                       ds.schema                  scan result
//   json (JSONB in large_binary, lance.json)     utf8, arrow.json           utf8, arrow.json
//   blob v1 (large_binary, lance-encoding:blob)  large_binary               struct<position, size:
//   u64> blob v2 (struct data, uri ..: lance.blob.v2) struct, lance.blob.v2      struct<kind: u8,
//   position:
//                                    u64, size: u64, blob_id: u32, blob_uri: utf8>, no extension
//                                    name
// Source: file.proto Field; the file descriptor above and the table are what pylance 14.0.2 gives.
#pragma once

#include <map>
#include <string>

#include "arrow/result.h"
#include "lancea/proto/file.pb.h"
#include "lancea/scanner.h"
#include "lancea/schema.h"

namespace lancea {

constexpr char kExtensionNameKey[] = "ARROW:extension:name";
constexpr char kExtensionMetadataKey[] = "ARROW:extension:metadata";
constexpr char kBlobKey[] = "lance-encoding:blob";
constexpr char kBlobV2Extension[] = "lance.blob.v2";
constexpr char kLanceJsonExtension[] = "lance.json";
constexpr char kArrowJsonExtension[] = "arrow.json";

using ProtoFields = google::protobuf::RepeatedPtrField<lance::file::Field>;
using ProtoMetadata = google::protobuf::Map<std::string, std::string>;

/// Build the tree from the flat list.
/// \return Corrupt for an unknown parent, a duplicate id, more than kMaxSchemaDepth levels
arrow::Result<Schema> SchemaFromProto(const ProtoFields& fields, const ProtoMetadata& metadata);

/// Flatten a schema, as it was read.
void SchemaToProto(const Schema& schema, ProtoFields* fields, ProtoMetadata* metadata);

/// The value of a metadata key of the field, or "" when absent.
const std::string& MetadataValue(const Field& field, const std::string& key);

/// True for blob columns of either version.
bool IsBlob(const Field& field);
/// True for blob v2: the logical struct of a manifest or the descriptor of a data file.
bool IsBlobV2(const Field& field);
/// True for a struct whose children are stored together as one column.
bool IsPackedStruct(const Field& field);
/// True for JSON text stored as JSONB.
bool IsJson(const Field& field);

/// The field as scans return it: JSON as text, blobs as descriptors or bytes, at any depth.
Field AsRead(const Field& field, BlobHandling blobs = BlobHandling::kDescriptions);
Schema AsRead(const Schema& schema, BlobHandling blobs = BlobHandling::kDescriptions);

/// The field as `Dataset::schema()` shows it: JSON as text, blobs as declared.
Field AsDeclared(const Field& field);
Schema AsDeclared(const Schema& schema);

/// ToArrow(AsRead(field)).
arrow::Result<std::shared_ptr<arrow::Field>> ToArrowAsRead(
    const Field& field, BlobHandling blobs = BlobHandling::kDescriptions);
arrow::Result<std::shared_ptr<arrow::Schema>> ToArrowAsRead(
    const Schema& schema, BlobHandling blobs = BlobHandling::kDescriptions);

/// Call `visit(field)` for every field, parents before children.
template <typename Visitor>
void VisitFields(const std::vector<Field>& fields, Visitor&& visit) {
  for (const Field& field : fields) {
    visit(field);
    VisitFields(field.children, visit);
  }
}

}  // namespace lancea
