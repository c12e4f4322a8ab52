#include "lancea/encoding/structural/mini_block_ask.h"

#include <algorithm>
#include <bit>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/answer_bits.h"
#include "lancea/encoding/structural/chunk_runs.h"
#include "lancea/encoding/structural/known_answers.h"
#include "lancea/encoding/structural/mini_block_chunk.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

int64_t NumRows(std::span<const RowRange> ranges) {
  int64_t out = 0;
  for (const RowRange& range : ranges) out += static_cast<int64_t>(range.size());
  return out;
}

class MiniBlockAsk : public PageRead {
 public:
  MiniBlockAsk(const MiniBlockPage& page, std::span<const RowRange> ranges,
               std::unique_ptr<const ValueCondition> own_condition,
               std::unique_ptr<MiniBlockAsker> asker, arrow::MemoryPool* pool)
      : page_(page),
        ranges_(ranges.begin(), ranges.end()),
        own_condition_(std::move(own_condition)),
        asker_(std::move(asker)),
        pool_(pool),
        runs_(FindChunkRuns(page, ranges_)),
        needs_(BytesOfRuns(page, runs_)) {}

  const std::vector<ByteRange>& needs() const override { return needs_; }

  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    buffers_ = std::move(buffers);
    needs_.clear();
    return arrow::Status::OK();
  }

  arrow::Result<DecodedPage> Finish() override {
    const int64_t num_rows = NumRows(ranges_);
    ARROW_ASSIGN_OR_RAISE(auto answers, arrow::AllocateBuffer(num_rows, pool_));
    uint8_t* next = answers->mutable_data();
    size_t next_range = 0;
    for (size_t i = 0; i < runs_.size(); ++i) {
      for (int64_t c = runs_[i].first; c <= runs_[i].last; ++c) {
        const Bytes chunk = ChunkInRun(page_, runs_[i], buffers_[i]->data(), c);
        const arrow::Status status = AskChunk(c, chunk, &next_range, &next);
        if (!status.ok()) return Prefix(status, "chunk " + std::to_string(c));
      }
    }
    DecodedPage out;
    out.layers.resize(1);
    out.layers[0].num_slots = num_rows;
    ARROW_ASSIGN_OR_RAISE(auto bits, AnswerBits(answers->data(), num_rows, pool_));
    out.values = arrow::ArrayData::Make(arrow::boolean(), num_rows, {nullptr, std::move(bits)}, 0);
    return out;
  }

 private:
  arrow::Status AskChunk(int64_t c, Bytes bytes, size_t* next_range, uint8_t** next) {
    const MiniBlockLayout& layout = page_.layout();
    const auto num_values =
        static_cast<int64_t>(page_.chunks().value_end(c) - page_.chunks().value_begin(c));
    ARROW_RETURN_NOT_OK(chunk_.Parse(bytes, layout));
    WantedOfChunk(page_, c, ranges_, next_range, &wanted_);
    if (wanted_.empty()) return arrow::Status::OK();
    uint8_t* const answers = *next;
    if (wanted_.size() > 1 && !layout.values->is_random_access()) {
      // Once for all of them.
      const int64_t first = wanted_.front().begin;
      const int64_t last = wanted_.back().end;
      scratch_.resize(static_cast<size_t>(last - first));
      ARROW_RETURN_NOT_OK(asker_->Ask(chunk_.values(), num_values, first, last, scratch_.data()));
      for (const ChunkSlice& range : wanted_) {
        *next = std::copy(scratch_.begin() + (range.begin - first),
                          scratch_.begin() + (range.end - first), *next);
      }
    } else {
      for (const ChunkSlice& range : wanted_) {
        ARROW_RETURN_NOT_OK(
            asker_->Ask(chunk_.values(), num_values, range.begin, range.end, *next));
        *next += range.end - range.begin;
      }
    }
    return layout.def == nullptr ? arrow::Status::OK() : ClearNulls(num_values, answers);
  }

  // Nulls are the values with a level.
  arrow::Status ClearNulls(int64_t num_values, uint8_t* answers) {
    if (chunk_.num_levels() != num_values) {
      return Corrupt(chunk_.num_levels(), " levels for ", num_values, " values");
    }
    levels_.Clear();
    ARROW_RETURN_NOT_OK(page_.layout().def->Decode(chunk_.def(), num_values, &levels_));
    if (levels_.num_values() != num_values) {
      return Corrupt("decoded ", levels_.num_values(), " levels, expected ", num_values);
    }
    const auto* const levels = reinterpret_cast<const uint16_t*>(levels_.data());
    for (const ChunkSlice& range : wanted_) {
      for (int64_t i = range.begin; i < range.end; ++i) {
        *answers = levels[i] == 0 ? *answers : uint8_t{0};
        ++answers;
      }
    }
    return arrow::Status::OK();
  }

  const MiniBlockPage& page_;
  const std::vector<RowRange> ranges_;
  const std::unique_ptr<const ValueCondition> own_condition_;  // of indices; nullptr: another's
  const std::unique_ptr<MiniBlockAsker> asker_;
  arrow::MemoryPool* const pool_;
  const std::vector<ChunkRun> runs_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;

  // Reused from chunk to chunk.
  MiniBlockChunk chunk_;
  std::vector<ChunkSlice> wanted_;
  std::vector<uint8_t> scratch_;
  ValueBuilder levels_ = ValueBuilder::Fixed(16, arrow::default_memory_pool());
};

// The condition on a dictionary's values as one on its indices, which pages can be asked as they are
// packed. Indices beyond the dictionary are not among those for which it holds.
NumberCondition OneOfIndices(const std::vector<uint8_t>& answers, int width) {
  std::vector<NumberCondition::Wide> indices;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] != 0) indices.push_back(static_cast<NumberCondition::Wide>(i));
  }
  return NumberCondition::AnyOf(NumberCondition::Order::kUnsigned, width, std::move(indices),
                                /*negated=*/false);
}

}  // namespace

std::unique_ptr<PageRead> MakeMiniBlockAsk(const MiniBlockPage& page,
                                           std::span<const RowRange> ranges,
                                           const ValueCondition& condition,
                                           arrow::MemoryPool* pool) {
  const MiniBlockLayout& layout = page.layout();
  const bool flat = !page.has_repetition_index() && page.leaf().is_flat();
  if (!flat || layout.values->shape().num_item_validity != 0) return nullptr;
  std::unique_ptr<const ValueCondition> of_indices;
  if (layout.dictionary != nullptr) {
    const int64_t num_rows = NumRows(ranges);
    const arrow::ArrayData& dictionary = *page.dictionary();
    // Asking every item must not cost more than asking every row.
    if (page.leaf().type->id() == arrow::Type::DICTIONARY || dictionary.length > num_rows / 4) {
      return nullptr;
    }
    const auto answers = AskLeafValues(dictionary, condition);
    if (!answers.has_value()) return nullptr;
    const auto num_true = std::count(answers->begin(), answers->end(), 1);
    if (num_true == 0) return MakeKnownAnswers(false, num_rows, {}, pool);
    const ValueShape shape = layout.values->shape();
    if (shape.bits_per_value % 8 != 0 || !std::has_single_bit(shape.bits_per_value) ||
        shape.bits_per_value > 64) {
      return nullptr;
    }
    of_indices = std::make_unique<const ValueCondition>(
        OneOfIndices(*answers, static_cast<int>(shape.bits_per_value / 8)));
  }
  auto asker =
      MakeMiniBlockAsker(*layout.values, of_indices != nullptr ? *of_indices : condition, pool);
  if (asker == nullptr) return nullptr;
  return std::make_unique<MiniBlockAsk>(page, ranges, std::move(of_indices), std::move(asker),
                                        pool);
}

}  // namespace lancea
