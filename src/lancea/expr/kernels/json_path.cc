#include "lancea/expr/kernels/json_path.h"

#include <algorithm>
#include <charconv>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr int kMaxDepth = 1'000;

arrow::Status AddDescendants(const JsonValue& value, int depth, std::vector<JsonValue>* out) {
  if (depth > kMaxDepth) return Corrupt("JSONB: nested too deeply");
  out->push_back(value);
  ARROW_ASSIGN_OR_RAISE(auto children, value.Children());
  for (const JsonValue& child : children) {
    ARROW_RETURN_NOT_OK(AddDescendants(child, depth + 1, out));
  }
  return arrow::Status::OK();
}

}  // namespace

class JsonPath::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  arrow::Result<JsonPath> Run() {
    JsonPath path;
    SkipBlanks();
    if (!Take('$') && at_ < text_.size() && Peek() != '.' && Peek() != '[' && Peek() != ':') {
      ARROW_ASSIGN_OR_RAISE(std::string name, Name());
      path.steps_.push_back({Step::Kind::kField, std::move(name), {}});
    }
    for (SkipBlanks(); at_ < text_.size(); SkipBlanks()) {
      ARROW_ASSIGN_OR_RAISE(Step step, NextStep());
      path.steps_.push_back(std::move(step));
    }
    return path;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool Take(char c) { return Take(std::string_view(&c, 1)); }
  void SkipBlanks() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') ++at_;
  }
  arrow::Status Bad() const {
    return InvalidInput("Invalid JSONPath '", text_, "': not understood at position ", at_ + 1);
  }

  arrow::Result<std::string> Name() {
    std::string name;
    if (Take('"')) {
      for (; Peek() != '"'; ++at_) {
        if (at_ >= text_.size()) return Bad();
        if (Peek() == '\\' && at_ + 1 < text_.size()) ++at_;
        name += Peek();
      }
      ++at_;
      return name;
    }
    constexpr std::string_view kEnds = " .:[]()?@$|<>!=+-*/%\"'\t\r\n";
    while (at_ < text_.size() && kEnds.find(Peek()) == std::string_view::npos) {
      if (Peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_++];
    }
    if (name.empty()) return Bad();
    return name;
  }

  arrow::Result<Index> NextIndex() {
    Index out;
    SkipBlanks();
    if (Take("last") || Take("LAST")) {
      out.from_last = true;
      SkipBlanks();
      const bool minus = Take('-');
      if (!minus && !Take('+')) return out;
      SkipBlanks();
      ARROW_ASSIGN_OR_RAISE(out.number, Integer());
      if (minus) out.number = -out.number;
      return out;
    }
    ARROW_ASSIGN_OR_RAISE(out.number, Integer());
    return out;
  }

  arrow::Result<int64_t> Integer() {
    int32_t number = 0;
    const char* begin = text_.data() + at_;
    auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (error != std::errc()) return Bad();
    at_ += static_cast<size_t>(end - begin);
    return number;
  }

  arrow::Result<Step> Brackets() {
    SkipBlanks();
    Step step;
    if (Take('*')) {
      step.kind = Step::Kind::kAllElements;
    } else if (Peek() == '"') {
      ARROW_ASSIGN_OR_RAISE(step.name, Name());
    } else {
      step.kind = Step::Kind::kElements;
      do {
        Range range;
        ARROW_ASSIGN_OR_RAISE(range.first, NextIndex());
        SkipBlanks();
        if (Take("to") || Take("TO")) {
          range.single = false;
          ARROW_ASSIGN_OR_RAISE(range.last, NextIndex());
          SkipBlanks();
        }
        step.ranges.push_back(range);
      } while (Take(','));
    }
    SkipBlanks();
    if (!Take(']')) return Bad();
    return step;
  }

  arrow::Result<Step> NextStep() {
    Step step;
    if (Take(".**")) {
      step.kind = Step::Kind::kDescendants;
      return step;
    }
    if (Take(".*")) {
      step.kind = Step::Kind::kAllValues;
      return step;
    }
    if (Take('[')) return Brackets();
    if (!Take('.') && !Take(':')) return Bad();
    ARROW_ASSIGN_OR_RAISE(step.name, Name());
    return step;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

arrow::Result<JsonPath> JsonPath::Parse(std::string_view text) { return Parser(text).Run(); }

arrow::Status JsonPath::Apply(const Step& step, const JsonValue& value,
                              std::vector<JsonValue>* out) {
  switch (step.kind) {
    case Step::Kind::kField: {
      ARROW_ASSIGN_OR_RAISE(auto field, value.Field(step.name));
      if (field.has_value()) out->push_back(*field);
      return arrow::Status::OK();
    }
    case Step::Kind::kDescendants:
      return AddDescendants(value, 0, out);
    case Step::Kind::kAllValues: {
      if (value.kind() != JsonValue::Kind::kObject) return arrow::Status::OK();
      ARROW_ASSIGN_OR_RAISE(auto children, value.Children());
      out->insert(out->end(), children.begin(), children.end());
      return arrow::Status::OK();
    }
    case Step::Kind::kAllElements:
    case Step::Kind::kElements:
      break;
  }
  const bool all = step.kind == Step::Kind::kAllElements;
  if (value.kind() != JsonValue::Kind::kArray) {
    if (all) out->push_back(value);
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto elements, value.Children());
  if (all) {
    out->insert(out->end(), elements.begin(), elements.end());
    return arrow::Status::OK();
  }
  const auto size = static_cast<int64_t>(elements.size());
  auto position = [&](const Index& index) {
    return index.from_last ? size - 1 + index.number : index.number;
  };
  for (const Range& range : step.ranges) {
    int64_t first = position(range.first);
    int64_t last = range.single ? first : position(range.last);
    if (range.single && (first < 0 || first >= size)) continue;
    first = std::max<int64_t>(first, 0);
    last = std::min(last, size - 1);
    for (int64_t i = first; i <= last; ++i) out->push_back(elements[static_cast<size_t>(i)]);
  }
  return arrow::Status::OK();
}

arrow::Result<std::vector<JsonValue>> JsonPath::Select(const JsonValue& document) const {
  std::vector<JsonValue> values = {document};
  for (const Step& step : steps_) {
    std::vector<JsonValue> next;
    for (const JsonValue& value : values) ARROW_RETURN_NOT_OK(Apply(step, value, &next));
    values = std::move(next);
  }
  return values;
}

}  // namespace lancea
