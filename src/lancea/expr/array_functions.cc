// Functions of lists.
#include "lancea/expr/operations.h"
#include "lancea/expr/sql_functions.h"
#include "lancea/expr/type_coercion.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

TypePointer ElementOf(const arrow::DataType& list) {
  return static_cast<const arrow::BaseListType&>(list).value_type();
}

arrow::Status CheckList(const Typed& value, std::string_view function) {
  return IsList(*value.type) ? arrow::Status::OK() : DoesNotTake(function, value);
}

TypePointer WithElement(const arrow::DataType& list, const TypePointer& element) {
  if (ElementOf(list)->Equals(*element)) return nullptr;
  return list.id() == arrow::Type::LARGE_LIST ? arrow::large_list(element) : arrow::list(element);
}

// A list and a value, the elements of one as the other.
// With `keeps_list`, a literal takes the type of the elements where it can, so that the column stays as it
// is.
arrow::Status MatchElement(Typed* list, Typed* value, std::string_view function,
                           bool keeps_list = true) {
  ARROW_RETURN_NOT_OK(CheckList(*list, function));
  const TypePointer own = ElementOf(*list->type);
  if (keeps_list && value->literal() != nullptr && list->literal() == nullptr &&
      arrow::is_integer(own->id()) && arrow::is_integer(value->type->id())) {
    auto narrow = CastTo(*value, own);
    if (narrow.ok()) {
      *value = std::move(narrow).ValueUnsafe();
      return arrow::Status::OK();
    }
  }
  const TypePointer element = ComparisonType(own, value->type);
  if (element == nullptr) {
    return InvalidInput("function '", function, "': elements of type ", TypeName(*own),
                        " and a value of type ", TypeName(*value->type), " cannot be compared");
  }
  ARROW_ASSIGN_OR_RAISE(*value, CastTo(std::move(*value), element));
  if (const TypePointer type = WithElement(*list->type, element)) {
    ARROW_ASSIGN_OR_RAISE(*list, CastTo(std::move(*list), type));
  }
  return arrow::Status::OK();
}

arrow::Result<Typed> Has(TypedVector values) {
  if (values[0].type->id() == arrow::Type::NA) return NullOf(arrow::boolean());
  ARROW_RETURN_NOT_OK(MatchElement(&values[0], &values[1], "array_has"));
  return CallOf("lancea_array_has", std::move(values), arrow::boolean());
}

bool IsEmptyLiteral(const Typed& list) {
  return list.literal() != nullptr && list.literal()->is_valid && IsList(*list.type) &&
         static_cast<const arrow::BaseListScalar&>(*list.literal()).value->length() == 0;
}

// Two lists with elements of one type.
template <bool all>
arrow::Result<Typed> HasSet(TypedVector values) {
  const char* name = all ? "array_has_all" : "array_has_any";
  for (const Typed& value : values) {
    if (value.type->id() == arrow::Type::NA) return NullOf(arrow::boolean());
    ARROW_RETURN_NOT_OK(CheckList(value, name));
  }
  // Known without looking at any list, null or not; so says the reference.
  if (IsEmptyLiteral(values[1])) return BooleanOf(all);
  const TypePointer element =
      ComparisonType(ElementOf(*values[0].type), ElementOf(*values[1].type));
  if (element == nullptr) return DoesNotTake(name, values[1]);
  // The literal list takes the column's elements where they fit.
  if (values[1].literal() != nullptr && arrow::is_integer(element->id())) {
    auto narrow = CastTo(values[1], arrow::list(ElementOf(*values[0].type)));
    if (narrow.ok()) {
      values[1] = std::move(narrow).ValueUnsafe();
      return CallOf(std::string("lancea_") + name, std::move(values), arrow::boolean());
    }
  }
  for (Typed& value : values) {
    if (const TypePointer type = WithElement(*value.type, element)) {
      ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), type));
    }
  }
  return CallOf(std::string("lancea_") + name, std::move(values), arrow::boolean());
}

arrow::Result<Typed> Length(TypedVector values) {
  if (values[0].type->id() == arrow::Type::NA) return NullOf(arrow::uint64());
  ARROW_RETURN_NOT_OK(CheckList(values[0], "array_length"));
  if (values.size() > 1) {
    const auto* level = values[1].literal();
    if (level == nullptr || !arrow::is_integer(level->type->id())) {
      return InvalidInput("the dimension of array_length must be a literal");
    }
    // Below the first level only lists of lists have a length, and theirs differ.
    if (level->ToString() != "1") {
      if (!IsList(*ElementOf(*values[0].type))) return NullOf(arrow::uint64());
      return InvalidInput("array_length knows the first dimension only");
    }
  }
  return CallOf("lancea_array_length", {std::move(values[0])}, arrow::uint64());
}

arrow::Result<Typed> Empty(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed length, Length(std::move(values)));
  return Compare(Comparison::kEqual, std::move(length), IntegerOf(0));
}

arrow::Result<Typed> Position(TypedVector values) {
  ARROW_RETURN_NOT_OK(MatchElement(&values[0], &values[1], "array_position"));
  return CallOf("lancea_array_position", std::move(values), arrow::uint64());
}

arrow::Result<Typed> Element(TypedVector values) {
  ARROW_RETURN_NOT_OK(CheckList(values[0], "array_element"));
  ARROW_ASSIGN_OR_RAISE(values[1], IntegerArgumentOf(std::move(values[1]), "array_element"));
  const TypePointer type = ElementOf(*values[0].type);
  return CallOf("lancea_array_element", std::move(values), type);
}

arrow::Result<Typed> Slice(TypedVector values) {
  ARROW_RETURN_NOT_OK(CheckList(values[0], "array_slice"));
  for (size_t i : {1, 2}) {
    ARROW_ASSIGN_OR_RAISE(values[i], IntegerArgumentOf(std::move(values[i]), "array_slice"));
  }
  const TypePointer type = arrow::list(ElementOf(*values[0].type));
  return CallOf("lancea_array_slice", std::move(values), type);
}

arrow::Result<Typed> ToString(TypedVector values) {
  ARROW_RETURN_NOT_OK(CheckList(values[0], "array_to_string"));
  for (size_t i = 1; i < values.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(values[i], TextArgumentOf(std::move(values[i]), "array_to_string"));
  }
  return CallOf("lancea_array_to_string", std::move(values), arrow::utf8());
}

template <bool append>
arrow::Result<Typed> Add(TypedVector values) {
  const char* name = append ? "array_append" : "array_prepend";
  if (!append) std::swap(values[0], values[1]);
  ARROW_RETURN_NOT_OK(MatchElement(&values[0], &values[1], name, /*keeps_list=*/false));
  const TypePointer type = arrow::list(ElementOf(*values[0].type));
  return CallOf(std::string("lancea_") + name, std::move(values), type);
}

arrow::Result<Typed> Concat(TypedVector values) {
  for (const Typed& value : values) ARROW_RETURN_NOT_OK(CheckList(value, "array_concat"));
  ARROW_ASSIGN_OR_RAISE(values, ToOneType(std::move(values)));
  const TypePointer type = arrow::list(ElementOf(*values[0].type));
  return CallOf("lancea_array_concat", std::move(values), type);
}

// Of how many equal elements a function speaks: "array_remove" of the first, "_n" of an argument's number.
enum class HowMany { kFirst, kNumber, kAll };

template <HowMany how_many>
arrow::Status SetTimes(TypedVector* values, std::string_view function) {
  if (how_many == HowMany::kFirst) values->push_back(IntegerOf(1));
  if (how_many == HowMany::kNumber) {
    ARROW_ASSIGN_OR_RAISE(values->back(), IntegerArgumentOf(std::move(values->back()), function));
  }
  return arrow::Status::OK();
}

template <HowMany how_many>
arrow::Result<Typed> Remove(TypedVector values) {
  ARROW_RETURN_NOT_OK(MatchElement(&values[0], &values[1], "array_remove", /*keeps_list=*/false));
  ARROW_RETURN_NOT_OK(SetTimes<how_many>(&values, "array_remove_n"));
  const TypePointer type = arrow::list(ElementOf(*values[0].type));
  return CallOf("lancea_array_remove", std::move(values), type);
}

template <HowMany how_many>
arrow::Result<Typed> Replace(TypedVector values) {
  for (size_t i : {1, 2, 1}) {
    ARROW_RETURN_NOT_OK(
        MatchElement(&values[0], &values[i], "array_replace", /*keeps_list=*/false));
  }
  ARROW_RETURN_NOT_OK(SetTimes<how_many>(&values, "array_replace_n"));
  const TypePointer type = arrow::list(ElementOf(*values[0].type));
  return CallOf("lancea_array_replace", std::move(values), type);
}

constexpr char kUnion[] = "lancea_array_union", kIntersect[] = "lancea_array_intersect",
               kExcept[] = "lancea_array_except";

template <const char* function>
arrow::Result<Typed> OfTwoLists(TypedVector values) {
  for (const Typed& value : values) ARROW_RETURN_NOT_OK(CheckList(value, function + 7));
  ARROW_ASSIGN_OR_RAISE(values, ToOneType(std::move(values)));
  const TypePointer type = arrow::list(ElementOf(*values[0].type));
  return CallOf(function, std::move(values), type);
}

arrow::Result<Typed> Positions(TypedVector values) {
  ARROW_RETURN_NOT_OK(MatchElement(&values[0], &values[1], "array_positions"));
  return CallOf("lancea_array_positions", std::move(values), arrow::list(arrow::uint64()));
}

arrow::Result<Typed> Flatten(TypedVector values) {
  ARROW_RETURN_NOT_OK(CheckList(values[0], "flatten"));
  const TypePointer inner = ElementOf(*values[0].type);
  if (!IsList(*inner)) return DoesNotTake("flatten", values[0]);
  return CallOf("lancea_flatten", std::move(values), arrow::list(ElementOf(*inner)));
}

arrow::Result<Typed> Make(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(values, ToOneType(std::move(values)));
  const TypePointer type = arrow::list(values[0].type);
  return CallOf("lancea_make_array", std::move(values), type);
}

constexpr char kReverse[] = "lancea_array_reverse", kDistinct[] = "lancea_array_distinct",
               kSort[] = "lancea_array_sort", kMax[] = "lancea_array_max",
               kMin[] = "lancea_array_min", kPopFront[] = "lancea_array_pop_front",
               kPopBack[] = "lancea_array_pop_back", kAnyValue[] = "lancea_array_any_value";

template <const char* function, bool to_list>
arrow::Result<Typed> OfList(TypedVector values) {
  ARROW_RETURN_NOT_OK(CheckList(values[0], function + 7));
  const TypePointer element = ElementOf(*values[0].type);
  return CallOf(function, std::move(values), to_list ? arrow::list(element) : element);
}

constexpr SqlFunction kFunctions[] = {
    {"array_has", 2, 2, Has},
    {"array_has_any", 2, 2, HasSet<false>},
    {"array_has_all", 2, 2, HasSet<true>},
    {"array_length", 1, 2, Length},
    {"cardinality", 1, 1, Length},
    {"empty", 1, 1, Empty},
    {"array_position", 2, 2, Position},
    {"array_element", 2, 2, Element},
    {"array_slice", 3, 3, Slice},
    {"array_to_string", 2, 3, ToString},
    {"array_append", 2, 2, Add<true>},
    {"array_prepend", 2, 2, Add<false>},
    {"array_concat", 1, kAnyNumber, Concat},
    {"make_array", 1, kAnyNumber, Make},
    {"array_reverse", 1, 1, OfList<kReverse, true>},
    {"array_distinct", 1, 1, OfList<kDistinct, true>},
    {"array_sort", 1, 1, OfList<kSort, true>},
    {"array_max", 1, 1, OfList<kMax, false>},
    {"array_min", 1, 1, OfList<kMin, false>},
    {"array_pop_front", 1, 1, OfList<kPopFront, true>},
    {"array_pop_back", 1, 1, OfList<kPopBack, true>},
    {"array_any_value", 1, 1, OfList<kAnyValue, false>},
    {"array_remove", 2, 2, Remove<HowMany::kFirst>},
    {"array_remove_n", 3, 3, Remove<HowMany::kNumber>},
    {"array_remove_all", 2, 2, Remove<HowMany::kAll>},
    {"array_replace", 3, 3, Replace<HowMany::kFirst>},
    {"array_replace_n", 4, 4, Replace<HowMany::kNumber>},
    {"array_replace_all", 3, 3, Replace<HowMany::kAll>},
    {"array_union", 2, 2, OfTwoLists<kUnion>},
    {"array_intersect", 2, 2, OfTwoLists<kIntersect>},
    {"array_except", 2, 2, OfTwoLists<kExcept>},
    {"array_positions", 2, 2, Positions},
    {"flatten", 1, 1, Flatten},
};

}  // namespace

std::span<const SqlFunction> ArrayFunctions() { return kFunctions; }

}  // namespace lancea
