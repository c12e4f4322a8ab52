// Functions of text, and those that look for text in text.
#include "lancea/expr/operations.h"
#include "lancea/expr/sql_functions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// What the arguments of a function must be: 's' text, 'x' anything as text, 'n' an integer. The last one
// stands for all that follow.
struct Shape {
  const char* function;  // of ours or Arrow's
  const char* arguments;
};

arrow::Result<TypedVector> Arguments(TypedVector values, const char* name, const char* shape) {
  size_t at = 0;
  for (Typed& value : values) {
    const char kind = shape[at];
    if (shape[at + 1] != '\0') ++at;
    if (kind == 'n') {
      ARROW_ASSIGN_OR_RAISE(value, IntegerArgumentOf(std::move(value), name));
    } else {
      ARROW_ASSIGN_OR_RAISE(value, TextArgumentOf(std::move(value), name, kind == 'x'));
    }
  }
  return SameTextType(std::move(values));
}

const char* SqlName(const char* function) {
  const std::string_view name(function);
  return name.starts_with("lancea_") ? function + 7
         : name.starts_with("utf8_") ? function + 5
                                     : function;
}

TypePointer TypeOfText(const TypedVector& values) {
  for (const Typed& value : values) {
    if (value.type->id() == arrow::Type::LARGE_STRING) return value.type;
  }
  return arrow::utf8();
}

enum class Answer { kText, kInt32, kBoolean };

template <const Shape& shape, Answer answer>
arrow::Result<Typed> Bind(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(values,
                        Arguments(std::move(values), SqlName(shape.function), shape.arguments));
  const TypePointer type = answer == Answer::kText    ? TypeOfText(values)
                           : answer == Answer::kInt32 ? arrow::int32()
                                                      : arrow::boolean();
  return CallOf(shape.function, std::move(values), type);
}

constexpr Shape kUpper{"lancea_upper", "s"};
constexpr Shape kLower{"lancea_lower", "s"};
constexpr Shape kReverse{"utf8_reverse", "x"};
constexpr Shape kInitcap{"utf8_title", "s"};
constexpr Shape kLtrim{"lancea_ltrim", "s"};
constexpr Shape kRtrim{"lancea_rtrim", "s"};
constexpr Shape kBtrim{"lancea_btrim", "s"};
constexpr Shape kLeft{"lancea_left", "sn"};
constexpr Shape kRight{"lancea_right", "sn"};
constexpr Shape kSubstr{"lancea_substr", "xn"};
constexpr Shape kLpad{"lancea_lpad", "sns"};
constexpr Shape kRpad{"lancea_rpad", "sns"};
constexpr Shape kRepeat{"lancea_repeat", "sn"};
constexpr Shape kReplace{"lancea_replace", "s"};
constexpr Shape kSplitPart{"lancea_split_part", "ssn"};
constexpr Shape kTranslate{"lancea_translate", "s"};
constexpr Shape kConcat{"lancea_concat", "x"};
constexpr Shape kConcatWs{"lancea_concat_ws", "x"};
constexpr Shape kChr{"lancea_chr", "n"};
constexpr Shape kToHex{"lancea_to_hex", "n"};
constexpr Shape kSubstrIndex{"lancea_substr_index", "ssn"};
constexpr Shape kStrpos{"lancea_strpos", "s"};
constexpr Shape kAscii{"lancea_ascii", "x"};
constexpr Shape kFindInSet{"lancea_find_in_set", "s"};
constexpr Shape kLevenshtein{"lancea_levenshtein", "s"};
constexpr Shape kStartsWith{"lancea_starts_with", "s"};
constexpr Shape kEndsWith{"lancea_ends_with", "s"};
constexpr Shape kContains{"lancea_contains", "s"};
constexpr Shape kContainsTokens{"lancea_contains_tokens", "s"};

// Lengths in characters, bytes and bits; of large text as int64.
template <int per_byte>
arrow::Result<Typed> Length(TypedVector values) {
  Typed value = std::move(values[0]);
  if (per_byte == 0 || !IsBytes(*value.type)) {
    ARROW_ASSIGN_OR_RAISE(value, TextArgumentOf(std::move(value), "length", /*convert=*/true));
  }
  const bool large = arrow::is_large_binary_like(value.type->id());
  const TypePointer type = large ? arrow::int64() : arrow::int32();
  ARROW_ASSIGN_OR_RAISE(Typed length, CallOf(per_byte == 0 ? "utf8_length" : "binary_length",
                                             {std::move(value)}, type));
  if (per_byte <= 1) return length;
  ARROW_ASSIGN_OR_RAISE(Typed factor, CastTo(IntegerOf(per_byte), type));
  return CallOf("multiply", {std::move(length), std::move(factor)}, type);
}

constexpr SqlFunction kFunctions[] = {
    {"upper", 1, 1, Bind<kUpper, Answer::kText>},
    {"lower", 1, 1, Bind<kLower, Answer::kText>},
    {"reverse", 1, 1, Bind<kReverse, Answer::kText>},
    {"initcap", 1, 1, Bind<kInitcap, Answer::kText>},
    {"ltrim", 1, 2, Bind<kLtrim, Answer::kText>},
    {"rtrim", 1, 2, Bind<kRtrim, Answer::kText>},
    {"btrim", 1, 2, Bind<kBtrim, Answer::kText>},
    {"left", 2, 2, Bind<kLeft, Answer::kText>},
    {"right", 2, 2, Bind<kRight, Answer::kText>},
    {"substr", 2, 3, Bind<kSubstr, Answer::kText>},
    {"lpad", 2, 3, Bind<kLpad, Answer::kText>},
    {"rpad", 2, 3, Bind<kRpad, Answer::kText>},
    {"repeat", 2, 2, Bind<kRepeat, Answer::kText>},
    {"replace", 3, 3, Bind<kReplace, Answer::kText>},
    {"split_part", 3, 3, Bind<kSplitPart, Answer::kText>},
    {"translate", 3, 3, Bind<kTranslate, Answer::kText>},
    {"concat", 1, kAnyNumber, Bind<kConcat, Answer::kText>},
    {"concat_ws", 2, kAnyNumber, Bind<kConcatWs, Answer::kText>},
    {"chr", 1, 1, Bind<kChr, Answer::kText>},
    {"to_hex", 1, 1, Bind<kToHex, Answer::kText>},
    {"substr_index", 3, 3, Bind<kSubstrIndex, Answer::kText>},
    {"strpos", 2, 2, Bind<kStrpos, Answer::kInt32>},
    {"ascii", 1, 1, Bind<kAscii, Answer::kInt32>},
    {"find_in_set", 2, 2, Bind<kFindInSet, Answer::kInt32>},
    {"levenshtein", 2, 2, Bind<kLevenshtein, Answer::kInt32>},
    {"starts_with", 2, 2, Bind<kStartsWith, Answer::kBoolean>},
    {"ends_with", 2, 2, Bind<kEndsWith, Answer::kBoolean>},
    {"contains", 2, 2, Bind<kContains, Answer::kBoolean>},
    {"contains_tokens", 2, 2, Bind<kContainsTokens, Answer::kBoolean>},
    {"length", 1, 1, Length<0>},
    {"octet_length", 1, 1, Length<1>},
    {"bit_length", 1, 1, Length<8>},
};

}  // namespace

std::span<const SqlFunction> TextFunctions() { return kFunctions; }

}  // namespace lancea
