#include "lancea/maintenance.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "lancea/dataset.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A compaction that lost against another writer is planned again so often.
constexpr int kAttempts = 3;

/// The tasks that are worth their cost.
CompactionPlan WorthIt(CompactionPlan plan, uint64_t min_fragments) {
  std::erase_if(plan.tasks, [&](const std::vector<FragmentMetadata>& task) {
    if (task.size() >= min_fragments) return false;
    return std::ranges::none_of(task, [&](const FragmentMetadata& fragment) {
      const auto deleted = static_cast<double>(fragment.num_deletions());
      return plan.options.materialize_deletions &&
             deleted > plan.options.materialize_deletions_threshold *
                           static_cast<double>(fragment.physical_rows);
    });
  });
  return plan;
}

arrow::Status CompactOnce(const std::shared_ptr<Dataset>& dataset,
                          const MaintenanceOptions& options, MaintenanceOutcome* outcome) {
  CompactionOptions compaction;
  if (options.compaction) {
    compaction = *options.compaction;
  } else {
    ARROW_ASSIGN_OR_RAISE(compaction, CompactionOptions::FromConfig(dataset->config()));
  }
  ARROW_ASSIGN_OR_RAISE(CompactionPlan plan, PlanCompaction(*dataset, compaction));
  plan = WorthIt(std::move(plan), options.min_fragments);
  if (plan.tasks.empty()) return arrow::Status::OK();
  outcome->was_due = true;
  if (options.dry_run) return arrow::Status::OK();
  CompactionRun run;
  run.stop = options.stop;
  ARROW_ASSIGN_OR_RAISE(Compacted compacted, CompactPlanned(dataset, plan, run));
  outcome->fragments_removed = compacted.metrics.fragments_removed;
  outcome->fragments_added = compacted.metrics.fragments_added;
  return arrow::Status::OK();
}

arrow::Status Compact(const Dataset& dataset, const MaintenanceOptions& options,
                      MaintenanceOutcome* outcome) {
  arrow::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(auto latest, dataset.CheckoutLatest());
    status = CompactOnce(latest, options, outcome);
    if (CategoryOf(status) != ErrorCategory::kRetryableConflict) break;
  }
  return status;
}

arrow::Status CleanUp(const Dataset& dataset, const MaintenanceOptions& options,
                      MaintenanceOutcome* outcome) {
  ARROW_ASSIGN_OR_RAISE(auto latest, dataset.CheckoutLatest());
  CleanupOptions cleanup;
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  constexpr int64_t kSecond = 1000000000;
  const uint64_t most = static_cast<uint64_t>(now / kSecond);
  cleanup.before_timestamp_nanos =
      now - static_cast<int64_t>(std::min(options.older_than_seconds, most)) * kSecond;
  cleanup.retain_versions = options.retain_versions;
  cleanup.error_if_tagged_old_versions = false;
  cleanup.dry_run = options.dry_run;
  cleanup.stop = options.stop;
  ARROW_ASSIGN_OR_RAISE(CleanupResult cleaned, CleanupOldVersions(*latest, cleanup));
  outcome->was_due = !cleaned.files.empty() || cleaned.failed_deletes > 0;
  if (options.dry_run) return arrow::Status::OK();
  outcome->versions_removed = cleaned.old_versions;
  outcome->files_removed = cleaned.files.size();
  outcome->bytes_removed = cleaned.bytes_removed;
  if (cleaned.failed_deletes == 0) return arrow::Status::OK();
  return arrow::Status::IOError(cleaned.failed_deletes, " files could not be removed");
}

}  // namespace

arrow::Result<MaintenanceReport> Maintain(const Dataset& dataset,
                                          const MaintenanceOptions& options) {
  using Step = arrow::Status (*)(const Dataset&, const MaintenanceOptions&, MaintenanceOutcome*);
  MaintenanceReport report;
  for (const auto& [name, is_wanted, step] :
       {std::tuple<const char*, bool, Step>{"compact", options.compact, &Compact},
        {"cleanup", options.clean_up, &CleanUp}}) {
    if (!is_wanted) continue;
    MaintenanceOutcome outcome;
    outcome.step = name;
    const arrow::Status status = step(dataset, options, &outcome);
    ARROW_RETURN_NOT_OK(options.stop.Poll());
    if (!status.ok()) {
      outcome.was_due = true;
      outcome.error = status.message();
    }
    report.outcomes.push_back(std::move(outcome));
  }
  ARROW_ASSIGN_OR_RAISE(auto latest, dataset.CheckoutLatest());
  report.version = latest->version();
  return report;
}

class BackgroundMaintenance::Impl {
 public:
  using Report = std::function<void(const arrow::Result<MaintenanceReport>&)>;

  Impl(std::shared_ptr<const Dataset> dataset, MaintenanceOptions options,
       std::chrono::milliseconds interval, Report report)
      : dataset_(std::move(dataset)),
        options_(std::move(options)),
        interval_(interval),
        report_(std::move(report)) {
    options_.stop = source_.token();
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  ~Impl() {
    source_.RequestStop();
    thread_.request_stop();
  }

  uint64_t num_rounds() const { return Locked(&Impl::num_rounds_); }
  uint64_t num_failures() const { return Locked(&Impl::num_failures_); }
  std::string last_error() const { return Locked(&Impl::last_error_); }

 private:
  template <typename T>
  T Locked(T Impl::*member) const {
    std::lock_guard<std::mutex> lock(mutex_);
    return this->*member;
  }

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto report = Maintain(*dataset_, options_);
      if (stop.stop_requested()) return;
      Count(report);
      const bool was_due = !report.ok() || std::ranges::any_of(report->outcomes, std::identity(),
                                                               &MaintenanceOutcome::was_due);
      if (was_due && report_) report_(report);
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_for(lock, stop, interval_, [] { return false; });
    }
  }

  void Count(const arrow::Result<MaintenanceReport>& report) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++num_rounds_;
    auto fail = [&](const std::string& error) {
      ++num_failures_;
      last_error_ = error;
    };
    if (!report.ok()) return fail(report.status().message());
    for (const MaintenanceOutcome& outcome : report->outcomes) {
      if (!outcome.error.empty()) fail(outcome.step + ": " + outcome.error);
    }
  }

  const std::shared_ptr<const Dataset> dataset_;
  MaintenanceOptions options_;
  const std::chrono::milliseconds interval_;
  const Report report_;
  arrow::StopSource source_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  uint64_t num_rounds_ = 0, num_failures_ = 0;
  std::string last_error_;
  std::jthread thread_;  // last: ends before anything else goes
};

BackgroundMaintenance::BackgroundMaintenance(
    std::shared_ptr<const Dataset> dataset, MaintenanceOptions options,
    std::chrono::milliseconds interval,
    std::function<void(const arrow::Result<MaintenanceReport>&)> report)
    : impl_(std::make_unique<Impl>(std::move(dataset), std::move(options), interval,
                                   std::move(report))) {}

BackgroundMaintenance::~BackgroundMaintenance() = default;

uint64_t BackgroundMaintenance::num_rounds() const { return impl_->num_rounds(); }
uint64_t BackgroundMaintenance::num_failures() const { return impl_->num_failures(); }
std::string BackgroundMaintenance::last_error() const { return impl_->last_error(); }

}  // namespace lancea
