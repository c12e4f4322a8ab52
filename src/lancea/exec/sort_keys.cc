#include "lancea/exec/sort_keys.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "arrow/array/array_base.h"
#include "arrow/array/array_binary.h"
#include "arrow/array/array_decimal.h"
#include "arrow/array/array_primitive.h"
#include "arrow/compute/cast.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/exec/predicate.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Markers and ends around a value; text with zeros in it takes more.
constexpr size_t kMostKeyOverhead = 4;

enum class Form { kSigned, kUnsigned, kFloat, kBool, kString, kFixedBytes };

// How values of a type are written; nullopt when they have no order.
std::optional<Form> FormOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return Form::kBool;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return Form::kFloat;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return Form::kString;
    case arrow::Type::FIXED_SIZE_BINARY:
      return Form::kFixedBytes;
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return Form::kSigned;
    default:
      if (arrow::is_unsigned_integer(type.id())) return Form::kUnsigned;
      if (arrow::is_temporal(type.id()) || type.id() == arrow::Type::DURATION) {
        return Form::kSigned;
      }
      return std::nullopt;
  }
}

// A value of `width` bytes, little-endian, as bytes that compare.
void AppendNumber(const uint8_t* value, size_t width, Form form, uint8_t flip, std::string* out) {
  const size_t at = out->size();
  out->resize(at + width);
  auto* to = reinterpret_cast<uint8_t*>(out->data() + at);
  const bool negative = (value[width - 1] & 0x80) != 0;
  const uint8_t invert = form == Form::kFloat && negative ? 0xFF : 0;
  for (size_t i = 0; i < width; ++i) {
    to[i] = static_cast<uint8_t>(value[width - 1 - i] ^ invert ^ flip);
  }
  if (form == Form::kSigned || (form == Form::kFloat && !negative)) to[0] ^= 0x80;
}

void AppendString(std::string_view value, uint8_t flip, std::string* out) {
  for (const char c : value) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(c) ^ flip));
    if (c == 0) out->push_back(static_cast<char>(0xFF ^ flip));
  }
  out->append(2, static_cast<char>(flip));
}

std::string_view StringAt(const arrow::Array& array, int64_t row) {
  if (arrow::is_large_binary_like(array.type_id())) {
    return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
  }
  return static_cast<const arrow::BinaryArray&>(array).GetView(row);
}

struct KeyColumn {
  std::shared_ptr<arrow::Array> array;
  Form form = Form::kSigned;
  const uint8_t* values = nullptr;  // of fixed width
  size_t width = 0;
  uint8_t flip = 0;
  char null_marker = 0;
  bool has_nulls = false;

  void Append(int64_t row, std::string* out) const {
    if (has_nulls && array->IsNull(row)) {
      out->push_back(null_marker);
      return;
    }
    out->push_back(1);
    switch (form) {
      case Form::kBool:
        out->push_back(static_cast<char>(
            (static_cast<const arrow::BooleanArray&>(*array).Value(row) ? 1 : 0) ^ flip));
        break;
      case Form::kString:
        AppendString(StringAt(*array, row), flip, out);
        break;
      case Form::kFixedBytes:
        for (size_t i = 0; i < width; ++i) {
          out->push_back(static_cast<char>(values[static_cast<size_t>(row) * width + i] ^ flip));
        }
        break;
      default:
        AppendNumber(values + static_cast<size_t>(row) * width, width, form, flip, out);
    }
  }
};

}  // namespace

arrow::Status CheckSortable(const arrow::DataType& type, const std::string& column) {
  const auto evaluated = EvaluatedType(type.GetSharedPtr());
  if (FormOf(*evaluated).has_value()) return arrow::Status::OK();
  return InvalidInput("column \"", column, "\" is ", type.ToString(), ", which has no order");
}

arrow::Result<SortKeys> SortKeys::Make(const arrow::RecordBatch& rows,
                                       const std::vector<SortKey>& keys, arrow::MemoryPool* pool) {
  std::vector<KeyColumn> columns;
  for (const SortKey& key : keys) {
    KeyColumn column;
    ARROW_ASSIGN_OR_RAISE(column.array, AsEvaluated(rows.column(key.column), pool));
    const arrow::DataType& type = *column.array->type();
    ARROW_RETURN_NOT_OK(CheckSortable(type, rows.schema()->field(key.column)->name()));
    column.form = *FormOf(type);
    column.flip = key.ascending ? 0 : 0xFF;
    column.null_marker = key.nulls_first ? 0 : 2;
    column.has_nulls = column.array->null_count() > 0;
    if (column.form != Form::kBool && column.form != Form::kString) {
      column.width =
          static_cast<size_t>(static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8);
      const arrow::ArrayData& data = *column.array->data();
      column.values = data.buffers[1]->data() + static_cast<size_t>(data.offset) * column.width;
    }
    columns.push_back(std::move(column));
  }
  SortKeys out;
  // Growing would take the memory of the keys once more.
  size_t num_bytes = 0;
  for (const KeyColumn& column : columns) {
    num_bytes += static_cast<size_t>(rows.num_rows()) * (column.width + kMostKeyOverhead);
    if (column.form == Form::kString) {
      ARROW_ASSIGN_OR_RAISE(const int64_t text, arrow::util::ReferencedBufferSize(*column.array));
      num_bytes += static_cast<size_t>(text);
    }
  }
  out.bytes_.reserve(num_bytes);
  out.begins_.reserve(static_cast<size_t>(rows.num_rows()) + 1);
  out.begins_.push_back(0);
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    for (const KeyColumn& column : columns) column.Append(row, &out.bytes_);
    out.begins_.push_back(out.bytes_.size());
  }
  return out;
}

std::vector<uint32_t> SortKeys::Order() const {
  // The first bytes of a key decide nearly always, and lie side by side.
  struct Entry {
    uint64_t prefix;
    uint32_t row;
  };
  std::vector<Entry> entries(static_cast<size_t>(num_rows()));
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string_view key = (*this)[static_cast<int64_t>(i)];
    uint8_t first[8] = {};
    std::memcpy(first, key.data(), std::min<size_t>(8, key.size()));
    uint64_t prefix = 0;
    for (const uint8_t byte : first) prefix = prefix << 8 | byte;
    entries[i] = {prefix, static_cast<uint32_t>(i)};
  }
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return (*this)[a.row] < (*this)[b.row];
  });
  std::vector<uint32_t> out(entries.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = entries[i].row;
  return out;
}

}  // namespace lancea
