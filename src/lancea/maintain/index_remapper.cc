#include "lancea/index_remapper.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct Remappers {
  std::mutex mutex;
  std::vector<std::shared_ptr<const IndexRemapper>> added;

  static Remappers& Get() {
    static Remappers* const remappers = new Remappers();
    return *remappers;
  }
};

uint64_t AddressOf(uint64_t fragment_id, uint64_t row) { return fragment_id << 32 | row; }

}  // namespace

arrow::Status RowAddressMap::AddGroup(const std::vector<uint64_t>& old_fragment_ids,
                                      const std::vector<LiveRun>& runs,
                                      const std::vector<FragmentMetadata>& fragments) {
  size_t fragment = 0;
  uint64_t row = 0;  // the next one of fragments[fragment]
  for (const LiveRun& run : runs) {
    for (uint64_t first = run.first; first < run.end;) {
      while (fragment < fragments.size() && row == fragments[fragment].physical_rows) {
        ++fragment;
        row = 0;
      }
      if (fragment == fragments.size()) {
        return InvalidInput("a rewrite left fewer rows than were live");
      }
      const uint64_t count = std::min(run.end - first, fragments[fragment].physical_rows - row);
      runs_.push_back(
          {AddressOf(run.fragment_id, first), count, AddressOf(fragments[fragment].id, row)});
      first += count;
      row += count;
    }
  }
  if (fragment < fragments.size() &&
      (row < fragments[fragment].physical_rows || fragment + 1 < fragments.size())) {
    return InvalidInput("a rewrite left more rows than were live");
  }
  old_fragment_ids_.insert(old_fragment_ids_.end(), old_fragment_ids.begin(),
                           old_fragment_ids.end());
  std::ranges::sort(old_fragment_ids_);
  std::ranges::sort(runs_, {}, &Run::first);
  return arrow::Status::OK();
}

std::optional<uint64_t> RowAddressMap::Find(uint64_t address) const {
  if (!std::ranges::binary_search(old_fragment_ids_, address >> 32)) return address;
  const auto next = std::ranges::upper_bound(runs_, address, {}, &Run::first);
  if (next == runs_.begin()) return std::nullopt;
  const Run& run = *(next - 1);
  const uint64_t behind = address - run.first;
  if (behind >= run.count) return std::nullopt;
  return run.target + behind;
}

IndexRemapper::~IndexRemapper() = default;

void AddIndexRemapper(std::shared_ptr<const IndexRemapper> remapper) {
  Remappers& remappers = Remappers::Get();
  std::lock_guard lock(remappers.mutex);
  remappers.added.push_back(std::move(remapper));
}

void RemoveIndexRemapper(const IndexRemapper* remapper) {
  Remappers& remappers = Remappers::Get();
  std::lock_guard lock(remappers.mutex);
  std::erase_if(remappers.added, [&](const auto& added) { return added.get() == remapper; });
}

std::shared_ptr<const IndexRemapper> FindIndexRemapper(const IndexInfo& index) {
  Remappers& remappers = Remappers::Get();
  std::lock_guard lock(remappers.mutex);
  for (const auto& remapper : remappers.added) {
    if (remapper->CanRemap(index)) return remapper;
  }
  return nullptr;
}

}  // namespace lancea
