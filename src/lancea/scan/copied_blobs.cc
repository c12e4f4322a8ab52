#include "lancea/scan/copied_blobs.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/scan/blobs.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint8_t kExternal = 3;

std::shared_ptr<arrow::Array> Child(const arrow::StructArray& rows, const char* name,
                                    arrow::Type::type type) {
  auto child = rows.GetFieldByName(name);
  return child != nullptr && child->type_id() == type ? child : nullptr;
}

uint64_t NumberAt(const std::shared_ptr<arrow::Array>& array, int64_t row) {
  return static_cast<const arrow::UInt64Array&>(*array).Value(row);
}

// One blob is handed on as it lies; several are put one behind the other.
arrow::Result<std::shared_ptr<arrow::Array>> BytesArray(const Blobs& blobs,
                                                        arrow::MemoryPool* pool) {
  if (blobs.size() != 1 || blobs[0] == nullptr) return BlobsToArray(blobs, pool);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer(2 * sizeof(int64_t), pool));
  offsets->mutable_data_as<int64_t>()[0] = 0;
  offsets->mutable_data_as<int64_t>()[1] = blobs[0]->size();
  return std::make_shared<arrow::LargeBinaryArray>(1, std::move(offsets), blobs[0]);
}

arrow::Result<std::string> ExternalUri(const Dataset::Impl& dataset, uint32_t base_id,
                                       const std::string& uri) {
  if (base_id == 0) return uri;
  for (const BasePath& base : dataset.manifest->base_paths) {
    if (base.id == base_id) return base.path + (base.path.ends_with('/') ? "" : "/") + uri;
  }
  return Corrupt("an external blob lies below base path ", base_id,
                 ", which the table does not have");
}

arrow::Result<std::shared_ptr<arrow::Array>> BlobsV2AsGiven(const Dataset::Impl& dataset,
                                                            const DataFile* file,
                                                            const arrow::StructArray& rows,
                                                            const ReadOptions& options) {
  arrow::MemoryPool* pool = dataset.memory_pool();
  auto kind = Child(rows, "kind", arrow::Type::UINT8);
  auto position = Child(rows, "position", arrow::Type::UINT64);
  auto size = Child(rows, "size", arrow::Type::UINT64);
  auto blob_id = Child(rows, "blob_id", arrow::Type::UINT32);
  auto uri = Child(rows, "blob_uri", arrow::Type::STRING);
  if (!kind || !position || !size || !blob_id || !uri) {
    return Corrupt("no blob description: ", rows.type()->ToString());
  }
  auto is_null = [&](int64_t row) {
    return rows.IsNull(row) || kind->IsNull(row) || position->IsNull(row) || size->IsNull(row);
  };
  auto is_external = [&](int64_t row) {
    return static_cast<const arrow::UInt8Array&>(*kind).Value(row) == kExternal;
  };
  const int64_t num_rows = rows.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid,
                        arrow::AllocateEmptyBitmap(num_rows, pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> copied,
                        arrow::AllocateEmptyBitmap(num_rows, pool));
  arrow::StringBuilder uris(pool);
  arrow::UInt64Builder positions(pool), sizes(pool);
  for (int64_t row = 0; row < num_rows; ++row) {
    const bool null = is_null(row);
    if (!null) arrow::bit_util::SetBit(valid->mutable_data(), row);
    if (null || !is_external(row)) {
      if (!null) arrow::bit_util::SetBit(copied->mutable_data(), row);
      ARROW_RETURN_NOT_OK(uris.AppendNull());
      ARROW_RETURN_NOT_OK(positions.AppendNull());
      ARROW_RETURN_NOT_OK(sizes.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(
        std::string full,
        ExternalUri(dataset, static_cast<const arrow::UInt32Array&>(*blob_id).Value(row),
                    static_cast<const arrow::StringArray&>(*uri).GetString(row)));
    ARROW_RETURN_NOT_OK(uris.Append(full));
    if (NumberAt(size, row) == 0) {  // the whole object
      ARROW_RETURN_NOT_OK(positions.AppendNull());
      ARROW_RETURN_NOT_OK(sizes.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(positions.Append(NumberAt(position, row)));
      ARROW_RETURN_NOT_OK(sizes.Append(NumberAt(size, row)));
    }
  }
  const arrow::StructArray to_copy(rows.type(), num_rows, {kind, position, size, blob_id, uri},
                                   copied);
  const std::vector<const DataFile*> files(static_cast<size_t>(num_rows), file);
  ARROW_ASSIGN_OR_RAISE(Blobs blobs, ReadBlobs(dataset, to_copy, files, options));
  ARROW_ASSIGN_OR_RAISE(auto bytes, BytesArray(blobs, pool));
  ARROW_ASSIGN_OR_RAISE(auto uri_array, uris.Finish());
  ARROW_ASSIGN_OR_RAISE(auto position_array, positions.Finish());
  ARROW_ASSIGN_OR_RAISE(auto size_array, sizes.Finish());
  const auto type = arrow::struct_(
      {arrow::field("data", arrow::large_binary()), arrow::field("uri", arrow::utf8()),
       arrow::field("position", arrow::uint64()), arrow::field("size", arrow::uint64())});
  return std::make_shared<arrow::StructArray>(
      type, num_rows, arrow::ArrayVector{bytes, uri_array, position_array, size_array}, valid);
}

// A list with its items replaced: those of its window, counted from 0.
template <typename ListArray>
arrow::Result<std::shared_ptr<arrow::Array>> ListAsGiven(const Dataset::Impl& dataset,
                                                         const FragmentMetadata& fragment,
                                                         const Field& field, const ListArray& rows,
                                                         const ReadOptions& options) {
  using Offset = typename ListArray::offset_type;
  arrow::MemoryPool* pool = dataset.memory_pool();
  const Offset first = rows.value_offset(0);
  ARROW_ASSIGN_OR_RAISE(
      auto items,
      BlobsAsGiven(dataset, fragment, field.children[0],
                   rows.values()->Slice(first, rows.value_offset(rows.length()) - first), options));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((rows.length() + 1) * sizeof(Offset), pool));
  for (int64_t row = 0; row <= rows.length(); ++row) {
    offsets->mutable_data_as<Offset>()[row] = rows.value_offset(row) - first;
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (rows.null_bitmap_data() != nullptr) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, rows.null_bitmap_data(),
                                                                rows.offset(), rows.length()));
  }
  const auto item = rows.type()->field(0)->WithType(items->type());
  return std::make_shared<ListArray>(std::make_shared<typename ListArray::TypeClass>(item),
                                     rows.length(), std::move(offsets), std::move(items),
                                     std::move(validity));
}

arrow::Result<std::shared_ptr<arrow::Array>> StructAsGiven(const Dataset::Impl& dataset,
                                                           const FragmentMetadata& fragment,
                                                           const Field& field,
                                                           const arrow::StructArray& rows,
                                                           const ReadOptions& options) {
  arrow::ArrayVector children;
  arrow::FieldVector fields = rows.type()->fields();
  for (size_t i = 0; i < field.children.size() && i < fields.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto child, BlobsAsGiven(dataset, fragment, field.children[i],
                                                   rows.field(static_cast<int>(i)), options));
    fields[i] = fields[i]->WithType(child->type());
    children.push_back(std::move(child));
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (rows.null_bitmap_data() != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        validity, arrow::internal::CopyBitmap(dataset.memory_pool(), rows.null_bitmap_data(),
                                              rows.offset(), rows.length()));
  }
  return std::make_shared<arrow::StructArray>(arrow::struct_(std::move(fields)), rows.length(),
                                              std::move(children), std::move(validity));
}

template <typename ListArray>
void AddBytesOfItems(const Field& field, const ListArray& rows, std::span<uint64_t> bytes) {
  const auto first = rows.value_offset(0);
  const auto end = rows.value_offset(rows.length());
  std::vector<uint64_t> of_items(static_cast<size_t>(end - first));
  AddBlobBytes(field.children[0], *rows.values()->Slice(first, end - first), of_items);
  for (int64_t row = 0; row < rows.length(); ++row) {
    bytes[static_cast<size_t>(row)] +=
        std::accumulate(of_items.begin() + (rows.value_offset(row) - first),
                        of_items.begin() + (rows.value_offset(row + 1) - first), uint64_t{0});
  }
}

}  // namespace

bool HoldsBlobs(const Field& field) {
  return IsBlob(field) || std::ranges::any_of(field.children, HoldsBlobs);
}

void AddBlobBytes(const Field& field, const arrow::Array& rows, std::span<uint64_t> bytes) {
  if (!HoldsBlobs(field)) return;
  if (IsBlob(field)) {
    if (rows.type_id() != arrow::Type::STRUCT) return;
    const auto& structs = static_cast<const arrow::StructArray&>(rows);
    auto size = Child(structs, "size", arrow::Type::UINT64);
    auto kind = Child(structs, "kind", arrow::Type::UINT8);
    for (int64_t row = 0; size != nullptr && row < rows.length(); ++row) {
      if (rows.IsNull(row) || size->IsNull(row)) continue;
      if (kind != nullptr && kind->IsValid(row) &&
          static_cast<const arrow::UInt8Array&>(*kind).Value(row) == kExternal) {
        continue;
      }
      bytes[static_cast<size_t>(row)] += NumberAt(size, row);
    }
    return;
  }
  switch (rows.type_id()) {
    case arrow::Type::STRUCT: {
      const auto& structs = static_cast<const arrow::StructArray&>(rows);
      for (size_t i = 0; i < field.children.size(); ++i) {
        if (static_cast<int>(i) < structs.num_fields()) {
          AddBlobBytes(field.children[i], *structs.field(static_cast<int>(i)), bytes);
        }
      }
      return;
    }
    case arrow::Type::LIST:
      return AddBytesOfItems(field, static_cast<const arrow::ListArray&>(rows), bytes);
    case arrow::Type::LARGE_LIST:
      return AddBytesOfItems(field, static_cast<const arrow::LargeListArray&>(rows), bytes);
    default:
      return;
  }
}

arrow::Result<std::shared_ptr<arrow::Array>> BlobsAsGiven(const Dataset::Impl& dataset,
                                                          const FragmentMetadata& fragment,
                                                          const Field& field,
                                                          const std::shared_ptr<arrow::Array>& rows,
                                                          const ReadOptions& options) {
  if (!HoldsBlobs(field)) return rows;
  if (IsBlob(field)) {
    const DataFile* file = DataFileOfField(fragment, field.id);
    if (IsBlobV2(field)) {
      if (rows->type_id() != arrow::Type::STRUCT) {
        return Corrupt("blobs are described by a struct, found ", rows->type()->ToString());
      }
      return BlobsV2AsGiven(dataset, file, static_cast<const arrow::StructArray&>(*rows), options);
    }
    const std::vector<const DataFile*> files(static_cast<size_t>(rows->length()), file);
    ARROW_ASSIGN_OR_RAISE(Blobs blobs, ReadBlobs(dataset, *rows, files, options));
    return BytesArray(blobs, dataset.memory_pool());
  }
  switch (rows->type_id()) {
    case arrow::Type::STRUCT:
      return StructAsGiven(dataset, fragment, field, static_cast<const arrow::StructArray&>(*rows),
                           options);
    case arrow::Type::LIST:
      return ListAsGiven(dataset, fragment, field, static_cast<const arrow::ListArray&>(*rows),
                         options);
    case arrow::Type::LARGE_LIST:
      return ListAsGiven(dataset, fragment, field, static_cast<const arrow::LargeListArray&>(*rows),
                         options);
    default:
      return Unsupported("column \"", field.name, "\": blobs inside ", rows->type()->ToString());
  }
}

}  // namespace lancea
