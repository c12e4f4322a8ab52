// regexp_like, regexp_match, regexp_replace, regexp_count and ILIKE, by Arrow's kernels.
//
// Arguments: text, pattern[, replacement][, flags]. With one pattern for all rows Arrow compiles it once
// per batch; else row by row.
#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_nested.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/registry.h"
#include "arrow/type_traits.h"
#include "lancea/expr/kernels/regexp.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

arrow::Result<ArrayPointer> Call(const char* function, const ArrayPointer& texts,
                                 const arrow::compute::FunctionOptions& options,
                                 arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  auto out = arrow::compute::CallFunction(function, {texts}, &options, &context);
  if (!out.ok()) {
    return InvalidInput("Regular expression did not compile: ", out.status().message());
  }
  return out->make_array();
}

// What is asked of the texts of a batch, all with the same other arguments.
struct Question {
  std::string_view pattern;
  std::string_view replacement;
  std::string_view flags;
};

arrow::Result<ArrayPointer> Like(const ArrayPointer& texts, const Question& question,
                                 arrow::MemoryPool* pool) {
  const arrow::compute::MatchSubstringOptions options(ToRe2(question.pattern, question.flags));
  return Call("match_substring_regex", texts, options, pool);
}

arrow::Result<ArrayPointer> Count(const ArrayPointer& texts, const Question& question,
                                  arrow::MemoryPool* pool) {
  const arrow::compute::MatchSubstringOptions options(ToRe2(question.pattern, question.flags));
  ARROW_ASSIGN_OR_RAISE(auto counts, Call("count_substring_regex", texts, options, pool));
  arrow::Int64Builder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(counts->length()));
  for (int64_t row = 0; row < counts->length(); ++row) {
    const bool large = counts->type_id() == arrow::Type::INT64;
    // Null text holds the pattern no times, says the reference.
    builder.UnsafeAppend(counts->IsNull(row) ? 0
                         : large ? static_cast<const arrow::Int64Array&>(*counts).Value(row)
                                 : static_cast<const arrow::Int32Array&>(*counts).Value(row));
  }
  return builder.Finish();
}

arrow::Result<ArrayPointer> Replace(const ArrayPointer& texts, const Question& question,
                                    arrow::MemoryPool* pool) {
  const bool all = question.flags.find('g') != std::string_view::npos;
  const arrow::compute::ReplaceSubstringOptions options(ToRe2(question.pattern, question.flags),
                                                        ToRe2Replacement(question.replacement),
                                                        all ? -1 : 1);
  return Call("replace_substring_regex", texts, options, pool);
}

// \param groups  of each text a struct of the groups' places: [first byte, number of bytes]
template <typename Text, typename Place>
arrow::Status AppendGroups(const arrow::Array& texts, const arrow::StructArray& groups,
                           arrow::ListBuilder* lists) {
  const auto& typed = static_cast<const typename arrow::TypeTraits<Text>::ArrayType&>(texts);
  auto& values =
      static_cast<typename arrow::TypeTraits<Text>::BuilderType&>(*lists->value_builder());
  std::vector<const arrow::FixedSizeListArray*> places;
  for (const auto& field : groups.fields()) {
    places.push_back(static_cast<const arrow::FixedSizeListArray*>(field.get()));
  }
  for (int64_t row = 0; row < groups.length(); ++row) {
    if (groups.IsNull(row)) {
      ARROW_RETURN_NOT_OK(lists->AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(lists->Append());
    for (const auto* place : places) {
      if (place->IsNull(row)) continue;
      const auto& numbers =
          static_cast<const typename arrow::TypeTraits<Place>::ArrayType&>(*place->values());
      const int64_t at = place->value_offset(row);
      ARROW_RETURN_NOT_OK(values.Append(typed.GetView(row).substr(
          static_cast<size_t>(numbers.Value(at)), static_cast<size_t>(numbers.Value(at + 1)))));
    }
  }
  return arrow::Status::OK();
}

// The groups of the first match as a list, but for those that have no part in it; null where there is
// none.
arrow::Result<ArrayPointer> Match(const ArrayPointer& texts, const Question& question,
                                  arrow::MemoryPool* pool) {
  int num_groups = 0;
  const arrow::compute::ExtractRegexSpanOptions options(
      WithNamedGroups(ToRe2(question.pattern, question.flags), &num_groups));
  ARROW_ASSIGN_OR_RAISE(auto found, Call("extract_regex_span", texts, options, pool));
  const auto& groups = static_cast<const arrow::StructArray&>(*found);
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::MakeBuilder(texts->type(), pool));
  arrow::ListBuilder builder(pool, std::shared_ptr<arrow::ArrayBuilder>(std::move(values)),
                             arrow::list(texts->type()));
  if (texts->type_id() == arrow::Type::LARGE_STRING) {
    ARROW_RETURN_NOT_OK(
        (AppendGroups<arrow::LargeStringType, arrow::Int64Type>(*texts, groups, &builder)));
  } else {
    ARROW_RETURN_NOT_OK(
        (AppendGroups<arrow::StringType, arrow::Int32Type>(*texts, groups, &builder)));
  }
  return builder.Finish();
}

arrow::Result<ArrayPointer> IgnoringCase(const ArrayPointer& texts, const Question& question,
                                         arrow::MemoryPool* pool) {
  const arrow::compute::MatchSubstringOptions options(std::string(question.pattern),
                                                      /*ignore_case=*/true);
  return Call("match_like", texts, options, pool);
}

using Answer = arrow::Result<ArrayPointer> (*)(const ArrayPointer&, const Question&,
                                               arrow::MemoryPool*);

template <Answer answer, bool has_replacement>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  arrow::MemoryPool* pool = context->memory_pool();
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(ArrayPointer texts, ArgumentArray(batch[0], &stride));
  if (stride == 0 && batch.length != 1) {
    ARROW_ASSIGN_OR_RAISE(texts, arrow::MakeArrayFromScalar(*batch[0].scalar, batch.length, pool));
  }
  std::vector<TextArgument> others;
  bool constant = true;
  for (size_t i = 1; i < batch.values.size(); ++i) {
    others.emplace_back(batch.values[i]);
    constant = constant && others.back().is_constant();
  }
  auto question = [&](int64_t row) {
    Question asked{others[0][row], {}, {}};
    size_t next = 1;
    if (has_replacement) asked.replacement = others[next++][row];
    if (next < others.size()) asked.flags = others[next][row];
    return asked;
  };
  auto valid = [&](int64_t row) {
    return std::all_of(others.begin(), others.end(),
                       [&](const TextArgument& other) { return other.valid(row); });
  };
  ArrayPointer answered;
  if (constant && valid(0)) {
    ARROW_ASSIGN_OR_RAISE(answered, answer(texts, question(0), pool));
  } else {
    // At least one row, so that the type is known.
    arrow::ArrayVector rows;
    ARROW_ASSIGN_OR_RAISE(auto none, answer(texts->Slice(0, 0), Question{}, pool));
    rows.push_back(none);
    for (int64_t row = 0; row < batch.length; ++row) {
      if (valid(row)) {
        ARROW_ASSIGN_OR_RAISE(auto one, answer(texts->Slice(row, 1), question(row), pool));
        rows.push_back(std::move(one));
      } else {
        ARROW_ASSIGN_OR_RAISE(auto null, arrow::MakeArrayOfNull(none->type(), 1, pool));
        rows.push_back(std::move(null));
      }
    }
    ARROW_ASSIGN_OR_RAISE(answered, arrow::Concatenate(rows, pool));
  }
  out->value = answered->data();
  return arrow::Status::OK();
}

arrow::Result<TypePointer> ListOfText(const TypeVector& types) {
  return arrow::list(types[0].GetSharedPtr());
}

}  // namespace

arrow::Status AddPatterns(arrow::compute::FunctionRegistry* registry) {
  ARROW_RETURN_NOT_OK(AddFunction(registry, {.name = "lancea_regexp_like",
                                             .type = Always(arrow::boolean()),
                                             .run = Run<Like, false>,
                                             .num_arguments = 2,
                                             .varargs = true}));
  ARROW_RETURN_NOT_OK(AddFunction(registry, {.name = "lancea_regexp_count",
                                             .type = Always(arrow::int64()),
                                             .run = Run<Count, false>,
                                             .num_arguments = 2,
                                             .varargs = true}));
  ARROW_RETURN_NOT_OK(AddFunction(registry, {.name = "lancea_regexp_match",
                                             .type = ListOfText,
                                             .run = Run<Match, false>,
                                             .num_arguments = 2,
                                             .varargs = true}));
  ARROW_RETURN_NOT_OK(AddFunction(registry, {.name = "lancea_regexp_replace",
                                             .type = SameAs(0),
                                             .run = Run<Replace, true>,
                                             .num_arguments = 3,
                                             .varargs = true}));
  return AddFunction(registry, {.name = "lancea_ilike",
                                .type = Always(arrow::boolean()),
                                .run = Run<IgnoringCase, false>,
                                .num_arguments = 2});
}

}  // namespace lancea
