// VerifyTable: reads everything a version refers to and compares every count with what was said.
//
//   manifest   every version of the history parses, tags name versions that exist
//   fragment   no id given twice, no field stored twice, deletion file and row sequences of the right
//              length, no live row id twice
//   data file  version, size and rows as the manifest says; every page decodes to valid Arrow
//   blobs      every description names bytes that are there
//
// A defect ends the check of the thing it is in, not of the table. Columns are decoded in windows of rows
// that take some MiB, and mapped files give back the pages that were read: memory is bounded however wide
// rows are.
#include "lancea/verify.h"

#include <map>
#include <mutex>
#include <set>

#include "arrow/array/array_base.h"
#include "arrow/array/validate.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/dataset/stored_field.h"
#include "lancea/scan/blobs.h"
#include "lancea/scan/copied_blobs.h"
#include "lancea/scan/nested_arrays.h"
#include "lancea/table/fragment.h"
#include "lancea/table/refs.h"
#include "lancea/table/table_layout.h"
#include "lancea/table/versions.h"
#include "lancea/util/errors.h"
#include "lancea/util/referenced_bytes.h"
#include "lancea/write/one_pass.h"

namespace lancea {
namespace {

// Decoded at once of a column, roughly.
constexpr uint64_t kWindowBytes = uint64_t{4} << 20;
constexpr uint64_t kMaxWindowRows = uint64_t{32} << 10;
// Of the file. A page may decode to far more than it takes there, but not to more than a writer gathers.
constexpr uint64_t kMaxWindowWeight = uint64_t{16} << 20;
constexpr uint64_t kPageWeight = uint64_t{2} << 20;
// Before a window is decoded nobody knows what its rows take.
constexpr uint64_t kFirstWindowRows = 128;
// Blobs may lie outside, where nobody has noted their sizes.
constexpr uint64_t kMaxBlobsRead = 64;
// Live row ids are compared all together, 8 bytes each.
constexpr uint64_t kMaxRowIdsCompared = uint64_t{1} << 28;

class Defects {
 public:
  /// \return false when `status` is an error, which is then recorded
  bool Check(const std::string& file, const arrow::Status& status) {
    if (status.ok()) return true;
    std::lock_guard<std::mutex> lock(mutex_);
    // Most messages begin with the file they are about.
    std::string message = status.message();
    if (message.starts_with(file + ": ")) message.erase(0, file.size() + 2);
    found_.push_back({file, std::move(message)});
    return false;
  }
  std::vector<Defect> Take() { return std::move(found_); }

 private:
  std::mutex mutex_;
  std::vector<Defect> found_;
};

class Verifier {
 public:
  Verifier(const Dataset::Impl& dataset, const VerifyRun& run)
      : dataset_(dataset), run_(run), stop_(run.stop), options_(dataset.MakeReadOptions(run.stop)) {
    for (const FragmentMetadata& fragment : dataset.fragments()) {
      progress_.total_files += fragment.files.size();
      for (const DataFile& file : fragment.files) progress_.total_bytes += file.file_size_bytes;
    }
  }

  arrow::Result<std::vector<Defect>> Run() {
    CheckHistory();
    CheckFragmentIds();
    for (const FragmentMetadata& fragment : dataset_.fragments()) {
      ARROW_RETURN_NOT_OK(stop_.Poll());
      ARROW_RETURN_NOT_OK(CheckFragment(fragment));
    }
    CheckRowIds();
    return defects_.Take();
  }

 private:
  void CheckHistory() {
    ObjectStore& store = *dataset_.location.store;
    const std::string versions = JoinPath(dataset_.location.path, kVersionsDirectory);
    auto manifests = ListManifests(store, dataset_.location.path);
    if (!defects_.Check(versions, manifests.status())) return;
    std::set<uint64_t> known;
    for (const ManifestLocation& location : *manifests) {
      known.insert(location.version);
      auto check = [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(location.path, location.size));
        ARROW_ASSIGN_OR_RAISE(auto manifest, ReadManifest(*reader));
        if (manifest->version != location.version) {
          return Corrupt("holds version ", manifest->version, ", its name says ", location.version);
        }
        return ReadIndexSection(*reader, *manifest).status();
      };
      defects_.Check(location.path, check());
    }
    auto tags = ReadTags(store, dataset_.main_root);
    const std::string tags_directory = JoinPath(dataset_.main_root, kTagsDirectory);
    if (!defects_.Check(tags_directory, tags.status())) return;
    const std::string own_branch = dataset_.manifest->branch.value_or(kMainBranch);
    for (const auto& [name, tag] : *tags) {
      if (tag.branch.value_or(kMainBranch) != own_branch || known.contains(tag.version)) continue;
      defects_.Check(tags_directory, Corrupt("tag \"", name, "\" names version ", tag.version,
                                             ", which does not exist"));
    }
  }

  // pylance 0.16 could give an id twice; rows of such fragments cannot be told apart by address.
  void CheckFragmentIds() {
    std::set<uint64_t> ids;
    for (const FragmentMetadata& fragment : dataset_.fragments()) {
      if (ids.insert(fragment.id).second) continue;
      defects_.Check("fragment " + std::to_string(fragment.id), Corrupt("another has this id too"));
    }
  }

  arrow::Status CheckFragment(const FragmentMetadata& fragment) {
    const std::string name = "fragment " + std::to_string(fragment.id);
    std::set<int32_t> stored;
    for (const DataFile& file : fragment.files) {
      for (int32_t id : file.fields) {
        if (id >= 0 && !stored.insert(id).second) {
          defects_.Check(name, Corrupt("field ", id, " is in two data files"));
        }
      }
    }
    auto deletions = dataset_.Deletions(fragment);
    defects_.Check(name, deletions.status());
    if (deletions.ok() && *deletions != nullptr && !(*deletions)->DeletedRanges().empty() &&
        (*deletions)->DeletedRanges().back().end > fragment.physical_rows) {
      defects_.Check(name,
                     Corrupt("deleted rows lie behind its ", fragment.physical_rows, " rows"));
    }
    defects_.Check(name, dataset_.RowIds(fragment).status());
    defects_.Check(name, dataset_.CreatedAtVersions(fragment).status());
    defects_.Check(name, dataset_.LastUpdatedAtVersions(fragment).status());
    for (const DataFile& file : fragment.files) {
      ARROW_RETURN_NOT_OK(CheckFile(fragment, file));
      ++progress_.files;
      bytes_of_files_ += file.file_size_bytes;
      progress_.bytes = bytes_of_files_;
      values_checked_ = 0;
      if (run_.progress) run_.progress(progress_);
    }
    return arrow::Status::OK();
  }

  arrow::Status CheckFile(const FragmentMetadata& fragment, const DataFile& file) {
    const std::string path = "data/" + file.path;
    auto opened = dataset_.OpenDataFile(file);
    if (!defects_.Check(path, opened.status())) return arrow::Status::OK();
    const DataFileReader& reader = **opened;
    // Old writers note a wrong size for files of version 0.1, which nothing relies on.
    if (file.file_size_bytes != 0 && !IsLegacyFile(file) &&
        file.file_size_bytes != reader.object()->size()) {
      defects_.Check(path, Corrupt("is ", reader.object()->size(), " bytes, the manifest says ",
                                   file.file_size_bytes));
    }
    if (reader.num_rows() != fragment.physical_rows) {
      defects_.Check(path, Corrupt("has ", reader.num_rows(), " rows, fragment ", fragment.id,
                                   " has ", fragment.physical_rows));
      return arrow::Status::OK();
    }
    FileVersion said{static_cast<uint16_t>(file.file_major_version),
                     static_cast<uint16_t>(file.file_minor_version)};
    // Manifests call 2.0 by its name, files by the older 0.3.
    if (said.major == 2 && said.minor == 0) said = {0, 3};
    FileVersion found = reader.version();
    if (found.major == 2 && found.minor == 0) found = {0, 3};
    const bool same = said.is_legacy() ? found.is_legacy()
                                       : said.major == found.major && said.minor == found.minor;
    if (!same) {
      defects_.Check(path, Corrupt("is of version ", found.major, ".", found.minor,
                                   ", the manifest says ", said.major, ".", said.minor));
    }
    defects_.Check(path, reader.VerifyChecksums());
    const Schema stored = SchemaOfDataFile(dataset_.manifest->schema, file);
    num_columns_ = stored.fields.size();
    return ParallelFor(dataset_.session->impl().cpu_executor(), stored.fields.size(), stop_,
                       [&](size_t i) -> arrow::Status {
                         const Field& field = stored.fields[i];
                         arrow::Status status = CheckField(reader, file, field);
                         if (status.IsCancelled()) return status;
                         defects_.Check(path, status.ok()
                                                  ? status
                                                  : Prefix(status, "field \"" + field.name + "\""));
                         return arrow::Status::OK();
                       });
  }

  arrow::Status CheckField(const DataFileReader& reader, const DataFile& file, const Field& field) {
    ARROW_ASSIGN_OR_RAISE(auto decoded, ToArrow(AsStored(field)));
    ARROW_ASSIGN_OR_RAISE(
        auto column, reader.MakeFieldReader(field, decoded, {file.fields, file.column_indices}));
    if (column->num_rows() != reader.num_rows()) {
      return Corrupt(column->num_rows(), " rows, the file has ", reader.num_rows());
    }
    uint64_t window = kFirstWindowRows;
    for (RowRange rows; rows.start < column->num_rows(); rows.start = rows.end) {
      ARROW_RETURN_NOT_OK(stop_.Poll());
      rows.end = std::min(rows.start + window, column->num_rows());
      auto bytes = CheckRows(reader, file, field, *column, &rows);
      if (!bytes.ok()) {
        return Prefix(bytes.status(),
                      "rows " + std::to_string(rows.start) + " to " + std::to_string(rows.end));
      }
      const uint64_t row_bytes = std::max<uint64_t>(1, *bytes / rows.size());
      window = std::clamp<uint64_t>(kWindowBytes / row_bytes, 1, kMaxWindowRows);
      CountChecked(file, rows.size(), reader.num_rows());
    }
    return arrow::Status::OK();
  }

  // Rows of one of the file's top-level columns are checked; all of them count as equally large.
  void CountChecked(const DataFile& file, uint64_t rows, uint64_t num_rows) {
    if (!run_.progress) return;
    std::lock_guard<std::mutex> lock(progress_mutex_);
    values_checked_ += rows;
    const double share = static_cast<double>(values_checked_) /
                         (static_cast<double>(num_rows) * static_cast<double>(num_columns_));
    progress_.bytes =
        bytes_of_files_ + static_cast<uint64_t>(static_cast<double>(file.file_size_bytes) * share);
    run_.progress(progress_);
  }

  // Read and decode rows.
  // \param rows  fewer in the end if they take too many bytes of the file
  // \return bytes they have when decoded
  arrow::Result<uint64_t> CheckRows(const DataFileReader& reader, const DataFile& file,
                                    const Field& field, const FieldReader& column, RowRange* rows) {
    ARROW_ASSIGN_OR_RAISE(auto task, ReadWindow(reader, column, rows));
    ARROW_ASSIGN_OR_RAISE(auto arrays, task->Finish());
    uint64_t decoded = 0, bytes = 0;
    for (const auto& array : arrays) {
      decoded += static_cast<uint64_t>(array->length());
      ARROW_RETURN_NOT_OK(array->ValidateFull());
      bytes += ReferencedBytes(*array);
      ARROW_RETURN_NOT_OK(JsonToText(field, array, dataset_.memory_pool()).status());
      if (IsBlob(field)) ARROW_RETURN_NOT_OK(CheckBlobs(file, field, *array));
    }
    if (decoded != rows->size()) return Corrupt("decoded ", decoded, " of ", rows->size(), " rows");
    return bytes;
  }

  // A task that has all its bytes. Of rows that are larger than those before them fewer are read, where
  // that is less to read: some pages are read as a whole whatever is asked of them.
  arrow::Result<std::unique_ptr<ReadTask>> ReadWindow(const DataFileReader& reader,
                                                      const FieldReader& column, RowRange* rows) {
    for (uint64_t weight_before = UINT64_MAX;;) {
      ARROW_ASSIGN_OR_RAISE(auto task, column.Read({rows, 1}, dataset_.memory_pool()));
      uint64_t weight = 0;
      const auto is_too_much = [&] {
        return weight > kMaxWindowWeight && rows->size() > 1 && weight < weight_before / 4 * 3;
      };
      while (!task->needs().empty()) {
        for (const ByteRange& range : task->needs()) weight += range.length;
        if (is_too_much()) break;
        ARROW_ASSIGN_OR_RAISE(auto buffers, ReadRanges(*reader.object(), task->needs(), options_));
        ARROW_RETURN_NOT_OK(task->Supply(std::move(buffers)));
      }
      if (task->needs().empty()) {
        std::vector<uint64_t> pages;
        task->AppendPagesRead(&pages);
        weight = std::max<uint64_t>(weight, pages.size() * kPageWeight);
        if (!is_too_much()) return task;
      }
      weight_before = weight;
      rows->end = rows->start + (rows->size() + 1) / 2;
    }
  }

  arrow::Status CheckBlobs(const DataFile& file, const Field& field,
                           const arrow::Array& descriptions) {
    std::vector<uint64_t> sizes(static_cast<size_t>(descriptions.length()), 0);
    AddBlobBytes(field, descriptions, sizes);
    for (size_t begin = 0, end = 0; begin < sizes.size(); begin = end) {
      uint64_t bytes = 0;
      while (end < sizes.size() && end - begin < kMaxBlobsRead && bytes < kWindowBytes) {
        bytes += sizes[end++];
      }
      const auto part =
          descriptions.Slice(static_cast<int64_t>(begin), static_cast<int64_t>(end - begin));
      const std::vector<const DataFile*> files(end - begin, &file);
      ARROW_RETURN_NOT_OK(ReadBlobs(dataset_, *part, files, options_).status());
    }
    return arrow::Status::OK();
  }

  // No two live rows share a stable row id, and none is one that was never given out.
  void CheckRowIds() {
    if (!dataset_.manifest->has_stable_row_ids()) return;
    if (dataset_.live_offsets.back() > kMaxRowIdsCompared) return;
    std::vector<uint64_t> live;
    live.reserve(dataset_.live_offsets.back());
    std::vector<uint64_t> ids;
    for (const FragmentMetadata& fragment : dataset_.fragments()) {
      auto sequence = dataset_.RowIds(fragment);
      auto deletions = dataset_.Deletions(fragment);
      // Already recorded when the fragment was checked.
      if (!sequence.ok() || *sequence == nullptr || !deletions.ok()) return;
      ids.resize((*sequence)->num_rows());
      (*sequence)->Read(0, ids.size(), ids.data());
      for (uint64_t row = 0; row < ids.size(); ++row) {
        if (*deletions == nullptr || !(*deletions)->Contains(row)) live.push_back(ids[row]);
      }
    }
    std::sort(live.begin(), live.end());
    auto twice = std::adjacent_find(live.begin(), live.end());
    const std::string& manifest = dataset_.manifest_location.path;
    if (twice != live.end()) {
      defects_.Check(manifest, Corrupt("row id ", *twice, " belongs to two live rows"));
    }
    if (!live.empty() && live.back() >= dataset_.manifest->next_row_id) {
      defects_.Check(manifest,
                     Corrupt("row id ", live.back(), " is in use, yet the next to be given is ",
                             dataset_.manifest->next_row_id));
    }
  }

  const Dataset::Impl& dataset_;
  const VerifyRun& run_;
  const arrow::StopToken& stop_;
  const ReadOptions options_;
  Defects defects_;

  std::mutex progress_mutex_;  // while a file's columns are checked side by side
  VerifyProgress progress_;
  uint64_t bytes_of_files_ = 0;  // of those checked
  size_t num_columns_ = 0;       // of the file being checked
  uint64_t values_checked_ = 0;
};

}  // namespace

arrow::Result<std::vector<Defect>> VerifyTable(const Dataset& dataset, const VerifyRun& run) {
  ARROW_ASSIGN_OR_RAISE(const WriteContext context,
                        WriteContext::Make(dataset.uri(), dataset.shared_from_this(), nullptr, {}));
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        OpenForOnePass(ForOnePass(context), *context.Target().known));
  return Verifier(table->impl(), run).Run();
}

arrow::Result<std::vector<Defect>> Dataset::Verify(const arrow::StopToken& stop) const {
  return VerifyTable(*this, {{}, stop});
}

}  // namespace lancea
