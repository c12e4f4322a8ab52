#include "lancea/encoding/v2_0/leaf_write.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/v2_0/binary_write.h"
#include "lancea/encoding/v2_0/dictionary_write.h"
#include "lancea/encoding/v2_0/field_reader.h"
#include "lancea/encoding/v2_0/fixed_write.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

using arrow::Type;

// What an array costs besides its values: many small ones are not gathered without end.
constexpr uint64_t kArrayOverhead = 256;

bool IsFixedWidth(const arrow::DataType& type) {
  if (type.id() == Type::FIXED_SIZE_LIST) return IsFixedWidth(*type.field(0)->type());
  switch (type.id()) {
    case Type::BOOL:
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return true;
    case Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width() > 0;
    default:
      return arrow::is_integer(type.id());
  }
}

// Bytes of the plain values.
uint64_t PlainBytes(const arrow::ArrayData& rows) {
  const uint64_t num_rows = static_cast<uint64_t>(rows.length);
  auto variable = [&](auto offsets) {
    return num_rows * 8 +
           (num_rows == 0 ? 0 : static_cast<uint64_t>(offsets[num_rows] - offsets[0]));
  };
  switch (rows.type->id()) {
    case Type::NA:
      return num_rows / 8;
    case Type::STRING:
    case Type::BINARY:
      return variable(rows.GetValues<int32_t>(1));
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      return variable(rows.GetValues<int64_t>(1));
    case Type::DICTIONARY: {
      const auto& type = static_cast<const arrow::DictionaryType&>(*rows.type);
      return num_rows * FixedBitWidth(*type.index_type()) / 8;
    }
    default:
      return num_rows * FixedBitWidth(*rows.type) / 8;
  }
}

class LeafWriter : public NodeWriter {
 public:
  LeafWriter(LeafColumn leaf, int column, const PageLimits& limits, arrow::MemoryPool* pool)
      : leaf_(std::make_shared<const LeafColumn>(std::move(leaf))),
        column_(column),
        limits_(limits),
        pool_(pool) {}

  arrow::Status Append(const std::shared_ptr<arrow::ArrayData>& rows, uint64_t first_row,
                       std::vector<PendingPage>* out) override {
    if (rows->length == 0) return arrow::Status::OK();
    if (rows->type->id() == Type::STRUCT) {
      ARROW_RETURN_NOT_OK(Prefix(CheckPackable(*rows), "column \"" + leaf_->name + "\""));
    }
    const uint64_t bytes = PlainBytes(*rows);
    if (bytes > limits_.max_page_bytes && rows->length > 1) {
      const int64_t half = rows->length / 2;
      ARROW_RETURN_NOT_OK(Append(rows->Slice(0, half), first_row, out));
      return Append(rows->Slice(half, rows->length - half), first_row + static_cast<uint64_t>(half),
                    out);
    }
    if (page_bytes_ + bytes > limits_.max_page_bytes) Flush(out);
    if (parts_.empty()) first_row_ = first_row;
    parts_.push_back(rows);
    page_bytes_ += bytes;
    if (buffered_bytes() >= limits_.column_buffer_bytes) Flush(out);
    return arrow::Status::OK();
  }

  void Flush(std::vector<PendingPage>* out) override {
    if (!parts_.empty()) AddPage(out);
  }

  void Finish(std::vector<PendingPage>* out) override {
    Flush(out);
    // Readers look at the first page to learn that a struct is packed.
    if (!any_page_ && leaf_->type->id() == Type::STRUCT) AddPage(out);
  }

  uint64_t buffered_bytes() const override { return page_bytes_ + parts_.size() * kArrayOverhead; }

 private:
  void AddPage(std::vector<PendingPage>* out) {
    PendingPage page{.column = column_, .bytes = buffered_bytes(), .encode = nullptr};
    page.encode = [leaf = leaf_, parts = std::move(parts_), first_row = first_row_,
                   pool = pool_]() -> arrow::Result<std::vector<EncodedPage>> {
      auto pages = EncodeLeaf(*leaf, parts, pool);
      if (!pages.ok()) return Prefix(pages.status(), "column \"" + leaf->name + "\"");
      uint64_t row = first_row;
      for (EncodedPage& encoded : *pages) {
        encoded.first_row = row;
        row += encoded.num_rows;
      }
      return pages;
    };
    out->push_back(std::move(page));
    parts_.clear();
    page_bytes_ = 0;
    any_page_ = true;
  }

  const std::shared_ptr<const LeafColumn> leaf_;
  const int column_;
  const PageLimits limits_;
  arrow::MemoryPool* pool_;
  ArrayParts parts_;
  uint64_t page_bytes_ = 0;
  uint64_t first_row_ = 0;
  bool any_page_ = false;
};

arrow::Result<EncodedPage> EncodePage(const LeafColumn& leaf, const ArrayParts& parts,
                                      arrow::MemoryPool* pool) {
  PageBuffers buffers;
  std::optional<ArrayEncoding> encoding;
  const Type::type id = leaf.type->id();
  if (id == Type::STRUCT) {
    const auto& type = static_cast<const arrow::StructType&>(*leaf.type);
    ARROW_ASSIGN_OR_RAISE(encoding, EncodePackedStruct(type, parts, &buffers, pool));
  } else if (id == Type::DICTIONARY) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*leaf.type);
    ARROW_ASSIGN_OR_RAISE(encoding, EncodeDictionary(type, parts, &buffers, pool));
  } else if (arrow::is_base_binary_like(id)) {
    if (id == Type::STRING) {
      ARROW_ASSIGN_OR_RAISE(encoding, EncodeFewStrings(parts, &buffers, pool));
    }
    if (!encoding.has_value()) {
      ARROW_ASSIGN_OR_RAISE(encoding, EncodeBinary(parts, leaf.options, &buffers, pool));
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(encoding,
                          EncodeFixed(*leaf.type, parts, AllNullForm::kNoBuffers, &buffers, pool));
  }
  EncodedPage page;
  page.buffers = buffers.Take();
  page.encoding = ToBlob(*encoding);
  page.num_rows = static_cast<uint64_t>(CountRows(parts));
  return page;
}

}  // namespace

arrow::Status CheckLeafType(const LeafColumn& leaf) {
  const arrow::DataType& type = *leaf.type;
  auto refuse = [&](const std::string& what) {
    return InvalidInput("column \"", leaf.name, "\": ", what, " in file version 2.0");
  };
  auto needs_newer = [&](const std::string& what) {
    return InvalidInput("column \"", leaf.name, "\": ", what,
                        " needs data_storage_version 2.2 or newer");
  };
  if (type.id() == Type::NA || arrow::is_base_binary_like(type.id()) || IsFixedWidth(type)) {
    return arrow::Status::OK();
  }
  switch (type.id()) {
    case Type::DICTIONARY: {
      const auto& value = static_cast<const arrow::DictionaryType&>(type).value_type();
      const bool plain = arrow::is_base_binary_like(value->id()) ||
                         (value->id() != Type::FIXED_SIZE_LIST && IsFixedWidth(*value));
      return plain ? arrow::Status::OK() : refuse("no dictionary of " + value->ToString());
    }
    case Type::STRUCT: {
      if (type.num_fields() == 0) return refuse("no packed struct without fields");
      for (const auto& child : type.fields()) {
        const arrow::DataType* item = child->type().get();
        while (item->id() == Type::FIXED_SIZE_LIST) item = item->field(0)->type().get();
        if (item->id() == Type::BOOL) return refuse("no booleans in packed structs");
        if (!IsFixedWidth(*child->type())) {
          return needs_newer("a packed struct with " + child->type()->ToString());
        }
      }
      return arrow::Status::OK();
    }
    case Type::MAP:
      return needs_newer("a map");
    case Type::FIXED_SIZE_LIST:
      if (type.field(0)->type()->id() == Type::STRUCT) {
        return needs_newer("a fixed-size list of structs");
      }
      break;
    default:
      break;
  }
  return refuse("no " + type.ToString());
}

EncodingBlob ToBlob(const ArrayEncoding& encoding) {
  return {kArrayEncodingUrl, encoding.SerializeAsString()};
}

arrow::Result<std::vector<EncodedPage>> EncodeLeaf(const LeafColumn& leaf, ArrayParts parts,
                                                   arrow::MemoryPool* pool) {
  std::vector<ArrayParts> groups;
  if (leaf.type->id() == Type::DICTIONARY) {
    groups = GroupByDictionary(static_cast<const arrow::DictionaryType&>(*leaf.type),
                               std::move(parts), pool);
  } else {
    groups.push_back(std::move(parts));
  }
  std::vector<EncodedPage> pages;
  for (const ArrayParts& group : groups) {
    ARROW_ASSIGN_OR_RAISE(pages.emplace_back(), EncodePage(leaf, group, pool));
  }
  return pages;
}

std::unique_ptr<NodeWriter> MakeLeafWriter(LeafColumn leaf, int column, const PageLimits& limits,
                                           arrow::MemoryPool* pool) {
  return std::make_unique<LeafWriter>(std::move(leaf), column, limits, pool);
}

}  // namespace lancea::v2_0
