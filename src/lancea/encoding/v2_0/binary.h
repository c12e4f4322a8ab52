// binary: strings and byte strings of any length.
//
//   binary{indices, bytes, null_adjustment}
//     indices  u64 for each row: where its bytes end, counted from the page's first byte; the leading 0 is
//              not stored. A null row has null_adjustment (total bytes + 1) added to it.
//     bytes    flat, 8 bits per value, possibly compressed
//   row i = bytes[end(i - 1) .. end(i)),  null iff index(i) >= null_adjustment
//
// A read takes two steps, the indices and then exactly the bytes they name, unless it wants the whole
// page, which takes one. Bytes in one piece are not copied.
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

/// \param type  string, binary, large_string or large_binary, whatever the writer had
arrow::Result<std::unique_ptr<ArrayDecoder>> MakeBinary(const pb::Binary& binary,
                                                        const std::shared_ptr<arrow::DataType>& type,
                                                        uint64_t num_rows, const PageContext& context);

}  // namespace lancea::v2_0
