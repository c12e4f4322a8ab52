#include "lancea/scan/read_plan.h"

#include <algorithm>
#include <set>

#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/stored_field.h"
#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/table/fragment.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Readers of this many fragments are remembered by one plan.
constexpr size_t kMaxKeptFragments = 4096;
constexpr size_t kMaxKeptPlans = 64;

struct SystemColumn {
  const char* name;
  PlanColumn::Kind kind;
};
constexpr SystemColumn kSystemColumns[] = {
    {"_rowid", PlanColumn::Kind::kRowId},
    {"_rowaddr", PlanColumn::Kind::kRowAddress},
    {"_rowoffset", PlanColumn::Kind::kRowOffset},
    {"_row_created_at_version", PlanColumn::Kind::kCreatedAtVersion},
    {"_row_last_updated_at_version", PlanColumn::Kind::kLastUpdatedAtVersion},
};

bool HasJson(const Field& field) {
  if (IsJson(field)) return true;
  return std::any_of(field.children.begin(), field.children.end(), HasJson);
}

bool IsSystemColumn(const std::string& name) {
  return std::any_of(std::begin(kSystemColumns), std::end(kSystemColumns),
                     [&](const SystemColumn& system) { return name == system.name; });
}

// Order the fields below `field` as below `source`, of which it is a part.
void SortLike(const Field& source, Field& field) {
  auto position = [&](const Field& child) {
    return std::ranges::find(source.children, child.name, &Field::name) - source.children.begin();
  };
  std::ranges::sort(field.children, {}, position);
  for (Field& child : field.children) SortLike(source.children[position(child)], child);
}

}  // namespace

bool HasBlob(const Field& field) {
  if (IsBlob(field)) return true;
  return std::any_of(field.children.begin(), field.children.end(), HasBlob);
}

std::string ReadPlan::Key(const ScanOptions& options, Nested nested) {
  std::string key = nested == Nested::kFlattened ? "f" : "s";
  key += options.with_row_id ? 'i' : '-';
  key += options.with_row_address ? 'a' : '-';
  key += options.blob_handling == BlobHandling::kBinary ? 'b' : '-';
  if (!options.columns.has_value()) return key + "*";
  for (const std::string& column : *options.columns) {
    key += '\0';
    key += column;
  }
  return key;
}

arrow::Result<std::shared_ptr<const ReadPlan>> ReadPlan::Make(const Dataset::Impl& dataset,
                                                              const ScanOptions& options,
                                                              Nested nested,
                                                              Dictionaries dictionaries) {
  std::shared_ptr<ReadPlan> plan(new ReadPlan(dataset));
  plan->dictionaries_ = dictionaries;
  ARROW_RETURN_NOT_OK(plan->Init(options, nested));
  return plan;
}

arrow::Result<std::shared_ptr<const ReadPlan>> ReadPlan::MakeStored(const Dataset::Impl& dataset) {
  std::shared_ptr<ReadPlan> plan(new ReadPlan(dataset));
  ARROW_RETURN_NOT_OK(plan->Init({}, Nested::kInsideStruct));
  arrow::FieldVector fields;
  for (PlanColumn& column : plan->columns_) {
    column.has_json = false;
    column.output = column.decoded;
    fields.push_back(column.decoded);
  }
  plan->schema_ = arrow::schema(std::move(fields));
  return plan;
}

arrow::Status ReadPlan::Init(const ScanOptions& options, Nested nested) {
  const Schema& schema = dataset_.manifest->schema;
  blobs_ = options.blob_handling;
  if (!options.columns.has_value()) {
    for (const Field& field : schema.fields) ARROW_RETURN_NOT_OK(AddWholeField(field));
  } else if (nested == Nested::kFlattened) {
    for (const std::string& column : *options.columns) {
      if (!AddSystemColumn(column)) ARROW_RETURN_NOT_OK(AddField(column));
    }
  } else {
    ARROW_RETURN_NOT_OK(AddInsideStructs(*options.columns));
  }
  // They come last, also where they are among the columns.
  auto add_last = [&](PlanColumn::Kind kind, const std::string& name) {
    std::erase_if(columns_, [&](const PlanColumn& column) { return column.kind == kind; });
    AddSystemColumn(name);
  };
  if (options.with_row_id) add_last(PlanColumn::Kind::kRowId, "_rowid");
  if (options.with_row_address) add_last(PlanColumn::Kind::kRowAddress, "_rowaddr");

  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::set<std::string> names;
  for (const PlanColumn& column : columns_) {
    // Takes may name those of the system twice (pylance 14.0.2).
    const bool may_repeat =
        nested == Nested::kInsideStruct && column.kind != PlanColumn::Kind::kField;
    if (!names.insert(column.output->name()).second && !may_repeat) {
      return InvalidInput("Duplicate column name: ", column.output->name());
    }
    fields.push_back(column.output);
  }
  schema_ = arrow::schema(std::move(fields), dataset_.schema->metadata());
  kept_.resize(dataset_.fragments().size());
  return arrow::Status::OK();
}

// Several paths into one struct make one column, which stands where the first of them does. Its
// fields are in the order of the schema.
arrow::Status ReadPlan::AddInsideStructs(const std::vector<std::string>& names) {
  const Schema& schema = dataset_.manifest->schema;
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (!IsSystemColumn(name)) paths.push_back(name);
  }
  Schema projected;
  if (!paths.empty()) {
    ARROW_ASSIGN_OR_RAISE(projected, Project(schema, paths));
  }
  size_t added = 0;  // of projected.fields, which are in the order first mentioned
  for (const std::string& name : names) {
    if (AddSystemColumn(name)) {
      // Takes say that every row has an offset, scans do not (pylance 14.0.2).
      PlanColumn& column = columns_.back();
      if (column.kind == PlanColumn::Kind::kRowOffset) {
        column.output = column.output->WithNullable(false);
      }
      continue;
    }
    if (added == projected.fields.size()) continue;
    ARROW_ASSIGN_OR_RAISE(auto path, ResolvePath(schema, name));
    if (path.front()->name != projected.fields[added].name) continue;
    SortLike(*path.front(), projected.fields[added]);
    ARROW_RETURN_NOT_OK(AddWholeField(projected.fields[added++]));
  }
  return arrow::Status::OK();
}

arrow::Status ReadPlan::AddWholeField(const Field& field) {
  PlanColumn column;
  column.field = field;
  column.has_json = HasJson(field);
  column.has_blob_bytes = blobs_ == BlobHandling::kBinary && HasBlob(field);
  ARROW_ASSIGN_OR_RAISE(column.decoded, ToArrow(AsStored(field)));
  ARROW_ASSIGN_OR_RAISE(column.output, ToArrowAsRead(field, blobs_));
  columns_.push_back(std::move(column));
  return arrow::Status::OK();
}

arrow::Status ReadPlan::AddField(const std::string& path) {
  const Schema& schema = dataset_.manifest->schema;
  // A column whose own name holds a dot is meant before a path is.
  for (const Field& field : schema.fields) {
    if (field.name == path) return AddWholeField(field);
  }
  ARROW_ASSIGN_OR_RAISE(auto fields, ResolvePath(schema, path));
  ARROW_ASSIGN_OR_RAISE(Schema projected, Project(schema, {path}));
  for (size_t i = 0; i + 1 < fields.size(); ++i) {
    if (fields[i]->logical_type != "struct") {
      return InvalidInput("column \"", path, "\": \"", fields[i]->name, "\" is ",
                          fields[i]->logical_type, ", only fields of structs can be selected");
    }
  }
  ARROW_RETURN_NOT_OK(AddWholeField(projected.fields[0]));
  if (fields.size() == 1) return arrow::Status::OK();
  PlanColumn& column = columns_.back();
  for (size_t i = 1; i < fields.size(); ++i) column.flatten_path.push_back(fields[i]->name);
  std::shared_ptr<arrow::Field> leaf = column.output;
  bool nullable = leaf->nullable();
  // By name: packed structs and blob descriptions are read whole, so they may have other children.
  for (size_t i = 1; i < fields.size(); ++i) {
    leaf =
        leaf->type()->id() == arrow::Type::STRUCT
            ? static_cast<const arrow::StructType&>(*leaf->type()).GetFieldByName(fields[i]->name)
            : nullptr;
    if (leaf == nullptr) return InvalidInput("column \"", path, "\" cannot be selected by itself");
    nullable |= leaf->nullable();
  }
  column.output = leaf->WithName(path)->WithNullable(nullable);
  return arrow::Status::OK();
}

bool ReadPlan::AddSystemColumn(const std::string& name) {
  for (const SystemColumn& system : kSystemColumns) {
    if (name != system.name) continue;
    PlanColumn column;
    column.kind = system.kind;
    column.output = arrow::field(name, arrow::uint64(), /*nullable=*/true);
    columns_.push_back(std::move(column));
    return true;
  }
  return false;
}

arrow::Result<std::shared_ptr<const FragmentColumns>> ReadPlan::ForFragment(size_t index,
                                                                            bool keep) const {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (kept_[index] != nullptr) return kept_[index];
  }
  ARROW_ASSIGN_OR_RAISE(auto opened, Open(index));
  if (!keep) return opened;
  std::lock_guard<std::mutex> lock(mutex_);
  if (num_kept_ >= kMaxKeptFragments) {
    std::fill(kept_.begin(), kept_.end(), nullptr);
    num_kept_ = 0;
  }
  if (kept_[index] == nullptr) {
    kept_[index] = opened;
    ++num_kept_;
  }
  return kept_[index];
}

arrow::Result<std::shared_ptr<const FragmentColumns>> ReadPlan::Open(size_t index) const {
  const FragmentMetadata& fragment = dataset_.fragments()[index];
  auto out = std::make_shared<FragmentColumns>();
  out->num_rows = fragment.physical_rows;
  out->columns.resize(columns_.size());
  Schema wanted;
  std::vector<size_t> column_of;  // by field of `wanted`
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].kind != PlanColumn::Kind::kField) continue;
    wanted.fields.push_back(columns_[c].field);
    column_of.push_back(c);
  }
  for (const DataFile& file : fragment.files) {
    const Schema stored = SchemaOfDataFile(wanted, file);
    if (stored.fields.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto opened, dataset_.OpenDataFile(file));
    if (opened->num_rows() != fragment.physical_rows) {
      return Corrupt(opened->object()->path(), ": ", opened->num_rows(), " rows, fragment ",
                     fragment.id, " has ", fragment.physical_rows);
    }
    const FieldColumns columns{file.fields, file.column_indices};
    size_t next = 0;
    for (const Field& field : stored.fields) {
      // Both lists are in the order of the plan, which may have a field more than once.
      while (next < wanted.fields.size() && wanted.fields[next].id != field.id) ++next;
      if (next == wanted.fields.size())
        return Corrupt("fields of ", file.path, " are out of order");
      const PlanColumn& column = columns_[column_of[next]];
      std::shared_ptr<arrow::Field> decoded = column.decoded;
      if (!(field == column.field)) {
        ARROW_ASSIGN_OR_RAISE(decoded, ToArrow(AsStored(field)));
      }
      ARROW_ASSIGN_OR_RAISE(auto reader, opened->MakeFieldReader(field, decoded, columns));
      out->columns[column_of[next]].push_back({out->files.size(), std::move(reader)});
      ++next;
    }
    out->files.push_back(std::move(opened));
  }
  return out;
}

arrow::Result<std::shared_ptr<const ReadPlan>> Dataset::Impl::Plan(
    const ScanOptions& options) const {
  return KeptPlan(options, /*flattened=*/false);
}

arrow::Result<std::shared_ptr<const ReadPlan>> Dataset::Impl::ScanPlan(
    const ScanOptions& options) const {
  return KeptPlan(options, /*flattened=*/true);
}

arrow::Result<std::shared_ptr<const ReadPlan>> Dataset::Impl::KeptPlan(const ScanOptions& options,
                                                                       bool flattened) const {
  const auto nested = flattened ? ReadPlan::Nested::kFlattened : ReadPlan::Nested::kInsideStruct;
  const std::string key = ReadPlan::Key(options, nested);
  {
    std::lock_guard<std::mutex> lock(plans_mutex_);
    auto it = plans_.find(key);
    if (it != plans_.end()) return it->second;
  }
  ARROW_ASSIGN_OR_RAISE(auto plan, ReadPlan::Make(*this, options, nested));
  std::lock_guard<std::mutex> lock(plans_mutex_);
  if (plans_.size() >= kMaxKeptPlans) plans_.clear();
  return plans_.emplace(key, std::move(plan)).first->second;
}

}  // namespace lancea
