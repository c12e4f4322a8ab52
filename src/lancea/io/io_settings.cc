#include "lancea/io/io_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "arrow/io/interfaces.h"
#include "arrow/util/thread_pool.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxIoThreads = 4096;  // more is a typing error, not a wish
constexpr int kRemoteIoThreads = 64;      // what pylance allows a cloud store

arrow::Result<std::optional<uint64_t>> Number(const std::function<const char*(const char*)>& lookup,
                                              const char* name) {
  const char* text = lookup(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end) {
    return InvalidInput(name, " must be a whole number, got \"", text, "\"");
  }
  return value;
}

// nullptr when the pool cannot be made; nothing is started here. Eternal: a static pool must not join its
// threads at exit.
std::shared_ptr<arrow::internal::Executor> MakePool(int threads) {
  return arrow::internal::ThreadPool::MakeEternal(threads).ValueOr(nullptr);
}

}  // namespace

arrow::Result<IoSettings> ParseIoSettings(const std::function<const char*(const char*)>& lookup) {
  IoSettings settings;
  ARROW_ASSIGN_OR_RAISE(auto threads, Number(lookup, "LANCE_IO_THREADS"));
  if (threads.has_value()) {
    if (*threads > kMaxIoThreads) {
      return InvalidInput("LANCE_IO_THREADS must be at most ", kMaxIoThreads, ", got ", *threads);
    }
    settings.io_threads = std::max(1, static_cast<int>(*threads));
  }
  ARROW_ASSIGN_OR_RAISE(auto iop_size, Number(lookup, "LANCE_MAX_IOP_SIZE"));
  if (iop_size.has_value()) {
    if (*iop_size == 0) return InvalidInput("LANCE_MAX_IOP_SIZE must be positive, got 0");
    settings.max_iop_size = *iop_size;
  }
  return settings;
}

const arrow::Result<IoSettings>& EnvironmentIoSettings() {
  static const arrow::Result<IoSettings> settings =
      ParseIoSettings([](const char* name) -> const char* { return std::getenv(name); });
  return settings;
}

const IoSettings& ProcessIoSettings() {
  static const IoSettings settings = EnvironmentIoSettings().ValueOr(IoSettings{});
  return settings;
}

arrow::internal::Executor* DefaultIoExecutor(bool is_local) {
  arrow::internal::Executor* arrows = arrow::io::default_io_context().executor();
  if (const std::optional<int> threads = ProcessIoSettings().io_threads; threads.has_value()) {
    static const std::shared_ptr<arrow::internal::Executor> own = MakePool(*threads);
    return own != nullptr ? own.get() : arrows;
  }
  if (is_local) return arrows;
  static const std::shared_ptr<arrow::internal::Executor> remote = MakePool(kRemoteIoThreads);
  return remote != nullptr ? remote.get() : arrows;
}

}  // namespace lancea
