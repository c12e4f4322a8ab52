#include "lancea/schema/projection.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr size_t kMaxColumnsListed = 20;

const Field* FindByName(const std::vector<Field>& fields, std::string_view name) {
  auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Letters to insert, delete, replace or swap with the next to get from `a` to `b`, or `limit` + 1 when it
/// is more. Upper and lower case are the same letter.
size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) return limit + 1;
  // Distances of the first i letters of `a` to each start of `b`, and the two rows before.
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  auto same = [&](size_t i, size_t j) { return LowerCase(a[i - 1]) == LowerCase(b[j - 1]); };
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i, j) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

void CollectPaths(const std::vector<Field>& fields, std::vector<std::string>& names,
                  std::vector<std::string>& paths) {
  for (const Field& field : fields) {
    names.push_back(field.name);
    paths.push_back(FormatFieldPath(names));
    CollectPaths(field.children, names, paths);
    names.pop_back();
  }
}

arrow::Status NoSuchColumn(const Schema& schema, std::string_view path) {
  std::vector<std::string> names, paths;
  CollectPaths(schema.fields, names, paths);
  // A third of the letters may be wrong, but never so many that any short name fits.
  size_t best = std::max<size_t>(1, std::min<size_t>(path.size(), 256) / 3);
  std::string nearest;
  for (const std::string& candidate : paths) {
    size_t distance = EditDistance(path.substr(0, 256), candidate, best);
    if (distance > best || (distance == best && !nearest.empty())) continue;
    best = distance;
    nearest = candidate;
  }
  std::string message = "no column \"" + std::string(path) + "\"";
  message += nearest.empty() ? ";" : "; did you mean \"" + nearest + "\"?";
  message += " columns:";
  size_t listed = std::min(schema.fields.size(), kMaxColumnsListed);
  for (size_t i = 0; i < listed; ++i) {
    message += (i == 0 ? " " : ", ") + schema.fields[i].name;
  }
  if (listed < schema.fields.size()) {
    message += " and " + std::to_string(schema.fields.size() - listed) + " more";
  }
  return NotFound(message);
}

/// Maps, blobs and packed structs are one column each, so they are read whole.
bool IsAtomic(const Field& field) {
  return field.logical_type == "map" || IsBlob(field) || IsPackedStruct(field);
}

/// Append `chain[level]` to `fields`, with only the rest of the chain below it, merging with what
/// is there.
void AddChain(std::span<const Field* const> chain, std::vector<Field>& fields) {
  const Field& source = *chain.front();
  auto present = std::ranges::find_if(fields, [&](const Field& field) {
    return field.id == source.id && field.name == source.name;
  });
  if (chain.size() == 1 || IsAtomic(source)) {
    if (present == fields.end()) {
      fields.push_back(source);
    } else {
      // Keep the order asked so far and add the children not asked for yet.
      for (const Field& child : source.children) {
        const Field* link = &child;
        AddChain({&link, 1}, present->children);
      }
    }
    return;
  }
  if (present == fields.end()) {
    Field copy;
    copy.id = source.id;
    copy.parent_id = source.parent_id;
    copy.name = source.name;
    copy.logical_type = source.logical_type;
    copy.nullable = source.nullable;
    copy.metadata = source.metadata;
    copy.legacy_encoding = source.legacy_encoding;
    copy.primary_key_position = source.primary_key_position;
    fields.push_back(std::move(copy));
    present = std::prev(fields.end());
  }
  AddChain(chain.subspan(1), present->children);
}

std::optional<Field> KeepIds(const Field& field, const std::unordered_set<int32_t>& ids) {
  bool chosen = ids.contains(field.id);
  std::vector<Field> children;
  for (const Field& child : field.children) {
    if (auto kept = KeepIds(child, ids)) children.push_back(*std::move(kept));
  }
  if (!chosen && children.empty()) return std::nullopt;
  if (IsAtomic(field) || children.empty()) return field;
  Field copy = field;
  copy.children = std::move(children);
  return copy;
}

}  // namespace

arrow::Result<std::vector<std::string>> ParseFieldPath(std::string_view path) {
  auto bad = [&](const char* why) { return InvalidInput("field path \"", path, "\": ", why); };
  std::vector<std::string> names;
  size_t at = 0;
  while (true) {
    std::string name;
    if (at < path.size() && path[at] == '`') {
      for (++at;; ++at) {
        if (at >= path.size()) return bad("the back quote is not closed");
        if (path[at] != '`') {
          name += path[at];
        } else if (at + 1 < path.size() && path[at + 1] == '`') {
          name += path[at++];
        } else {
          break;
        }
      }
      if (++at < path.size() && path[at] != '.') return bad("'.' must follow a closing back quote");
    } else {
      size_t end = std::min(path.find('.', at), path.size());
      name = path.substr(at, end - at);
      if (name.find('`') != std::string::npos) return bad("a back quote inside a name");
      at = end;
    }
    if (name.empty()) return bad("an empty name");
    names.push_back(std::move(name));
    if (at >= path.size()) return names;
    ++at;
  }
}

std::string FormatFieldPath(std::span<const std::string> names) {
  std::string path;
  for (const std::string& name : names) {
    if (!path.empty()) path += '.';
    if (name.find_first_of(".`") == std::string::npos) {
      path += name;
      continue;
    }
    path += '`';
    for (char c : name) {
      if (c == '`') path += '`';
      path += c;
    }
    path += '`';
  }
  return path;
}

arrow::Result<std::vector<const Field*>> ResolvePath(const Schema& schema, std::string_view path) {
  // A top-level name that is written as it stands needs no quotes.
  if (const Field* field = FindByName(schema.fields, path)) return std::vector{field};
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> names, ParseFieldPath(path));
  std::vector<const Field*> chain;
  const std::vector<Field>* fields = &schema.fields;
  for (const std::string& name : names) {
    const Field* field = FindByName(*fields, name);
    if (field == nullptr) return NoSuchColumn(schema, path);
    chain.push_back(field);
    fields = &field->children;
  }
  return chain;
}

arrow::Result<Schema> Project(const Schema& schema, const std::vector<std::string>& columns) {
  // Looking each of many names up by scanning a wide schema would be quadratic.
  std::unordered_map<std::string_view, const Field*> by_name;
  if (columns.size() > 8) {
    by_name.reserve(schema.fields.size());
    for (const Field& field : schema.fields) by_name.emplace(field.name, &field);
  }
  Schema out;
  out.metadata = schema.metadata;
  out.fields.reserve(std::min(columns.size(), schema.fields.size()));
  std::unordered_set<const Field*> whole;
  for (const std::string& column : columns) {
    auto found = by_name.find(column);
    if (found != by_name.end() && found->second->children.empty()) {
      if (whole.insert(found->second).second) out.fields.push_back(*found->second);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(std::vector<const Field*> chain, ResolvePath(schema, column));
    if (chain.front()->children.empty() && !whole.insert(chain.front()).second) continue;
    AddChain(chain, out.fields);
  }
  return out;
}

Schema ProjectByIds(const Schema& schema, std::span<const int32_t> ids) {
  std::unordered_set<int32_t> chosen(ids.begin(), ids.end());
  chosen.erase(-1);
  Schema out;
  out.metadata = schema.metadata;
  for (const Field& field : schema.fields) {
    if (auto kept = KeepIds(field, chosen)) out.fields.push_back(*std::move(kept));
  }
  return out;
}

}  // namespace lancea
