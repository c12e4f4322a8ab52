#include "lancea/sql/condition_sql.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>

#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/sql/syntax_tree.h"

namespace lancea::duckdb {
namespace {

using Text = std::optional<std::string>;

std::string QuotedText(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

// A literal: the name of DuckDB's type and the value, perhaps of a cast from text.
struct Literal {
  std::string type;
  Json value;
  int scale = 0;  // of a decimal
};

std::optional<Literal> LiteralOf(const Json& node) {
  if (StringAt(node, "class") == "CAST" && node.contains("child") && node.contains("cast_type")) {
    const auto inner = LiteralOf(node.at("child"));
    if (!inner.has_value() || inner->type != "VARCHAR") return std::nullopt;
    return Literal{StringAt(node.at("cast_type"), "id"), inner->value};
  }
  if (StringAt(node, "class") != "CONSTANT" || !node.contains("value")) return std::nullopt;
  const Json& value = node.at("value");
  if (value.value("is_null", true) || !value.contains("value")) return std::nullopt;
  Literal out{StringAt(value.at("type"), "id"), value.at("value")};
  if (const Json& info = value.at("type").at("type_info"); info.is_object()) {
    out.scale = info.value("scale", 0);
  }
  return out;
}

// The range of an integer type that fits 64 signed bits.
std::pair<int64_t, int64_t> RangeOf(const arrow::DataType& type) {
  using Limits = std::numeric_limits<int64_t>;
  const int bits = static_cast<const arrow::FixedWidthType&>(type).bit_width();
  if (arrow::is_unsigned_integer(type.id())) {
    return {0, bits == 64 ? Limits::max() : (int64_t{1} << bits) - 1};
  }
  if (bits == 64) return {Limits::min(), Limits::max()};
  return {-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
}

Text IntegerText(const Literal& literal, const arrow::DataType& type) {
  const bool is_integer = literal.type == "INTEGER" || literal.type == "BIGINT" ||
                          literal.type == "SMALLINT" || literal.type == "TINYINT";
  if (!is_integer || !literal.value.is_number_integer()) return std::nullopt;
  const auto value = literal.value.get<int64_t>();
  const auto [low, high] = RangeOf(type);
  if (value < low || value > high) return std::nullopt;
  return std::to_string(value);
}

// Zero is left out: it has two signs, which one side tells apart and the other does not.
Text DoubleText(const Literal& literal) {
  if (literal.value.is_number_integer()) {
    const auto value = literal.value.get<int64_t>();
    if (value == 0) return std::nullopt;
    if (literal.type == "DECIMAL" && literal.scale >= 0) {
      std::string digits = std::to_string(std::llabs(value));
      const auto scale = static_cast<size_t>(literal.scale);
      if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
      if (scale > 0) digits.insert(digits.size() - scale, ".");
      return (value < 0 ? "-" : "") + digits;
    }
    constexpr int64_t kExact = int64_t{1} << 53;
    if (literal.type != "INTEGER" && literal.type != "BIGINT") return std::nullopt;
    if (value > kExact || value < -kExact) return std::nullopt;
    return std::to_string(value);
  }
  if (literal.type != "DOUBLE" || !literal.value.is_number_float()) return std::nullopt;
  const auto value = literal.value.get<double>();
  if (value == 0 || !std::isfinite(value)) return std::nullopt;
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return std::string(text);
}

Text LiteralText(const Json& node, const arrow::DataType& type) {
  const auto literal = LiteralOf(node);
  if (!literal.has_value()) return std::nullopt;
  const Json& value = literal->value;
  auto cast_text = [&](const char* to, const std::regex& form, const char* prefix) -> Text {
    if (literal->type != to || !value.is_string()) return std::nullopt;
    const auto text = value.get<std::string>();
    if (!std::regex_match(text, form)) return std::nullopt;
    return prefix + QuotedText(text);
  };
  static const std::regex kDate(R"(\d{4}-\d\d-\d\d)");
  static const std::regex kTime(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?)");
  static const std::regex kWholeTime(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)");
  switch (type.id()) {
    case arrow::Type::BOOL:
      if (literal->type == "BOOLEAN" && value.is_string()) {
        if (value == "t") return "true";
        if (value == "f") return "false";
      }
      if (literal->type == "BOOLEAN" && value.is_boolean()) return value ? "true" : "false";
      return std::nullopt;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      if (literal->type != "VARCHAR" || !value.is_string()) return std::nullopt;
      return QuotedText(value.get<std::string>());
    case arrow::Type::DOUBLE:
      return DoubleText(*literal);
    case arrow::Type::DATE32:
      return cast_text("DATE", kDate, "date ");
    case arrow::Type::TIMESTAMP: {
      const auto& time = static_cast<const arrow::TimestampType&>(type);
      if (!time.timezone().empty()) return std::nullopt;
      const bool fine =
          time.unit() == arrow::TimeUnit::MICRO || time.unit() == arrow::TimeUnit::NANO;
      return cast_text("TIMESTAMP", fine ? kTime : kWholeTime, "timestamp ");
    }
    default:
      if (arrow::is_integer(type.id())) return IntegerText(*literal, type);
      return std::nullopt;
  }
}

class Translator {
 public:
  explicit Translator(const ResolveColumn& resolve) : resolve_(resolve) {}

  Text Condition(const Json& node) const {
    if (!node.is_object()) return std::nullopt;
    const std::string kind = StringAt(node, "class"), type = StringAt(node, "type");
    if (kind == "CONJUNCTION") return Joined(node, type == "CONJUNCTION_AND" ? " AND " : " OR ");
    if (kind == "COMPARISON") return Comparison(node, type);
    if (kind == "BETWEEN") return Between(node);
    if (kind == "OPERATOR") return Operator(node, type);
    if (kind == "FUNCTION") return Function(node);
    if (kind == "COLUMN_REF") {
      const auto column = Column(node);
      if (column.has_value() && column->type->id() == arrow::Type::BOOL) return column->path;
    }
    return std::nullopt;
  }

 private:
  std::optional<NamedColumn> Column(const Json& node) const {
    if (!node.is_object() || StringAt(node, "class") != "COLUMN_REF") return std::nullopt;
    const auto names = node.find("column_names");
    if (names == node.end() || !names->is_array()) return std::nullopt;
    return resolve_(names->get<std::vector<std::string>>());
  }

  Text Joined(const Json& node, const char* word) const {
    std::string out;
    for (const Json& child : node.at("children")) {
      const Text part = Condition(child);
      if (!part.has_value()) return std::nullopt;
      out += (out.empty() ? "(" : word) + *part;
    }
    return out + ")";
  }

  Text Comparison(const Json& node, const std::string& type) const {
    struct Operation {
      const char* name;
      const char* sign;
      const char* mirrored;
    };
    static constexpr Operation kOperations[] = {
        {"COMPARE_EQUAL", " = ", " = "},
        {"COMPARE_NOTEQUAL", " <> ", " <> "},
        {"COMPARE_LESSTHAN", " < ", " > "},
        {"COMPARE_GREATERTHAN", " > ", " < "},
        {"COMPARE_LESSTHANOREQUALTO", " <= ", " >= "},
        {"COMPARE_GREATERTHANOREQUALTO", " >= ", " <= "},
    };
    const auto* operation =
        std::ranges::find_if(kOperations, [&](const Operation& each) { return type == each.name; });
    if (operation == std::end(kOperations)) return std::nullopt;
    auto column = Column(node.at("left"));
    const bool mirrored = !column.has_value();
    if (mirrored) column = Column(node.at("right"));
    if (!column.has_value()) return std::nullopt;
    const Text literal = LiteralText(node.at(mirrored ? "left" : "right"), *column->type);
    if (!literal.has_value()) return std::nullopt;
    return column->path + (mirrored ? operation->mirrored : operation->sign) + *literal;
  }

  Text Between(const Json& node) const {
    const auto column = Column(node.at("input"));
    if (!column.has_value()) return std::nullopt;
    const Text low = LiteralText(node.at("lower"), *column->type);
    const Text high = LiteralText(node.at("upper"), *column->type);
    if (!low.has_value() || !high.has_value()) return std::nullopt;
    return "(" + column->path + " >= " + *low + " AND " + column->path + " <= " + *high + ")";
  }

  Text Operator(const Json& node, const std::string& type) const {
    const Json& children = node.at("children");
    if (!children.is_array() || children.empty()) return std::nullopt;
    if (type == "OPERATOR_NOT") {
      const Text inner = Condition(children[0]);
      if (!inner.has_value()) return std::nullopt;
      return "(NOT " + *inner + ")";
    }
    const auto column = Column(children[0]);
    if (!column.has_value()) return std::nullopt;
    if (type == "OPERATOR_IS_NULL") return column->path + " IS NULL";
    if (type == "OPERATOR_IS_NOT_NULL") return column->path + " IS NOT NULL";
    const bool is_in = type == "COMPARE_IN";
    if ((!is_in && type != "COMPARE_NOT_IN") || children.size() < 2) return std::nullopt;
    std::string list;
    for (size_t i = 1; i < children.size(); ++i) {
      const Text literal = LiteralText(children[i], *column->type);
      if (!literal.has_value()) return std::nullopt;
      list += (list.empty() ? "" : ", ") + *literal;
    }
    return column->path + (is_in ? " IN (" : " NOT IN (") + list + ")";
  }

  // Only LIKE and what stands for it; a backslash means something to one of the two alone.
  Text Function(const Json& node) const {
    const std::string name = StringAt(node, "function_name");
    const Json& children = node.at("children");
    if ((name != "~~" && name != "!~~") || !children.is_array() || children.size() != 2) {
      return std::nullopt;
    }
    const auto column = Column(children[0]);
    if (!column.has_value() || !arrow::is_string(column->type->id())) return std::nullopt;
    const Text pattern = LiteralText(children[1], *column->type);
    if (!pattern.has_value() || pattern->find('\\') != std::string::npos) return std::nullopt;
    return column->path + (name == "~~" ? " LIKE " : " NOT LIKE ") + *pattern;
  }

  const ResolveColumn& resolve_;
};

}  // namespace

std::optional<std::string> ConditionSql(const Json& condition, const ResolveColumn& resolve) {
  return Translator(resolve).Condition(condition);
}

}  // namespace lancea::duckdb
