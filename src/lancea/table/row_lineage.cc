#include "lancea/table/row_lineage.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

/// Of rows whose fragment has no versions.
constexpr uint64_t kUnknownVersion = 1;

Bytes AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

std::string Name(const FragmentMetadata& fragment) {
  return "fragment " + std::to_string(fragment.id);
}

arrow::Status NotLoaded(const FragmentMetadata& fragment, const char* what) {
  return Unsupported(Name(fragment), " has its ", what,
                     " outside of the manifest, and they were not read before the commit");
}

const SpilledLineage* Find(const std::map<uint64_t, SpilledLineage>& spilled, uint64_t id) {
  auto found = spilled.find(id);
  return found == spilled.end() ? nullptr : &found->second;
}

arrow::Result<RowIdSequence> ParseRowIds(const FragmentMetadata& fragment) {
  if (!fragment.row_ids.inline_bytes) return NotLoaded(fragment, "row ids");
  auto sequence = RowIdSequence::Parse(AsBytes(*fragment.row_ids.inline_bytes));
  if (!sequence.ok()) return Prefix(sequence.status(), Name(fragment));
  return sequence;
}

/// \param loaded  the sequence when it is spilled; nullptr: not read
arrow::Result<RowVersionSequence> ParseVersions(const FragmentMetadata& fragment,
                                                const SequenceRef& versions,
                                                const RowVersionSequence* loaded) {
  if (versions.empty()) return RowVersionSequence::Uniform(fragment.physical_rows, kUnknownVersion);
  RowVersionSequence sequence;
  if (versions.inline_bytes) {
    auto parsed = RowVersionSequence::Parse(AsBytes(*versions.inline_bytes));
    if (!parsed.ok()) return Prefix(parsed.status(), Name(fragment));
    sequence = *std::move(parsed);
  } else if (loaded != nullptr) {
    sequence = *loaded;
  } else {
    return NotLoaded(fragment, "row versions");
  }
  if (sequence.num_rows() != fragment.physical_rows) {
    return Corrupt(Name(fragment), ": ", sequence.num_rows(), " row versions for ",
                   fragment.physical_rows, " rows");
  }
  return sequence;
}

SequenceRef Inline(std::string bytes) {
  SequenceRef ref;
  ref.inline_bytes = std::move(bytes);
  return ref;
}

/// The version that made each of some rows, as far as fragments looked at know it.
class Origins {
 public:
  explicit Origins(std::vector<uint64_t> row_ids) : row_ids_(std::move(row_ids)) {
    std::ranges::sort(row_ids_);
    row_ids_.erase(std::ranges::unique(row_ids_).begin(), row_ids_.end());
    versions_.resize(row_ids_.size(), kNone);
  }

  /// Note the rows the fragment has. Of an id that stands in several, the first fragment looked at
  /// counts; a moved row has its version in each.
  arrow::Status LookAt(const FragmentMetadata& fragment, const SpilledLineage* spilled) {
    RowIdSequence parsed;
    const RowIdSequence* ids = &parsed;
    if (fragment.row_ids.inline_bytes) {
      ARROW_ASSIGN_OR_RAISE(parsed, ParseRowIds(fragment));
    } else if (spilled != nullptr && spilled->row_ids != nullptr) {
      ids = spilled->row_ids.get();
    } else {
      return NotLoaded(fragment, "row ids");
    }
    auto first = std::ranges::lower_bound(row_ids_, ids->min());
    auto last = std::ranges::upper_bound(row_ids_, ids->max());
    std::optional<RowVersionSequence> created;
    for (auto id = first; id < last; ++id) {
      uint64_t& version = versions_[id - row_ids_.begin()];
      if (version != kNone) continue;
      auto position = ids->Find(*id);
      if (!position) continue;
      if (!created) {
        ARROW_ASSIGN_OR_RAISE(
            created, ParseVersions(fragment, fragment.created_at_versions,
                                   spilled ? spilled->created_at_versions.get() : nullptr));
      }
      version = *position < created->num_rows() ? created->Get(*position) : kUnknownVersion;
    }
    return arrow::Status::OK();
  }

  uint64_t VersionOf(uint64_t row_id, uint64_t otherwise) const {
    uint64_t version = versions_[std::ranges::lower_bound(row_ids_, row_id) - row_ids_.begin()];
    return version == kNone ? otherwise : version;
  }

 private:
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
  std::vector<uint64_t> row_ids_;  ///< ascending
  std::vector<uint64_t> versions_;
};

}  // namespace

arrow::Result<RowIdSequence> RowIdsOf(const FragmentMetadata& fragment,
                                      const std::map<uint64_t, SpilledLineage>& spilled) {
  if (!fragment.row_ids.inline_bytes) {
    const SpilledLineage* lineage = Find(spilled, fragment.id);
    if (lineage != nullptr && lineage->row_ids != nullptr) return *lineage->row_ids;
  }
  return ParseRowIds(fragment);
}

arrow::Status AssignRowIds(std::vector<FragmentMetadata>* fragments, uint64_t* next_row_id) {
  const uint64_t first_unused = *next_row_id;
  for (FragmentMetadata& fragment : *fragments) {
    // A hidden column has an id for every row.
    if (fragment.row_ids.in_hidden_column || fragment.row_ids.external) continue;
    RowIdSequence ids;
    if (fragment.row_ids.inline_bytes) {
      ARROW_ASSIGN_OR_RAISE(ids, ParseRowIds(fragment));
    }
    if (ids.num_rows() > fragment.physical_rows) {
      return InvalidInput(Name(fragment), " has ", ids.num_rows(), " row ids for ",
                          fragment.physical_rows, " rows");
    }
    if (ids.num_rows() > 0 && ids.max() >= first_unused) {
      return InvalidInput(Name(fragment), " brings row id ", ids.max(),
                          ", but the table has given only those below ", first_unused);
    }
    const uint64_t missing = fragment.physical_rows - ids.num_rows();
    if (missing > 0) {
      if (missing > std::numeric_limits<uint64_t>::max() - *next_row_id) {
        return InvalidInput("the table has no row id left");
      }
      ids = RowIdSequence::Concatenate(
          {ids, RowIdSequence::FromRange(*next_row_id, *next_row_id + missing)});
      *next_row_id += missing;
      fragment.row_ids = Inline(ids.Serialize());
    } else if (!fragment.row_ids.inline_bytes) {
      fragment.row_ids = Inline("");
    }
  }
  return arrow::Status::OK();
}

void SetCreated(uint64_t version, FragmentMetadata* fragment) {
  SetUpdated(version, fragment);
  fragment->created_at_versions = fragment->last_updated_at_versions;
}

void SetUpdated(uint64_t version, FragmentMetadata* fragment) {
  fragment->last_updated_at_versions =
      Inline(RowVersionSequence::Uniform(fragment->physical_rows, version).Serialize());
}

arrow::Status SetUpdatedAt(const std::vector<ValueRange>& offsets, uint64_t version,
                           const std::map<uint64_t, SpilledLineage>& spilled,
                           FragmentMetadata* fragment) {
  if (offsets.empty() || fragment->last_updated_at_versions.empty()) return arrow::Status::OK();
  if (offsets.back().last >= fragment->physical_rows) {
    return InvalidInput(Name(*fragment), ": updated row ", offsets.back().last, " of ",
                        fragment->physical_rows);
  }
  const SpilledLineage* lineage = Find(spilled, fragment->id);
  ARROW_ASSIGN_OR_RAISE(RowVersionSequence versions,
                        ParseVersions(*fragment, fragment->last_updated_at_versions,
                                      lineage ? lineage->last_updated_at_versions.get() : nullptr));
  fragment->last_updated_at_versions = Inline(versions.WithVersionAt(offsets, version).Serialize());
  return arrow::Status::OK();
}

arrow::Status SetMoved(const std::vector<FragmentMetadata>& existing, uint64_t version,
                       const std::map<uint64_t, SpilledLineage>& spilled,
                       std::vector<FragmentMetadata>* fragments) {
  // Where the writer spilled the ids it also placed the versions that made the rows.
  auto is_placed = [](const FragmentMetadata& fragment) {
    return fragment.row_ids.in_hidden_column || fragment.created_at_versions.in_hidden_column;
  };
  std::vector<std::vector<uint64_t>> ids(fragments->size());
  std::vector<uint64_t> all_ids;
  for (size_t i = 0; i < fragments->size(); ++i) {
    FragmentMetadata& fragment = (*fragments)[i];
    SetUpdated(version, &fragment);
    if (is_placed(fragment)) {
      if (!fragment.created_at_versions.empty()) continue;
      return NotLoaded(fragment, "row ids, but not its row versions,");
    }
    ARROW_ASSIGN_OR_RAISE(RowIdSequence sequence, ParseRowIds(fragment));
    ids[i].resize(sequence.num_rows());
    sequence.Read(0, sequence.num_rows(), ids[i].data());
    all_ids.insert(all_ids.end(), ids[i].begin(), ids[i].end());
  }
  if (all_ids.empty()) return arrow::Status::OK();

  Origins origins(std::move(all_ids));
  for (const FragmentMetadata& fragment : existing) {
    ARROW_RETURN_NOT_OK(origins.LookAt(fragment, Find(spilled, fragment.id)));
  }
  for (size_t i = 0; i < fragments->size(); ++i) {
    if (is_placed((*fragments)[i])) continue;
    std::vector<uint64_t> created(ids[i].size());
    for (size_t row = 0; row < created.size(); ++row) {
      created[row] = origins.VersionOf(ids[i][row], version);
    }
    (*fragments)[i].created_at_versions =
        Inline(RowVersionSequence::FromValues(created).Serialize());
  }
  return arrow::Status::OK();
}

arrow::Result<bool> HasAllRowIds(const FragmentMetadata& fragment) {
  if (fragment.row_ids.in_hidden_column) return true;
  if (!fragment.row_ids.inline_bytes) return false;
  ARROW_ASSIGN_OR_RAISE(RowIdSequence ids, ParseRowIds(fragment));
  return ids.num_rows() == fragment.physical_rows;
}

}  // namespace lancea
