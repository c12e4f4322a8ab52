#include "lancea/encoding/structural/encode_page.h"

#include <algorithm>
#include <optional>

#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/compress/dictionary_encode.h"
#include "lancea/encoding/compress/statistics.h"
#include "lancea/encoding/structural/blob_encode.h"
#include "lancea/encoding/structural/choose_layout.h"
#include "lancea/encoding/structural/constant_encode.h"
#include "lancea/encoding/structural/empty_struct.h"
#include "lancea/encoding/structural/full_zip_encode.h"
#include "lancea/encoding/structural/gather_values.h"
#include "lancea/encoding/structural/level_builder.h"
#include "lancea/encoding/structural/make_page.h"
#include "lancea/encoding/structural/mini_block_encode.h"
#include "lancea/encoding/structural/planar_message.h"
#include "lancea/encoding/structural/sparse_null_encode.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Raw levels of a constant page take up to 4 bytes per event, packed ones of chunks a few bits.
constexpr int64_t kMaxRawLevels = 512;

bool ConstantIsSmall(const PageLevels& levels, const ValueBlock& values) {
  return (!levels.has_rep() && !levels.has_def()) || levels.num_events <= kMaxRawLevels ||
         MaxValueBytes(values) >= kLargeValueBytes;
}

int64_t NumRows(const std::vector<LeafPart>& parts) {
  int64_t rows = 0;
  for (const LeafPart& part : parts) rows += part.num_rows();
  return rows;
}

class PageEncoder {
 public:
  explicit PageEncoder(const LeafEncoding& leaf)
      : leaf_(leaf), options_(leaf.options), pool_(leaf.pool) {}

  arrow::Status Encode(std::vector<LeafPart> parts, uint64_t first_row) {
    ARROW_ASSIGN_OR_RAISE(PageLevels levels, BuildLevels(parts));
    ARROW_ASSIGN_OR_RAISE(auto body, leaf_.is_blob ? EncodeBlobPage(parts, levels, options_, pool_)
                                                   : EncodeBody(parts, levels));
    const int64_t num_rows = NumRows(parts);
    if (body) return Finish(std::move(*body), num_rows, first_row);
    const int64_t half = num_rows / 2;
    std::vector<LeafPart> head = SliceParts(parts, 0, half);
    std::vector<LeafPart> tail = SliceParts(parts, half, num_rows - half);
    parts.clear();
    levels = PageLevels();
    ARROW_RETURN_NOT_OK(Encode(std::move(head), first_row));
    return Encode(std::move(tail), first_row + static_cast<uint64_t>(half));
  }

  std::vector<EncodedPage>& pages() { return pages_; }

 private:
  // Nothing when the rows must be spread over several pages.
  arrow::Result<std::optional<PageBody>> EncodeBody(const std::vector<LeafPart>& parts,
                                                    const PageLevels& levels) {
    if (IsEmptyStruct(*parts.front().values->type)) {
      return EncodeEmptyStruct(levels, leaf_.dimensions, options_, pool_);
    }
    if (levels.num_valid == 0) {
      if (options_.format == FileFormat::k2_3 && levels.meaning.layers().size() > 1) {
        return EncodeSparseNull(levels, leaf_.dimensions, pool_);
      }
      return EncodeAllNull(levels, options_, pool_);
    }
    const std::vector<uint64_t> valid = ValidValues(levels);
    ARROW_ASSIGN_OR_RAISE(GatheredValues values, GatherValues(parts, levels, valid, pool_));
    if (!values.dictionary && FitsConstant(values.values, levels, options_) &&
        ConstantIsSmall(levels, values.values)) {
      const uint8_t* selection =
          valid.empty() ? nullptr : reinterpret_cast<const uint8_t*>(valid.data());
      if (const auto value = AllEqual(values.values, selection)) {
        return EncodeConstant(levels, values.values, *value, pool_);
      }
    }
    if (!values.dictionary) {
      ARROW_ASSIGN_OR_RAISE(auto found, TryDictionary(values.values, options_, pool_));
      if (found) {
        values.values = std::move(found->indices);
        values.dictionary = std::move(found->items);
      }
    }
    ARROW_ASSIGN_OR_RAISE(
        const LayoutKind kind,
        ChooseLayout(values.values, values.dictionary.has_value(), options_, pool_));
    if (kind == LayoutKind::kMiniBlock) {
      auto tried = EncodeMiniBlockPage(levels, values, options_, pool_);
      // Chunks asked for that cannot hold two values: the user's wish yields.
      const bool too_large = !tried.ok() && FitsFullZip(values.values) && !values.dictionary &&
                             MaxValueBytes(values.values) >= kLargeValueBytes;
      if (!too_large) {
        ARROW_ASSIGN_OR_RAISE(MiniBlockPageBody page, std::move(tried));
        if (page.fit == MiniBlockFit::kFits) return std::move(page.body);
        if (page.fit == MiniBlockFit::kTooManyLevels && NumRows(parts) > 1) return std::nullopt;
      }
      // One row, or values too large for chunks.
      if (values.dictionary || !FitsFullZip(values.values)) {
        return Unsupported("a row of ", levels.num_events, " levels of ",
                           parts.front().values->type->ToString());
      }
    }
    return EncodeFullZip(levels, values.values, options_, pool_);
  }

  arrow::Status Finish(PageBody body, int64_t num_rows, uint64_t first_row) {
    EncodedPage page;
    page.buffers = std::move(body.buffers);
    page.num_rows = static_cast<uint64_t>(num_rows) * leaf_.page_rows_per_row;
    page.first_row = first_row;
    if (!body.planar.empty()) {
      page.encoding = {kPlanarUrl, std::move(body.planar)};
    } else if (options_.format == FileFormat::k2_3) {
      ARROW_ASSIGN_OR_RAISE(page.encoding, ToPlanar(body.layout));
    } else {
      page.encoding = {kPageLayoutUrl, body.layout.SerializeAsString()};
    }
    pages_.push_back(std::move(page));
    return arrow::Status::OK();
  }

  const LeafEncoding& leaf_;
  const EncodingOptions& options_;
  arrow::MemoryPool* const pool_;
  std::vector<EncodedPage> pages_;
};

}  // namespace

std::vector<LeafPart> SliceParts(const std::vector<LeafPart>& parts, int64_t begin,
                                 int64_t num_rows) {
  std::vector<LeafPart> out;
  const int64_t end = begin + num_rows;
  int64_t at = 0;
  for (const LeafPart& part : parts) {
    const int64_t first = std::max(begin, at), last = std::min(end, at + part.num_rows());
    if (first < last) out.push_back(SliceRows(part, first - at, last - first));
    at += part.num_rows();
  }
  return out;
}

arrow::Result<std::vector<EncodedPage>> EncodePages(std::vector<LeafPart> parts,
                                                    const LeafEncoding& leaf, uint64_t first_row) {
  PageEncoder encoder(leaf);
  arrow::Status status = encoder.Encode(std::move(parts), first_row);
  if (!status.ok()) return Prefix(status, "column \"" + leaf.path + "\"");
  return std::move(encoder.pages());
}

}  // namespace lancea
