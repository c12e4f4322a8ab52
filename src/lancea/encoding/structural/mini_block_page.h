// A mini-block page once its metadata are loaded: where chunks, rows and dictionary items are.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lancea/encoding/structural/chunk_index.h"
#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/mini_block.h"
#include "lancea/encoding/structural/page.h"

namespace lancea {

/// See mini_block.h for the bytes.
class MiniBlockPage : public StructuralPage {
 public:
  MiniBlockPage(std::shared_ptr<const Leaf> leaf, const PageInfo& page, MiniBlockLayout layout)
      : leaf_(std::move(leaf)), page_(page), layout_(std::move(layout)) {}

  /// Check the layout against the page and the schema. Called once, first.
  arrow::Status Init();
  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override;
  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;

  arrow::Result<std::unique_ptr<PageRead>> PlanEncoded(std::span<const RowRange> ranges,
                                                       arrow::MemoryPool* pool) const override;

  std::unique_ptr<PageRead> PlanAnswers(std::span<const RowRange> ranges,
                                        const ValueCondition& condition,
                                        arrow::MemoryPool* pool) const override;

  uint64_t metadata_bytes() const override;

  const Leaf& leaf() const { return *leaf_; }
  const PageInfo& page() const { return page_; }
  const MiniBlockLayout& layout() const { return layout_; }
  const ChunkIndex& chunks() const { return chunks_; }
  const std::shared_ptr<arrow::ArrayData>& dictionary() const { return dictionary_; }
  bool has_repetition_index() const { return layout_.repetition_index_depth > 0; }

 private:
  std::shared_ptr<arrow::DataType> dictionary_value_type() const;

  std::shared_ptr<const Leaf> leaf_;
  PageInfo page_;
  MiniBlockLayout layout_;
  ChunkIndex chunks_;
  std::shared_ptr<arrow::ArrayData> dictionary_;
};

}  // namespace lancea
