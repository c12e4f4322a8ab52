#include "lancea/table/newer_versions.h"

#include <chrono>
#include <utility>

#include "arrow/buffer.h"
#include "lancea/table/table_layout.h"
#include "lancea/table/transaction.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A .txn file is the whole message; 2 GiB is protobuf's own limit.
constexpr uint64_t kMaxTransactionBytes = uint64_t{1} << 31;

bool IsNotFound(const arrow::Status& status) {
  return CategoryOf(status) == ErrorCategory::kNotFound;
}

Transaction UnknownTransaction() {
  Transaction transaction;
  transaction.operation = operation::Unknown{};
  return transaction;
}

/// Collects versions one after the other.
class Collector {
 public:
  Collector(ObjectStore& store, CommitHandler& handler, const std::string& root,
            const TableVersion& known, uint64_t since)
      : store_(store), handler_(handler), root_(root) {
    result_.latest = known;
    last_ = since;
  }

  arrow::Status Collect() {
    const TableVersion known = result_.latest;
    const uint64_t target = known.location.version;
    while (last_ + 1 < target) {
      ARROW_ASSIGN_OR_RAISE(bool found, AddVersion(last_ + 1));
      if (!found) {
        result_.has_gap = true;
        ++last_;
      }
    }
    if (last_ < target) {
      const arrow::Status added = Add(known);
      // Cleaned up since it was opened: what it did cannot be read any more.
      if (!added.ok() && !IsNotFound(added)) return added;
      result_.has_gap |= !added.ok();
      last_ = target;
    }
    if (!HasVersionHint(store_)) {
      // What is listed in the end need not be looked for first: a cloud takes a request for each look.
      ARROW_ASSIGN_OR_RAISE(auto recorded, handler_.LatestVersion(store_, root_));
      if (!recorded) return AddListed();
    }
    const uint64_t before_probing = last_;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(bool found, AddVersion(last_ + 1));
      if (!found) break;
    }
    ARROW_ASSIGN_OR_RAISE(bool sure, IsLatest(/*seen_now=*/last_ != before_probing));
    return sure ? arrow::Status::OK() : AddListed();
  }

  NewerVersions Take() && { return std::move(result_); }

 private:
  /// False if there is no such version.
  arrow::Result<bool> AddVersion(uint64_t version) {
    const ManifestNaming naming = result_.latest.location.naming;
    ManifestLocation location{version, ManifestPath(root_, version, naming), 0, naming};
    ARROW_ASSIGN_OR_RAISE(bool exists, handler_.Exists(store_, {root_, version, location.path}));
    if (!exists) return false;
    auto loaded = LoadVersion(store_, location);
    if (!loaded.ok() && IsNotFound(loaded.status())) return false;
    ARROW_RETURN_NOT_OK(loaded.status());
    const arrow::Status added = Add(*std::move(loaded));
    if (IsNotFound(added)) return false;
    ARROW_RETURN_NOT_OK(added);
    return true;
  }

  arrow::Status Add(TableVersion version) {
    ARROW_ASSIGN_OR_RAISE(Transaction transaction, LoadTransaction(store_, root_, version));
    last_ = version.location.version;
    result_.transactions.push_back({last_, std::move(transaction)});
    result_.latest = std::move(version);
    return arrow::Status::OK();
  }

  /// \param seen_now  the last version was opened during this call
  arrow::Result<bool> IsLatest(bool seen_now) {
    ARROW_ASSIGN_OR_RAISE(auto recorded, handler_.LatestVersion(store_, root_));
    if (recorded) return *recorded <= last_;
    if (!HasVersionHint(store_) || !IsRecent(*result_.latest.manifest)) return false;
    auto hint = ReadVersionHint(store_, root_);
    if (hint && *hint > last_ && (*hint & kDetachedVersionMask) == 0) return false;
    if (seen_now) return true;
    return handler_.Exists(store_, {root_, last_, result_.latest.location.path});
  }

  arrow::Status AddListed() {
    ARROW_ASSIGN_OR_RAISE(auto listed, ListManifests(store_, root_));
    for (const ManifestLocation& location : listed) {
      if (location.version <= last_) continue;
      if (location.version != last_ + 1) result_.has_gap = true;
      auto loaded = LoadVersion(store_, location);
      if (!loaded.ok() && IsNotFound(loaded.status())) {
        result_.has_gap = true;
        continue;
      }
      ARROW_RETURN_NOT_OK(loaded.status());
      const arrow::Status added = Add(*std::move(loaded));
      if (!added.ok() && !IsNotFound(added)) return added;
      result_.has_gap |= !added.ok();
    }
    return arrow::Status::OK();
  }

  ObjectStore& store_;
  CommitHandler& handler_;
  const std::string& root_;
  NewerVersions result_;
  uint64_t last_ = 0;  ///< versions up to here are dealt with
};

}  // namespace

arrow::Result<TableVersion> LoadVersion(ObjectStore& store, const ManifestLocation& location) {
  ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(location.path, location.size));
  TableVersion version;
  version.location = location;
  version.location.size = reader->size();
  ARROW_ASSIGN_OR_RAISE(version.manifest, ReadManifest(*reader));
  if (version.manifest->version != location.version) {
    return Corrupt(location.path, ": holds version ", version.manifest->version, ", not ",
                   location.version);
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, ReadIndexSection(*reader, *version.manifest));
  version.indices = std::make_shared<const std::vector<IndexInfo>>(std::move(indices));
  return version;
}

arrow::Result<TableVersion> LoadLatestVersion(ObjectStore& store, CommitHandler& handler,
                                              const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(auto recorded, handler.LatestVersion(store, root));
  ARROW_ASSIGN_OR_RAISE(ManifestLocation location, recorded ? FindManifest(store, root, *recorded)
                                                            : FindLatestManifest(store, root));
  return LoadVersion(store, location);
}

arrow::Result<Transaction> LoadTransaction(ObjectStore& store, const std::string& root,
                                           const TableVersion& version) {
  const Manifest& manifest = *version.manifest;
  std::shared_ptr<arrow::Buffer> bytes;
  if (manifest.transaction_section) {
    ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(version.location.path, version.location.size));
    ARROW_ASSIGN_OR_RAISE(bytes,
                          ReadSection(*reader, *manifest.transaction_section, "transaction"));
  } else if (!manifest.transaction_file.empty() && IsSafeRelativePath(manifest.transaction_file)) {
    auto reader =
        store.Open(JoinPath(JoinPath(root, kTransactionsDirectory), manifest.transaction_file));
    if (!reader.ok()) {
      if (IsNotFound(reader.status())) return UnknownTransaction();
      return reader.status();
    }
    if ((*reader)->size() > kMaxTransactionBytes) return UnknownTransaction();
    ARROW_ASSIGN_OR_RAISE(bytes, (*reader)->ReadAt({0, (*reader)->size()}));
  } else {
    return UnknownTransaction();
  }
  auto transaction = ParseTransaction({bytes->data(), static_cast<size_t>(bytes->size())});
  return transaction.ok() ? *std::move(transaction) : UnknownTransaction();
}

arrow::Result<NewerVersions> LoadNewerVersions(ObjectStore& store, CommitHandler& handler,
                                               const std::string& root, const TableVersion& known,
                                               uint64_t since) {
  Collector collector(store, handler, root, known, since);
  ARROW_RETURN_NOT_OK(collector.Collect());
  return std::move(collector).Take();
}

}  // namespace lancea
