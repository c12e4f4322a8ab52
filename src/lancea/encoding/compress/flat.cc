#include "lancea/encoding/compress/flat.h"

#include <algorithm>
#include <vector>

#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxItemsPerValue = uint64_t{1} << 31;
constexpr uint64_t kMaxBitsPerValue = uint64_t{1} << 40;

// A flat leaf below any number of fixed-size lists.
struct FlatShape {
  struct List {
    uint64_t items;            // per value of the level above
    uint64_t items_per_value;  // per value of the whole
    bool has_validity;
  };
  uint64_t bits_per_item = 0;
  uint64_t items_per_value = 1;
  std::vector<List> lists;  // outermost first

  uint64_t bits_per_value() const { return bits_per_item * items_per_value; }
  int num_validity() const {
    int count = 0;
    for (const List& list : lists) count += list.has_validity;
    return count;
  }
  // Of one value with its validity in front.
  uint64_t row_bytes() const {
    uint64_t bytes = (bits_per_value() + 7) / 8;
    for (const List& list : lists) {
      if (list.has_validity) bytes += (list.items_per_value + 7) / 8;
    }
    return bytes;
  }
  ValueShape shape() const {
    // The builder's bitmaps are by level: up to the innermost level that has one.
    int32_t levels = 0;
    for (size_t i = 0; i < lists.size(); ++i) {
      if (lists[i].has_validity) levels = static_cast<int32_t>(i) + 1;
    }
    return {.bits_per_value = bits_per_item,
            .items_per_value = items_per_value,
            .num_item_validity = levels};
  }
};

arrow::Result<FlatShape> ParseShape(const EncodingMessage& message) {
  FlatShape shape;
  const EncodingMessage* at = &message;
  while (at->has_fixed_size_list()) {
    const auto& list = at->fixed_size_list();
    if (shape.lists.size() >= kMaxEncodingDepth) return Corrupt("fixed-size lists nested too deep");
    if (list.items_per_value() > kMaxItemsPerValue ||
        (list.items_per_value() != 0 &&
         shape.items_per_value > kMaxItemsPerValue / list.items_per_value())) {
      return Corrupt("fixed-size list of ", list.items_per_value(), " items");
    }
    shape.items_per_value *= list.items_per_value();
    shape.lists.push_back({list.items_per_value(), shape.items_per_value, list.has_validity()});
    at = &list.values();
  }
  if (at->has_constant() && !at->constant().has_value() && shape.num_validity() > 0) return shape;
  if (!at->has_flat()) return Unsupported("a fixed-size list of values that are not flat");
  shape.bits_per_item = at->flat().bits_per_value();
  if (at->flat().has_data()) return Unsupported("compressed buffers inside flat");
  if (shape.bits_per_item == 0 ||
      shape.bits_per_item > kMaxBitsPerValue / std::max<uint64_t>(1, shape.items_per_value) ||
      (shape.bits_per_item != 1 && shape.bits_per_item % 8 != 0)) {
    return Corrupt("flat values of ", shape.bits_per_item, " bits");
  }
  return shape;
}

// Append `num_items` items from item `first` of `bytes` on.
arrow::Status AppendItems(const FlatShape& shape, Bytes bytes, uint64_t first, uint64_t num_items,
                          ValueBuilder* out) {
  if (num_items == 0) return arrow::Status::OK();
  // Items that are all null have no bytes: they are counted, and the caller supplies what stands there.
  if (shape.bits_per_item == 0) return out->AppendFixed(static_cast<int64_t>(num_items)).status();
  // Items are bounded by the caller to fit 64 bits.
  const unsigned __int128 end_bits =
      static_cast<unsigned __int128>(first + num_items) * shape.bits_per_item;
  if (end_bits > static_cast<unsigned __int128>(bytes.size()) * 8) {
    return Corrupt("flat: ", first + num_items, " values of ", shape.bits_per_item, " bits in ",
                   bytes.size(), " bytes");
  }
  if (shape.bits_per_item == 1) {
    return out->AppendBits(bytes.data(), static_cast<int64_t>(first),
                           static_cast<int64_t>(num_items));
  }
  const uint64_t width = shape.bits_per_item / 8;
  ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(static_cast<int64_t>(num_items)));
  std::memcpy(to, bytes.data() + first * width, num_items * width);
  return arrow::Status::OK();
}

// Levels without stored validity still need a bitmap when a level further in has one.
arrow::Status FillMissingValidity(const FlatShape& shape, uint64_t num_values, ValueBuilder* out) {
  for (size_t i = 0; i < out->item_validity().size(); ++i) {
    if (shape.lists[i].has_validity) continue;
    ARROW_RETURN_NOT_OK(out->item_validity()[i].AppendRun(
        true, static_cast<int64_t>(num_values * shape.lists[i].items_per_value)));
  }
  return arrow::Status::OK();
}

// One value of a row layout: the validity of its levels, then its items.
arrow::Status AppendRow(const FlatShape& shape, Bytes row, ValueBuilder* out) {
  ByteReader reader(row, "fixed-size-list value");
  for (size_t i = 0; i < shape.lists.size(); ++i) {
    if (!shape.lists[i].has_validity) continue;
    const uint64_t items = shape.lists[i].items_per_value;
    ARROW_ASSIGN_OR_RAISE(Bytes bits, reader.Take(arrow::bit_util::CeilDiv(items, uint64_t{8})));
    ARROW_RETURN_NOT_OK(
        out->item_validity()[i].Append(bits.data(), 0, static_cast<int64_t>(items)));
  }
  ARROW_RETURN_NOT_OK(FillMissingValidity(shape, 1, out));
  ARROW_ASSIGN_OR_RAISE(Bytes items, reader.Take(reader.remaining()));
  return AppendItems(shape, items, 0, shape.items_per_value, out);
}

class FlatMiniBlock : public MiniBlockDecoder {
 public:
  explicit FlatMiniBlock(FlatShape shape) : shape_(std::move(shape)) {}
  ValueShape shape() const override { return shape_.shape(); }
  int num_buffers() const override { return 1 + shape_.num_validity(); }

  arrow::Status Decode(std::span<const Bytes> buffers, int64_t, int64_t begin, int64_t end,
                       ValueBuilder* out) const override {
    const uint64_t first = static_cast<uint64_t>(begin);
    const uint64_t count = static_cast<uint64_t>(end - begin);
    if (static_cast<uint64_t>(end) >
        (uint64_t{1} << 62) / std::max<uint64_t>(1, shape_.items_per_value)) {
      return Corrupt("flat: too many values");
    }
    size_t next = 0;
    for (size_t i = 0; i < shape_.lists.size(); ++i) {
      if (!shape_.lists[i].has_validity) continue;
      const Bytes bits = buffers[next++];
      const uint64_t per_value = shape_.lists[i].items_per_value;
      if (static_cast<unsigned __int128>(end) * per_value > bits.size() * 8) {
        return Corrupt("fixed-size list: validity of ", bits.size(), " bytes for ",
                       static_cast<uint64_t>(end) * per_value, " items");
      }
      ARROW_RETURN_NOT_OK(out->item_validity()[i].Append(bits.data(),
                                                         static_cast<int64_t>(first * per_value),
                                                         static_cast<int64_t>(count * per_value)));
    }
    ARROW_RETURN_NOT_OK(FillMissingValidity(shape_, count, out));
    return AppendItems(shape_, buffers[next], first * shape_.items_per_value,
                       count * shape_.items_per_value, out);
  }

 private:
  FlatShape shape_;
};

class FlatBlock : public BlockDecoder {
 public:
  explicit FlatBlock(FlatShape shape) : shape_(std::move(shape)) {}
  ValueShape shape() const override { return shape_.shape(); }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    if (shape_.num_validity() > 0) return AppendRows(block, static_cast<uint64_t>(num_values), out);
    if (shape_.items_per_value != 0 &&
        static_cast<uint64_t>(num_values) > block.size() * 8 / shape_.items_per_value) {
      return Corrupt("flat: ", num_values, " values in ", block.size(), " bytes");
    }
    return AppendItems(shape_, block, 0, static_cast<uint64_t>(num_values) * shape_.items_per_value,
                       out);
  }

 private:
  arrow::Status AppendRows(Bytes block, uint64_t num_values, ValueBuilder* out) const {
    const uint64_t row_bytes = shape_.row_bytes();
    if (row_bytes == 0 || num_values > block.size() / row_bytes) {
      return Corrupt("flat: ", num_values, " values of ", row_bytes, " bytes in ", block.size());
    }
    for (uint64_t i = 0; i < num_values; ++i) {
      ARROW_RETURN_NOT_OK(AppendRow(shape_, block.subspan(i * row_bytes, row_bytes), out));
    }
    return arrow::Status::OK();
  }

  FlatShape shape_;
};

class FlatPerValue : public PerValueDecoder {
 public:
  explicit FlatPerValue(FlatShape shape) : shape_(std::move(shape)) {}
  ValueShape shape() const override { return shape_.shape(); }
  uint64_t stored_bytes() const override { return shape_.row_bytes(); }
  bool is_plain_fixed() const override {
    return shape_.num_validity() == 0 && shape_.bits_per_item % 8 == 0;
  }
  arrow::Status Decode(Bytes value, ValueBuilder* out) const override {
    return AppendRow(shape_, value, out);
  }

 private:
  FlatShape shape_;
};

}  // namespace

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeFlatMiniBlock(const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(FlatShape shape, ParseShape(message));
  return std::make_unique<FlatMiniBlock>(std::move(shape));
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeFlatBlock(const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(FlatShape shape, ParseShape(message));
  return std::make_unique<FlatBlock>(std::move(shape));
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakeFlatPerValue(const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(FlatShape shape, ParseShape(message));
  return std::make_unique<FlatPerValue>(std::move(shape));
}

}  // namespace lancea
