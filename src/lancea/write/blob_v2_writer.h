// Blob v2 columns on their way into a data file: bytes go where their size says, descriptions (blobs.h)
// take their place in the column.
//
//   up to 64 KiB   inline      in the data file, outside of any page
//   up to 4 MiB    packed      into a sidecar shared by many, up to 1 GiB each
//   larger         dedicated   a sidecar of its own
//   given by URI   external    below a registered base path, or absolute where that is allowed; or copied
//                              in, then as above
//
// The three bounds can be set by metadata of the field. Sidecars are complete and durable before the data
// file is finished.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/object_store.h"
#include "lancea/schema.h"
#include "lancea/transaction.h"
#include "lancea/write.h"

namespace lancea {

struct BlobWriteOptions {
  /// What may be referred to by URI.
  std::vector<BasePath> bases;
  bool allow_outside_bases = false;
  ExternalBlobMode external = ExternalBlobMode::kReference;
  /// Finds what a URI names; needed to copy it.
  std::function<arrow::Result<StoreAndPath>(const std::string& uri)> resolve;
  /// In place of what fields say.
  std::optional<uint64_t> pack_file_bytes;
};

/// Writes all blob columns of one data file. Not thread-safe.
class BlobV2Writer {
 public:
  /// \param directory  where the data file lies
  /// \param data_file  its name, with ".lance"
  /// \param inline_blobs  outlives this
  BlobV2Writer(std::shared_ptr<ObjectStore> store, std::string directory, std::string data_file,
               OutOfLineWriter* inline_blobs, const BlobWriteOptions& options);
  ~BlobV2Writer();

  /// Store the blobs of some rows.
  /// \param rows   struct<data: large_binary, uri: utf8, [position: u64, size: u64]>, or its extension
  /// \param field  of the table, for its name and bounds
  /// \return their descriptions. InvalidInput naming column and row for what is no blob
  arrow::Result<std::shared_ptr<arrow::Array>> Write(const std::shared_ptr<arrow::Array>& rows,
                                                     const Field& field, arrow::MemoryPool* pool);

  /// Finish the sidecars. \return their full paths
  arrow::Result<std::vector<std::string>> Finish();

  /// Full paths of the sidecars begun so far.
  const std::vector<std::string>& sidecars() const { return sidecars_; }

 private:
  struct Descriptor;
  class Source;
  arrow::Result<Descriptor> Store(const Source& source, const Field& field);
  arrow::Result<Source> OpenExternal(const std::string& uri, std::optional<ByteRange> range) const;
  arrow::Result<Descriptor> Refer(const std::string& uri) const;
  arrow::Result<std::unique_ptr<ObjectWriter>> BeginSidecar(uint32_t* blob_id);

  const std::shared_ptr<ObjectStore> store_;
  const std::string directory_;
  const std::string data_file_;
  OutOfLineWriter* const inline_blobs_;
  const BlobWriteOptions options_;
  uint32_t next_blob_id_ = 1;
  std::unique_ptr<ObjectWriter> pack_;
  uint32_t pack_id_ = 0;
  std::vector<std::string> sidecars_;
};

}  // namespace lancea
