#include "lancea/scan/blobs.h"

#include <algorithm>
#include <functional>
#include <map>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/io/path.h"
#include "lancea/schema/field.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

enum BlobKind : uint8_t {
  kInline = 0,
  kPacked = 1,
  kDedicated = 2,
  kExternal = 3,
  kManaged = 4,
  kManagedWithBase = 5,
};

// The blobs wanted from one object.
struct ObjectBlobs {
  std::shared_ptr<ObjectReader> object;
  std::vector<ByteRange> ranges;
  std::vector<size_t> rows;
};

arrow::Status CheckInside(const ByteRange& range, const ObjectReader& object) {
  if (range.offset > object.size() || range.length > object.size() - range.offset) {
    return Corrupt("a blob of ", range.length, " bytes at ", range.offset, " passes the end of ",
                   object.path(), " (", object.size(), " bytes)");
  }
  return arrow::Status::OK();
}

arrow::Status ReadInto(const ObjectBlobs& wanted, const ReadOptions& options, Blobs* out) {
  for (const ByteRange& range : wanted.ranges) {
    ARROW_RETURN_NOT_OK(CheckInside(range, *wanted.object));
  }
  ARROW_ASSIGN_OR_RAISE(auto buffers, ReadRanges(*wanted.object, wanted.ranges, options));
  for (size_t i = 0; i < buffers.size(); ++i) (*out)[wanted.rows[i]] = std::move(buffers[i]);
  return arrow::Status::OK();
}

// The children of a description struct, checked to have the types of v1 or v2.
struct Descriptions {
  const arrow::StructArray* rows = nullptr;
  std::shared_ptr<arrow::Array> kind, position, size, blob_id, uri;

  bool is_v2() const { return kind != nullptr; }

  static arrow::Result<Descriptions> Make(const arrow::Array& array) {
    if (array.type_id() != arrow::Type::STRUCT) {
      return Corrupt("blobs are described by a struct, found ", array.type()->ToString());
    }
    Descriptions out;
    out.rows = static_cast<const arrow::StructArray*>(&array);
    auto child = [&](const char* name, arrow::Type::type id) -> std::shared_ptr<arrow::Array> {
      auto found = out.rows->GetFieldByName(name);
      return found != nullptr && found->type_id() == id ? found : nullptr;
    };
    out.position = child("position", arrow::Type::UINT64);
    out.size = child("size", arrow::Type::UINT64);
    if (out.rows->num_fields() == 5) {
      out.kind = child("kind", arrow::Type::UINT8);
      out.blob_id = child("blob_id", arrow::Type::UINT32);
      out.uri = child("blob_uri", arrow::Type::STRING);
    }
    const bool known = out.position != nullptr && out.size != nullptr &&
                       (out.rows->num_fields() == 2 ||
                        (out.kind != nullptr && out.blob_id != nullptr && out.uri != nullptr));
    if (!known) return Corrupt("no blob description: ", array.type()->ToString());
    return out;
  }

  bool IsNull(int64_t row) const {
    if (rows->IsNull(row) || position->IsNull(row) || size->IsNull(row)) return true;
    if (is_v2()) return kind->IsNull(row);
    const ByteRange range = Range(row);
    return range.length == 0 && range.offset != 0;
  }

  ByteRange Range(int64_t row) const {
    return {static_cast<const arrow::UInt64Array&>(*position).Value(row),
            static_cast<const arrow::UInt64Array&>(*size).Value(row)};
  }
};

// Opens each object that blobs lie in once.
class BlobSources {
 public:
  explicit BlobSources(const Dataset::Impl& dataset) : dataset_(dataset) {}

  arrow::Result<ObjectBlobs*> DataFileItself(const DataFile& file) {
    return Get(file.base_id, "file:" + file.path,
               [&]() -> arrow::Result<std::shared_ptr<ObjectReader>> {
                 ARROW_ASSIGN_OR_RAISE(auto reader, dataset_.OpenDataFile(file));
                 return reader->object();
               });
  }

  arrow::Result<ObjectBlobs*> Sidecar(const DataFile& file, uint32_t blob_id) {
    DataFile sidecar = file;
    sidecar.path = BlobSidecarPath(file.path, blob_id);
    return Get(file.base_id, "sidecar:" + sidecar.path,
               [&]() -> arrow::Result<std::shared_ptr<ObjectReader>> {
                 ARROW_ASSIGN_OR_RAISE(FileLocation where,
                                       LocateDataFile(dataset_.manifest->base_paths, sidecar));
                 return Open(file.base_id, where.FullPath(dataset_.location.path));
               });
  }

  arrow::Result<ObjectBlobs*> External(const std::string& uri) {
    // Base id 0 stands for "resolve as a URI of its own" here; nothing of the table is put before it.
    return Get(0, "external:" + uri, [&] { return Open(0, uri); });
  }

  arrow::Result<ObjectBlobs*> BelowBase(std::optional<uint32_t> base_id, const std::string& uri) {
    return Get(base_id, "base:" + uri, [&]() -> arrow::Result<std::shared_ptr<ObjectReader>> {
      if (!IsSafeRelativePath(uri)) return Corrupt("blob path \"", uri, "\" is not a relative one");
      std::string root = dataset_.location.path;
      if (base_id.has_value()) {
        const auto& bases = dataset_.manifest->base_paths;
        auto base = std::find_if(bases.begin(), bases.end(),
                                 [&](const BasePath& path) { return path.id == *base_id; });
        if (base == bases.end()) {
          return Corrupt("blob \"", uri, "\" lies under base path ", *base_id,
                         ", which the manifest does not list");
        }
        root = base->path;
      }
      return Open(base_id, JoinPath(root, uri));
    });
  }

  std::map<std::string, ObjectBlobs>& all() { return sources_; }

 private:
  using OpenObject = std::function<arrow::Result<std::shared_ptr<ObjectReader>>()>;

  arrow::Result<ObjectBlobs*> Get(std::optional<uint32_t> base_id, const std::string& name,
                                  const OpenObject& open) {
    const std::string key = (base_id.has_value() ? std::to_string(*base_id) : "own") + " " + name;
    auto found = sources_.find(key);
    if (found != sources_.end()) return &found->second;
    ARROW_ASSIGN_OR_RAISE(auto object, open());
    return &sources_.emplace(key, ObjectBlobs{std::move(object), {}, {}}).first->second;
  }

  arrow::Result<std::shared_ptr<ObjectReader>> Open(std::optional<uint32_t> base_id,
                                                    const std::string& path) {
    ARROW_ASSIGN_OR_RAISE(StoreAndPath resolved, dataset_.Resolve(base_id, path));
    return resolved.store->Open(resolved.path);
  }

  const Dataset::Impl& dataset_;
  std::map<std::string, ObjectBlobs> sources_;  // ObjectBlobs stay where they are
};

// Where row `row` of v2 descriptions lies; `range` becomes absolute in that object.
arrow::Result<ObjectBlobs*> Locate(const Descriptions& blobs, int64_t row, const DataFile& file,
                                   BlobSources* sources, ByteRange* range) {
  const uint8_t kind = static_cast<const arrow::UInt8Array&>(*blobs.kind).Value(row);
  const uint32_t blob_id = static_cast<const arrow::UInt32Array&>(*blobs.blob_id).Value(row);
  const std::string uri = static_cast<const arrow::StringArray&>(*blobs.uri).GetString(row);
  switch (kind) {
    case kInline:
      return sources->DataFileItself(file);
    case kPacked:
      return sources->Sidecar(file, blob_id);
    case kDedicated:
      range->offset = 0;
      return sources->Sidecar(file, blob_id);
    case kExternal: {
      ARROW_ASSIGN_OR_RAISE(ObjectBlobs * source, blob_id == 0 ? sources->External(uri)
                                                               : sources->BelowBase(blob_id, uri));
      if (range->length == 0 && range->offset < source->object->size()) {
        range->length = source->object->size() - range->offset;
      }
      return source;
    }
    case kManaged:
      return sources->BelowBase(file.base_id, uri);
    case kManagedWithBase:
      return sources->BelowBase(blob_id, uri);
    default:
      return Unsupported("blob kind ", static_cast<int>(kind), "; this build reads 0 to 5");
  }
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> DescriptionsToBytes(
    const Dataset::Impl& dataset, const FragmentMetadata& fragment, const Field& field,
    const std::shared_ptr<arrow::Array>& array, const ReadOptions& options) {
  if (IsBlob(field)) {
    const std::vector<const DataFile*> files(static_cast<size_t>(array->length()),
                                             DataFileOfField(fragment, field.id));
    ARROW_ASSIGN_OR_RAISE(Blobs blobs, ReadBlobs(dataset, *array, files, options));
    return BlobsToArray(blobs, dataset.memory_pool());
  }
  if (array->type_id() != arrow::Type::STRUCT || IsPackedStruct(field)) return array;
  const auto& rows = static_cast<const arrow::StructArray&>(*array);
  auto out = std::make_shared<arrow::ArrayData>(*array->data());
  arrow::FieldVector fields = array->type()->fields();
  for (size_t i = 0; i < field.children.size() && i < fields.size(); ++i) {
    // Children cut to the parent's window; the parent then begins at 0 of its own, too.
    auto child = rows.field(static_cast<int>(i));
    ARROW_ASSIGN_OR_RAISE(
        child, DescriptionsToBytes(dataset, fragment, field.children[i], child, options));
    ARROW_ASSIGN_OR_RAISE(fields[i], ToArrowAsRead(field.children[i], BlobHandling::kBinary));
    out->child_data[i] = child->data();
  }
  if (array->offset() != 0) {
    if (array->null_bitmap() != nullptr) {
      ARROW_ASSIGN_OR_RAISE(out->buffers[0], arrow::internal::CopyBitmap(
                                                 dataset.memory_pool(), array->null_bitmap_data(),
                                                 array->offset(), array->length()));
    }
    out->offset = 0;
  }
  out->type = arrow::struct_(std::move(fields));
  return arrow::MakeArray(std::move(out));
}

std::string BlobSidecarPath(const std::string& data_file_path, uint32_t blob_id) {
  std::string path(FileName(data_file_path));
  if (path.ends_with(".lance")) path.resize(path.size() - 6);
  path += '/';
  for (int bit = 0; bit < 32; ++bit) path += (blob_id >> bit & 1) != 0 ? '1' : '0';
  return path + ".blob";
}

const DataFile* DataFileOfField(const FragmentMetadata& fragment, int32_t field_id) {
  for (const DataFile& file : fragment.files) {
    for (size_t i = 0; i < file.fields.size(); ++i) {
      if (file.fields[i] != field_id) continue;
      // 0.1 files have no column indices, or any number of them.
      if (i >= file.column_indices.size() || file.column_indices[i] >= 0) return &file;
    }
  }
  return nullptr;
}

arrow::Result<Blobs> ReadBlobsOfFile(ObjectReader& object, const arrow::Array& descriptions,
                                     const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(Descriptions blobs, Descriptions::Make(descriptions));
  if (blobs.is_v2()) return Corrupt("blob v2 descriptions where v1 ones were expected");
  // The object outlives this call, so it need not be owned.
  ObjectBlobs wanted{std::shared_ptr<ObjectReader>(std::shared_ptr<void>(), &object), {}, {}};
  for (int64_t row = 0; row < descriptions.length(); ++row) {
    if (blobs.IsNull(row)) continue;
    wanted.ranges.push_back(blobs.Range(row));
    wanted.rows.push_back(static_cast<size_t>(row));
  }
  Blobs out(static_cast<size_t>(descriptions.length()));
  ARROW_RETURN_NOT_OK(ReadInto(wanted, options, &out));
  return out;
}

arrow::Result<Blobs> ReadBlobs(const Dataset::Impl& dataset, const arrow::Array& descriptions,
                               std::span<const DataFile* const> files, const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(Descriptions blobs, Descriptions::Make(descriptions));
  if (files.size() != static_cast<size_t>(descriptions.length())) {
    return InvalidInput(files.size(), " files for ", descriptions.length(), " blobs");
  }
  BlobSources sources(dataset);
  // Neighbouring rows nearly always lie in the same file.
  const DataFile* last_file = nullptr;
  ObjectBlobs* last_source = nullptr;
  for (int64_t row = 0; row < descriptions.length(); ++row) {
    if (blobs.IsNull(row)) continue;
    const DataFile* file = files[static_cast<size_t>(row)];
    if (file == nullptr) return Corrupt("a blob is described, yet no data file holds its column");
    ByteRange range = blobs.Range(row);
    ObjectBlobs* source = last_source;
    if (blobs.is_v2()) {
      ARROW_ASSIGN_OR_RAISE(source, Locate(blobs, row, *file, &sources, &range));
    } else if (file != last_file) {
      ARROW_ASSIGN_OR_RAISE(source, sources.DataFileItself(*file));
      last_file = file;
      last_source = source;
    }
    source->ranges.push_back(range);
    source->rows.push_back(static_cast<size_t>(row));
  }
  Blobs out(static_cast<size_t>(descriptions.length()));
  for (const auto& [key, source] : sources.all()) {
    ARROW_RETURN_NOT_OK(ReadInto(source, options, &out));
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Array>> BlobsToArray(const Blobs& blobs,
                                                          arrow::MemoryPool* pool) {
  arrow::LargeBinaryBuilder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(blobs.size())));
  int64_t bytes = 0;
  for (const auto& blob : blobs) {
    if (blob == nullptr) continue;
    if (blob->size() > builder.memory_limit() - bytes) {
      return arrow::Status::CapacityError("blobs of more than ", builder.memory_limit(), " bytes");
    }
    bytes += blob->size();
  }
  ARROW_RETURN_NOT_OK(builder.ReserveData(bytes));
  for (const auto& blob : blobs) {
    if (blob == nullptr) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(blob->data(), blob->size());
    }
  }
  return builder.Finish();
}

}  // namespace lancea
