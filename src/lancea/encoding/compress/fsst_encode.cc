#include "lancea/encoding/compress/fsst_encode.h"

#include <algorithm>
#include <cstring>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/fsst_learn.h"
#include "lancea/encoding/compress/fsst_symbols.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint32_t kFsstMagic = 0x46535354;
constexpr size_t kTableBytes = 2312;

// Compress text [in, end); eight bytes are readable up to `readable`. `out` has room for two bytes a byte.
[[gnu::always_inline]] inline uint8_t* EncodeValue(const FsstSymbols& symbols, const uint8_t* in,
                                                   const uint8_t* end, const uint8_t* readable,
                                                   uint8_t* out) {
  auto put = [&](FsstSymbols::Match match, uint64_t word) {
    // Both bytes, whether an escape or not: no branch to guess.
    out[0] = match.code;
    out[1] = static_cast<uint8_t>(word);
    out += 1 + (match.code == FsstSymbols::kEscape);
    in += match.length;
  };
  while (end - in >= 8) {
    const uint64_t word = LoadLittleEndian<uint64_t>(in);
    put(symbols.Find(word), word);
  }
  while (in < end) {
    uint64_t word = 0;
    if (readable - in >= 8) {
      word = LoadLittleEndian<uint64_t>(in);
    } else {
      std::memcpy(&word, in, static_cast<size_t>(end - in));
    }
    put(symbols.FindAny(word, static_cast<uint64_t>(end - in)), word);
  }
  return out;
}

// Values [begin, end) of a block on their way through the encoder, one code at a time.
template <typename Offset>
class Stream {
 public:
  Stream(const Offset* offsets, const uint8_t* bytes, int64_t begin, int64_t end,
         Offset* out_offsets, arrow::ResizableBuffer* codes)
      : offsets_(offsets),
        bytes_(bytes),
        value_(begin - 1),
        end_(end),
        out_offsets_(out_offsets),
        codes_(codes) {}

  /// Where the text of the value at hand begins and ends, and where its codes go.
  struct Position {
    const uint8_t* in = nullptr;
    const uint8_t* end = nullptr;
    uint8_t* out = nullptr;
  };

  int64_t size() const { return size_; }

  /// End the value at hand at `out`, go to the next that has text.
  /// \return false when there is none
  arrow::Result<bool> Next(Position* at) {
    if (at->out != nullptr) Finish(at->out - codes_->data());
    while (++value_ < end_) {
      const int64_t length = static_cast<int64_t>(offsets_[value_ + 1] - offsets_[value_]);
      if (length == 0) {
        Finish(size_);
        continue;
      }
      const int64_t needed = size_ + 2 * length + 2;
      if (needed > codes_->size()) {
        ARROW_RETURN_NOT_OK(codes_->Resize(std::max(needed, codes_->size() * 3 / 2)));
      }
      *at = {bytes_ + offsets_[value_], bytes_ + offsets_[value_ + 1],
             codes_->mutable_data() + size_};
      return true;
    }
    return false;
  }

 private:
  void Finish(int64_t size) {
    size_ = size;
    out_offsets_[value_ + 1] = static_cast<Offset>(size);
  }

  const Offset* offsets_;
  const uint8_t* bytes_;
  int64_t value_, end_;
  Offset* out_offsets_;
  arrow::ResizableBuffer* codes_;
  int64_t size_ = 0;
};

// One code of text of which eight bytes may be read.
[[gnu::always_inline]] inline void Step(const FsstSymbols& symbols, const uint8_t** in,
                                        const uint8_t* end, uint8_t** out) {
  const uint64_t word = LoadLittleEndian<uint64_t>(*in);
  const FsstSymbols::Match match = symbols.FindAny(word, static_cast<uint64_t>(end - *in));
  (*out)[0] = match.code;
  (*out)[1] = static_cast<uint8_t>(word);
  *out += 1 + (match.code == FsstSymbols::kEscape);
  *in += match.length;
}

// Two halves of a block in step: each code waits for the one before it to say where it begins, so that
// two at once take little longer than one.
template <typename Offset>
arrow::Status EncodeTogether(const FsstSymbols& symbols, Stream<Offset>* first,
                             Stream<Offset>* second) {
  typename Stream<Offset>::Position a, b;
  ARROW_ASSIGN_OR_RAISE(bool more_a, first->Next(&a));
  ARROW_ASSIGN_OR_RAISE(bool more_b, second->Next(&b));
  while (more_a && more_b) {
    // Locals, so that the compiler keeps them in registers.
    const uint8_t *in_a = a.in, *in_b = b.in;
    const uint8_t *const end_a = a.end, *const end_b = b.end;
    uint8_t *out_a = a.out, *out_b = b.out;
    do {
      Step(symbols, &in_a, end_a, &out_a);
      Step(symbols, &in_b, end_b, &out_b);
    } while (in_a != end_a && in_b != end_b);
    a = {in_a, end_a, out_a};
    b = {in_b, end_b, out_b};
    if (in_a == end_a) {
      ARROW_ASSIGN_OR_RAISE(more_a, first->Next(&a));
    }
    if (in_b == end_b) {
      ARROW_ASSIGN_OR_RAISE(more_b, second->Next(&b));
    }
  }
  auto finish = [&](Stream<Offset>* stream, typename Stream<Offset>::Position at,
                    bool more) -> arrow::Status {
    while (more) {
      while (at.in != at.end) Step(symbols, &at.in, at.end, &at.out);
      ARROW_ASSIGN_OR_RAISE(more, stream->Next(&at));
    }
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(finish(first, a, more_a));
  return finish(second, b, more_b);
}

template <typename Offset>
arrow::Result<int64_t> EncodeAll(const FsstSymbols& symbols, const Offset* offsets,
                                 const ValueBlock& block, Offset* out_offsets,
                                 arrow::ResizableBuffer* codes, arrow::MemoryPool* pool) {
  const uint8_t* const bytes = ValueData(block);
  const Offset total = offsets[block.num_values];
  // The last values have fewer than eight bytes behind them.
  const Offset* const ends = offsets + 1;
  const int64_t fast =
      total < 8 ? 0 : std::upper_bound(ends, ends + block.num_values, total - 8) - ends;
  const int64_t half = std::lower_bound(ends, ends + fast, total / 2) - ends;
  ARROW_ASSIGN_OR_RAISE(auto second_codes,
                        arrow::AllocateResizableBuffer(codes->size() / 2 + 64, pool));
  Stream<Offset> first(offsets, bytes, 0, half, out_offsets, codes);
  Stream<Offset> second(offsets, bytes, half, fast, out_offsets, second_codes.get());
  ARROW_RETURN_NOT_OK(EncodeTogether(symbols, &first, &second));
  int64_t size = first.size() + second.size();
  const int64_t most = size + 2 * static_cast<int64_t>(total - offsets[fast]);
  if (most > codes->size()) ARROW_RETURN_NOT_OK(codes->Resize(most));
  uint8_t* out = codes->mutable_data() + first.size();
  std::memcpy(out, second_codes->data(), static_cast<size_t>(second.size()));
  out += second.size();
  out_offsets[0] = 0;
  for (int64_t i = half; i < fast; ++i) out_offsets[i + 1] += static_cast<Offset>(first.size());
  for (int64_t i = fast; i < block.num_values; ++i) {
    out = EncodeValue(symbols, bytes + offsets[i], bytes + offsets[i + 1], bytes + total, out);
    out_offsets[i + 1] = static_cast<Offset>(out - codes->data());
  }
  size = out - codes->data();
  if (sizeof(Offset) == 4 && size > INT32_MAX) {
    return InvalidInput("compressed text of ", size, " bytes exceeds 32-bit offsets");
  }
  return size;
}

}  // namespace

FsstEncoder::FsstEncoder(std::unique_ptr<FsstSymbols> symbols, double sample_ratio)
    : symbols_(std::move(symbols)), sample_ratio_(sample_ratio) {}
FsstEncoder::FsstEncoder(FsstEncoder&&) noexcept = default;
FsstEncoder& FsstEncoder::operator=(FsstEncoder&&) noexcept = default;
FsstEncoder::~FsstEncoder() = default;

FsstEncoder FsstEncoder::Learn(const ValueBlock& block) {
  const FsstSample sample = TakeFsstSample(block);
  auto symbols = LearnFsstSymbols(sample);
  std::vector<uint8_t> codes(2 * sample.num_bytes() + 2);
  uint8_t* out = codes.data();
  const uint8_t* const bytes = sample.bytes.data();
  for (size_t i = 0; i + 1 < sample.pieces.size(); ++i) {
    out = EncodeValue(*symbols, bytes + sample.pieces[i], bytes + sample.pieces[i + 1],
                      bytes + sample.bytes.size(), out);
  }
  const double ratio = sample.num_bytes() == 0 ? 1
                                               : static_cast<double>(out - codes.data()) /
                                                     static_cast<double>(sample.num_bytes());
  return FsstEncoder(std::move(symbols), ratio);
}

std::string FsstEncoder::SymbolTable() const {
  std::string out(kTableBytes, '\0');
  const uint64_t count = static_cast<uint64_t>(symbols_->size());
  const uint64_t header = uint64_t{kFsstMagic} << 32 | uint64_t{1} << 24 | count;
  std::memcpy(out.data(), &header, 8);
  for (int i = 0; i < symbols_->size(); ++i) {
    const FsstSymbol& symbol = symbols_->symbol(i);
    const size_t at = static_cast<size_t>(i);
    std::memcpy(out.data() + 8 + 8 * at, &symbol.value, 8);
    out[8 + 8 * count + at] = static_cast<char>(symbol.length);
  }
  return out;
}

arrow::Result<ValueBlock> FsstEncoder::Encode(const ValueBlock& block,
                                              arrow::MemoryPool* pool) const {
  ValueBlock out = block;
  const int64_t width = static_cast<int64_t>(block.bits_per_offset / 8);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((block.num_values + 1) * width, pool));
  const double guess = static_cast<double>(TotalBytes(block)) * std::min(sample_ratio_ * 1.05, 2.0);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> codes,
                        arrow::AllocateResizableBuffer(static_cast<int64_t>(guess) + 1024, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, VisitOffsets(block, [&](const auto* in) {
                          using Offset = std::remove_const_t<std::remove_pointer_t<decltype(in)>>;
                          return EncodeAll(*symbols_, in, block,
                                           reinterpret_cast<Offset*>(offsets->mutable_data()),
                                           codes.get(), pool);
                        }));
  ARROW_RETURN_NOT_OK(codes->Resize(size, /*shrink_to_fit=*/false));
  out.offsets = std::move(offsets);
  out.values = std::move(codes);
  return out;
}

}  // namespace lancea
