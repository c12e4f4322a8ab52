#include "lancea/encoding/field_options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include "lancea/schema.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using Compression = EncodingOptions::Compression;

constexpr std::string_view kPrefix = "lance-encoding:";

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// One word of a metadata value and what it means.
template <typename Value>
struct Word {
  std::string_view text;
  Value value;
};

constexpr std::array kCompressionWords = {
    Word<Compression>{"none", Compression::kNone}, Word<Compression>{"fsst", Compression::kFsst},
    Word<Compression>{"lz4", Compression::kLz4}, Word<Compression>{"zstd", Compression::kZstd}};

constexpr std::array kStructuralWords = {
    Word<EncodingOptions::Structural>{"miniblock", EncodingOptions::Structural::kMiniBlock},
    Word<EncodingOptions::Structural>{"fullzip", EncodingOptions::Structural::kFullZip}};

constexpr std::array kByteStreamSplitWords = {
    Word<EncodingOptions::ByteStreamSplit>{"auto", EncodingOptions::ByteStreamSplit::kAuto},
    Word<EncodingOptions::ByteStreamSplit>{"on", EncodingOptions::ByteStreamSplit::kOn},
    Word<EncodingOptions::ByteStreamSplit>{"off", EncodingOptions::ByteStreamSplit::kOff}};

// The metadata of one field, read key by key.
class Keys {
 public:
  explicit Keys(const Field& field) : field_(field) {}

  const std::string* Find(std::string_view key) const {
    auto it = field_.metadata.find(std::string(kPrefix) + std::string(key));
    return it == field_.metadata.end() ? nullptr : &it->second;
  }

  template <typename Words, typename Value>
  arrow::Status ReadWord(std::string_view key, const Words& words, Value* out) const {
    const std::string* text = Find(key);
    if (text == nullptr) return arrow::Status::OK();
    const std::string lower = Lower(*text);
    std::string known;
    for (const auto& word : words) {
      if (word.text == lower) {
        *out = word.value;
        return arrow::Status::OK();
      }
      if (!known.empty()) known += ", ";
      known += word.text;
    }
    return Nonsense(key, *text, "one of " + known);
  }

  template <typename Number, typename Out>
  arrow::Status ReadNumber(std::string_view key, Number least, Number most, Out* out) const {
    const std::string* text = Find(key);
    if (text == nullptr) return arrow::Status::OK();
    Number value{};
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, value);
    if (error != std::errc() || stop != end || !(value >= least && value <= most)) {
      return Nonsense(key, *text,
                      "a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    *out = value;
    return arrow::Status::OK();
  }

  arrow::Status Nonsense(std::string_view key, const std::string& value,
                         const std::string& expected) const {
    return InvalidInput("field \"", field_.name, "\": ", kPrefix, key, " is \"", value,
                        "\", expected ", expected);
  }

 private:
  const Field& field_;
};

}  // namespace

arrow::Result<EncodingOptions> OptionsOf(const Field& field, const EncodingOptions& inherited) {
  constexpr int64_t kMaxBytes = int64_t{1} << 40;
  EncodingOptions out = inherited;
  const Keys keys(field);
  ARROW_RETURN_NOT_OK(keys.ReadWord("compression", kCompressionWords, &out.compression));
  ARROW_RETURN_NOT_OK(keys.ReadNumber<int>("compression-level", -100, 100, &out.compression_level));
  if (const std::string* text = keys.Find("structural-encoding");
      text != nullptr && Lower(*text) == "sparse" && out.format == FileFormat::k2_3) {
    // A wish that dense pages serve as well: both are read by every reader of 2.3.
    out.structural = EncodingOptions::Structural::kAuto;
  } else {
    ARROW_RETURN_NOT_OK(keys.ReadWord("structural-encoding", kStructuralWords, &out.structural));
  }
  ARROW_RETURN_NOT_OK(keys.ReadNumber<double>("rle-threshold", 0, 1, &out.rle_threshold));
  ARROW_RETURN_NOT_OK(keys.ReadWord("bss", kByteStreamSplitWords, &out.byte_stream_split));
  ARROW_RETURN_NOT_OK(
      keys.ReadNumber<int64_t>("minichunk-size", 1, kMaxBytes, &out.mini_block_bytes));
  ARROW_RETURN_NOT_OK(
      keys.ReadNumber<int64_t>("dict-divisor", 1, kMaxBytes, &out.dictionary_divisor));
  ARROW_RETURN_NOT_OK(keys.ReadNumber<double>("dict-size-ratio", 0, 1, &out.dictionary_size_ratio));
  ARROW_RETURN_NOT_OK(
      keys.ReadNumber<int64_t>("dict-max-size", 0, kMaxBytes, &out.dictionary_max_bytes));
  ARROW_RETURN_NOT_OK(
      keys.ReadWord("dict-values-compression", kCompressionWords, &out.dictionary_compression));
  ARROW_RETURN_NOT_OK(keys.ReadNumber<int>("dict-values-compression-level", -100, 100,
                                           &out.dictionary_compression_level));
  return out;
}

}  // namespace lancea
