// Blob pages (field metadata lance-encoding:blob): the page holds where each blob lies, not the blob.
//
// The inner layout is that of a packed struct (u64 position, u64 size), non-null; the real layers stand
// beside it. A description tells its own levels:
//   size 0, position 0      an empty blob
//   size 0, position != 0   null: position = definition level << 16 | repetition level
//   otherwise               `size` bytes at absolute file offset `position`
// Source: encodings_v2_1.proto BlobLayout and bytes of pylance 14.0.2.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/structural/repdef_layers.h"

namespace lancea {

/// The struct<position: uint64, size: uint64> that a blob column decodes to.
const std::shared_ptr<arrow::DataType>& BlobDescriptionType();

/// True for such a struct, whatever its fields are called.
bool IsBlobDescription(const arrow::DataType& type);

/// \param inner  page of descriptions with the single layer kAllValidItem
std::unique_ptr<StructuralPage> MakeBlobPage(std::unique_ptr<StructuralPage> inner,
                                             RepDefLayers layers);

}  // namespace lancea
