// A table of one column and no data, for tests of what commits do to it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lancea/io/memory_store.h"
#include "lancea/table/commit.h"
#include "lancea/table/transaction.h"
#include "lancea/util/uuid.h"

namespace lancea {

constexpr char kTestRoot[] = "tables/t";

inline Schema OneColumn() {
  Field field;
  field.id = 0;
  field.name = "a";
  field.logical_type = "int64";
  Schema schema;
  schema.fields.push_back(field);
  return schema;
}

/// 100 rows in a file that is never opened.
inline FragmentMetadata FragmentOf(const std::string& file, uint64_t id = 0) {
  FragmentMetadata fragment;
  fragment.id = id;
  fragment.physical_rows = 100;
  DataFile data;
  data.path = file;
  data.fields = {0};
  data.column_indices = {0};
  data.file_major_version = 2;
  data.file_minor_version = 1;
  data.file_size_bytes = 1000;
  fragment.files.push_back(data);
  return fragment;
}

inline Transaction TransactionOf(uint64_t read_version, Operation operation) {
  Transaction transaction;
  transaction.read_version = read_version;
  transaction.uuid = Uuid::Random().ToString();
  transaction.operation = std::move(operation);
  return transaction;
}

inline Transaction OverwriteOf(uint64_t read_version, std::vector<std::string> files) {
  operation::Overwrite overwrite;
  overwrite.schema = OneColumn();
  for (const std::string& file : files) overwrite.fragments.push_back(FragmentOf(file));
  return TransactionOf(read_version, std::move(overwrite));
}

inline Transaction AppendOf(uint64_t read_version, const std::string& file) {
  operation::Append append;
  append.fragments.push_back(FragmentOf(file));
  return TransactionOf(read_version, std::move(append));
}

/// Says only what of `fragment` changes: the test's deletion file is never opened unless it is merged.
inline Transaction DeleteOf(uint64_t read_version, FragmentMetadata fragment,
                            uint64_t num_deleted = 1) {
  DeletionFile file;
  file.type = DeletionFile::Type::kBitmap;
  file.read_version = read_version;
  file.id = 7;
  file.num_deleted_rows = num_deleted;
  fragment.deletion_file = file;
  operation::Delete deletes;
  deletes.updated_fragments.push_back(std::move(fragment));
  deletes.predicate = "a > 1";
  return TransactionOf(read_version, std::move(deletes));
}

inline CommitTarget TargetOf(std::shared_ptr<ObjectStore> store,
                             std::optional<TableVersion> known = std::nullopt) {
  CommitTarget target;
  target.store = std::move(store);
  target.root = kTestRoot;
  target.known = std::move(known);
  return target;
}

inline arrow::Result<TableVersion> LatestOf(ObjectStore& store) {
  return LoadLatestVersion(store, *PutIfAbsentHandler(), kTestRoot);
}

/// How often each data file is in the table.
inline std::map<std::string, int> FilesOf(const Manifest& manifest) {
  std::map<std::string, int> files;
  for (const FragmentMetadata& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) ++files[file.path];
  }
  return files;
}

/// A table in memory: version 1 has the file "first".
struct TableForTest {
  std::shared_ptr<ObjectStore> store = std::make_shared<MemoryObjectStore>();
  TableVersion first;

  TableForTest() {
    first = Commit(TargetOf(store), OverwriteOf(0, {"first"})).ValueOrDie().version;
  }
  CommitTarget Target() const { return TargetOf(store, first); }
  TableVersion Latest() const { return LatestOf(*store).ValueOrDie(); }
};

}  // namespace lancea
