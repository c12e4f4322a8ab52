#include "lancea/file/locate_bytes.h"

#include <map>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/schema/projection.h"

namespace lancea {
namespace {

// A block of 32 KiB may hold many small buffers; the message names this many.
constexpr size_t kMaxNamed = 8;

bool Overlap(const ByteRange& a, const ByteRange& b) {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

void CollectPaths(const std::vector<Field>& fields, std::vector<std::string>* path,
                  std::map<int32_t, std::string>* names) {
  for (const Field& field : fields) {
    path->push_back(field.name);
    names->emplace(field.id, FormatFieldPath(*path));
    CollectPaths(field.children, path, names);
    path->pop_back();
  }
}

// Column index -> dotted path.
std::map<int32_t, std::string> ColumnNames(const DataFileReader& file) {
  std::map<int32_t, std::string> out;
  auto schema = file.ReadSchema();
  if (!schema.ok()) return out;
  auto columns = file.OwnFieldColumns(*schema);
  if (!columns.ok()) return out;
  std::map<int32_t, std::string> names;
  std::vector<std::string> path;
  CollectPaths(schema->fields, &path, &names);
  for (size_t i = 0; i < columns->field_ids.size(); ++i) {
    out.emplace(columns->column_indices[i], names[columns->field_ids[i]]);
  }
  return out;
}

}  // namespace

std::string LocateBytes(const std::shared_ptr<ObjectReader>& object, ByteRange range) {
  auto opened = DataFileReader::Open(object, nullptr, {.verify_checksums = false});
  if (!opened.ok()) return "metadata of the file, which no longer make sense";
  const DataFileReader& file = **opened;
  if (file.is_legacy()) return "metadata of the file";
  const auto names = ColumnNames(file);
  std::vector<std::string> found;
  auto column_name = [&](int32_t index) {
    auto name = names.find(index);
    return name != names.end() ? "column \"" + name->second + "\""
                               : "column " + std::to_string(index);
  };
  for (int32_t index = 0; index < file.num_columns(); ++index) {
    if (auto at = file.ColumnMetadataRange(index); at.ok() && Overlap(*at, range)) {
      found.push_back("metadata of " + column_name(index));
    }
    auto column = file.Column(index);
    if (!column.ok()) continue;
    for (size_t page = 0; page < (*column)->pages.size(); ++page) {
      const auto& buffers = (*column)->pages[page].buffers;
      for (size_t buffer = 0; buffer < buffers.size(); ++buffer) {
        if (!Overlap(buffers[buffer], range)) continue;
        found.push_back(column_name(index) + ", page " + std::to_string(page) + ", buffer " +
                        std::to_string(buffer));
      }
    }
  }
  for (int32_t i = 0; i < file.num_global_buffers(); ++i) {
    if (Overlap(file.global_buffers()[i], range)) {
      found.push_back(i == 0 ? "the file descriptor" : "global buffer " + std::to_string(i));
    }
  }
  if (found.empty()) {
    return range.offset >= file.footer().column_metadata_position
               ? "tables and footer of the file"
               : "bytes outside of pages (values stored out of line, or padding)";
  }
  std::string out;
  for (size_t i = 0; i < found.size() && i < kMaxNamed; ++i) {
    out += (i == 0 ? "" : "; ") + found[i];
  }
  if (found.size() > kMaxNamed) {
    out += "; and " + std::to_string(found.size() - kMaxNamed) + " more";
  }
  return out;
}

}  // namespace lancea
