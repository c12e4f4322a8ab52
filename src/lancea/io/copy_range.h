// Bytes of one object into another, whatever their number.
#pragma once

#include "arrow/status.h"
#include "lancea/object_store.h"

namespace lancea {

/// Append `range` of `from` to `to`; a few MiB are in memory at a time.
arrow::Status CopyRange(ObjectReader* from, ByteRange range, ObjectWriter* to);

}  // namespace lancea
