// From descriptions of blobs to their bytes.
//
// A blob column decodes to descriptions; the bytes are read only when asked for.
//
//   v1  struct<position: u64, size: u64>, both in the data file that holds the description;
//       size 0: empty at position 0, null anywhere else
//   v2  struct<kind: u8, position: u64, size: u64, blob_id: u32, blob_uri: utf8>
//       kind 0  inline             in the data file itself
//            1  packed             in the data file's sidecar `blob_id`
//            2  dedicated          the whole sidecar `blob_id` from its first byte
//            3  external           at `blob_uri`: absolute when blob_id is 0, else below that base path;
//                                  size 0 means up to the end of the object
//            4  managed            at `blob_uri` below the root the data file belongs to
//            5  managed with base  at `blob_uri` below base path `blob_id`
//
//   sidecar: {data file without .lance}/{blob_id, its 32 bits from the lowest up}.blob, beside the
//   data file: id 2 of data/abc.lance is data/abc/01000000000000000000000000000000.blob
//
// Of mapped files the bytes are views, not copies.
// Source: files written by pylance 14.0.2.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/fragment.h"
#include "lancea/io/read_ranges.h"
#include "lancea/object_store.h"

namespace lancea {

/// The bytes of one blob for each row; nullptr where it is null.
using Blobs = std::vector<std::shared_ptr<arrow::Buffer>>;

/// Path of a sidecar relative to the directory of its data file.
std::string BlobSidecarPath(const std::string& data_file_path, uint32_t blob_id);

/// Read blobs that v1 descriptions locate in `object`.
/// \return Corrupt when `descriptions` is no such struct, IOError when a blob passes the object's end
arrow::Result<Blobs> ReadBlobsOfFile(ObjectReader& object, const arrow::Array& descriptions,
                                     const ReadOptions& options);

/// Read blobs of a table, v1 or v2.
/// \param files  files[i] holds the description of row i
/// \return Corrupt for a description that no writer makes
arrow::Result<Blobs> ReadBlobs(const Dataset::Impl& dataset, const arrow::Array& descriptions,
                               std::span<const DataFile* const> files, const ReadOptions& options);

/// The data file of a fragment that stores a field, or nullptr.
const DataFile* DataFileOfField(const FragmentMetadata& fragment, int32_t field_id);

/// `array`, of a column described by `field` and decoded as stored, with every description inside it
/// replaced by a large_binary value: the bytes.
arrow::Result<std::shared_ptr<arrow::Array>> DescriptionsToBytes(
    const Dataset::Impl& dataset, const FragmentMetadata& fragment, const Field& field,
    const std::shared_ptr<arrow::Array>& array, const ReadOptions& options);

/// Copy blobs into one large_binary array.
arrow::Result<std::shared_ptr<arrow::Array>> BlobsToArray(const Blobs& blobs,
                                                          arrow::MemoryPool* pool);

}  // namespace lancea
