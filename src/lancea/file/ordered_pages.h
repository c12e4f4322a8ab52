// Pages encoded on many threads and written in the order they were added.
//
// A page added is handed to the executor and written once all before it are. The bytes of pages that
// wait are bounded; over the bound the calling thread writes the first, and while another thread still
// encodes that one it encodes the largest that nobody has begun. So it always gets on, whatever the executor
// does, and the order of the file's bytes never depends on threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "arrow/util/type_fwd.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/util/claimed_task.h"

namespace lancea {

/// Not thread-safe: one thread adds and drains.
class OrderedPages {
 public:
  /// Called with the column given to Add, in order.
  using Write = std::function<arrow::Status(int column, EncodedPage page)>;

  /// \param executor   nullptr: everything on the calling thread, at once
  /// \param max_bytes  of pages waiting; one page may always wait
  OrderedPages(arrow::internal::Executor* executor, uint64_t max_bytes, Write write);
  ~OrderedPages() { Abandon(); }

  /// Add a page; writes what is ready.
  arrow::Status Add(int column, PendingPage page);

  /// Write all that was added.
  arrow::Status Drain();

  /// Bytes of memory that pages not written yet hold.
  uint64_t waiting_bytes() const { return waiting_bytes_; }

  /// Forget what was not written; returns when no thread works on it any more.
  void Abandon();

 private:
  using Task = ClaimedTask<std::vector<EncodedPage>>;
  struct Waiting {
    int column;
    uint64_t bytes;
    std::shared_ptr<Task> task;
  };
  arrow::Status WriteFirst();

  arrow::internal::Executor* const executor_;
  const uint64_t max_bytes_;
  const Write write_;
  std::deque<Waiting> waiting_;
  uint64_t waiting_bytes_ = 0;
};

}  // namespace lancea
