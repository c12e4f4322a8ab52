#include "lancea/write/one_pass.h"

#include <utility>

#include "lancea/io/local_store.h"
#include "lancea/session.h"

namespace lancea {
namespace {

constexpr uint64_t kResidentBytes = uint64_t{32} << 20;
// Of a scan whose columns are passed side by side: each time some pages are looked at again.
constexpr uint64_t kScanResidentBytes = uint64_t{64} << 20;
// Footers and column metadata of the files about to be read.
constexpr uint64_t kCacheBytes = uint64_t{16} << 20;

}  // namespace

WriteContext ForOnePass(WriteContext context) {
  auto session = std::make_shared<Session>(kCacheBytes, context.session->host());
  session->set_memory_limit(context.session->memory_limit());
  context.session = std::move(session);
  if (context.location.store == LocalStore()) {
    context.location.store = LocalStoreForOnePass(kResidentBytes);
  }
  return context;
}

arrow::Result<std::shared_ptr<const Dataset>> OpenForOnePass(const WriteContext& one_pass,
                                                             TableVersion version) {
  ARROW_ASSIGN_OR_RAISE(auto impl, one_pass.MakeImpl(std::move(version)));
  impl->io_counters = std::make_unique<IoCounters>(one_pass.dataset->impl().io_counters.get());
  return Dataset::Impl::MakeDataset(std::move(impl));
}

arrow::Result<std::shared_ptr<const Dataset>> ForOneScan(const WriteContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto impl, context.MakeImpl(*context.Target().known));
  impl->io_counters = std::make_unique<IoCounters>(context.dataset->impl().io_counters.get());
  impl->resident_pages = std::make_unique<ResidentPages>(kScanResidentBytes);
  return Dataset::Impl::MakeDataset(std::move(impl));
}

}  // namespace lancea
