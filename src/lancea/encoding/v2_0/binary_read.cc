#include "lancea/encoding/v2_0/binary_read.h"

#include "arrow/buffer.h"
#include "lancea/encoding/compress/fsst.h"
#include "lancea/encoding/v2_0/end_offsets.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

std::vector<RowRange> NonEmpty(const std::vector<RowRange>& ranges) {
  std::vector<RowRange> out;
  for (const RowRange& range : ranges) {
    if (range.size() > 0) out.push_back(range);
  }
  return out;
}

class BinaryRead : public ArrayRead {
 public:
  BinaryRead(EndOffsets offsets, ArrayEncoding bytes, uint64_t limit, const ArrayContext& context)
      : offsets_(std::move(offsets)),
        bytes_encoding_(std::move(bytes)),
        limit_(limit),
        context_(context) {}

  void Collect(std::vector<ByteRange>* needs) const override {
    if (bytes_ == nullptr) {
      offsets_.Collect(needs);
    } else {
      bytes_->Collect(needs);
    }
  }

  arrow::Status Supply(SuppliedBuffers* buffers) override {
    if (bytes_ != nullptr) return bytes_->Supply(buffers);
    ARROW_RETURN_NOT_OK(offsets_.Supply(buffers));
    ARROW_RETURN_NOT_OK(offsets_.Finish(limit_));
    return MakeArrayRead(bytes_encoding_, NonEmpty(offsets_.item_ranges()), context_)
        .Value(&bytes_);
  }

  bool appends_validity() const override { return true; }

  arrow::Status Append(ArrayOutput* out) override {
    if (!out->values.is_variable()) return Corrupt("strings where fixed-width values are expected");
    if (bytes_ == nullptr) {  // no offsets to read, as of an empty dictionary
      SuppliedBuffers none({});
      ARROW_RETURN_NOT_OK(Supply(&none));
      std::vector<ByteRange> wanted;
      bytes_->Collect(&wanted);
      if (!wanted.empty()) return Corrupt("string bytes without offsets");
    }
    ArrayOutput bytes(ValueBuilder::Fixed(8, context_.pool));
    Bytes data;
    const auto plain = bytes_->PlainBytes();
    if (plain != nullptr) {
      data = Bytes(plain->data(), static_cast<size_t>(plain->size()));
    } else {
      ARROW_RETURN_NOT_OK(bytes_->Append(&bytes));
      data = Bytes(bytes.values.data(), static_cast<size_t>(bytes.values.num_values()));
    }
    const auto& lengths = offsets_.lengths();
    if (lengths.empty()) return arrow::Status::OK();
    std::vector<uint64_t> offsets(lengths.size() + 1, 0);
    for (size_t i = 0; i < lengths.size(); ++i) offsets[i + 1] = offsets[i] + lengths[i];
    if (data.size() != offsets.back()) {
      return Corrupt("strings of ", offsets.back(), " bytes, ", data.size(), " are stored");
    }
    ARROW_RETURN_NOT_OK(out->values.AppendValues(
        offsets.data(), static_cast<int64_t>(lengths.size()), data.data()));
    for (uint8_t valid : offsets_.valid())
      ARROW_RETURN_NOT_OK(out->validity.AppendRun(valid != 0, 1));
    return arrow::Status::OK();
  }

 private:
  EndOffsets offsets_;
  const ArrayEncoding bytes_encoding_;
  const uint64_t limit_;
  const ArrayContext context_;
  std::unique_ptr<ArrayRead> bytes_;
};

class FsstRead : public ArrayRead {
 public:
  FsstRead(FsstTable table, std::unique_ptr<ArrayRead> inner, arrow::MemoryPool* pool)
      : table_(table), inner_(std::move(inner)), pool_(pool) {}
  void Collect(std::vector<ByteRange>* needs) const override { inner_->Collect(needs); }
  arrow::Status Supply(SuppliedBuffers* buffers) override { return inner_->Supply(buffers); }
  bool appends_validity() const override { return inner_->appends_validity(); }
  arrow::Status Append(ArrayOutput* out) override {
    if (!out->values.is_variable()) return Corrupt("strings where fixed-width values are expected");
    ArrayOutput codes(ValueBuilder::Variable(64, pool_));
    ARROW_RETURN_NOT_OK(inner_->Append(&codes));
    const int64_t* offsets = reinterpret_cast<const int64_t*>(codes.values.offsets());
    for (int64_t i = 0; i < codes.values.num_values(); ++i) {
      const Bytes value(codes.values.data() + offsets[i],
                        static_cast<size_t>(offsets[i + 1] - offsets[i]));
      if (!table_.is_on()) {
        ARROW_RETURN_NOT_OK(out->values.AppendValue(value));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(
          uint8_t * to,
          out->values.PrepareValue(FsstTable::MaxDecoded(static_cast<int64_t>(value.size()))));
      const int64_t size = table_.Decode(value, to);
      if (size < 0) return Corrupt("fsst: a value ends in an escape");
      ARROW_RETURN_NOT_OK(out->values.CommitValue(size));
    }
    if (inner_->appends_validity()) {
      return out->validity.Append(codes.validity.data(), 0, codes.validity.size());
    }
    return arrow::Status::OK();
  }

 private:
  const FsstTable table_;
  std::unique_ptr<ArrayRead> inner_;
  arrow::MemoryPool* pool_;
};

class FixedSizeBinaryRead : public ArrayRead {
 public:
  FixedSizeBinaryRead(std::unique_ptr<ArrayRead> bytes, uint64_t count, uint64_t width,
                      arrow::MemoryPool* pool)
      : bytes_(std::move(bytes)), count_(count), width_(width), pool_(pool) {}
  void Collect(std::vector<ByteRange>* needs) const override { bytes_->Collect(needs); }
  arrow::Status Supply(SuppliedBuffers* buffers) override { return bytes_->Supply(buffers); }
  arrow::Status Append(ArrayOutput* out) override {
    if (!out->values.is_variable()) return Corrupt("strings where fixed-width values are expected");
    ArrayOutput bytes(ValueBuilder::Fixed(8, pool_));
    ARROW_RETURN_NOT_OK(bytes_->Append(&bytes));
    if (static_cast<uint64_t>(bytes.values.num_values()) != count_ * width_) {
      return Corrupt(count_, " strings of ", width_, " bytes, ", bytes.values.num_values(),
                     " are stored");
    }
    std::vector<uint64_t> offsets(count_ + 1);
    for (uint64_t i = 0; i <= count_; ++i) offsets[i] = i * width_;
    return out->values.AppendValues(offsets.data(), static_cast<int64_t>(count_),
                                    bytes.values.data());
  }

 private:
  std::unique_ptr<ArrayRead> bytes_;
  const uint64_t count_, width_;
  arrow::MemoryPool* pool_;
};

}  // namespace

arrow::Result<std::unique_ptr<ArrayRead>> MakeBinaryRead(const lance::encodings::Binary& binary,
                                                         std::span<const RowRange> ranges,
                                                         const ArrayContext& context) {
  ARROW_ASSIGN_OR_RAISE(EndOffsets offsets, EndOffsets::Make(binary.indices(), ranges,
                                                             binary.null_adjustment(), context));
  // null_adjustment is the bytes of the page plus one.
  const uint64_t limit =
      binary.null_adjustment() == 0 ? (uint64_t{1} << 48) : binary.null_adjustment() - 1;
  return std::make_unique<BinaryRead>(std::move(offsets), binary.bytes(), limit, context);
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeFsstRead(const lance::encodings::Fsst& fsst,
                                                       std::span<const RowRange> ranges,
                                                       const ArrayContext& context) {
  const std::string& bytes = fsst.symbol_table();
  ARROW_ASSIGN_OR_RAISE(
      FsstTable table,
      FsstTable::Parse(Bytes(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size())));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeArrayRead(fsst.binary(), ranges, context));
  return std::make_unique<FsstRead>(table, std::move(inner), context.pool);
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeFixedSizeBinaryRead(
    const lance::encodings::FixedSizeBinary& binary, std::span<const RowRange> ranges,
    const ArrayContext& context) {
  const uint64_t width = binary.byte_width();
  ARROW_ASSIGN_OR_RAISE(auto scaled, ScaleRanges(ranges, width));
  ARROW_RETURN_NOT_OK(CheckBacked(scaled, context));
  ARROW_ASSIGN_OR_RAISE(auto bytes, MakeArrayRead(binary.bytes(), scaled, context));
  return std::make_unique<FixedSizeBinaryRead>(std::move(bytes), CountRows(ranges), width,
                                               context.pool);
}

}  // namespace lancea::v2_0
