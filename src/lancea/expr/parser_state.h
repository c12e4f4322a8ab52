// The parser's place in the tokens, and one function per piece of grammar.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/result.h"
#include "lancea/expr/ast.h"
#include "lancea/expr/lexer.h"

namespace lancea {

inline constexpr int kOrPrecedence = 5;
inline constexpr int kAndPrecedence = 10;
inline constexpr int kNotPrecedence = 15;
inline constexpr int kIsPrecedence = 17;
inline constexpr int kLikePrecedence = 19;
inline constexpr int kComparisonPrecedence = 20;
inline constexpr int kProductPrecedence = 40;

using AstPointer = std::unique_ptr<Ast>;

class Parser {
 public:
  Parser(std::string_view sql, std::vector<Token> tokens) : sql_(sql), tokens_(std::move(tokens)) {}

  arrow::Result<AstPointer> Parse();

 private:
  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool TakeWord(std::string_view word);
  bool TakeSymbol(std::string_view symbol);
  arrow::Status ExpectWord(std::string_view word);
  arrow::Status ExpectSymbol(std::string_view symbol);
  arrow::Status Unexpected(std::string_view expected) const;
  arrow::Status TooDeep(TextSpan place) const;

  AstPointer Make(Ast::Kind kind, size_t begin) const;
  arrow::Result<AstPointer> Finish(AstPointer node) const;

  int NextPrecedence() const;
  arrow::Result<AstPointer> ParseExpression(int precedence);
  arrow::Result<AstPointer> ParsePrefix();
  arrow::Result<AstPointer> ParseInfix(AstPointer left, int precedence);
  arrow::Result<AstPointer> ParseLogical(AstPointer left, Ast::Kind kind, int precedence);
  arrow::Result<AstPointer> ParseIs(AstPointer left);
  arrow::Result<AstPointer> ParseIn(AstPointer left);
  arrow::Result<AstPointer> ParseLike(AstPointer left, bool ignore_case);
  arrow::Result<AstPointer> ParseSubscript(AstPointer left);
  arrow::Status ParseList(std::vector<AstPointer>* out);

  // parse_primary.cc
  arrow::Result<AstPointer> ParsePrimary();
  arrow::Result<AstPointer> ParseName();
  arrow::Result<AstPointer> ParseKeyword(bool* found);
  arrow::Result<AstPointer> ParseColumn();
  arrow::Result<AstPointer> ParseCall();
  arrow::Result<AstPointer> ParseCase();
  arrow::Result<AstPointer> ParseCast(bool try_cast);
  arrow::Result<AstPointer> ParseExtract();
  arrow::Result<AstPointer> ParsePosition();
  arrow::Result<AstPointer> ParseTrim();
  arrow::Result<AstPointer> ParseSubstring();
  arrow::Result<AstPointer> ParseInterval();
  arrow::Result<AstPointer> ParseTypedString(bool* found);
  arrow::Result<AstPointer> ParseArray();
  arrow::Result<std::string> ParseTypeName();

  const std::string_view sql_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t nesting_ = 0;
};

}  // namespace lancea
