// A read of some values of one encoded array of a 2.0 page, in the steps of read_task.h.
//
// A page's ArrayEncoding is a tree. Each node, given the value ranges wanted of it, becomes an ArrayRead:
// it names byte ranges, is supplied with them, may name more (string bytes are known only once their
// offsets are), and in the end appends its values to a builder. Children take ranges scaled to their own
// values (fixed-size-list items, bytes).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/value_builder.h"
#include "lancea/io/row_range.h"
#include "lancea/proto/encodings_v2_0.pb.h"

namespace lancea::v2_0 {

using ArrayEncoding = lance::encodings::ArrayEncoding;

/// Where decoded values go.
struct ArrayOutput {
  ValueBuilder values;
  BitmapBuilder validity;  ///< one bit per value (not per fixed-size-list item)
  explicit ArrayOutput(ValueBuilder builder)
      : values(std::move(builder)), validity(values.pool()) {}
};

/// A cursor over buffers supplied in the order their ranges were collected.
class SuppliedBuffers {
 public:
  explicit SuppliedBuffers(std::vector<std::shared_ptr<arrow::Buffer>> buffers)
      : buffers_(std::move(buffers)) {}
  std::shared_ptr<arrow::Buffer> Next() { return std::move(buffers_[next_++]); }

 private:
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;
  size_t next_ = 0;
};

class ArrayRead {
 public:
  virtual ~ArrayRead() = default;
  /// Append the byte ranges wanted in this step; nothing when ready for Append.
  virtual void Collect(std::vector<ByteRange>* needs) const = 0;
  /// Take the buffers of this step's ranges.
  virtual arrow::Status Supply(SuppliedBuffers* buffers) = 0;
  /// Append the values wanted, and one validity bit for each when this node decides about nulls.
  virtual arrow::Status Append(ArrayOutput* out) = 0;
  /// True when Append writes validity bits; the caller writes "valid" otherwise.
  virtual bool appends_validity() const { return false; }
  /// The values as they lie in the file, when they are plain bytes in one piece; else nullptr.
  virtual std::shared_ptr<arrow::Buffer> PlainBytes() const { return nullptr; }
};

/// What a node needs to know of its surroundings.
struct ArrayContext {
  const PageInfo* page = nullptr;
  arrow::MemoryPool* pool = nullptr;
  int fixed_size_list_depth = 0;  ///< lists passed on the way here
  int depth = 0;                  ///< nodes passed
  int dictionary_depth = 0;       ///< dictionaries whose items these are
};

/// \param ranges  values of this node: ascending, non-empty; bounded so that scaling cannot overflow
arrow::Result<std::unique_ptr<ArrayRead>> MakeArrayRead(const ArrayEncoding& encoding,
                                                        std::span<const RowRange> ranges,
                                                        const ArrayContext& context);

/// The ranges of the `factor` parts that each value of `ranges` has; empty ranges vanish.
/// \return Corrupt when the parts are more than a file can have
arrow::Result<std::vector<RowRange>> ScaleRanges(std::span<const RowRange> ranges, uint64_t factor);

/// Parts are what a file's numbers multiply: no page bears out any number of them.
/// \return Unsupported for more than MostValues of the page
arrow::Status CheckBacked(std::span<const RowRange> parts, const ArrayContext& context);

/// Values in `ranges`.
uint64_t CountRows(std::span<const RowRange> ranges);

/// A readable tree of the encoding.
std::string Describe(const ArrayEncoding& encoding, int depth = 0);

}  // namespace lancea::v2_0
