#include "lancea/encoding/structural/writable_type.h"

#include <algorithm>

#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/structural/empty_struct.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::Type;

const arrow::DataType& StorageOf(const arrow::DataType& type) {
  const arrow::DataType* out = &type;
  while (out->id() == Type::EXTENSION) {
    out = static_cast<const arrow::ExtensionType&>(*out).storage_type().get();
  }
  return *out;
}

// What lies on the way from the root to a node.
struct Ancestors {
  bool list = false;
  bool fixed_size_list = false;
};

class Checker {
 public:
  explicit Checker(FileFormat format) : format_(format) {}

  arrow::Status Visit(const Field& field, const FieldNode& node, Ancestors above,
                      const std::string& path) {
    const arrow::DataType& type = StorageOf(*node.field->type());
    const bool before_2_2 = format_ == FileFormat::k2_1;
    switch (node.kind) {
      case FieldNode::Kind::kLeaf:
        return VisitLeaf(field, type, above, path);
      case FieldNode::Kind::kFixedSizeList:
        if (before_2_2) {
          return InvalidInput("column \"", path,
                              "\": fixed-size lists of structs need version 2.2");
        }
        above.fixed_size_list = true;
        break;
      case FieldNode::Kind::kList:
        if (type.id() == Type::MAP) {
          if (before_2_2) return InvalidInput("column \"", path, "\": maps need version 2.2");
          if (static_cast<const arrow::MapType&>(type).keys_sorted()) {
            return InvalidInput("column \"", path, "\": maps of sorted keys cannot be stored");
          }
        }
        above.list = true;
        break;
      case FieldNode::Kind::kStruct:
        break;
    }
    // No reader of these versions takes rows apart whose number of items both kinds decide.
    if (above.list && above.fixed_size_list) {
      return Unsupported("column \"", path, "\": lists together with fixed-size lists of structs");
    }
    for (size_t i = 0; i < node.children.size(); ++i) {
      ARROW_RETURN_NOT_OK(
          Visit(field.children[i], node.children[i], above, path + "." + field.children[i].name));
    }
    return arrow::Status::OK();
  }

 private:
  arrow::Status VisitLeaf(const Field& field, const arrow::DataType& type, Ancestors above,
                          const std::string& path) {
    if (IsBlob(field) && type.id() != Type::STRUCT) {
      if (type.id() != Type::LARGE_BINARY) {
        return InvalidInput("column \"", path, "\": blobs are large_binary, not ", type.ToString());
      }
      if (format_ == FileFormat::k2_3) {
        return InvalidInput("column \"", path, "\": version 2.3 has blobs of lance.blob.v2 only");
      }
      if (above.list || above.fixed_size_list) {
        return Unsupported("column \"", path, "\": blobs inside lists");
      }
      return arrow::Status::OK();
    }
    if (type.id() != Type::STRUCT) return CheckValue(type, path);
    if (IsEmptyStruct(type)) {
      if (IsPackedStruct(field)) {
        return InvalidInput("column \"", path, "\": a packed struct of no fields cannot be stored");
      }
      return arrow::Status::OK();
    }
    for (const auto& child : type.fields()) {
      const arrow::DataType& child_type = StorageOf(*child->type());
      const bool variable = arrow::is_base_binary_like(child_type.id());
      if (variable && format_ == FileFormat::k2_1) {
        return InvalidInput("column \"", path, "\": packed structs of ", child_type.ToString(),
                            " need version 2.2");
      }
      // Rows are whole bytes: bits have no place in them.
      const uint64_t bits = FixedBitWidth(child_type);
      if (!variable && (bits == 0 || bits % 8 != 0)) {
        return InvalidInput("column \"", path, "\": a packed struct cannot hold ",
                            child_type.ToString());
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status CheckValue(const arrow::DataType& type, const std::string& path) {
    if (type.id() == Type::DICTIONARY) {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
      return CheckValue(StorageOf(*dictionary.value_type()), path);
    }
    const arrow::DataType* item = &type;
    while (item->id() == Type::FIXED_SIZE_LIST) {
      item = &StorageOf(*static_cast<const arrow::FixedSizeListType*>(item)->value_type());
    }
    if (type.id() == Type::NA || arrow::is_base_binary_like(type.id()) ||
        (item->id() != Type::STRUCT && FixedBitWidth(*item) != 0)) {
      return arrow::Status::OK();
    }
    return InvalidInput("column \"", path, "\": ", type.ToString(), " cannot be stored");
  }

  const FileFormat format_;
};

}  // namespace

arrow::Status CheckWritable(const Field& field, const FieldTree& tree, FileFormat format) {
  if (format == FileFormat::k2_0) return InvalidInput("pages of version 2.0 are written elsewhere");
  return Checker(format).Visit(field, tree.root, {}, field.name);
}

bool SameMemory(const arrow::DataType& from, const arrow::DataType& to) {
  const arrow::DataType& a = StorageOf(from);
  const arrow::DataType& b = StorageOf(to);
  if (a.id() != b.id() || a.num_fields() != b.num_fields()) return false;
  if (a.id() == Type::DICTIONARY) {
    const auto& x = static_cast<const arrow::DictionaryType&>(a);
    const auto& y = static_cast<const arrow::DictionaryType&>(b);
    return SameMemory(*x.index_type(), *y.index_type()) &&
           SameMemory(*x.value_type(), *y.value_type());
  }
  if (a.id() == Type::FIXED_SIZE_LIST &&
      static_cast<const arrow::FixedSizeListType&>(a).list_size() !=
          static_cast<const arrow::FixedSizeListType&>(b).list_size()) {
    return false;
  }
  if (a.num_fields() == 0) return a.Equals(b);
  for (int i = 0; i < a.num_fields(); ++i) {
    if (!SameMemory(*a.field(i)->type(), *b.field(i)->type())) return false;
  }
  return true;
}

}  // namespace lancea
