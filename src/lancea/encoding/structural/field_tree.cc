#include "lancea/encoding/structural/field_tree.h"

#include "arrow/type.h"
#include "lancea/encoding/structural/empty_struct.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Each dimension fits 31 bits, so that the product of two such numbers does not overflow.
constexpr uint64_t kMaxItemsPerRow = uint64_t{1} << 31;

bool IsLeaf(const Field& field, const arrow::DataType& type) {
  if (IsBlob(field) || IsPackedStruct(field)) return true;
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return IsEmptyStruct(type);
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::MAP:
      return false;
    case arrow::Type::FIXED_SIZE_LIST:
      return field.children.empty();
    default:
      return true;
  }
}

// Walks the Lance field and its Arrow type together. `dimensions` runs root -> here.
arrow::Status Build(const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
                    const std::string& path, std::vector<int64_t> dimensions, bool in_list,
                    uint64_t file_size, FieldNode* node, FieldTree* tree) {
  const arrow::DataType& type = *arrow_field->type();
  node->field_id = field.id;
  node->field = arrow_field;
  node->first_leaf = tree->leaves.size();
  if (IsLeaf(field, type)) {
    if (in_list && IsEmptyStruct(type)) {
      return Unsupported("column \"", path, "\": structs of no fields inside lists");
    }
    node->kind = FieldNode::Kind::kLeaf;
    dimensions.push_back(0);
    auto leaf = std::make_shared<Leaf>();
    leaf->type = arrow_field->type();
    leaf->dimensions.assign(dimensions.rbegin(), dimensions.rend());
    leaf->num_own_layers = leaf->dimensions.size();
    leaf->path = path;
    leaf->file_size = file_size;
    for (int64_t dimension : dimensions) {
      if (dimension > 0 &&
          (leaf->page_rows_per_row *= static_cast<uint64_t>(dimension)) > kMaxItemsPerRow) {
        return Unsupported("column \"", path, "\": fixed-size lists of more than ", kMaxItemsPerRow,
                           " items");
      }
    }
    tree->leaves.push_back(std::move(leaf));
    tree->leaf_field_ids.push_back(field.id);
    node->last_leaf = tree->leaves.size();
    return arrow::Status::OK();
  }
  int64_t dimension = 0;
  switch (type.id()) {
    case arrow::Type::STRUCT:
      node->kind = FieldNode::Kind::kStruct;
      break;
    case arrow::Type::FIXED_SIZE_LIST:
      node->kind = FieldNode::Kind::kFixedSizeList;
      dimension = static_cast<const arrow::FixedSizeListType&>(type).list_size();
      if (dimension < 1) {
        return Unsupported("column \"", path, "\": fixed-size list of dimension ", dimension,
                           " with nested items");
      }
      break;
    default:
      node->kind = FieldNode::Kind::kList;
  }
  if (static_cast<int>(field.children.size()) != type.num_fields() || field.children.empty()) {
    return Unsupported("column \"", path, "\": ", type.ToString(), " with ", field.children.size(),
                       " stored children");
  }
  dimensions.push_back(dimension);
  node->children.resize(field.children.size());
  for (size_t i = 0; i < field.children.size(); ++i) {
    ARROW_RETURN_NOT_OK(Build(field.children[i], type.field(static_cast<int>(i)),
                              path + "." + field.children[i].name, dimensions,
                              in_list || node->kind != FieldNode::Kind::kStruct, file_size,
                              &node->children[i], tree));
  }
  node->last_leaf = tree->leaves.size();
  return arrow::Status::OK();
}

// Count the layers of each leaf that belong to it, `node` and below.
void CountOwnLayers(const FieldNode& node, const std::vector<bool>& is_present,
                    std::vector<size_t>* num_own_layers) {
  for (size_t leaf = node.first_leaf; leaf < node.last_leaf; ++leaf) {
    if (!is_present[leaf]) continue;
    ++(*num_own_layers)[leaf];
    break;
  }
  for (const FieldNode& child : node.children) CountOwnLayers(child, is_present, num_own_layers);
}

}  // namespace

void AssignLayers(const std::vector<bool>& is_present, FieldTree* tree) {
  std::vector<size_t> num_own_layers(tree->leaves.size());
  CountOwnLayers(tree->root, is_present, &num_own_layers);
  for (size_t i = 0; i < tree->leaves.size(); ++i) {
    auto leaf = std::make_shared<Leaf>(*tree->leaves[i]);
    leaf->num_own_layers = num_own_layers[i];
    tree->leaves[i] = std::move(leaf);
  }
}

arrow::Result<FieldTree> MakeFieldTree(const Field& field,
                                       const std::shared_ptr<arrow::Field>& arrow_field,
                                       uint64_t file_size) {
  FieldTree tree;
  ARROW_RETURN_NOT_OK(
      Build(field, arrow_field, field.name, {}, /*in_list=*/false, file_size, &tree.root, &tree));
  return tree;
}

}  // namespace lancea
