// Logical type text: how a field's type is written in manifests and files.
//
//   null bool int8..int64 uint8..uint64 halffloat float double string large_string binary
//   large_binary date32:day  date64:ms  time32:{s|ms}  time64:{us|ns}  duration:{unit}
//   timestamp:{unit}:{tz or -} decimal:{128|256}:{precision}:{scale}  fixed_size_binary:{width}
//   fixed_size_list:{element}:{dimension}   the element text may itself hold ':'
//   fixed_size_list:lance.bfloat16:{dimension}
//   dict:{value}:{index}:false              neither part holds ':'
//   json, blob                              stored as large binary
//   struct  list  list.struct  large_list  large_list.struct  map
//   fixed_size_list:struct:{dimension}
//
// The last line's types have child fields, so their Arrow type is built in field.h; all others are
// whole in the text.
// Source: table.proto Field.logical_type and the texts pylance 14.0.2 writes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// The levels of nesting a schema may have; Arrow's C data interface allows as many.
constexpr int kMaxSchemaDepth = 64;

/// What makes a logical type take child fields.
enum class NestedKind { kNone, kStruct, kList, kLargeList, kFixedSizeList, kMap };

/// How a logical type nests. kFixedSizeList only for lists of structs: other fixed-size lists have
/// no child field.
NestedKind NestedKindOf(std::string_view logical_type);

/// The number of elements per value of a `fixed_size_list:{element}:{dimension}` text.
arrow::Result<int32_t> FixedSizeListDimension(std::string_view logical_type);

/// The Arrow type of a logical type without child fields.
/// \return Corrupt when the text is malformed, Unsupported when its first word is not known
arrow::Result<std::shared_ptr<arrow::DataType>> ParseLogicalType(std::string_view logical_type);

/// The logical type text of an Arrow storage type; nested types give their first word only.
/// \return InvalidInput for types the format cannot store
arrow::Result<std::string> FormatLogicalType(const arrow::DataType& type);

}  // namespace lancea
