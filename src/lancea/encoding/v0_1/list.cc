#include "lancea/encoding/v0_1/list.h"

#include "arrow/array/array_nested.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea::v0_1 {
namespace {

template <typename Offset>
class ListRead : public PageRead {
 public:
  ListRead(const PageContext& context, const Field& field, std::shared_ptr<arrow::DataType> type,
           std::vector<RowRange> ranges, std::vector<ByteRange> needs)
      : context_(context),
        child_field_(field.children[0]),
        type_(std::move(type)),
        ranges_(std::move(ranges)),
        needs_(std::move(needs)) {}

  void Collect(std::vector<ByteRange>* needs) const override {
    needs->insert(needs->end(), needs_.begin(), needs_.end());
    if (child_ != nullptr) child_->Collect(needs);
  }

  arrow::Status Supply(Buffers& buffers, size_t* next) override {
    if (child_ != nullptr) return child_->Supply(buffers, next);
    if (needs_.empty()) return arrow::Status::OK();
    for (size_t i = 0; i < needs_.size(); ++i) stored_.push_back(std::move(buffers[(*next)++]));
    needs_.clear();
    return PlanChild();
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    std::shared_ptr<arrow::Array> values;
    if (child_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(values, child_->Finish());
    } else {
      ARROW_ASSIGN_OR_RAISE(values, arrow::MakeEmptyArray(type_->field(0)->type(), context_.pool));
    }
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, num_lists_, {nullptr, std::move(offsets_)}, {values->data()}, 0));
  }

 private:
  // The child values of the lists wanted, and the offsets of the lists into just those.
  arrow::Status PlanChild() {
    for (const RowRange& range : ranges_) num_lists_ += static_cast<int64_t>(range.size());
    ARROW_ASSIGN_OR_RAISE(
        offsets_, arrow::AllocateBuffer((num_lists_ + 1) * static_cast<int64_t>(sizeof(Offset)),
                                        context_.pool));
    Offset* to = offsets_->template mutable_data_as<Offset>();
    *to = 0;
    std::vector<RowRange> values;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const uint8_t* stored = stored_[i]->data();
      const auto first = LoadLittleEndian<Offset>(stored);
      const Offset base = *to;
      Offset last = first;
      for (uint64_t list = 1; list <= ranges_[i].size(); ++list) {
        const auto end = LoadLittleEndian<Offset>(stored + list * sizeof(Offset));
        if (first < 0 || end < last) return Corrupt("list offsets do not ascend");
        last = end;
        // Ranges ascend and are checked against the child's page, so the sum stays within Offset.
        *++to = static_cast<Offset>(base + (end - first));
      }
      if (last == first) continue;
      const RowRange wanted{static_cast<uint64_t>(first), static_cast<uint64_t>(last)};
      if (!values.empty() && wanted.start < values.back().end)
        return Corrupt("list offsets do not ascend");
      if (!values.empty() && values.back().end == wanted.start) {
        values.back().end = wanted.end;
      } else {
        values.push_back(wanted);
      }
    }
    if (values.empty()) return arrow::Status::OK();
    return MakePageRead(context_, child_field_, type_->field(0)->type(), std::move(values))
        .Value(&child_);
  }

  const PageContext context_;
  const Field& child_field_;
  const std::shared_ptr<arrow::DataType> type_;
  const std::vector<RowRange> ranges_;
  std::vector<ByteRange> needs_;
  Buffers stored_;
  std::shared_ptr<arrow::Buffer> offsets_;
  int64_t num_lists_ = 0;
  std::unique_ptr<PageRead> child_;
};

}  // namespace

arrow::Result<std::unique_ptr<PageRead>> MakeListRead(const PageContext& context, Page page,
                                                      const Field& field,
                                                      std::shared_ptr<arrow::DataType> type,
                                                      std::vector<RowRange> ranges) {
  if (field.children.size() != 1) return Corrupt("list ", field.name, " has no one child");
  const bool large = type->id() == arrow::Type::LARGE_LIST;
  const uint64_t width = large ? 8 : 4;
  // A list page counts its offsets: one more than its lists.
  if (ranges.back().end >= page.length) {
    return Corrupt("list ", ranges.back().end - 1, " of a page of ", page.length, " offsets");
  }
  ARROW_RETURN_NOT_OK(context.file->RangeOf(page.position, page.length, width));
  std::vector<ByteRange> needs;
  needs.reserve(ranges.size());
  for (const RowRange& range : ranges) {
    needs.push_back({page.position + range.start * width, (range.size() + 1) * width});
  }
  if (large) {
    return std::make_unique<ListRead<int64_t>>(context, field, std::move(type), std::move(ranges),
                                               std::move(needs));
  }
  return std::make_unique<ListRead<int32_t>>(context, field, std::move(type), std::move(ranges),
                                             std::move(needs));
}

}  // namespace lancea::v0_1
