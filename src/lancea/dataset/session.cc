#include "lancea/session.h"

#include "lancea/dataset/session_impl.h"

namespace lancea {

Session::Session(uint64_t metadata_cache_bytes, Host host)
    : impl_(std::make_unique<Impl>(metadata_cache_bytes, std::move(host))) {}

Session::~Session() = default;

IoCounters& Session::Impl::ProcessIoCounters() {
  static IoCounters counters;
  return counters;
}

IoStatistics ProcessIoStatistics() { return Session::Impl::ProcessIoCounters().Read(); }

const std::shared_ptr<Session>& Session::Default() {
  static const std::shared_ptr<Session> session = std::make_shared<Session>();
  return session;
}

const Host& Session::host() const { return impl_->host(); }
uint64_t Session::cache_capacity_bytes() const { return impl_->cache().capacity_bytes(); }
uint64_t Session::cache_bytes() const { return impl_->cache().bytes(); }
uint64_t Session::cache_hits() const { return impl_->cache().hits(); }
uint64_t Session::cache_misses() const { return impl_->cache().misses(); }
IoStatistics Session::io_statistics() const { return impl_->io_counters().Read(); }
void Session::ClearCache() { impl_->cache().Clear(); }

std::map<std::string, CacheUse> Session::cache_use() const {
  std::map<std::string, CacheUse> out;
  for (const auto& [owner, use] : impl_->cache().use()) {
    if (use.entries > 0) out[owner] = {use.entries, use.bytes};
  }
  return out;
}

}  // namespace lancea
