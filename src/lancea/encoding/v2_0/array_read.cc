#include "lancea/encoding/v2_0/array_read.h"

#include "lancea/encoding/unbacked.h"
#include "lancea/encoding/v2_0/binary_read.h"
#include "lancea/encoding/v2_0/dictionary_read.h"
#include "lancea/encoding/v2_0/flat_read.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

constexpr int kMaxDepth = 32;
constexpr uint64_t kMaxDimension = uint64_t{1} << 20;

class NullableRead : public ArrayRead {
 public:
  NullableRead(std::unique_ptr<ArrayRead> validity, std::unique_ptr<ArrayRead> values,
               uint64_t count, int list_depth, arrow::MemoryPool* pool)
      : validity_(std::move(validity)),
        values_(std::move(values)),
        count_(count),
        list_depth_(list_depth),
        pool_(pool) {}

  void Collect(std::vector<ByteRange>* needs) const override {
    if (validity_ != nullptr) validity_->Collect(needs);
    if (values_ != nullptr) values_->Collect(needs);
  }
  arrow::Status Supply(SuppliedBuffers* buffers) override {
    if (validity_ != nullptr) {
      std::vector<ByteRange> wanted;
      validity_->Collect(&wanted);
      if (!wanted.empty()) ARROW_RETURN_NOT_OK(validity_->Supply(buffers));
    }
    return values_ != nullptr ? values_->Supply(buffers) : arrow::Status::OK();
  }
  bool appends_validity() const override {
    return list_depth_ == 0 &&
           (validity_ != nullptr || values_ == nullptr || values_->appends_validity());
  }
  std::shared_ptr<arrow::Buffer> PlainBytes() const override {
    return validity_ == nullptr && values_ != nullptr ? values_->PlainBytes() : nullptr;
  }

  arrow::Status Append(ArrayOutput* out) override {
    if (static_cast<size_t>(list_depth_) > out->values.item_validity().size()) {
      return Corrupt("fixed-size lists nested deeper than the column's type");
    }
    if (values_ == nullptr) {  // every value null
      ARROW_RETURN_NOT_OK(out->values.AppendZeros(static_cast<int64_t>(count_)));
      return Bits(out).AppendRun(false, static_cast<int64_t>(count_));
    }
    if (validity_ == nullptr) {
      ARROW_RETURN_NOT_OK(values_->Append(out));
      // Items of a list need their bitmap as soon as one page of the column has nulls among them.
      if (list_depth_ > 0) return Bits(out).AppendRun(true, static_cast<int64_t>(count_));
      return arrow::Status::OK();
    }
    ArrayOutput bits(ValueBuilder::Fixed(1, pool_));
    ARROW_RETURN_NOT_OK(validity_->Append(&bits));
    if (bits.values.num_values() != static_cast<int64_t>(count_)) {
      return Corrupt(bits.values.num_values(), " validity bits for ", count_, " values");
    }
    ARROW_RETURN_NOT_OK(values_->Append(out));
    return Bits(out).Append(bits.values.data(), 0, static_cast<int64_t>(count_));
  }

 private:
  BitmapBuilder& Bits(ArrayOutput* out) const {
    if (list_depth_ == 0) return out->validity;
    return out->values.item_validity()[static_cast<size_t>(list_depth_ - 1)];
  }

  std::unique_ptr<ArrayRead> validity_;  // nullptr: all valid, or all null
  std::unique_ptr<ArrayRead> values_;    // nullptr: all null
  const uint64_t count_;
  const int list_depth_;
  arrow::MemoryPool* pool_;
};

arrow::Result<std::unique_ptr<ArrayRead>> MakeNullableRead(
    const lance::encodings::Nullable& nullable, std::span<const RowRange> ranges,
    const ArrayContext& context) {
  std::unique_ptr<ArrayRead> validity, values;
  switch (nullable.nullability_case()) {
    case lance::encodings::Nullable::kNoNulls: {
      ARROW_ASSIGN_OR_RAISE(values, MakeArrayRead(nullable.no_nulls().values(), ranges, context));
      break;
    }
    case lance::encodings::Nullable::kSomeNulls: {
      ARROW_ASSIGN_OR_RAISE(validity,
                            MakeArrayRead(nullable.some_nulls().validity(), ranges, context));
      ARROW_ASSIGN_OR_RAISE(values, MakeArrayRead(nullable.some_nulls().values(), ranges, context));
      break;
    }
    case lance::encodings::Nullable::kAllNulls:
      break;
    default:
      return Corrupt("nullable encoding without a kind");
  }
  return std::make_unique<NullableRead>(std::move(validity), std::move(values), CountRows(ranges),
                                        context.fixed_size_list_depth, context.pool);
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeFixedSizeListRead(
    const lance::encodings::FixedSizeList& list, std::span<const RowRange> ranges,
    ArrayContext context) {
  const uint64_t dimension = list.dimension();
  if (dimension > kMaxDimension) return Corrupt("fixed-size list of ", dimension, " items");
  ARROW_ASSIGN_OR_RAISE(auto scaled, ScaleRanges(ranges, dimension));
  ARROW_RETURN_NOT_OK(CheckBacked(scaled, context));
  ++context.fixed_size_list_depth;
  return MakeArrayRead(list.items(), scaled, context);
}

// The stored width of one packed child.
arrow::Result<uint64_t> PackedChildBits(const ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return Corrupt("encodings nested too deep");
  if (encoding.has_flat()) return encoding.flat().bits_per_value();
  if (encoding.has_nullable() && encoding.nullable().has_no_nulls()) {
    return PackedChildBits(encoding.nullable().no_nulls().values(), depth + 1);
  }
  if (encoding.has_fixed_size_list()) {
    ARROW_ASSIGN_OR_RAISE(uint64_t bits,
                          PackedChildBits(encoding.fixed_size_list().items(), depth + 1));
    if (encoding.fixed_size_list().dimension() > kMaxDimension || bits > (uint64_t{1} << 20)) {
      return Corrupt("packed fixed-size list of ", encoding.fixed_size_list().dimension(),
                     " items");
    }
    return bits * encoding.fixed_size_list().dimension();
  }
  return Unsupported("packed struct child ", Describe(encoding));
}

arrow::Result<std::unique_ptr<ArrayRead>> MakePackedStructRead(
    const lance::encodings::PackedStruct& packed, std::span<const RowRange> ranges,
    const ArrayContext& context) {
  uint64_t bits = 0;
  for (const ArrayEncoding& inner : packed.inner()) {
    ARROW_ASSIGN_OR_RAISE(uint64_t child, PackedChildBits(inner, 0));
    bits += child;
  }
  return MakePlainRead(packed.buffer(), bits, ranges, context);
}

}  // namespace

arrow::Result<std::unique_ptr<ArrayRead>> MakeArrayRead(const ArrayEncoding& encoding,
                                                        std::span<const RowRange> ranges,
                                                        const ArrayContext& outer) {
  ArrayContext context = outer;
  if (++context.depth > kMaxDepth) return Corrupt("encodings nested too deep");
  switch (encoding.array_encoding_case()) {
    case ArrayEncoding::kFlat:
      return MakeFlatRead(encoding.flat(), ranges, context);
    case ArrayEncoding::kNullable:
      return MakeNullableRead(encoding.nullable(), ranges, context);
    case ArrayEncoding::kFixedSizeList:
      return MakeFixedSizeListRead(encoding.fixed_size_list(), ranges, context);
    case ArrayEncoding::kBinary:
      return MakeBinaryRead(encoding.binary(), ranges, context);
    case ArrayEncoding::kDictionary:
      return MakeDictionaryRead(encoding.dictionary(), ranges, context);
    case ArrayEncoding::kFsst:
      return MakeFsstRead(encoding.fsst(), ranges, context);
    case ArrayEncoding::kPackedStruct:
      return MakePackedStructRead(encoding.packed_struct(), ranges, context);
    case ArrayEncoding::kBitpacked:
      return MakeBitpackedRead(encoding.bitpacked(), ranges, context);
    case ArrayEncoding::kFixedSizeBinary:
      return MakeFixedSizeBinaryRead(encoding.fixed_size_binary(), ranges, context);
    case ArrayEncoding::kBitpackedForNonNeg:
      return MakeFastLanesRead(encoding.bitpacked_for_non_neg(), ranges, context);
    case ArrayEncoding::kConstant:
      return MakeConstantRead(encoding.constant(), ranges);
    default:
      return Unsupported("array encoding ", Describe(encoding));
  }
}

arrow::Result<std::vector<RowRange>> ScaleRanges(std::span<const RowRange> ranges,
                                                 uint64_t factor) {
  std::vector<RowRange> out;
  for (const RowRange& range : ranges) {
    if (factor != 0 && range.end > kMaxRowsPerFile / factor) {
      return Corrupt(range.end, " values of ", factor, " parts");
    }
    if (factor != 0 && range.size() != 0) out.push_back({range.start * factor, range.end * factor});
  }
  return out;
}

arrow::Status CheckBacked(std::span<const RowRange> parts, const ArrayContext& context) {
  const uint64_t count = CountRows(parts);
  if (count <= MostValues(*context.page)) return arrow::Status::OK();
  return Unsupported(count, " parts of values in one read; ask for fewer rows");
}

std::string Describe(const ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return "...";
  auto inner = [&](const ArrayEncoding& e) { return Describe(e, depth + 1); };
  switch (encoding.array_encoding_case()) {
    case ArrayEncoding::kFlat:
      return "flat(" + std::to_string(encoding.flat().bits_per_value()) +
             (encoding.flat().has_compression() ? ", " + encoding.flat().compression().scheme()
                                                : "") +
             ")";
    case ArrayEncoding::kNullable:
      if (encoding.nullable().has_no_nulls()) return inner(encoding.nullable().no_nulls().values());
      if (encoding.nullable().has_some_nulls()) {
        return "nullable(" + inner(encoding.nullable().some_nulls().values()) + ")";
      }
      return "all_null";
    case ArrayEncoding::kFixedSizeList:
      return "fixed_size_list(" + std::to_string(encoding.fixed_size_list().dimension()) + " x " +
             inner(encoding.fixed_size_list().items()) + ")";
    case ArrayEncoding::kList:
      return "list(" + inner(encoding.list().offsets()) + ")";
    case ArrayEncoding::kStruct:
      return "struct";
    case ArrayEncoding::kBinary:
      return "binary(" + inner(encoding.binary().indices()) + ", " +
             inner(encoding.binary().bytes()) + ")";
    case ArrayEncoding::kDictionary:
      return "dictionary(" + inner(encoding.dictionary().indices()) + ", " +
             inner(encoding.dictionary().items()) + ")";
    case ArrayEncoding::kFsst:
      return "fsst(" + inner(encoding.fsst().binary()) + ")";
    case ArrayEncoding::kPackedStruct:
      return "packed_struct";
    case ArrayEncoding::kBitpacked:
      return "bitpacked(" + std::to_string(encoding.bitpacked().uncompressed_bits_per_value()) +
             " to " + std::to_string(encoding.bitpacked().compressed_bits_per_value()) + ")";
    case ArrayEncoding::kFixedSizeBinary:
      return "fixed_size_binary(" + std::to_string(encoding.fixed_size_binary().byte_width()) + ")";
    case ArrayEncoding::kBitpackedForNonNeg:
      return "bitpacked(" +
             std::to_string(encoding.bitpacked_for_non_neg().uncompressed_bits_per_value()) +
             " to " + std::to_string(encoding.bitpacked_for_non_neg().compressed_bits_per_value()) +
             ")";
    case ArrayEncoding::kConstant:
      return "constant";
    default:
      return "unknown";
  }
}

}  // namespace lancea::v2_0
