// Types as arrow_cast names them: 'Int64', 'Timestamp(Microsecond, None)', 'FixedSizeList(32, Float32)',
// 'List(Utf8)', 'Decimal128(10, 2)', in any case of letters.
#pragma once

#include <string_view>

#include "lancea/expr/typed.h"

namespace lancea {

/// \return InvalidInput for what is no such name, or nested too deep
arrow::Result<TypePointer> TypeOfArrowName(std::string_view name);

}  // namespace lancea
