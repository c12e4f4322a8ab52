// Sparse structure: the layers of a page as sets of exceptional slots instead of levels per event.
//
// Layers run root -> leaf. Each has a domain of slots; the root's are the page's rows:
//   validity          as many slots inside as outside
//   list              its non-empty lists (positions and counts); the inner domain is the sum of
//   counts fixed_size_list   dimension times as many slots inside
// and each stores which of its slots are null (or which are valid, whichever is shorter to write).
// A null struct or fixed-size list still has its slots inside; a null list has none.
//
// Position and count sequences are u64. Those that are a constant or a range need no buffer; the
// others take one page buffer each, in the order layer by layer: non-empty positions, counts,
// validity.
//
// Worked example, list<int32> rows [[1, null], null, [], [3]]:
//   list      4 slots, non-empty {0, 3} counts 2 1, null {1}; 3 slots inside
//   validity  3 slots, null {1}
//
// Source: encodings_v2_3.proto SparseStructure and bytes of pylance 14.0.2.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/v2_3/position_set.h"
#include "lancea/encoding/v2_3/slot_runs.h"

namespace lance::encodings23 {
class SparseStructure;
}

namespace lancea::v2_3 {

/// Children of the non-empty lists, as running totals.
class ListCounts {
 public:
  ListCounts() = default;
  /// start, start + step, ... : `size` counts, all positive.
  static arrow::Result<ListCounts> Progression(uint64_t start, uint64_t step, uint64_t size);
  static arrow::Result<ListCounts> Explicit(std::span<const uint64_t> counts);

  uint64_t size() const { return size_; }
  /// Children of the lists before `ordinal`, which is at most size().
  uint64_t Before(uint64_t ordinal) const {
    return offsets_.empty() ? start_ * ordinal + PairsBefore(ordinal) * step_ : offsets_[ordinal];
  }
  uint64_t total() const { return Before(size_); }
  uint64_t memory_bytes() const { return offsets_.size() * sizeof(uint64_t); }

 private:
  static uint64_t PairsBefore(uint64_t n) { return n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n; }
  uint64_t start_ = 0, step_ = 0, size_ = 0;
  std::vector<uint64_t> offsets_;  // size_ + 1 entries when explicit
};

struct SparseLayer {
  StructureLayer::Kind kind = StructureLayer::Kind::kItem;
  uint64_t num_slots = 0;
  uint64_t num_child_slots = 0;
  uint64_t dimension = 1;   ///< fixed-size lists
  bool lists_nulls = true;  ///< `exceptions` are the null slots; else the valid ones
  PositionSet exceptions;
  PositionSet non_empty;  ///< lists
  ListCounts counts;      ///< lists: one per member of non_empty
};

/// The slots of every layer that belong to some rows; made by SparseStructure::Select.
struct SlotSelection {
  /// Root -> leaf: the selected slots of each layer, ascending, disjoint.
  std::vector<std::vector<RowRange>> layers;
  /// The selected leaf slots.
  std::vector<RowRange> leaf;
};

/// Immutable after Load, then thread-safe.
class SparseStructure {
 public:
  /// \param num_rows  rows of the page, fixed-size lists counted once
  static arrow::Result<SparseStructure> Make(const lance::encodings23::SparseStructure& message,
                                             uint64_t num_rows);
  SparseStructure();  ///< of no layers
  ~SparseStructure();
  SparseStructure(SparseStructure&&) noexcept;
  SparseStructure& operator=(SparseStructure&&) noexcept;

  /// Page buffers that the sequences take.
  size_t num_buffers() const;
  /// Decode the sequences that need a buffer, `buffers` in their order. Called once, before what
  /// follows.
  arrow::Status Load(std::span<const std::shared_ptr<arrow::Buffer>> buffers);

  const std::vector<SparseLayer>& layers() const { return layers_; }
  uint64_t num_leaf_slots() const { return num_leaf_slots_; }
  uint64_t memory_bytes() const;

  /// \param rows  ascending, disjoint, within the page
  SlotSelection Select(std::span<const RowRange> rows) const;
  /// Validity and offsets of the selected slots, leaf -> root.
  arrow::Result<std::vector<StructureLayer>> Build(const SlotSelection& selection,
                                                   arrow::MemoryPool* pool) const;
  /// The leaf slots that are valid in every layer, null ancestors' slots left out.
  arrow::Result<SlotRuns> StoredSlots() const;

 private:
  struct Sequence;

  std::vector<SparseLayer> layers_;
  uint64_t num_rows_ = 0;
  uint64_t num_leaf_slots_ = 0;
  std::vector<Sequence> pending_;  // sequences that wait for their buffer, in buffer order
};

/// The product of the fixed-size-list dimensions: page rows are counted in that many parts.
arrow::Result<uint64_t> RowScale(const lance::encodings23::SparseStructure& message);

}  // namespace lancea::v2_3
