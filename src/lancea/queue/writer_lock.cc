#include "lancea/queue/writer_lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <set>

#include "lancea/io/system_error.h"
#include "lancea/queue/log_file.h"
#include "lancea/util/errors.h"

namespace lancea::queue {
namespace {

// The descriptors of all locks of this process.
struct HeldLocks {
  std::mutex mutex;
  std::set<int> descriptors;
};

// Never destroyed: a fork may come at any time.
HeldLocks& Held() {
  static HeldLocks* held = [] {
    pthread_atfork([] { Held().mutex.lock(); }, [] { Held().mutex.unlock(); },
                   [] {
                     for (int descriptor : Held().descriptors) close(descriptor);
                     Held().descriptors.clear();
                     Held().mutex.unlock();
                   });
    return new HeldLocks;
  }();
  return *held;
}

// What the holder wrote; -1: nothing that is a number.
int64_t ReadHolder(int descriptor) {
  char text[32] = {};
  const ssize_t size = pread(descriptor, text, sizeof(text) - 1, 0);
  const int64_t holder = size > 0 ? std::atoll(text) : 0;
  return holder > 0 ? holder : -1;
}

}  // namespace

WriterLock::WriterLock(int descriptor) : descriptor_(descriptor), process_(getpid()) {
  HeldLocks& held = Held();
  std::lock_guard lock(held.mutex);
  held.descriptors.insert(descriptor);
}

arrow::Result<std::unique_ptr<WriterLock>> WriterLock::Take(const std::string& path,
                                                            const std::string& bucket) {
  const int descriptor = OpenDescriptor(path, O_RDWR | O_CREAT);
  if (descriptor < 0) return SystemError(path, "open", errno);
  // Known from here on, so that no fork keeps it.
  std::unique_ptr<WriterLock> writer_lock(new WriterLock(descriptor));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError(path, "lock", errno);
    const int64_t holder = ReadHolder(descriptor);
    return CommitConflict("queue bucket ", bucket, " is being written by ",
                          holder > 0 ? "process " + std::to_string(holder) : "another process",
                          "; a bucket has one writer at a time, which ends by closing it");
  }
  const std::string text = std::to_string(getpid()) + "\n";
  // Who reads this wants a message, no more.
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    errno = 0;
  }
  return writer_lock;
}

int64_t WriterLock::Holder(const std::string& path) {
  const int descriptor = OpenDescriptor(path, O_RDONLY);
  if (descriptor < 0) return 0;
  const int64_t holder = flock(descriptor, LOCK_SH | LOCK_NB) != 0 ? ReadHolder(descriptor) : 0;
  close(descriptor);
  return holder;
}

WriterLock::~WriterLock() {
  if (process_ != getpid()) return;  // closed as the child began
  HeldLocks& held = Held();
  std::lock_guard lock(held.mutex);
  held.descriptors.erase(descriptor_);
  close(descriptor_);
}

}  // namespace lancea::queue
