// Blob columns on their way from one data file to another: descriptions become what a writer takes.
//
//   v1                       large_binary, the bytes
//   v2 inline, packed,
//      dedicated, managed    {data: the bytes}
//   v2 external              {uri, [position, size]}: the object stays where it is
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/schema.h"

namespace lancea {

/// True if the field is a blob column or has one inside.
bool HoldsBlobs(const Field& field);

/// Add the bytes of blobs that each row describes and that have to be copied.
/// \param rows   of `field` as stored
/// \param bytes  one number for each row
void AddBlobBytes(const Field& field, const arrow::Array& rows, std::span<uint64_t> bytes);

/// `rows` of `field` as stored, with every description replaced by what the writer takes.
/// \param fragment  the rows are of
arrow::Result<std::shared_ptr<arrow::Array>> BlobsAsGiven(const Dataset::Impl& dataset,
                                                          const FragmentMetadata& fragment,
                                                          const Field& field,
                                                          const std::shared_ptr<arrow::Array>& rows,
                                                          const ReadOptions& options);

}  // namespace lancea
