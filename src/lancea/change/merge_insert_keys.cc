#include "lancea/change/merge_insert_keys.h"

// Arrow keeps its compiled copy to itself.
#define XXH_INLINE_ALL
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/vendored/xxhash.h"
#include "lancea/change/nested_keys.h"
#include "lancea/change/row_changes_sql.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/exec/predicate.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kFilterItems = 8192;
constexpr double kFilterProbability = 0.00057;
constexpr size_t kFilterBlocks = 512;  // of 32 bytes
constexpr std::array<uint32_t, 8> kFilterSalt = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                                 0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                                 0x9efc4947U, 0x5c6bfb31U};

std::string_view BytesOf(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).GetView(row);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    default:
      break;
  }
  const int64_t width = array.type()->byte_width();
  const auto* values = reinterpret_cast<const char*>(array.data()->buffers[1]->data());
  return {values + (array.offset() + row) * width, static_cast<size_t>(width)};
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
  hash ^= hash >> 31;
  return hash * 0xbf58476d1ce4e5b9ULL;
}

// What other clients hash for one key: text and binary as they are, integers as eight bytes.
void AppendFilterBytes(const arrow::Array& array, int64_t row, std::string* out) {
  if (!arrow::is_integer(array.type_id())) {
    out->append(BytesOf(array, row));
    return;
  }
  int64_t wide = 0;
  auto scalar = array.GetScalar(row);
  if (scalar.ok()) {
    if (array.type_id() == arrow::Type::UINT64) {
      wide = static_cast<int64_t>(static_cast<const arrow::UInt64Scalar&>(**scalar).value);
    } else if (auto cast = (*scalar)->CastTo(arrow::int64()); cast.ok()) {
      wide = static_cast<const arrow::Int64Scalar&>(**cast).value;
    }
  }
  out->append(reinterpret_cast<const char*>(&wide), sizeof(wide));
}

}  // namespace

arrow::Result<MergeKeyColumns> MergeKeyColumns::Make(std::vector<std::string> on,
                                                     const arrow::Schema& schema) {
  MergeKeyColumns out;
  out.paths_ = std::move(on);
  const auto evaluated = EvaluatedSchema(schema);
  for (const std::string& path : out.paths_) {
    ARROW_ASSIGN_OR_RAISE(auto names, ParseFieldPath(path));
    auto field = evaluated->GetFieldByName(names[0]);
    for (size_t i = 1; field != nullptr && i < names.size(); ++i) {
      field = field->type()->id() == arrow::Type::STRUCT
                  ? static_cast<const arrow::StructType&>(*field->type()).GetFieldByName(names[i])
                  : nullptr;
    }
    if (field == nullptr) {
      return InvalidInput("Merge insert key column '", path, "' does not exist in schema");
    }
    std::shared_ptr<arrow::DataType> type = field->type();
    if (!IsKeyType(*type)) {
      return InvalidInput("Merge insert key column '", path, "' has type ", type->ToString(),
                          ", which cannot be compared");
    }
    out.names_.push_back(std::move(names));
    out.types_.push_back(IsNestedKey(*type) ? arrow::large_binary() : type);
    out.stored_types_.push_back(std::move(type));
  }
  return out;
}

arrow::Result<KeyRows> MergeKeyColumns::Normalize(arrow::ArrayVector columns, int64_t num_rows,
                                                  arrow::MemoryPool* pool) const {
  KeyRows out;
  out.num_rows = num_rows;
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(columns[i], AsEvaluated(columns[i], pool));
    if (IsNestedKey(*columns[i]->type())) {
      ARROW_ASSIGN_OR_RAISE(columns[i], NestedKeysAsBytes(columns[i], *stored_types_[i], pool));
    } else if (!columns[i]->type()->Equals(*types_[i])) {
      arrow::compute::ExecContext context(pool);
      ARROW_ASSIGN_OR_RAISE(columns[i],
                            arrow::compute::Cast(*columns[i], types_[i],
                                                 arrow::compute::CastOptions::Safe(), &context));
    }
    out.all_valid = out.all_valid && columns[i]->null_count() == 0;
  }
  if (!out.all_valid) {
    for (int64_t row = 0; row < num_rows; ++row) {
      if (std::ranges::none_of(columns, [&](const auto& c) { return c->IsNull(row); })) {
        out.valid.push_back(static_cast<int32_t>(row));
      }
    }
  }
  out.columns = std::move(columns);
  return out;
}

arrow::Result<KeyRows> MergeKeyColumns::OfSource(const arrow::RecordBatch& rows,
                                                 arrow::MemoryPool* pool) const {
  arrow::ArrayVector columns;
  for (size_t i = 0; i < names_.size(); ++i) {
    std::shared_ptr<arrow::Array> column = rows.GetColumnByName(names_[i][0]);
    for (size_t depth = 1; column != nullptr && depth < names_[i].size(); ++depth) {
      if (column->type_id() != arrow::Type::STRUCT)
        return InvalidInput("No field named ", paths_[i]);
      const auto& parent = static_cast<const arrow::StructArray&>(*column);
      const int index =
          static_cast<const arrow::StructType&>(*parent.type()).GetFieldIndex(names_[i][depth]);
      if (index < 0) return InvalidInput("No field named ", paths_[i]);
      ARROW_ASSIGN_OR_RAISE(column, parent.GetFlattenedField(index, pool));
    }
    if (column == nullptr) return InvalidInput("No field named ", paths_[i]);
    columns.push_back(std::move(column));
  }
  return Normalize(std::move(columns), rows.num_rows(), pool);
}

arrow::Result<KeyRows> MergeKeyColumns::OfTarget(const arrow::RecordBatch& rows,
                                                 arrow::MemoryPool* pool) const {
  arrow::ArrayVector columns;
  for (size_t i = 0; i < paths_.size(); ++i) columns.push_back(rows.column(static_cast<int>(i)));
  return Normalize(std::move(columns), rows.num_rows(), pool);
}

std::string MergeKeyColumns::Format(const KeyRows& keys, int64_t row) const {
  std::string out;
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (!out.empty()) out += ", ";
    out += paths_[i] + " = ";
    const arrow::Array& column = *keys.columns[i];
    if (column.IsNull(row)) {
      out += "NULL";
      continue;
    }
    if (IsNestedKey(*stored_types_[i])) {
      out += FormatNestedKey(stored_types_[i], BytesOf(column, row));
      continue;
    }
    auto scalar = column.GetScalar(row);
    if (!scalar.ok()) {
      out += column.type()->ToString();
    } else if (arrow::is_string(column.type_id())) {
      out += '"';
      out += (*scalar)->ToString();
      out += '"';
    } else {
      out += (*scalar)->ToString();
    }
  }
  return out;
}

std::vector<uint64_t> HashKeys(const KeyRows& keys) {
  std::vector<uint64_t> out(static_cast<size_t>(keys.num_rows), 0x51ed270b0a1d39c1ULL);
  for (const auto& column : keys.columns) {
    const bool has_nulls = column->null_count() > 0;
    for (int64_t row = 0; row < keys.num_rows; ++row) {
      uint64_t& hash = out[static_cast<size_t>(row)];
      if (has_nulls && column->IsNull(row)) {
        hash = Mix(hash, 1);
      } else if (column->type_id() == arrow::Type::BOOL) {
        hash = Mix(hash, static_cast<const arrow::BooleanArray&>(*column).Value(row) ? 3 : 2);
      } else {
        const std::string_view bytes = BytesOf(*column, row);
        hash = Mix(hash, XXH64(bytes.data(), bytes.size(), 0));
      }
    }
  }
  return out;
}

void HashFirstKey(const KeyRows& keys, uint64_t* out) {
  const arrow::Array& column = *keys.columns[0];
  const auto num_rows = static_cast<size_t>(keys.num_rows);
  auto spread = [](uint64_t value) {
    value *= 0x9e3779b97f4a7c15ULL;
    return value ^ value >> 32;
  };
  if (column.type_id() == arrow::Type::BOOL) {
    std::fill_n(out, num_rows, 0);
  } else if (arrow::is_base_binary_like(column.type_id())) {
    for (size_t row = 0; row < num_rows; ++row) {
      const std::string_view bytes = BytesOf(column, static_cast<int64_t>(row));
      out[row] = XXH64(bytes.data(), bytes.size(), 0);
    }
  } else if (column.type()->byte_width() == 8) {
    const auto* values = column.data()->GetValues<uint64_t>(1);
    for (size_t row = 0; row < num_rows; ++row) out[row] = spread(values[row]);
  } else if (column.type()->byte_width() == 4) {
    const auto* values = column.data()->GetValues<uint32_t>(1);
    for (size_t row = 0; row < num_rows; ++row) out[row] = spread(values[row]);
  } else {
    for (size_t row = 0; row < num_rows; ++row) {
      const std::string_view bytes = BytesOf(column, static_cast<int64_t>(row));
      out[row] = XXH64(bytes.data(), bytes.size(), 0);
    }
  }
}

InsertedKeyFilter::InsertedKeyFilter(std::vector<int32_t> field_ids)
    : field_ids_(std::move(field_ids)), words_(kFilterBlocks * 8, 0) {}

void InsertedKeyFilter::Insert(const KeyRows& keys, int64_t row) {
  std::string bytes;
  for (const auto& column : keys.columns) {
    if (column->type_id() == arrow::Type::BOOL) {
      bytes.push_back(static_cast<const arrow::BooleanArray&>(*column).Value(row) ? 1 : 0);
    } else {
      AppendFilterBytes(*column, row, &bytes);
    }
    // Several keys are told apart by a zero behind each.
    if (keys.columns.size() > 1) bytes.push_back('\0');
  }
  const uint64_t hash = XXH64(bytes.data(), bytes.size(), 0);
  const size_t block = static_cast<size_t>(((hash >> 32) * kFilterBlocks) >> 32);
  for (size_t i = 0; i < kFilterSalt.size(); ++i) {
    words_[block * 8 + i] |= uint32_t{1} << ((static_cast<uint32_t>(hash) * kFilterSalt[i]) >> 27);
  }
}

operation::KeyExistenceFilter InsertedKeyFilter::Finish() const {
  operation::KeyExistenceFilter filter;
  filter.field_ids = field_ids_;
  operation::KeyExistenceFilter::Bloom bloom;
  bloom.bitmap.assign(reinterpret_cast<const char*>(words_.data()), words_.size() * 4);
  bloom.num_bits = static_cast<uint32_t>(words_.size() * 32);
  bloom.number_of_items = kFilterItems;
  bloom.probability = kFilterProbability;
  filter.data = std::move(bloom);
  return filter;
}

}  // namespace lancea
