// A Substrait message -> Arrow's expression over fields by name; types are given when it is bound (rebind.h).
//
//   base_schema  names i st x   types i32 struct<i64>          fields are numbers, per level
//   selection    struct_field 1 -> struct_field 0              st.x
//   function     reference 3 = "gt", declared at the top       greater(st.x, 1)
#include "lancea/substrait.h"

#include <google/protobuf/io/coded_stream.h>

#include <map>
#include <span>
#include <vector>

#include "arrow/compute/cast.h"
#include "arrow/compute/expression.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "lancea/expr/parser.h"
#include "lancea/expr/rebind.h"
#include "lancea/expr/substrait_types.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

namespace cp = arrow::compute;
using Proto = ::substrait::Expression;

// Messages on the way from an expression to one of its arguments.
constexpr int kMessagesPerLevel = 3;

// Where Substrait's name for a function differs from ours.
const std::string& OurNameOf(const std::string& name) {
  static const std::map<std::string, std::string> kNames = {{"lt", "less"},
                                                            {"lte", "less_equal"},
                                                            {"gt", "greater"},
                                                            {"gte", "greater_equal"},
                                                            {"and", "and_kleene"},
                                                            {"or", "or_kleene"},
                                                            {"not", "invert"},
                                                            {"is_not_null", "is_valid"},
                                                            {"is_nan", "isnan"},
                                                            {"char_length", "length"},
                                                            {"bitwise_and", "bit_wise_and"},
                                                            {"bitwise_or", "bit_wise_or"},
                                                            {"bitwise_xor", "bit_wise_xor"}};
  const auto found = kNames.find(name);
  return found == kNames.end() ? name : found->second;
}

struct NamedField {
  std::string name;
  std::vector<NamedField> children;
};

class Reader {
 public:
  explicit Reader(const ::substrait::ExtendedExpression& message)
      : message_(message), types_(message) {
    for (const auto& declaration : message.extensions()) {
      if (!declaration.has_extension_function()) continue;
      // "gt:any_any": the name, then the types of arguments.
      const std::string& name = declaration.extension_function().name();
      functions_[declaration.extension_function().function_anchor()] =
          name.substr(0, name.find(':'));
    }
  }

  arrow::Result<cp::Expression> Read() {
    int next_name = 0;
    ARROW_RETURN_NOT_OK(ReadFields(message_.base_schema().struct_(), 0, &next_name, &fields_));
    return Read(message_.referred_expr(0).expression(), 1);
  }

 private:
  arrow::Status ReadFields(const ::substrait::Type::Struct& type, size_t depth, int* next_name,
                           std::vector<NamedField>* out) const {
    if (depth > kMaxExpressionDepth) return InvalidInput("a Substrait schema nested too deep");
    for (const auto& field : type.types()) {
      if (*next_name >= message_.base_schema().names_size()) {
        return InvalidInput("a Substrait schema with fewer names than fields");
      }
      out->push_back({message_.base_schema().names((*next_name)++), {}});
      ARROW_RETURN_NOT_OK(ReadChildren(field, depth + 1, next_name, &out->back().children));
    }
    return arrow::Status::OK();
  }

  // Structs have names at any depth; lists and maps none of their own.
  arrow::Status ReadChildren(const ::substrait::Type& type, size_t depth, int* next_name,
                             std::vector<NamedField>* out) const {
    if (depth > kMaxExpressionDepth) return InvalidInput("a Substrait schema nested too deep");
    if (type.has_struct_()) return ReadFields(type.struct_(), depth, next_name, out);
    // What lies in lists and maps cannot be referred to; its names are passed over.
    std::vector<NamedField> passed_over;
    if (type.has_list())
      return ReadChildren(type.list().type(), depth + 1, next_name, &passed_over);
    if (type.has_map()) {
      ARROW_RETURN_NOT_OK(ReadChildren(type.map().key(), depth + 1, next_name, &passed_over));
      return ReadChildren(type.map().value(), depth + 1, next_name, &passed_over);
    }
    return arrow::Status::OK();
  }

  arrow::Result<cp::Expression> Read(const Proto& expression, size_t depth) const {
    if (depth > kMaxExpressionDepth) {
      return InvalidInput("a Substrait expression nested deeper than ", kMaxExpressionDepth);
    }
    switch (expression.rex_type_case()) {
      case Proto::kLiteral: {
        ARROW_ASSIGN_OR_RAISE(auto value, types_.ValueOf(expression.literal()));
        return cp::literal(std::move(value));
      }
      case Proto::kSelection:
        return Field(expression.selection());
      case Proto::kScalarFunction:
        return Call(expression.scalar_function(), depth);
      case Proto::kIfThen:
        return IfThen(expression.if_then(), depth);
      case Proto::kSingularOrList: {
        std::vector<cp::Expression> arguments(1);
        ARROW_ASSIGN_OR_RAISE(arguments[0], Read(expression.singular_or_list().value(), depth + 1));
        for (const auto& option : expression.singular_or_list().options()) {
          ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Read(option, depth + 1));
        }
        return cp::call(std::string(kInListCall), std::move(arguments));
      }
      case Proto::kCast: {
        ARROW_ASSIGN_OR_RAISE(auto input, Read(expression.cast().input(), depth + 1));
        ARROW_ASSIGN_OR_RAISE(auto type, types_.TypeOf(expression.cast().type()));
        return cp::call("cast", {std::move(input)}, cp::CastOptions::Safe(std::move(type)));
      }
      default:
        return Unsupported("Substrait's expression number ",
                           static_cast<int>(expression.rex_type_case()));
    }
  }

  arrow::Result<cp::Expression> Field(const Proto::FieldReference& reference) const {
    if (reference.has_expression()) return Unsupported("Substrait fields of computed structs");
    std::vector<arrow::FieldRef> names;
    const std::vector<NamedField>* fields = &fields_;
    const Proto::ReferenceSegment* segment = &reference.direct_reference();
    while (true) {
      if (!segment->has_struct_field()) {
        return Unsupported("Substrait references to other than fields of structs");
      }
      const auto index = static_cast<size_t>(segment->struct_field().field());
      if (index >= fields->size()) {
        return InvalidInput("Substrait field ", segment->struct_field().field(), " of ",
                            fields->size());
      }
      names.emplace_back((*fields)[index].name);
      if (!segment->struct_field().has_child()) break;
      fields = &(*fields)[index].children;
      segment = &segment->struct_field().child();
    }
    return cp::field_ref(names.size() == 1 ? names[0] : arrow::FieldRef(std::move(names)));
  }

  arrow::Result<cp::Expression> Call(const Proto::ScalarFunction& function, size_t depth) const {
    const auto name = functions_.find(function.function_reference());
    if (name == functions_.end()) {
      return InvalidInput("no Substrait function ", function.function_reference(), " was declared");
    }
    std::vector<cp::Expression> arguments;
    for (const auto& argument : function.arguments()) {
      if (!argument.has_value()) continue;  // options of overflow, rounding and the like
      ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Read(argument.value(), depth + 1));
    }
    for (const Proto& argument : function.old_arguments()) {
      ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Read(argument, depth + 1));
    }
    return cp::call(OurNameOf(name->second), std::move(arguments));
  }

  arrow::Result<cp::Expression> IfThen(const Proto::IfThen& choice, size_t depth) const {
    cp::Expression out = cp::literal(arrow::MakeNullScalar(arrow::null()));
    if (choice.has_else_()) {
      ARROW_ASSIGN_OR_RAISE(out, Read(choice.else_(), depth + 1));
    }
    for (int i = choice.ifs_size() - 1; i >= 0; --i) {
      ARROW_ASSIGN_OR_RAISE(auto condition, Read(choice.ifs(i).if_(), depth + 1));
      ARROW_ASSIGN_OR_RAISE(auto value, Read(choice.ifs(i).then(), depth + 1));
      out = cp::call("if_else", {std::move(condition), std::move(value), std::move(out)});
    }
    return out;
  }

  const ::substrait::ExtendedExpression& message_;
  const SubstraitTypes types_;
  std::map<uint32_t, std::string> functions_;  // by anchor
  std::vector<NamedField> fields_;
};

}  // namespace

arrow::Result<std::shared_ptr<const cp::Expression>> ReadSubstrait(std::string_view bytes) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  input.SetRecursionLimit(static_cast<int>(kMaxExpressionDepth) * kMessagesPerLevel);
  ::substrait::ExtendedExpression message;
  if (!message.ParseFromCodedStream(&input) || !input.ConsumedEntireMessage()) {
    return InvalidInput(
        "Invalid user input: not a Substrait ExtendedExpression, or nested too deep");
  }
  if (message.referred_expr_size() != 1) {
    return InvalidInput("Invalid user input: a filter is one Substrait expression, got ",
                        message.referred_expr_size());
  }
  ARROW_ASSIGN_OR_RAISE(auto expression, Reader(message).Read());
  return std::make_shared<const cp::Expression>(std::move(expression));
}

}  // namespace lancea
