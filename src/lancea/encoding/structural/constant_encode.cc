#include "lancea/encoding/structural/constant_encode.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/compress/level_encoder.h"

namespace lancea {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr uint64_t kMaxInlineBytes = 32;

arrow::Result<BufferPtr> RawLevels(std::span<const uint16_t> levels, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto out,
                        arrow::AllocateBuffer(static_cast<int64_t>(2 * levels.size()), pool));
  if (!levels.empty()) std::memcpy(out->mutable_data(), levels.data(), 2 * levels.size());
  return BufferPtr(std::move(out));
}

// One fixed-width value; a bit becomes a byte.
std::string InlineValue(const ValueBlock& values, int64_t value) {
  if (values.bits_per_value == 1) {
    return std::string(1, arrow::bit_util::GetBit(values.values->data(), value) ? '\1' : '\0');
  }
  const int64_t width = static_cast<int64_t>(values.bits_per_value / 8);
  return std::string(reinterpret_cast<const char*>(values.values->data()) + value * width,
                     static_cast<size_t>(width));
}

template <typename Offset>
std::vector<std::string> VariableBuffers(const ValueBlock& values, int64_t value) {
  const Offset* offsets = values.offsets->data_as<Offset>() + value;
  const Offset ends[2] = {0, offsets[1] - offsets[0]};
  return {std::string(reinterpret_cast<const char*>(ends), sizeof(ends)),
          std::string(reinterpret_cast<const char*>(values.values->data()) + offsets[0],
                      static_cast<size_t>(ends[1]))};
}

// u32 number of buffers, u32 length of each, then the Arrow buffers of an array of length 1.
BufferPtr StoredValue(const ValueBlock& values, int64_t value) {
  const std::vector<std::string> buffers =
      !values.is_variable()          ? std::vector<std::string>{InlineValue(values, value)}
      : values.bits_per_offset == 64 ? VariableBuffers<int64_t>(values, value)
                                     : VariableBuffers<int32_t>(values, value);
  std::string out;
  auto put = [&](size_t number) {
    const uint32_t word = static_cast<uint32_t>(number);
    out.append(reinterpret_cast<const char*>(&word), sizeof(word));
  };
  put(buffers.size());
  for (const std::string& buffer : buffers) put(buffer.size());
  for (const std::string& buffer : buffers) out += buffer;
  return arrow::Buffer::FromString(std::move(out));
}

}  // namespace

arrow::Result<PageBody> EncodeAllNull(const PageLevels& levels, const EncodingOptions& options,
                                      arrow::MemoryPool* pool) {
  PageBody out;
  auto& layout = *out.layout.mutable_constant_layout();
  AddLayers(levels.meaning, &layout);
  if (levels.meaning.layers().size() == 1) return out;
  for (const auto* kind : {&levels.rep, &levels.def}) {
    const bool is_rep = kind == &levels.rep;
    if (kind->empty() || options.format == FileFormat::k2_1) {
      ARROW_ASSIGN_OR_RAISE(auto raw, RawLevels(*kind, pool));
      out.buffers.push_back(std::move(raw));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(BlockEncoding block, EncodeLevels(*kind, options, pool));
    Describe(block.description,
             is_rep ? layout.mutable_rep_compression() : layout.mutable_def_compression());
    is_rep ? layout.set_num_rep_values(kind->size()) : layout.set_num_def_values(kind->size());
    out.buffers.push_back(std::move(block.bytes));
  }
  return out;
}

arrow::Result<PageBody> EncodeConstant(const PageLevels& levels, const ValueBlock& values,
                                       int64_t value, arrow::MemoryPool* pool) {
  PageBody out;
  auto& layout = *out.layout.mutable_constant_layout();
  AddLayers(levels.meaning, &layout);
  if (!values.is_variable() && values.bits_per_value <= 8 * kMaxInlineBytes) {
    layout.set_inline_value(InlineValue(values, value));
  } else {
    out.buffers.push_back(StoredValue(values, value));
  }
  if (levels.has_rep() || levels.has_def()) {
    ARROW_ASSIGN_OR_RAISE(auto rep, RawLevels(levels.rep, pool));
    ARROW_ASSIGN_OR_RAISE(auto def, RawLevels(levels.def, pool));
    out.buffers.push_back(std::move(rep));
    out.buffers.push_back(std::move(def));
  }
  return out;
}

bool FitsConstant(const ValueBlock& values, const PageLevels& levels,
                  const EncodingOptions& options) {
  if (options.format == FileFormat::k2_1) return false;
  if (values.is_struct() || !values.list_levels.empty()) return false;
  if (options.format == FileFormat::k2_2) return true;
  // 2.3 tells constants inline, and dense ones without levels.
  return !values.is_variable() && values.bits_per_value <= 8 * kMaxInlineBytes &&
         std::ranges::all_of(levels.meaning.layers(), [](const LayerLevels& layer) {
           return layer.layer == RepDefLayer::kAllValidItem;
         });
}

}  // namespace lancea
