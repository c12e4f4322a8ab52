// Names of types in SQL -> Arrow types.
#pragma once

#include <string>

#include "lancea/expr/typed.h"

namespace lancea {

/// \param name  in lower case with its numbers: "decimal(5,2)", "int unsigned", "timestamp(3)"
/// \return InvalidInput, with the nearest name, for what is none
arrow::Result<TypePointer> TypeOfSqlName(const std::string& name);

}  // namespace lancea
