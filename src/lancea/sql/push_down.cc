#include "lancea/sql/push_down.h"

#include <algorithm>
#include <set>

#include "arrow/type.h"
#include "arrow/util/string.h"
#include "lancea/sql/condition_sql.h"
#include "lancea/sql/handle.h"
#include "lancea/sql/syntax_tree.h"

namespace lancea::duckdb {
namespace {

bool SameName(const std::string& a, const std::string& b) {
  return arrow::internal::AsciiEqualsCaseInsensitive(a, b);
}

// The answer of a query of one text parameter and one text result; empty when it fails.
std::string Ask(Connection connection, const char* sql, const std::string& parameter) {
  const Api& api = Api::Get();
  PreparedHandle statement;
  if (api.prepare(connection, sql, statement.out()) != State::kSuccess ||
      api.bind_varchar(statement.get(), 1, parameter.c_str()) != State::kSuccess) {
    return "";
  }
  QueryResult result = {};
  std::string out;
  if (api.execute_prepared(statement.get(), &result) == State::kSuccess) {
    char* text = api.value_varchar(&result, 0, 0);
    if (text != nullptr) out = text;
    api.free(text);
  }
  api.destroy_result(&result);
  return out;
}

Json Parsed(Connection connection, const std::string& sql) {
  const std::string text = Ask(connection, "SELECT json_serialize_sql($1::VARCHAR)", sql);
  Json out = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!out.is_object() || out.value("error", true) || !out.contains("statements")) return {};
  return out;
}

// A table of a FROM whose rows conditions may be asked of.
struct Source {
  Json* reference = nullptr;  // in the tree
  std::string uri;
  std::string alias;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> conditions;
};

class Statement {
 public:
  Statement(Json tree, Connection connection, const Tables& tables)
      : tree_(std::move(tree)), connection_(connection), tables_(tables) {
    CollectNames(tree_);
  }

  // Whether anything was moved.
  bool Move() {
    MoveIn(tree_);
    return moved_;
  }

  const Json& tree() const { return tree_; }

 private:
  // Of common table expressions: tables of these names are theirs.
  void CollectNames(const Json& node) {
    if (node.is_object()) {
      if (const auto map = node.find("cte_map"); map != node.end() && map->is_object()) {
        for (const Json& entry : map->value("map", Json::array())) {
          expressions_.insert(StringAt(entry, "key"));
        }
      }
    }
    if (node.is_structured()) {
      for (const Json& child : node) CollectNames(child);
    }
  }

  void MoveIn(Json& node) {
    if (!node.is_structured()) return;
    if (node.is_object() && StringAt(node, "type") == "SELECT_NODE" &&
        !IsAbsent(node, "from_table") && !IsAbsent(node, "where_clause")) {
      MoveOf(node);
    }
    for (Json& child : node) MoveIn(child);
  }

  void MoveOf(Json& select) {
    std::vector<Source> sources;
    bool all_known = true;
    Collect(select["from_table"], /*may_move=*/true, &sources, &all_known);
    if (sources.empty()) return;
    const Json where = select["where_clause"];
    std::vector<const Json*> conjuncts;
    Split(where, &conjuncts);
    for (Source& source : sources) {
      if (source.reference == nullptr) continue;
      const ResolveColumn resolve = [&](const std::vector<std::string>& names) {
        return Resolve(names, source, sources, all_known);
      };
      for (const Json* conjunct : conjuncts) {
        if (auto text = ConditionSql(*conjunct, resolve)) {
          source.conditions.push_back(*std::move(text));
        }
      }
      if (!source.conditions.empty()) Attach(source);
    }
  }

  static void Split(const Json& condition, std::vector<const Json*>* out) {
    if (StringAt(condition, "type") == "CONJUNCTION_AND") {
      for (const Json& child : condition.at("children")) Split(child, out);
    } else {
      out->push_back(&condition);
    }
  }

  // Tables of a FROM. Those whose rows a condition must not drop have no reference.
  // \param all_known  set to false when a table is not one of ours
  void Collect(Json& from, bool may_move, std::vector<Source>* out, bool* all_known) {
    const std::string type = StringAt(from, "type");
    if (type == "JOIN") {
      const std::string kind = StringAt(from, "join_type"), how = StringAt(from, "ref_type");
      const bool plain = how == "REGULAR" || how == "NATURAL" || how == "CROSS";
      const bool keeps_left = kind == "INNER" || kind == "LEFT" || kind == "SEMI" || kind == "ANTI";
      const bool keeps_right = kind == "INNER" || kind == "RIGHT";
      Collect(from["left"], may_move && plain && keeps_left, out, all_known);
      Collect(from["right"], may_move && plain && keeps_right, out, all_known);
      return;
    }
    Source source;
    const bool is_ours = Describe(from, type, &source);
    if (!is_ours) *all_known = false;
    const bool as_it_is = IsAbsent(from, "sample") && IsAbsent(from, "column_name_alias") &&
                          IsAbsent(from, "at_clause") &&
                          StringAt(from, "with_ordinality") != "WITH_ORDINALITY";
    if (is_ours && !as_it_is) *all_known = false;
    if (is_ours && may_move && as_it_is) source.reference = &from;
    if (is_ours) out->push_back(std::move(source));
  }

  // Whether a table is one that lance_scan reads.
  bool Describe(const Json& from, const std::string& type, Source* out) {
    out->alias = StringAt(from, "alias");
    std::string version;
    bool row_id = false, row_address = false;
    if (type == "BASE_TABLE") {
      out->uri = StringAt(from, "table_name");
      if (!StringAt(from, "schema_name").empty() || !StringAt(from, "catalog_name").empty() ||
          expressions_.contains(out->uri) || !tables_.Has(out->uri) || IsInDatabase(out->uri)) {
        return false;
      }
      if (out->alias.empty()) out->alias = out->uri;
    } else if (type == "TABLE_FUNCTION" && from.contains("function") &&
               SameName(StringAt(from.at("function"), "function_name"), "lance_scan")) {
      if (out->alias.empty()) out->alias = "lance_scan";
      for (const Json& argument : from.at("function").at("children")) {
        const Json* value = &argument;
        std::string name = StringAt(argument, "alias");
        if (StringAt(argument, "class") == "COMPARISON") return false;  // name = value
        if (StringAt(*value, "class") == "CAST") value = &value->at("child");
        if (StringAt(*value, "class") != "CONSTANT") return false;
        const Json& given = value->at("value").at("value");
        const std::string text = given.is_string() ? given.get<std::string>() : given.dump();
        if (name.empty()) out->uri = text;
        if (name == "version") version = text;
        if (name == "with_row_id") row_id = true;
        if (name == "with_row_address") row_address = true;
      }
    } else {
      return false;
    }
    const auto dataset = tables_.Open(out->uri, version);
    if (!dataset.ok()) return false;  // said when the statement is bound
    arrow::FieldVector fields = (*dataset)->schema()->fields();
    if (row_id) fields.push_back(arrow::field("_rowid", arrow::uint64()));
    if (row_address) fields.push_back(arrow::field("_rowaddr", arrow::uint64()));
    out->schema = arrow::schema(std::move(fields));
    return true;
  }

  // Whether DuckDB has a table of its own by that name, which goes first.
  bool IsInDatabase(const std::string& name) const {
    return Ask(connection_,
               "SELECT count(*)::VARCHAR FROM information_schema.tables "
               "WHERE lower(table_name) = lower($1)",
               name) != "0";
  }

  // Names match in any case of letters, when only one does.
  static std::shared_ptr<arrow::Field> FieldOf(const arrow::FieldVector& fields,
                                               const std::string& name) {
    std::shared_ptr<arrow::Field> out;
    for (const auto& field : fields) {
      if (!SameName(field->name(), name)) continue;
      if (out != nullptr) return nullptr;
      out = field;
    }
    return out;
  }

  static std::optional<NamedColumn> Resolve(const std::vector<std::string>& names,
                                            const Source& source,
                                            const std::vector<Source>& sources, bool all_known) {
    if (names.empty()) return std::nullopt;
    const bool qualified = names.size() > 1 && SameName(names[0], source.alias);
    if (qualified && FieldOf(source.schema->fields(), names[0]) != nullptr) return std::nullopt;
    if (!qualified) {
      // Without the table's name it must not be another's column, or another table.
      if (sources.size() > 1 || !all_known) {
        if (!all_known) return std::nullopt;
        for (const Source& other : sources) {
          if (&other == &source) continue;
          if (FieldOf(other.schema->fields(), names[0]) || SameName(other.alias, names[0])) {
            return std::nullopt;
          }
        }
      }
    }
    std::vector<std::string> path;
    std::shared_ptr<arrow::DataType> type;
    for (size_t i = qualified ? 1 : 0; i < names.size(); ++i) {
      if (type != nullptr && type->id() != arrow::Type::STRUCT) return std::nullopt;
      const auto field =
          FieldOf(type == nullptr ? source.schema->fields() : type->fields(), names[i]);
      if (field == nullptr) return std::nullopt;
      path.push_back(field->name());
      type = field->type();
    }
    if (type == nullptr || type->id() == arrow::Type::EXTENSION) return std::nullopt;
    std::string quoted;
    for (const std::string& name : path) {
      if (name.find('`') != std::string::npos) return std::nullopt;
      quoted += (quoted.empty() ? "`" : ".`") + name + "`";
    }
    return NamedColumn{std::move(quoted), std::move(type)};
  }

  // Give a table's conditions to lance_scan; the parser shows how such a call looks.
  void Attach(const Source& source) {
    auto literal = [](const std::string& text) {
      std::string out = "'";
      for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
      return out + "'";
    };
    std::string filter;
    for (const std::string& condition : source.conditions) {
      filter += (filter.empty() ? "" : " AND ") + condition;
    }
    Json& reference = *source.reference;
    const bool is_call = StringAt(reference, "type") == "TABLE_FUNCTION";
    Json* given = nullptr;
    if (is_call) {
      for (Json& argument : reference["function"]["children"]) {
        if (StringAt(argument, "alias") == "filter") given = &argument;
      }
    }
    if (given != nullptr) filter = "(" + StringAt((*given)["value"], "value") + ") AND " + filter;
    const Json call = Parsed(connection_, "SELECT * FROM lance_scan(" + literal(source.uri) +
                                              ", filter := " + literal(filter) + ")");
    if (call.is_null()) return;
    Json from = call.at("statements").at(0).at("node").at("from_table");
    Json argument = from.at("function").at("children").back();
    if (given != nullptr) {
      *given = std::move(argument);
    } else if (is_call) {
      reference["function"]["children"].push_back(std::move(argument));
    } else {
      from["alias"] = source.alias;
      reference = std::move(from);
    }
    moved_ = true;
  }

  Json tree_;
  const Connection connection_;
  const Tables& tables_;
  std::set<std::string> expressions_;
  bool moved_ = false;
};

}  // namespace

std::string PushDown(const std::string& sql, Connection connection, const Tables& tables) {
  try {
    Json tree = Parsed(connection, sql);
    if (tree.is_null()) return sql;
    Statement statement(std::move(tree), connection, tables);
    if (!statement.Move()) return sql;
    const std::string out =
        Ask(connection, "SELECT json_deserialize_sql($1::JSON)", statement.tree().dump());
    return out.empty() ? sql : out;
  } catch (const Json::exception&) {
    return sql;  // a tree that we do not know
  }
}

}  // namespace lancea::duckdb
