// Ctrl-C stops what is written, which takes its files away; then the process ends by the signal after all.
#pragma once

#include <csignal>

#include "arrow/util/cancel.h"

namespace lancea::cli {

class StopOnInterrupt {
 public:
  arrow::Result<arrow::StopToken> Begin() {
    ARROW_ASSIGN_OR_RAISE(arrow::StopSource * source, arrow::SetSignalStopSource());
    ARROW_RETURN_NOT_OK(arrow::RegisterCancellingSignalHandler({SIGINT, SIGTERM}));
    return source->token();
  }
  ~StopOnInterrupt() {
    arrow::UnregisterCancellingSignalHandler();
    arrow::ResetSignalStopSource();
  }
};

/// End by the signal when `status` says that it stopped the work.
inline void RaiseIfInterrupted(const arrow::Status& status) {
  if (!status.IsCancelled()) return;
  std::signal(SIGINT, SIG_DFL);
  std::raise(SIGINT);
}

}  // namespace lancea::cli
