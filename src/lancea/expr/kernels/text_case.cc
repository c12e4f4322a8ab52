// upper and lower as Unicode maps whole texts.
//
//   upper('Straße')  ->  STRASSE     one letter becomes several (Unicode's SpecialCasing.txt)
//   lower('ΟΔΟΣ')    ->  οδος        a sigma that ends a word has its own form
//
// All other letters map one to one, by Arrow's tables.
// Source: The Unicode Standard, section 3.13; what pylance 14.0.2 answers.
#include <algorithm>
#include <array>
#include <vector>

#include "arrow/array/array_binary.h"
#include "arrow/array/builder_binary.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/expr/kernels/utf8_text.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

// No letter beyond has another case.
constexpr char32_t kEndOfLetters = 0x20000;

struct Expansion {
  char32_t from;
  std::array<char32_t, 3> to;  // 0: none
};

// Ascending.
constexpr Expansion kUpperExpansions[] = {
    {0x00DF, {0x0053, 0x0053}},         {0x0149, {0x02BC, 0x004E}},
    {0x01F0, {0x004A, 0x030C}},         {0x0390, {0x0399, 0x0308, 0x0301}},
    {0x03B0, {0x03A5, 0x0308, 0x0301}}, {0x0587, {0x0535, 0x0552}},
    {0x1E96, {0x0048, 0x0331}},         {0x1E97, {0x0054, 0x0308}},
    {0x1E98, {0x0057, 0x030A}},         {0x1E99, {0x0059, 0x030A}},
    {0x1E9A, {0x0041, 0x02BE}},         {0x1F50, {0x03A5, 0x0313}},
    {0x1F52, {0x03A5, 0x0313, 0x0300}}, {0x1F54, {0x03A5, 0x0313, 0x0301}},
    {0x1F56, {0x03A5, 0x0313, 0x0342}}, {0x1F80, {0x1F08, 0x0399}},
    {0x1F81, {0x1F09, 0x0399}},         {0x1F82, {0x1F0A, 0x0399}},
    {0x1F83, {0x1F0B, 0x0399}},         {0x1F84, {0x1F0C, 0x0399}},
    {0x1F85, {0x1F0D, 0x0399}},         {0x1F86, {0x1F0E, 0x0399}},
    {0x1F87, {0x1F0F, 0x0399}},         {0x1F88, {0x1F08, 0x0399}},
    {0x1F89, {0x1F09, 0x0399}},         {0x1F8A, {0x1F0A, 0x0399}},
    {0x1F8B, {0x1F0B, 0x0399}},         {0x1F8C, {0x1F0C, 0x0399}},
    {0x1F8D, {0x1F0D, 0x0399}},         {0x1F8E, {0x1F0E, 0x0399}},
    {0x1F8F, {0x1F0F, 0x0399}},         {0x1F90, {0x1F28, 0x0399}},
    {0x1F91, {0x1F29, 0x0399}},         {0x1F92, {0x1F2A, 0x0399}},
    {0x1F93, {0x1F2B, 0x0399}},         {0x1F94, {0x1F2C, 0x0399}},
    {0x1F95, {0x1F2D, 0x0399}},         {0x1F96, {0x1F2E, 0x0399}},
    {0x1F97, {0x1F2F, 0x0399}},         {0x1F98, {0x1F28, 0x0399}},
    {0x1F99, {0x1F29, 0x0399}},         {0x1F9A, {0x1F2A, 0x0399}},
    {0x1F9B, {0x1F2B, 0x0399}},         {0x1F9C, {0x1F2C, 0x0399}},
    {0x1F9D, {0x1F2D, 0x0399}},         {0x1F9E, {0x1F2E, 0x0399}},
    {0x1F9F, {0x1F2F, 0x0399}},         {0x1FA0, {0x1F68, 0x0399}},
    {0x1FA1, {0x1F69, 0x0399}},         {0x1FA2, {0x1F6A, 0x0399}},
    {0x1FA3, {0x1F6B, 0x0399}},         {0x1FA4, {0x1F6C, 0x0399}},
    {0x1FA5, {0x1F6D, 0x0399}},         {0x1FA6, {0x1F6E, 0x0399}},
    {0x1FA7, {0x1F6F, 0x0399}},         {0x1FA8, {0x1F68, 0x0399}},
    {0x1FA9, {0x1F69, 0x0399}},         {0x1FAA, {0x1F6A, 0x0399}},
    {0x1FAB, {0x1F6B, 0x0399}},         {0x1FAC, {0x1F6C, 0x0399}},
    {0x1FAD, {0x1F6D, 0x0399}},         {0x1FAE, {0x1F6E, 0x0399}},
    {0x1FAF, {0x1F6F, 0x0399}},         {0x1FB2, {0x1FBA, 0x0399}},
    {0x1FB3, {0x0391, 0x0399}},         {0x1FB4, {0x0386, 0x0399}},
    {0x1FB6, {0x0391, 0x0342}},         {0x1FB7, {0x0391, 0x0342, 0x0399}},
    {0x1FBC, {0x0391, 0x0399}},         {0x1FC2, {0x1FCA, 0x0399}},
    {0x1FC3, {0x0397, 0x0399}},         {0x1FC4, {0x0389, 0x0399}},
    {0x1FC6, {0x0397, 0x0342}},         {0x1FC7, {0x0397, 0x0342, 0x0399}},
    {0x1FCC, {0x0397, 0x0399}},         {0x1FD2, {0x0399, 0x0308, 0x0300}},
    {0x1FD3, {0x0399, 0x0308, 0x0301}}, {0x1FD6, {0x0399, 0x0342}},
    {0x1FD7, {0x0399, 0x0308, 0x0342}}, {0x1FE2, {0x03A5, 0x0308, 0x0300}},
    {0x1FE3, {0x03A5, 0x0308, 0x0301}}, {0x1FE4, {0x03A1, 0x0313}},
    {0x1FE6, {0x03A5, 0x0342}},         {0x1FE7, {0x03A5, 0x0308, 0x0342}},
    {0x1FF2, {0x1FFA, 0x0399}},         {0x1FF3, {0x03A9, 0x0399}},
    {0x1FF4, {0x038F, 0x0399}},         {0x1FF6, {0x03A9, 0x0342}},
    {0x1FF7, {0x03A9, 0x0342, 0x0399}}, {0x1FFC, {0x03A9, 0x0399}},
    {0xFB00, {0x0046, 0x0046}},         {0xFB01, {0x0046, 0x0049}},
    {0xFB02, {0x0046, 0x004C}},         {0xFB03, {0x0046, 0x0046, 0x0049}},
    {0xFB04, {0x0046, 0x0046, 0x004C}}, {0xFB05, {0x0053, 0x0054}},
    {0xFB06, {0x0053, 0x0054}},         {0xFB13, {0x0544, 0x0546}},
    {0xFB14, {0x0544, 0x0535}},         {0xFB15, {0x0544, 0x053B}},
    {0xFB16, {0x054E, 0x0546}},         {0xFB17, {0x0544, 0x053D}}};

constexpr char32_t kCapitalDottedI = 0x0130, kDotAbove = 0x0307;
constexpr char32_t kCapitalSigma = 0x03A3, kSmallSigma = 0x03C3, kFinalSigma = 0x03C2;

// What each code point below kEndOfLetters becomes, asked of Arrow. Empty when that fails.
std::vector<char32_t> SimpleMapping(const char* function) {
  arrow::StringBuilder builder;
  std::string text;
  for (char32_t c = 0; c < kEndOfLetters; ++c) {
    text.clear();
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    AppendCharacter(surrogate ? U' ' : c, &text);
    if (!builder.Append(text).ok()) return {};
  }
  auto characters = builder.Finish();
  if (!characters.ok()) return {};
  auto answer = arrow::compute::CallFunction(function, {*characters});
  if (!answer.ok()) return {};
  const auto array = answer->make_array();
  const auto& mapped = static_cast<const arrow::StringArray&>(*array);
  std::vector<char32_t> out(kEndOfLetters);
  for (char32_t c = 0; c < kEndOfLetters; ++c) {
    std::string_view one = mapped.GetView(c);
    out[c] = one.empty() ? c : TakeCharacter(&one);
  }
  return out;
}

char32_t SimpleUpper(char32_t c) {
  static const std::vector<char32_t> mapping = SimpleMapping("utf8_upper");
  return c < mapping.size() ? mapping[c] : c;
}

char32_t SimpleLower(char32_t c) {
  static const std::vector<char32_t> mapping = SimpleMapping("utf8_lower");
  return c < mapping.size() ? mapping[c] : c;
}

bool IsCased(char32_t c) { return SimpleUpper(c) != c || SimpleLower(c) != c; }

// Marks that may stand inside a word: apostrophes, full stops, combining accents.
bool IsCaseIgnorable(char32_t c) {
  return c == '\'' || c == '.' || c == ':' || c == '^' || c == '`' || c == 0xA8 || c == 0xAD ||
         c == 0xAF || c == 0xB4 || c == 0xB7 || c == 0xB8 || (c >= 0x2B0 && c <= 0x36F) ||
         c == 0x2018 || c == 0x2019 || (c >= 0x200B && c <= 0x200F) || c == 0x2024 || c == 0x2027;
}

void AppendUpper(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const char32_t c = TakeCharacter(&text);
    const auto* found = std::lower_bound(
        std::begin(kUpperExpansions), std::end(kUpperExpansions), c,
        [](const Expansion& expansion, char32_t value) { return expansion.from < value; });
    if (found == std::end(kUpperExpansions) || found->from != c) {
      AppendCharacter(SimpleUpper(c), out);
      continue;
    }
    for (const char32_t upper : found->to) {
      if (upper != 0) AppendCharacter(upper, out);
    }
  }
}

// Whether the first character of `rest` that counts belongs to the same word.
bool WordGoesOn(std::string_view rest) {
  while (!rest.empty()) {
    const char32_t c = TakeCharacter(&rest);
    if (!IsCaseIgnorable(c)) return IsCased(c);
  }
  return false;
}

void AppendLower(std::string_view text, std::string* out) {
  bool in_word = false;
  while (!text.empty()) {
    const char32_t c = TakeCharacter(&text);
    if (c == kCapitalSigma) {
      AppendCharacter(in_word && !WordGoesOn(text) ? kFinalSigma : kSmallSigma, out);
    } else if (c == kCapitalDottedI) {
      AppendCharacter('i', out);
      AppendCharacter(kDotAbove, out);
    } else {
      AppendCharacter(SimpleLower(c), out);
    }
    if (!IsCaseIgnorable(c)) in_word = IsCased(c);
  }
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

char AsciiUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

template <char (*ascii)(char), void (*append)(std::string_view, std::string*)>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument texts(batch[0]);
  auto run = [&](auto builder) {
    std::string text;
    ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
    for (int64_t row = 0; row < batch.length; ++row) {
      if (!texts.valid(row)) {
        builder.UnsafeAppendNull();
        continue;
      }
      const std::string_view given = texts[row];
      text.clear();
      if (IsAscii(given)) {
        text.resize(given.size());
        std::transform(given.begin(), given.end(), text.begin(), ascii);
      } else {
        append(given, &text);
      }
      ARROW_RETURN_NOT_OK(builder.Append(text));
    }
    return FinishInto(&builder, out);
  };
  if (batch[0].type()->id() == arrow::Type::LARGE_STRING) {
    return run(arrow::LargeStringBuilder(context->memory_pool()));
  }
  return run(arrow::StringBuilder(context->memory_pool()));
}

}  // namespace

arrow::Status AddTextCase(arrow::compute::FunctionRegistry* registry) {
  ARROW_RETURN_NOT_OK(AddFunction(
      registry, {.name = "lancea_upper", .type = SameAs(0), .run = Run<AsciiUpper, AppendUpper>}));
  return AddFunction(
      registry, {.name = "lancea_lower", .type = SameAs(0), .run = Run<AsciiLower, AppendLower>});
}

}  // namespace lancea
