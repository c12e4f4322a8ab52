// One page of a leaf column in file versions 2.1 and up: how it is read, and what comes out.
//
// Reading has the three pure steps of the whole project: Plan (row ranges -> byte ranges), the bytes
// arrive, Decode. What a page needs once, whatever rows are wanted (chunk words, dictionary,
// repetition index), is its metadata: read and parsed by Load, then shared by all readers.
//
// What comes out are explicit layers, leaf -> root, not levels: each structural layer as Arrow has it
// (validity, list offsets) plus the leaf's values. Page kinds that store repetition and definition
// levels get there through unravel.h; 2.3's sparse pages store layers outright.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/value_condition.h"
#include "lancea/io/row_range.h"

namespace lancea {

/// One structural layer over the page rows asked for.
struct StructureLayer {
  enum class Kind { kItem, kList, kFixedSizeList };
  Kind kind = Kind::kItem;
  int64_t num_slots = 0;
  std::shared_ptr<arrow::Buffer> validity;  ///< LSB first, num_slots bits; nullptr: all valid
  int64_t null_count = 0;
  /// kList: num_slots + 1 offsets of 32 bits into the slots of the next layer inward, from 0 on. A read
  /// that needs wider ones is refused: one array of so many items is of no use to anyone.
  std::shared_ptr<arrow::Buffer> offsets;
};

/// Room for `count` offsets into at most `num_items` items.
arrow::Result<std::unique_ptr<arrow::ResizableBuffer>> AllocateListOffsets(int64_t count,
                                                                           int64_t num_items,
                                                                           arrow::MemoryPool* pool);

/// The rows of one page as layers and leaf values.
struct DecodedPage {
  /// Leaf -> root, at least those that are the leaf's own; layers[0] is the leaf's validity.
  std::vector<StructureLayer> layers;
  /// Array of the leaf's type with layers[0].num_slots slots and no validity of its own, unless the
  /// leaf is a fixed-size list, whose items keep theirs.
  std::shared_ptr<arrow::ArrayData> values;
};

/// A read of some rows of one page; see encoding/read_task.h for the protocol.
class PageRead {
 public:
  virtual ~PageRead() = default;
  virtual const std::vector<ByteRange>& needs() const = 0;
  virtual arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) = 0;
  virtual arrow::Result<DecodedPage> Finish() = 0;
};

/// Immutable after Load, then thread-safe. Outlives the reads it makes.
class StructuralPage {
 public:
  virtual ~StructuralPage() = default;

  /// Byte ranges to hand to Load; empty when Load needs nothing.
  const std::vector<ByteRange>& metadata_ranges() const { return metadata_ranges_; }

  /// Parse the page's metadata. Called exactly once, before Plan, also when nothing is to be read.
  virtual arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) = 0;

  /// Begin to read page-relative `ranges`: ascending, disjoint, non-empty, within the page.
  virtual arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                        arrow::MemoryPool* pool) const = 0;

  /// The same, where a page of a dictionary, or of one value, may give values of a dictionary type over the
  /// leaf's type. The dictionary is the page's own, the same object every time.
  virtual arrow::Result<std::unique_ptr<PageRead>> PlanEncoded(std::span<const RowRange> ranges,
                                                               arrow::MemoryPool* pool) const {
    return Plan(ranges, pool);
  }

  /// Begin to ask a condition of each row; nullptr when this page cannot. The read's values are booleans
  /// then, true where the row's value is no null and the condition holds.
  /// \param condition  outlives the read
  virtual std::unique_ptr<PageRead> PlanAnswers(std::span<const RowRange>, const ValueCondition&,
                                                arrow::MemoryPool*) const {
    return nullptr;
  }

  /// The answer that every value of the page has, if the page is of one value; nulls have none.
  virtual std::optional<bool> AnswerOfAll(const ValueCondition&) const { return std::nullopt; }

  /// Bytes of memory that the loaded metadata hold, for the session cache.
  virtual uint64_t metadata_bytes() const { return 0; }

 protected:
  std::vector<ByteRange> metadata_ranges_;
};

}  // namespace lancea
