#include "lancea/encoding/v2_0/packed_struct.h"

#include <cstring>
#include <type_traits>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

// A child that is wanted.
struct Child {
  uint64_t offset;  // bytes from the start of a row
  uint64_t width;   // bytes
};

class PackedStructDecoder : public ArrayDecoder {
 public:
  PackedStructDecoder(std::shared_ptr<arrow::DataType> type, StoredBuffer rows, uint64_t row_width,
                      std::vector<Child> children, uint64_t num_rows)
      : type(std::move(type)),
        rows(std::move(rows)),
        row_width(row_width),
        children(std::move(children)),
        num_rows(num_rows) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override;

  const std::shared_ptr<arrow::DataType> type;
  const StoredBuffer rows;
  const uint64_t row_width;  // bytes
  const std::vector<Child> children;
  const uint64_t num_rows;
};

// One column out of rows; common widths are copied by constant size.
void CopyColumn(const uint8_t* from, uint64_t row_width, int64_t num_rows, uint64_t width, uint8_t* to) {
  auto copy = [&]<size_t kWidth>(std::integral_constant<size_t, kWidth>) {
    for (int64_t i = 0; i < num_rows; ++i, from += row_width, to += kWidth) std::memcpy(to, from, kWidth);
  };
  switch (width) {
    case 1: return copy(std::integral_constant<size_t, 1>());
    case 2: return copy(std::integral_constant<size_t, 2>());
    case 4: return copy(std::integral_constant<size_t, 4>());
    case 8: return copy(std::integral_constant<size_t, 8>());
    case 16: return copy(std::integral_constant<size_t, 16>());
    default:
      for (int64_t i = 0; i < num_rows; ++i, from += row_width, to += width) std::memcpy(to, from, width);
  }
}

std::shared_ptr<arrow::ArrayData> WrapFixed(const std::shared_ptr<arrow::DataType>& type,
                                            int64_t num_rows, std::shared_ptr<arrow::Buffer> values) {
  if (type->id() != arrow::Type::FIXED_SIZE_LIST) {
    return arrow::ArrayData::Make(type, num_rows, {nullptr, std::move(values)}, /*null_count=*/0);
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
  auto items = WrapFixed(list.value_type(), num_rows * list.list_size(), std::move(values));
  return arrow::ArrayData::Make(type, num_rows, {nullptr}, {std::move(items)}, /*null_count=*/0);
}

class PackedStructRead : public ArrayRead {
 public:
  PackedStructRead(const PackedStructDecoder& decoder, arrow::MemoryPool* pool)
      : decoder_(decoder), pool_(pool), bytes_(decoder.rows) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    ranges_.assign(ranges.begin(), ranges.end());
    bytes_.PassThrough(ranges, decoder_.num_rows);
    for (const RowRange& range : ranges) {
      ARROW_RETURN_NOT_OK(bytes_.Want(range.start * decoder_.row_width, range.end * decoder_.row_width));
    }
    return arrow::Status::OK();
  }

  arrow::Status Advance(std::vector<ByteRange>* needs) override { return bytes_.Advance(needs); }
  arrow::Status Supply(BufferCursor* buffers) override { return bytes_.Supply(buffers); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t num_rows = CountRows(ranges_);
    ARROW_ASSIGN_OR_RAISE(auto rows, bytes_.Join(/*alignment=*/1, pool_));
    std::vector<std::shared_ptr<arrow::ArrayData>> children;
    for (size_t i = 0; i < decoder_.children.size(); ++i) {
      const Child& child = decoder_.children[i];
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> column,
                            arrow::AllocateBuffer(num_rows * static_cast<int64_t>(child.width), pool_));
      CopyColumn(rows->data() + child.offset, decoder_.row_width, num_rows, child.width,
                 column->mutable_data());
      children.push_back(
          WrapFixed(decoder_.type->field(static_cast<int>(i))->type(), num_rows, std::move(column)));
    }
    return arrow::ArrayData::Make(decoder_.type, num_rows, {nullptr}, std::move(children),
                                  /*null_count=*/0);
  }

 private:
  const PackedStructDecoder& decoder_;
  arrow::MemoryPool* const pool_;
  BytesRead bytes_;
  std::vector<RowRange> ranges_;
};

arrow::Result<std::unique_ptr<ArrayRead>> PackedStructDecoder::Plan(std::span<const RowRange> ranges,
                                                                    arrow::MemoryPool* pool) const {
  auto read = std::make_unique<PackedStructRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

// Bytes that a child takes in a row.
arrow::Result<uint64_t> StoredWidth(const pb::ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return Corrupt("packed struct child nested more than ", kMaxDepth, " deep");
  if (encoding.has_nullable() && encoding.nullable().has_no_nulls()) {
    return StoredWidth(encoding.nullable().no_nulls().values(), depth + 1);
  }
  if (encoding.has_fixed_size_list()) {
    const auto& list = encoding.fixed_size_list();
    ARROW_ASSIGN_OR_RAISE(uint64_t item, StoredWidth(list.items(), depth + 1));
    if (item > UINT32_MAX) return Corrupt("packed struct child of ", item, " bytes an item");
    return item * list.dimension();
  }
  if (!encoding.has_flat() || encoding.flat().bits_per_value() % 8 != 0) {
    return Unsupported("packed struct child that is not flat bytes");
  }
  return encoding.flat().bits_per_value() / 8;
}

// Bytes that a value of the type takes; 0 when it cannot stand in a packed struct.
uint64_t TypeWidth(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    uint64_t width = 0;
    return __builtin_mul_overflow(TypeWidth(*list.value_type()), static_cast<uint64_t>(list.list_size()),
                                  &width)
               ? 0
               : width;
  }
  return type.id() == arrow::Type::BOOL ? 0 : FixedWidthBits(type).value_or(0) / 8;
}

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakePackedStruct(
    const pb::PackedStruct& packed, const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
    const PageContext& context) {
  if (type->id() != arrow::Type::STRUCT) return Corrupt("packed struct cannot be ", type->ToString());
  std::vector<Child> stored;
  uint64_t row_width = 0;
  for (const pb::ArrayEncoding& inner : packed.inner()) {
    ARROW_ASSIGN_OR_RAISE(uint64_t width, StoredWidth(inner, context.depth));
    stored.push_back({row_width, width});
    if (__builtin_add_overflow(row_width, width, &row_width)) return Corrupt("packed struct too wide");
  }
  std::vector<Child> children;
  for (int i = 0; i < type->num_fields(); ++i) {
    const bool all = context.packed_children.empty();
    const int at = all ? i : context.packed_children[static_cast<size_t>(i)];
    const arrow::Field& field = *type->field(i);
    if (at < 0 || at >= static_cast<int>(stored.size()) || (all && packed.inner_size() != type->num_fields())) {
      return Corrupt("packed struct of ", stored.size(), " children cannot be ", type->ToString());
    }
    children.push_back(stored[static_cast<size_t>(at)]);
    if (children.back().width == 0 || children.back().width != TypeWidth(*field.type())) {
      return Corrupt("packed struct child of ", children.back().width, " bytes cannot be ",
                     field.ToString());
    }
  }
  ARROW_ASSIGN_OR_RAISE(ByteRange range, FindBuffer(packed.buffer(), context));
  uint64_t total = 0;
  if (__builtin_mul_overflow(num_rows, row_width, &total) || total > range.length) {
    return Corrupt(num_rows, " packed rows of ", row_width, " bytes in a buffer of ", range.length);
  }
  return std::make_unique<PackedStructDecoder>(type, StoredBuffer(range, std::nullopt), row_width,
                                               std::move(children), num_rows);
}

}  // namespace lancea::v2_0
