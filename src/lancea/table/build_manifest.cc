#include "lancea/table/build_manifest.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <type_traits>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/manifest_draft.h"
#include "lancea/table/mem_wal_state.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr char kDefaultStorageVersion[] = "2.2";
constexpr char kLegacyVersion[] = "0.1";
constexpr int32_t kLegacyDictionaryEncoding = 3;

/// The contents of `previous` under the next version number.
Manifest Successor(const Manifest& previous) {
  Manifest next = previous;
  next.version = previous.version + 1;
  next.version_aux_data = 0;
  next.tag.reset();
  next.transaction_file.clear();
  next.index_section.reset();
  next.transaction_section.reset();
  if (!next.max_fragment_id && !next.fragments.empty()) {
    next.max_fragment_id =
        static_cast<uint32_t>(std::ranges::max(next.fragments, {}, &FragmentMetadata::id).id);
  }
  return next;
}

/// \return e.g. true for "0.8.9" before 0.8.15
bool IsBefore(const std::string& version, std::array<int, 3> other) {
  std::array<int, 3> parts = {0, 0, 0};
  return std::sscanf(version.c_str(), "%d.%d.%d", &parts[0], &parts[1], &parts[2]) == 3 &&
         parts < other;
}

/// What a table of an old library does not record truthfully must not look so once we have written
/// it.
void KeepDistrust(const Manifest& contents, ManifestDraft* draft) {
  const auto& writer = contents.writer_version;
  // Its row counts may be wrong: readers go by whether there is a writer version.
  if (!writer && !draft->next.fragments.empty()) draft->next.writer_version.reset();
  // Its fragment bitmaps may be wrong.
  if (!writer || (writer->library == "lance" && IsBefore(writer->version, {0, 8, 15}))) {
    for (IndexInfo& index : draft->indices) {
      index.has_fragment_bitmap = false;
      index.fragment_ids.clear();
    }
  }
}

arrow::Status CheckDictionaries(const Manifest& manifest) {
  bool has_dictionary = false;
  VisitFields(manifest.schema.fields, [&](const Field& field) {
    has_dictionary = has_dictionary || field.legacy_encoding == kLegacyDictionaryEncoding ||
                     field.dictionary_length > 0;
  });
  if (!has_dictionary || manifest.data_storage_version != kLegacyVersion) {
    return arrow::Status::OK();
  }
  return Unsupported(
      "committing to a table of version 0.1 with dictionary columns, whose values "
      "lie in the manifest");
}

/// Versions of a table's data files.
struct FileVersions {
  std::string first;
  std::string other;  ///< the last that is not the first; empty when all agree
  bool has_legacy = false, has_newer = false;

  bool mixes_legacy() const { return has_legacy && has_newer; }
};

arrow::Result<FileVersions> FindFileVersions(const Manifest& manifest) {
  FileVersions out;
  for (const FragmentMetadata& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(std::string version, FileVersionOf(file));
      (version == kLegacyVersion ? out.has_legacy : out.has_newer) = true;
      if (out.first.empty()) out.first = version;
      if (version != out.first) out.other = version;
    }
  }
  return out;
}

/// The storage version the files agree on, and a flag when newer ones do not.
/// \param previous  the version before, or nullptr
arrow::Status SettleStorageVersion(bool is_given, const Manifest* previous, Manifest* manifest) {
  ARROW_ASSIGN_OR_RAISE(const FileVersions files, FindFileVersions(*manifest));
  const std::string &first = files.first, &other = files.other;
  const bool is_mixed = !other.empty(), has_legacy = files.has_legacy;
  if (files.mixes_legacy()) {
    // pylance 0.16 could leave such tables. They can be read, and an earlier version restored.
    if (previous != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const FileVersions before, FindFileVersions(*previous));
      if (before.mixes_legacy()) {
        return Corrupt("The dataset contains a mixture of file versions, ", first, " and ", other,
                       "; restore an earlier version of it");
      }
    }
    return InvalidInput("the table would mix data files of version 0.1 with newer ones");
  }
  std::string& version = manifest->data_storage_version;
  // Files of a new table say its version, when they agree.
  if (version.empty() && manifest->version == 1 && is_mixed) {
    return InvalidInput("All data files must have the same version. Detected both ", first, " and ",
                        other);
  }
  if (version.empty()) version = first.empty() ? kDefaultStorageVersion : first;
  if (first.empty() || (version == first && !is_mixed)) return arrow::Status::OK();
  if (has_legacy || (version == kLegacyVersion && is_given)) {
    return InvalidInput("data files of version ", first, " in a table of version ", version);
  }
  if (version == kLegacyVersion) version = first;
  if (is_mixed || version != first) {
    manifest->reader_feature_flags |= kFlagMixedFileVersions;
    manifest->writer_feature_flags |= kFlagMixedFileVersions;
  }
  return arrow::Status::OK();
}

/// Ids of dropped fields are never given again in tables that say so.
arrow::Status CheckFieldIds(const Manifest& previous, const Manifest& next, bool is_overwrite) {
  if (!previous.max_allocated_field_id) return arrow::Status::OK();
  const int32_t given = *previous.max_allocated_field_id;
  arrow::Status status;
  VisitFields(next.schema.fields, [&](const Field& field) {
    const bool is_new = is_overwrite || previous.schema.FindById(field.id) == nullptr;
    if (status.ok() && is_new && field.id <= given) {
      status = InvalidInput("new field \"", field.name, "\" has id ", field.id,
                            "; in this table ids up to ", given, " have been given");
    }
  });
  return status;
}

/// Counters, flags and what every commit sets.
/// \param contents  the version the new one keeps contents of, or nullptr
arrow::Status Finish(const CommitSettings& settings, const Transaction& transaction,
                     const Manifest* contents, ManifestDraft* draft) {
  Manifest& next = draft->next;
  std::ranges::stable_sort(next.fragments, {}, &FragmentMetadata::id);
  for (FragmentMetadata& fragment : next.fragments) {
    std::erase_if(fragment.files, [](const DataFile& file) {
      return std::ranges::all_of(file.fields, [](int32_t id) { return id == kTombstoneFieldId; });
    });
  }
  if (!next.fragments.empty()) {
    const uint64_t max = next.fragments.back().id;
    if (max > std::numeric_limits<uint32_t>::max()) {
      return InvalidInput("the table has no fragment id left");
    }
    next.max_fragment_id = std::max(next.max_fragment_id.value_or(0), static_cast<uint32_t>(max));
  }
  if (next.max_allocated_field_id) {
    next.max_allocated_field_id = std::max(*next.max_allocated_field_id, next.max_field_id());
  }
  next.timestamp_nanos = settings.timestamp_nanos;
  next.transaction_file = settings.transaction_file;
  next.writer_version = settings.writer_version;
  if (!transaction.tag.empty()) next.tag = transaction.tag;
  if (contents != nullptr) KeepDistrust(*contents, draft);
  ARROW_RETURN_NOT_OK(
      SettleStorageVersion(settings.data_storage_version.has_value(), draft->previous, &next));
  ARROW_RETURN_NOT_OK(CheckDictionaries(next));
  const bool has_reuse_index = std::ranges::any_of(
      draft->indices, [](const IndexInfo& index) { return index.name == kFragmentReuseIndexName; });
  if (draft->stable_row_ids && has_reuse_index) {
    return Unsupported("a table with stable row ids and a fragment reuse index");
  }
  ARROW_RETURN_NOT_OK(
      SetFeatureFlags(&next, draft->indices, draft->stable_row_ids, settings.no_transaction_files));
  return ValidateManifest(next);
}

/// The restored version's contents; counters and capabilities do not go back.
arrow::Status Restore(const BuiltManifest& source, ManifestDraft* draft) {
  const Manifest& previous = *draft->previous;
  ARROW_RETURN_NOT_OK(CheckWritable(source.manifest));
  if (previous.has_stable_row_ids() != source.manifest.has_stable_row_ids()) {
    return InvalidInput("version ", source.manifest.version,
                        " is from before stable row ids; restoring it would give its rows ids that "
                        "others have");
  }
  if (previous.max_allocated_field_id && !source.manifest.max_allocated_field_id) {
    return InvalidInput("version ", source.manifest.version,
                        " is from before field ids were no longer given again");
  }
  Manifest next = Successor(source.manifest);
  next.version = previous.version + 1;
  next.branch = previous.branch;
  next.max_fragment_id = std::max(next.max_fragment_id, draft->next.max_fragment_id);
  next.next_row_id = std::max(next.next_row_id, previous.next_row_id);
  next.max_allocated_field_id =
      std::max(next.max_allocated_field_id, previous.max_allocated_field_id);
  const uint64_t sticky = previous.reader_feature_flags & kStickyFlags;
  next.reader_feature_flags |= sticky;
  next.writer_feature_flags |= sticky;
  draft->next = std::move(next);
  draft->indices = source.indices;
  return arrow::Status::OK();
}

/// The source's contents, its files left where they are or, of a deep clone, copied.
arrow::Status Clone(const operation::Clone& clone, const BuiltManifest& source,
                    ManifestDraft* draft) {
  ARROW_RETURN_NOT_OK(CheckWritable(source.manifest));
  Manifest next = Successor(source.manifest);
  next.version = source.manifest.version;
  next.branch = clone.is_shallow ? clone.branch_name : std::nullopt;
  uint32_t base_id = 0;
  while (std::ranges::find(next.base_paths, base_id, &BasePath::id) != next.base_paths.end()) {
    ++base_id;
  }
  auto relocate = [&](std::optional<uint32_t>* id) {
    if (!clone.is_shallow) {
      id->reset();
    } else if (!*id) {
      *id = base_id;
    }
  };
  for (FragmentMetadata& fragment : next.fragments) {
    for (DataFile& file : fragment.files) relocate(&file.base_id);
    if (fragment.deletion_file) relocate(&fragment.deletion_file->base_id);
  }
  draft->indices = source.indices;
  for (IndexInfo& index : draft->indices) relocate(&index.base_id);
  if (clone.is_shallow) {
    next.base_paths.push_back({base_id, clone.ref_name.value_or(""), true, clone.ref_path});
  } else {
    // Blobs given by URI are not copied: what they are relative to stays known.
    bool has_blobs = false;
    VisitFields(next.schema.fields, [&](const Field& field) { has_blobs |= IsBlobV2(field); });
    std::erase_if(next.base_paths,
                  [&](const BasePath& base) { return base.is_dataset_root || !has_blobs; });
  }
  draft->next = std::move(next);
  draft->stable_row_ids = source.manifest.has_stable_row_ids();
  return arrow::Status::OK();
}

arrow::Status ApplyAny(const Operation& operation, const BuiltManifest* source,
                       ManifestDraft* draft) {
  return std::visit(
      [&](const auto& change) -> arrow::Status {
        using Change = std::decay_t<decltype(change)>;
        constexpr bool is_restore = std::is_same_v<Change, operation::Restore>;
        constexpr bool is_clone = std::is_same_v<Change, operation::Clone>;
        if constexpr (is_restore || is_clone) {
          if (source == nullptr) {
            return InvalidInput(OperationName(operation), " needs the version it takes");
          }
        }
        if constexpr (!is_clone && !std::is_same_v<Change, operation::Overwrite>) {
          if (draft->previous == nullptr) {
            return InvalidInput(OperationName(operation), " of a table that does not exist");
          }
        }
        if constexpr (std::is_same_v<Change, operation::Unknown>) {
          return Unsupported("committing an operation of a newer library");
        } else if constexpr (is_clone) {
          if (draft->previous != nullptr) return InvalidInput("Clone to a table that exists");
          return Clone(change, *source, draft);
        } else if constexpr (is_restore) {
          return Restore(*source, draft);
        } else {
          return Apply(change, draft);
        }
      },
      operation);
}

}  // namespace

WriterVersion OwnWriterVersion() { return {"lancea", LANCEA_VERSION, std::nullopt, std::nullopt}; }

arrow::Result<BuiltManifest> BuildManifest(const Manifest* previous,
                                           const std::vector<IndexInfo>& previous_indices,
                                           const Transaction& transaction,
                                           const CommitSettings& settings,
                                           const BuiltManifest* source) {
  ManifestDraft draft;
  draft.previous = previous;
  draft.settings = &settings;
  draft.indices = previous_indices;
  const bool is_overwrite = std::holds_alternative<operation::Overwrite>(transaction.operation);
  if (previous != nullptr) {
    ARROW_RETURN_NOT_OK(CheckWritable(*previous));
    draft.next = Successor(*previous);
    draft.stable_row_ids = previous->has_stable_row_ids();
    if (draft.next.max_fragment_id) {
      draft.next_fragment_id = uint64_t{*draft.next.max_fragment_id} + 1;
    }
  } else {
    draft.next.version = 1;
    draft.stable_row_ids = settings.stable_row_ids;
    if (settings.non_reusable_field_ids) draft.next.max_allocated_field_id = -1;
  }
  ARROW_RETURN_NOT_OK(ApplyAny(transaction.operation, source, &draft));
  if (previous != nullptr && !std::holds_alternative<operation::Restore>(transaction.operation)) {
    ARROW_RETURN_NOT_OK(CheckFieldIds(*previous, draft.next, is_overwrite));
    ARROW_RETURN_NOT_OK(ForgetCatchup(previous_indices, draft.next.version, &draft.indices));
  }
  const Manifest* contents = source != nullptr ? &source->manifest
                             : is_overwrite    ? nullptr
                                               : previous;
  ARROW_RETURN_NOT_OK(Finish(settings, transaction, contents, &draft));
  return BuiltManifest{std::move(draft.next), std::move(draft.indices)};
}

}  // namespace lancea
