// Keys that are structs or lists as keys that are bytes: two are equal when their bytes are, nulls inside
// included. Hashes, groups and joins then need to know text only.
//
//   value      0: null; 1, then what it is
//   number     its bytes as Arrow has them, of true and false 1 and 0
//   text       u64 length, the bytes
//   struct     its fields one after another
//   list, map  u64 number of items, the items
//
//   {a: 7 (i32), b: null}   1  1 07 00 00 00  0
//
// A row whose key is null has no bytes: it is null here too.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// True for structs, lists and maps, whatever they hold.
bool IsNestedKey(const arrow::DataType& type);

/// True if every leaf is a number, a time or text.
bool IsKeyType(const arrow::DataType& type);

/// \param keys  of a nested type that IsKeyType
/// \param type  to compare them in: fields of structs are brought into its order, leaves cast to its leaves
arrow::Result<std::shared_ptr<arrow::Array>> NestedKeysAsBytes(
    const std::shared_ptr<arrow::Array>& keys, const arrow::DataType& type,
    arrow::MemoryPool* pool);

/// One key for a message: "{a:7,b:}".
/// \param bytes  as NestedKeysAsBytes made them of a key of `type`
std::string FormatNestedKey(const std::shared_ptr<arrow::DataType>& type, std::string_view bytes);

}  // namespace lancea
