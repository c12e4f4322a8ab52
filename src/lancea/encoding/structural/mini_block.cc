#include "lancea/encoding/structural/mini_block.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/mini_block_ask.h"
#include "lancea/encoding/structural/mini_block_page.h"
#include "lancea/encoding/structural/mini_block_read.h"
#include "lancea/encoding/unbacked.h"
#include "lancea/util/errors.h"

namespace lancea {

// Sanity bound: encodings use at most a handful of value buffers.
constexpr int kMaxValueBuffers = 64;

arrow::Status MiniBlockPage::Init() {
  const size_t num_buffers = 2 + (layout_.dictionary != nullptr) + has_repetition_index();
  if (page_.buffers.size() < num_buffers) {
    return Corrupt("mini-block page has ", page_.buffers.size(), " buffers, needs ", num_buffers);
  }
  if (layout_.values->num_buffers() < 1 || layout_.values->num_buffers() > kMaxValueBuffers) {
    return Corrupt("mini-block page with ", layout_.values->num_buffers(), " value buffers");
  }
  if (!has_repetition_index() && layout_.layers.max_rep() > 0) {
    return Unsupported("mini-block page with lists but no repetition index");
  }
  if (!has_repetition_index() && layout_.num_items != page_.num_rows) {
    return Corrupt("mini-block page of ", page_.num_rows, " rows says it has ", layout_.num_items,
                   " items");
  }
  const ValueShape shape = layout_.values->shape();
  if (layout_.dictionary != nullptr) {
    if (shape.bits_per_offset != 0 || shape.items_per_value != 1) {
      return Corrupt("dictionary indices are not plain integers");
    }
    ARROW_RETURN_NOT_OK(CheckShape(*dictionary_value_type(), layout_.dictionary->shape()));
  } else {
    ARROW_RETURN_NOT_OK(CheckShape(*leaf_->type, shape));
  }
  metadata_ranges_.push_back(page_.buffers[0]);
  if (layout_.dictionary != nullptr) metadata_ranges_.push_back(page_.buffers[2]);
  if (has_repetition_index()) metadata_ranges_.push_back(page_.buffers[num_buffers - 1]);
  return arrow::Status::OK();
}

arrow::Status MiniBlockPage::Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) {
  auto bytes = [&](size_t i) {
    return Bytes(metadata[i]->data(), static_cast<size_t>(metadata[i]->size()));
  };
  ARROW_ASSIGN_OR_RAISE(chunks_, ChunkIndex::Make(bytes(0), layout_.has_large_chunk,
                                                  layout_.num_items, page_.buffers[1].length));
  if (layout_.dictionary != nullptr) {
    if (layout_.num_dictionary_items > MostValues(bytes(1).size())) {
      return Corrupt("a dictionary of ", layout_.num_dictionary_items, " items in ",
                     bytes(1).size(), " bytes");
    }
    ValueBuilder builder = layout_.dictionary->shape().MakeBuilder(arrow::default_memory_pool());
    ARROW_RETURN_NOT_OK(layout_.dictionary->Decode(
        bytes(1), static_cast<int64_t>(layout_.num_dictionary_items), &builder));
    ARROW_ASSIGN_OR_RAISE(
        dictionary_, MakeLeafData(dictionary_value_type(),
                                  static_cast<int64_t>(layout_.num_dictionary_items), &builder));
  }
  if (has_repetition_index()) {
    ARROW_RETURN_NOT_OK(chunks_.SetRows(bytes(metadata.size() - 1), layout_.repetition_index_depth,
                                        page_.num_rows));
  }
  return arrow::Status::OK();
}

uint64_t MiniBlockPage::metadata_bytes() const {
  uint64_t bytes = chunks_.memory_bytes();
  if (dictionary_ != nullptr) {
    for (const auto& buffer : dictionary_->buffers) bytes += buffer ? buffer->size() : 0;
  }
  return bytes;
}

std::shared_ptr<arrow::DataType> MiniBlockPage::dictionary_value_type() const {
  return leaf_->type->id() == arrow::Type::DICTIONARY
             ? static_cast<const arrow::DictionaryType&>(*leaf_->type).value_type()
             : leaf_->type;
}

arrow::Result<std::unique_ptr<PageRead>> MiniBlockPage::Plan(std::span<const RowRange> ranges,
                                                             arrow::MemoryPool* pool) const {
  return MakeMiniBlockRead(*this, ranges, pool, ValueForm::kPlain);
}

arrow::Result<std::unique_ptr<PageRead>> MiniBlockPage::PlanEncoded(
    std::span<const RowRange> ranges, arrow::MemoryPool* pool) const {
  return MakeMiniBlockRead(*this, ranges, pool, ValueForm::kEncoded);
}

std::unique_ptr<PageRead> MiniBlockPage::PlanAnswers(std::span<const RowRange> ranges,
                                                     const ValueCondition& condition,
                                                     arrow::MemoryPool* pool) const {
  return MakeMiniBlockAsk(*this, ranges, condition, pool);
}

arrow::Result<std::unique_ptr<StructuralPage>> MakeMiniBlockPage(std::shared_ptr<const Leaf> leaf,
                                                                 const PageInfo& page,
                                                                 MiniBlockLayout layout) {
  auto out = std::make_unique<MiniBlockPage>(std::move(leaf), page, std::move(layout));
  ARROW_RETURN_NOT_OK(out->Init());
  return out;
}

}  // namespace lancea
