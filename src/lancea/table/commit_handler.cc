#include "lancea/commit_handler.h"

#include <utility>

#include "arrow/buffer.h"
#include "lancea/error.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

constexpr size_t kStagingSuffixBytes = 1 + 36;  // "-" and a uuid

bool IsNotFound(const arrow::Status& status) {
  return CategoryOf(status) == ErrorCategory::kNotFound;
}

arrow::Status VersionTaken(const ManifestSlot& slot) {
  return AlreadyExists("version ", slot.version, " of the table at \"", slot.root, "\" exists");
}

arrow::Result<bool> ObjectExists(ObjectStore& store, const std::string& path) {
  auto reader = store.Open(path);
  if (reader.ok()) return true;
  if (IsNotFound(reader.status())) return false;
  return reader.status();
}

/// Look, then put: safe only if nobody else can come between.
arrow::Status PutAfterLooking(ObjectStore& store, const ManifestSlot& slot,
                              std::span<const uint8_t> manifest) {
  ARROW_ASSIGN_OR_RAISE(bool taken, ObjectExists(store, slot.path));
  if (taken) return VersionTaken(slot);
  return store.Put(slot.path, manifest);
}

class ByPutIfAbsent : public CommitHandler {
 public:
  arrow::Status Publish(ObjectStore& store, const ManifestSlot& slot,
                        std::span<const uint8_t> manifest) override {
    return store.PutIfAbsent(slot.path, manifest);
  }
};

class Unsafely : public CommitHandler {
 public:
  arrow::Status Publish(ObjectStore& store, const ManifestSlot& slot,
                        std::span<const uint8_t> manifest) override {
    return PutAfterLooking(store, slot, manifest);
  }
};

class ByLock : public CommitHandler {
 public:
  explicit ByLock(CommitLock lock) : lock_(std::move(lock)) {}

  arrow::Status Publish(ObjectStore& store, const ManifestSlot& slot,
                        std::span<const uint8_t> manifest) override {
    ARROW_ASSIGN_OR_RAISE(auto lease, lock_(slot.version));
    arrow::Status written = PutAfterLooking(store, slot, manifest);
    arrow::Status released = lease->Release(written.ok());
    return written.ok() ? released : written;
  }

 private:
  CommitLock lock_;
};

class ByExternalStore : public CommitHandler {
 public:
  explicit ByExternalStore(std::shared_ptr<ExternalManifestStore> manifests)
      : manifests_(std::move(manifests)) {}

  arrow::Status Publish(ObjectStore& store, const ManifestSlot& slot,
                        std::span<const uint8_t> manifest) override {
    const std::string staged = slot.path + "-" + Uuid::Random().ToString();
    ARROW_RETURN_NOT_OK(store.Put(staged, manifest));
    arrow::Status claimed =
        manifests_->PutIfAbsent(slot.root, {slot.version, staged, manifest.size()});
    if (CategoryOf(claimed) == ErrorCategory::kAlreadyExists) {
      (void)store.Delete(staged);  // an orphan, removed by cleanup
      return VersionTaken(slot);
    }
    // After any other error the entry may be there: the staged manifest stays.
    ARROW_RETURN_NOT_OK(claimed);
    return Finish(store, slot.root, {slot.version, staged, manifest.size()}, slot.path, manifest);
  }

  arrow::Result<bool> Exists(ObjectStore& store, const ManifestSlot& slot) override {
    ARROW_ASSIGN_OR_RAISE(auto entry, manifests_->Get(slot.root, slot.version));
    // Versions from before the table had entries are known by their manifests alone.
    if (!entry) return ObjectExists(store, slot.path);
    ARROW_RETURN_NOT_OK(FinishIfStaged(store, slot.root, *entry));
    return true;
  }

  arrow::Result<std::optional<uint64_t>> LatestVersion(ObjectStore& store,
                                                       const std::string& root) override {
    ARROW_ASSIGN_OR_RAISE(auto entry, manifests_->GetLatest(root));
    if (!entry) return std::nullopt;
    ARROW_RETURN_NOT_OK(FinishIfStaged(store, root, *entry));
    return entry->version;
  }

 private:
  /// Steps 3 to 5. The copy is the commit; what comes after tidies up and may fail.
  arrow::Status Finish(ObjectStore& store, const std::string& root,
                       const ExternalManifestStore::Entry& staged, const std::string& path,
                       std::span<const uint8_t> manifest) {
    ARROW_RETURN_NOT_OK(store.Put(path, manifest));
    if (manifests_->PutIfExists(root, {staged.version, path, staged.size}).ok()) {
      (void)store.Delete(staged.path);
    }
    return arrow::Status::OK();
  }

  arrow::Status FinishIfStaged(ObjectStore& store, const std::string& root,
                               const ExternalManifestStore::Entry& entry) {
    if (entry.path.ends_with(".manifest")) return arrow::Status::OK();
    if (entry.path.size() <= kStagingSuffixBytes) {
      return Corrupt("version ", entry.version, " of the table at \"", root, "\" is staged at \"",
                     entry.path, "\"");
    }
    const std::string path = entry.path.substr(0, entry.path.size() - kStagingSuffixBytes);
    auto reader = store.Open(entry.path);
    if (!reader.ok()) {
      // Another one may have finished and deleted it since we read the entry.
      ARROW_ASSIGN_OR_RAISE(bool finished, ObjectExists(store, path));
      return finished ? arrow::Status::OK() : reader.status();
    }
    ARROW_ASSIGN_OR_RAISE(auto bytes, (*reader)->ReadAt({0, (*reader)->size()}));
    return Finish(store, root, entry, path, {bytes->data(), static_cast<size_t>(bytes->size())});
  }

  std::shared_ptr<ExternalManifestStore> manifests_;
};

}  // namespace

arrow::Result<bool> CommitHandler::Exists(ObjectStore& store, const ManifestSlot& slot) {
  return ObjectExists(store, slot.path);
}

arrow::Result<std::optional<uint64_t>> CommitHandler::LatestVersion(ObjectStore&,
                                                                    const std::string&) {
  return std::nullopt;
}

const std::shared_ptr<CommitHandler>& PutIfAbsentHandler() {
  static const std::shared_ptr<CommitHandler> handler = std::make_shared<ByPutIfAbsent>();
  return handler;
}

std::shared_ptr<CommitHandler> LockHandler(CommitLock lock) {
  return std::make_shared<ByLock>(std::move(lock));
}

std::shared_ptr<CommitHandler> ExternalStoreHandler(
    std::shared_ptr<ExternalManifestStore> manifests) {
  return std::make_shared<ByExternalStore>(std::move(manifests));
}

std::shared_ptr<CommitHandler> UnsafeHandler() { return std::make_shared<Unsafely>(); }

}  // namespace lancea
