#include "lancea/file/check_nulls.h"

#include <algorithm>
#include <string>

#include "arrow/array.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// One level on the way from the top: slots of `array` belong to slots of the parent.
struct Level {
  const arrow::Array* array;
  const Level* parent;  // nullptr at the top

  // The parent's slot that holds slot i here, or -1 when none does.
  int64_t ParentSlot(int64_t i) const {
    const arrow::Array& above = *parent->array;
    switch (above.type_id()) {
      case arrow::Type::FIXED_SIZE_LIST:
        return i / static_cast<const arrow::FixedSizeListArray&>(above).list_type()->list_size();
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return ListSlot<arrow::ListArray>(above, i);
      case arrow::Type::LARGE_LIST:
        return ListSlot<arrow::LargeListArray>(above, i);
      default:
        return i;
    }
  }

  // Slot i is seen: it belongs to a row, and nothing above it is null. Sets *row.
  bool Visible(int64_t i, int64_t* row) const {
    const Level* level = this;
    while (level->parent != nullptr) {
      i = level->ParentSlot(i);
      level = level->parent;
      if (i < 0 || i >= level->array->length() || level->array->IsNull(i)) return false;
    }
    *row = i;
    return true;
  }

  template <typename ListArray>
  static int64_t ListSlot(const arrow::Array& above, int64_t i) {
    const auto& lists = static_cast<const ListArray&>(above);
    const auto* begin = lists.raw_value_offsets();
    return std::upper_bound(begin, begin + lists.length() + 1, i) - begin - 1;
  }
};

struct Check {
  int64_t first_row;

  arrow::Status Run(const Level& level, const arrow::Field& field, const std::string& path) const {
    const arrow::Array& array = *level.array;
    if (!field.nullable() && array.null_count() > 0) {
      for (int64_t i = 0; i < array.length(); ++i) {
        int64_t row;
        if (array.IsNull(i) && level.Visible(i, &row)) {
          return InvalidInput("column \"", path, "\" is not nullable, but row ", first_row + row,
                              " is null: it contained null values although none are allowed");
        }
      }
    }
    switch (array.type_id()) {
      case arrow::Type::STRUCT: {
        const auto& parent = static_cast<const arrow::StructArray&>(array);
        for (int i = 0; i < std::min(parent.num_fields(), field.type()->num_fields()); ++i) {
          const auto child = parent.field(i);
          ARROW_RETURN_NOT_OK(RunChild(level, *child, *field.type()->field(i), path));
        }
        return arrow::Status::OK();
      }
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return RunChild(level, *static_cast<const arrow::ListArray&>(array).values(),
                        *field.type()->field(0), path);
      case arrow::Type::LARGE_LIST:
        return RunChild(level, *static_cast<const arrow::LargeListArray&>(array).values(),
                        *field.type()->field(0), path);
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto& lists = static_cast<const arrow::FixedSizeListArray&>(array);
        const int64_t width = lists.list_type()->list_size();
        if (width == 0) return arrow::Status::OK();
        const auto items = lists.values()->Slice(lists.offset() * width, lists.length() * width);
        return RunChild(level, *items, *field.type()->field(0), path);
      }
      default:
        return arrow::Status::OK();
    }
  }

  arrow::Status RunChild(const Level& parent, const arrow::Array& child, const arrow::Field& field,
                         const std::string& path) const {
    return Run({&child, &parent}, field, path + "." + field.name());
  }
};

// Nothing at any depth forbids nulls: the common case.
bool ForbidsNulls(const arrow::Field& field) {
  if (!field.nullable()) return true;
  for (const auto& child : field.type()->fields()) {
    if (ForbidsNulls(*child)) return true;
  }
  return false;
}

}  // namespace

arrow::Status CheckNulls(const arrow::Array& array, const arrow::Field& field, int64_t first_row) {
  if (!ForbidsNulls(field)) return arrow::Status::OK();
  return Check{first_row}.Run({&array, nullptr}, field, field.name());
}

}  // namespace lancea
