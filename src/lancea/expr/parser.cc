#include "lancea/expr/parser.h"

#include <algorithm>

#include "lancea/expr/lexer.h"
#include "lancea/expr/parser_state.h"

namespace lancea {
namespace {

int SymbolPrecedence(const std::string& symbol) {
  if (symbol == "=" || symbol == "!=" || symbol == "<>" || symbol == "<" || symbol == "<=" ||
      symbol == ">" || symbol == ">=" || symbol == "~" || symbol == "!~" || symbol == "~*" ||
      symbol == "!~*") {
    return kComparisonPrecedence;
  }
  if (symbol == "|") return 21;
  if (symbol == "^" || symbol == "<<" || symbol == ">>") return 22;
  if (symbol == "&") return 23;
  if (symbol == "+" || symbol == "-") return 30;
  if (symbol == "*" || symbol == "/" || symbol == "%" || symbol == "||") return kProductPrecedence;
  if (symbol == "::") return 50;
  if (symbol == "[" || symbol == ".") return 60;
  return 0;
}

}  // namespace

arrow::Result<AstPointer> Parser::Parse() {
  ARROW_ASSIGN_OR_RAISE(AstPointer out, ParseExpression(0));
  while (Peek().IsSymbol(";")) Next();
  if (Peek().kind != Token::Kind::kEnd) return Unexpected("the end of the expression");
  return out;
}

arrow::Status Parser::Unexpected(std::string_view expected) const {
  const Token& token = Peek();
  std::string found = "unexpected end";
  if (token.kind != Token::Kind::kEnd) {
    found = "unexpected '";
    found.append(sql_.substr(token.place.begin, token.place.end - token.place.begin)).append("'");
  }
  return SqlError(sql_, token.place, found.append("; expected ").append(expected));
}

AstPointer Parser::Make(Ast::Kind kind, size_t begin) const {
  auto out = std::make_unique<Ast>();
  out->kind = kind;
  out->place.begin = begin;
  return out;
}

arrow::Result<AstPointer> Parser::Finish(AstPointer node) const {
  node->place.end = at_ == 0 ? 0 : tokens_[at_ - 1].place.end;
  for (const AstPointer& child : node->children) {
    node->depth = std::max(node->depth, child->depth + 1);
  }
  if (node->depth > kMaxExpressionDepth) return TooDeep(node->place);
  return node;
}

arrow::Status Parser::TooDeep(TextSpan place) const {
  return SqlError(
      sql_, place,
      "the expression is nested deeper than " + std::to_string(kMaxExpressionDepth) + " levels");
}

int Parser::NextPrecedence() const {
  const Token& token = Peek();
  if (token.kind == Token::Kind::kSymbol) return SymbolPrecedence(token.text);
  if (token.kind != Token::Kind::kName) return 0;
  if (token.IsWord("or")) return kOrPrecedence;
  if (token.IsWord("and")) return kAndPrecedence;
  if (token.IsWord("is")) return kIsPrecedence;
  if (token.IsWord("like") || token.IsWord("ilike")) return kLikePrecedence;
  if (token.IsWord("in") || token.IsWord("between")) return kComparisonPrecedence;
  if (token.IsWord("not")) {
    const Token& next = Peek(1);
    if (next.IsWord("like") || next.IsWord("ilike")) return kLikePrecedence;
    if (next.IsWord("in") || next.IsWord("between")) return kComparisonPrecedence;
  }
  return 0;
}

arrow::Result<AstPointer> Parser::ParseExpression(int precedence) {
  if (++nesting_ > kMaxExpressionDepth) return TooDeep(Peek().place);
  ARROW_ASSIGN_OR_RAISE(AstPointer left, ParsePrefix());
  while (true) {
    const int next = NextPrecedence();
    if (next <= precedence) break;
    ARROW_ASSIGN_OR_RAISE(left, ParseInfix(std::move(left), next));
  }
  --nesting_;
  return left;
}

arrow::Result<AstPointer> Parser::ParsePrefix() {
  const size_t begin = Peek().place.begin;
  if (Peek().IsWord("not")) {
    Next();
    AstPointer out = Make(Ast::Kind::kNot, begin);
    ARROW_ASSIGN_OR_RAISE(AstPointer operand, ParseExpression(kNotPrecedence));
    out->children.push_back(std::move(operand));
    return Finish(std::move(out));
  }
  if (Peek().IsSymbol("+")) {
    Next();
    return ParseExpression(kProductPrecedence);
  }
  if (!Peek().IsSymbol("-")) return ParsePrimary();
  Next();
  const bool number = Peek().kind == Token::Kind::kNumber;
  ARROW_ASSIGN_OR_RAISE(AstPointer operand, ParseExpression(kProductPrecedence));
  if (number && operand->kind == Ast::Kind::kNumber && operand->text[0] != '-') {
    operand->text = std::string("-").append(operand->text);
    operand->place.begin = begin;
    return operand;
  }
  AstPointer out = Make(Ast::Kind::kNegate, begin);
  out->children.push_back(std::move(operand));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseInfix(AstPointer left, int precedence) {
  const size_t begin = left->place.begin;
  const Token token = Next();
  if (token.IsWord("and") || token.IsWord("or")) {
    return ParseLogical(std::move(left), token.IsWord("and") ? Ast::Kind::kAnd : Ast::Kind::kOr,
                        precedence);
  }
  if (token.IsWord("is")) return ParseIs(std::move(left));
  const bool negated = token.IsWord("not");
  const Token operation = negated ? Next() : token;
  AstPointer out;
  if (operation.IsWord("in")) {
    ARROW_ASSIGN_OR_RAISE(out, ParseIn(std::move(left)));
  } else if (operation.IsWord("between")) {
    out = Make(Ast::Kind::kBetween, begin);
    out->children.push_back(std::move(left));
    ARROW_ASSIGN_OR_RAISE(AstPointer low, ParseExpression(kComparisonPrecedence));
    ARROW_RETURN_NOT_OK(ExpectWord("and"));
    ARROW_ASSIGN_OR_RAISE(AstPointer high, ParseExpression(kComparisonPrecedence));
    out->children.push_back(std::move(low));
    out->children.push_back(std::move(high));
  } else if (operation.IsWord("like") || operation.IsWord("ilike")) {
    ARROW_ASSIGN_OR_RAISE(out, ParseLike(std::move(left), operation.IsWord("ilike")));
  } else if (operation.IsSymbol("::")) {
    out = Make(Ast::Kind::kCast, begin);
    out->children.push_back(std::move(left));
    ARROW_ASSIGN_OR_RAISE(out->type_name, ParseTypeName());
  } else if (operation.IsSymbol("[")) {
    return ParseSubscript(std::move(left));
  } else if (operation.IsSymbol(".")) {
    out = Make(Ast::Kind::kField, begin);
    const Token& name = Peek();
    if (name.kind != Token::Kind::kName && name.kind != Token::Kind::kQuotedName) {
      return Unexpected("the name of a field");
    }
    out->text = Next().text;
    out->children.push_back(std::move(left));
  } else {
    out = Make(Ast::Kind::kBinary, begin);
    out->text = operation.IsSymbol("<>") ? std::string("!=") : operation.text;
    ARROW_ASSIGN_OR_RAISE(AstPointer right, ParseExpression(precedence));
    out->children.push_back(std::move(left));
    out->children.push_back(std::move(right));
  }
  out->negated = negated;
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseLogical(AstPointer left, Ast::Kind kind, int precedence) {
  AstPointer out = Make(kind, left->place.begin);
  auto add = [&](AstPointer term) {
    if (term->kind == kind) {
      for (AstPointer& inner : term->children) out->children.push_back(std::move(inner));
    } else {
      out->children.push_back(std::move(term));
    }
  };
  add(std::move(left));
  const std::string_view word = kind == Ast::Kind::kAnd ? "and" : "or";
  do {
    ARROW_ASSIGN_OR_RAISE(AstPointer term, ParseExpression(precedence));
    add(std::move(term));
  } while (TakeWord(word));
  return Finish(std::move(out));
}

arrow::Result<AstPointer> Parser::ParseIs(AstPointer left) {
  const bool negated = TakeWord("not");
  AstPointer out = Make(Ast::Kind::kIs, left->place.begin);
  out->negated = negated;
  out->children.push_back(std::move(left));
  if (TakeWord("distinct")) {
    ARROW_RETURN_NOT_OK(ExpectWord("from"));
    out->kind = Ast::Kind::kDistinct;
    ARROW_ASSIGN_OR_RAISE(AstPointer right, ParseExpression(kIsPrecedence));
    out->children.push_back(std::move(right));
    return Finish(std::move(out));
  }
  for (const char* word : {"null", "true", "false", "unknown"}) {
    if (TakeWord(word)) {
      out->text = word;
      return Finish(std::move(out));
    }
  }
  return Unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
}

arrow::Result<AstPointer> Parser::ParseIn(AstPointer left) {
  AstPointer out = Make(Ast::Kind::kIn, left->place.begin);
  out->children.push_back(std::move(left));
  ARROW_RETURN_NOT_OK(ExpectSymbol("("));
  if (Peek().IsWord("select")) {
    return SqlError(sql_, Peek().place, "sub-queries are not supported in expressions");
  }
  ARROW_RETURN_NOT_OK(ParseList(&out->children));
  ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
  return out;
}

arrow::Result<AstPointer> Parser::ParseLike(AstPointer left, bool ignore_case) {
  AstPointer out = Make(Ast::Kind::kLike, left->place.begin);
  out->ignore_case = ignore_case;
  out->children.push_back(std::move(left));
  ARROW_ASSIGN_OR_RAISE(AstPointer pattern, ParseExpression(kLikePrecedence));
  out->children.push_back(std::move(pattern));
  out->text = std::string(1, '\\');
  if (TakeWord("escape")) {
    if (Peek().kind != Token::Kind::kString) return Unexpected("a string of one character");
    const Token escape = Next();
    const auto letters = std::count_if(escape.text.begin(), escape.text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    if (letters != 1) {
      return SqlError(sql_, escape.place, "the escape of LIKE must be a single character");
    }
    out->text = escape.text;
  }
  return out;
}

arrow::Result<AstPointer> Parser::ParseSubscript(AstPointer left) {
  const size_t begin = left->place.begin;
  AstPointer out = Make(Ast::Kind::kElement, begin);
  if (Peek().kind == Token::Kind::kString && Peek(1).IsSymbol("]")) {
    out->kind = Ast::Kind::kField;
    out->text = Next().text;
    out->children.push_back(std::move(left));
  } else {
    out->children.push_back(std::move(left));
    ARROW_ASSIGN_OR_RAISE(AstPointer index, ParseExpression(0));
    out->children.push_back(std::move(index));
    if (TakeSymbol(":")) {
      out->kind = Ast::Kind::kSlice;
      ARROW_ASSIGN_OR_RAISE(AstPointer last, ParseExpression(0));
      out->children.push_back(std::move(last));
    }
  }
  ARROW_RETURN_NOT_OK(ExpectSymbol("]"));
  return Finish(std::move(out));
}

arrow::Status Parser::ParseList(std::vector<AstPointer>* out) {
  do {
    ARROW_ASSIGN_OR_RAISE(AstPointer element, ParseExpression(0));
    out->push_back(std::move(element));
  } while (TakeSymbol(","));
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<Ast>> ParseSql(std::string_view sql) {
  ARROW_ASSIGN_OR_RAISE(std::vector<Token> tokens, Tokenize(sql));
  return Parser(sql, std::move(tokens)).Parse();
}

}  // namespace lancea
