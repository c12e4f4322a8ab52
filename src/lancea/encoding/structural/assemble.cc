#include "lancea/encoding/structural/assemble.h"

#include <algorithm>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::ArrayData;

arrow::Result<std::shared_ptr<arrow::Buffer>> Widen(const arrow::Buffer& offsets, int64_t count,
                                                    arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto wide, arrow::AllocateBuffer(count * sizeof(int64_t), pool));
  std::copy_n(offsets.data_as<int32_t>(), count, wide->mutable_data_as<int64_t>());
  return wide;
}

// The type of `node` with only the child on the path, whose type is `child`.
std::shared_ptr<arrow::DataType> PathType(const FieldNode& node,
                                          const std::shared_ptr<arrow::Field>& child) {
  const arrow::DataType& type = *node.field->type();
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return arrow::struct_({child});
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(child);
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(child,
                                    static_cast<const arrow::FixedSizeListType&>(type).list_size());
    default:
      // Maps are lists of entries until they are merged.
      return arrow::list(child);
  }
}

}  // namespace

arrow::Result<std::shared_ptr<ArrayData>> MakePathArray(const FieldNode& root, size_t leaf,
                                                        DecodedPage page, size_t num_layers,
                                                        arrow::MemoryPool* pool) {
  std::vector<const FieldNode*> path;  // root -> leaf
  for (const FieldNode* node = &root;;) {
    path.push_back(node);
    if (node->kind == FieldNode::Kind::kLeaf) break;
    const FieldNode* next = nullptr;
    for (const FieldNode& child : node->children) {
      if (leaf >= child.first_leaf && leaf < child.last_leaf) next = &child;
    }
    node = next;
  }
  if (page.layers.size() < num_layers || path.size() < num_layers) {
    return Corrupt("a page has ", page.layers.size(), " structural layers, the schema ",
                   path.size());
  }
  std::shared_ptr<ArrayData> array = std::move(page.values);
  if (array->length != page.layers[0].num_slots) {
    return Corrupt("levels own ", page.layers[0].num_slots, " values, ", array->length,
                   " are stored");
  }
  if (array->type->id() != arrow::Type::NA && page.layers[0].validity != nullptr) {
    array->buffers[0] = std::move(page.layers[0].validity);
    array->null_count = page.layers[0].null_count;
  }
  for (size_t i = 1; i < num_layers; ++i) {
    const FieldNode& node = *path[path.size() - 1 - i];
    StructureLayer& layer = page.layers[i];
    const auto type = PathType(node, path[path.size() - i]->field->WithType(array->type));
    const int64_t length = layer.num_slots;
    const StructureLayer::Kind expected =
        node.kind == FieldNode::Kind::kList            ? StructureLayer::Kind::kList
        : node.kind == FieldNode::Kind::kFixedSizeList ? StructureLayer::Kind::kFixedSizeList
                                                       : StructureLayer::Kind::kItem;
    if (layer.kind != expected)
      return Corrupt("structural layer ", i, " is not what the schema says");
    std::vector<std::shared_ptr<arrow::Buffer>> buffers = {layer.validity};
    int64_t child_length = length;
    if (expected == StructureLayer::Kind::kList) {
      child_length = layer.offsets->data_as<int32_t>()[length];
      if (type->id() == arrow::Type::LARGE_LIST) {
        ARROW_ASSIGN_OR_RAISE(layer.offsets, Widen(*layer.offsets, length + 1, pool));
      }
      buffers.push_back(std::move(layer.offsets));
    } else if (expected == StructureLayer::Kind::kFixedSizeList) {
      child_length = length * static_cast<const arrow::FixedSizeListType&>(*type).list_size();
    }
    if (array->length != child_length) {
      return Corrupt("structural layer ", i, " holds ", child_length, " items, ", array->length,
                     " are stored");
    }
    array = ArrayData::Make(type, length, std::move(buffers), {std::move(array)}, layer.null_count);
  }
  return array;
}

arrow::Result<std::shared_ptr<ArrayData>> MergePaths(
    const FieldNode& node, std::span<const std::shared_ptr<ArrayData>> paths,
    arrow::MemoryPool* pool) {
  if (node.kind == FieldNode::Kind::kLeaf) {
    if (paths[0]->type->id() != node.field->type()->id()) {
      return Corrupt("column holds ", paths[0]->type->ToString(), ", expected ",
                     node.field->type()->ToString());
    }
    return paths[0];
  }
  // The first column below a node gives its layer; the others begin further in.
  const size_t first_path = static_cast<size_t>(
      std::ranges::find_if(paths, [](const auto& path) { return path != nullptr; }) -
      paths.begin());
  const ArrayData* first = paths[first_path].get();
  auto out = std::make_shared<ArrayData>(*first);
  out->type = node.field->type();
  out->child_data.clear();
  for (const FieldNode& child : node.children) {
    std::vector<std::shared_ptr<ArrayData>> below(child.last_leaf - child.first_leaf);
    bool any = false;
    for (size_t i = 0; i < below.size(); ++i) {
      const size_t at = child.first_leaf - node.first_leaf + i;
      below[i] = at == first_path ? first->child_data[0] : paths[at];
      any |= below[i] != nullptr;
    }
    if (any) {
      ARROW_ASSIGN_OR_RAISE(auto merged, MergePaths(child, below, pool));
      if (merged->length != first->child_data[0]->length) {
        return Corrupt("sibling columns hold ", first->child_data[0]->length, " and ",
                       merged->length, " items");
      }
      out->child_data.push_back(std::move(merged));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(child.field->type(),
                                                               first->child_data[0]->length, pool));
      out->child_data.push_back(nulls->data());
    }
  }
  return out;
}

}  // namespace lancea
