#include "lancea/change/merge_insert_index.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/expression.h"
#include "arrow/type.h"
#include "lancea/change/merge_insert_filter.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/index/btree_index.h"
#include "lancea/io/path.h"
#include "lancea/schema/projection.h"
#include "lancea/table/index_coverage.h"
#include "lancea/table/index_metadata.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// What opening an index costs, in rows of a column that are read in the same time.
constexpr uint64_t kOpenCost = 100'000;
// Of a page, whose values are searched, not looked at; and of a row that is read by its address.
constexpr uint64_t kPageShare = 2, kFoundRowCost = 100;

const Field* FindField(const Schema& schema, const std::string& path) {
  const auto names = ParseFieldPath(path);
  if (!names.ok()) return nullptr;
  const std::vector<Field>* fields = &schema.fields;
  const Field* found = nullptr;
  for (const std::string& name : *names) {
    const auto next = std::ranges::find(*fields, name, &Field::name);
    if (next == fields->end()) return nullptr;
    found = &*next;
    fields = &found->children;
  }
  return found;
}

// The segments of an index of one of the keys, and which key that is.
struct KeyIndex {
  size_t key = 0;
  std::vector<const IndexInfo*> segments;
};

std::optional<KeyIndex> FindKeyIndex(const Dataset::Impl& dataset, const MergeKeyColumns& keys) {
  // Where rows went since is known to that index only.
  const bool is_deferred = std::ranges::any_of(dataset.indices, [](const IndexInfo& index) {
    return index.name == kFragmentReuseIndexName;
  });
  if (is_deferred) return std::nullopt;
  for (size_t key = 0; key < keys.paths().size(); ++key) {
    const Field* const field = FindField(dataset.manifest->schema, keys.paths()[key]);
    if (field == nullptr || !BTreeIndex::Takes(*keys.types()[key])) continue;
    KeyIndex out{key, {}};
    for (const IndexInfo& index : dataset.indices) {
      const bool is_of_key = index.field_ids == std::vector<int32_t>{field->id};
      if (!is_of_key || !BTreeIndex::Is(index) || !index.has_fragment_bitmap || index.base_id) {
        continue;
      }
      // Of one name, and of one way to name rows.
      const IndexInfo* const first = out.segments.empty() ? &index : out.segments[0];
      if (first->name == index.name &&
          AnswersWithAddresses(*first) == AnswersWithAddresses(index)) {
        out.segments.push_back(&index);
      }
    }
    if (!out.segments.empty()) return out;
  }
  return std::nullopt;
}

arrow::Result<std::shared_ptr<const BTreeIndex>> OpenSegment(const Dataset::Impl& dataset,
                                                             const IndexInfo& index) {
  const std::string directory = JoinPath(JoinPath(dataset.location.path, "_indices"), index.uuid);
  auto open = BTreeIndex::Open(dataset.location.store, directory, dataset.session);
  if (!open.ok()) {
    return Prefix(open.status(), "the index \"" + index.name +
                                     "\" cannot be used; a merge without indices reads the keys");
  }
  return open;
}

}  // namespace

std::optional<std::string> KeyIndexName(const Dataset& dataset, const MergeKeyColumns& keys) {
  const auto found = FindKeyIndex(dataset.impl(), keys);
  if (!found) return std::nullopt;
  return found->segments[0]->name;
}

arrow::Result<std::optional<IndexedRows>> FindByKeyIndex(const Dataset& dataset,
                                                         const MergeSource& source,
                                                         const MergeKeyColumns& keys,
                                                         arrow::MemoryPool* pool,
                                                         const arrow::StopToken& stop) {
  using Nothing = std::optional<IndexedRows>;
  const Dataset::Impl& impl = dataset.impl();
  const auto index = FindKeyIndex(impl, keys);
  if (!index || source.is_spilled()) return Nothing();

  IndexedRows out;
  uint64_t covered_rows = 0;
  for (const FragmentMetadata& fragment : impl.fragments()) {
    const bool is_covered = std::ranges::any_of(
        index->segments, [&](const IndexInfo* segment) { return Covers(*segment, fragment.id); });
    (is_covered ? out.covered_fragments : out.other_fragments).push_back(fragment.id);
    if (is_covered) covered_rows += fragment.physical_rows;
  }
  uint64_t cost = index->segments.size() * kOpenCost + source.num_rows() * kFoundRowCost;
  if (cost >= covered_rows) return Nothing();

  ARROW_ASSIGN_OR_RAISE(auto wanted, SourceKeys(source, keys, index->key, pool));
  if (wanted == nullptr) return Nothing();
  std::vector<std::shared_ptr<const BTreeIndex>> open;
  std::vector<std::vector<uint64_t>> pages;
  for (const IndexInfo* segment : index->segments) {
    ARROW_ASSIGN_OR_RAISE(auto btree, OpenSegment(impl, *segment));
    if (!btree->type()->Equals(*wanted->type())) return Nothing();
    ARROW_ASSIGN_OR_RAISE(auto some, btree->PagesOf(*wanted));
    cost += some.size() * btree->rows_per_page() / kPageShare;
    open.push_back(std::move(btree));
    pages.push_back(std::move(some));
  }
  if (cost >= covered_rows) return Nothing();

  arrow::ArrayVector parts;
  for (size_t i = 0; i < open.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto ids, open[i]->Find(*wanted, pages[i], stop));
    parts.push_back(std::move(ids));
  }
  ARROW_ASSIGN_OR_RAISE(auto found, arrow::Concatenate(parts, pool));
  const char* const column = AnswersWithAddresses(*index->segments[0]) ? "_rowaddr" : "_rowid";
  out.filter = std::make_shared<const arrow::compute::Expression>(
      arrow::compute::call("is_in", {arrow::compute::field_ref(column)},
                           arrow::compute::SetLookupOptions(std::move(found))));
  return Nothing(std::move(out));
}

}  // namespace lancea
