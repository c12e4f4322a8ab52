#include "lancea/encoding/structural/full_zip_encode.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/compress/make_encoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

// A bit per boolean -> a byte per boolean: full-zip values fill whole bytes.
arrow::Result<ValueBlock> WidenBits(const ValueBlock& bits, arrow::MemoryPool* pool) {
  ValueBlock out = bits;
  ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateBuffer(bits.num_values, pool));
  for (int64_t i = 0; i < bits.num_values; ++i) {
    bytes->mutable_data()[i] = arrow::bit_util::GetBit(bits.values->data(), i);
  }
  out.bits_per_value = 8;
  out.values = std::move(bytes);
  return out;
}

uint32_t BitsOf(std::span<const uint16_t> levels) {
  uint16_t most = 0;
  for (uint16_t level : levels) most = std::max(most, level);
  return static_cast<uint32_t>(std::bit_width(most));
}

// Offsets of rows, each in as few bytes as the last one needs.
arrow::Result<BufferPtr> PackIndex(std::span<const uint64_t> offsets, arrow::MemoryPool* pool) {
  const uint64_t last = offsets.back();
  const int64_t width = last <= UINT8_MAX ? 1 : last <= UINT16_MAX ? 2 : last <= UINT32_MAX ? 4 : 8;
  ARROW_ASSIGN_OR_RAISE(auto out,
                        arrow::AllocateBuffer(static_cast<int64_t>(offsets.size()) * width, pool));
  auto pack = [&]<typename T>(T*) {
    T* to = out->mutable_data_as<T>();
    for (uint64_t offset : offsets) *to++ = static_cast<T>(offset);
  };
  switch (width) {
    case 1:
      pack(static_cast<uint8_t*>(nullptr));
      break;
    case 2:
      pack(static_cast<uint16_t*>(nullptr));
      break;
    case 4:
      pack(static_cast<uint32_t*>(nullptr));
      break;
    default:
      pack(static_cast<uint64_t*>(nullptr));
  }
  return BufferPtr(std::move(out));
}

// Interleaves control words and values.
class Zipper {
 public:
  Zipper(const PageLevels& levels, arrow::MemoryPool* pool) : levels_(levels), pool_(pool) {
    bits_rep_ = BitsOf(levels.rep);
    bits_def_ = BitsOf(levels.def);
    const uint32_t bits = bits_rep_ + bits_def_;
    control_bytes_ = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
  }

  uint32_t bits_rep() const { return bits_rep_; }
  uint32_t bits_def() const { return bits_def_; }
  int64_t control_bytes() const { return control_bytes_; }
  /// Bytes written, one per row start and the end; filled where rows differ in size.
  std::span<const uint64_t> row_offsets() const { return row_offsets_; }

  arrow::Result<BufferPtr> ZipFixed(const uint8_t* values, int64_t width) {
    const int64_t size = levels_.num_events * control_bytes_ + levels_.num_values * width;
    return Zip(size, levels_.has_rep(), [&](uint8_t* out, uint16_t) {
      std::memcpy(out, values, static_cast<size_t>(width));
      values += width;
      return width;
    });
  }

  template <typename Offset>
  arrow::Result<BufferPtr> ZipVariable(const Offset* offsets, const uint8_t* bytes) {
    const int64_t num_bytes = offsets[levels_.num_values] - offsets[0];
    const int64_t size = levels_.num_events * control_bytes_ +
                         levels_.num_values * static_cast<int64_t>(sizeof(Offset)) + num_bytes;
    return Zip(size, true, [&](uint8_t* out, uint16_t def) -> int64_t {
      const Offset* value = offsets++;
      if (def != 0) return 0;
      const Offset length = value[1] - value[0];
      std::memcpy(out, &length, sizeof(Offset));
      if (length > 0) {
        std::memcpy(out + sizeof(Offset), bytes + value[0], static_cast<size_t>(length));
      }
      return static_cast<int64_t>(sizeof(Offset)) + length;
    });
  }

 private:
  // `put_value(out, def)` writes one value and returns its size.
  template <typename PutValue>
  arrow::Result<BufferPtr> Zip(int64_t most_bytes, bool index_rows, PutValue put_value) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(most_bytes, pool_));
    uint8_t* const begin = buffer->mutable_data();
    uint8_t* out = begin;
    const uint16_t* rep = levels_.has_rep() ? levels_.rep.data() : nullptr;
    const uint16_t* def = levels_.has_def() ? levels_.def.data() : nullptr;
    const uint16_t max_rep = levels_.meaning.max_rep();
    const uint16_t max_visible = levels_.meaning.max_visible_leaf();
    for (int64_t i = 0; i < levels_.num_events; ++i) {
      const uint16_t r = rep != nullptr ? rep[i] : 0, d = def != nullptr ? def[i] : 0;
      if (index_rows && (rep == nullptr || r == max_rep)) {
        row_offsets_.push_back(static_cast<uint64_t>(out - begin));
      }
      const uint32_t word = (uint32_t{r} << bits_def_) | d;
      std::memcpy(out, &word, static_cast<size_t>(control_bytes_));
      out += control_bytes_;
      if (d <= max_visible) out += put_value(out, d);
    }
    if (index_rows) row_offsets_.push_back(static_cast<uint64_t>(out - begin));
    ARROW_RETURN_NOT_OK(buffer->Resize(out - begin, /*shrink_to_fit=*/false));
    return BufferPtr(std::move(buffer));
  }

  const PageLevels& levels_;
  arrow::MemoryPool* const pool_;
  uint32_t bits_rep_ = 0, bits_def_ = 0;
  int64_t control_bytes_ = 0;
  std::vector<uint64_t> row_offsets_;
};

}  // namespace

bool FitsFullZip(const ValueBlock& values) {
  if (values.is_struct() || values.is_variable()) return true;
  if (values.list_levels.empty()) return true;
  return values.bits_per_value * values.items_per_value() % 8 == 0 &&
         (values.bits_per_value % 8 == 0 ||
          std::ranges::none_of(values.list_levels,
                               [](const auto& level) { return level.item_validity != nullptr; }));
}

arrow::Result<PageBody> EncodeFullZip(const PageLevels& levels, const ValueBlock& values,
                                      const EncodingOptions& options, arrow::MemoryPool* pool) {
  const ValueBlock* plain = &values;
  ValueBlock widened;
  if (values.bits_per_value == 1 && values.list_levels.empty()) {
    ARROW_ASSIGN_OR_RAISE(widened, WidenBits(values, pool));
    plain = &widened;
  }
  ARROW_ASSIGN_OR_RAISE(PerValueEncoding encoded, EncodePerValue(*plain, options, pool));
  const ValueBlock& stored = encoded.values;
  Zipper zipper(levels, pool);
  PageBody out;
  auto& layout = *out.layout.mutable_full_zip_layout();
  layout.set_bits_rep(zipper.bits_rep());
  layout.set_bits_def(zipper.bits_def());
  layout.set_num_items(static_cast<uint32_t>(levels.num_events));
  layout.set_num_visible_items(static_cast<uint32_t>(levels.num_values));
  Describe(encoded.description, layout.mutable_value_compression());
  AddLayers(levels.meaning, &layout);
  if (stored.is_variable()) {
    layout.set_bits_per_offset(static_cast<uint32_t>(stored.bits_per_offset));
    BufferPtr zipped;
    if (stored.bits_per_offset == 64) {
      ARROW_ASSIGN_OR_RAISE(
          zipped, zipper.ZipVariable(stored.offsets->data_as<int64_t>(), stored.values->data()));
    } else {
      ARROW_ASSIGN_OR_RAISE(
          zipped, zipper.ZipVariable(stored.offsets->data_as<int32_t>(), stored.values->data()));
    }
    out.buffers.push_back(std::move(zipped));
  } else {
    const uint64_t bits = stored.bits_per_value * stored.items_per_value();
    if (bits % 8 != 0) return InvalidInput("full-zip values of ", bits, " bits");
    layout.set_bits_per_value(static_cast<uint32_t>(bits));
    if (zipper.control_bytes() == 0) {
      out.buffers.push_back(stored.values);
      return out;
    }
    ARROW_ASSIGN_OR_RAISE(auto zipped,
                          zipper.ZipFixed(stored.values->data(), static_cast<int64_t>(bits / 8)));
    out.buffers.push_back(std::move(zipped));
  }
  if (!zipper.row_offsets().empty()) {
    ARROW_ASSIGN_OR_RAISE(auto index, PackIndex(zipper.row_offsets(), pool));
    out.buffers.push_back(std::move(index));
  }
  return out;
}

}  // namespace lancea
