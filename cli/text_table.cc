#include "text_table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/chunked_array.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

constexpr size_t kMaxCellWidth = 40;

// Code points; wide characters count as one, which is near enough.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// On one line and at most kMaxCellWidth wide.
std::string Fit(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (Width(text) <= kMaxCellWidth) return text;
  size_t width = 0, end = 0;
  for (; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) continue;
    if (width == kMaxCellWidth - 1) break;
    ++width;
  }
  return text.substr(0, end) + "…";
}

// 0: not a terminal, no limit.
size_t TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

struct Column {
  std::vector<std::string> cells;  // header first
  size_t width = 0;
  bool right = false;
};

Column MakeColumn(const arrow::Field& field, const arrow::ChunkedArray& values) {
  Column column;
  column.right = arrow::is_numeric(field.type()->id());
  column.cells.push_back(Fit(field.name()));
  for (const auto& chunk : values.chunks()) {
    for (int64_t row = 0; row < chunk->length(); ++row) {
      std::string text;
      if (chunk->IsNull(row)) {
        text = "null";
      } else {
        AppendPlain(*chunk, row, &text);
      }
      column.cells.push_back(Fit(std::move(text)));
    }
  }
  for (const std::string& cell : column.cells) column.width = std::max(column.width, Width(cell));
  return column;
}

}  // namespace

void PrintTable(const arrow::Table& table) {
  const size_t limit = TerminalWidth();
  std::vector<Column> columns;
  std::string left_out;
  size_t width = 0;
  for (int i = 0; i < table.num_columns(); ++i) {
    if (left_out.empty()) {
      Column column = MakeColumn(*table.field(i), *table.column(i));
      const size_t wanted = width + column.width + (columns.empty() ? 0 : 2);
      if (columns.empty() || limit == 0 || wanted <= limit) {
        width = wanted;
        columns.push_back(std::move(column));
        continue;
      }
    }
    left_out += (left_out.empty() ? "" : ", ") + table.field(i)->name();
  }
  for (size_t row = 0; row <= static_cast<size_t>(table.num_rows()); ++row) {
    std::string line;
    for (size_t c = 0; c < columns.size(); ++c) {
      const Column& column = columns[c];
      const std::string padding(column.width - Width(column.cells[row]), ' ');
      if (c > 0) line += "  ";
      line += column.right ? padding + column.cells[row] : column.cells[row] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << "\n";
    if (row == 0) std::cout << std::string(width, '-') << "\n";
  }
  if (!left_out.empty()) std::cout << "(not shown: " << left_out << ")\n";
}

}  // namespace lancea::cli
