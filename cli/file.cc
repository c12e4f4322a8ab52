// lancea file: the inside of one data file: columns, pages, encodings, bytes.
#include <algorithm>
#include <iostream>

#include "command.h"
#include "lancea/file_reader.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

struct Arguments {
  std::string path;
  bool pages = false;
  bool json = false;
};

std::string VersionName(const FileReader& file) {
  // 2.0 files carry the pair they were developed under.
  if (file.major_version() == 0) return file.minor_version() == 3 ? "2.0" : "0.1";
  return std::to_string(file.major_version()) + "." + std::to_string(file.minor_version());
}

// The different encodings of a column's pages, each once.
std::string Encodings(const ColumnDescription& column) {
  std::vector<std::string> distinct;
  for (const PageDescription& page : column.pages) {
    if (std::find(distinct.begin(), distinct.end(), page.encoding) == distinct.end()) {
      distinct.push_back(page.encoding);
    }
  }
  std::string out;
  for (const std::string& encoding : distinct) out += (out.empty() ? "" : " | ") + encoding;
  return out;
}

void Print(const FileReader& file, const std::vector<ColumnDescription>& columns, bool pages) {
  uint64_t data = 0;
  size_t name_width = 6;
  for (const ColumnDescription& column : columns) {
    data += column.num_bytes();
    name_width = std::max(name_width, column.name.size());
  }
  std::cout << "version " << VersionName(file) << ", " << CountOf(file.num_rows(), "row") << ", "
            << ByteSize(file.size_bytes()) << " (" << ByteSize(data) << " in pages), "
            << CountOf(columns.size(), "column") << ", "
            << CountOf(static_cast<uint64_t>(file.num_global_buffers()), "global buffer") << "\n\n";
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnDescription& column = columns[i];
    const uint64_t bytes = column.num_bytes();
    std::cout << column.name << std::string(name_width - column.name.size(), ' ') << "  column "
              << i << ", field " << column.field_id << ", " << CountOf(column.pages.size(), "page")
              << ", " << ByteSize(bytes) << " (" << (data == 0 ? 0 : 100 * bytes / data) << " %)  "
              << Encodings(column) << "\n";
    if (!pages) continue;
    for (size_t p = 0; p < column.pages.size(); ++p) {
      const PageDescription& page = column.pages[p];
      std::cout << "    page " << p << ": " << CountOf(page.num_rows, "row") << ", "
                << ByteSize(page.num_bytes()) << ", " << page.encoding << "\n";
      for (const ByteRange& buffer : page.buffers) {
        std::cout << "      " << buffer.length << " bytes at " << buffer.offset << "\n";
      }
    }
  }
}

void PrintJson(const FileReader& file, const std::vector<ColumnDescription>& columns) {
  std::string out = "{\"version\":";
  AppendJsonString(VersionName(file), &out);
  AppendJsonMember("rows", file.num_rows(), &out);
  AppendJsonMember("bytes", file.size_bytes(), &out);
  AppendJsonMember("global_buffers", static_cast<uint64_t>(file.num_global_buffers()), &out);
  out += ",\"columns\":[";
  for (const ColumnDescription& column : columns) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    AppendJsonString(column.name, &out);
    out += ",\"field_id\":";
    out += std::to_string(column.field_id);
    AppendJsonMember("bytes", column.num_bytes(), &out);
    out += ",\"pages\":[";
    for (const PageDescription& page : column.pages) {
      if (out.back() != '[') out += ',';
      out += '{';
      AppendJsonMember("rows", page.num_rows, &out);
      out += ",\"encoding\":";
      AppendJsonString(page.encoding, &out);
      out += ",\"buffers\":[";
      for (const ByteRange& buffer : page.buffers) {
        if (out.back() != '[') out += ',';
        out += '[';
        out += std::to_string(buffer.offset);
        out += ',';
        out += std::to_string(buffer.length);
        out += ']';
      }
      out += "]}";
    }
    out += "]}";
  }
  std::cout << out << "]}\n";
}

}  // namespace

void AddFile(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      app.add_subcommand("file", "Columns, pages, encodings and bytes of one .lance data file");
  verb->add_option("file", arguments->path, "Path or URI of the data file")->required();
  verb->add_flag("--pages", arguments->pages, "Every page and where its buffers lie");
  verb->add_flag("--json", arguments->json,
                 "One JSON object, pages included; buffers are [offset, length]");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto file, FileReader::Open(arguments->path));
      ARROW_ASSIGN_OR_RAISE(auto columns, file->DescribeColumns());
      if (arguments->json) {
        PrintJson(*file, columns);
      } else {
        Print(*file, columns, arguments->pages);
      }
      return kOk;
    };
  });
}

}  // namespace lancea::cli
