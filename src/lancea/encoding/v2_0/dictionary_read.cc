#include "lancea/encoding/v2_0/dictionary_read.h"

#include "lancea/encoding/unbacked.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

constexpr int kMaxDictionaryDepth = 2;

class DictionaryRead : public ArrayRead {
 public:
  DictionaryRead(std::unique_ptr<ArrayRead> indices, std::unique_ptr<ArrayRead> items,
                 uint64_t index_bits, uint64_t num_items, arrow::MemoryPool* pool)
      : indices_(std::move(indices)),
        items_(std::move(items)),
        index_bits_(index_bits),
        num_items_(num_items),
        pool_(pool) {}

  void Collect(std::vector<ByteRange>* needs) const override {
    indices_->Collect(needs);
    items_->Collect(needs);
  }
  arrow::Status Supply(SuppliedBuffers* buffers) override {
    std::vector<ByteRange> wanted;
    indices_->Collect(&wanted);
    if (!wanted.empty()) ARROW_RETURN_NOT_OK(indices_->Supply(buffers));
    wanted.clear();
    items_->Collect(&wanted);
    return wanted.empty() ? arrow::Status::OK() : items_->Supply(buffers);
  }
  bool appends_validity() const override { return true; }

  arrow::Status Append(ArrayOutput* out) override {
    if (!out->values.is_variable()) return Unsupported("dictionary of fixed-width values");
    ArrayOutput indices(ValueBuilder::Fixed(index_bits_, pool_));
    ARROW_RETURN_NOT_OK(indices_->Append(&indices));
    ArrayOutput items(ValueBuilder::Variable(64, pool_));
    // Item 0 of what is gathered from stands for null and is empty.
    ARROW_RETURN_NOT_OK(items.values.AppendZeros(1));
    ARROW_RETURN_NOT_OK(items_->Append(&items));
    if (items.values.num_values() != static_cast<int64_t>(num_items_) + 1) {
      return Corrupt("dictionary of ", num_items_, " items decodes to ",
                     items.values.num_values() - 1);
    }
    switch (index_bits_) {
      case 8:
        return Gather<uint8_t>(indices.values, items.values, out);
      case 16:
        return Gather<uint16_t>(indices.values, items.values, out);
      case 32:
        return Gather<uint32_t>(indices.values, items.values, out);
      default:
        return Gather<uint64_t>(indices.values, items.values, out);
    }
  }

 private:
  template <typename Index>
  arrow::Status Gather(const ValueBuilder& indices, const ValueBuilder& items,
                       ArrayOutput* out) const {
    const Index* values = reinterpret_cast<const Index*>(indices.data());
    for (int64_t i = 0; i < indices.num_values(); ++i) {
      if (values[i] > num_items_) {
        return Corrupt("dictionary index ", uint64_t{values[i]}, " in a dictionary of ", num_items_,
                       " items");
      }
      ARROW_RETURN_NOT_OK(out->validity.AppendRun(values[i] != 0, 1));
    }
    return out->values.AppendGathered(reinterpret_cast<const int64_t*>(items.offsets()),
                                      items.num_values(), items.data(), items.data_size(),
                                      items.data_size(), values, indices.num_values());
  }

  std::unique_ptr<ArrayRead> indices_, items_;
  const uint64_t index_bits_, num_items_;
  arrow::MemoryPool* pool_;
};

}  // namespace

arrow::Result<uint64_t> IndexBits(const ArrayEncoding& indices, int depth) {
  if (depth < 8) {
    if (indices.has_flat()) return indices.flat().bits_per_value();
    if (indices.has_bitpacked()) return indices.bitpacked().uncompressed_bits_per_value();
    if (indices.has_bitpacked_for_non_neg()) {
      return indices.bitpacked_for_non_neg().uncompressed_bits_per_value();
    }
    if (indices.nullable().has_no_nulls())
      return IndexBits(indices.nullable().no_nulls().values(), depth + 1);
    if (indices.nullable().has_some_nulls()) {
      return IndexBits(indices.nullable().some_nulls().values(), depth + 1);
    }
  }
  return Unsupported("dictionary indices ", Describe(indices));
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeItemsRead(
    const lance::encodings::Dictionary& dictionary, const ArrayContext& outer) {
  // Each holds its items while those within are made.
  ArrayContext context = outer;
  if (++context.dictionary_depth > kMaxDictionaryDepth)
    return Corrupt("dictionaries nested too deep");
  const uint64_t num_items = dictionary.num_dictionary_items();
  if (num_items > MostValues(*context.page))
    return Corrupt("a dictionary of ", num_items, " items");
  std::vector<RowRange> all;
  if (num_items > 0) all.push_back({0, num_items});
  return MakeArrayRead(dictionary.items(), all, context);
}

arrow::Result<std::unique_ptr<ArrayRead>> MakeDictionaryRead(
    const lance::encodings::Dictionary& dictionary, std::span<const RowRange> ranges,
    const ArrayContext& context) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, IndexBits(dictionary.indices()));
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
    return Corrupt("dictionary indices of ", bits, " bits");
  ARROW_ASSIGN_OR_RAISE(auto indices, MakeArrayRead(dictionary.indices(), ranges, context));
  ARROW_ASSIGN_OR_RAISE(auto items, MakeItemsRead(dictionary, context));
  return std::make_unique<DictionaryRead>(std::move(indices), std::move(items), bits,
                                          dictionary.num_dictionary_items(), context.pool);
}

}  // namespace lancea::v2_0
