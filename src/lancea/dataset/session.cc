#include "lancea/session.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "lancea/dataset/session_impl.h"

namespace lancea {

Session::Session(uint64_t metadata_cache_bytes, Host host)
    : impl_(std::make_unique<Impl>(metadata_cache_bytes, std::move(host))) {}

Session::~Session() = default;

IoCounters& Session::Impl::ProcessIoCounters() {
  static IoCounters counters;
  return counters;
}

uint64_t Session::Impl::DefaultMemoryLimit() {
  if (const char* given = std::getenv("LANCEA_MEMORY_LIMIT"); given != nullptr) {
    const std::string_view text = given;
    uint64_t bytes = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && bytes > 0) {
      return bytes;
    }
  }
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return uint64_t{4} << 30;
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes) / 2;
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
uint64_t Session::memory_limit() const { return impl_->memory_limit(); }
void Session::set_memory_limit(uint64_t bytes) { impl_->set_memory_limit(bytes); }
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
