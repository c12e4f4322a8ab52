// Functions that give text, or measure it. Positions and lengths count characters from 1; text arguments
// are utf8 or large_utf8, counts int64.
#include <algorithm>
#include <limits>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/expr/kernels/utf8_text.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;
using Texts = std::vector<TextArgument>;
using Numbers = std::vector<NumberArgument<int64_t>>;

// Text longer than this is no text anyone asked for.
constexpr int64_t kMostBytes = std::numeric_limits<int32_t>::max();

struct Arguments {
  Texts texts;      // in order
  Numbers numbers;  // in order

  explicit Arguments(const ExecSpan& batch) {
    for (const auto& value : batch.values) {
      if (value.type()->id() == arrow::Type::INT64) {
        numbers.emplace_back(value);
      } else {
        texts.emplace_back(value);
      }
    }
  }
  bool valid(int64_t row) const {
    return std::all_of(texts.begin(), texts.end(), [&](const auto& x) { return x.valid(row); }) &&
           std::all_of(numbers.begin(), numbers.end(), [&](const auto& x) { return x.valid(row); });
  }
};

// write(arguments, row, &text) for each row where all arguments are valid.
template <auto write, bool skips_nulls = false>
arrow::Status RunText(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const Arguments arguments(batch);
  auto run = [&](auto builder) {
    std::string text;
    ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
    for (int64_t row = 0; row < batch.length; ++row) {
      if (!skips_nulls && !arguments.valid(row)) {
        builder.UnsafeAppendNull();
        continue;
      }
      text.clear();
      ARROW_RETURN_NOT_OK(write(arguments, row, &text));
      ARROW_RETURN_NOT_OK(builder.Append(text));
    }
    return FinishInto(&builder, out);
  };
  const bool large = std::any_of(batch.values.begin(), batch.values.end(), [](const auto& value) {
    return value.type()->id() == arrow::Type::LARGE_STRING;
  });
  if (large) return run(arrow::LargeStringBuilder(context->memory_pool()));
  return run(arrow::StringBuilder(context->memory_pool()));
}

arrow::Result<TypePointer> TextType(const TypeVector& types) {
  for (const auto& type : types) {
    if (type.id() == arrow::Type::LARGE_STRING) return arrow::large_utf8();
  }
  return arrow::utf8();
}

template <auto measure>
arrow::Status RunCount(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const Arguments arguments(batch);
  arrow::Int32Builder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (arguments.valid(row)) {
      builder.UnsafeAppend(static_cast<int32_t>(measure(arguments, row)));
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return FinishInto(&builder, out);
}

using Status = arrow::Status;

bool HasCharacter(std::string_view set, std::string_view character) {
  return set.find(character) != std::string_view::npos;
}

enum Side { kLeft = 1, kRight = 2, kBoth = 3 };

template <int sides>
Status Trim(const Arguments& in, int64_t row, std::string* out) {
  std::string_view text = in.texts[0][row];
  const std::string_view set = in.texts.size() > 1 ? in.texts[1][row] : std::string_view(" ");
  if constexpr ((sides & kLeft) != 0) {
    while (!text.empty()) {
      const size_t size = BytesOfCharacters(text, 1);
      if (!HasCharacter(set, text.substr(0, size))) break;
      text.remove_prefix(size);
    }
  }
  if constexpr ((sides & kRight) != 0) {
    while (!text.empty()) {
      size_t begin = text.size() - 1;
      while (begin > 0 && IsUtf8Continuation(text[begin])) --begin;
      if (!HasCharacter(set, text.substr(begin))) break;
      text.remove_suffix(text.size() - begin);
    }
  }
  *out = text;
  return Status::OK();
}

Status Left(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  int64_t count = in.numbers[0][row];
  if (count < 0) count = std::max<int64_t>(0, CountCharacters(text) + count);
  *out = text.substr(0, BytesOfCharacters(text, count));
  return Status::OK();
}

Status Right(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  const int64_t count = in.numbers[0][row];
  // All but the first -count, or the last count.
  const int64_t skipped = count < 0 ? (count == std::numeric_limits<int64_t>::min() ? 0 : -count)
                                    : CountCharacters(text) - count;
  *out = text.substr(BytesOfCharacters(text, skipped));
  return Status::OK();
}

Status Substring(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  const int64_t from = in.numbers[0][row];
  int64_t begin = std::max<int64_t>(from, 1);
  const std::string_view rest = text.substr(BytesOfCharacters(text, begin - 1));
  if (in.numbers.size() == 1) {
    *out = rest;
    return Status::OK();
  }
  const int64_t count = in.numbers[1][row];
  if (count < 0) {
    return InvalidInput("negative substring length not allowed: substr(<str>, ", from, ", ", count,
                        ")");
  }
  int64_t end = 0;
  if (__builtin_add_overflow(from, count, &end)) end = std::numeric_limits<int64_t>::max();
  *out = rest.substr(0, BytesOfCharacters(rest, end - begin));
  return Status::OK();
}

template <bool left>
Status Pad(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  const std::string_view filler = in.texts.size() > 1 ? in.texts[1][row] : std::string_view(" ");
  const int64_t width = std::max<int64_t>(in.numbers[0][row], 0);
  if (width > kMostBytes) return InvalidInput("padding to ", width, " characters is too long");
  int64_t missing = width - CountCharacters(text);
  if (missing <= 0 || filler.empty()) {
    *out = text.substr(0, BytesOfCharacters(text, width));
    return Status::OK();
  }
  std::string padding;
  const int64_t per_filler = CountCharacters(filler);
  for (; missing >= per_filler; missing -= per_filler) padding += filler;
  padding += filler.substr(0, BytesOfCharacters(filler, missing));
  *out = left ? padding.append(text) : std::string(text) + padding;
  return Status::OK();
}

Status Repeat(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  const int64_t count = in.numbers[0][row];
  if (count <= 0 || text.empty()) return Status::OK();
  if (count > kMostBytes / static_cast<int64_t>(text.size())) {
    return InvalidInput("repeating ", text.size(), " bytes ", count, " times is too long");
  }
  for (int64_t i = 0; i < count; ++i) *out += text;
  return Status::OK();
}

Status Replace(const Arguments& in, int64_t row, std::string* out) {
  std::string_view text = in.texts[0][row];
  const std::string_view from = in.texts[1][row];
  if (from.empty()) {
    // Between all characters, as the reference does.
    *out = in.texts[2][row];
    while (!text.empty()) {
      const size_t size = BytesOfCharacters(text, 1);
      out->append(text.substr(0, size)).append(in.texts[2][row]);
      text.remove_prefix(size);
    }
    return Status::OK();
  }
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out->append(text.substr(0, at)).append(in.texts[2][row]);
    text.remove_prefix(at + from.size());
  }
  out->append(text);
  return Status::OK();
}

Status SplitPart(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  const std::string_view separator = in.texts[1][row];
  int64_t wanted = in.numbers[0][row];
  if (wanted == 0) return InvalidInput("field position must not be zero");
  std::vector<std::string_view> parts;
  std::string_view rest = text;
  if (!separator.empty()) {
    for (size_t at = rest.find(separator); at != std::string_view::npos;
         at = rest.find(separator)) {
      parts.push_back(rest.substr(0, at));
      rest.remove_prefix(at + separator.size());
    }
  }
  parts.push_back(rest);
  const auto count = static_cast<int64_t>(parts.size());
  const int64_t index = wanted > 0 ? wanted - 1 : count + wanted;
  if (index >= 0 && index < count) *out = parts[static_cast<size_t>(index)];
  return Status::OK();
}

Status Translate(const Arguments& in, int64_t row, std::string* out) {
  for (std::string_view text = in.texts[0][row]; !text.empty();) {
    const size_t size = BytesOfCharacters(text, 1);
    std::string_view from = in.texts[1][row];
    std::string_view to = in.texts[2][row];
    bool found = false;
    while (!from.empty() && !found) {
      const size_t from_size = BytesOfCharacters(from, 1);
      const size_t to_size = BytesOfCharacters(to, 1);
      found = from.substr(0, from_size) == text.substr(0, size);
      if (found) out->append(to.substr(0, to_size));
      from.remove_prefix(from_size);
      to.remove_prefix(to_size);
    }
    if (!found) out->append(text.substr(0, size));
    text.remove_prefix(size);
  }
  return Status::OK();
}

// Arguments that are null are left out.
Status Concat(const Arguments& in, int64_t row, std::string* out) {
  for (const TextArgument& text : in.texts) {
    if (text.valid(row)) out->append(text[row]);
  }
  return Status::OK();
}

// The arguments' own rows decide on nulls: null only when the separator is.
arrow::Status RunConcatWithSeparator(KernelContext* context, const ExecSpan& batch,
                                     ExecResult* out) {
  const Arguments in(batch);
  auto run = [&](auto builder) {
    std::string text;
    for (int64_t row = 0; row < batch.length; ++row) {
      if (!in.texts[0].valid(row)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
      text.clear();
      bool first = true;
      for (size_t i = 1; i < in.texts.size(); ++i) {
        if (!in.texts[i].valid(row)) continue;
        if (!first) text += in.texts[0][row];
        text += in.texts[i][row];
        first = false;
      }
      ARROW_RETURN_NOT_OK(builder.Append(text));
    }
    return FinishInto(&builder, out);
  };
  const bool large = std::any_of(batch.values.begin(), batch.values.end(), [](const auto& value) {
    return value.type()->id() == arrow::Type::LARGE_STRING;
  });
  if (large) return run(arrow::LargeStringBuilder(context->memory_pool()));
  return run(arrow::StringBuilder(context->memory_pool()));
}

Status Character(const Arguments& in, int64_t row, std::string* out) {
  const int64_t code = in.numbers[0][row];
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return InvalidInput("invalid Unicode scalar value: ", code);
  }
  AppendCharacter(static_cast<char32_t>(code), out);
  return Status::OK();
}

Status Hexadecimal(const Arguments& in, int64_t row, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  auto number = static_cast<uint64_t>(in.numbers[0][row]);
  do {
    out->insert(out->begin(), kDigits[number & 15]);
    number >>= 4;
  } while (number != 0);
  return Status::OK();
}

// All before (count > 0) or behind (count < 0) the count-th separator.
Status SubstringIndex(const Arguments& in, int64_t row, std::string* out) {
  const std::string_view text = in.texts[0][row];
  const std::string_view separator = in.texts[1][row];
  int64_t count = in.numbers[0][row];
  if (count == 0 || separator.empty()) return Status::OK();
  size_t at = count > 0 ? 0 : text.size();
  *out = text;
  for (; count > 0; --count) {
    at = text.find(separator, at);
    if (at == std::string_view::npos) return Status::OK();
    *out = text.substr(0, at);
    at += separator.size();
  }
  for (; count < 0; ++count) {
    at = at == 0 ? std::string_view::npos : text.rfind(separator, at - 1);
    if (at == std::string_view::npos) {
      *out = text;
      return Status::OK();
    }
    *out = text.substr(at + separator.size());
  }
  return Status::OK();
}

int64_t Position(const Arguments& in, int64_t row) {
  const std::string_view text = in.texts[0][row];
  const size_t at = text.find(in.texts[1][row]);
  return at == std::string_view::npos ? 0 : CountCharacters(text.substr(0, at)) + 1;
}

int64_t FirstCode(const Arguments& in, int64_t row) {
  std::string_view text = in.texts[0][row];
  return text.empty() ? 0 : static_cast<int64_t>(TakeCharacter(&text));
}

int64_t FindInSet(const Arguments& in, int64_t row) {
  std::string_view list = in.texts[1][row];
  if (list.empty()) return 0;
  for (int64_t index = 1;; ++index) {
    const size_t comma = list.find(',');
    if (list.substr(0, comma) == in.texts[0][row]) return index;
    if (comma == std::string_view::npos) return 0;
    list.remove_prefix(comma + 1);
  }
}

int64_t Levenshtein(const Arguments& in, int64_t row) {
  std::u32string a, b;
  for (std::string_view text = in.texts[0][row]; !text.empty();) a += TakeCharacter(&text);
  for (std::string_view text = in.texts[1][row]; !text.empty();) b += TakeCharacter(&text);
  std::vector<int64_t> distance(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) distance[j] = static_cast<int64_t>(j);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = distance[0];
    distance[0] = static_cast<int64_t>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t next =
          std::min({distance[j] + 1, distance[j + 1] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = distance[j + 1];
      distance[j + 1] = next;
    }
  }
  return distance.back();
}

struct Named {
  const char* name;
  arrow::compute::ArrayKernelExec run;
  int num_arguments;
  bool varargs = false;
};

}  // namespace

arrow::Status AddTexts(arrow::compute::FunctionRegistry* registry) {
  static const Named to_text[] = {
      {"lancea_ltrim", RunText<Trim<kLeft>>, 1, true},
      {"lancea_rtrim", RunText<Trim<kRight>>, 1, true},
      {"lancea_btrim", RunText<Trim<kBoth>>, 1, true},
      {"lancea_left", RunText<Left>, 2},
      {"lancea_right", RunText<Right>, 2},
      {"lancea_substr", RunText<Substring>, 2, true},
      {"lancea_lpad", RunText<Pad<true>>, 2, true},
      {"lancea_rpad", RunText<Pad<false>>, 2, true},
      {"lancea_repeat", RunText<Repeat>, 2},
      {"lancea_replace", RunText<Replace>, 3},
      {"lancea_split_part", RunText<SplitPart>, 3},
      {"lancea_translate", RunText<Translate>, 3},
      {"lancea_concat", RunText<Concat, true>, 1, true},
      {"lancea_concat_ws", RunConcatWithSeparator, 1, true},
      {"lancea_join", RunText<Concat>, 1, true},
      {"lancea_chr", RunText<Character>, 1},
      {"lancea_to_hex", RunText<Hexadecimal>, 1},
      {"lancea_substr_index", RunText<SubstringIndex>, 3},
  };
  for (const Named& function : to_text) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, {.name = function.name,
                                               .type = TextType,
                                               .run = function.run,
                                               .num_arguments = function.num_arguments,
                                               .varargs = function.varargs}));
  }
  static const Named to_count[] = {
      {"lancea_strpos", RunCount<Position>, 2},
      {"lancea_ascii", RunCount<FirstCode>, 1},
      {"lancea_find_in_set", RunCount<FindInSet>, 2},
      {"lancea_levenshtein", RunCount<Levenshtein>, 2},
  };
  for (const Named& function : to_count) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, {.name = function.name,
                                               .type = Always(arrow::int32()),
                                               .run = function.run,
                                               .num_arguments = function.num_arguments}));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
