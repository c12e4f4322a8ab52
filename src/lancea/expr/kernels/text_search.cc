// Whether text begins with, ends with, contains or matches other text.
//
// The text looked for is mostly one for all rows. Then `contains` does not look at rows at all but at the
// bytes of all texts together, jumping from one occurrence to the next, and finds out of which row it is;
// an occurrence across the border of two rows does not count.
#include <cstring>
#include <string_view>

#include "arrow/array/builder_primitive.h"
#include "arrow/buffer.h"
#include "arrow/compute/registry.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/expr/kernels/like.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/expr/kernels/utf8_text.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

template <typename Offset>
void MarkContaining(const arrow::ArraySpan& texts, std::string_view needle, uint8_t* out) {
  const auto* offsets = texts.GetValues<Offset>(1);
  const auto* bytes = reinterpret_cast<const char*>(texts.buffers[2].data);
  const char* const end = bytes + offsets[texts.length];
  const char* at = bytes + offsets[0];
  int64_t row = 0;
  while (at < end) {
    const void* found = memmem(at, static_cast<size_t>(end - at), needle.data(), needle.size());
    if (found == nullptr) return;
    const auto position = static_cast<Offset>(static_cast<const char*>(found) - bytes);
    // The row it begins in: gallop, then halve.
    int64_t step = 1;
    while (row + step <= texts.length && offsets[row + step] <= position) {
      row += step;
      step *= 2;
    }
    for (; step > 0; step /= 2) {
      if (row + step <= texts.length && offsets[row + step] <= position) row += step;
    }
    if (offsets[row + 1] >= position + static_cast<Offset>(needle.size())) {
      arrow::bit_util::SetBit(out, row);
      at = bytes + offsets[row + 1];
    } else {
      at = static_cast<const char*>(found) + 1;
    }
  }
}

arrow::Status ContainsConstant(KernelContext* context, const ExecSpan& batch,
                               std::string_view needle, ExecResult* out) {
  const arrow::ArraySpan& texts = batch[0].array;
  arrow::MemoryPool* pool = context->memory_pool();
  std::shared_ptr<arrow::Buffer> validity;
  if (texts.MayHaveNulls()) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, texts.buffers[0].data,
                                                                texts.offset, texts.length));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(texts.length, pool));
  if (needle.empty()) {
    arrow::bit_util::SetBitsTo(bits->mutable_data(), 0, texts.length, true);
  } else if (arrow::is_large_binary_like(texts.type->id())) {
    MarkContaining<int64_t>(texts, needle, bits->mutable_data());
  } else {
    MarkContaining<int32_t>(texts, needle, bits->mutable_data());
  }
  out->value = arrow::ArrayData::Make(arrow::boolean(), texts.length,
                                      {std::move(validity), std::move(bits)});
  return arrow::Status::OK();
}

template <auto test>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument text(batch[0]);
  const TextArgument other(batch[1]);
  arrow::BooleanBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (text.valid(row) && other.valid(row)) {
      builder.UnsafeAppend(test(text[row], other[row]));
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return FinishInto(&builder, out);
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::memcmp(text.data(), prefix.data(), prefix.size()) == 0;
}

bool EndsWith(std::string_view text, std::string_view suffix) { return text.ends_with(suffix); }

bool Contains(std::string_view text, std::string_view needle) {
  return text.find(needle) != std::string_view::npos;
}

arrow::Status RunContains(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument needle(batch[1]);
  if (batch[0].is_array() && needle.is_constant() && needle.valid(0)) {
    return ContainsConstant(context, batch, needle[0], out);
  }
  return Run<Contains>(context, batch, out);
}

std::vector<std::string_view> Tokens(std::string_view text) {
  std::vector<std::string_view> out;
  std::string_view rest = text;
  const char* begin = text.data();
  auto end_token = [&](const char* end) {
    if (end > begin) out.emplace_back(begin, static_cast<size_t>(end - begin));
  };
  while (!rest.empty()) {
    const char* at = rest.data();
    if (!IsAlphanumeric(TakeCharacter(&rest))) {
      end_token(at);
      begin = rest.data();
    }
  }
  end_token(text.data() + text.size());
  return out;
}

bool HasAllTokens(std::string_view text, const std::vector<std::string_view>& wanted) {
  const std::vector<std::string_view> tokens = Tokens(text);
  return std::all_of(wanted.begin(), wanted.end(), [&](std::string_view token) {
    return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
  });
}

arrow::Status RunContainsTokens(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument text(batch[0]);
  const TextArgument words(batch[1]);
  std::vector<std::string_view> wanted;
  if (words.is_constant() && words.valid(0)) wanted = Tokens(words[0]);
  arrow::BooleanBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!text.valid(row) || !words.valid(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    if (!words.is_constant()) wanted = Tokens(words[row]);
    builder.UnsafeAppend(HasAllTokens(text[row], wanted));
  }
  return FinishInto(&builder, out);
}

}  // namespace

arrow::Status AddTextSearch(arrow::compute::FunctionRegistry* registry) {
  const std::pair<const char*, arrow::compute::ArrayKernelExec> functions[] = {
      {"lancea_starts_with", Run<StartsWith>},
      {"lancea_ends_with", Run<EndsWith>},
      {"lancea_contains", RunContains},
      {"lancea_like", Run<MatchesLike>},
      {"lancea_contains_tokens", RunContainsTokens},
  };
  for (const auto& [name, run] : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(
        registry,
        {.name = name, .type = Always(arrow::boolean()), .run = run, .num_arguments = 2}));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
