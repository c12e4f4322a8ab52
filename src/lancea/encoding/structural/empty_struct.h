// A struct of no fields: a leaf that holds a number of rows and nothing else.
//
// pylance gives it a column whose page has no buffers. 2.1 and 2.2 write ConstantLayout with one
// nullable item, whatever lies above the leaf, and no value, which for other types means null; 2.3
// writes an all-valid layer for each struct down to the leaf, and no values. Either way every row is a
// valid struct: no version stores one that is null, below a null, or inside a list.
// Source: bytes of pylance 14.0.2.
#pragma once

#include <memory>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/structural/encoded_page_body.h"
#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/level_builder.h"
#include "lancea/encoding/structural/page.h"

namespace lancea {

bool IsEmptyStruct(const arrow::DataType& type);

/// \param leaf  an empty struct below structs only
std::unique_ptr<StructuralPage> MakeEmptyStructPage(std::shared_ptr<const Leaf> leaf);

/// \param dimensions  of the leaf's layers, see leaf.h
/// \return InvalidInput when anything is null
arrow::Result<PageBody> EncodeEmptyStruct(const PageLevels& levels,
                                          std::span<const int64_t> dimensions,
                                          const EncodingOptions& options, arrow::MemoryPool* pool);

}  // namespace lancea
