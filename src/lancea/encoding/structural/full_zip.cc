#include "lancea/encoding/structural/full_zip.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/compress/variable_packed_struct.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/packed_rows.h"
#include "lancea/encoding/structural/unravel.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

uint64_t LoadUnsigned(const uint8_t* bytes, uint64_t width) {
  switch (width) {
    case 1:
      return bytes[0];
    case 2:
      return LoadLittleEndian<uint16_t>(bytes);
    case 4:
      return LoadLittleEndian<uint32_t>(bytes);
    default:
      return LoadLittleEndian<uint64_t>(bytes);
  }
}

class FullZipPage : public StructuralPage {
 public:
  FullZipPage(std::shared_ptr<const Leaf> leaf, const PageInfo& page, FullZipLayout layout)
      : leaf_(std::move(leaf)), page_(page), layout_(std::move(layout)) {}

  arrow::Status Init() {
    if (layout_.bits_rep > 16 || layout_.bits_def > 16) {
      return Corrupt("control words of ", layout_.bits_rep, " + ", layout_.bits_def, " bits");
    }
    const uint32_t bits = layout_.bits_rep + layout_.bits_def;
    control_bytes_ = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
    const bool variable = layout_.bits_per_offset != 0;
    if (variable && layout_.bits_per_offset != 32 && layout_.bits_per_offset != 64) {
      return Corrupt("full-zip lengths of ", layout_.bits_per_offset, " bits");
    }
    if (!variable && layout_.bits_per_value % 8 != 0) {
      return Corrupt("full-zip values of ", layout_.bits_per_value, " bits");
    }
    has_repetition_index_ = variable || layout_.bits_rep > 0;
    if (page_.buffers.size() < (has_repetition_index_ ? 2u : 1u)) {
      return Corrupt("full-zip page has ", page_.buffers.size(), " buffers");
    }
    if (layout_.values != nullptr) {
      ARROW_RETURN_NOT_OK(CheckShape(*leaf_->type, layout_.values->shape()));
      const uint64_t stored_bytes = layout_.values->stored_bytes();
      // Values of no bytes (lists of no items) differ from values of any number of bytes.
      const bool same_width = stored_bytes != 0 || layout_.values->is_plain_fixed();
      if (same_width && (variable || stored_bytes != layout_.bits_per_value / 8)) {
        return Corrupt("full-zip values of ", layout_.bits_per_value, " bits whose encoding takes ",
                       stored_bytes, " bytes");
      }
    }
    if (has_repetition_index_) {
      const uint64_t entries = page_.num_rows + 1;
      const uint64_t size = page_.buffers[1].length;
      index_width_ = size / entries;
      if (size % entries != 0 ||
          (index_width_ != 1 && index_width_ != 2 && index_width_ != 4 && index_width_ != 8)) {
        return Corrupt("repetition index of ", size, " bytes for ", page_.num_rows, " rows");
      }
      metadata_ranges_.push_back(page_.buffers[1]);
    } else {
      stride_ = control_bytes_ + layout_.bits_per_value / 8;
      if (stride_ != 0 && page_.buffers[0].length / stride_ < page_.num_rows) {
        return Corrupt("full-zip page of ", page_.num_rows, " rows of ", stride_, " bytes has ",
                       page_.buffers[0].length, " bytes");
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override {
    if (!has_repetition_index_) return arrow::Status::OK();
    index_ = std::move(metadata[0]);
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;

  uint64_t metadata_bytes() const override {
    return index_ != nullptr ? static_cast<uint64_t>(index_->size()) : 0;
  }

  /// Byte range inside buffer 0 that holds `rows`.
  arrow::Result<ByteRange> BytesOfRows(const RowRange& rows) const {
    if (!has_repetition_index_) return ByteRange{rows.start * stride_, rows.size() * stride_};
    const uint64_t begin = LoadUnsigned(index_->data() + rows.start * index_width_, index_width_);
    const uint64_t end = LoadUnsigned(index_->data() + rows.end * index_width_, index_width_);
    if (begin > end || end > page_.buffers[0].length) {
      return Corrupt("repetition index: rows ", rows.start, "..", rows.end, " at bytes ", begin,
                     "..", end, " of ", page_.buffers[0].length);
    }
    return ByteRange{begin, end - begin};
  }

  const Leaf& leaf() const { return *leaf_; }
  const PageInfo& page() const { return page_; }
  const FullZipLayout& layout() const { return layout_; }
  uint64_t control_bytes() const { return control_bytes_; }

 private:
  std::shared_ptr<const Leaf> leaf_;
  PageInfo page_;
  FullZipLayout layout_;
  uint64_t control_bytes_ = 0;
  uint64_t stride_ = 0;
  bool has_repetition_index_ = false;
  uint64_t index_width_ = 0;
  std::shared_ptr<arrow::Buffer> index_;
};

class FullZipRead : public PageRead {
 public:
  FullZipRead(const FullZipPage& page, arrow::MemoryPool* pool) : page_(page), pool_(pool) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    const uint64_t base = page_.page().buffers[0].offset;
    uint64_t end = 0;
    for (const RowRange& range : ranges) {
      num_rows_ += static_cast<int64_t>(range.size());
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, page_.BytesOfRows(range));
      // Rows that lie in each other would be read as often as they are asked for.
      if (bytes.offset < end) {
        return Corrupt("repetition index: row ", range.start, " at byte ", bytes.offset, " after ",
                       end);
      }
      end = bytes.offset + bytes.length;
      if (!needs_.empty() && needs_.back().offset + needs_.back().length == base + bytes.offset) {
        needs_.back().length += bytes.length;
      } else {
        needs_.push_back({base + bytes.offset, bytes.length});
      }
    }
    return arrow::Status::OK();
  }

  const std::vector<ByteRange>& needs() const override { return needs_; }

  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    buffers_ = std::move(buffers);
    needs_.clear();
    return arrow::Status::OK();
  }

  arrow::Result<DecodedPage> Finish() override {
    const FullZipLayout& layout = page_.layout();
    if (page_.control_bytes() == 0 && layout.values != nullptr && layout.values->is_plain_fixed()) {
      return FinishPlain();
    }
    for (const auto& buffer : buffers_) num_bytes_ += buffer->size();
    DecodedPage out;
    if (layout.packed_struct != nullptr) {
      ARROW_ASSIGN_OR_RAISE(PackedRows rows,
                            PackedRows::Make(*layout.packed_struct, page_.leaf().type, pool_));
      ARROW_RETURN_NOT_OK(Unzip([&](Bytes value) { return rows.Append(value); },
                                [&] { return rows.AppendNull(); }));
      ARROW_ASSIGN_OR_RAISE(out.layers, MakeLayers());
      ARROW_ASSIGN_OR_RAISE(out.values, rows.Finish());
      return out;
    }
    const PerValueDecoder& decoder = *layout.values;
    ValueBuilder values = decoder.shape().MakeBuilder(pool_);
    const int64_t items = static_cast<int64_t>(decoder.shape().items_per_value);
    const bool plain_bytes = values.is_variable() && decoder.is_plain();
    ARROW_RETURN_NOT_OK(values.Reserve(num_rows_ * items, plain_bytes ? num_bytes_ : 0));
    if (decoder.is_plain()) {
      ARROW_RETURN_NOT_OK(UnzipPlain(&values));
    } else {
      ARROW_RETURN_NOT_OK(Unzip([&](Bytes value) { return decoder.Decode(value, &values); },
                                [&] { return values.AppendZeros(items); }));
    }
    ARROW_ASSIGN_OR_RAISE(out.layers, MakeLayers());
    ARROW_ASSIGN_OR_RAISE(out.values,
                          MakeLeafData(page_.leaf().type, out.layers.front().num_slots, &values));
    return out;
  }

 private:
  // Fixed-width values back to back: a view when there is one aligned range, else one copy per range.
  arrow::Result<DecodedPage> FinishPlain() {
    DecodedPage out;
    ARROW_ASSIGN_OR_RAISE(out.layers, Unravel(page_.layout().layers, page_.leaf().dimensions, {},
                                              {}, num_rows_, page_.leaf().num_own_layers, pool_));
    std::shared_ptr<arrow::Buffer> data;
    // Arrow asks for values aligned to their width, at most 64 bytes; 8 serves every kernel.
    if (buffers_.size() == 1 && buffers_[0]->address() % 8 == 0) {
      data = buffers_[0];
    } else {
      int64_t size = 0;
      for (const auto& buffer : buffers_) size += buffer->size();
      ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(size, pool_));
      uint8_t* at = copy->mutable_data();
      for (const auto& buffer : buffers_) {
        std::memcpy(at, buffer->data(), static_cast<size_t>(buffer->size()));
        at += buffer->size();
      }
      data = std::move(copy);
    }
    const uint64_t bits = FixedBitWidth(*page_.leaf().type);
    if (static_cast<uint64_t>(data->size()) * 8 != static_cast<uint64_t>(num_rows_) * bits ||
        page_.leaf().type->id() == arrow::Type::STRUCT) {
      ValueBuilder values = page_.layout().values->shape().MakeBuilder(pool_);
      const uint64_t width = values.bytes_per_value();
      if (width == 0 || static_cast<uint64_t>(data->size()) % width != 0) {
        return Corrupt("full-zip values of ", page_.layout().bits_per_value, " bits cannot be ",
                       page_.leaf().type->ToString());
      }
      ARROW_ASSIGN_OR_RAISE(uint8_t * copy,
                            values.AppendFixed(static_cast<int64_t>(data->size() / width)));
      std::memcpy(copy, data->data(), static_cast<size_t>(data->size()));
      ARROW_ASSIGN_OR_RAISE(out.values, MakeLeafData(page_.leaf().type, num_rows_, &values));
      return out;
    }
    out.values = WrapPlainFixed(page_.leaf().type, num_rows_, std::move(data));
    return out;
  }

  arrow::Result<std::vector<StructureLayer>> MakeLayers() {
    ARROW_ASSIGN_OR_RAISE(auto layers,
                          Unravel(page_.layout().layers, page_.leaf().dimensions, rep_, def_,
                                  num_events_, page_.leaf().num_own_layers, pool_));
    return layers;
  }

  // Walk the items. `append_value` gets the stored bytes of a visible value, `append_null` stands in for
  // a null that stores none.
  template <typename AppendValue, typename AppendNull>
  arrow::Status Unzip(AppendValue append_value, AppendNull append_null) {
    const FullZipLayout& layout = page_.layout();
    const uint64_t control_bytes = page_.control_bytes();
    const uint64_t length_bytes = layout.bits_per_offset / 8;
    const uint64_t value_bytes = layout.bits_per_value / 8;
    const uint16_t def_mask = static_cast<uint16_t>((1u << layout.bits_def) - 1);
    const uint16_t max_visible = layout.layers.max_visible_leaf();
    // An item of no bytes at all (a fixed-size list of dimension 0) is counted by rows.
    if (control_bytes + length_bytes + value_bytes == 0) {
      for (int64_t i = 0; i < num_rows_; ++i) ARROW_RETURN_NOT_OK(append_value(Bytes()));
      num_events_ = num_rows_;
      return arrow::Status::OK();
    }
    const int64_t max_events =
        num_bytes_ / static_cast<int64_t>(std::max<uint64_t>(1, control_bytes + length_bytes));
    if (layout.bits_rep > 0) rep_.reserve(std::min<int64_t>(max_events, num_rows_ * 2));
    if (layout.bits_def > 0) def_.reserve(std::min<int64_t>(max_events, num_rows_ * 2));
    for (const auto& buffer : buffers_) {
      ByteReader reader(Bytes(buffer->data(), static_cast<size_t>(buffer->size())),
                        "full-zip item");
      while (reader.remaining() > 0) {
        uint16_t def = 0;
        if (control_bytes > 0) {
          ARROW_ASSIGN_OR_RAISE(Bytes word_bytes, reader.Take(control_bytes));
          const uint32_t word =
              static_cast<uint32_t>(LoadUnsigned(word_bytes.data(), control_bytes));
          def = static_cast<uint16_t>(word) & def_mask;
          if (layout.bits_rep > 0) rep_.push_back(static_cast<uint16_t>(word >> layout.bits_def));
          if (layout.bits_def > 0) def_.push_back(def);
        }
        ++num_events_;
        if (def > max_visible) continue;
        if (length_bytes == 0) {
          ARROW_ASSIGN_OR_RAISE(Bytes value, reader.Take(value_bytes));
          ARROW_RETURN_NOT_OK(append_value(value));
        } else if (def != 0) {
          ARROW_RETURN_NOT_OK(append_null());
        } else {
          ARROW_ASSIGN_OR_RAISE(Bytes length, reader.Take(length_bytes));
          ARROW_ASSIGN_OR_RAISE(Bytes value,
                                reader.Take(LoadUnsigned(length.data(), length_bytes)));
          ARROW_RETURN_NOT_OK(append_value(value));
        }
      }
    }
    return arrow::Status::OK();
  }

  // The same for values stored as they are in memory, without a virtual call per value.
  arrow::Status UnzipPlain(ValueBuilder* values) {
    if (values->is_variable()) {
      return Unzip([&](Bytes value) { return values->AppendValue(value); },
                   [&] { return values->AppendZeros(1); });
    }
    const int64_t items = static_cast<int64_t>(page_.layout().values->shape().items_per_value);
    return Unzip(
        [&](Bytes value) -> arrow::Status {
          ARROW_ASSIGN_OR_RAISE(uint8_t * out, values->AppendFixed(items));
          std::memcpy(out, value.data(), value.size());
          return arrow::Status::OK();
        },
        [&] { return values->AppendZeros(items); });
  }

  const FullZipPage& page_;
  arrow::MemoryPool* const pool_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;
  int64_t num_rows_ = 0;
  int64_t num_bytes_ = 0;
  int64_t num_events_ = 0;
  std::vector<uint16_t> rep_, def_;
};

arrow::Result<std::unique_ptr<PageRead>> FullZipPage::Plan(std::span<const RowRange> ranges,
                                                           arrow::MemoryPool* pool) const {
  auto read = std::make_unique<FullZipRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

}  // namespace

arrow::Result<std::unique_ptr<StructuralPage>> MakeFullZipPage(std::shared_ptr<const Leaf> leaf,
                                                               const PageInfo& page,
                                                               FullZipLayout layout) {
  auto out = std::make_unique<FullZipPage>(std::move(leaf), page, std::move(layout));
  ARROW_RETURN_NOT_OK(out->Init());
  return out;
}

}  // namespace lancea
