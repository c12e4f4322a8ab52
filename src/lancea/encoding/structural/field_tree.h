// A top-level field split into its structural nodes and leaf columns (file versions 2.1 and up).
//
// Structs, lists, maps and fixed-size lists of those are structure: they live in the levels of every
// leaf below them. Everything else is a leaf with a column of its own: packed structs, blobs and
// structs of no fields included.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/leaf.h"
#include "lancea/schema.h"

namespace lancea {

/// One node of the tree. Leaves below a node are leaves [first_leaf, last_leaf) in depth-first order.
struct FieldNode {
  enum class Kind { kLeaf, kStruct, kList, kFixedSizeList };
  Kind kind = Kind::kLeaf;
  int32_t field_id = -1;
  std::shared_ptr<arrow::Field> field;
  std::vector<FieldNode> children;
  size_t first_leaf = 0, last_leaf = 0;
};

struct FieldTree {
  FieldNode root;
  std::vector<std::shared_ptr<const Leaf>> leaves;
  std::vector<int32_t> leaf_field_ids;
};

/// \param field       a top-level field, children possibly pruned
/// \param arrow_field  its Arrow form as read (blob columns: the description struct)
/// \param file_size   bytes, the bound for allocations
arrow::Result<FieldTree> MakeFieldTree(const Field& field,
                                       const std::shared_ptr<arrow::Field>& arrow_field,
                                       uint64_t file_size);

/// Leave each layer to the first leaf below it whose column is there.
/// \param is_present  one per leaf
void AssignLayers(const std::vector<bool>& is_present, FieldTree* tree);

}  // namespace lancea
