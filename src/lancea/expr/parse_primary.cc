// Literals, names, calls, and the functions with a syntax of their own.
#include <algorithm>
#include <array>

#include "lancea/expr/parser_state.h"

namespace lancea {
namespace {

// Words that end an expression or join two; no column goes by them unquoted.
constexpr std::array<std::string_view, 31> kReserved = {
    "and",   "as",    "between", "by",    "case",  "else",  "end",     "escape",
    "from",  "group", "having",  "ilike", "in",    "is",    "join",    "like",
    "limit", "not",   "offset",  "on",    "or",    "order", "select",  "set",
    "then",  "union", "using",   "when",  "where", "with",  "distinct"};

// Types that may stand before a string: DATE '2020-01-01'.
constexpr std::array<std::string_view, 14> kLiteralTypes = {
    "date", "timestamp", "datetime", "time",   "decimal", "numeric", "jsonb",
    "json", "double",    "float",    "bigint", "int",     "binary",  "string"};

bool IsReserved(const Token& token) {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view word) { return token.IsWord(word); });
}

}  // namespace

bool Parser::TakeWord(std::string_view word) {
  if (!Peek().IsWord(word)) return false;
  Next();
  return true;
}

bool Parser::TakeSymbol(std::string_view symbol) {
  if (!Peek().IsSymbol(symbol)) return false;
  Next();
  return true;
}

arrow::Status Parser::ExpectWord(std::string_view word) {
  if (TakeWord(word)) return arrow::Status::OK();
  std::string upper(word);
  for (char& c : upper) c = static_cast<char>(c - ('a' - 'A'));
  return Unexpected(upper);
}

arrow::Status Parser::ExpectSymbol(std::string_view symbol) {
  if (TakeSymbol(symbol)) return arrow::Status::OK();
  return Unexpected(std::string("'").append(symbol).append("'"));
}

arrow::Result<AstPointer> Parser::ParsePrimary() {
  const Token& token = Peek();
  const size_t begin = token.place.begin;
  auto literal = [&](Ast::Kind kind) {
    AstPointer out = Make(kind, begin);
    out->text = Next().text;
    return Finish(std::move(out));
  };
  switch (token.kind) {
    case Token::Kind::kNumber:
      return literal(Ast::Kind::kNumber);
    case Token::Kind::kString:
      return literal(Ast::Kind::kString);
    case Token::Kind::kBytes:
      return literal(Ast::Kind::kBytes);
    case Token::Kind::kQuotedName:
      return ParseColumn();
    case Token::Kind::kName:
      return ParseName();
    default:
      break;
  }
  if (TakeSymbol("(")) {
    if (Peek().IsWord("select")) {
      return SqlError(sql_, Peek().place, "sub-queries are not supported in expressions");
    }
    ARROW_ASSIGN_OR_RAISE(AstPointer out, ParseExpression(0));
    if (Peek().IsSymbol(",")) {
      return SqlError(sql_, Peek().place, "tuples are not supported in expressions");
    }
    ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    return out;
  }
  if (token.IsSymbol("[")) return ParseArray();
  return Unexpected("an expression");
}

arrow::Result<AstPointer> Parser::ParseName() {
  bool found = true;
  ARROW_ASSIGN_OR_RAISE(AstPointer out, ParseKeyword(&found));
  if (found) return out;
  ARROW_ASSIGN_OR_RAISE(out, ParseTypedString(&found));
  if (found) return out;
  if (Peek(1).IsSymbol("(")) return ParseCall();
  if (IsReserved(Peek())) return Unexpected("an expression");
  return ParseColumn();
}

arrow::Result<AstPointer> Parser::ParseKeyword(bool* found) {
  const Token& token = Peek();
  const size_t begin = token.place.begin;
  const bool call = Peek(1).IsSymbol("(");
  if (token.IsWord("null")) {
    Next();
    return Finish(Make(Ast::Kind::kNull, begin));
  }
  if (token.IsWord("true") || token.IsWord("false")) {
    AstPointer out = Make(Ast::Kind::kBoolean, begin);
    out->text = LowerCase(Next().text);
    return Finish(std::move(out));
  }
  if (token.IsWord("case") && !Peek(1).IsSymbol("=")) return ParseCase();
  if (token.IsWord("interval") && Peek(1).kind == Token::Kind::kString) return ParseInterval();
  if (token.IsWord("array") && Peek(1).IsSymbol("[")) {
    Next();
    return ParseArray();
  }
  if (token.IsWord("exists") && call) {
    return SqlError(sql_, token.place, "sub-queries are not supported in expressions");
  }
  if (call) {
    if (token.IsWord("cast")) return ParseCast(false);
    if (token.IsWord("try_cast") || token.IsWord("safe_cast")) return ParseCast(true);
    if (token.IsWord("extract")) return ParseExtract();
    if (token.IsWord("position")) return ParsePosition();
    if (token.IsWord("trim")) return ParseTrim();
    if (token.IsWord("substring") || token.IsWord("substr")) return ParseSubstring();
  }
  *found = false;
  return AstPointer();
}

arrow::Result<AstPointer> Parser::ParseColumn() {
  AstPointer out = Make(Ast::Kind::kColumn, Peek().place.begin);
  out->quoted = Peek().kind == Token::Kind::kQuotedName;
  out->path.push_back(Next().text);
  while (Peek().IsSymbol(".") &&
         (Peek(1).kind == Token::Kind::kName || Peek(1).kind == Token::Kind::kQuotedName)) {
    Next();
    out->path.push_back(Next().text);
  }
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseCall() {
  AstPointer out = Make(Ast::Kind::kCall, Peek().place.begin);
  out->text = Next().text;
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  if (!Peek().IsSymbol(")")) ARROW_RETURN_NOT_OK(ParseList(&out->children));
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseCase() {
  AstPointer out = Make(Ast::Kind::kCase, Next().place.begin);
  if (!Peek().IsWord("when")) {
    ARROW_ASSIGN_OR_RAISE(AstPointer operand, ParseExpression(0));
    out->children.push_back(std::move(operand));
    out->has_operand = true;
  }
  do {
    ARROW_RETURN_NOT_OK(ExpectWord("when"));
    ARROW_ASSIGN_OR_RAISE(AstPointer condition, ParseExpression(0));
    ARROW_RETURN_NOT_OK(ExpectWord("then"));
    ARROW_ASSIGN_OR_RAISE(AstPointer value, ParseExpression(0));
    out->children.push_back(std::move(condition));
    out->children.push_back(std::move(value));
  } while (Peek().IsWord("when"));
  if (TakeWord("else")) {
    ARROW_ASSIGN_OR_RAISE(AstPointer otherwise, ParseExpression(0));
    out->children.push_back(std::move(otherwise));
    out->has_else = true;
  }
  ARROW_RETURN_NOT_OK(ExpectWord("end"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseCast(bool try_cast) {
  AstPointer out = Make(Ast::Kind::kCast, Next().place.begin);
  out->try_cast = try_cast;
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  ARROW_ASSIGN_OR_RAISE(AstPointer value, ParseExpression(0));
  out->children.push_back(std::move(value));
  ARROW_RETURN_NOT_OK(ExpectWord("as"));
  ARROW_ASSIGN_OR_RAISE(out->type_name, ParseTypeName());
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseExtract() {
  AstPointer out = Make(Ast::Kind::kCall, Next().place.begin);
  out->text = "date_part";
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  if (Peek().kind != Token::Kind::kName && Peek().kind != Token::Kind::kString) {
    return Unexpected("a part of a date");
  }
  AstPointer part = Make(Ast::Kind::kString, Peek().place.begin);
  part->text = Next().text;
  ARROW_ASSIGN_OR_RAISE(part, Finish(std::move(part)));
  ARROW_RETURN_NOT_OK(ExpectWord("from"));
  ARROW_ASSIGN_OR_RAISE(AstPointer value, ParseExpression(0));
  out->children.push_back(std::move(part));
  out->children.push_back(std::move(value));
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParsePosition() {
  AstPointer out = Make(Ast::Kind::kCall, Next().place.begin);
  out->text = "strpos";
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  ARROW_ASSIGN_OR_RAISE(AstPointer needle, ParseExpression(kComparisonPrecedence));
  ARROW_RETURN_NOT_OK(ExpectWord("in"));
  ARROW_ASSIGN_OR_RAISE(AstPointer text, ParseExpression(0));
  out->children.push_back(std::move(text));
  out->children.push_back(std::move(needle));
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseTrim() {
  AstPointer out = Make(Ast::Kind::kCall, Next().place.begin);
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  out->text = "btrim";
  if (TakeWord("leading")) {
    out->text = "ltrim";
  } else if (TakeWord("trailing")) {
    out->text = "rtrim";
  } else {
    TakeWord("both");
  }
  AstPointer first;
  if (!Peek().IsWord("from")) {
    ARROW_ASSIGN_OR_RAISE(first, ParseExpression(0));
  }
  if (TakeWord("from")) {
    ARROW_ASSIGN_OR_RAISE(AstPointer text, ParseExpression(0));
    out->children.push_back(std::move(text));
    if (first != nullptr) out->children.push_back(std::move(first));
  } else {
    out->children.push_back(std::move(first));
    if (TakeSymbol(",")) {
      ARROW_ASSIGN_OR_RAISE(AstPointer letters, ParseExpression(0));
      out->children.push_back(std::move(letters));
    }
  }
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseSubstring() {
  AstPointer out = Make(Ast::Kind::kCall, Next().place.begin);
  out->text = "substr";
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  ARROW_RETURN_NOT_OK(ParseList(&out->children));
  for (const char* word : {"from", "for"}) {
    if (!TakeWord(word)) continue;
    if (word[1] == 'o' && out->children.size() == 1) {  // FOR without FROM
      AstPointer one = Make(Ast::Kind::kNumber, Peek().place.begin);
      one->text = "1";
      out->children.push_back(std::move(one));
    }
    ARROW_ASSIGN_OR_RAISE(AstPointer number, ParseExpression(0));
    out->children.push_back(std::move(number));
  }
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseInterval() {
  AstPointer out = Make(Ast::Kind::kInterval, Next().place.begin);
  out->text = Next().text;
  static constexpr std::array<std::string_view, 9> kUnits = {
      "year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"};
  for (std::string_view unit : kUnits) {
    if (Peek().IsWord(unit) || Peek().IsWord(std::string(unit) + "s")) {
      out->type_name = unit;
      Next();
      break;
    }
  }
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseTypedString(bool* found) {
  *found = std::any_of(kLiteralTypes.begin(), kLiteralTypes.end(),
                       [&](std::string_view type) { return Peek().IsWord(type); });
  if (!*found) return AstPointer();
  // Not `date = 1` or `date(x)`: a string must follow the type.
  const size_t begin = at_;
  AstPointer out = Make(Ast::Kind::kTyped, Peek().place.begin);
  auto type = ParseTypeName();
  if (!type.ok() || Peek().kind != Token::Kind::kString) {
    at_ = begin;
    *found = false;
    return AstPointer();
  }
  out->type_name = std::move(type).ValueUnsafe();
  out->text = Next().text;
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseArray() {
  AstPointer out = Make(Ast::Kind::kArray, Next().place.begin);
  if (!Peek().IsSymbol("]")) ARROW_RETURN_NOT_OK(ParseList(&out->children));
  ARROW_RETURN_NOT_OK(ExpectSymbol("]"));
  return Finish(std::move(out));
}

arrow::Result<std::string> Parser::ParseTypeName() {
  if (Peek().kind != Token::Kind::kName) return Unexpected("a type");
  std::string name = LowerCase(Next().text);
  if (name == "double" && TakeWord("precision")) name = "double";
  if (TakeSymbol("(")) {
    name += '(';
    do {
      if (Peek().kind != Token::Kind::kNumber) return Unexpected("a number");
      if (name.back() != '(') name += ',';
      name += Next().text;
    } while (TakeSymbol(","));
    ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    name += ')';
  }
  if (TakeWord("unsigned")) name += " unsigned";
  if (Peek().IsWord("with") && Peek(1).IsWord("time") && Peek(2).IsWord("zone")) {
    at_ += 3;
    name += " with time zone";
  } else if (Peek().IsWord("without") && Peek(1).IsWord("time") && Peek(2).IsWord("zone")) {
    at_ += 3;
  }
  return name;
}

}  // namespace lancea
