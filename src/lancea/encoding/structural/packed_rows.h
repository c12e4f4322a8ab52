// Rows of a variable packed struct -> a struct array without validity.
#pragma once

#include <memory>
#include <vector>

#include "lancea/encoding/compress/variable_packed_struct.h"

namespace lancea {

class PackedRows {
 public:
  /// \param type  the struct type; its children match the decoder's in number and shape
  static arrow::Result<PackedRows> Make(const VariablePackedStructDecoder& decoder,
                                        std::shared_ptr<arrow::DataType> type,
                                        arrow::MemoryPool* pool);

  arrow::Status Append(Bytes row);
  arrow::Status AppendNull() { return Append(Bytes()); }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish();

 private:
  const VariablePackedStructDecoder* decoder_ = nullptr;
  std::shared_ptr<arrow::DataType> type_;
  std::vector<ValueBuilder> builders_;
  int64_t num_rows_ = 0;
};

}  // namespace lancea
