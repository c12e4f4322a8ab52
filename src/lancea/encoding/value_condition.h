// A condition simple enough to be asked of values as they lie in a page, before they become Arrow.
//
//   number  an interval, or a set, of fixed-width values
//   text    equality, prefix, suffix, part, or a set, of variable-width values
//
// Answers are a byte per value, 1 or 0. Nulls have a value too, whatever it is: who asks removes them,
// for a condition of this kind is never true of null.
#pragma once

#include <cstdint>
#include <variant>

#include "lancea/encoding/number_condition.h"
#include "lancea/encoding/text_condition.h"

namespace lancea {

/// Immutable, thread-safe.
class ValueCondition {
 public:
  explicit ValueCondition(NumberCondition number) : kind_(std::move(number)) {}
  explicit ValueCondition(TextCondition text) : kind_(std::move(text)) {}

  /// The one it is; the other is nullptr.
  const NumberCondition* number() const { return std::get_if<NumberCondition>(&kind_); }
  const TextCondition* text() const { return std::get_if<TextCondition>(&kind_); }

 private:
  std::variant<NumberCondition, TextCondition> kind_;
};

}  // namespace lancea
