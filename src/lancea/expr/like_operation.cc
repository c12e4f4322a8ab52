// LIKE and ILIKE: a pattern known beforehand is mostly an equality, a prefix, a suffix or a part.
#include "arrow/compute/api_scalar.h"
#include "lancea/expr/kernels/like.h"
#include "lancea/expr/operations.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<Typed> LikeConstant(Typed text, const std::string& pattern, std::string_view escape,
                                  bool ignore_case) {
  LikeShape shape = ShapeOfLike(pattern, escape);
  if (shape.kind == LikeShape::Kind::kAnything) {
    // True for text, null for null.
    ARROW_ASSIGN_OR_RAISE(Typed valid, IsNull(std::move(text), true));
    std::vector<Typed> terms = {std::move(valid), NullOf(arrow::boolean())};
    return CallOf("or_kleene", std::move(terms), arrow::boolean());
  }
  auto call = [&](const char* function) -> arrow::Result<Typed> {
    ARROW_ASSIGN_OR_RAISE(Typed literal, CastTo(TextOf(std::move(shape.text)), text.type));
    return CallOf(function, {std::move(text), std::move(literal)}, arrow::boolean());
  };
  if (ignore_case) {
    if (shape.kind != LikeShape::Kind::kPattern) {
      // Back to a pattern: what was plain text may hold wildcards.
      const bool before =
          shape.kind == LikeShape::Kind::kSuffix || shape.kind == LikeShape::Kind::kContains;
      const bool behind =
          shape.kind == LikeShape::Kind::kPrefix || shape.kind == LikeShape::Kind::kContains;
      std::string escaped = before ? "%" : "";
      for (char c : shape.text) {
        if (c == '%' || c == '_' || c == '\\') escaped += '\\';
        escaped += c;
      }
      shape.text = escaped + (behind ? "%" : "");
    }
    return call("lancea_ilike");
  }
  switch (shape.kind) {
    case LikeShape::Kind::kEqual:
      return Compare(Comparison::kEqual, std::move(text), TextOf(std::move(shape.text)));
    case LikeShape::Kind::kPrefix:
      return call("lancea_starts_with");
    case LikeShape::Kind::kSuffix:
      return call("lancea_ends_with");
    case LikeShape::Kind::kContains:
      return call("lancea_contains");
    default:
      return call("lancea_like");
  }
}

}  // namespace

arrow::Result<Typed> Like(Typed text, Typed pattern, std::string_view escape, bool ignore_case,
                          bool negated) {
  for (Typed* side : {&text, &pattern}) {
    if (side->type->id() == arrow::Type::NA) *side = NullOf(arrow::utf8());
    if (IsBytes(*side->type)) {
      ARROW_ASSIGN_OR_RAISE(*side, CastTo(std::move(*side), arrow::utf8()));
    }
  }
  if (!IsText(*text.type) || !IsText(*pattern.type)) {
    return InvalidInput("LIKE compares text with text, not ", TypeName(*text.type), " with ",
                        TypeName(*pattern.type));
  }
  if (pattern.is_null_literal() || text.is_null_literal()) return NullOf(arrow::boolean());
  Typed out;
  if (pattern.literal() != nullptr) {
    const auto& scalar = static_cast<const arrow::BaseBinaryScalar&>(*pattern.literal());
    ARROW_ASSIGN_OR_RAISE(
        out, LikeConstant(std::move(text), std::string(scalar.view()), escape, ignore_case));
  } else {
    if (escape != "\\") {
      return InvalidInput("ESCAPE is supported with literal patterns only");
    }
    ARROW_ASSIGN_OR_RAISE(pattern, CastTo(std::move(pattern), text.type));
    ARROW_ASSIGN_OR_RAISE(out, CallOf(ignore_case ? "lancea_ilike" : "lancea_like",
                                      {std::move(text), std::move(pattern)}, arrow::boolean()));
  }
  return negated ? Not(std::move(out)) : out;
}

}  // namespace lancea
