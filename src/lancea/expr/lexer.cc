#include "lancea/expr/lexer.h"

#include <algorithm>
#include <array>

#include "arrow/util/utf8.h"

namespace lancea {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '#' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c) || c == '$'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Longer ones first.
constexpr std::array<std::string_view, 13> kSymbols = {"!~*", "==", "!=", "<>", "<=", ">=", "||",
                                                       "::",  "<<", ">>", "!~", "~*", "->"};
constexpr std::string_view kSingleSymbols = "=<>+-*/%()[],.~:;&|^!?{}";

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  arrow::Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      ARROW_RETURN_NOT_OK(SkipBlanks());
      ARROW_ASSIGN_OR_RAISE(Token token, Next());
      const bool end = token.kind == Token::Kind::kEnd;
      tokens.push_back(std::move(token));
      if (end) return tokens;
    }
  }

 private:
  char At(size_t offset) const { return at_ + offset < sql_.size() ? sql_[at_ + offset] : '\0'; }

  arrow::Status SkipBlanks() {
    while (at_ < sql_.size()) {
      if (IsSpace(sql_[at_])) {
        ++at_;
      } else if (At(0) == '-' && At(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (At(0) == '/' && At(1) == '*') {
        ARROW_RETURN_NOT_OK(SkipBlockComment());
      } else {
        break;
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status SkipBlockComment() {
    const size_t begin = at_;
    size_t depth = 0;
    do {
      if (at_ >= sql_.size()) {
        return SqlError(sql_, {begin, begin + 2}, "the comment does not end: '*/' is missing");
      }
      if (At(0) == '/' && At(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (At(0) == '*' && At(1) == '/') {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
    return arrow::Status::OK();
  }

  arrow::Result<Token> Next() {
    const size_t begin = at_;
    if (at_ >= sql_.size()) return Token{Token::Kind::kEnd, "", {begin, begin}};
    const char c = sql_[at_];
    if (c == '\'' || c == '"') return Quoted(c, Token::Kind::kString, begin);
    if (c == '`') return Quoted(c, Token::Kind::kQuotedName, begin);
    if ((c == 'x' || c == 'X') && At(1) == '\'') {
      ++at_;
      return HexBytes(begin);
    }
    if ((c == 'n' || c == 'N') && At(1) == '\'') {
      ++at_;
      return Quoted('\'', Token::Kind::kString, begin);
    }
    if (IsDigit(c) || (c == '.' && IsDigit(At(1)) && !after_operand_)) return Number();
    if (IsNameStart(c)) {
      while (at_ < sql_.size() && IsNamePart(sql_[at_])) ++at_;
      return Made(Token::Kind::kName, begin, std::string(sql_.substr(begin, at_ - begin)));
    }
    for (std::string_view symbol : kSymbols) {
      if (sql_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        return Made(Token::Kind::kSymbol, begin, std::string(symbol == "==" ? "=" : symbol));
      }
    }
    if (kSingleSymbols.find(c) != std::string_view::npos) {
      ++at_;
      return Made(Token::Kind::kSymbol, begin, std::string(1, c));
    }
    return SqlError(sql_, {begin, begin + 1}, std::string("unexpected character '") + c + "'");
  }

  Token Made(Token::Kind kind, size_t begin, std::string text) {
    after_operand_ = kind == Token::Kind::kName || kind == Token::Kind::kQuotedName ||
                     (kind == Token::Kind::kSymbol && (text == "]" || text == ")"));
    return Token{kind, std::move(text), {begin, at_}};
  }

  arrow::Result<Token> Quoted(char quote, Token::Kind kind, size_t begin) {
    std::string text;
    for (++at_;; ++at_) {
      if (at_ >= sql_.size()) {
        return SqlError(sql_, {begin, begin + 1},
                        std::string("the closing ") + quote + " is missing");
      }
      if (sql_[at_] == quote) {
        if (At(1) != quote) break;
        ++at_;
      }
      text += sql_[at_];
    }
    ++at_;
    return Made(kind, begin, std::move(text));
  }

  arrow::Result<Token> HexBytes(size_t begin) {
    ARROW_ASSIGN_OR_RAISE(Token digits, Quoted('\'', Token::Kind::kBytes, begin));
    std::string bytes;
    // An odd first digit is a byte of its own.
    int high = digits.text.size() % 2 == 1 ? 0 : -1;
    for (char c : digits.text) {
      const int digit = HexDigit(c);
      if (digit < 0) {
        return SqlError(sql_, digits.place, std::string("'") + c + "' is no hexadecimal digit");
      }
      if (high < 0) {
        high = digit;
      } else {
        bytes += static_cast<char>(high << 4 | digit);
        high = -1;
      }
    }
    digits.text = std::move(bytes);
    return digits;
  }

  arrow::Result<Token> Number() {
    const size_t begin = at_;
    if (At(0) == '0' && (At(1) == 'x' || At(1) == 'X') && HexDigit(At(2)) >= 0) {
      return SqlError(sql_, {begin, begin + 2}, "numbers are decimal; bytes are written X'0aff'");
    }
    auto digits = [&] {
      while (IsDigit(At(0))) ++at_;
    };
    digits();
    if (At(0) == '.') {
      ++at_;
      digits();
    }
    if ((At(0) == 'e' || At(0) == 'E') &&
        (IsDigit(At(1)) || ((At(1) == '+' || At(1) == '-') && IsDigit(At(2))))) {
      at_ += 2;
      digits();
    }
    if (at_ < sql_.size() && IsNamePart(sql_[at_])) {
      return SqlError(sql_, {at_, at_ + 1}, "a number ends where a name begins");
    }
    return Made(Token::Kind::kNumber, begin, std::string(sql_.substr(begin, at_ - begin)));
  }

  const std::string_view sql_;
  size_t at_ = 0;
  bool after_operand_ = false;  // so that a.1 is no number
};

}  // namespace

bool EqualInAnyCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : int{c}; };
           return lower(x) == lower(y);
         });
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

bool Token::IsWord(std::string_view word) const {
  return kind == Kind::kName && EqualInAnyCase(text, word);
}

arrow::Result<std::vector<Token>> Tokenize(std::string_view sql) {
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(sql)) {
    return SqlError("", {}, "the expression is not UTF-8");
  }
  return Lexer(sql).Run();
}

}  // namespace lancea
