// The files a dataset reads besides its manifest, each kept by the session.
#include "arrow/array/array_primitive.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/dataset/base_stores.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/encoding/unbacked.h"
#include "lancea/file/run_tasks.h"
#include "lancea/io/path.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/fragment.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

Bytes AsBytes(const std::string& text) {
  return Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// What an open file costs beside its parsed metadata; a mapping costs none of its bytes.
constexpr uint64_t kOpenFileBytes = 4096;

// Open a file that the manifest lists: where it is not there, the table is damaged.
arrow::Result<std::shared_ptr<ObjectReader>> OpenListed(const StoreAndPath& where,
                                                        uint64_t size = 0) {
  auto object = where.store->Open(where.path, size);
  if (CategoryOf(object.status()) == ErrorCategory::kNotFound) {
    return Corrupt(object.status().message());
  }
  return object;
}

}  // namespace

arrow::Result<StoreAndPath> Dataset::Impl::Resolve(std::optional<uint32_t> base_id,
                                                   const std::string& full_path) const {
  if (!base_id.has_value()) return StoreAndPath{location.store, full_path};
  return ResolveUnderBase(*session, storage_options, manifest->base_paths, *base_id, full_path);
}

arrow::Result<std::shared_ptr<const DataFileReader>> Dataset::Impl::OpenDataFile(
    const DataFile& file) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation where, LocateDataFile(manifest->base_paths, file));
  const std::string path = where.FullPath(location.path);
  LruCache& cache = session->impl().cache();
  const std::string key = "file:" + path;
  if (auto kept = cache.Get<DataFileReader>(key)) return kept;
  ARROW_ASSIGN_OR_RAISE(StoreAndPath resolved, Resolve(file.base_id, path));
  // Old writers note a wrong size for files of version 0.1.
  const uint64_t size = IsLegacyFile(file) ? 0 : file.file_size_bytes;
  ARROW_ASSIGN_OR_RAISE(auto object, OpenListed(resolved, size));
  auto recharge = [key, session = std::weak_ptr<Session>(session)](uint64_t bytes) {
    if (const auto alive = session.lock())
      alive->impl().cache().Recharge(key, kOpenFileBytes + bytes);
  };
  ARROW_ASSIGN_OR_RAISE(
      auto reader, DataFileReader::Open(std::move(object), std::move(recharge),
                                        DataFileOptions::Of(session->host().verify_checksums)));
  const uint64_t bytes = kOpenFileBytes + reader->memory_bytes();
  return cache.Put<DataFileReader>(key, "file", std::move(reader), bytes);
}

arrow::Result<std::shared_ptr<const DeletionVector>> Dataset::Impl::Deletions(
    const FragmentMetadata& fragment) const {
  if (!fragment.deletion_file.has_value()) return nullptr;
  const size_t index = static_cast<size_t>(&fragment - fragments().data());
  DeletionSlot* slots = deletion_slots_ready_.load(std::memory_order_acquire);
  if (slots != nullptr && slots[index].ready.load(std::memory_order_acquire)) {
    return slots[index].value;
  }
  ARROW_ASSIGN_OR_RAISE(auto loaded, LoadDeletions(fragment));
  std::lock_guard<std::mutex> lock(deletions_mutex_);
  if (deletion_slots_ == nullptr) {
    deletion_slots_ = std::make_unique<DeletionSlot[]>(fragments().size());
    deletion_slots_ready_.store(deletion_slots_.get(), std::memory_order_release);
  }
  DeletionSlot& slot = deletion_slots_[index];
  if (!slot.ready.load(std::memory_order_relaxed)) {
    slot.value = loaded;
    slot.ready.store(true, std::memory_order_release);
  }
  return loaded;
}

arrow::Result<std::shared_ptr<const DeletionVector>> Dataset::Impl::LoadDeletions(
    const FragmentMetadata& fragment) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation where, LocateDeletionFile(manifest->base_paths, fragment.id,
                                                               *fragment.deletion_file));
  const std::string path = where.FullPath(location.path);
  LruCache& cache = session->impl().cache();
  const std::string key = "deletions:" + path;
  if (auto kept = cache.Get<DeletionVector>(key)) return kept;
  ARROW_ASSIGN_OR_RAISE(StoreAndPath resolved, Resolve(fragment.deletion_file->base_id, path));
  ARROW_ASSIGN_OR_RAISE(auto object, OpenListed(resolved));
  ARROW_ASSIGN_OR_RAISE(auto deletions, ReadDeletionFile(*object, fragment));
  const uint64_t bytes = deletions->num_bytes();
  return cache.Put<DeletionVector>(key, "deletion vector", std::move(deletions), bytes);
}

template <typename Sequence>
arrow::Result<std::shared_ptr<const Sequence>> Dataset::Impl::ReadSequence(
    const FragmentMetadata& fragment, const SequenceRef& ref, int32_t hidden_field_id,
    const char* what) const {
  LruCache& cache = session->impl().cache();
  const std::string key =
      std::string(what) + ":" + cache_identity + "/" + std::to_string(fragment.id);
  if (auto kept = cache.Get<Sequence>(key)) return kept;
  auto read = [&]() -> arrow::Result<Sequence> {
    if (ref.inline_bytes.has_value()) return Sequence::Parse(AsBytes(*ref.inline_bytes));
    if (ref.external.has_value()) {
      const std::string path = JoinPath(location.path, ref.external->path);
      ARROW_ASSIGN_OR_RAISE(auto object, location.store->Open(path));
      ARROW_ASSIGN_OR_RAISE(auto bytes, object->ReadAt({ref.external->offset, ref.external->size}));
      return Sequence::Parse(Bytes(bytes->data(), static_cast<size_t>(bytes->size())));
    }
    // Spilled to a hidden column of u64, one value for each physical row.
    for (const DataFile& file : fragment.files) {
      if (std::find(file.fields.begin(), file.fields.end(), hidden_field_id) == file.fields.end())
        continue;
      ARROW_ASSIGN_OR_RAISE(auto reader, OpenDataFile(file));
      // The column source serves ids from 0 up; the hidden column gets one of its own.
      Field field;
      field.id = 0;
      field.name = what;
      field.logical_type = "uint64";
      FieldColumns columns;
      for (size_t i = 0; i < file.fields.size(); ++i) {
        // 0.1 files have no column indices, or any number of them.
        if (file.fields[i] == hidden_field_id && i < file.column_indices.size()) {
          columns.field_ids = {0};
          columns.column_indices = {file.column_indices[i]};
        }
      }
      if (columns.field_ids.empty()) return Corrupt(file.path, " cannot hold a hidden column");
      ARROW_ASSIGN_OR_RAISE(auto column, reader->MakeFieldReader(
                                             field, arrow::field(what, arrow::uint64()), columns));
      if (column->num_rows() != fragment.physical_rows ||
          column->num_rows() > MostValues(column->encoded_bytes())) {
        return Corrupt(column->num_rows(), " values in ", column->encoded_bytes(), " bytes for ",
                       fragment.physical_rows, " rows");
      }
      const RowRange all{0, column->num_rows()};
      std::vector<std::unique_ptr<ReadTask>> tasks(1);
      ARROW_ASSIGN_OR_RAISE(tasks[0], column->Read({&all, 1}, memory_pool()));
      ARROW_RETURN_NOT_OK(
          RunTasks(*reader->object(), tasks, MakeReadOptions(arrow::StopToken::Unstoppable())));
      ARROW_ASSIGN_OR_RAISE(auto arrays, tasks[0]->Finish());
      std::vector<uint64_t> values;
      for (const auto& array : arrays) {
        const auto& numbers = static_cast<const arrow::UInt64Array&>(*array);
        values.insert(values.end(), numbers.raw_values(), numbers.raw_values() + numbers.length());
      }
      return Sequence::FromValues(std::move(values));
    }
    return Corrupt("no data file holds the ", what, " of fragment ", fragment.id);
  };
  auto sequence = read();
  if (!sequence.ok()) {
    return Prefix(sequence.status(),
                  std::string(what) + " of fragment " + std::to_string(fragment.id));
  }
  if (sequence->num_rows() != fragment.physical_rows) {
    return Corrupt(what, " of fragment ", fragment.id, ": ", sequence->num_rows(), " values for ",
                   fragment.physical_rows, " rows");
  }
  const uint64_t bytes = sequence->num_bytes();
  return cache.Put<Sequence>(key, what, std::make_shared<const Sequence>(*std::move(sequence)),
                             bytes);
}

arrow::Result<std::shared_ptr<const RowIdSequence>> Dataset::Impl::RowIds(
    const FragmentMetadata& fragment) const {
  if (!manifest->has_stable_row_ids()) return nullptr;
  if (fragment.row_ids.empty()) {
    return Corrupt("fragment ", fragment.id, " of a table with stable row ids has none");
  }
  return ReadSequence<RowIdSequence>(fragment, fragment.row_ids, kRowIdFieldId, "row ids");
}

arrow::Result<std::shared_ptr<const RowVersionSequence>> Dataset::Impl::CreatedAtVersions(
    const FragmentMetadata& fragment) const {
  if (fragment.created_at_versions.empty()) {
    return std::make_shared<const RowVersionSequence>(
        RowVersionSequence::Uniform(fragment.physical_rows, 1));
  }
  return ReadSequence<RowVersionSequence>(fragment, fragment.created_at_versions,
                                          kCreatedAtVersionFieldId, "created-at versions");
}

arrow::Result<std::shared_ptr<const RowVersionSequence>> Dataset::Impl::LastUpdatedAtVersions(
    const FragmentMetadata& fragment) const {
  if (fragment.last_updated_at_versions.empty()) {
    return std::make_shared<const RowVersionSequence>(
        RowVersionSequence::Uniform(fragment.physical_rows, 1));
  }
  return ReadSequence<RowVersionSequence>(fragment, fragment.last_updated_at_versions,
                                          kLastUpdatedAtVersionFieldId, "last-updated-at versions");
}

ReadOptions Dataset::Impl::MakeReadOptions(const arrow::StopToken& stop) const {
  ReadOptions options = ReadOptionsFor(*location.store, session->host().io_executor);
  options.counters = io_counters.get();
  options.resident = resident_pages.get();
  options.stop_token = stop;
  return options;
}

}  // namespace lancea
