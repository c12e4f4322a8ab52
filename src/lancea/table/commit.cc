#include "lancea/table/commit.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "arrow/buffer.h"
#include "lancea/io/conditional_put.h"
#include "lancea/io/uri.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/manifest_writer.h"
#include "lancea/table/table_layout.h"
#include "lancea/table/transaction.h"
#include "lancea/util/backoff.h"
#include "lancea/util/byte_reader.h"
#include "lancea/util/errors.h"
#include "lancea/util/random.h"

namespace lancea {
namespace {

using std::chrono::steady_clock;

// Larger transactions are in their .txn file alone: every reader of a manifest reads all of it.
constexpr size_t kMaxInlineBytes = 20 << 20;

constexpr int kOutcomeReads = 3;

class CommitStatusUnknown : public arrow::StatusDetail {
 public:
  static constexpr char kTypeId[] = "lancea::CommitStatusUnknown";
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return "it is not known whether the commit happened"; }
};

int64_t NowNanos() {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  return duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool Is(const arrow::Status& status, ErrorCategory category) {
  return CategoryOf(status) == category;
}

arrow::Result<StoreAndPath> ResolveBaseUri(uint32_t, const std::string& full_path) {
  return ResolveUri(full_path, {});
}

/// A gap hides transactions. Appended rows only need the schema they were written with, and keys of the
/// config that nobody else has changed.
bool MayCrossGap(const Transaction& ours, const Manifest* read, const Manifest& latest) {
  if (read == nullptr) return false;
  if (std::holds_alternative<operation::Append>(ours.operation)) {
    return read->schema.fields == latest.schema.fields;
  }
  const auto* update = std::get_if<operation::UpdateConfig>(&ours.operation);
  if (update == nullptr || !update->config || update->config->replace || update->table_metadata ||
      update->schema_metadata || !update->field_metadata.empty()) {
    return false;
  }
  return std::ranges::all_of(update->config->entries, [&](const auto& entry) {
    const auto before = read->config.find(entry.first), now = latest.config.find(entry.first);
    const bool was_there = before != read->config.end(), is_there = now != latest.config.end();
    return was_there == is_there && (!was_there || before->second == now->second);
  });
}

/// Who has a version that we tried to publish.
struct Owner {
  enum class Who { kOurs, kAnother, kNobody, kUnknown } who = Who::kUnknown;
  std::optional<TableVersion> version;  ///< kOurs
};

class Committer {
 public:
  Committer(const CommitTarget& target, Transaction transaction, const CommitOptions& options)
      : target_(target),
        options_(options),
        store_(*target.store),
        handler_(options.commit_handler  ? *options.commit_handler
                 : target.commit_handler ? *target.commit_handler
                                         : *PutIfAbsentHandler()),
        resolve_base_(target.resolve_base ? target.resolve_base : ResolveBaseUri),
        ours_(std::move(transaction)) {
    if (options.timeout) deadline_ = steady_clock::now() + *options.timeout;
  }

  arrow::Result<CommitResult> Run() {
    if (std::holds_alternative<operation::Unknown>(ours_.operation)) {
      return Unsupported("an operation of a newer library cannot be committed");
    }
    ARROW_ASSIGN_OR_RAISE(std::optional<TableVersion> known, FindKnown());
    const bool is_clone = std::holds_alternative<operation::Clone>(ours_.operation);
    if (known && (target_.must_be_new || is_clone)) {
      // A caller that lost the reply to its own creation asks again.
      ARROW_ASSIGN_OR_RAISE(auto done, CreatedEarlier(*known));
      if (done) return *std::move(done);
      return TableExists();
    }
    if (options_.detached) {
      if (!known) return NoTable();
      return CommitDetached(*std::move(known));
    }
    if (!known) return Create();
    return CommitOnTop(*std::move(known));
  }

 private:
  arrow::Status TableExists() const {
    return AlreadyExists("there is a table at \"", target_.root, "\"");
  }
  /// A commit is given up between two attempts, where it is known not to have happened.
  arrow::Status TimedOut(uint32_t attempts) const {
    return RetryableConflict("Attempted ", attempts, " times, but failed on retry_timeout of ",
                             std::chrono::duration<double>(*options_.timeout).count(),
                             " seconds: ", OperationName(ours_.operation), " ", ours_.uuid,
                             " lost to other writers");
  }
  arrow::Status NoTable() const { return NotFound("no table at \"", target_.root, "\""); }

  /// The version that is open or else the latest; nothing when there is no table.
  arrow::Result<std::optional<TableVersion>> FindKnown() {
    if (target_.known) return target_.known;
    auto latest = LoadLatestVersion(store_, handler_, target_.root);
    if (latest.ok()) return std::optional(*std::move(latest));
    if (!Is(latest.status(), ErrorCategory::kNotFound)) return latest.status();
    if (ours_.read_version != 0 && !std::holds_alternative<operation::Clone>(ours_.operation)) {
      return latest.status();
    }
    return std::nullopt;
  }

  /// The version if our transaction made it.
  arrow::Result<std::optional<CommitResult>> IfOurs(const TableVersion& version) {
    ARROW_ASSIGN_OR_RAISE(Transaction transaction, LoadTransaction(store_, target_.root, version));
    if (!IsOurs(transaction)) return std::nullopt;
    return CommitResult{version, std::move(transaction)};
  }

  bool IsOurs(const Transaction& transaction) const {
    return !ours_.uuid.empty() && transaction.uuid == ours_.uuid;
  }

  /// The first version of a table that exists, if we made it.
  arrow::Result<std::optional<CommitResult>> CreatedEarlier(const TableVersion& known) {
    const auto* clone = std::get_if<operation::Clone>(&ours_.operation);
    const uint64_t first = clone == nullptr ? 1 : clone->ref_version;
    if (known.location.version == first) return IfOurs(known);
    auto location = FindManifest(store_, target_.root, first, known.location.naming);
    if (Is(location.status(), ErrorCategory::kNotFound)) return std::nullopt;
    ARROW_RETURN_NOT_OK(location.status());
    ARROW_ASSIGN_OR_RAISE(TableVersion version, LoadVersion(store_, *location));
    return IfOurs(version);
  }

  arrow::Result<CommitResult> Create() {
    const ManifestNaming naming =
        options_.enable_v2_manifest_paths ? ManifestNaming::kV2 : ManifestNaming::kV1;
    ARROW_ASSIGN_OR_RAISE(BuiltManifest built, Build(nullptr, {}, target_.clone_source.get()));
    ARROW_ASSIGN_OR_RAISE(auto committed, Publish(std::move(built), naming));
    if (!committed) return TableExists();
    return *std::move(committed);
  }

  arrow::Result<CommitResult> CommitOnTop(TableVersion known) {
    if (ours_.read_version == 0) {
      ARROW_ASSIGN_OR_RAISE(auto done, IfOurs(known));
      if (done) return *std::move(done);
      ours_.read_version = known.location.version;
    }
    if ((ours_.read_version & kDetachedVersionMask) != 0) {
      return InvalidInput("version ", ours_.read_version,
                          " is detached: what is made from it can only be committed detached");
    }
    const bool strict =
        options_.max_retries == 0 && std::holds_alternative<operation::Overwrite>(ours_.operation);
    if (strict) return CommitStrictly(known);
    // What the transaction read, when that is the version at hand.
    std::shared_ptr<const Manifest> read =
        known.location.version == ours_.read_version ? known.manifest : nullptr;
    if (known.location.version < ours_.read_version) {
      ARROW_ASSIGN_OR_RAISE(known, LoadReadVersion(known.location.naming));
      read = known.manifest;
    }
    uint64_t checked = ours_.read_version;
    const uint32_t attempts = std::max<uint32_t>(options_.max_retries, 1);
    std::optional<Backoff> backoff;
    for (uint32_t attempt = 0; attempt < attempts; ++attempt) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_ASSIGN_OR_RAISE(NewerVersions newer,
                            LoadNewerVersions(store_, handler_, target_.root, known, checked));
      for (CommittedTransaction& committed : newer.transactions) {
        if (IsOurs(committed.transaction)) return FoundCommitted(committed, newer, known);
      }
      ARROW_RETURN_NOT_OK(CheckAndRebase(newer, known.location.naming, &read));
      known = std::move(newer.latest);
      checked = known.location.version;

      const auto start = steady_clock::now();
      ARROW_ASSIGN_OR_RAISE(BuiltManifest built, BuildOn(known));
      ARROW_ASSIGN_OR_RAISE(auto committed, Publish(std::move(built), known.location.naming));
      if (committed) return *std::move(committed);
      // Others need about as long for a commit as we did, so that is the unit to wait in.
      if (!backoff) {
        backoff.emplace(BackoffOptions{.first = 2 * (steady_clock::now() - start), .jitter = 1});
      }
      if (attempt + 1 == attempts) break;
      ARROW_RETURN_NOT_OK(backoff->Wait(options_.stop, deadline_));
      if (steady_clock::now() >= deadline_) return TimedOut(attempt + 1);
    }
    return RetryableConflict("Retryable commit conflict for version ", known.location.version + 1,
                             ": ", OperationName(ours_.operation), " ", ours_.uuid,
                             " lost to other writers ", attempts, " times");
  }

  /// Another call committed our transaction as one of the newer versions.
  arrow::Result<CommitResult> FoundCommitted(CommittedTransaction& committed, NewerVersions& newer,
                                             const TableVersion& known) {
    if (newer.latest.location.version == committed.version) {
      return CommitResult{std::move(newer.latest), std::move(committed.transaction)};
    }
    ARROW_ASSIGN_OR_RAISE(auto location, FindManifest(store_, target_.root, committed.version,
                                                      known.location.naming));
    ARROW_ASSIGN_OR_RAISE(TableVersion version, LoadVersion(store_, location));
    return CommitResult{std::move(version), std::move(committed.transaction)};
  }

  arrow::Result<CommitResult> CommitStrictly(TableVersion known) {
    if (known.location.version != ours_.read_version) {
      ARROW_ASSIGN_OR_RAISE(known, LoadReadVersion(known.location.naming));
    }
    ARROW_ASSIGN_OR_RAISE(BuiltManifest built, BuildOn(known));
    ARROW_ASSIGN_OR_RAISE(auto committed, Publish(std::move(built), known.location.naming));
    if (committed) return *std::move(committed);
    return RetryableConflict("Commit conflict for version ", ours_.read_version + 1,
                             ": it exists, and without retries an overwrite must follow version ",
                             ours_.read_version);
  }

  arrow::Result<CommitResult> CommitDetached(TableVersion known) {
    if (ours_.read_version == 0) ours_.read_version = known.location.version;
    if (known.location.version != ours_.read_version) {
      ARROW_ASSIGN_OR_RAISE(known, LoadReadVersion(known.location.naming));
    }
    for (uint32_t attempt = 0; attempt < std::max<uint32_t>(options_.max_retries, 1); ++attempt) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_ASSIGN_OR_RAISE(BuiltManifest built, BuildOn(known));
      built.manifest.version = RandomU64() | kDetachedVersionMask;
      ARROW_ASSIGN_OR_RAISE(auto committed, Publish(std::move(built), ManifestNaming::kV2));
      if (committed) return *std::move(committed);
    }
    return CommitConflict("no free number for a detached version");
  }

  arrow::Result<TableVersion> LoadReadVersion(ManifestNaming naming) {
    ARROW_ASSIGN_OR_RAISE(auto location,
                          FindManifest(store_, target_.root, ours_.read_version, naming));
    return LoadVersion(store_, location);
  }

  /// \param read  the manifest ours is based on, if at hand; afterwards that of what it is based on
  arrow::Status CheckAndRebase(const NewerVersions& newer, ManifestNaming naming,
                               std::shared_ptr<const Manifest>* read) {
    if (newer.transactions.empty() && !newer.has_gap) return arrow::Status::OK();
    const bool takes_rows_out = std::holds_alternative<operation::Delete>(ours_.operation) ||
                                std::holds_alternative<operation::Update>(ours_.operation);
    if (*read == nullptr && (takes_rows_out || newer.has_gap)) {
      auto loaded = LoadReadVersion(naming);
      if (loaded.ok()) {
        *read = loaded->manifest;
      } else if (!Is(loaded.status(), ErrorCategory::kNotFound)) {
        return loaded.status();
      }
    }
    if (newer.has_gap && !MayCrossGap(ours_, read->get(), *newer.latest.manifest)) {
      return RetryableConflict("Retryable commit conflict for version ",
                               newer.latest.location.version, ": ", OperationName(ours_.operation),
                               " ", ours_.uuid, " was made from version ", ours_.read_version,
                               ", and versions committed since were cleaned up");
    }
    const AffectedRows* affected = target_.affected_rows.get();
    for (const CommittedTransaction& theirs : newer.transactions) {
      ARROW_ASSIGN_OR_RAISE(Verdict verdict,
                            CheckConflict(ours_, theirs.transaction, {read->get(), affected}));
      if (verdict.compatibility != Compatibility::kCompatible) {
        return ConflictError(ours_, theirs.transaction, theirs.version, verdict);
      }
    }
    ARROW_ASSIGN_OR_RAISE(ours_,
                          Rebase(std::move(ours_), newer,
                                 {store_, target_.root, read->get(), affected, resolve_base_}));
    if (takes_rows_out) *read = newer.latest.manifest;
    return arrow::Status::OK();
  }

  arrow::Result<BuiltManifest> BuildOn(const TableVersion& previous) {
    if (const auto* restore = std::get_if<operation::Restore>(&ours_.operation)) {
      ARROW_ASSIGN_OR_RAISE(auto location, FindManifest(store_, target_.root, restore->version,
                                                        previous.location.naming));
      ARROW_ASSIGN_OR_RAISE(TableVersion restored, LoadVersion(store_, location));
      BuiltManifest source{*restored.manifest, *restored.indices};
      return Build(previous.manifest.get(), *previous.indices, &source);
    }
    return Build(previous.manifest.get(), *previous.indices, nullptr);
  }

  arrow::Result<BuiltManifest> Build(const Manifest* previous,
                                     const std::vector<IndexInfo>& indices,
                                     const BuiltManifest* source) {
    CommitSettings settings;
    settings.timestamp_nanos = NowNanos();
    settings.data_storage_version = options_.data_storage_version;
    settings.stable_row_ids = options_.enable_stable_row_ids;
    settings.no_transaction_files =
        previous != nullptr && (previous->writer_feature_flags & kFlagNoTransactionFiles) != 0;
    if (!settings.no_transaction_files) settings.transaction_file = TransactionFileName(ours_);
    return BuildManifest(previous, indices, ours_, settings, source);
  }

  /// \return nothing when another writer has the version
  arrow::Result<std::optional<CommitResult>> Publish(BuiltManifest built, ManifestNaming naming) {
    ARROW_ASSIGN_OR_RAISE(std::string serialized, SerializeTransaction(ours_));
    const bool has_file = !built.manifest.transaction_file.empty();
    const bool is_inline = serialized.size() <= kMaxInlineBytes || !has_file;
    ARROW_ASSIGN_OR_RAISE(
        auto bytes, SerializeManifest(built.manifest, built.indices, is_inline ? &ours_ : nullptr));
    if (has_file && serialized != written_transaction_) {
      const std::string path =
          JoinPath(JoinPath(target_.root, kTransactionsDirectory), built.manifest.transaction_file);
      // The manifest has it too, unless it is very large.
      const std::span<const uint8_t> content{reinterpret_cast<const uint8_t*>(serialized.data()),
                                             serialized.size()};
      ARROW_RETURN_NOT_OK(is_inline ? store_.PutRelaxed(path, content) : store_.Put(path, content));
      written_transaction_ = std::move(serialized);
    }
    const uint64_t version = built.manifest.version;
    ManifestLocation location{version, ManifestPath(target_.root, version, naming),
                              static_cast<uint64_t>(bytes->size()), naming};
    arrow::Status published = handler_.Publish(store_, {target_.root, version, location.path},
                                               {bytes->data(), static_cast<size_t>(bytes->size())});
    if (published.ok()) {
      WriteHint(version);
      return CommitResult{AsLoaded(std::move(built), location, *bytes, is_inline), ours_};
    }
    Owner owner = FindOwner(location);
    switch (owner.who) {
      case Owner::Who::kOurs:
        WriteHint(version);
        return CommitResult{*std::move(owner.version), ours_};
      case Owner::Who::kAnother:
        return std::nullopt;
      case Owner::Who::kNobody:
        // Taken, says the store, and there is nothing: whoever has it is not done yet.
        if (Is(published, ErrorCategory::kAlreadyExists)) return std::nullopt;
        // A request without an answer may still be on its way.
        if (IsPutOutcomeUnknown(published)) break;
        return published;
      case Owner::Who::kUnknown:
        break;
    }
    return arrow::Status(published.code(),
                         "version " + std::to_string(version) +
                             " may or may not have been committed: " + published.message(),
                         std::make_shared<CommitStatusUnknown>());
  }

  Owner FindOwner(const ManifestLocation& location) {
    for (int read = 0; read < kOutcomeReads; ++read) {
      if (read > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20 << read));
      auto exists = handler_.Exists(store_, {target_.root, location.version, location.path});
      if (!exists.ok()) continue;
      if (!*exists) return {Owner::Who::kNobody, std::nullopt};
      ManifestLocation found = location;
      found.size = 0;  // another writer's has another size
      auto version = LoadVersion(store_, found);
      if (!version.ok()) continue;
      auto transaction = LoadTransaction(store_, target_.root, *version);
      if (!transaction.ok()) continue;
      if (!IsOurs(*transaction)) return {Owner::Who::kAnother, std::nullopt};
      return {Owner::Who::kOurs, *std::move(version)};
    }
    return {};
  }

  /// What LoadVersion would give for the bytes just written.
  static TableVersion AsLoaded(BuiltManifest built, ManifestLocation location,
                               const arrow::Buffer& bytes, bool has_transaction) {
    uint64_t end_of_indices = 0;
    built.manifest.index_section = std::nullopt;
    built.manifest.transaction_section = std::nullopt;
    if (!built.indices.empty()) {
      built.manifest.index_section = 0;
      end_of_indices = sizeof(uint32_t) + LoadLittleEndian<uint32_t>(bytes.data());
    }
    if (has_transaction) built.manifest.transaction_section = end_of_indices;
    return {std::make_shared<const Manifest>(std::move(built.manifest)),
            std::make_shared<const std::vector<IndexInfo>>(std::move(built.indices)),
            std::move(location)};
  }

  /// Readers do without, so its failure is none of the commit.
  void WriteHint(uint64_t version) {
    if ((version & kDetachedVersionMask) != 0) return;
    (void)WriteVersionHint(store_, target_.root, version);
  }

  const CommitTarget& target_;
  const CommitOptions& options_;
  ObjectStore& store_;
  CommitHandler& handler_;
  const BaseResolver resolve_base_;
  Transaction ours_;
  steady_clock::time_point deadline_ = steady_clock::time_point::max();
  std::string written_transaction_;  ///< what its .txn file holds
};

}  // namespace

arrow::Result<CommitResult> Commit(const CommitTarget& target, Transaction transaction,
                                   const CommitOptions& options) {
  if (target.store == nullptr) return InvalidInput("no store to commit to");
  return Committer(target, std::move(transaction), options).Run();
}

bool IsCommitStatusUnknown(const arrow::Status& status) {
  return !status.ok() && status.detail() != nullptr &&
         std::string_view(status.detail()->type_id()) == CommitStatusUnknown::kTypeId;
}

}  // namespace lancea
