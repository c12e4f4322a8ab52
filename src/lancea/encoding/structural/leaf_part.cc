#include "lancea/encoding/structural/leaf_part.h"

#include "arrow/array/array_dict.h"
#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::Type;

// The same data as its storage type.
std::shared_ptr<arrow::ArrayData> Storage(const arrow::ArrayData& data) {
  auto out = data.Copy();
  while (out->type->id() == Type::EXTENSION) {
    out->type = static_cast<const arrow::ExtensionType&>(*out->type).storage_type();
  }
  return out;
}

std::shared_ptr<arrow::Buffer> ValidityOf(const arrow::ArrayData& data) {
  if (data.buffers.empty() || data.buffers[0] == nullptr || data.null_count == 0) return nullptr;
  return data.buffers[0];
}

// Dictionary arrays say null in two ways; levels know one. `data` refers to null items at some slots.
arrow::Result<std::shared_ptr<arrow::Buffer>> ValidityThroughDictionary(
    const std::shared_ptr<arrow::ArrayData>& data, SlotRange slots) {
  auto from_zero = data->Copy();
  from_zero->offset = 0;
  from_zero->length = slots.end;
  from_zero->null_count = arrow::kUnknownNullCount;
  const arrow::DictionaryArray array(from_zero);
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateEmptyBitmap(slots.end));
  for (int64_t slot = slots.begin; slot < slots.end; ++slot) {
    const bool valid =
        array.IsValid(slot) && array.dictionary()->IsValid(array.GetValueIndex(slot));
    if (valid) arrow::bit_util::SetBit(out->mutable_data(), slot);
  }
  return out;
}

// The slots of the next layer inward that the slots of `layer` hold, in the child's buffers.
SlotRange ChildSlots(const PartLayer& layer, int64_t child_offset) {
  SlotRange out = layer.slots;
  if (layer.kind == PartLayer::Kind::kList) {
    out = {layer.OffsetOf(layer.slots.begin), layer.OffsetOf(layer.slots.end)};
  } else if (layer.kind == PartLayer::Kind::kFixedSizeList) {
    out = {out.begin * layer.dimension, out.end * layer.dimension};
  }
  return {out.begin + child_offset, out.end + child_offset};
}

class Shredder {
 public:
  explicit Shredder(std::vector<LeafPart>* parts) : parts_(parts) {}

  // `slots` in the buffers of `array`.
  arrow::Status Visit(const FieldNode& node, const arrow::ArrayData& array, SlotRange slots) {
    auto data = Storage(array);
    PartLayer layer;
    layer.slots = slots;
    layer.validity = ValidityOf(*data);
    const bool is_list = data->type->id() == Type::LIST || data->type->id() == Type::LARGE_LIST ||
                         data->type->id() == Type::MAP;
    bool matches = true;
    switch (node.kind) {
      case FieldNode::Kind::kLeaf: {
        layer.all_null = data->type->id() == Type::NA;
        if (data->type->id() == Type::DICTIONARY && data->dictionary->GetNullCount() != 0) {
          ARROW_ASSIGN_OR_RAISE(layer.validity, ValidityThroughDictionary(data, slots));
        }
        LeafPart part;
        part.layers = layers_;
        part.layers.push_back(std::move(layer));
        part.values = std::move(data);
        parts_->push_back(std::move(part));
        return arrow::Status::OK();
      }
      case FieldNode::Kind::kStruct:
        matches = data->type->id() == Type::STRUCT;
        break;
      case FieldNode::Kind::kList:
        matches = is_list;
        layer.kind = PartLayer::Kind::kList;
        if (matches) layer.offsets = data->buffers[1];
        layer.large_offsets = data->type->id() == Type::LARGE_LIST;
        break;
      case FieldNode::Kind::kFixedSizeList:
        matches = data->type->id() == Type::FIXED_SIZE_LIST;
        layer.kind = PartLayer::Kind::kFixedSizeList;
        if (matches) {
          layer.dimension = static_cast<const arrow::FixedSizeListType&>(*data->type).list_size();
        }
        break;
    }
    if (!matches || data->child_data.size() != node.children.size()) {
      return InvalidInput("field \"", node.field->name(), "\" is ", node.field->type()->ToString(),
                          ", the rows are ", data->type->ToString());
    }
    layers_.push_back(layer);
    for (size_t i = 0; i < node.children.size(); ++i) {
      const arrow::ArrayData& child = *data->child_data[i];
      ARROW_RETURN_NOT_OK(Visit(node.children[i], child, ChildSlots(layer, child.offset)));
    }
    layers_.pop_back();
    return arrow::Status::OK();
  }

 private:
  std::vector<PartLayer> layers_;
  std::vector<LeafPart>* const parts_;
};

uint64_t VariableBytes(const arrow::ArrayData& data, SlotRange slots) {
  if (slots.size() == 0 || data.buffers[1] == nullptr) return 0;
  if (arrow::is_large_binary_like(data.type->id())) {
    const auto* offsets = data.buffers[1]->data_as<int64_t>();
    return static_cast<uint64_t>(offsets[slots.end] - offsets[slots.begin] + 8 * slots.size());
  }
  const auto* offsets = data.buffers[1]->data_as<int32_t>();
  return static_cast<uint64_t>(offsets[slots.end] - offsets[slots.begin] + 4 * slots.size());
}

uint64_t ValueBytes(const arrow::ArrayData& data, SlotRange slots) {
  if (arrow::is_base_binary_like(data.type->id())) return VariableBytes(data, slots);
  const uint64_t bits = FixedBitWidth(*data.type);
  if (bits != 0) return bits * static_cast<uint64_t>(slots.size()) / 8;
  if (data.type->id() == Type::DICTIONARY) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*data.type);
    return static_cast<uint64_t>(slots.size()) * FixedBitWidth(*type.index_type()) / 8;
  }
  uint64_t bytes = 0;
  if (data.type->id() == Type::STRUCT) {
    for (const auto& child : data.child_data) {
      bytes += ValueBytes(*child, {slots.begin + child->offset, slots.end + child->offset});
    }
  }
  return bytes;
}

}  // namespace

int64_t PartLayer::OffsetOf(int64_t slot) const {
  if (offsets == nullptr || offsets->size() == 0) return 0;
  return large_offsets ? offsets->data_as<int64_t>()[slot] : offsets->data_as<int32_t>()[slot];
}

arrow::Result<std::vector<LeafPart>> Shred(const FieldTree& tree, const arrow::ArrayData& rows) {
  std::vector<LeafPart> out;
  out.reserve(tree.leaves.size());
  ARROW_RETURN_NOT_OK(
      Shredder(&out).Visit(tree.root, rows, {rows.offset, rows.offset + rows.length}));
  return out;
}

LeafPart SliceRows(const LeafPart& part, int64_t begin, int64_t num_rows) {
  LeafPart out = part;
  SlotRange now = {part.layers.front().slots.begin + begin,
                   part.layers.front().slots.begin + begin + num_rows};
  for (size_t i = 0; i < part.layers.size(); ++i) {
    out.layers[i].slots = now;
    if (i + 1 == part.layers.size()) break;
    // The child's buffers begin wherever they did before.
    const int64_t child_offset =
        part.layers[i + 1].slots.begin - ChildSlots(part.layers[i], 0).begin;
    now = ChildSlots(out.layers[i], child_offset);
  }
  return out;
}

uint64_t PlainBytes(const LeafPart& part) {
  uint64_t bytes = ValueBytes(*part.values, part.layers.back().slots);
  for (const PartLayer& layer : part.layers) {
    const uint64_t slots = static_cast<uint64_t>(layer.slots.size());
    if (layer.validity != nullptr) bytes += slots / 8;
    if (layer.kind == PartLayer::Kind::kList) bytes += slots * (layer.large_offsets ? 8 : 4);
  }
  return bytes;
}

}  // namespace lancea
