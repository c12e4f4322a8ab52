#include <algorithm>
#include <nlohmann/json.hpp>

#include "lancea/plan.h"

namespace lancea {
namespace {

// Nanoseconds as people read them.
std::string Duration(uint64_t nanos) {
  const struct {
    double unit;
    const char* name;
  } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}};
  for (const auto& [unit, name] : units) {
    if (static_cast<double>(nanos) < unit) continue;
    char text[32];
    std::snprintf(text, sizeof text, "%.3f%s", static_cast<double>(nanos) / unit, name);
    return text;
  }
  return std::to_string(nanos) + "ns";
}

// Metrics that count nanoseconds are named so.
bool IsDuration(const std::string& name) { return name.ends_with("_ns"); }

std::string MetricText(const std::string& name, uint64_t value) {
  if (!IsDuration(name)) return name + "=" + std::to_string(value);
  return name.substr(0, name.size() - 3) + "=" + Duration(value);
}

void AppendText(const PlanNode& node, size_t depth, std::string* out) {
  out->append(2 * depth, ' ');
  *out += node.name;
  std::string rest;
  auto add = [&](const std::string& part) { rest += (rest.empty() ? ": " : ", ") + part; };
  for (const auto& [name, value] : node.metrics) {
    if (name == "elapsed_ns") add(MetricText(name, value));
  }
  for (const auto& [name, value] : node.details) add(value.empty() ? name : name + "=" + value);
  if (node.has_run) {
    std::string metrics;
    for (const auto& [name, value] : node.metrics) {
      if (name == "elapsed_ns") continue;
      metrics += (metrics.empty() ? "" : ", ") + MetricText(name, value);
    }
    add("metrics=[" + metrics + "]");
  }
  *out += rest + "\n";
  for (const PlanNode& input : node.inputs) AppendText(input, depth + 1, out);
}

nlohmann::ordered_json ToJsonObject(const PlanNode& node) {
  nlohmann::ordered_json out;
  out["name"] = node.name;
  out["details"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : node.details) out["details"][name] = value;
  if (node.has_run) {
    out["metrics"] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : node.metrics) out["metrics"][name] = value;
  }
  out["inputs"] = nlohmann::ordered_json::array();
  for (const PlanNode& input : node.inputs) out["inputs"].push_back(ToJsonObject(input));
  return out;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

uint64_t Elapsed(const PlanNode& node) {
  for (const auto& [name, value] : node.metrics) {
    if (name == "elapsed_ns") return value;
  }
  return 0;
}

void AppendHtml(const PlanNode& node, uint64_t total, std::string* out) {
  *out += "<li><div class=node><b>" + Escaped(node.name) + "</b>";
  for (const auto& [name, value] : node.details) {
    *out += "<br><span>" + Escaped(name) + "</span> " + Escaped(value);
  }
  if (node.has_run) {
    *out += "<table>";
    for (const auto& [name, value] : node.metrics) {
      const std::string shown = IsDuration(name) ? Duration(value) : std::to_string(value);
      *out += "<tr><td>" + Escaped(name) + "<td class=n>" + shown;
    }
    *out += "</table>";
    if (total > 0) {
      *out += "<div class=bar style=\"width:" +
              std::to_string(std::min<uint64_t>(100, Elapsed(node) * 100 / total)) + "%\"></div>";
    }
  }
  *out += "</div>";
  if (!node.inputs.empty()) {
    *out += "<ul>";
    for (const PlanNode& input : node.inputs) AppendHtml(input, total, out);
    *out += "</ul>";
  }
  *out += "\n";
}

}  // namespace

std::string PlanNode::ToText() const {
  std::string out;
  AppendText(*this, 0, &out);
  return out;
}

std::string PlanNode::ToJson() const {
  return ToJsonObject(*this).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string PlanNode::ToHtml(const std::string& title) const {
  std::string out = "<!doctype html><meta charset=utf-8><title>" + Escaped(title) +
                    "</title>\n<style>body{font:14px sans-serif}ul{list-style:none}"
                    ".node{display:inline-block;border:1px solid #888;border-radius:4px;"
                    "padding:6px 10px;margin:4px;max-width:60em}.node span{color:#777}"
                    "td{padding-right:1em;color:#555}.n{text-align:right;color:#000}"
                    ".bar{height:6px;background:#d33;margin-top:4px;min-width:1px}</style>\n<h3>" +
                    Escaped(title) + "</h3>\n<ul>";
  AppendHtml(*this, Elapsed(*this), &out);
  return out + "</ul>\n";
}

}  // namespace lancea
