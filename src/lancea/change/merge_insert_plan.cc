#include "lancea/change/merge_insert_plan.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "arrow/type.h"
#include "lancea/change/merge_insert_index.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/scan/copied_blobs.h"
#include "lancea/scan/partial_structs.h"
#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"
#include "lancea/write/write_schema.h"

namespace lancea {
namespace {

using WhenMatched = MergeInsertOptions::WhenMatched;

bool EqualsIgnoringCase(const std::string& a, const std::string& b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

// The field at a path, exact spelling first.
const Field* FindChild(const std::vector<Field>& fields, const std::string& name) {
  auto found = std::ranges::find(fields, name, &Field::name);
  if (found == fields.end()) {
    found = std::ranges::find_if(
        fields, [&](const Field& field) { return EqualsIgnoringCase(field.name, name); });
  }
  return found == fields.end() ? nullptr : &*found;
}

arrow::Result<std::vector<const Field*>> FindKey(const Schema& schema, const std::string& path) {
  const auto missing = [&] {
    return InvalidInput("Merge insert key column '", path, "' does not exist in schema");
  };
  auto names = ParseFieldPath(path);
  if (!names.ok()) return missing();
  std::vector<const Field*> out;
  const std::vector<Field>* fields = &schema.fields;
  for (const std::string& name : *names) {
    const Field* field = FindChild(*fields, name);
    if (field == nullptr) return missing();
    out.push_back(field);
    fields = &field->children;
  }
  return out;
}

std::string PathOf(const std::vector<const Field*>& fields) {
  std::vector<std::string> names;
  for (const Field* field : fields) names.push_back(field->name);
  return FormatFieldPath(names);
}

void PrimaryKey(const std::vector<Field>& fields, std::vector<const Field*> above,
                std::vector<std::vector<const Field*>>* out) {
  for (const Field& field : fields) {
    auto path = above;
    path.push_back(&field);
    if (field.primary_key_position) out->push_back(path);
    PrimaryKey(field.children, std::move(path), out);
  }
}

std::vector<std::vector<const Field*>> PrimaryKey(const Schema& schema) {
  std::vector<std::vector<const Field*>> out;
  PrimaryKey(schema.fields, {}, &out);
  std::ranges::stable_sort(out, {}, [](const auto& path) {
    return std::pair(*path.back()->primary_key_position, path.back()->id);
  });
  return out;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

// The table's fields as the source has them; refuses sources that do not fit.
arrow::Result<Schema> GivenFields(const Schema& table, const arrow::Schema& source, bool inserts) {
  Schema shared;
  shared.metadata = table.metadata;
  std::vector<std::string> required;
  for (const Field& field : table.fields) {
    if (source.GetFieldIndex(field.name) >= 0) {
      shared.fields.push_back(field);
    } else if (!field.nullable) {
      required.push_back('"' + field.name + '"');
    }
  }
  ARROW_ASSIGN_OR_RAISE(Schema given, SchemaOfAppendedRows(shared, source));
  for (size_t i = 0; i < given.fields.size(); ++i) {
    if (CoverageOf(shared.fields[i], given.fields[i]) == FieldCoverage::kBroken) {
      return InvalidInput("the items of the source's column `", given.fields[i].name,
                          "` lack some of the table's fields: a merge takes whole lists and maps");
    }
  }
  if (inserts && !required.empty()) {
    return InvalidInput("Cannot insert rows with a partial-schema source: target column(s) [",
                        Join(required),
                        "] are non-nullable and not provided by the source. Either add them to "
                        "the source or set when_not_matched to DoNothing.");
  }
  return given;
}

// Refuses what cannot be done in place: rows stay where they are, and only whole columns are written.
arrow::Status CheckRewritesColumns(const MergePlan& plan, const Schema& table) {
  std::vector<std::string> reasons;
  if (std::ranges::none_of(plan.source_columns, [](int column) { return column < 0; }) &&
      std::ranges::none_of(plan.is_part, std::identity())) {
    reasons.emplace_back("the source covers every dataset column, so there is nothing to skip");
  }
  if (plan.patched.empty()) {
    reasons.emplace_back("the source carries no column besides the join key");
  }
  if (!plan.updates()) {
    reasons.emplace_back("when_matched must update rather than delete or do nothing");
  }
  if (plan.options.insert_not_matched) {
    reasons.emplace_back(
        "inserting unmatched source rows adds rows, which rewriting columns cannot do");
  }
  if (plan.options.delete_not_matched_by_source) {
    reasons.emplace_back("deleting target rows unmatched by the source removes rows");
  }
  for (const size_t column : plan.patched) {
    if (!HoldsBlobs(table.fields[column])) continue;
    reasons.emplace_back("the source carries a blob column, whose rows have to be written whole");
    break;
  }
  if (reasons.empty()) return arrow::Status::OK();
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return InvalidInput("write_mode=rewrite_columns cannot express this merge insert: ", text,
                      ". Use auto or rewrite_rows instead.");
}

arrow::Status CheckBoolean(const SqlValue& condition, const std::string& sql) {
  if (condition.type()->id() == arrow::Type::BOOL || condition.type()->id() == arrow::Type::NA) {
    return arrow::Status::OK();
  }
  return InvalidInput("Merge insert conditions must be expressions that return a boolean value, ",
                      "received expression (", sql, ") which has data type ",
                      condition.type()->ToString());
}

}  // namespace

std::string QuotedPath(const std::string& name) {
  return FormatFieldPath(std::span<const std::string>(&name, 1));
}

arrow::Result<std::vector<std::string>> MergeKeys(const Dataset& dataset,
                                                  const std::vector<std::string>& on) {
  std::vector<std::string> out;
  if (on.empty()) {
    for (const auto& path : PrimaryKey(dataset.lance_schema())) out.push_back(PathOf(path));
    if (out.empty()) {
      return InvalidInput(
          "A merge insert operation requires join keys: specify `on` columns "
          "explicitly or configure a primary key in the dataset schema");
    }
    return out;
  }
  for (const std::string& path : on) {
    ARROW_ASSIGN_OR_RAISE(auto fields, FindKey(dataset.lance_schema(), path));
    std::string name = PathOf(fields);
    if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  return out;
}

arrow::Result<MergePlan> MergePlan::Make(const Dataset& dataset, const arrow::Schema& source,
                                         const MergeInsertOptions& options) {
  MergePlan plan;
  plan.options = options;
  if (!options.insert_not_matched && options.when_matched == WhenMatched::kDoNothing &&
      !options.delete_not_matched_by_source) {
    return InvalidInput("The merge insert job is not configured to change the data in any way");
  }
  const Schema& table = dataset.lance_schema();
  ARROW_ASSIGN_OR_RAISE(const auto on, MergeKeys(dataset, options.on));
  ARROW_ASSIGN_OR_RAISE(plan.rows, ToArrowAsRead(table));
  ARROW_ASSIGN_OR_RAISE(auto declared, ToArrow(AsDeclared(table)));
  for (const auto& field : declared->fields()) plan.written.push_back(field->type());
  ARROW_ASSIGN_OR_RAISE(plan.keys, MergeKeyColumns::Make(on, *plan.rows));
  plan.has_stable_row_ids = dataset.has_stable_row_ids();
  ARROW_ASSIGN_OR_RAISE(const Schema given_fields,
                        GivenFields(table, source, options.insert_not_matched));

  std::set<uint32_t> key_ids;
  std::set<std::string> key_columns;  // that are keys as a whole
  for (const std::string& path : on) {
    ARROW_ASSIGN_OR_RAISE(auto fields, FindKey(table, path));
    if (source.GetFieldIndex(fields[0]->name) < 0) {
      return InvalidInput("No field named ", path, ". Valid fields are ",
                          Join(source.field_names()), ".");
    }
    const auto given = FindKey(given_fields, path);
    if (given.ok() && CoverageOf(*fields.back(), *given->back()) != FieldCoverage::kWhole) {
      return InvalidInput("the source's key column '", path,
                          "' lacks some of the table's fields: keys are compared as a whole");
    }
    key_ids.insert(static_cast<uint32_t>(fields.back()->id));
    if (fields.size() == 1) key_columns.insert(fields[0]->name);
  }
  for (const Field& field : table.fields) {
    plan.source_columns.push_back(source.GetFieldIndex(field.name));
    const bool is_missing = plan.source_columns.back() < 0;
    const auto given = std::ranges::find(given_fields.fields, field.name, &Field::name);
    plan.is_part.push_back(!is_missing && CoverageOf(field, *given) == FieldCoverage::kPart);
    if (is_missing || plan.is_part.back()) plan.missing.push_back(field.name);
    if (plan.rewrites_columns() && !is_missing && !key_columns.contains(field.name)) {
      plan.patched.push_back(plan.source_columns.size() - 1);
    }
  }
  VisitFields(table.fields,
              [&](const Field& f) { plan.fields.push_back(static_cast<uint32_t>(f.id)); });
  if (plan.rewrites_columns()) ARROW_RETURN_NOT_OK(CheckRewritesColumns(plan, table));

  const auto target = EvaluatedSchema(*plan.rows);
  if (plan.updates() && options.update_condition) {
    arrow::FieldVector given;
    for (const auto& field : target->fields()) {
      if (source.GetFieldIndex(field->name()) >= 0) given.push_back(field);
    }
    auto both = arrow::schema({arrow::field("source", arrow::struct_(given)),
                               arrow::field("target", arrow::struct_(target->fields()))});
    ARROW_ASSIGN_OR_RAISE(plan.update_condition, SqlValue::Parse(*options.update_condition, both));
    ARROW_RETURN_NOT_OK(CheckBoolean(*plan.update_condition, *options.update_condition));
    for (const auto& path : plan.update_condition->Columns(2)) {
      auto& columns = path[0] == "source" ? plan.condition_source : plan.condition_target;
      if (path.size() > 1) {
        columns.push_back(path[1]);
        continue;
      }
      for (const auto& field : path[0] == "source" ? given : target->fields()) {
        columns.push_back(field->name());
      }
    }
  }
  if (options.delete_not_matched_by_source && options.delete_condition) {
    ARROW_ASSIGN_OR_RAISE(plan.delete_condition,
                          SqlValue::Parse(*options.delete_condition, target));
    ARROW_RETURN_NOT_OK(CheckBoolean(*plan.delete_condition, *options.delete_condition));
    for (const auto& path : plan.delete_condition->Columns(1)) {
      plan.delete_columns.push_back(path[0]);
    }
  }
  const auto primary = PrimaryKey(table);
  std::set<uint32_t> primary_ids;
  for (const auto& path : primary) primary_ids.insert(static_cast<uint32_t>(path.back()->id));
  if (!primary.empty() && primary_ids == key_ids) {
    plan.primary_key.emplace(key_ids.begin(), key_ids.end());
  }
  return plan;
}

std::vector<std::string> MergePlan::ScannedColumns() const {
  std::vector<std::string> out = keys.paths();
  for (const std::string& name : delete_columns) {
    const std::string path = QuotedPath(name);
    if (std::ranges::count(out, path) == 0) out.push_back(path);
  }
  return out;
}

std::string MergePlan::Title() const {
  std::string matched;
  switch (options.when_matched) {
    case WhenMatched::kDoNothing:
      matched = "DoNothing";
      break;
    case WhenMatched::kUpdateAll:
      matched =
          options.update_condition ? "UpdateIf(" + *options.update_condition + ")" : "UpdateAll";
      break;
    case WhenMatched::kFail:
      matched = "Fail";
      break;
    case WhenMatched::kDelete:
      matched = "Delete";
      break;
  }
  std::string by_source = "Keep";
  if (options.delete_not_matched_by_source) {
    by_source = options.delete_condition ? "DeleteIf(" + *options.delete_condition + ")" : "Delete";
  }
  if (rewrites_columns()) {
    return "InPlaceMergeInsert: on=[" + Join(keys.paths()) + "], when_matched=" + matched +
           ", mode=RewriteColumns";
  }
  return "MergeInsert: on=[" + Join(keys.paths()) + "], when_matched=" + matched +
         ", when_not_matched=" + (options.insert_not_matched ? "InsertAll" : "DoNothing") +
         ", when_not_matched_by_source=" + by_source;
}

std::string MergePlan::Explain(const Dataset& dataset, const arrow::Schema& source) const {
  std::string pairs;
  for (const std::string& path : keys.paths()) {
    pairs += (pairs.empty() ? "(" : ", (") + path + ", " + path + ")";
  }
  std::vector<std::string> fetched = condition_target;
  if (updates() && !rewrites_columns())
    fetched.insert(fetched.end(), missing.begin(), missing.end());
  std::string out = Title() + "\n";
  std::string indent = "  ";
  if (!fetched.empty()) {
    out += indent + "LanceTake: columns=[" + Join(fetched) + "], of matched rows\n";
    indent += "  ";
  }
  out += indent + "HashJoinExec: mode=CollectLeft, join_type=Full, on=[" + pairs + "]\n";
  out += indent + "  Source: columns=[" + Join(source.field_names()) + "]\n";
  out += indent + "  LanceRead: uri=" + dataset.uri() + ", projection=[" + Join(ScannedColumns()) +
         "], num_fragments=" + std::to_string(dataset.fragments().size()) +
         ", row_id=" + (has_stable_row_ids ? "true" : "false") + ", row_addr=true";
  const auto index = KeyIndexName(dataset, keys);
  if (options.use_index && !options.delete_not_matched_by_source && index) {
    out += ", key_index=" + *index + " where that reads less";
  }
  out += "\n";
  return out;
}

arrow::Result<std::string> ExplainMergeInsert(const Dataset& dataset, const arrow::Schema& source,
                                              const MergeInsertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(MergePlan plan, MergePlan::Make(dataset, source, options));
  return plan.Explain(dataset, source);
}

}  // namespace lancea
