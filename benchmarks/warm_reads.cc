// Times reads of a warm table from C++: lancea_warm_reads TABLE COLUMN
//
// Prints one JSON object: best seconds of one call each.
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <limits>
#include <random>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/dataset.h"

namespace {

double BestSeconds(int rounds, const std::function<arrow::Status()>& call) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const arrow::Status status = call();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (!status.ok()) {
      std::cerr << status.ToString() << "\n";
      std::exit(1);
    }
    best = std::min(best, taken.count());
  }
  return best;
}

arrow::Status Run(const std::string& uri, const std::string& column) {
  ARROW_ASSIGN_OR_RAISE(auto dataset, lancea::Dataset::Open(uri));
  ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, dataset->CountRows());
  std::mt19937_64 random(1);
  std::uniform_int_distribution<uint64_t> any_row(0, static_cast<uint64_t>(num_rows) - 1);
  lancea::ScanOptions one_column;
  one_column.columns = {column};

  auto take = [&](size_t count, const lancea::ScanOptions& options) {
    std::vector<uint64_t> rows(count);
    for (uint64_t& row : rows) row = any_row(random);
    return dataset->Take(rows, options).status();
  };
  auto stream = [&](const lancea::ScanOptions& options) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(options));
    ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
    for (const auto& batch : *reader) ARROW_RETURN_NOT_OK(batch.status());
    return arrow::Status::OK();
  };
  // Rows named by number: what is left is the cost of any query.
  int64_t next = 0;
  auto query = [&](const std::string& filter) -> arrow::Status {
    lancea::ScanOptions options = one_column;
    options.filter = filter;
    ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(options));
    return scanner->ToTable().status();
  };
  auto parsed_query = [&] { return query("_rowid = " + std::to_string(next++ % num_rows)); };
  const std::pair<const char*, double> figures[] = {
      {"query of 1 row, filter seen before",
       BestSeconds(2000, [&] { return query("_rowid = 5"); })},
      {"query of 1 row, new filter", BestSeconds(2000, parsed_query)},
      {"take 1, one column", BestSeconds(2000, [&] { return take(1, one_column); })},
      {"take 1, all columns", BestSeconds(2000, [&] { return take(1, {}); })},
      {"take 100, all columns", BestSeconds(200, [&] { return take(100, {}); })},
      {"take 10,000, all columns", BestSeconds(30, [&] { return take(10'000, {}); })},
      {"stream, all columns", BestSeconds(30, [&] { return stream({}); })},
      {"open, warm cache", BestSeconds(200, [&] { return lancea::Dataset::Open(uri).status(); })},
  };
  const char* separator = "{";
  for (const auto& [name, seconds] : figures) {
    std::cout << separator << "\"" << name << "\": " << seconds;
    separator = ", ";
  }
  std::cout << "}\n";
  return arrow::Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: lancea_warm_reads TABLE COLUMN\n";
    return 2;
  }
  const arrow::Status status = Run(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
