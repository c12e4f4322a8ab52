#include "lancea/encoding/compress/dictionary_block.h"

#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class DictionaryBlock : public BlockDecoder {
 public:
  DictionaryBlock(std::unique_ptr<BlockDecoder> indices, std::unique_ptr<BlockDecoder> items,
                  uint32_t num_items)
      : indices_(std::move(indices)), items_(std::move(items)), num_items_(num_items) {}
  ValueShape shape() const override { return items_->shape(); }
  bool has_payload() const override { return indices_->has_payload() || items_->has_payload(); }

  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    Bytes index_bytes, item_bytes;
    if (has_payload()) {
      ByteReader reader(block, "dictionary block");
      ARROW_ASSIGN_OR_RAISE(uint64_t index_size, reader.Read<uint64_t>());
      ARROW_ASSIGN_OR_RAISE(uint64_t item_size, reader.Read<uint64_t>());
      ARROW_ASSIGN_OR_RAISE(index_bytes, reader.Take(index_size));
      ARROW_ASSIGN_OR_RAISE(item_bytes, reader.Take(item_size));
    }
    ValueBuilder indices = indices_->shape().MakeBuilder(out->pool());
    ValueBuilder items = items_->shape().MakeBuilder(out->pool());
    ARROW_RETURN_NOT_OK(indices_->Decode(index_bytes, num_values, &indices));
    ARROW_RETURN_NOT_OK(items_->Decode(item_bytes, num_items_, &items));
    if (indices.num_values() != num_values || items.num_values() != num_items_) {
      return Corrupt("dictionary block: ", indices.num_values(), " indices and ",
                     items.num_values(), " items, expected ", num_values, " and ", num_items_);
    }
    const uint64_t width = items.bytes_per_value();
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(num_values));
    for (int64_t i = 0; i < num_values; ++i) {
      const uint32_t index = LoadLittleEndian<uint32_t>(indices.data() + 4 * i);
      if (index >= num_items_) {
        return Corrupt("dictionary index ", index, " in a dictionary of ", num_items_, " items");
      }
      std::memcpy(to + static_cast<uint64_t>(i) * width, items.data() + index * width, width);
    }
    return arrow::Status::OK();
  }

 private:
  std::unique_ptr<BlockDecoder> indices_, items_;
  uint32_t num_items_;
};

}  // namespace

arrow::Result<std::unique_ptr<BlockDecoder>> MakeDictionaryBlock(const EncodingMessage& message,
                                                                 int depth) {
  const auto& dictionary = message.dictionary();
  ARROW_ASSIGN_OR_RAISE(auto indices,
                        MakeBlockDecoder(dictionary.indices(), depth + kScratchDepth));
  ARROW_ASSIGN_OR_RAISE(auto items, MakeBlockDecoder(dictionary.items(), depth + kScratchDepth));
  const uint64_t bits = items->shape().bits_per_value;
  if (indices->shape().bits_per_value != 32 || (bits != 32 && bits != 64)) {
    return Corrupt("dictionary block of ", bits, "-bit items with ",
                   indices->shape().bits_per_value, "-bit indices");
  }
  return std::make_unique<DictionaryBlock>(std::move(indices), std::move(items),
                                           dictionary.num_dictionary_items());
}

}  // namespace lancea
