#include "lancea/util/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <random>

namespace lancea {

void RandomBytes(std::span<uint8_t> out) noexcept {
  while (!out.empty()) {
    const ssize_t count = getrandom(out.data(), out.size(), 0);
    if (count > 0) {
      out = out.subspan(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      // The call is missing or forbidden (old kernel, sandbox): whatever the C++ library finds.
      std::random_device device;
      for (uint8_t& byte : out) byte = static_cast<uint8_t>(device());
      return;
    }
  }
}

uint64_t RandomU64() noexcept {
  uint8_t bytes[sizeof(uint64_t)];
  RandomBytes(bytes);
  uint64_t out;
  std::memcpy(&out, bytes, sizeof(out));
  return out;
}

}  // namespace lancea
