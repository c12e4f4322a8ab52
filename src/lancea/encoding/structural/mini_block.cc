#include "lancea/encoding/structural/mini_block.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/chunk_index.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/level_cursor.h"
#include "lancea/encoding/structural/mini_block_chunk.h"
#include "lancea/encoding/structural/unravel.h"
#include "lancea/encoding/unbacked.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Sanity bound: encodings use at most a handful of value buffers.
constexpr int kMaxValueBuffers = 64;

class MiniBlockPage : public StructuralPage {
 public:
  MiniBlockPage(std::shared_ptr<const Leaf> leaf, const PageInfo& page, MiniBlockLayout layout)
      : leaf_(std::move(leaf)), page_(page), layout_(std::move(layout)) {}

  arrow::Status Init() {
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

  arrow::Status Load(std::vector<std::shared_ptr<arrow::Buffer>> metadata) override {
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
      ARROW_RETURN_NOT_OK(chunks_.SetRows(bytes(metadata.size() - 1),
                                          layout_.repetition_index_depth, page_.num_rows));
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<PageRead>> Plan(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;

  uint64_t metadata_bytes() const override {
    uint64_t bytes = chunks_.memory_bytes();
    if (dictionary_ != nullptr) {
      for (const auto& buffer : dictionary_->buffers) bytes += buffer ? buffer->size() : 0;
    }
    return bytes;
  }

  const Leaf& leaf() const { return *leaf_; }
  const PageInfo& page() const { return page_; }
  const MiniBlockLayout& layout() const { return layout_; }
  const ChunkIndex& chunks() const { return chunks_; }
  const std::shared_ptr<arrow::ArrayData>& dictionary() const { return dictionary_; }
  bool has_repetition_index() const { return layout_.repetition_index_depth > 0; }

 private:
  std::shared_ptr<arrow::DataType> dictionary_value_type() const {
    return leaf_->type->id() == arrow::Type::DICTIONARY
               ? static_cast<const arrow::DictionaryType&>(*leaf_->type).value_type()
               : leaf_->type;
  }

  std::shared_ptr<const Leaf> leaf_;
  PageInfo page_;
  MiniBlockLayout layout_;
  ChunkIndex chunks_;
  std::shared_ptr<arrow::ArrayData> dictionary_;
};

class MiniBlockRead : public PageRead {
 public:
  MiniBlockRead(const MiniBlockPage& page, std::span<const RowRange> ranges,
                arrow::MemoryPool* pool)
      : page_(page),
        ranges_(ranges.begin(), ranges.end()),
        pool_(pool),
        rep_(ValueBuilder::Fixed(16, pool)),
        def_(ValueBuilder::Fixed(16, pool)),
        values_(page.layout().values->shape().MakeBuilder(pool)),
        scratch_(page.layout().values->shape().MakeBuilder(pool)) {
    // Neighbouring chunks become one read.
    for (const RowRange& range : ranges_) {
      int64_t first, last;
      if (page_.has_repetition_index()) {
        first = page_.chunks().ChunkOfRowStart(range.start);
        last = page_.chunks().ChunkOfRowEnd(range.end - 1);
      } else {
        first = page_.chunks().ChunkOfValue(range.start);
        last = page_.chunks().ChunkOfValue(range.end - 1);
      }
      if (!runs_.empty() && first <= runs_.back().last + 1) {
        runs_.back().last = std::max(runs_.back().last, last);
      } else {
        runs_.push_back({first, last});
      }
    }
    const uint64_t base = page_.page().buffers[1].offset;
    for (const Run& run : runs_) {
      const uint64_t begin = page_.chunks().byte_begin(run.first);
      needs_.push_back({base + begin, page_.chunks().byte_end(run.last) - begin});
    }
  }

  const std::vector<ByteRange>& needs() const override { return needs_; }

  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    buffers_ = std::move(buffers);
    needs_.clear();
    return arrow::Status::OK();
  }

  arrow::Result<DecodedPage> Finish() override {
    int64_t expected_rows = 0;
    for (const RowRange& range : ranges_) expected_rows += static_cast<int64_t>(range.size());
    if (!page_.has_repetition_index()) {
      ARROW_RETURN_NOT_OK(
          values_.Reserve(expected_rows * page_.layout().values->shape().items_per_value));
    }
    size_t next_range = 0;
    for (size_t i = 0; i < runs_.size(); ++i) {
      const uint8_t* bytes = buffers_[i]->data();
      const uint64_t base = page_.chunks().byte_begin(runs_[i].first);
      for (int64_t c = runs_[i].first; c <= runs_[i].last; ++c) {
        Bytes chunk(bytes + (page_.chunks().byte_begin(c) - base),
                    page_.chunks().byte_end(c) - page_.chunks().byte_begin(c));
        arrow::Status status = page_.has_repetition_index()
                                   ? DecodeRowsChunk(c, chunk, &next_range)
                                   : DecodeItemsChunk(c, chunk, &next_range);
        if (!status.ok()) return Prefix(status, "chunk " + std::to_string(c));
      }
    }
    return Assemble(expected_rows);
  }

 private:
  struct Run {
    int64_t first, last;
  };

  // A chunk of a page without lists: rows are values.
  arrow::Status DecodeItemsChunk(int64_t c, Bytes bytes, size_t* next_range) {
    const uint64_t chunk_begin = page_.chunks().value_begin(c);
    const uint64_t chunk_end = page_.chunks().value_end(c);
    const int64_t num_values = static_cast<int64_t>(chunk_end - chunk_begin);
    ARROW_RETURN_NOT_OK(chunk_.Parse(bytes, page_.layout()));
    if (page_.layout().def != nullptr && chunk_.num_levels() != num_values) {
      return Corrupt(chunk_.num_levels(), " levels for ", num_values, " values");
    }
    wanted_.clear();
    for (; *next_range < ranges_.size(); ++*next_range) {
      const RowRange& range = ranges_[*next_range];
      if (range.start >= chunk_end) break;
      wanted_.push_back({static_cast<int64_t>(std::max(range.start, chunk_begin) - chunk_begin),
                         static_cast<int64_t>(std::min(range.end, chunk_end) - chunk_begin)});
      if (range.end > chunk_end) break;
    }
    if (page_.layout().def != nullptr) {
      ARROW_RETURN_NOT_OK(
          AppendLevels(*page_.layout().def, chunk_.def(), num_values, wanted_, &def_));
    }
    num_levels_ += num_values;
    return AppendWanted(num_values, wanted_);
  }

  // A chunk of a page with lists: rows are runs of levels.
  arrow::Status DecodeRowsChunk(int64_t c, Bytes bytes, size_t* next_range) {
    const ChunkIndex& chunks = page_.chunks();
    const MiniBlockLayout& layout = page_.layout();
    const int64_t num_values = static_cast<int64_t>(chunks.value_end(c) - chunks.value_begin(c));
    ARROW_RETURN_NOT_OK(chunk_.Parse(bytes, layout));
    if (layout.rep == nullptr) return Corrupt("a page of lists stores no repetition levels");
    const int64_t num_levels = chunk_.num_levels();
    LevelCursor& cursor = cursor_;
    ARROW_RETURN_NOT_OK(cursor.Decode(*layout.rep, layout.def.get(), chunk_.rep(), chunk_.def(),
                                      num_levels, layout.layers, pool_));
    if (cursor.num_visible() != num_values) {
      return Corrupt("levels own ", cursor.num_visible(), " values, the chunk has ", num_values);
    }
    const uint64_t next_first = chunks.first_row(c + 1);
    // Rows with a part in this chunk: [first, next_first).
    const uint64_t first = chunks.first_row(c) - (chunks.has_preamble(c) ? 1 : 0);
    if (cursor.num_row_starts() != static_cast<int64_t>(next_first - chunks.first_row(c)) ||
        (num_levels > 0 && cursor.starts_inside_row() != chunks.has_preamble(c))) {
      return Corrupt("levels begin ", cursor.num_row_starts(), " rows, the repetition index says ",
                     next_first - chunks.first_row(c));
    }
    wanted_.clear();
    for (; *next_range < ranges_.size(); ++*next_range) {
      const RowRange& range = ranges_[*next_range];
      if (range.start >= next_first) break;
      // Level position at which a row begins here; a row begun earlier begins at 0.
      auto position = [&](uint64_t row) {
        if (row >= next_first) return num_levels;
        return row < chunks.first_row(c)
                   ? int64_t{0}
                   : cursor.RowStart(static_cast<int64_t>(row - chunks.first_row(c)));
      };
      const int64_t begin = position(std::max(range.start, first));
      const int64_t end = position(range.end);
      ARROW_RETURN_NOT_OK(rep_.AppendSlice(cursor.rep(), begin, end));
      if (layout.def != nullptr) ARROW_RETURN_NOT_OK(def_.AppendSlice(cursor.def(), begin, end));
      num_levels_ += end - begin;
      wanted_.push_back({cursor.VisibleBefore(begin), cursor.VisibleBefore(end)});
      const bool goes_on =
          range.end > next_first || (range.end == next_first && chunks.has_preamble(c + 1));
      if (goes_on) break;
    }
    return AppendWanted(num_values, wanted_);
  }

  struct ValueRange {
    int64_t begin, end;
  };

  arrow::Status AppendLevels(const BlockDecoder& decoder, Bytes block, int64_t num_levels,
                             const std::vector<ValueRange>& wanted, ValueBuilder* out) {
    if (wanted.size() == 1 && wanted[0].begin == 0 && wanted[0].end == num_levels) {
      return decoder.Decode(block, num_levels, out);
    }
    level_scratch_.Clear();
    ARROW_RETURN_NOT_OK(decoder.Decode(block, num_levels, &level_scratch_));
    if (level_scratch_.num_values() != num_levels) {
      return Corrupt("decoded ", level_scratch_.num_values(), " levels, expected ", num_levels);
    }
    for (const ValueRange& range : wanted) {
      ARROW_RETURN_NOT_OK(out->AppendSlice(level_scratch_, range.begin, range.end));
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendWanted(int64_t num_values, const std::vector<ValueRange>& wanted) {
    const MiniBlockDecoder& decoder = *page_.layout().values;
    if (wanted.empty()) return arrow::Status::OK();
    const bool once =
        wanted.size() > 1 && !decoder.is_random_access() && decoder.shape().num_item_validity == 0;
    if (!once) {
      for (const ValueRange& range : wanted) {
        if (range.begin == range.end) continue;
        ARROW_RETURN_NOT_OK(
            decoder.Decode(chunk_.values(), num_values, range.begin, range.end, &values_));
      }
      return arrow::Status::OK();
    }
    const int64_t first = wanted.front().begin;
    const int64_t last = wanted.back().end;
    const int64_t items = static_cast<int64_t>(decoder.shape().items_per_value);
    scratch_.Clear();
    ARROW_RETURN_NOT_OK(decoder.Decode(chunk_.values(), num_values, first, last, &scratch_));
    if (scratch_.num_values() != (last - first) * items) {
      return Corrupt("decoded ", scratch_.num_values(), " values, expected ",
                     (last - first) * items);
    }
    for (const ValueRange& range : wanted) {
      ARROW_RETURN_NOT_OK(values_.AppendSlice(scratch_, (range.begin - first) * items,
                                              (range.end - first) * items));
    }
    return arrow::Status::OK();
  }

  arrow::Result<DecodedPage> Assemble(int64_t expected_rows) {
    const MiniBlockLayout& layout = page_.layout();
    auto levels = [](const ValueBuilder& builder, bool stored) {
      return stored ? std::span<const uint16_t>(reinterpret_cast<const uint16_t*>(builder.data()),
                                                static_cast<size_t>(builder.num_values()))
                    : std::span<const uint16_t>();
    };
    const int64_t num_levels = page_.has_repetition_index() ? num_levels_ : expected_rows;
    if ((layout.def != nullptr && def_.num_values() != num_levels) ||
        (page_.has_repetition_index() && rep_.num_values() != num_levels)) {
      return Corrupt("decoded ", def_.num_values(), " definition and ", rep_.num_values(),
                     " repetition levels, expected ", num_levels);
    }
    DecodedPage out;
    ARROW_ASSIGN_OR_RAISE(
        out.layers,
        Unravel(layout.layers, page_.leaf().dimensions, levels(rep_, page_.has_repetition_index()),
                levels(def_, layout.def != nullptr), num_levels, pool_));
    const int64_t num_values = out.layers.front().num_slots;
    if (layout.dictionary != nullptr) {
      if (values_.num_values() != num_values) {
        return Corrupt("decoded ", values_.num_values(), " indices, expected ", num_values);
      }
      ARROW_ASSIGN_OR_RAISE(
          out.values, GatherDictionary(page_.leaf().type, page_.dictionary(), &values_, pool_));
    } else {
      ARROW_ASSIGN_OR_RAISE(out.values, MakeLeafData(page_.leaf().type, num_values, &values_));
    }
    return out;
  }

  const MiniBlockPage& page_;
  const std::vector<RowRange> ranges_;
  arrow::MemoryPool* const pool_;
  std::vector<Run> runs_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;

  ValueBuilder rep_, def_, values_;
  int64_t num_levels_ = 0;

  // Reused from chunk to chunk.
  MiniBlockChunk chunk_;
  LevelCursor cursor_;
  std::vector<ValueRange> wanted_;
  ValueBuilder level_scratch_ = ValueBuilder::Fixed(16, arrow::default_memory_pool());
  ValueBuilder scratch_;
};

arrow::Result<std::unique_ptr<PageRead>> MiniBlockPage::Plan(std::span<const RowRange> ranges,
                                                             arrow::MemoryPool* pool) const {
  return std::make_unique<MiniBlockRead>(*this, ranges, pool);
}

}  // namespace

arrow::Result<std::unique_ptr<StructuralPage>> MakeMiniBlockPage(std::shared_ptr<const Leaf> leaf,
                                                                 const PageInfo& page,
                                                                 MiniBlockLayout layout) {
  auto out = std::make_unique<MiniBlockPage>(std::move(leaf), page, std::move(layout));
  ARROW_RETURN_NOT_OK(out->Init());
  return out;
}

}  // namespace lancea
