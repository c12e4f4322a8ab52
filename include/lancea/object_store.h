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

/// One object being written. Nobody sees it before Finish; one that is dropped without Finish is aborted.
/// Not thread-safe.
class LANCEA_EXPORT ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;

  /// Append bytes. An error leaves the object unfinishable: Abort it.
  virtual arrow::Status Write(std::span<const uint8_t> bytes) = 0;

  /// Append buffers one after another; the default calls Write for each.
  virtual arrow::Status WriteMany(std::span<const std::shared_ptr<arrow::Buffer>> buffers);

  /// Bytes written so far.
  virtual uint64_t position() const = 0;

  /// Make the object visible under its path and, where the store can promise it, durable.
  virtual arrow::Status Finish() = 0;

  /// Give up: nothing stays behind. Does nothing after Finish.
  virtual arrow::Status Abort() = 0;
};

/// What a listing says of one object.
struct ObjectInfo {
  std::string path;   ///< full path, usable with Open
  uint64_t size = 0;  ///< bytes
  bool is_directory = false;
  int64_t modified_nanos = 0;  ///< time of the last change, ns since the epoch UTC; 0: not known
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

  /// The objects and directories directly below `path`; empty if there is no such directory. Sizes and
  /// times only where they come with the names: on local disks they would cost a system call each.
  virtual arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) = 0;

  /// The same with sizes and times wherever the store knows them; the default calls List.
  virtual arrow::Result<std::vector<ObjectInfo>> ListWithDetails(const std::string& path);

  // Writing. A store that is only read may leave these as they are: they answer Unsupported. -------

  /// Begin a new object; an old one of that name is replaced at Finish. Directories are made as needed.
  virtual arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path);

  /// Write a small object whole, replacing an old one atomically.
  virtual arrow::Status Put(const std::string& path, std::span<const uint8_t> bytes);

  /// Put without waiting for the disk: after a power cut the object may be missing or the old one. For
  /// what others can do without.
  virtual arrow::Status PutRelaxed(const std::string& path, std::span<const uint8_t> bytes) {
    return Put(path, bytes);
  }

  /// Write a small object whole if there is none of that name, durably. Of any number of callers, in
  /// any number of processes, exactly one succeeds; readers see it whole or not at all.
  /// \return AlreadyExists when there is one; Unsupported when the store cannot promise that
  virtual arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes);

  /// Remove one object.
  /// \return NotFound if there is none
  virtual arrow::Status Delete(const std::string& path);

  /// Remove a directory with everything below it; none is no error.
  virtual arrow::Status DeleteDirectory(const std::string& path);

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
