#include "lancea/write/blob_v2_writer.h"

#include <charconv>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/extension_type.h"
#include "lancea/io/copy_range.h"
#include "lancea/io/path.h"
#include "lancea/scan/blobs.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kInlineBytes = uint64_t{64} << 10;
constexpr uint64_t kDedicatedBytes = uint64_t{4} << 20;
constexpr uint64_t kPackBytes = uint64_t{1} << 30;
constexpr char kInlineKey[] = "lance-encoding:blob-inline-size-threshold";
constexpr char kDedicatedKey[] = "lance-encoding:blob-dedicated-size-threshold";
constexpr char kPackKey[] = "lance-encoding:blob-pack-file-size-threshold";

arrow::Result<uint64_t> Bound(const Field& field, const char* key, uint64_t otherwise) {
  const std::string& text = MetadataValue(field, key);
  if (text.empty()) return otherwise;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidInput("column \"", field.name, "\": metadata ", key, " is no number of bytes: \"",
                        text, "\"");
  }
  return value;
}

// The children of a struct as users give it.
struct GivenBlobs {
  std::shared_ptr<arrow::StructArray> rows;
  std::shared_ptr<arrow::Array> data, uri, position, size;

  static arrow::Result<GivenBlobs> Make(std::shared_ptr<arrow::Array> array, const Field& field) {
    while (array->type_id() == arrow::Type::EXTENSION) {
      array = static_cast<const arrow::ExtensionArray&>(*array).storage();
    }
    GivenBlobs out;
    if (array->type_id() == arrow::Type::STRUCT) {
      out.rows = std::static_pointer_cast<arrow::StructArray>(array);
      out.data = out.rows->GetFieldByName("data");
      out.uri = out.rows->GetFieldByName("uri");
      out.position = out.rows->GetFieldByName("position");
      out.size = out.rows->GetFieldByName("size");
    }
    auto is = [](const std::shared_ptr<arrow::Array>& child, arrow::Type::type id) {
      return child != nullptr && child->type_id() == id;
    };
    const bool fits = is(out.data, arrow::Type::LARGE_BINARY) && is(out.uri, arrow::Type::STRING) &&
                      (out.position == nullptr) == (out.size == nullptr) &&
                      (out.position == nullptr || (is(out.position, arrow::Type::UINT64) &&
                                                   is(out.size, arrow::Type::UINT64)));
    if (fits) return out;
    return InvalidInput("blob column \"", field.name,
                        "\" takes struct<data: large_binary, uri: utf8> with optional position and "
                        "size, found ",
                        array->type()->ToString());
  }

  bool has(const std::shared_ptr<arrow::Array>& child, int64_t row) const {
    return child != nullptr && child->IsValid(row);
  }

  arrow::Status Check(int64_t row, const Field& field) const {
    const char* wrong = nullptr;
    if (has(data, row) == has(uri, row)) {
      wrong = "must set exactly one of `data` and `uri`";
    } else if (has(position, row) != has(size, row)) {
      wrong = "must set both `position` and `size`, or neither";
    } else if (has(position, row) && !has(uri, row)) {
      wrong = "sets `position` and `size` but `uri` is null";
    } else if (has(size, row) && Number(size, row) == 0) {
      wrong = "external range `size` must be greater than zero";
    }
    if (wrong == nullptr) return arrow::Status::OK();
    return InvalidInput("Blob v2 field '", field.name, "' row ", row, " ", wrong);
  }

  static uint64_t Number(const std::shared_ptr<arrow::Array>& child, int64_t row) {
    return static_cast<const arrow::UInt64Array&>(*child).Value(row);
  }
};

}  // namespace

struct BlobV2Writer::Descriptor {
  uint8_t kind = 0;
  uint64_t position = 0;
  uint64_t size = 0;
  uint32_t blob_id = 0;
  std::string uri;
};

// The bytes of one blob: in memory, or a range of an object elsewhere.
class BlobV2Writer::Source {
 public:
  explicit Source(std::shared_ptr<arrow::Buffer> bytes)
      : bytes_(std::move(bytes)), range_{0, static_cast<uint64_t>(bytes_->size())} {}
  Source(std::shared_ptr<ObjectReader> object, ByteRange range)
      : object_(std::move(object)), range_(range) {}

  uint64_t size() const { return range_.length; }

  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAll() const {
    if (bytes_ != nullptr) return bytes_;
    return object_->ReadAt(range_);
  }

  arrow::Status CopyTo(ObjectWriter* out) const {
    if (bytes_ != nullptr) return out->Write({bytes_->data(), size()});
    return CopyRange(object_.get(), range_, out);
  }

 private:
  std::shared_ptr<arrow::Buffer> bytes_;
  std::shared_ptr<ObjectReader> object_;
  ByteRange range_;
};

BlobV2Writer::BlobV2Writer(std::shared_ptr<ObjectStore> store, std::string directory,
                           std::string data_file, OutOfLineWriter* inline_blobs,
                           const BlobWriteOptions& options)
    : store_(std::move(store)),
      directory_(std::move(directory)),
      data_file_(std::move(data_file)),
      inline_blobs_(inline_blobs),
      options_(options) {}

BlobV2Writer::~BlobV2Writer() {
  if (pack_ != nullptr) (void)pack_->Abort();
}

arrow::Result<std::unique_ptr<ObjectWriter>> BlobV2Writer::BeginSidecar(uint32_t* blob_id) {
  *blob_id = next_blob_id_++;
  std::string path = JoinPath(directory_, BlobSidecarPath(data_file_, *blob_id));
  ARROW_ASSIGN_OR_RAISE(auto writer, store_->Create(path));
  sidecars_.push_back(std::move(path));
  return writer;
}

arrow::Result<BlobV2Writer::Descriptor> BlobV2Writer::Store(const Source& source,
                                                            const Field& field) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t inline_bytes, Bound(field, kInlineKey, kInlineBytes));
  ARROW_ASSIGN_OR_RAISE(const uint64_t dedicated, Bound(field, kDedicatedKey, kDedicatedBytes));
  ARROW_ASSIGN_OR_RAISE(uint64_t pack_bytes, Bound(field, kPackKey, kPackBytes));
  pack_bytes = options_.pack_file_bytes.value_or(pack_bytes);
  const uint64_t size = source.size();
  Descriptor out;
  out.size = size;
  if (size > dedicated) {
    out.kind = 2;
    ARROW_ASSIGN_OR_RAISE(auto sidecar, BeginSidecar(&out.blob_id));
    ARROW_RETURN_NOT_OK(source.CopyTo(sidecar.get()));
    ARROW_RETURN_NOT_OK(sidecar->Finish());
  } else if (size > inline_bytes) {
    out.kind = 1;
    if (pack_ != nullptr && pack_->position() + size > pack_bytes) {
      ARROW_RETURN_NOT_OK(pack_->Finish());
      pack_.reset();
    }
    if (pack_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(pack_, BeginSidecar(&pack_id_));
    }
    out.blob_id = pack_id_;
    out.position = pack_->position();
    ARROW_RETURN_NOT_OK(source.CopyTo(pack_.get()));
  } else if (size > 0) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, source.ReadAll());
    ARROW_ASSIGN_OR_RAISE(out.position, inline_blobs_->Write(bytes));
  }
  return out;
}

arrow::Result<BlobV2Writer::Source> BlobV2Writer::OpenExternal(
    const std::string& uri, std::optional<ByteRange> range) const {
  ARROW_ASSIGN_OR_RAISE(StoreAndPath where, options_.resolve(uri));
  ARROW_ASSIGN_OR_RAISE(auto object, where.store->Open(where.path));
  const uint64_t size = object->size();
  if (!range) return Source(std::move(object), {0, size});
  if (range->offset > size || range->length > size - range->offset) {
    return InvalidInput("external blob '", uri, "' has ", size, " bytes; ", range->length, " at ",
                        range->offset, " pass its end");
  }
  return Source(std::move(object), *range);
}

arrow::Result<BlobV2Writer::Descriptor> BlobV2Writer::Refer(const std::string& uri) const {
  Descriptor out;
  out.kind = 3;
  const BasePath* best = nullptr;
  for (const BasePath& base : options_.bases) {
    const std::string prefix = base.path.ends_with('/') ? base.path : base.path + "/";
    if (base.is_dataset_root || !uri.starts_with(prefix) || uri.size() == prefix.size()) continue;
    if (best == nullptr || base.path.size() > best->path.size()) best = &base;
  }
  if (best != nullptr) {
    out.blob_id = best->id;
    out.uri = uri.substr(best->path.size() + (best->path.ends_with('/') ? 0 : 1));
    return out;
  }
  if (!options_.allow_outside_bases) {
    return InvalidInput("External blob URI '", uri,
                        "' is outside registered external bases (dataset root is not allowed). Set "
                        "allow_external_blob_outside_bases=true to store it as absolute external "
                        "URI.");
  }
  if (uri.find("://") == std::string::npos) {
    return InvalidInput("External URI '", uri,
                        "' is outside registered external bases and is not a valid absolute URI");
  }
  out.uri = uri;
  return out;
}

arrow::Result<std::shared_ptr<arrow::Array>> BlobV2Writer::Write(
    const std::shared_ptr<arrow::Array>& rows, const Field& field, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const GivenBlobs given, GivenBlobs::Make(rows, field));
  ARROW_ASSIGN_OR_RAISE(auto stored, ToArrowAsRead(field));
  auto kind = std::make_shared<arrow::UInt8Builder>(pool);
  auto position = std::make_shared<arrow::UInt64Builder>(pool);
  auto size = std::make_shared<arrow::UInt64Builder>(pool);
  auto blob_id = std::make_shared<arrow::UInt32Builder>(pool);
  auto uri = std::make_shared<arrow::StringBuilder>(pool);
  arrow::StructBuilder builder(stored->type(), pool, {kind, position, size, blob_id, uri});
  for (int64_t row = 0; row < given.rows->length(); ++row) {
    Descriptor descriptor;
    const bool is_null = given.rows->IsNull(row);
    if (!is_null) {
      ARROW_RETURN_NOT_OK(given.Check(row, field));
      if (given.has(given.data, row)) {
        const auto& data = static_cast<const arrow::LargeBinaryArray&>(*given.data);
        const Source bytes(
            arrow::SliceBuffer(data.value_data(), data.value_offset(row), data.value_length(row)));
        ARROW_ASSIGN_OR_RAISE(descriptor, Store(bytes, field));
      } else {
        const std::string from = static_cast<const arrow::StringArray&>(*given.uri).GetString(row);
        std::optional<ByteRange> range;
        if (given.has(given.size, row)) {
          range = {GivenBlobs::Number(given.position, row), GivenBlobs::Number(given.size, row)};
        }
        if (options_.external == ExternalBlobMode::kIngest) {
          ARROW_ASSIGN_OR_RAISE(const Source source, OpenExternal(from, range));
          ARROW_ASSIGN_OR_RAISE(descriptor, Store(source, field));
        } else {
          ARROW_ASSIGN_OR_RAISE(descriptor, Refer(from));
          if (range) {
            descriptor.position = range->offset;
            descriptor.size = range->length;
          }
        }
      }
    }
    ARROW_RETURN_NOT_OK(builder.Append(!is_null));
    ARROW_RETURN_NOT_OK(kind->Append(descriptor.kind));
    ARROW_RETURN_NOT_OK(position->Append(descriptor.position));
    ARROW_RETURN_NOT_OK(size->Append(descriptor.size));
    ARROW_RETURN_NOT_OK(blob_id->Append(descriptor.blob_id));
    ARROW_RETURN_NOT_OK(uri->Append(descriptor.uri));
  }
  return builder.Finish();
}

arrow::Result<std::vector<std::string>> BlobV2Writer::Finish() {
  if (pack_ != nullptr) ARROW_RETURN_NOT_OK(pack_->Finish());
  pack_.reset();
  return sidecars_;
}

}  // namespace lancea
