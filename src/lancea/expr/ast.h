// What the parser found, before names and types are known.
//
//   price * 2 > 10 AND NOT st.x IN (1, 2)
//
//   kAnd
//     kBinary ">"
//       kBinary "*"   kColumn [price]   kNumber "2"
//       kNumber "10"
//     kNot
//       kIn   kColumn [st, x]   kNumber "1"   kNumber "2"
//
// A chain of AND or of OR is one node with all its terms, however long. The depth of every other shape is
// bounded by the parser, so that code may recurse over the tree.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lancea/expr/sql_error.h"

namespace lancea {

struct Ast {
  enum class Kind {
    kNull,
    kBoolean,   // text: "true" or "false"
    kNumber,    // text: as written, "-" before it when a minus stood there
    kString,    // text
    kBytes,     // text
    kTyped,     // text of type type_name: DATE '2020-01-01'
    kInterval,  // text and unit in type_name ("" when the text has the units)
    kArray,     // children: elements
    kColumn,    // path; quoted tells whether the first name was
    kField,     // children[0], field `text` of it
    kElement,   // children[0], element number children[1] of it, from 1
    kSlice,     // children[0], elements children[1] to children[2]
    kNegate,    // children[0]
    kNot,       // children[0]
    kAnd,       // children
    kOr,        // children
    kBinary,    // text: the operator; children[0], children[1]
    kDistinct,  // children[0] IS DISTINCT FROM children[1]; negated
    kIs,        // text: "null", "true", "false", "unknown"; negated
    kIn,        // children[0] in children[1..]; negated
    kBetween,   // children[0] between children[1] and children[2]; negated
    kLike,      // children[0] like children[1]; text: escape; negated; ignore_case
    kCase,      // children: [operand] (condition, value)* [else]; has_operand, has_else
    kCast,      // children[0] as type_name; try_cast
    kCall,      // text: function; children: arguments
  };
  Kind kind = Kind::kNull;
  TextSpan place;
  std::string text;
  std::string type_name;
  std::vector<std::string> path;
  std::vector<std::unique_ptr<Ast>> children;
  bool negated = false;
  bool ignore_case = false;
  bool quoted = false;
  bool try_cast = false;
  bool has_operand = false;
  bool has_else = false;
  size_t depth = 1;  ///< nodes on the longest way down
};

}  // namespace lancea
