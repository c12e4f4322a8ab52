#include "lancea/encoding/v2_0/fsst.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/compress/fsst.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

class FsstDecoder : public ArrayDecoder {
 public:
  FsstDecoder(FsstTable table, std::unique_ptr<ArrayDecoder> codes)
      : table_(std::move(table)), codes_(std::move(codes)) {}
  arrow::Result<std::unique_ptr<ArrayRead>> Plan(std::span<const RowRange> ranges,
                                                 arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto codes, codes_->Plan(ranges, pool));
    return std::make_unique<Read>(table_, std::move(codes), pool);
  }

 private:
  class Read : public ArrayRead {
   public:
    Read(const FsstTable& table, std::unique_ptr<ArrayRead> codes, arrow::MemoryPool* pool)
        : table_(table), codes_(std::move(codes)), pool_(pool) {}
    arrow::Status Advance(std::vector<ByteRange>* needs) override { return codes_->Advance(needs); }
    arrow::Status Supply(BufferCursor* buffers) override { return codes_->Supply(buffers); }
    arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
      ARROW_ASSIGN_OR_RAISE(auto data, codes_->Finish());
      if (!table_.is_on()) return data;
      const bool is_large = arrow::is_large_binary_like(data->type->id());
      ValueBuilder out = ValueBuilder::Variable(is_large ? 64 : 32, pool_);
      ARROW_RETURN_NOT_OK(is_large ? Expand<int64_t>(*data, &out) : Expand<int32_t>(*data, &out));
      ARROW_ASSIGN_OR_RAISE(data->buffers[1], out.FinishOffsets());
      ARROW_ASSIGN_OR_RAISE(data->buffers[2], out.FinishData());
      return data;
    }

   private:
    // Codes are expanded so many bytes at a time: the room that a table of eight-byte symbols might need
    // is then small, whatever the size of the array.
    static constexpr int64_t kStepBytes = 64 * 1024;

    template <typename Offset>
    arrow::Status Expand(const arrow::ArrayData& codes, ValueBuilder* out) const {
      const Offset* offsets = codes.GetValues<Offset>(1);
      const uint8_t* bytes = codes.buffers[2]->data();
      ARROW_RETURN_NOT_OK(out->Reserve(codes.length, 2 * codes.buffers[2]->size()));
      for (int64_t begin = 0, rows = 0; begin < codes.length; begin += rows) {
        const Offset* first = offsets + begin;
        const Offset* last = offsets + codes.length;
        const int64_t stop = int64_t{first[0]} + kStepBytes;
        rows = std::max<int64_t>(1, std::upper_bound(first + 1, last + 1, stop) - first - 1);
        ARROW_RETURN_NOT_OK(out->AppendDecoded(
            rows, FsstTable::MaxDecoded(first[rows] - first[0]), [&](int64_t i, uint8_t* to) {
              return table_.Decode(
                  Bytes(bytes + first[i], static_cast<size_t>(first[i + 1] - first[i])), to);
            }));
      }
      return arrow::Status::OK();
    }

    const FsstTable& table_;
    std::unique_ptr<ArrayRead> codes_;
    arrow::MemoryPool* const pool_;
  };

  FsstTable table_;
  std::unique_ptr<ArrayDecoder> codes_;
};

}  // namespace

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeFsst(const pb::Fsst& fsst,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      uint64_t num_rows, const PageContext& context) {
  if (!arrow::is_base_binary_like(type->id())) {
    return Corrupt("fsst strings cannot be ", type->ToString());
  }
  const std::string& symbols = fsst.symbol_table();
  ARROW_ASSIGN_OR_RAISE(
      FsstTable table,
      FsstTable::Parse(Bytes(reinterpret_cast<const uint8_t*>(symbols.data()), symbols.size())));
  ARROW_ASSIGN_OR_RAISE(auto codes, MakeArrayDecoder(fsst.binary(), type, num_rows, context.Below()));
  return std::make_unique<FsstDecoder>(std::move(table), std::move(codes));
}

}  // namespace lancea::v2_0
