// Arrow types whose values are compared as numbers: integers, floats, dates, times, durations.
#pragma once

#include <cstdint>
#include <optional>

#include "arrow/type_fwd.h"
#include "lancea/encoding/number_condition.h"

namespace lancea {

/// How values of a type are stored and what they can be.
struct NumberType {
  NumberCondition::Order order;
  int width;                        ///< bytes
  NumberCondition::Wide low, high;  ///< of its values; of floats, places of its numbers
};

/// nullopt for all other types.
std::optional<NumberType> NumberTypeOf(const arrow::DataType& type);

/// The place of a float in its type's order.
int64_t PlaceOf(const NumberType& type, double value);

/// A stored value; of a float its place.
NumberCondition::Wide NumberAt(const NumberType& type, const uint8_t* bytes);

/// The same for a value of an array that is not null.
NumberCondition::Wide NumberAt(const NumberType& type, const arrow::ArrayData& array, int64_t row);

}  // namespace lancea
