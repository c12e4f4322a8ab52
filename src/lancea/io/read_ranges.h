// One vectored read of many ranges of one object.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "arrow/util/type_fwd.h"
#include "lancea/io/mapped_file.h"
#include "lancea/metrics.h"
#include "lancea/object_store.h"

namespace lancea {

struct ReadOptions {
  uint64_t block_size = 4 * 1024;                    ///< bytes; see Coalesce
  uint64_t max_iop_size = uint64_t{16} << 20;        ///< bytes; LANCE_MAX_IOP_SIZE
  arrow::internal::Executor* io_executor = nullptr;  ///< nullptr: Arrow's I/O pool
  int32_t priority = 0;                              ///< of reads among others; lower is sooner
  IoCounters* counters = nullptr;                    ///< counted when set
  ResidentPages* resident = nullptr;                 ///< told of views of mapped files when set
  arrow::StopToken stop_token = arrow::StopToken::Unstoppable();
};

/// How to read objects of `store`: its block size, the settings of the process, and `host_executor` or,
/// when that is nullptr, DefaultIoExecutor.
ReadOptions ReadOptionsFor(const ObjectStore& store, arrow::internal::Executor* host_executor);

/// Read `ranges`; result i belongs to ranges[i].
/// Objects in memory give views on the calling thread. Others are read coalesced, several reads at a
/// time on the I/O executor. The calling thread reads too, so that the call ends even when the executor
/// refuses, is busy or is the one that runs the caller; every read has ended when it returns. The first
/// error or a stop request skips what has not begun.
/// \return IOError naming the object when a range passes its end or the store gives fewer bytes
arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadRanges(
    ObjectReader& object, std::span<const ByteRange> ranges, const ReadOptions& options);

}  // namespace lancea
