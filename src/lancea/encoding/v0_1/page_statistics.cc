#include "lancea/encoding/v0_1/page_statistics.h"

#include <algorithm>
#include <limits>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_primitive.h"
#include "arrow/memory_pool.h"
#include "arrow/type.h"
#include "lancea/encoding/v0_1/page_read.h"
#include "lancea/encoding/v0_1/plain.h"
#include "lancea/encoding/v0_1/var_binary.h"
#include "lancea/util/errors.h"

namespace lancea::v0_1 {
namespace {

arrow::Result<std::shared_ptr<arrow::Array>> ReadPage(
    const LegacyFile& file, const Field& of, const char* name,
    const std::shared_ptr<arrow::DataType>& type) {
  const auto child = std::ranges::find(of.children, name, &Field::name);
  if (child == of.children.end()) return Corrupt("statistics without ", name);
  ARROW_ASSIGN_OR_RAISE(const Page page, file.StatisticsPageOf(child->id));
  const PageContext context{&file, nullptr, 0, arrow::default_memory_pool()};
  std::unique_ptr<PageRead> read;
  if (arrow::is_base_binary_like(type->id())) {
    ARROW_ASSIGN_OR_RAISE(
        read, MakeVarBinaryRead(context, page, type, /*nullable=*/true, {{0, page.length}}));
  } else {
    ARROW_ASSIGN_OR_RAISE(read, MakePlainRead(context, page, type, {{0, page.length}}));
  }
  for (std::vector<ByteRange> needs;; needs.clear()) {
    read->Collect(&needs);
    if (needs.empty()) return read->Finish();
    ARROW_ASSIGN_OR_RAISE(auto buffers, file.object().ReadMany(needs));
    size_t next = 0;
    ARROW_RETURN_NOT_OK(read->Supply(buffers, &next));
  }
}

template <typename ArrayType>
std::optional<std::string_view> TextAt(const arrow::Array& array, size_t batch) {
  const auto i = static_cast<int64_t>(batch);
  if (array.IsNull(i)) return std::nullopt;
  return static_cast<const ArrayType&>(array).GetView(i);
}

}  // namespace

arrow::Result<std::shared_ptr<const PageStatistics>> PageStatistics::Read(
    const LegacyFile& file, const Field& field, const std::shared_ptr<arrow::DataType>& type) {
  const auto& fields = file.statistics_schema().fields;
  const auto own = std::ranges::find(fields, std::to_string(field.id), &Field::name);
  if (own == fields.end() || file.num_batches() == 0) return nullptr;
  const auto bound = std::ranges::find(own->children, "min_value", &Field::name);
  const bool same_type = bound != own->children.end() && bound->logical_type == field.logical_type;
  const bool is_text = arrow::is_base_binary_like(type->id());
  const bool is_number = arrow::is_fixed_width(type->id()) && type->num_fields() == 0 &&
                         type->id() != arrow::Type::DICTIONARY && PlainBits(*type) % 8 == 0 &&
                         PlainBits(*type) > 0;
  if (!same_type || (!is_text && !is_number)) return nullptr;
  std::shared_ptr<PageStatistics> out(new PageStatistics());
  ARROW_ASSIGN_OR_RAISE(out->null_counts_, ReadPage(file, *own, "null_count", arrow::int64()));
  ARROW_ASSIGN_OR_RAISE(out->least_, ReadPage(file, *own, "min_value", type));
  ARROW_ASSIGN_OR_RAISE(out->greatest_, ReadPage(file, *own, "max_value", type));
  return out;
}

bool PageStatistics::MayHold(size_t batch, const ValueCondition& condition) const {
  if (condition.number() != nullptr) return MayHoldNumber(batch, *condition.number());
  return MayHoldText(batch, *condition.text());
}

bool PageStatistics::MayHoldNumber(size_t batch, const NumberCondition& condition) const {
  using Wide = NumberCondition::Wide;
  const int width = condition.width();
  const bool is_float = condition.order() == NumberCondition::Order::kFloat;
  if (arrow::is_base_binary_like(least_->type_id()) ||
      PlainBits(*least_->type()) != 8 * int64_t{width} || (is_float && width < 4)) {
    return true;
  }
  auto at = [&](const arrow::Array& array) {
    return condition.WideOf(array.data()->GetValues<uint8_t>(1, 0) +
                            static_cast<size_t>(array.offset()) * static_cast<size_t>(width) +
                            batch * static_cast<size_t>(width));
  };
  auto may_lie = [&](Wide low, Wide high) { return condition.AnswerWithin(low, high) != false; };
  if (may_lie(at(*least_), at(*greatest_))) return true;
  const auto& null_counts = static_cast<const arrow::Int64Array&>(*null_counts_);
  if (null_counts.Value(static_cast<int64_t>(batch)) != 0 && may_lie(0, 0)) return true;
  if (!is_float) return false;
  // Any NaN, of either sign.
  const Wide end = Wide{1} << (8 * width - 1);
  const Wide infinity =
      width == 8 ? Wide{NumberCondition::PlaceOf(std::numeric_limits<double>::infinity())}
                 : Wide{NumberCondition::PlaceOf(std::numeric_limits<float>::infinity())};
  return may_lie(infinity + 1, end - 1) || may_lie(-end, -infinity - 2);
}

bool PageStatistics::MayHoldText(size_t batch, const TextCondition& condition) const {
  if (!arrow::is_base_binary_like(least_->type_id())) return true;
  const bool is_large = arrow::is_large_binary_like(least_->type_id());
  auto at = [&](const arrow::Array& array) {
    return is_large ? TextAt<arrow::LargeBinaryArray>(array, batch)
                    : TextAt<arrow::BinaryArray>(array, batch);
  };
  return condition.AnswerWithin(at(*least_), at(*greatest_)) != false;
}

}  // namespace lancea::v0_1
