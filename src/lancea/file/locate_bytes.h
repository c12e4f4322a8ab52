// What a range of bytes of a data file is part of, for messages about damage.
#pragma once

#include <memory>
#include <string>

#include "lancea/object_store.h"

namespace lancea {

/// Names the columns, pages and buffers that `range` overlaps, or the part of the metadata; reads all
/// column metadata. Bytes that cannot be made sense of are named by that.
///
///   column "doc.text", page 3, buffer 1; column "id", page 0, buffer 0
std::string LocateBytes(const std::shared_ptr<ObjectReader>& object, ByteRange range);

}  // namespace lancea
