#include "lancea/expr/arrow_type_names.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "lancea/expr/lexer.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr int kMaxDepth = 32;

struct Plain {
  const char* name;
  TypePointer type;
};

std::span<const Plain> PlainTypes() {
  static const Plain kTypes[] = {{"null", arrow::null()},
                                 {"boolean", arrow::boolean()},
                                 {"int8", arrow::int8()},
                                 {"int16", arrow::int16()},
                                 {"int32", arrow::int32()},
                                 {"int64", arrow::int64()},
                                 {"uint8", arrow::uint8()},
                                 {"uint16", arrow::uint16()},
                                 {"uint32", arrow::uint32()},
                                 {"uint64", arrow::uint64()},
                                 {"float16", arrow::float16()},
                                 {"float32", arrow::float32()},
                                 {"float64", arrow::float64()},
                                 {"utf8", arrow::utf8()},
                                 {"largeutf8", arrow::large_utf8()},
                                 {"binary", arrow::binary()},
                                 {"largebinary", arrow::large_binary()},
                                 {"date32", arrow::date32()},
                                 {"date64", arrow::date64()}};
  return kTypes;
}

// Reads `Name` or `Name(argument, …)`.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  arrow::Result<TypePointer> Read() {
    ARROW_ASSIGN_OR_RAISE(TypePointer type, Type(0));
    SkipSpaces();
    if (!rest_.empty()) return NoType();
    return type;
  }

 private:
  arrow::Status NoType() const { return InvalidInput("'", std::string(text_), "' is no type"); }

  void SkipSpaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool Skip(char c) {
    SkipSpaces();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  arrow::Status Expect(char c) { return Skip(c) ? arrow::Status::OK() : NoType(); }

  // Up to a space, a comma or a parenthesis; without the quotes of a time zone.
  std::string Word() {
    SkipSpaces();
    const size_t end = std::min(rest_.find_first_of("(), "), rest_.size());
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    std::erase(word, '"');
    return word;
  }

  arrow::Result<int32_t> Number() {
    const std::string word = Word();
    int32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || number < 0) return NoType();
    return number;
  }

  arrow::Result<arrow::TimeUnit::type> Unit() {
    const std::string word = LowerCase(Word());
    if (word == "second" || word == "s") return arrow::TimeUnit::SECOND;
    if (word == "millisecond" || word == "ms") return arrow::TimeUnit::MILLI;
    if (word == "microsecond" || word == "us" || word == "µs") return arrow::TimeUnit::MICRO;
    if (word == "nanosecond" || word == "ns") return arrow::TimeUnit::NANO;
    return NoType();
  }

  arrow::Result<TypePointer> Type(int depth) {
    if (depth > kMaxDepth) return InvalidInput("a type nested deeper than ", kMaxDepth);
    const std::string name = LowerCase(Word());
    for (const Plain& plain : PlainTypes()) {
      if (name == plain.name) return plain.type;
    }
    ARROW_RETURN_NOT_OK(Expect('('));
    ARROW_ASSIGN_OR_RAISE(TypePointer type, WithArguments(name, depth));
    ARROW_RETURN_NOT_OK(Expect(')'));
    return type;
  }

  arrow::Result<TypePointer> WithArguments(const std::string& name, int depth) {
    if (name == "list" || name == "largelist") {
      ARROW_ASSIGN_OR_RAISE(TypePointer element, Type(depth + 1));
      return name == "list" ? arrow::list(element) : arrow::large_list(element);
    }
    if (name == "fixedsizelist") {
      ARROW_ASSIGN_OR_RAISE(const int32_t size, Number());
      ARROW_RETURN_NOT_OK(Expect(','));
      ARROW_ASSIGN_OR_RAISE(TypePointer element, Type(depth + 1));
      return arrow::fixed_size_list(element, size);
    }
    if (name == "fixedsizebinary") {
      ARROW_ASSIGN_OR_RAISE(const int32_t size, Number());
      return arrow::fixed_size_binary(size);
    }
    if (name == "dictionary") {
      ARROW_ASSIGN_OR_RAISE(TypePointer index, Type(depth + 1));
      ARROW_RETURN_NOT_OK(Expect(','));
      // Expressions see the values of dictionaries.
      return Type(depth + 1);
    }
    if (name == "decimal128" || name == "decimal256") {
      ARROW_ASSIGN_OR_RAISE(const int32_t precision, Number());
      ARROW_RETURN_NOT_OK(Expect(','));
      ARROW_ASSIGN_OR_RAISE(const int32_t scale, Number());
      const auto type = name == "decimal128" ? arrow::Decimal128Type::Make(precision, scale)
                                             : arrow::Decimal256Type::Make(precision, scale);
      if (!type.ok()) return InvalidInput(type.status().message());
      return type;
    }
    ARROW_ASSIGN_OR_RAISE(const auto unit, Unit());
    if (name == "timestamp") {
      std::string zone;
      if (Skip(',')) zone = Zone();
      return arrow::timestamp(unit, zone);
    }
    if (name == "duration") return arrow::duration(unit);
    const bool fine = unit == arrow::TimeUnit::MICRO || unit == arrow::TimeUnit::NANO;
    if (name == "time32" && !fine) return arrow::time32(unit);
    if (name == "time64" && fine) return arrow::time64(unit);
    return NoType();
  }

  // None, Some("Europe/Berlin") or "Europe/Berlin".
  std::string Zone() {
    std::string word = Word();
    if (LowerCase(word) == "none") return "";
    if (LowerCase(word) == "some" && Skip('(')) {
      word = Word();
      Skip(')');
    }
    return word;
  }

  const std::string_view text_;
  std::string_view rest_;
};

}  // namespace

arrow::Result<TypePointer> TypeOfArrowName(std::string_view name) { return Reader(name).Read(); }

}  // namespace lancea
