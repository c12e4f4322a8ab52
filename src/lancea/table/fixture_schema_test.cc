// Schemas of the outside fixtures: what pylance showed and returned, field metadata included.
#include <gtest/gtest.h>

#include "arrow/io/file.h"
#include "arrow/ipc/dictionary.h"
#include "arrow/ipc/reader.h"
#include "arrow/type.h"
#include "lancea/schema/field.h"
#include "lancea/table/file_store_for_test.h"
#include "lancea/table/manifest.h"
#include "lancea/table/manifest_path.h"

namespace lancea {
namespace {

/// A schema as a plain value: extension types and their storage with metadata compare equal.
Schema Plain(const std::shared_ptr<arrow::Schema>& schema) {
  Schema plain = FromArrow(*schema).ValueOrDie();
  plain.metadata.erase("pandas");
  return plain;
}

std::string Text(const Schema& schema) {
  return ToArrow(schema).ValueOrDie()->ToString(/*show_metadata=*/true);
}

TEST(FixtureSchemas, AreWhatPylanceShowsAndReturns) {
  std::filesystem::path fixtures = LANCEA_SOURCE_DIR "/../shared/fixtures";
  if (!std::filesystem::is_directory(fixtures)) GTEST_SKIP() << "no fixtures here";
  FileStoreForTest store;
  int num_shown = 0, num_returned = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixtures)) {
    if (entry.path().filename() != "fixture.json") continue;
    auto json = nlohmann::json::parse(ReadWholeFile(entry.path()));
    std::filesystem::path folder = entry.path().parent_path();
    std::string root = (folder / std::string(json["dataset"])).string();
    auto latest = FindLatestManifest(store, root);
    if (!latest.ok()) continue;  // a file without a table
    auto reader = *store.Open(latest->path, 0);
    auto manifest = *ReadManifest(*reader);
    for (const auto& query : json["queries"]) {
      if (query.contains("open")) continue;
      bool has_args = query.contains("args") && !query["args"].empty();
      if (query["op"] == "schema") {
        auto file =
            *arrow::io::ReadableFile::Open(folder / std::string(query["expected"]["schema"]));
        arrow::ipc::DictionaryMemo memo;
        Schema expected = Plain(*arrow::ipc::ReadSchema(file.get(), &memo));
        Schema ours = Plain(*ToArrow(AsDeclared(manifest->schema)));
        EXPECT_EQ(ours, expected) << root << "\n" << Text(ours) << "\n---\n" << Text(expected);
        ++num_shown;
      } else if (query["op"] == "scan" && !has_args) {
        auto file = *arrow::io::ReadableFile::Open(folder / std::string(query["expected"]["file"]));
        auto batches = *arrow::ipc::RecordBatchFileReader::Open(file);
        arrow::FieldVector columns;
        for (const auto& field : batches->schema()->fields()) {
          if (!field->name().starts_with("_row")) columns.push_back(field);
        }
        Schema expected = Plain(arrow::schema(columns));
        Schema ours = Plain(*ToArrowAsRead(manifest->schema));
        ours.metadata.clear();
        EXPECT_EQ(ours, expected) << root << "\n" << Text(ours) << "\n---\n" << Text(expected);
        ++num_returned;
      }
    }
  }
  EXPECT_GT(num_shown, 50);
  EXPECT_GT(num_returned, 200);
}

}  // namespace
}  // namespace lancea
