// variable_packed_struct: the children of a struct, some of variable width, row by row (full-zip only).
//
//   row: for each child, in order
//     fixed     its bits_per_value / 8 bytes
//     variable  a length of bits_per_length (32 or 64) bits, then that many bytes
// Each child value is encoded by itself (flat, variable, fsst, general). An empty row stands for a null
// struct: every child gets an empty value.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"
#include "lancea/proto/encodings_v2_1.pb.h"

namespace lancea {

/// Immutable, thread-safe.
class VariablePackedStructDecoder {
 public:
  struct Child {
    std::unique_ptr<PerValueDecoder> decoder;
    uint64_t bits_per_value = 0;   ///< stored width; 0 when variable
    uint64_t bits_per_length = 0;  ///< 32 or 64; 0 when fixed
  };
  explicit VariablePackedStructDecoder(std::vector<Child> children)
      : children_(std::move(children)) {}

  size_t num_children() const { return children_.size(); }
  const Child& child(size_t i) const { return children_[i]; }

  /// One builder per child.
  std::vector<ValueBuilder> MakeBuilders(arrow::MemoryPool* pool) const;

  /// Append one row to each of `builders`.
  arrow::Status DecodeRow(Bytes row, std::vector<ValueBuilder>* builders) const;

 private:
  std::vector<Child> children_;
};

arrow::Result<std::unique_ptr<VariablePackedStructDecoder>> MakeVariablePackedStructDecoder(
    const EncodingMessage& message);
arrow::Result<std::unique_ptr<VariablePackedStructDecoder>> MakeVariablePackedStructDecoder(
    const lance::encodings21::CompressiveEncoding& message);

}  // namespace lancea
