// A read in steps: plan, supply, decode.
//
// A task names the byte ranges it needs, is handed exactly those bytes, may then name more (the rows
// of a list's child are known only once its offsets are), and in the end decodes to Arrow. A task
// owns no thread, no future and no file, so it can be driven by any scheduler, tested with a byte
// string, run on any thread and fuzzed. One driver gathers the needs of many tasks (all columns of a
// batch) into one coalesced vectored read per step.
//
//   while (!task->needs().empty()) task->Supply(read(task->needs()));
//   column = task->Finish();
//
// Not thread-safe; different tasks may run on different threads at once. A task refers to the
// immutable reader that made it: the reader must outlive it.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/io/row_range.h"

namespace lancea {

class ReadTask {
 public:
  virtual ~ReadTask() = default;

  /// Byte ranges wanted next, absolute in the file, in any order, overlaps allowed. Empty: all bytes
  /// are here, call Finish.
  virtual const std::vector<ByteRange>& needs() const = 0;

  /// Hand over the bytes of needs(), one buffer per range, each exactly as long as its range.
  /// Afterwards needs() names what the next step wants. Buffers may be views of a memory map; the
  /// task may keep them alive inside what it returns.
  virtual arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) = 0;

  /// Decode. Called once, when needs() is empty.
  /// \return one array per element; concatenated they are the rows asked for, in order. Several
  ///   arrays (for example one per page) spare a copy where the consumer accepts chunks.
  virtual arrow::Result<arrow::ArrayVector> Finish() = 0;

  /// Append the pages of which values are read, as FieldReader::num_pages() counts them. For measuring;
  /// complete once needs() is empty.
  virtual void AppendPagesRead(std::vector<uint64_t>*) const {}
};

}  // namespace lancea
