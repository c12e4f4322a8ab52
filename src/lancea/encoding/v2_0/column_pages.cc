#include "lancea/encoding/v2_0/column_pages.h"

#include <algorithm>

#include "lancea/encoding/v2_0/field_reader.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea::v2_0 {

arrow::Result<ColumnPages> ColumnPages::Make(std::shared_ptr<const ColumnInfo> info) {
  ColumnPages out;
  out.info_ = std::move(info);
  for (size_t i = 0; i < out.info_->pages.size(); ++i) {
    const EncodingBlob& encoding = out.info_->pages[i].encoding;
    if (encoding.type_url != kArrayEncodingUrl) {
      return Unsupported("page ", i, " has an encoding of type \"", encoding.type_url, "\"");
    }
    if (!ParseMessageIn(encoding.value, &out.encodings_.emplace_back())) {
      return Corrupt("page ", i, ": the encoding does not parse");
    }
  }
  return out;
}

arrow::Status ColumnPages::ForEachPage(
    std::span<const RowRange> ranges,
    const std::function<arrow::Status(size_t, const std::vector<RowRange>&)>& visit) const {
  const auto& pages = info_->pages;
  std::vector<RowRange> wanted;
  size_t current = 0;
  auto flush = [&]() -> arrow::Status {
    if (wanted.empty()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(visit(current, wanted));
    wanted.clear();
    return arrow::Status::OK();
  };
  for (const RowRange& range : ranges) {
    if (range.end > info_->num_rows) {
      return Corrupt("rows ", range.start, "..", range.end, " of a column of ", info_->num_rows);
    }
    auto it =
        std::upper_bound(pages.begin(), pages.end(), range.start,
                         [](uint64_t row, const PageInfo& page) { return row < page.first_row; });
    size_t page = static_cast<size_t>(it - pages.begin()) - 1;
    for (uint64_t row = range.start; row < range.end; ++page) {
      const uint64_t stop = std::min(range.end, pages[page].first_row + pages[page].num_rows);
      if (stop <= row) continue;
      if (page != current) {
        ARROW_RETURN_NOT_OK(flush());
        current = page;
      }
      wanted.push_back({row - pages[page].first_row, stop - pages[page].first_row});
      row = stop;
    }
  }
  return flush();
}

}  // namespace lancea::v2_0
