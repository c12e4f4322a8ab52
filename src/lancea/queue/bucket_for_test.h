// A bucket in a folder of its own, for the tests of buckets.
#pragma once

#include <memory>
#include <vector>

#include "lancea/queue/bucket_impl.h"
#include "lancea/queue/queue_for_test.h"

namespace lancea::queue {

class BucketTest : public FolderTest {
 protected:
  std::shared_ptr<QueueBucket> Open(const QueueOptions& options = {}) {
    auto bucket = QueueBucket::Open(folder_ + "/bucket_0", options);
    EXPECT_TRUE(bucket.ok()) << bucket.status();
    return *bucket;
  }
  std::shared_ptr<QueueBucket> OpenWriter(const QueueOptions& options = {}) {
    auto bucket = Open(options);
    const auto status = bucket->OpenForWriting();
    EXPECT_TRUE(status.ok()) << status;
    return bucket;
  }
  std::vector<int64_t> All(const QueueBucket& bucket) {
    auto table = bucket.Get(0, UINT64_MAX);
    EXPECT_TRUE(table.ok()) << table.status();
    return Ids(**table);
  }
  static QueueOptions Logged() {
    QueueOptions options;
    options.enable_wal = true;
    return options;
  }
};

}  // namespace lancea::queue
