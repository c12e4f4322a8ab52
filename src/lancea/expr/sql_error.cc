#include "lancea/expr/sql_error.h"

#include <algorithm>
#include <numeric>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr size_t kShownBytes = 120;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Insertions, deletions and replacements that make one of the other; swapped neighbours count once.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const bool same = Lower(a[i]) == Lower(b[j]);
      next[j + 1] = std::min({row[j] + (same ? 0 : 1), row[j + 1] + 1, next[j] + 1});
      if (i > 0 && j > 0 && Lower(a[i]) == Lower(b[j - 1]) && Lower(a[i - 1]) == Lower(b[j])) {
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
      }
    }
    before = row;
    row = next;
  }
  return row.back();
}

}  // namespace

arrow::Status SqlError(std::string_view sql, TextSpan place, const std::string& message) {
  const size_t at = std::min(place.begin, sql.size());
  const size_t newline = at == 0 ? std::string_view::npos : sql.rfind('\n', at - 1);
  size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  size_t end = std::min(sql.find('\n', at), sql.size());
  if (at - begin > kShownBytes / 2) begin = at - kShownBytes / 2;
  if (end - begin > kShownBytes) end = begin + kShownBytes;
  while (begin < at && IsContinuation(sql[begin])) ++begin;
  while (end > at && end < sql.size() && IsContinuation(sql[end])) --end;
  size_t column = 0;
  for (size_t i = begin; i < at; ++i) column += IsContinuation(sql[i]) ? 0 : 1;
  return InvalidInput("Invalid user input: ", message, ", at position ", at + 1, "\n  ",
                      sql.substr(begin, end - begin), "\n  ", std::string(column, ' '), "^");
}

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t least = name.size() / 3 + 2;
  for (const std::string& candidate : candidates) {
    // Far longer or shorter names cannot be near; most are ruled out here.
    if (candidate.size() > name.size() + least || name.size() > candidate.size() + least) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance < least && distance <= std::max<size_t>(1, candidate.size() / 3)) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace lancea
