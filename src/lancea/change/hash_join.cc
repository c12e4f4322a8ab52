#include "lancea/change/hash_join.h"

#include <bit>
#include <cstring>
#include <functional>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/change/column_schema.h"
#include "lancea/change/nested_keys.h"
#include "lancea/exec/predicate.h"
#include "lancea/scan/view_arrays.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<std::shared_ptr<arrow::Array>> WithoutNesting(std::shared_ptr<arrow::Array> keys,
                                                            arrow::MemoryPool* pool) {
  const bool is_nested = IsNestedKey(*keys->type()) && IsKeyType(*keys->type());
  return is_nested ? NestedKeysAsBytes(keys, *keys->type(), pool) : keys;
}

}  // namespace

// The values of one array, comparable with those of another of the same kind.
class HashJoin::Keys {
 public:
  static arrow::Result<std::shared_ptr<const Keys>> Make(std::shared_ptr<arrow::Array> array,
                                                         arrow::MemoryPool* pool) {
    auto keys = std::make_shared<Keys>();
    const arrow::DataType& type = *array->type();
    const bool is_text = arrow::is_base_binary_like(type.id()) ||
                         type.id() == arrow::Type::STRING_VIEW ||
                         type.id() == arrow::Type::BINARY_VIEW;
    if (is_text) {
      arrow::compute::ExecContext context(pool);
      ARROW_ASSIGN_OR_RAISE(array,
                            arrow::compute::Cast(*array, arrow::large_binary(),
                                                 arrow::compute::CastOptions::Safe(), &context));
      keys->text_ = std::static_pointer_cast<arrow::LargeBinaryArray>(array);
    } else if (type.id() == arrow::Type::BOOL) {
      const auto& bits = static_cast<const arrow::BooleanArray&>(*array);
      for (int64_t i = 0; i < array->length(); ++i) keys->words_.push_back(bits.Value(i));
    } else if (arrow::is_fixed_width(type.id()) && !arrow::is_dictionary(type.id()) &&
               type.byte_width() > 0) {
      const auto width = static_cast<size_t>(type.byte_width());
      const uint8_t* bytes =
          array->length() == 0
              ? nullptr
              : array->data()->buffers[1]->data() + static_cast<size_t>(array->offset()) * width;
      if (width <= sizeof(uint64_t)) {
        keys->words_.resize(static_cast<size_t>(array->length()));
        for (uint64_t& word : keys->words_) {
          std::memcpy(&word, bytes, width);
          bytes += width;
        }
      } else {
        keys->wide_ = bytes;
        keys->width_ = width;
      }
    } else {
      return InvalidInput("columns cannot be joined on values of type ", LogicalTypeName(type));
    }
    keys->array_ = std::move(array);
    return keys;
  }

  int64_t size() const { return array_->length(); }
  bool IsNull(int64_t row) const { return array_->IsNull(row); }

  uint64_t Hash(int64_t row) const {
    uint64_t hash =
        HasWords() ? words_[static_cast<size_t>(row)] : std::hash<std::string_view>()(Bytes(row));
    // Of close integers the low bits alone would differ in a pattern.
    hash *= 0x9e3779b97f4a7c15ULL;
    return hash ^ (hash >> 32);
  }

  bool Equals(int64_t row, const Keys& other, int64_t other_row) const {
    if (HasWords()) {
      return words_[static_cast<size_t>(row)] == other.words_[static_cast<size_t>(other_row)];
    }
    return Bytes(row) == other.Bytes(other_row);
  }

 private:
  bool HasWords() const { return text_ == nullptr && wide_ == nullptr; }
  std::string_view Bytes(int64_t row) const {
    if (text_ != nullptr) return text_->GetView(row);
    return {reinterpret_cast<const char*>(wide_) + static_cast<size_t>(row) * width_, width_};
  }

  std::shared_ptr<arrow::Array> array_;
  std::shared_ptr<arrow::LargeBinaryArray> text_;
  std::vector<uint64_t> words_;
  const uint8_t* wide_ = nullptr;
  size_t width_ = 0;
};

arrow::Result<std::unique_ptr<HashJoin>> HashJoin::Make(arrow::RecordBatchReader* rows,
                                                        const std::string& on,
                                                        const JoinMemory& memory,
                                                        const arrow::StopToken& stop) {
  arrow::MemoryPool* const pool = memory.pool;
  std::unique_ptr<HashJoin> join(new HashJoin(memory));
  const int key = rows->schema()->GetFieldIndex(on);
  if (key < 0) return InvalidInput("no column \"", on, "\" to join on, or it is there twice");
  std::shared_ptr<arrow::Schema> schema;
  arrow::ArrayVector keys;
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(auto evaluated, AsEvaluated(batch->column(key), pool));
    join->key_type_ = evaluated->type();
    ARROW_ASSIGN_OR_RAISE(evaluated, WithoutNesting(std::move(evaluated), pool));
    keys.push_back(std::move(evaluated));
    ARROW_ASSIGN_OR_RAISE(batch, batch->RemoveColumn(key));
    ARROW_ASSIGN_OR_RAISE(batch, WithoutViews(std::move(batch), pool));
    schema = batch->schema();
    ARROW_RETURN_NOT_OK(join->rows_.Add(batch));
  }
  if (schema == nullptr) return InvalidInput("HashJoiner: No data");
  if (arrow::is_base_binary_like(keys[0]->type_id())) {
    // Together they may be more than 32-bit offsets reach.
    for (auto& part : keys) {
      ARROW_ASSIGN_OR_RAISE(part, arrow::compute::Cast(*part, arrow::large_binary()));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto all, arrow::Concatenate(keys, pool));
  keys.clear();
  ARROW_ASSIGN_OR_RAISE(join->keys_, Keys::Make(std::move(all), pool));
  ARROW_RETURN_NOT_OK(join->rows_.Finish(schema));
  join->slots_.assign(std::bit_ceil(static_cast<uint64_t>(join->keys_->size()) * 2), -1);
  for (int64_t row = 0; row < join->keys_->size(); ++row) join->Insert(row);
  return join;
}

void HashJoin::Insert(int64_t row) {
  if (keys_->IsNull(row)) {
    null_row_ = row;
    return;
  }
  const size_t mask = slots_.size() - 1;
  size_t slot = keys_->Hash(row) & mask;
  while (slots_[slot] >= 0 && !keys_->Equals(slots_[slot], *keys_, row)) slot = (slot + 1) & mask;
  slots_[slot] = row;
}

arrow::Result<std::vector<int64_t>> HashJoin::Find(
    const std::shared_ptr<arrow::Array>& given) const {
  ARROW_ASSIGN_OR_RAISE(auto array, AsEvaluated(given, pool_));
  if (!array->type()->Equals(*key_type_)) {
    return InvalidInput("Index column type mismatch: expected ", LogicalTypeName(*key_type_),
                        ", got ", LogicalTypeName(*array->type()));
  }
  ARROW_ASSIGN_OR_RAISE(array, WithoutNesting(std::move(array), pool_));
  ARROW_ASSIGN_OR_RAISE(auto keys, Keys::Make(std::move(array), pool_));
  std::vector<int64_t> out(static_cast<size_t>(keys->size()), -1);
  const size_t mask = slots_.size() - 1;
  for (int64_t row = 0; row < keys->size(); ++row) {
    int64_t& found = out[static_cast<size_t>(row)];
    if (keys->IsNull(row)) {
      found = null_row_;
      continue;
    }
    for (size_t slot = keys->Hash(row) & mask; slots_[slot] >= 0; slot = (slot + 1) & mask) {
      if (!keys_->Equals(slots_[slot], *keys, row)) continue;
      found = slots_[slot];
      break;
    }
  }
  return out;
}

}  // namespace lancea
