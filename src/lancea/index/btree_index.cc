#include "lancea/index/btree_index.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/number_type.h"
#include "lancea/io/path.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr std::string_view kDetails = "btreeindexdetails";
constexpr int32_t kNewestVersion = 1;

bool IsText(const arrow::DataType& type) { return arrow::is_base_binary_like(type.id()); }

bool IsNumber(const arrow::DataType& type) {
  const auto number = NumberTypeOf(type);
  return number && number->order != NumberCondition::Order::kFloat;
}

NumberCondition::Wide WideAt(const arrow::Array& array, int64_t row) {
  return NumberAt(*NumberTypeOf(*array.type()), *array.data(), row);
}

std::string_view TextAt(const arrow::Array& array, int64_t row) {
  return arrow::is_large_binary_like(array.type_id())
             ? static_cast<const arrow::LargeBinaryArray&>(array).GetView(row)
             : static_cast<const arrow::BinaryArray&>(array).GetView(row);
}

template <typename Value>
using ValueAt = Value (*)(const arrow::Array&, int64_t);

template <typename Value>
std::vector<Value> Sorted(const arrow::Array& values, ValueAt<Value> value_at) {
  std::vector<Value> out;
  out.reserve(static_cast<size_t>(values.length()));
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsValid(i)) out.push_back(value_at(values, i));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// The pages whose interval holds one of the values.
template <typename Value>
std::vector<uint64_t> PagesAround(const arrow::Array& values, const arrow::Array& min,
                                  const arrow::Array& max, ValueAt<Value> value_at) {
  const std::vector<Value> wanted = Sorted(values, value_at);
  std::vector<uint64_t> out;
  for (int64_t page = 0; page < max.length(); ++page) {
    if (max.IsNull(page)) continue;  // nulls only
    const auto first = min.IsNull(page)
                           ? wanted.begin()
                           : std::lower_bound(wanted.begin(), wanted.end(), value_at(min, page));
    if (first != wanted.end() && *first <= value_at(max, page)) {
      out.push_back(static_cast<uint64_t>(page));
    }
  }
  return out;
}

// Appends the rows of a page, which is sorted, that have one of the values.
template <typename Value>
void FindInPage(const std::vector<Value>& wanted, const arrow::Array& page, uint64_t first_row,
                ValueAt<Value> value_at, std::vector<uint64_t>* rows) {
  int64_t at = page.null_count();
  if (at == page.length()) return;
  auto next = std::lower_bound(wanted.begin(), wanted.end(), value_at(page, at));
  for (; next != wanted.end() && at < page.length(); ++next) {
    int64_t end = page.length();
    while (at < end) {
      const int64_t middle = at + (end - at) / 2;
      if (value_at(page, middle) < *next) {
        at = middle + 1;
      } else {
        end = middle;
      }
    }
    for (; at < page.length() && value_at(page, at) == *next; ++at) {
      rows->push_back(first_row + static_cast<uint64_t>(at));
    }
  }
}

// All rows of a file as one batch.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadWhole(const FileReader& file) {
  ARROW_ASSIGN_OR_RAISE(auto reader, file.ReadRange(0, file.num_rows(), 1 << 20));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
  return table->CombineChunksToBatch();
}

arrow::Result<uint64_t> BatchSizeOf(const FileReader& lookup, const std::string& path) {
  const auto& metadata = lookup.lance_schema().metadata;
  const auto pair = metadata.find("batch_size");
  uint64_t size = 0;
  if (pair != metadata.end()) {
    const std::string& text = pair->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || end != text.data() + text.size()) size = 0;
  }
  if (size == 0) return Corrupt(path, ": no batch_size among the metadata of a BTREE index");
  return size;
}

}  // namespace

bool BTreeIndex::Is(const IndexInfo& index) {
  std::string url = index.type_url;
  std::ranges::transform(url, url.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return url.ends_with(kDetails) && index.index_version.value_or(0) <= kNewestVersion;
}

bool BTreeIndex::Takes(const arrow::DataType& type) { return IsNumber(type) || IsText(type); }

arrow::Result<std::shared_ptr<const BTreeIndex>> BTreeIndex::Open(
    std::shared_ptr<ObjectStore> store, const std::string& directory,
    std::shared_ptr<Session> session) {
  std::shared_ptr<BTreeIndex> out(new BTreeIndex());
  const std::string path = JoinPath(directory, "page_lookup.lance");
  ARROW_ASSIGN_OR_RAISE(auto lookup, FileReader::OpenIn(store, path, std::nullopt, session));
  const std::string data = JoinPath(directory, "page_data.lance");
  using Columns = std::vector<std::string>;
  ARROW_ASSIGN_OR_RAISE(out->values_, FileReader::OpenIn(store, data, Columns{"values"}, session));
  ARROW_ASSIGN_OR_RAISE(out->ids_, FileReader::OpenIn(store, data, Columns{"ids"}, session));
  ARROW_ASSIGN_OR_RAISE(out->batch_size_, BatchSizeOf(*lookup, path));
  ARROW_ASSIGN_OR_RAISE(auto pages, ReadWhole(*lookup));
  out->min_ = pages->GetColumnByName("min");
  out->max_ = pages->GetColumnByName("max");
  const auto index = pages->GetColumnByName("page_idx");
  const auto& values = out->values_->schema()->field(0);
  const auto& ids = out->ids_->schema()->field(0);
  const bool is_sound =
      out->min_ != nullptr && out->max_ != nullptr && index != nullptr &&
      index->type_id() == arrow::Type::UINT32 && ids->type()->id() == arrow::Type::UINT64 &&
      out->min_->type()->Equals(*values->type()) && out->max_->type()->Equals(*values->type());
  if (!is_sound) return Corrupt(path, ": not the columns of a BTREE index");
  out->type_ = values->type();
  if (!Takes(*out->type_)) {
    return InvalidInput(path, ": values of type ", out->type_->ToString(),
                        " cannot be looked for in a BTREE index");
  }
  for (int64_t i = 0; i < index->length(); ++i) {
    const auto& numbers = static_cast<const arrow::UInt32Array&>(*index);
    const uint64_t begin = numbers.IsValid(i) ? numbers.Value(i) * out->batch_size_ : UINT64_MAX;
    if (begin >= out->values_->num_rows() || begin / out->batch_size_ != numbers.Value(i)) {
      return Corrupt(path, ": page ", i, " lies beyond the ", out->values_->num_rows(),
                     " rows of the index");
    }
    out->page_rows_.push_back(begin);
  }
  return out;
}

arrow::Result<std::vector<uint64_t>> BTreeIndex::PagesOf(const arrow::Array& values) const {
  if (!values.type()->Equals(*type_)) {
    return InvalidInput("values of type ", values.type()->ToString(), " looked for in an index of ",
                        type_->ToString());
  }
  return IsText(*type_) ? PagesAround(values, *min_, *max_, &TextAt)
                        : PagesAround(values, *min_, *max_, &WideAt);
}

arrow::Result<std::shared_ptr<arrow::Array>> BTreeIndex::ReadPage(uint64_t page) const {
  if (page >= page_rows_.size()) {
    return InvalidInput("page ", page, " of an index of ", page_rows_.size());
  }
  const uint64_t begin = page_rows_[page];
  const uint64_t count = std::min(batch_size_, values_->num_rows() - begin);
  ARROW_ASSIGN_OR_RAISE(auto reader, values_->ReadRange(begin, count, static_cast<int64_t>(count)));
  std::shared_ptr<arrow::RecordBatch> batch;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  return batch->column(0);
}

arrow::Result<std::shared_ptr<arrow::UInt64Array>> BTreeIndex::Find(
    const arrow::Array& values, const std::vector<uint64_t>& pages,
    const arrow::StopToken& stop) const {
  if (!values.type()->Equals(*type_)) {
    return InvalidInput("values of type ", values.type()->ToString(), " looked for in an index of ",
                        type_->ToString());
  }
  std::vector<uint64_t> rows;
  auto find = [&](auto value_at) -> arrow::Status {
    const auto wanted = Sorted(values, value_at);
    for (const uint64_t page : pages) {
      ARROW_RETURN_NOT_OK(stop.Poll());
      ARROW_ASSIGN_OR_RAISE(auto sorted, ReadPage(page));
      FindInPage(wanted, *sorted, page_rows_[page], value_at, &rows);
    }
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(IsText(*type_) ? find(&TextAt) : find(&WideAt));
  if (rows.empty()) return std::make_shared<arrow::UInt64Array>(0, nullptr);
  ARROW_ASSIGN_OR_RAISE(auto reader, ids_->TakeRows(rows, static_cast<int64_t>(rows.size())));
  std::shared_ptr<arrow::RecordBatch> batch;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  return std::static_pointer_cast<arrow::UInt64Array>(batch->column(0));
}

}  // namespace lancea
