#include "lancea/maintain/compaction_digest.h"

#include <algorithm>
#include <array>
#include <optional>

#include "arrow/array.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/util/bit_run_reader.h"
#include "arrow/util/bit_util.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/util/crc32c.h"
#include "lancea/util/errors.h"
#include "lancea/util/referenced_bytes.h"

namespace lancea {
namespace {

// Less than this is digested faster than it is handed to other threads.
constexpr uint64_t kParallelBytes = uint64_t{256} << 10;
constexpr size_t kBlock = 512;

template <typename T>
uint32_t Extend(uint32_t crc, const T* values, size_t count) {
  return Crc32c(crc, reinterpret_cast<const uint8_t*>(values), count * sizeof(T));
}

}  // namespace

ColumnDigest& ColumnDigest::Child(size_t index) {
  if (children_.size() <= index) children_.resize(index + 1);
  return children_[index];
}

void ColumnDigest::AppendNulls(uint64_t first, int64_t count) {
  std::array<uint64_t, kBlock> rows;
  for (uint64_t done = 0; done < static_cast<uint64_t>(count);) {
    const size_t block = std::min<size_t>(kBlock, static_cast<uint64_t>(count) - done);
    for (size_t i = 0; i < block; ++i) rows[i] = first + done + i;
    nulls_ = Extend(nulls_, rows.data(), block);
    done += block;
  }
}

template <typename Offset>
void ColumnDigest::AppendLengths(const Offset* offsets, int64_t count) {
  std::array<uint64_t, kBlock> lengths;
  for (int64_t done = 0; done < count;) {
    const auto block = std::min<int64_t>(kBlock, count - done);
    for (int64_t i = 0; i < block; ++i) {
      lengths[static_cast<size_t>(i)] =
          static_cast<uint64_t>(offsets[done + i + 1] - offsets[done + i]);
    }
    lengths_ = Extend(lengths_, lengths.data(), static_cast<size_t>(block));
    done += block;
  }
}

arrow::Status ColumnDigest::Append(const arrow::Array& rows) {
  if (rows.type_id() == arrow::Type::EXTENSION) {
    return Append(*static_cast<const arrow::ExtensionArray&>(rows).storage());
  }
  if (rows.type_id() == arrow::Type::DICTIONARY) {
    return AppendDictionary(static_cast<const arrow::DictionaryArray&>(rows));
  }
  if (rows.type_id() != arrow::Type::NA) {
    if (rows.null_count() == 0 || rows.null_bitmap_data() == nullptr) {
      ARROW_RETURN_NOT_OK(AppendValid(rows, 0, rows.length()));
    } else {
      arrow::internal::BitRunReader runs(rows.null_bitmap_data(), rows.offset(), rows.length());
      int64_t at = 0;
      for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
        if (run.set) {
          ARROW_RETURN_NOT_OK(AppendValid(rows, at, run.length));
        } else {
          AppendNulls(num_rows_ + static_cast<uint64_t>(at), run.length);
        }
        at += run.length;
      }
    }
  }
  num_rows_ += static_cast<uint64_t>(rows.length());
  return arrow::Status::OK();
}

arrow::Status ColumnDigest::AppendDictionary(const arrow::DictionaryArray& rows) {
  const arrow::Array& dictionary = *rows.dictionary();
  std::vector<std::optional<uint64_t>> values(static_cast<size_t>(dictionary.length()));
  for (int64_t row = 0; row < rows.length(); ++row, ++num_rows_) {
    const int64_t index = rows.IsNull(row) ? -1 : rows.GetValueIndex(row);
    if (index < 0 || dictionary.IsNull(index)) {
      AppendNulls(num_rows_, 1);
      continue;
    }
    auto& value = values[static_cast<size_t>(index)];
    if (!value) {
      ColumnDigest entry;
      ARROW_RETURN_NOT_OK(entry.Append(*dictionary.Slice(index, 1)));
      value = uint64_t{entry.lengths_} << 32 | entry.values_;
    }
    values_ = Extend(values_, &*value, 1);
  }
  return arrow::Status::OK();
}

arrow::Status ColumnDigest::AppendValid(const arrow::Array& rows, int64_t start, int64_t count) {
  const arrow::ArrayData& data = *rows.data();
  const int64_t first = data.offset + start;
  auto variable = [&](auto* offsets) {
    AppendLengths(offsets, count);
    if (offsets[0] == offsets[count]) return;  // there may be no values at all
    values_ = Crc32c(values_, data.buffers[2]->data() + offsets[0],
                     static_cast<size_t>(offsets[count] - offsets[0]));
  };
  auto list = [&](auto* offsets) {
    AppendLengths(offsets, count);
    return Child(0).Append(
        *arrow::MakeArray(data.child_data[0])->Slice(offsets[0], offsets[count] - offsets[0]));
  };
  switch (rows.type_id()) {
    case arrow::Type::BOOL: {
      std::array<uint8_t, kBlock> bits;
      for (int64_t done = 0; done < count;) {
        const auto block = std::min<int64_t>(kBlock, count - done);
        for (int64_t i = 0; i < block; ++i) {
          bits[static_cast<size_t>(i)] =
              arrow::bit_util::GetBit(data.buffers[1]->data(), first + done + i);
        }
        values_ = Extend(values_, bits.data(), static_cast<size_t>(block));
        done += block;
      }
      return arrow::Status::OK();
    }
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      if (count > 0) variable(data.buffers[1]->data_as<int32_t>() + first);
      return arrow::Status::OK();
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      if (count > 0) variable(data.buffers[1]->data_as<int64_t>() + first);
      return arrow::Status::OK();
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      if (count == 0) return arrow::Status::OK();
      return list(data.buffers[1]->data_as<int32_t>() + first);
    case arrow::Type::LARGE_LIST:
      if (count == 0) return arrow::Status::OK();
      return list(data.buffers[1]->data_as<int64_t>() + first);
    case arrow::Type::FIXED_SIZE_LIST: {
      const int64_t width = static_cast<const arrow::FixedSizeListType&>(*rows.type()).list_size();
      return Child(0).Append(
          *arrow::MakeArray(data.child_data[0])->Slice(first * width, count * width));
    }
    case arrow::Type::STRUCT: {
      const auto& structs = static_cast<const arrow::StructArray&>(rows);
      for (int i = 0; i < structs.num_fields(); ++i) {
        ARROW_RETURN_NOT_OK(
            Child(static_cast<size_t>(i)).Append(*structs.field(i)->Slice(start, count)));
      }
      return arrow::Status::OK();
    }
    default:
      break;
  }
  if (!arrow::is_fixed_width(rows.type_id())) {
    return Unsupported("rows of type ", rows.type()->ToString(), " cannot be compared");
  }
  const int64_t width = rows.type()->bit_width() / 8;
  if (count > 0 && width > 0) {
    values_ = Crc32c(values_, data.buffers[1]->data() + first * width,
                     static_cast<size_t>(count * width));
  }
  return arrow::Status::OK();
}

arrow::Status RowsDigest::Append(const arrow::RecordBatch& batch) {
  columns_.resize(static_cast<size_t>(batch.num_columns()));
  const bool is_large = batch.num_columns() > 1 && ReferencedBytes(batch) >= kParallelBytes;
  return ParallelFor(is_large ? cpu_ : nullptr, columns_.size(), arrow::StopToken::Unstoppable(),
                     [&](size_t i) -> arrow::Status {
                       return columns_[i].Append(*batch.column(static_cast<int>(i)));
                     });
}

arrow::Status RowsDigest::CheckSame(const RowsDigest& other, const arrow::Schema& schema) const {
  if (columns_.size() != other.columns_.size()) {
    return Corrupt(columns_.size(), " columns became ", other.columns_.size());
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].num_rows() != other.columns_[i].num_rows()) {
      return Corrupt(columns_[i].num_rows(), " rows became ", other.columns_[i].num_rows());
    }
    if (!(columns_[i] == other.columns_[i])) {
      return Corrupt("column \"", schema.field(static_cast<int>(i))->name(),
                     "\" does not read back as it was written");
    }
  }
  return arrow::Status::OK();
}

}  // namespace lancea
