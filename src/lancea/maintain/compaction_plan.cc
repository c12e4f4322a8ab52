#include "lancea/maintain/compaction_plan.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <unordered_set>

#include "lancea/index_remapper.h"
#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/index_coverage.h"
#include "lancea/table/index_metadata.h"
#include "lancea/util/errors.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

constexpr std::string_view kConfigPrefix = "lance.compaction.";

// A fragment that may be rewritten.
struct Candidate {
  const FragmentMetadata* fragment = nullptr;
  uint64_t live_rows = 0;
  bool by_itself = false;  // worth it even without neighbours
};

using Bin = std::vector<Candidate>;

// Tasks of at least `min_rows` each, when there are enough rows for two.
void SplitBySize(const Bin& bin, uint64_t min_rows, std::vector<Bin>* out) {
  uint64_t rows_left = 0, rows = 0;
  for (const Candidate& candidate : bin) rows_left += candidate.live_rows;
  Bin task;
  for (const Candidate& candidate : bin) {
    task.push_back(candidate);
    rows += candidate.live_rows;
    rows_left -= candidate.live_rows;
    if (rows >= min_rows && rows_left > 0 && rows_left >= min_rows) {
      out->push_back(std::move(task));
      task.clear();
      rows = 0;
    }
  }
  if (!task.empty()) out->push_back(std::move(task));
}

// Bytes of the files that hold a column the table still has.
arrow::Result<uint64_t> SourceBytes(const Bin& task, const std::unordered_set<int32_t>& fields) {
  uint64_t bytes = 0;
  for (const Candidate& candidate : task) {
    for (const DataFile& file : candidate.fragment->files) {
      if (std::ranges::none_of(file.fields, [&](int32_t id) { return fields.contains(id); })) {
        continue;
      }
      if (file.file_size_bytes == 0) {
        return InvalidInput("max_source_bytes: the size of ", file.path, " of fragment ",
                            candidate.fragment->id, " is not recorded; leave the limit away");
      }
      bytes += file.file_size_bytes;
    }
  }
  return bytes;
}

arrow::Status CutToLimits(const Dataset::Impl& dataset, const CompactionOptions& options,
                          std::vector<Bin>* tasks) {
  std::unordered_set<int32_t> fields;
  VisitFields(dataset.manifest->schema.fields,
              [&](const Field& field) { fields.insert(field.id); });
  uint64_t fragments = 0, rows = 0, bytes = 0;
  for (size_t i = 0; i < tasks->size(); ++i) {
    fragments += (*tasks)[i].size();
    for (const Candidate& candidate : (*tasks)[i]) rows += candidate.live_rows;
    if (options.max_source_bytes) {
      ARROW_ASSIGN_OR_RAISE(uint64_t more, SourceBytes((*tasks)[i], fields));
      bytes += more;
    }
    if ((options.max_source_fragments && fragments > *options.max_source_fragments) ||
        (options.max_source_rows && rows > *options.max_source_rows) ||
        (options.max_source_bytes && bytes > *options.max_source_bytes)) {
      tasks->resize(i);
      break;
    }
  }
  return arrow::Status::OK();
}

arrow::Status CheckOptions(const CompactionOptions& options) {
  for (const auto& [name, limit] :
       {std::pair{"max_source_fragments", options.max_source_fragments},
        {"max_source_rows", options.max_source_rows},
        {"max_source_bytes", options.max_source_bytes},
        {"batch_size", options.batch_size},
        {"binary_copy_read_batch_bytes", options.binary_copy_read_batch_bytes},
        {"max_bytes_per_file", options.max_bytes_per_file}}) {
    if (limit && *limit == 0)
      return InvalidInput(name, " must be positive; leave it away for no limit");
  }
  return arrow::Status::OK();
}

template <typename Number>
arrow::Status ParseNumber(const std::string& key, const std::string& text, Number* out) {
  Number value{};
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) {
    return InvalidInput("config ", kConfigPrefix, key, ": \"", text, "\" is no such number");
  }
  *out = value;
  return arrow::Status::OK();
}

arrow::Status ParseBool(const std::string& key, const std::string& text, bool* out) {
  if (text != "true" && text != "false") {
    return InvalidInput("config ", kConfigPrefix, key, ": \"", text, "\" is not true or false");
  }
  *out = text == "true";
  return arrow::Status::OK();
}

arrow::Status SetFromConfig(const std::string& key, const std::string& value,
                            CompactionOptions* options) {
  auto number = [&](std::optional<uint64_t>* out) {
    return ParseNumber(key, value, &out->emplace());
  };
  if (key == "target_rows_per_fragment") {
    return ParseNumber(key, value, &options->target_rows_per_fragment);
  }
  if (key == "max_rows_per_group") return ParseNumber(key, value, &options->max_rows_per_group);
  if (key == "max_bytes_per_file") return number(&options->max_bytes_per_file);
  if (key == "materialize_deletions") return ParseBool(key, value, &options->materialize_deletions);
  if (key == "materialize_deletions_threshold") {
    return ParseNumber(key, value, &options->materialize_deletions_threshold);
  }
  if (key == "defer_index_remap") return ParseBool(key, value, &options->defer_index_remap);
  if (key == "batch_size") return number(&options->batch_size);
  if (key == "io_buffer_size") return number(&options->io_buffer_size);
  if (key == "binary_copy_read_batch_bytes") return number(&options->binary_copy_read_batch_bytes);
  if (key == "max_source_fragments") return number(&options->max_source_fragments);
  if (key == "max_source_rows") return number(&options->max_source_rows);
  if (key == "max_source_bytes") return number(&options->max_source_bytes);
  if (key == "data_storage_version") {
    options->data_storage_version = value;
  } else if (key == "compaction_mode") {
    ARROW_ASSIGN_OR_RAISE(options->mode, ParseCompactionMode(value));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<CompactionMode> ParseCompactionMode(const std::string& name) {
  if (name == "reencode") return CompactionMode::kReencode;
  if (name == "try_binary_copy") return CompactionMode::kTryBinaryCopy;
  if (name == "force_binary_copy") return CompactionMode::kForceBinaryCopy;
  return InvalidInput("Invalid compaction mode \"", name,
                      "\"; valid are reencode, try_binary_copy, force_binary_copy");
}

arrow::Result<CompactionOptions> CompactionOptions::FromConfig(
    const std::map<std::string, std::string>& config) {
  CompactionOptions options;
  for (const auto& [key, value] : config) {
    if (!key.starts_with(kConfigPrefix)) continue;
    ARROW_RETURN_NOT_OK(SetFromConfig(key.substr(kConfigPrefix.size()), value, &options));
  }
  return options;
}

CompactionMetrics& CompactionMetrics::operator+=(const CompactionMetrics& other) {
  fragments_removed += other.fragments_removed;
  fragments_added += other.fragments_added;
  files_removed += other.files_removed;
  files_added += other.files_added;
  return *this;
}

arrow::Result<std::string> TargetStorageVersion(const Dataset::Impl& dataset,
                                                const CompactionOptions& options) {
  const std::string& own = dataset.manifest->data_storage_version;
  if (own == "0.1") {
    return Unsupported(
        "tables of data storage version 0.1 (legacy) are read but not compacted; "
        "write the rows to a new table");
  }
  ARROW_ASSIGN_OR_RAISE(FileFormat format,
                        ParseStorageVersion(options.data_storage_version.value_or(own)));
  return std::string(StorageVersionText(format));
}

arrow::Result<KnownReuse> ReadFragmentReuse(const Dataset::Impl& dataset) {
  KnownReuse out;
  for (const IndexInfo& index : dataset.indices) {
    if (index.name != kFragmentReuseIndexName) continue;
    ARROW_ASSIGN_OR_RAISE(
        out.history, FragmentReuse::Read(*dataset.location.store, dataset.location.path, index));
    out.uuid = index.uuid;
  }
  return out;
}

arrow::Result<std::vector<IndexInfo>> IndicesWithCoverage(const Dataset::Impl& dataset) {
  ARROW_ASSIGN_OR_RAISE(const KnownReuse reuse, ReadFragmentReuse(dataset));
  std::vector<IndexInfo> indices;
  for (const IndexInfo& index : dataset.indices) {
    if (IsSystemIndex(index)) continue;
    indices.push_back(index);
    reuse.history.Translate(&indices.back());
  }
  return indices;
}

bool HoldsBack(const Dataset::Impl& dataset, const IndexInfo& index,
               const CompactionOptions& options) {
  return !IsSystemIndex(index) && !dataset.manifest->has_stable_row_ids() &&
         !options.defer_index_remap && FindIndexRemapper(index) == nullptr;
}

arrow::Status CheckIndicesAllowRewrite(const Dataset::Impl& dataset,
                                       const std::vector<FragmentMetadata>& fragments,
                                       const CompactionOptions& options) {
  const bool stable_row_ids = dataset.manifest->has_stable_row_ids();
  for (const IndexInfo& index : dataset.indices) {
    if (index.name == kFragmentReuseIndexName && !options.defer_index_remap) {
      return Unsupported(
          "the table has a fragment reuse index: set defer_index_remap, or compact it after its "
          "indices were optimized and the entry is gone");
    }
    if (IsSystemIndex(index)) continue;
    if (!index.has_fragment_bitmap) {
      return Unsupported("index \"", index.name,
                         "\" does not record which fragments it covers; create it again first");
    }
    if (HoldsBack(dataset, index, options)) {
      for (const FragmentMetadata& fragment : fragments) {
        if (Covers(index, fragment.id)) {
          return Unsupported("index \"", index.name, "\" covers fragment ", fragment.id,
                             " and cannot be remapped: set defer_index_remap, or compact with a "
                             "library that reads the index");
        }
      }
    }
    if (!options.defer_index_remap || !stable_row_ids || !AnswersWithAddresses(index)) continue;
    for (const FragmentMetadata& fragment : fragments) {
      if (Covers(index, fragment.id)) {
        return Unsupported("defer_index_remap: index \"", index.name,
                           "\" answers with row addresses in a table with stable row ids");
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Result<CompactionPlan> PlanCompaction(const Dataset& dataset,
                                             const CompactionOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  const Dataset::Impl& impl = dataset.impl();
  ARROW_RETURN_NOT_OK(CheckWritable(*impl.manifest));
  CompactionPlan plan;
  plan.read_version = dataset.version();
  plan.options = options;
  // At the whole table nothing is deleted by a share of more than all.
  if (options.materialize_deletions_threshold >= 1) plan.options.materialize_deletions = false;
  ARROW_ASSIGN_OR_RAISE(plan.options.data_storage_version, TargetStorageVersion(impl, options));

  ARROW_ASSIGN_OR_RAISE(const std::vector<IndexInfo> indices, IndicesWithCoverage(impl));
  std::set<uint64_t> excluded(options.excluded_fragment_ids.begin(),
                              options.excluded_fragment_ids.end());
  for (const IndexInfo& index : indices) {
    if (!HoldsBack(impl, index, options)) continue;
    excluded.insert(index.fragment_ids.begin(), index.fragment_ids.end());
  }
  std::vector<Bin> bins;
  Bin bin;
  std::vector<bool> bin_coverage;
  auto close = [&] {
    if (bin.size() > 1 || (bin.size() == 1 && bin[0].by_itself)) {
      SplitBySize(bin, options.target_rows_per_fragment, &bins);
    }
    bin.clear();
  };
  for (size_t i = 0; i < impl.fragments().size(); ++i) {
    const FragmentMetadata& fragment = impl.fragments()[i];
    const uint64_t live = impl.live_offsets[i + 1] - impl.live_offsets[i];
    const double deleted_share = fragment.physical_rows == 0
                                     ? 0
                                     : static_cast<double>(fragment.physical_rows - live) /
                                           static_cast<double>(fragment.physical_rows);
    const bool by_itself = plan.options.materialize_deletions &&
                           deleted_share > options.materialize_deletions_threshold;
    const bool is_small = fragment.physical_rows < options.target_rows_per_fragment;
    if ((!by_itself && !is_small) || excluded.contains(fragment.id)) {
      close();
      continue;
    }
    std::vector<bool> coverage;
    for (const IndexInfo& index : indices) coverage.push_back(Covers(index, fragment.id));
    if (coverage != bin_coverage) close();
    bin_coverage = std::move(coverage);
    bin.push_back({&fragment, live, by_itself});
  }
  close();
  ARROW_RETURN_NOT_OK(CutToLimits(impl, options, &bins));
  for (const Bin& task : bins) {
    auto& fragments = plan.tasks.emplace_back();
    for (const Candidate& candidate : task) fragments.push_back(*candidate.fragment);
    ARROW_RETURN_NOT_OK(CheckIndicesAllowRewrite(impl, fragments, plan.options));
  }
  return plan;
}

}  // namespace lancea
