#include "lancea/expr/kernels/same_value.h"

#include <cstring>

#include "arrow/array/array_base.h"
#include "arrow/array/array_binary.h"
#include "arrow/array/array_primitive.h"
#include "arrow/buffer.h"
#include "arrow/compare.h"
#include "arrow/type.h"

namespace lancea {
namespace {

const uint8_t* BytesOf(const arrow::Array& array, int64_t width) {
  const auto& buffer = array.data()->buffers[1];
  return buffer == nullptr ? nullptr : buffer->data() + array.offset() * width;
}

}  // namespace

SameValue::SameValue(const arrow::Array& left, const arrow::Array& right)
    : left_(left), right_(right) {
  const arrow::Type::type id = left.type_id();
  if (id == arrow::Type::BOOL) {
    way_ = Way::kBits;
  } else if (id == arrow::Type::STRING || id == arrow::Type::BINARY) {
    way_ = Way::kText;
  } else if (id == arrow::Type::LARGE_STRING || id == arrow::Type::LARGE_BINARY) {
    way_ = Way::kLargeText;
  } else if (arrow::is_primitive(id) || arrow::is_decimal(id) ||
             id == arrow::Type::FIXED_SIZE_BINARY) {
    way_ = Way::kBytes;
    width_ = left.type()->byte_width();
    left_bytes_ = BytesOf(left, width_);
    right_bytes_ = BytesOf(right, width_);
  }
}

bool SameValue::operator()(int64_t left_index, int64_t right_index) const {
  const bool left_valid = left_.IsValid(left_index);
  if (left_valid != right_.IsValid(right_index)) return false;
  if (!left_valid) return true;
  switch (way_) {
    case Way::kBytes:
      return std::memcmp(left_bytes_ + left_index * width_, right_bytes_ + right_index * width_,
                         static_cast<size_t>(width_)) == 0;
    case Way::kBits:
      return static_cast<const arrow::BooleanArray&>(left_).Value(left_index) ==
             static_cast<const arrow::BooleanArray&>(right_).Value(right_index);
    case Way::kText:
      return static_cast<const arrow::BinaryArray&>(left_).GetView(left_index) ==
             static_cast<const arrow::BinaryArray&>(right_).GetView(right_index);
    case Way::kLargeText:
      return static_cast<const arrow::LargeBinaryArray&>(left_).GetView(left_index) ==
             static_cast<const arrow::LargeBinaryArray&>(right_).GetView(right_index);
    case Way::kAny:
      break;
  }
  return left_.RangeEquals(
      left_index, left_index + 1, right_index, right_,
      arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false));
}

}  // namespace lancea
