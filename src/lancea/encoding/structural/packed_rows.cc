#include "lancea/encoding/structural/packed_rows.h"

#include "arrow/array/data.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<PackedRows> PackedRows::Make(const VariablePackedStructDecoder& decoder,
                                           std::shared_ptr<arrow::DataType> type,
                                           arrow::MemoryPool* pool) {
  if (type->id() != arrow::Type::STRUCT ||
      static_cast<size_t>(type->num_fields()) != decoder.num_children()) {
    return Corrupt("packed struct of ", decoder.num_children(), " children cannot be ",
                   type->ToString());
  }
  for (size_t i = 0; i < decoder.num_children(); ++i) {
    ARROW_RETURN_NOT_OK(
        CheckShape(*type->field(static_cast<int>(i))->type(), decoder.child(i).decoder->shape()));
  }
  PackedRows out;
  out.decoder_ = &decoder;
  out.type_ = std::move(type);
  out.builders_ = decoder.MakeBuilders(pool);
  return out;
}

arrow::Status PackedRows::Append(Bytes row) {
  ++num_rows_;
  return decoder_->DecodeRow(row, &builders_);
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> PackedRows::Finish() {
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (size_t i = 0; i < builders_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto child, MakeLeafData(type_->field(static_cast<int>(i))->type(),
                                                   num_rows_, &builders_[i]));
    children.push_back(std::move(child));
  }
  return arrow::ArrayData::Make(type_, num_rows_, {nullptr}, std::move(children), 0);
}

}  // namespace lancea
