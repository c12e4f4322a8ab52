// lancea cat: rows to standard output as CSV, JSON lines or an Arrow IPC stream.
#include "arrow/record_batch.h"
#include "command.h"
#include "lancea/scanner.h"
#include "writers.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  SelectionArguments selection;
  std::string format = "csv";
  std::optional<int64_t> limit;
  int64_t offset = 0;
  bool blob_bytes = false;
};

}  // namespace

void AddCat(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("cat", "Rows to standard output as csv, jsonl or arrow");
  arguments->table.AddTo(*verb);
  arguments->selection.AddTo(*verb);
  verb->add_option("-f,--format", arguments->format,
                   "csv (nested values as JSON), jsonl (one object a line), arrow (IPC stream)")
      ->check(CLI::IsMember(StreamFormatNames()))
      ->capture_default_str();
  verb->add_option("--limit", arguments->limit, "Rows at most")->check(CLI::NonNegativeNumber);
  verb->add_option("--offset", arguments->offset, "Rows skipped first")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--blobs", arguments->blob_bytes,
                 "The bytes of blob columns instead of where they lie");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      ScanOptions options = arguments->selection.Options();
      options.limit = arguments->limit;
      options.offset = arguments->offset;
      if (arguments->blob_bytes) options.blob_handling = BlobHandling::kBinary;
      ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(std::move(options)));
      ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
      ARROW_ASSIGN_OR_RAISE(auto writer,
                            MakeWriter(*FormatOf(arguments->format), "", reader->schema()));
      ARROW_RETURN_NOT_OK(WriteAll(*reader, *writer).status());
      return kOk;
    };
  });
}

}  // namespace lancea::cli
