// Functions of users in SQL expressions.
#pragma once

#include <memory>
#include <string>

#include "arrow/status.h"
#include "lancea/export.h"

namespace arrow::compute {
class Function;
}

namespace lancea {

/// Make `function` known to SQL as `name`, in any case of letters: in filters, projections and updates.
/// It must be a scalar function; types of arguments are matched as Arrow's dispatch does. A function of
/// this name registered before is replaced, one of SQL's own is hidden. Thread-safe.
///
/// \param name  a SQL name: letters, digits and `_`, not beginning with a digit
/// \return InvalidInput for other names, and for functions that are not scalar
LANCEA_EXPORT arrow::Status RegisterFunction(const std::string& name,
                                             std::shared_ptr<arrow::compute::Function> function);

}  // namespace lancea
