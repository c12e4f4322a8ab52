#include "lancea/encoding/structural/mini_block_read.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/chunk_runs.h"
#include "lancea/encoding/structural/dictionary_gather.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/level_cursor.h"
#include "lancea/encoding/structural/mini_block_chunk.h"
#include "lancea/encoding/structural/unravel.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Ranges of rows inside one chunk from which on an index of its levels is worth making.
constexpr size_t kRangesToIndexFor = 12;
// Ranges of rows inside one chunk from which on unpacking it once is quicker than a call for each.
constexpr size_t kRangesToDecodeOnceFor = 8;

class MiniBlockRead : public PageRead {
 public:
  MiniBlockRead(const MiniBlockPage& page, std::span<const RowRange> ranges,
                arrow::MemoryPool* pool, ValueForm form)
      : page_(page),
        form_(form),
        ranges_(ranges.begin(), ranges.end()),
        pool_(pool),
        rep_(ValueBuilder::Fixed(16, pool)),
        def_(ValueBuilder::Fixed(16, pool)),
        values_(page.layout().values->shape().MakeBuilder(pool)),
        scratch_(page.layout().values->shape().MakeBuilder(pool)),
        is_bare_(IsBare(page)) {
    runs_ = FindChunkRuns(page_, ranges_);
    needs_ = BytesOfRuns(page_, runs_);
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
    if (page_.has_repetition_index() && ranges_.size() == 1) {
      // All but the edges of these chunks is wanted; nulls and empty lists have levels and no values.
      const int64_t num_values =
          static_cast<int64_t>(page_.chunks().value_end(runs_.back().last) -
                               page_.chunks().value_begin(runs_.front().first));
      ARROW_RETURN_NOT_OK(
          values_.Reserve(num_values * page_.layout().values->shape().items_per_value));
      if (!is_bare_) {
        ARROW_RETURN_NOT_OK(rep_.Reserve(num_values));
        if (page_.layout().def != nullptr) ARROW_RETURN_NOT_OK(def_.Reserve(num_values));
      }
    }
    size_t next_range = 0;
    for (size_t i = 0; i < runs_.size(); ++i) {
      for (int64_t c = runs_[i].first; c <= runs_[i].last; ++c) {
        const Bytes chunk = ChunkInRun(page_, runs_[i], buffers_[i]->data(), c);
        arrow::Status status = page_.has_repetition_index()
                                   ? DecodeRowsChunk(c, chunk, &next_range)
                                   : DecodeItemsChunk(c, chunk, &next_range);
        if (!status.ok()) return Prefix(status, "chunk " + std::to_string(c));
      }
    }
    return Assemble(expected_rows);
  }

 private:
  // A chunk of a page without lists: rows are values.
  arrow::Status DecodeItemsChunk(int64_t c, Bytes bytes, size_t* next_range) {
    const auto num_values =
        static_cast<int64_t>(page_.chunks().value_end(c) - page_.chunks().value_begin(c));
    ARROW_RETURN_NOT_OK(chunk_.Parse(bytes, page_.layout()));
    if (page_.layout().def != nullptr && chunk_.num_levels() != num_values) {
      return Corrupt(chunk_.num_levels(), " levels for ", num_values, " values");
    }
    WantedOfChunk(page_, c, ranges_, next_range, &wanted_);
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
    const uint64_t next_first = chunks.first_row(c + 1);
    // Rows with a part in this chunk: [first, next_first).
    const uint64_t first = chunks.first_row(c) - (chunks.has_preamble(c) ? 1 : 0);
    // Whole chunks, as scans read them, need no copy of their levels.
    const bool whole = *next_range < ranges_.size() && ranges_[*next_range].start <= first &&
                       ranges_[*next_range].end >= next_first;
    if (is_bare_ && whole) {
      if (ranges_[*next_range].end == next_first && !chunks.has_preamble(c + 1)) ++*next_range;
      num_values_ += num_values;
      wanted_.assign(1, {0, num_values});
      return AppendWanted(num_values, wanted_);
    }
    LevelCursor& cursor = cursor_;
    rep_scratch_.Clear();
    level_scratch_.Clear();
    ARROW_RETURN_NOT_OK(cursor.Decode(*layout.rep, layout.def.get(), chunk_.rep(), chunk_.def(),
                                      num_levels, layout.layers, whole ? &rep_ : &rep_scratch_,
                                      whole ? &def_ : &level_scratch_));
    if (cursor.num_visible() != num_values) {
      return Corrupt("levels own ", cursor.num_visible(), " values, the chunk has ", num_values);
    }
    if (cursor.num_row_starts() != static_cast<int64_t>(next_first - chunks.first_row(c)) ||
        (num_levels > 0 && cursor.starts_inside_row() != chunks.has_preamble(c))) {
      return Corrupt("levels begin ", cursor.num_row_starts(), " rows, the repetition index says ",
                     next_first - chunks.first_row(c));
    }
    if (const size_t far = *next_range + kRangesToIndexFor;
        far < ranges_.size() && ranges_[far].start < next_first) {
      cursor.Index();
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
      const int64_t begin = whole ? 0 : position(std::max(range.start, first));
      const int64_t end = position(range.end);
      if (!whole && !is_bare_) {
        ARROW_RETURN_NOT_OK(rep_.AppendSlice(rep_scratch_, begin, end));
        if (layout.def != nullptr) {
          ARROW_RETURN_NOT_OK(def_.AppendSlice(level_scratch_, begin, end));
        }
      }
      num_levels_ += end - begin;
      wanted_.push_back({cursor.VisibleBefore(begin), cursor.VisibleBefore(end)});
      num_values_ += wanted_.back().end - wanted_.back().begin;
      const bool goes_on =
          range.end > next_first || (range.end == next_first && chunks.has_preamble(c + 1));
      if (goes_on) break;
    }
    return AppendWanted(num_values, wanted_);
  }

  arrow::Status AppendLevels(const BlockDecoder& decoder, Bytes block, int64_t num_levels,
                             const std::vector<ChunkSlice>& wanted, ValueBuilder* out) {
    if (wanted.size() == 1 && wanted[0].begin == 0 && wanted[0].end == num_levels) {
      return decoder.Decode(block, num_levels, out);
    }
    level_scratch_.Clear();
    ARROW_RETURN_NOT_OK(decoder.Decode(block, num_levels, &level_scratch_));
    if (level_scratch_.num_values() != num_levels) {
      return Corrupt("decoded ", level_scratch_.num_values(), " levels, expected ", num_levels);
    }
    for (const ChunkSlice& range : wanted) {
      ARROW_RETURN_NOT_OK(out->AppendSlice(level_scratch_, range.begin, range.end));
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendWanted(int64_t num_values, const std::vector<ChunkSlice>& wanted) {
    const MiniBlockDecoder& decoder = *page_.layout().values;
    if (wanted.empty()) return arrow::Status::OK();
    const ValueShape shape = decoder.shape();
    const bool words = shape.bits_per_offset == 0 && shape.items_per_value == 1 &&
                       shape.bits_per_value % 8 == 0 && wanted.size() >= kRangesToDecodeOnceFor;
    const bool once =
        wanted.size() > 1 && shape.num_item_validity == 0 && (words || !decoder.is_random_access());
    if (!once) {
      for (const ChunkSlice& range : wanted) {
        if (range.begin == range.end) continue;
        ARROW_RETURN_NOT_OK(
            decoder.Decode(chunk_.values(), num_values, range.begin, range.end, &values_));
      }
      return arrow::Status::OK();
    }
    const int64_t first = wanted.front().begin;
    const int64_t last = wanted.back().end;
    const int64_t items = static_cast<int64_t>(shape.items_per_value);
    scratch_.Clear();
    ARROW_RETURN_NOT_OK(decoder.Decode(chunk_.values(), num_values, first, last, &scratch_));
    if (scratch_.num_values() != (last - first) * items) {
      return Corrupt("decoded ", scratch_.num_values(), " values, expected ",
                     (last - first) * items);
    }
    if (words) return PickWords(wanted, first);
    for (const ChunkSlice& range : wanted) {
      ARROW_RETURN_NOT_OK(values_.AppendSlice(scratch_, (range.begin - first) * items,
                                              (range.end - first) * items));
    }
    return arrow::Status::OK();
  }

  // Append ranges, mostly of one value, of the decoded values, which begin with value `first`.
  arrow::Status PickWords(const std::vector<ChunkSlice>& wanted, int64_t first) {
    int64_t count = 0;
    for (const ChunkSlice& range : wanted) count += range.end - range.begin;
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, values_.AppendFixed(count));
    const auto width = static_cast<int64_t>(scratch_.bytes_per_value());
    auto pick = [&](auto fixed_width) {
      const uint8_t* const from = scratch_.data() - first * width;
      for (const ChunkSlice& range : wanted) {
        if (range.end - range.begin == 1) {
          std::memcpy(to, from + range.begin * width, fixed_width);
          to += fixed_width;
        } else {
          const auto bytes = static_cast<size_t>((range.end - range.begin) * width);
          std::memcpy(to, from + range.begin * width, bytes);
          to += bytes;
        }
      }
    };
    switch (width) {
      case 1:
        pick(std::integral_constant<size_t, 1>());
        break;
      case 2:
        pick(std::integral_constant<size_t, 2>());
        break;
      case 4:
        pick(std::integral_constant<size_t, 4>());
        break;
      case 8:
        pick(std::integral_constant<size_t, 8>());
        break;
      default:
        pick(static_cast<size_t>(width));
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
    if (is_bare_) return AssembleBare();
    if ((layout.def != nullptr && def_.num_values() != num_levels) ||
        (page_.has_repetition_index() && rep_.num_values() != num_levels)) {
      return Corrupt("decoded ", def_.num_values(), " definition and ", rep_.num_values(),
                     " repetition levels, expected ", num_levels);
    }
    DecodedPage out;
    ARROW_ASSIGN_OR_RAISE(out.layers, Unravel(layout.layers, page_.leaf().dimensions,
                                              levels(rep_, page_.has_repetition_index()),
                                              levels(def_, layout.def != nullptr), num_levels,
                                              page_.leaf().num_own_layers, pool_));
    ARROW_ASSIGN_OR_RAISE(out.values, AssembleValues(out.layers.front().num_slots));
    return out;
  }

  arrow::Result<DecodedPage> AssembleBare() {
    DecodedPage out;
    out.layers.resize(page_.leaf().num_own_layers);
    for (StructureLayer& layer : out.layers) layer.num_slots = num_values_;
    ARROW_ASSIGN_OR_RAISE(out.values, AssembleValues(num_values_));
    return out;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> AssembleValues(int64_t num_values) {
    if (page_.layout().dictionary == nullptr) {
      return MakeLeafData(page_.leaf().type, num_values, &values_);
    }
    if (values_.num_values() != num_values) {
      return Corrupt("decoded ", values_.num_values(), " indices, expected ", num_values);
    }
    if (form_ == ValueForm::kEncoded && page_.leaf().type->id() != arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(const auto type, EncodedType(page_.leaf().type, values_));
      return GatherDictionary(type, page_.dictionary(), &values_, pool_);
    }
    return GatherDictionary(page_.leaf().type, page_.dictionary(), &values_, pool_);
  }

  // Nothing that this column must give is in its levels: it is read for its values alone.
  static bool IsBare(const MiniBlockPage& page) {
    if (!page.has_repetition_index()) return false;
    for (size_t i = 0; i < page.leaf().num_own_layers; ++i) {
      const LayerLevels& levels = page.layout().layers.layers()[i];
      if (IsList(levels.layer) || levels.null_level != 0 || page.leaf().dimensions[i] != 0) {
        return false;
      }
    }
    return true;
  }

  const MiniBlockPage& page_;
  const ValueForm form_;
  const std::vector<RowRange> ranges_;
  arrow::MemoryPool* const pool_;
  std::vector<ChunkRun> runs_;
  std::vector<ByteRange> needs_;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;

  ValueBuilder rep_, def_, values_;
  int64_t num_levels_ = 0;
  int64_t num_values_ = 0;

  // Reused from chunk to chunk.
  MiniBlockChunk chunk_;
  LevelCursor cursor_;
  std::vector<ChunkSlice> wanted_;
  ValueBuilder rep_scratch_ = ValueBuilder::Fixed(16, arrow::default_memory_pool());
  ValueBuilder level_scratch_ = ValueBuilder::Fixed(16, arrow::default_memory_pool());
  ValueBuilder scratch_;

  const bool is_bare_;
};

}  // namespace

std::unique_ptr<PageRead> MakeMiniBlockRead(const MiniBlockPage& page,
                                            std::span<const RowRange> ranges,
                                            arrow::MemoryPool* pool, ValueForm form) {
  return std::make_unique<MiniBlockRead>(page, ranges, pool, form);
}

}  // namespace lancea
