// Where the new data files of a table go.
#pragma once

#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/transaction.h"
#include "lancea/write.h"
#include "lancea/write/fragment_writer.h"
#include "lancea/write/write_context.h"

namespace lancea {

/// The table's own data directory.
FileTarget OwnFileTarget(const WriteContext& context);

/// The directories of bases, to be used in turn; the table's own when none is named.
/// \param names  of bases, or their paths; the table's URI is its own directory
/// \return InvalidInput for a name that is not among `bases`
arrow::Result<std::vector<FileTarget>> FileTargets(const WriteContext& context,
                                                   const std::vector<std::string>& names,
                                                   const std::vector<BasePath>& bases);

/// The directories of all bases, to be used in turn, by id; the table's own goes first.
/// \return InvalidInput when there are none
arrow::Result<std::vector<FileTarget>> AllFileTargets(const WriteContext& context, AllBases which,
                                                      std::vector<BasePath> bases);

}  // namespace lancea
