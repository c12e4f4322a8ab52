// One value of an Arrow array as text.
//
//   JSON   numbers and booleans bare, nested values as arrays and objects, maps as arrays of
//          {"key", "value"}, bytes as base64, times, decimals and everything else as quoted text;
//          NaN and infinities are null, which JSON has no other word for
//   plain  the same without quotes around a text; null is empty
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"

namespace lancea::cli {

void AppendJson(const arrow::Array& array, int64_t row, std::string* out);
void AppendPlain(const arrow::Array& array, int64_t row, std::string* out);

/// `"key":number`, with a comma before it unless it opens an object.
void AppendJsonMember(std::string_view key, uint64_t number, std::string* out);

/// `text` in double quotes with everything escaped that JSON wants escaped.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace lancea::cli
