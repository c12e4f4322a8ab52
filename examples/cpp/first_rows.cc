// Open a Lance table, print its schema and its first rows.
//
//   first_rows TABLE [ROWS]
#include <cstdlib>
#include <iostream>

#include "arrow/status.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset.h"

namespace {

arrow::Status PrintFirstRows(const char* uri, int64_t num_rows) {
  ARROW_ASSIGN_OR_RAISE(auto dataset, lancea::Dataset::Open(uri));
  ARROW_ASSIGN_OR_RAISE(int64_t total, dataset->CountRows());
  std::cout << "version " << dataset->version() << ", " << total << " rows\n\n"
            << dataset->schema()->ToString() << "\n\n";

  lancea::ScanOptions options;
  options.limit = num_rows;
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(options));
  ARROW_ASSIGN_OR_RAISE(auto rows, scanner->ToTable());
  std::cout << rows->ToString() << "\n";
  return arrow::Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: first_rows TABLE [ROWS]\n";
    return 2;
  }
  const auto status = PrintFirstRows(argv[1], argc > 2 ? std::atoll(argv[2]) : 5);
  if (!status.ok()) {
    std::cerr << status.ToString() << "\n";
    return 1;
  }
  return 0;
}
