// Rows as users give them, turned into what data files store.
//
//   given                                   stored
//   extension array                         its storage
//   utf8_view, binary_view                  utf8, binary
//   text of a lance.json / arrow.json field JSONB in large_binary
//   struct with fields in any order         fields in the table's order
//   blob v2                                 descriptions; the bytes go elsewhere (blob_v2_writer.h)
//
// Arrays that are already what is stored are passed on as they are.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/schema.h"

namespace lancea {

class BlobV2Writer;

/// \param rows    of a type that SchemaOfNewTable or SchemaOfAppendedRows accepted for `field`
/// \param field   of the table, cut to what the rows bring
/// \param stored  as the data file has the field (SchemaInDataFiles)
/// \param blobs   takes the bytes of blob v2 columns; nullptr when there are none
/// \return InvalidInput naming the column for text that is not JSON
arrow::Result<std::shared_ptr<arrow::Array>> ToStored(std::shared_ptr<arrow::Array> rows,
                                                      const Field& field,
                                                      const std::shared_ptr<arrow::Field>& stored,
                                                      BlobV2Writer* blobs, arrow::MemoryPool* pool);

}  // namespace lancea
