// JSONPath: where in a document.
//
//   $          the document; may be left out, also before a first name: a.b
//   .name  :name  ["name"]      field of an object; ."any text" too
//   [0]  [0,2]  [1 to 3]  [last]  [last - 1]      elements of an array
//   [*]        all elements (what is no array stays as it is)      .*   all values of an object
//   .**        the value and all below it, the outer first
//
// Conditions `?(…)` are not understood. Source: what pylance 14.0.2 answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "lancea/expr/kernels/json_value.h"

namespace lancea {

class JsonPath {
 public:
  /// \return InvalidInput when it is no path
  static arrow::Result<JsonPath> Parse(std::string_view text);

  /// All values it leads to, in order.
  arrow::Result<std::vector<JsonValue>> Select(const JsonValue& document) const;

 private:
  struct Index {
    bool from_last = false;
    int64_t number = 0;
  };
  struct Range {
    Index first;
    Index last;
    bool single = true;
  };
  struct Step {
    enum class Kind { kField, kElements, kAllElements, kAllValues, kDescendants };
    Kind kind = Kind::kField;
    std::string name;
    std::vector<Range> ranges;
  };
  class Parser;

  static arrow::Status Apply(const Step& step, const JsonValue& value, std::vector<JsonValue>* out);
  std::vector<Step> steps_;
};

}  // namespace lancea
