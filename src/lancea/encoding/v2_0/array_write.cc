#include "lancea/encoding/v2_0/array_write.h"

#include <cstring>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/util/bit_run_reader.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"

namespace lancea::v2_0 {
namespace {

arrow::Result<std::shared_ptr<arrow::Buffer>> JoinBits(const ArrayParts& parts, int64_t num_rows,
                                                       const arrow::Buffer* live,
                                                       arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(num_rows, pool));
  int64_t at = 0;
  for (const auto& part : parts) {
    if (part->length == 0) continue;
    arrow::internal::CopyBitmap(part->buffers[1]->data(), part->offset, part->length,
                                bits->mutable_data(), at);
    at += part->length;
  }
  if (live != nullptr) {
    arrow::internal::BitmapAnd(bits->data(), 0, live->data(), 0, num_rows, 0, bits->mutable_data());
  }
  return bits;
}

}  // namespace

lance::encodings::Buffer PageBuffers::Add(std::shared_ptr<arrow::Buffer> bytes) {
  lance::encodings::Buffer out;
  out.set_buffer_index(static_cast<uint32_t>(buffers_.size()));
  out.set_buffer_type(lance::encodings::Buffer::page);
  buffers_.push_back(std::move(bytes));
  return out;
}

int64_t CountRows(const ArrayParts& parts) {
  int64_t rows = 0;
  for (const auto& part : parts) rows += part->length;
  return rows;
}

ArrayParts ChildParts(const ArrayParts& parts, int child, int64_t items) {
  ArrayParts out;
  out.reserve(parts.size());
  for (const auto& part : parts) {
    out.push_back(part->child_data[static_cast<size_t>(child)]->Slice(part->offset * items,
                                                                      part->length * items));
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> JoinValidity(const ArrayParts& parts,
                                                           arrow::MemoryPool* pool) {
  bool any = false;
  for (const auto& part : parts) any |= part->GetNullCount() > 0;
  if (!any) return nullptr;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(CountRows(parts), pool));
  int64_t at = 0;
  for (const auto& part : parts) {
    if (part->GetNullCount() == 0) {
      arrow::bit_util::SetBitsTo(bits->mutable_data(), at, part->length, true);
    } else {
      arrow::internal::CopyBitmap(part->buffers[0]->data(), part->offset, part->length,
                                  bits->mutable_data(), at);
    }
    at += part->length;
  }
  return bits;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> JoinValues(const ArrayParts& parts,
                                                         uint64_t bits_per_value,
                                                         const arrow::Buffer* live,
                                                         arrow::MemoryPool* pool) {
  const int64_t num_rows = CountRows(parts);
  if (bits_per_value == 1) return JoinBits(parts, num_rows, live, pool);
  const int64_t width = static_cast<int64_t>(bits_per_value / 8);
  if (parts.size() == 1 && live == nullptr && num_rows > 0) {
    return arrow::SliceBuffer(parts[0]->buffers[1], parts[0]->offset * width, num_rows * width);
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(num_rows * width, pool));
  uint8_t* to = values->mutable_data();
  for (const auto& part : parts) {
    if (part->length == 0) continue;
    const size_t bytes = static_cast<size_t>(part->length * width);
    std::memcpy(to, part->buffers[1]->data() + part->offset * width, bytes);
    to += bytes;
  }
  if (live == nullptr) return values;
  int64_t behind = 0;  // the last live row
  auto clear = [&](int64_t end) {
    std::memset(values->mutable_data() + behind * width, 0,
                static_cast<size_t>((end - behind) * width));
  };
  arrow::internal::SetBitRunReader runs(live->data(), 0, num_rows);
  for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
    clear(run.position);
    behind = run.position + run.length;
  }
  clear(num_rows);
  return values;
}

ArrayEncoding Flat(uint64_t bits_per_value, const lance::encodings::Buffer& buffer) {
  ArrayEncoding out;
  out.mutable_flat()->set_bits_per_value(bits_per_value);
  *out.mutable_flat()->mutable_buffer() = buffer;
  return out;
}

ArrayEncoding NoNulls(ArrayEncoding values) {
  ArrayEncoding out;
  *out.mutable_nullable()->mutable_no_nulls()->mutable_values() = std::move(values);
  return out;
}

ArrayEncoding SomeNulls(ArrayEncoding validity, ArrayEncoding values) {
  ArrayEncoding out;
  auto& some = *out.mutable_nullable()->mutable_some_nulls();
  *some.mutable_validity() = std::move(validity);
  *some.mutable_values() = std::move(values);
  return out;
}

ArrayEncoding AllNulls() {
  ArrayEncoding out;
  out.mutable_nullable()->mutable_all_nulls();
  return out;
}

}  // namespace lancea::v2_0
