// Where bytes live. A host may bring its own store; Lancea has local files, memory and every
// arrow::fs scheme (s3, gs, abfs).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/export.h"

namespace lancea {

/// `length` bytes of one object from absolute `offset` on.
struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

/// One immutable object open for reading. Thread-safe.
class LANCEA_EXPORT ObjectReader {
 public:
  virtual ~ObjectReader() = default;

  /// Size of the object in bytes.
  virtual uint64_t size() const = 0;

  /// The path it was opened by, for messages.
  virtual const std::string& path() const = 0;

  /// Read one range.
  /// \return exactly range.length bytes; IOError when the range passes the end of the object
  virtual arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) = 0;

  /// Read several ranges; result i belongs to ranges[i]. The default calls ReadAt for each.
  virtual arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(
      std::span<const ByteRange> ranges);

  /// True when reads are views of memory (a mapped file): they cost nothing, so nothing is gained by
  /// coalescing them or by handing them to another thread.
  virtual bool is_memory() const { return false; }
};

/// What a listing says of one object.
struct ObjectInfo {
  std::string path;   ///< full path, usable with Open
  uint64_t size = 0;  ///< bytes
  bool is_directory = false;
};

/// A flat store of objects named by '/'-separated paths. Thread-safe.
class LANCEA_EXPORT ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Open an object for reading.
  /// \param size  its size in bytes when known (spares a request), 0 when not
  /// \return NotFound if there is none
  virtual arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                            uint64_t size = 0) = 0;

  /// The objects and directories directly below `path`; empty if there is no such directory.
  virtual arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) = 0;

  /// True if a listing of names returns them in lexical order at no extra cost, false on local disks.
  virtual bool lists_in_order() const { return false; }

  /// True for stores on this machine: small reads are cheap and are not coalesced far apart.
  virtual bool is_local() const { return false; }

  /// Bytes between two ranges up to which one larger request beats two (4 KiB local, 64 KiB cloud).
  virtual uint64_t block_size() const { return is_local() ? 4 * 1024 : 64 * 1024; }
};

/// The store and the path inside it that a URI names: a plain path or file:// is local, memory://
/// lives in this process, anything else is asked of arrow::fs.
/// \param storage_options  keys as pylance takes them (region, endpoint, access_key_id ...)
struct StoreAndPath {
  std::shared_ptr<ObjectStore> store;
  std::string path;
};

}  // namespace lancea
