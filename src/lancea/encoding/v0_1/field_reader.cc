#include "lancea/encoding/v0_1/field_reader.h"

#include <algorithm>
#include <mutex>

#include "arrow/array/array_base.h"
#include "arrow/array/util.h"
#include "arrow/memory_pool.h"
#include "arrow/type.h"
#include "lancea/encoding/v0_1/page_read.h"
#include "lancea/encoding/v0_1/page_statistics.h"
#include "lancea/encoding/v0_1/plain.h"
#include "lancea/encoding/v0_1/var_binary.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea::v0_1 {
namespace {

using arrow::internal::checked_cast;

// One page read after the other, all in one vectored read per step.
class BatchesTask : public ReadTask {
 public:
  /// \param numbers  of the batches; empty: not to be counted
  explicit BatchesTask(std::vector<std::unique_ptr<PageRead>> batches,
                       std::vector<uint64_t> numbers = {})
      : batches_(std::move(batches)), numbers_(std::move(numbers)) {
    Collect();
  }
  const std::vector<ByteRange>& needs() const override { return needs_; }
  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    size_t next = 0;
    for (const auto& batch : batches_) ARROW_RETURN_NOT_OK(batch->Supply(buffers, &next));
    Collect();
    return arrow::Status::OK();
  }
  arrow::Result<arrow::ArrayVector> Finish() override {
    arrow::ArrayVector out;
    out.reserve(batches_.size());
    for (const auto& batch : batches_) {
      ARROW_ASSIGN_OR_RAISE(auto array, batch->Finish());
      out.push_back(std::move(array));
    }
    return out;
  }
  void AppendPagesRead(std::vector<uint64_t>* pages) const override {
    pages->insert(pages->end(), numbers_.begin(), numbers_.end());
  }

 private:
  void Collect() {
    needs_.clear();
    for (const auto& batch : batches_) batch->Collect(&needs_);
  }

  std::vector<std::unique_ptr<PageRead>> batches_;
  const std::vector<uint64_t> numbers_;
  std::vector<ByteRange> needs_;
};

class LegacyFieldReader : public FieldReader {
 public:
  LegacyFieldReader(Field field, std::shared_ptr<arrow::Field> arrow_field, const LegacyFile& file,
                    Dictionaries dictionaries)
      : field_(std::move(field)),
        arrow_field_(std::move(arrow_field)),
        file_(file),
        dictionaries_(std::move(dictionaries)) {}

  const std::shared_ptr<arrow::Field>& field() const override { return arrow_field_; }
  uint64_t num_rows() const override { return file_.num_rows(); }
  /// What a field has in a batch counts as one page.
  uint64_t num_pages() const override { return file_.num_batches(); }

  arrow::Result<std::vector<RowRange>> RowsThatMay(std::span<const RowRange> ranges,
                                                   const ValueCondition& condition) const override {
    ARROW_ASSIGN_OR_RAISE(const auto statistics, Statistics());
    if (statistics == nullptr) return FieldReader::RowsThatMay(ranges, condition);
    const std::vector<uint64_t>& starts = file_.batch_starts();
    std::vector<RowRange> out;
    for (const RowRange& range : ranges) {
      const auto after = std::upper_bound(starts.begin(), starts.end(), range.start);
      auto batch = static_cast<size_t>(after - starts.begin()) - 1;
      for (uint64_t row = range.start; row < range.end && batch < file_.num_batches(); ++batch) {
        const uint64_t stop = std::min(range.end, starts[batch + 1]);
        if (stop > row && statistics->MayHold(batch, condition)) {
          if (row > range.start && !out.empty() && out.back().end == row) {
            out.back().end = stop;
          } else {
            out.push_back({row, stop});
          }
        }
        row = stop;
      }
    }
    return out;
  }

  arrow::Result<std::unique_ptr<ReadTask>> Read(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override {
    const std::vector<uint64_t>& starts = file_.batch_starts();
    if (!ranges.empty() && ranges.back().end > file_.num_rows()) {
      return InvalidInput("row ", ranges.back().end - 1, " of ", file_.num_rows());
    }
    std::vector<std::unique_ptr<PageRead>> batches;
    std::vector<uint64_t> numbers;
    size_t next = 0;    // range
    uint64_t done = 0;  // rows before this one are planned
    while (next < ranges.size()) {
      const uint64_t row = std::max(ranges[next].start, done);
      const auto after = std::upper_bound(starts.begin(), starts.end(), row);
      const size_t batch = static_cast<size_t>(after - starts.begin()) - 1;
      const uint64_t first = starts[batch], end = *after;
      std::vector<RowRange> here;
      for (; next < ranges.size() && ranges[next].start < end; ++next) {
        here.push_back(
            {std::max(ranges[next].start, row) - first, std::min(ranges[next].end, end) - first});
        if (ranges[next].end > end) break;
      }
      done = end;
      const PageContext context{&file_, &dictionaries_, batch, pool};
      auto read = MakePageRead(context, field_, arrow_field_->type(), std::move(here));
      if (!read.ok()) return Prefix(read.status(), "column " + field_.name);
      batches.push_back(std::move(read).ValueUnsafe());
      numbers.push_back(batch);
    }
    return std::make_unique<BatchesTask>(std::move(batches), std::move(numbers));
  }

 private:
  // Read when first asked for, and kept.
  arrow::Result<std::shared_ptr<const PageStatistics>> Statistics() const {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!has_statistics_) {
      ARROW_ASSIGN_OR_RAISE(statistics_, PageStatistics::Read(file_, field_, arrow_field_->type()));
      has_statistics_ = true;
    }
    return statistics_;
  }

  const Field field_;
  const std::shared_ptr<arrow::Field> arrow_field_;
  const LegacyFile& file_;
  const Dictionaries dictionaries_;
  mutable std::mutex mutex_;
  mutable bool has_statistics_ = false;
  mutable std::shared_ptr<const PageStatistics> statistics_;
};

// The dictionary of one field, read whole: it lies in the file once, for all batches.
arrow::Result<std::shared_ptr<arrow::Array>> ReadDictionary(
    const LegacyFile& file, const Field& field,
    const std::shared_ptr<arrow::DataType>& value_type) {
  if (field.dictionary_length == 0) return arrow::MakeEmptyArray(value_type);
  if (field.dictionary_offset < 0 || field.dictionary_length < 0) {
    return Corrupt("dictionary of ", field.dictionary_length, " values at ",
                   field.dictionary_offset);
  }
  const Page page{static_cast<uint64_t>(field.dictionary_offset),
                  static_cast<uint64_t>(field.dictionary_length)};
  const PageContext context{&file, nullptr, 0, arrow::default_memory_pool()};
  std::vector<std::unique_ptr<PageRead>> pages;
  if (arrow::is_base_binary_like(value_type->id())) {
    ARROW_ASSIGN_OR_RAISE(auto read, MakeVarBinaryRead(context, page, value_type, field.nullable,
                                                       {{0, page.length}}));
    pages.push_back(std::move(read));
  } else if (PlainBits(*value_type) > 0) {
    ARROW_ASSIGN_OR_RAISE(auto read, MakePlainRead(context, page, value_type, {{0, page.length}}));
    pages.push_back(std::move(read));
  } else {
    return Unsupported("a dictionary of ", value_type->ToString(), " in a file of version 0.1");
  }
  BatchesTask task(std::move(pages));
  while (!task.needs().empty()) {
    ARROW_ASSIGN_OR_RAISE(auto buffers, file.object().ReadMany(task.needs()));
    ARROW_RETURN_NOT_OK(task.Supply(std::move(buffers)));
  }
  ARROW_ASSIGN_OR_RAISE(auto arrays, task.Finish());
  return arrays[0];
}

arrow::Status ReadDictionaries(const LegacyFile& file, const Field& field,
                               const arrow::DataType& type, Dictionaries* out) {
  if (type.id() == arrow::Type::DICTIONARY) {
    // The manifest of a table has its own copy of the dictionary elsewhere; the file knows its own.
    const Field* own = file.schema().FindById(field.id);
    if (own == nullptr) return Corrupt("the file's schema has no field ", field.id);
    const auto& values = checked_cast<const arrow::DictionaryType&>(type).value_type();
    return ReadDictionary(file, *own, values).Value(&(*out)[field.id]);
  }
  const size_t num_children =
      std::min<size_t>(field.children.size(), static_cast<size_t>(type.num_fields()));
  for (size_t i = 0; i < num_children; ++i) {
    ARROW_RETURN_NOT_OK(
        ReadDictionaries(file, field.children[i], *type.field(static_cast<int>(i))->type(), out));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<FieldReader>> MakeFieldReader(
    const Field& field, std::shared_ptr<arrow::Field> arrow_field, const LegacyFile& file) {
  Dictionaries dictionaries;
  ARROW_RETURN_NOT_OK(ReadDictionaries(file, field, *arrow_field->type(), &dictionaries));
  return std::make_unique<LegacyFieldReader>(field, std::move(arrow_field), file,
                                             std::move(dictionaries));
}

}  // namespace lancea::v0_1
