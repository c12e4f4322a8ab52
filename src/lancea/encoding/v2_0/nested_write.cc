#include "lancea/encoding/v2_0/nested_write.h"

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;

class StructWriter : public NodeWriter {
 public:
  StructWriter(std::string name, int column, std::vector<std::unique_ptr<NodeWriter>> children)
      : name_(std::move(name)), column_(column), children_(std::move(children)) {}

  arrow::Status Append(const ArrayDataPtr& rows, uint64_t first_row,
                       std::vector<PendingPage>* out) override {
    if (rows->GetNullCount() > 0) {
      return InvalidInput("column \"", name_, "\" has ", rows->GetNullCount(),
                          " null structs: file version 2.0 cannot store them, 2.1 and newer can");
    }
    num_rows_ += static_cast<uint64_t>(rows->length);
    for (size_t i = 0; i < children_.size(); ++i) {
      ARROW_RETURN_NOT_OK(children_[i]->Append(
          rows->child_data[i]->Slice(rows->offset, rows->length), first_row, out));
    }
    return arrow::Status::OK();
  }

  void Flush(std::vector<PendingPage>* out) override {
    for (const auto& child : children_) child->Flush(out);
  }

  void Finish(std::vector<PendingPage>* out) override {
    for (const auto& child : children_) child->Finish(out);
    EncodedPage header;
    ArrayEncoding encoding;
    encoding.mutable_struct_();
    header.encoding = ToBlob(encoding);
    header.num_rows = num_rows_;
    out->push_back({.column = column_,
                    .bytes = 0,
                    .encode = [header]() -> arrow::Result<std::vector<EncodedPage>> {
                      return std::vector<EncodedPage>{header};
                    }});
  }

  uint64_t buffered_bytes() const override {
    uint64_t bytes = 0;
    for (const auto& child : children_) bytes += child->buffered_bytes();
    return bytes;
  }

 private:
  const std::string name_;
  const int column_;
  const std::vector<std::unique_ptr<NodeWriter>> children_;
  uint64_t num_rows_ = 0;
};

// The lists of one page.
struct Lists {
  std::vector<uint64_t> ends;
  std::vector<uint64_t> nulls;  // which of them are null
  uint64_t first_row = 0;
};

EncodedPage EncodeLists(Lists* lists) {
  const uint64_t num_items = lists->ends.empty() ? 0 : lists->ends.back();
  for (uint64_t i : lists->nulls) lists->ends[i] += num_items + 1;
  EncodedPage page;
  page.num_rows = lists->ends.size();
  page.first_row = lists->first_row;
  PageBuffers buffers;
  ArrayEncoding encoding;
  auto& list = *encoding.mutable_list();
  *list.mutable_offsets() =
      NoNulls(Flat(64, buffers.Add(arrow::Buffer::FromVector(std::move(lists->ends)))));
  list.set_null_offset_adjustment(num_items + 1);
  list.set_num_items(num_items);
  page.buffers = buffers.Take();
  page.encoding = ToBlob(encoding);
  return page;
}

template <typename Offset>
class ListWriter : public NodeWriter {
 public:
  ListWriter(int column, std::unique_ptr<NodeWriter> items, const PageLimits& limits,
             arrow::MemoryPool* pool)
      : column_(column),
        items_(std::move(items)),
        max_lists_(std::max<uint64_t>(
            1, std::min(limits.column_buffer_bytes, limits.max_page_bytes) / sizeof(uint64_t))),
        pool_(pool) {}

  arrow::Status Append(const ArrayDataPtr& rows, uint64_t first_row,
                       std::vector<PendingPage>* out) override {
    for (int64_t at = 0; at < rows->length;) {
      const uint64_t room = max_lists_ - lists_.ends.size();
      const int64_t count = std::min(rows->length - at, static_cast<int64_t>(room));
      ARROW_RETURN_NOT_OK(
          AppendPart(*rows->Slice(at, count), first_row + static_cast<uint64_t>(at), out));
      if (lists_.ends.size() >= max_lists_) Flush(out);
      at += count;
    }
    return arrow::Status::OK();
  }

  void Flush(std::vector<PendingPage>* out) override {
    AddPage(out);
    items_->Flush(out);
  }

  void Finish(std::vector<PendingPage>* out) override {
    AddPage(out);
    items_->Finish(out);
  }

  uint64_t buffered_bytes() const override {
    return lists_.ends.size() * sizeof(uint64_t) + items_->buffered_bytes();
  }

 private:
  arrow::Status AppendPart(const arrow::ArrayData& rows, uint64_t first_row,
                           std::vector<PendingPage>* out) {
    if (lists_.ends.empty()) lists_.first_row = first_row;
    const Offset* offsets = rows.GetValues<Offset>(1);
    const bool any_null = rows.GetNullCount() > 0;
    uint64_t end = lists_.ends.empty() ? 0 : lists_.ends.back();
    // Items of valid lists, as few slices as there are gaps.
    struct Slice {
      Offset begin, end;
    };
    std::vector<Slice> slices;
    for (int64_t i = 0; i < rows.length; ++i) {
      if (any_null && rows.IsNull(i)) {
        lists_.nulls.push_back(lists_.ends.size());
      } else if (offsets[i] != offsets[i + 1]) {
        end += static_cast<uint64_t>(offsets[i + 1] - offsets[i]);
        if (!slices.empty() && slices.back().end == offsets[i]) {
          slices.back().end = offsets[i + 1];
        } else {
          slices.push_back({offsets[i], offsets[i + 1]});
        }
      }
      lists_.ends.push_back(end);
    }
    if (slices.empty()) return arrow::Status::OK();
    auto cut = [&](const Slice& slice) {
      return rows.child_data[0]->Slice(slice.begin, slice.end - slice.begin);
    };
    if (slices.size() == 1) return items_->Append(cut(slices[0]), first_row, out);
    arrow::ArrayVector arrays;
    for (const Slice& slice : slices) arrays.push_back(arrow::MakeArray(cut(slice)));
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(arrays, pool_));
    return items_->Append(joined->data(), first_row, out);
  }

  void AddPage(std::vector<PendingPage>* out) {
    if (lists_.ends.empty()) return;
    PendingPage page{
        .column = column_, .bytes = lists_.ends.size() * sizeof(uint64_t), .encode = nullptr};
    page.encode = [lists = std::make_shared<Lists>(
                       std::move(lists_))]() -> arrow::Result<std::vector<EncodedPage>> {
      return std::vector<EncodedPage>{EncodeLists(lists.get())};
    };
    out->push_back(std::move(page));
    lists_ = {};
  }

  const int column_;
  const std::unique_ptr<NodeWriter> items_;
  const uint64_t max_lists_;  // of one page
  arrow::MemoryPool* pool_;
  Lists lists_;
};

class BlobWriter : public NodeWriter {
 public:
  BlobWriter(std::string name, int column, const PageLimits& limits, OutOfLineWriter* out_of_line,
             arrow::MemoryPool* pool)
      : out_of_line_(out_of_line) {
    type_ = arrow::struct_({arrow::field("position", arrow::uint64(), false),
                            arrow::field("size", arrow::uint64(), false)});
    descriptions_ = MakeLeafWriter({.name = std::move(name), .type = type_, .options = {}}, column,
                                   limits, pool);
  }

  arrow::Status Append(const ArrayDataPtr& rows, uint64_t first_row,
                       std::vector<PendingPage>* out) override {
    if (rows->type->id() == arrow::Type::BINARY) return AppendAs<int32_t>(*rows, first_row, out);
    return AppendAs<int64_t>(*rows, first_row, out);
  }
  void Flush(std::vector<PendingPage>* out) override { descriptions_->Flush(out); }
  void Finish(std::vector<PendingPage>* out) override { descriptions_->Finish(out); }
  uint64_t buffered_bytes() const override { return descriptions_->buffered_bytes(); }

 private:
  template <typename Offset>
  arrow::Status AppendAs(const arrow::ArrayData& rows, uint64_t first_row,
                         std::vector<PendingPage>* out) {
    if (rows.length == 0) return arrow::Status::OK();
    const Offset* offsets = rows.GetValues<Offset>(1);
    std::vector<uint64_t> positions(static_cast<size_t>(rows.length));
    std::vector<uint64_t> sizes(static_cast<size_t>(rows.length));
    for (int64_t i = 0; i < rows.length; ++i) {
      const size_t row = static_cast<size_t>(i);
      if (rows.IsNull(i)) {
        positions[row] = 1;
      } else if (offsets[i] != offsets[i + 1]) {
        const Offset size = offsets[i + 1] - offsets[i];
        ARROW_ASSIGN_OR_RAISE(positions[row], out_of_line_->Write(arrow::SliceBuffer(
                                                  rows.buffers[2], offsets[i], size)));
        sizes[row] = static_cast<uint64_t>(size);
      }
    }
    auto column = [&](std::vector<uint64_t> values) {
      return arrow::ArrayData::Make(arrow::uint64(), rows.length,
                                    {nullptr, arrow::Buffer::FromVector(std::move(values))}, 0);
    };
    auto descriptions = arrow::ArrayData::Make(
        type_, rows.length, {nullptr}, {column(std::move(positions)), column(std::move(sizes))}, 0);
    return descriptions_->Append(descriptions, first_row, out);
  }

  std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<NodeWriter> descriptions_;
  OutOfLineWriter* out_of_line_;
};

}  // namespace

std::unique_ptr<NodeWriter> MakeStructWriter(std::string name, int column,
                                             std::vector<std::unique_ptr<NodeWriter>> children) {
  return std::make_unique<StructWriter>(std::move(name), column, std::move(children));
}

std::unique_ptr<NodeWriter> MakeListWriter(const arrow::DataType& type, int column,
                                           std::unique_ptr<NodeWriter> items,
                                           const PageLimits& limits, arrow::MemoryPool* pool) {
  if (type.id() == arrow::Type::LIST) {
    return std::make_unique<ListWriter<int32_t>>(column, std::move(items), limits, pool);
  }
  return std::make_unique<ListWriter<int64_t>>(column, std::move(items), limits, pool);
}

std::unique_ptr<NodeWriter> MakeBlobWriter(std::string name, int column, const PageLimits& limits,
                                           OutOfLineWriter* out_of_line, arrow::MemoryPool* pool) {
  return std::make_unique<BlobWriter>(std::move(name), column, limits, out_of_line, pool);
}

}  // namespace lancea::v2_0
