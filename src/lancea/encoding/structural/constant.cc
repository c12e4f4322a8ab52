#include "lancea/encoding/structural/constant.h"

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/known_answers.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/unravel.h"
#include "lancea/encoding/unbacked.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxInlineBytes = 32;
constexpr uint32_t kMaxScalarBuffers = 16;

std::shared_ptr<arrow::DataType> ValueType(const std::shared_ptr<arrow::DataType>& type) {
  return type->id() == arrow::Type::DICTIONARY
             ? static_cast<const arrow::DictionaryType&>(*type).value_type()
             : type;
}

// Rows and levels of the page that belong to one page-relative row range.
class ConstantPage : public StructuralPage {
 public:
  ConstantPage(std::shared_ptr<const Leaf> leaf, const PageInfo& page, ConstantLayout layout)
      : leaf_(std::move(leaf)), page_(page), layout_(std::move(layout)) {
    metadata_ranges_ = page_.buffers;
  }

  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override {
    auto bytes = [&](size_t i) {
      return Bytes(metadata[i]->data(), static_cast<size_t>(metadata[i]->size()));
    };
    const size_t n = metadata.size();
    if (n > 3) return Corrupt("constant page has ", n, " buffers");
    if (layout_.inline_value.has_value()) {
      if (n == 1 || n == 3) return Corrupt("constant page has both an inline and a stored value");
      ARROW_RETURN_NOT_OK(SetInlineScalar(*layout_.inline_value));
    } else if (n == 1 || n == 3) {
      ARROW_RETURN_NOT_OK(SetStoredScalar(bytes(0)));
    }
    if (n >= 2) {
      ARROW_RETURN_NOT_OK(
          LoadLevels(bytes(n - 2), layout_.rep.get(), layout_.num_rep_values, &rep_));
      ARROW_RETURN_NOT_OK(
          LoadLevels(bytes(n - 1), layout_.def.get(), layout_.num_def_values, &def_));
    }
    if (!rep_.empty() && !def_.empty() && rep_.size() != def_.size()) {
      return Corrupt("constant page has ", rep_.size(), " repetition and ", def_.size(),
                     " definition levels");
    }
    return IndexRows();
  }

  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;
  arrow::Result<std::unique_ptr<PageRead>> PlanEncoded(std::span<const RowRange> ranges,
                                                       arrow::MemoryPool* pool) const override;

  std::unique_ptr<PageRead> PlanAnswers(std::span<const RowRange> ranges,
                                        const ValueCondition& condition,
                                        arrow::MemoryPool* pool) const override {
    const auto answer = AnswerOfAll(condition);
    if (!answer.has_value()) return nullptr;
    int64_t num_rows = 0;
    std::vector<uint16_t> levels;
    for (const RowRange& range : ranges) {
      num_rows += static_cast<int64_t>(range.size());
      if (!*answer || def_.empty()) continue;
      levels.insert(levels.end(), def_.begin() + range.start, def_.begin() + range.end);
    }
    return MakeKnownAnswers(*answer, num_rows, std::move(levels), pool);
  }

  std::optional<bool> AnswerOfAll(const ValueCondition& condition) const override {
    if (!leaf_->is_flat() || !rep_.empty() || leaf_->type->id() == arrow::Type::DICTIONARY) {
      return std::nullopt;
    }
    if (scalar_ == nullptr) return false;
    const auto answers = AskLeafValues(*scalar_, condition);
    if (!answers.has_value()) return std::nullopt;
    return answers->front() != 0;
  }

  uint64_t metadata_bytes() const override {
    return 2 * (rep_.size() + def_.size()) + 8 * row_starts_.size();
  }

  arrow::Result<DecodedPage> Decode(std::span<const RowRange> ranges, bool encoded,
                                    arrow::MemoryPool* pool) const {
    DecodedPage out;
    std::vector<uint16_t> rep, def;
    const uint16_t max_rep = layout_.layers.max_rep();
    int64_t num_events = 0;
    for (const RowRange& range : ranges) {
      const uint64_t begin = row_starts_.empty() ? range.start : row_starts_[range.start];
      const uint64_t end = row_starts_.empty() ? range.end : row_starts_[range.end];
      num_events += static_cast<int64_t>(end - begin);
      if (!rep_.empty()) rep.insert(rep.end(), rep_.begin() + begin, rep_.begin() + end);
      if (!def_.empty()) def.insert(def.end(), def_.begin() + begin, def_.begin() + end);
    }
    // Levels that are not stored: without repetition levels there is one event per row, and without a value
    // every leaf is null.
    const bool all_null = scalar_ == nullptr && def_.empty();
    const bool implied_rep = rep_.empty() && max_rep > 0;
    if ((all_null || implied_rep) && static_cast<uint64_t>(num_events) > kMaxUnbackedValues) {
      return Unsupported(num_events, " nulls in one read; ask for fewer rows");
    }
    if (all_null) def.assign(num_events, 1);
    if (implied_rep) rep.assign(num_events, max_rep);
    ARROW_ASSIGN_OR_RAISE(out.layers, Unravel(layout_.layers, leaf_->dimensions, rep, def,
                                              num_events, leaf_->num_own_layers, pool));
    const int64_t num_values = out.layers.front().num_slots;
    if (scalar_ != nullptr && leaf_->type->id() == arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(out.values, ToDictionary(leaf_->type, num_values, pool));
    } else if (scalar_ != nullptr && encoded) {
      ARROW_ASSIGN_OR_RAISE(out.values, ToDictionary(arrow::dictionary(arrow::uint8(), leaf_->type),
                                                     num_values, pool));
    } else if (scalar_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(out.values, RepeatScalar(scalar_, num_values, pool));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(leaf_->type, num_values, pool));
      out.values = nulls->data()->Copy();
      if (leaf_->type->id() != arrow::Type::NA) {
        out.values->buffers[0] = nullptr;
        out.values->null_count = 0;
      }
    }
    return out;
  }

 private:
  arrow::Status SetInlineScalar(const std::string& value) {
    if (value.size() > kMaxInlineBytes) {
      return Corrupt("inline constant of ", value.size(), " bytes, at most ", kMaxInlineBytes);
    }
    const auto type = ValueType(leaf_->type);
    const uint64_t bits = FixedBitWidth(*type);
    const uint64_t expected = type->id() == arrow::Type::BOOL ? 8 : bits;
    if (bits == 0 || value.size() * 8 != expected) {
      return Corrupt("inline constant of ", value.size(), " bytes for ", type->ToString());
    }
    ValueBuilder builder = ValueBuilder::Fixed(value.size() * 8, arrow::default_memory_pool());
    ARROW_ASSIGN_OR_RAISE(uint8_t * out, builder.AppendFixed(1));
    std::memcpy(out, value.data(), value.size());
    if (type->id() == arrow::Type::FIXED_SIZE_LIST) {
      ARROW_ASSIGN_OR_RAISE(auto data, builder.FinishData());
      scalar_ = WrapPlainFixed(type, 1, std::move(data));
      return arrow::Status::OK();
    }
    return MakeLeafData(type, 1, &builder).Value(&scalar_);
  }

  arrow::Status SetStoredScalar(Bytes bytes) {
    ByteReader reader(bytes, "constant value");
    ARROW_ASSIGN_OR_RAISE(uint32_t num_buffers, reader.Read<uint32_t>());
    if (num_buffers > kMaxScalarBuffers) {
      return Corrupt("constant value of ", num_buffers, " buffers");
    }
    std::vector<uint32_t> sizes(num_buffers);
    for (uint32_t& size : sizes) {
      ARROW_ASSIGN_OR_RAISE(size, reader.Read<uint32_t>());
    }
    std::vector<std::shared_ptr<arrow::Buffer>> buffers;
    for (uint32_t size : sizes) {
      ARROW_ASSIGN_OR_RAISE(Bytes part, reader.Take(size));
      ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(size));
      if (size > 0) std::memcpy(copy->mutable_data(), part.data(), size);
      buffers.push_back(std::move(copy));
    }
    ARROW_ASSIGN_OR_RAISE(scalar_, TakeScalarBuffers(ValueType(leaf_->type), 1, &buffers));
    if (!buffers.empty()) {
      return Corrupt("constant value has ", buffers.size(), " buffers too many");
    }
    return arrow::Status::OK();
  }

  // Arrow buffers without validity, depth first. `buffers` loses what is taken.
  static arrow::Result<std::shared_ptr<arrow::ArrayData>> TakeScalarBuffers(
      const std::shared_ptr<arrow::DataType>& type, int64_t length,
      std::vector<std::shared_ptr<arrow::Buffer>>* buffers) {
    auto next = [&]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
      if (buffers->empty()) return Corrupt("constant value lacks a buffer of ", type->ToString());
      auto out = buffers->front();
      buffers->erase(buffers->begin());
      return out;
    };
    if (type->id() == arrow::Type::FIXED_SIZE_LIST) {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
      ARROW_ASSIGN_OR_RAISE(
          auto items, TakeScalarBuffers(list.value_type(), length * list.list_size(), buffers));
      return arrow::ArrayData::Make(type, length, {nullptr}, {std::move(items)}, 0);
    }
    if (type->id() == arrow::Type::STRUCT) {
      std::vector<std::shared_ptr<arrow::ArrayData>> children;
      for (const auto& field : type->fields()) {
        ARROW_ASSIGN_OR_RAISE(auto child, TakeScalarBuffers(field->type(), length, buffers));
        children.push_back(std::move(child));
      }
      return arrow::ArrayData::Make(type, length, {nullptr}, std::move(children), 0);
    }
    const uint64_t bits = FixedBitWidth(*type);
    ARROW_ASSIGN_OR_RAISE(auto first, next());
    if (bits > 0) {
      if (static_cast<uint64_t>(first->size()) * 8 < bits * static_cast<uint64_t>(length)) {
        return Corrupt("constant value of ", first->size(), " bytes for ", type->ToString());
      }
      return arrow::ArrayData::Make(type, length, {nullptr, std::move(first)}, 0);
    }
    ARROW_ASSIGN_OR_RAISE(auto second, next());
    auto data =
        arrow::ArrayData::Make(type, length, {nullptr, std::move(first), std::move(second)}, 0);
    const bool large =
        type->id() == arrow::Type::LARGE_STRING || type->id() == arrow::Type::LARGE_BINARY;
    const bool small = type->id() == arrow::Type::STRING || type->id() == arrow::Type::BINARY;
    if (!large && !small) return Unsupported("constant value of ", type->ToString());
    const int64_t width = large ? 8 : 4;
    if (data->buffers[1]->size() < 2 * width) return Corrupt("constant value lacks its offsets");
    const uint8_t* offsets = data->buffers[1]->data();
    const int64_t begin =
        large ? LoadLittleEndian<int64_t>(offsets) : LoadLittleEndian<int32_t>(offsets);
    const int64_t end =
        large ? LoadLittleEndian<int64_t>(offsets + 8) : LoadLittleEndian<int32_t>(offsets + 4);
    if (begin < 0 || begin > end || end > data->buffers[2]->size()) {
      return Corrupt("constant value at bytes ", begin, "..", end, " of ",
                     data->buffers[2]->size());
    }
    return data;
  }

  arrow::Status LoadLevels(Bytes bytes, const BlockDecoder* decoder, uint64_t num_values,
                           std::vector<uint16_t>* out) const {
    if (decoder != nullptr && num_values > 0) {
      if (num_values > MostValues(bytes.size()))
        return Corrupt(num_values, " levels in ", bytes.size(), " bytes");
      ValueBuilder builder = ValueBuilder::Fixed(16, arrow::default_memory_pool());
      ARROW_RETURN_NOT_OK(decoder->Decode(bytes, static_cast<int64_t>(num_values), &builder));
      if (builder.num_values() != static_cast<int64_t>(num_values)) {
        return Corrupt("decoded ", builder.num_values(), " levels, expected ", num_values);
      }
      const uint16_t* levels = reinterpret_cast<const uint16_t*>(builder.data());
      out->assign(levels, levels + builder.num_values());
      return arrow::Status::OK();
    }
    if (bytes.size() % 2 != 0) return Corrupt("levels of ", bytes.size(), " bytes");
    out->resize(bytes.size() / 2);
    if (!bytes.empty()) std::memcpy(out->data(), bytes.data(), bytes.size());
    return arrow::Status::OK();
  }

  arrow::Status IndexRows() {
    if (rep_.empty()) {
      if (!def_.empty() && def_.size() != page_.num_rows) {
        return Corrupt("constant page of ", page_.num_rows, " rows has ", def_.size(), " levels");
      }
      return arrow::Status::OK();
    }
    for (size_t i = 0; i < rep_.size(); ++i) {
      if (rep_[i] >= layout_.layers.max_rep()) row_starts_.push_back(i);
    }
    if (row_starts_.size() != page_.num_rows || (page_.num_rows > 0 && row_starts_[0] != 0)) {
      return Corrupt("constant page of ", page_.num_rows, " rows has levels of ",
                     row_starts_.size());
    }
    row_starts_.push_back(rep_.size());
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> ToDictionary(
      const std::shared_ptr<arrow::DataType>& type, int64_t num_values,
      arrow::MemoryPool* pool) const {
    const auto& index = *static_cast<const arrow::DictionaryType&>(*type).index_type();
    const int64_t bytes = num_values * static_cast<int64_t>(FixedBitWidth(index) / 8);
    ARROW_ASSIGN_OR_RAISE(auto indices, arrow::AllocateBuffer(bytes, pool));
    std::memset(indices->mutable_data(), 0, bytes);
    auto out = arrow::ArrayData::Make(type, num_values, {nullptr, std::move(indices)}, 0);
    out->dictionary = scalar_;
    return out;
  }

  std::shared_ptr<const Leaf> leaf_;
  PageInfo page_;
  ConstantLayout layout_;
  std::shared_ptr<arrow::ArrayData> scalar_;  // array of length 1; nullptr: all null
  std::vector<uint16_t> rep_, def_;
  std::vector<uint64_t> row_starts_;  // num_rows + 1 entries; empty without repetition
};

class ConstantRead : public PageRead {
 public:
  ConstantRead(const ConstantPage& page, std::span<const RowRange> ranges, bool encoded,
               arrow::MemoryPool* pool)
      : page_(page), ranges_(ranges.begin(), ranges.end()), encoded_(encoded), pool_(pool) {}
  const std::vector<ByteRange>& needs() const override { return needs_; }
  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>>) override {
    return arrow::Status::OK();
  }
  arrow::Result<DecodedPage> Finish() override { return page_.Decode(ranges_, encoded_, pool_); }

 private:
  const ConstantPage& page_;
  const std::vector<RowRange> ranges_;
  const bool encoded_;
  arrow::MemoryPool* const pool_;
  const std::vector<ByteRange> needs_;
};

arrow::Result<std::unique_ptr<PageRead>> ConstantPage::Plan(std::span<const RowRange> ranges,
                                                            arrow::MemoryPool* pool) const {
  return std::make_unique<ConstantRead>(*this, ranges, /*encoded=*/false, pool);
}

arrow::Result<std::unique_ptr<PageRead>> ConstantPage::PlanEncoded(std::span<const RowRange> ranges,
                                                                   arrow::MemoryPool* pool) const {
  return std::make_unique<ConstantRead>(*this, ranges, /*encoded=*/true, pool);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::ArrayData>> RepeatScalar(
    const std::shared_ptr<arrow::ArrayData>& scalar, int64_t num_values, arrow::MemoryPool* pool) {
  // Arrow adds up 32-bit offsets without looking.
  const bool small =
      scalar->type->id() == arrow::Type::STRING || scalar->type->id() == arrow::Type::BINARY;
  const int32_t* offsets = small ? scalar->GetValues<int32_t>(1) : nullptr;
  if (small && offsets[1] > offsets[0] && num_values > INT32_MAX / (offsets[1] - offsets[0])) {
    return arrow::Status::CapacityError(
        "more than 2 GiB of values in one array with 32-bit offsets; "
        "lower batch_size");
  }
  ARROW_ASSIGN_OR_RAISE(auto value, arrow::MakeArray(scalar)->GetScalar(0));
  ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeArrayFromScalar(*value, num_values, pool));
  return array->data();
}

arrow::Result<std::unique_ptr<StructuralPage>> MakeConstantPage(std::shared_ptr<const Leaf> leaf,
                                                                const PageInfo& page,
                                                                ConstantLayout layout) {
  return std::make_unique<ConstantPage>(std::move(leaf), page, std::move(layout));
}

}  // namespace lancea
