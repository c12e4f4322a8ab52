#include "lancea/encoding/v2_3/sparse_page.h"

#include <algorithm>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/unbacked.h"
#include "lancea/encoding/v2_3/spread_values.h"
#include "lancea/util/errors.h"

namespace lancea::v2_3 {
namespace {

class SparsePage : public StructuralPage {
 public:
  SparsePage(std::shared_ptr<const Leaf> leaf, SparsePageParts parts)
      : leaf_(std::move(leaf)), parts_(std::move(parts)) {
    if (parts_.values != nullptr) metadata_ranges_ = parts_.values->metadata_ranges();
    metadata_ranges_.insert(metadata_ranges_.end(), parts_.sequence_ranges.begin(),
                            parts_.sequence_ranges.end());
  }

  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override {
    const size_t num_value_ranges = metadata.size() - parts_.sequence_ranges.size();
    ARROW_RETURN_NOT_OK(parts_.structure.Load(std::span(metadata).subspan(num_value_ranges)));
    metadata.resize(num_value_ranges);
    if (parts_.values != nullptr) ARROW_RETURN_NOT_OK(parts_.values->Load(std::move(metadata)));
    if (parts_.value_rows == ValueRows::kSlots) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(valid_slots_, parts_.structure.StoredSlots());
    if (parts_.value_rows == ValueRows::kValidValues &&
        valid_slots_.num_stored() != parts_.num_values) {
      return Corrupt("sparse page stores ", parts_.num_values, " values for ",
                     valid_slots_.num_stored(), " valid slots");
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;

  uint64_t metadata_bytes() const override {
    return parts_.structure.memory_bytes() + valid_slots_.memory_bytes() +
           (parts_.values != nullptr ? parts_.values->metadata_bytes() : 0);
  }

  const Leaf& leaf() const { return *leaf_; }
  const SparsePageParts& parts() const { return parts_; }
  const SlotRuns& valid_slots() const { return valid_slots_; }

 private:
  std::shared_ptr<const Leaf> leaf_;
  SparsePageParts parts_;
  SlotRuns valid_slots_;
};

class SparseRead : public PageRead {
 public:
  SparseRead(const SparsePage& page, arrow::MemoryPool* pool) : page_(page), pool_(pool) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    const uint64_t scale = page_.parts().row_scale;
    std::vector<RowRange> rows(ranges.begin(), ranges.end());
    for (RowRange& range : rows) {
      if (range.start % scale != 0 || range.end % scale != 0) {
        return InvalidInput("rows ", range.start, "..", range.end, " cut a fixed-size list of ",
                            scale);
      }
      range = {range.start / scale, range.end / scale};
    }
    selection_ = page_.parts().structure.Select(rows);
    const uint64_t num_leaf_slots = TotalSize(selection_.leaf);
    uint64_t most = std::max(kMaxUnbackedValues, TotalSize(rows));
    const StructuralPage* values = page_.parts().values.get();
    if (page_.parts().value_rows == ValueRows::kSlots && values != nullptr &&
        !values->metadata_ranges().empty()) {
      most = std::max(most, num_leaf_slots);  // backed by bytes, unlike constants
    }
    for (const auto& slots : selection_.layers) {
      if (TotalSize(slots) > most) {
        return Unsupported(TotalSize(slots),
                           " slots of a sparse layer in one read; ask for fewer rows");
      }
    }
    num_slots_ = static_cast<int64_t>(num_leaf_slots);
    std::vector<RowRange> value_ranges;
    switch (page_.parts().value_rows) {
      case ValueRows::kSlots:
        value_ranges = selection_.leaf;
        break;
      case ValueRows::kValidSlots:
      case ValueRows::kValidValues: {
        StoredSelection stored = page_.valid_slots().Select(selection_.leaf);
        targets_ = std::move(stored.targets);
        value_ranges = std::move(
            page_.parts().value_rows == ValueRows::kValidSlots ? stored.slots : stored.ordinals);
        break;
      }
    }
    if (page_.parts().values == nullptr || value_ranges.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(values_, page_.parts().values->Plan(value_ranges, pool_));
    return arrow::Status::OK();
  }

  const std::vector<ByteRange>& needs() const override {
    return values_ != nullptr ? values_->needs() : no_needs_;
  }

  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    return values_->Supply(std::move(buffers));
  }

  arrow::Result<DecodedPage> Finish() override {
    DecodedPage out;
    ARROW_ASSIGN_OR_RAISE(out.layers, page_.parts().structure.Build(selection_, pool_));
    if (values_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(out.values, EmptyValues(page_.leaf().type, num_slots_, pool_));
      return out;
    }
    ARROW_ASSIGN_OR_RAISE(DecodedPage values, values_->Finish());
    if (page_.parts().value_rows == ValueRows::kSlots) {
      if (values.values->length != num_slots_) {
        return Corrupt("decoded ", values.values->length, " values for ", num_slots_, " slots");
      }
      out.values = std::move(values.values);
    } else {
      ARROW_ASSIGN_OR_RAISE(out.values, SpreadValues(values.values, targets_, num_slots_, pool_));
    }
    return out;
  }

 private:
  const SparsePage& page_;
  arrow::MemoryPool* const pool_;
  SlotSelection selection_;
  int64_t num_slots_ = 0;
  std::vector<RowRange> targets_;  // where the values read go among the slots
  std::unique_ptr<PageRead> values_;
  const std::vector<ByteRange> no_needs_;
};

arrow::Result<std::unique_ptr<PageRead>> SparsePage::Plan(std::span<const RowRange> ranges,
                                                          arrow::MemoryPool* pool) const {
  auto read = std::make_unique<SparseRead>(*this, pool);
  ARROW_RETURN_NOT_OK(read->Init(ranges));
  return read;
}

}  // namespace

std::unique_ptr<StructuralPage> MakeSparsePage(std::shared_ptr<const Leaf> leaf,
                                               SparsePageParts parts) {
  return std::make_unique<SparsePage>(std::move(leaf), std::move(parts));
}

}  // namespace lancea::v2_3
