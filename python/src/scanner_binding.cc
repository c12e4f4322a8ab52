// Scans as Python holds them: the options, checked once, and what runs with them.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "interrupt.h"
#include "lancea/dataset.h"
#include "lancea/scanner.h"
#include "scan_options.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

class Scan {
 public:
  Scan(std::shared_ptr<const Dataset> dataset, const nb::dict& options, bool count)
      : dataset_(std::move(dataset)), options_(ToScanOptions(options)) {
    if (count) options_.counters = std::make_shared<ScanCounters>();
    scanner_ = RunReleased([&] { return Scanner::Make(dataset_, options_); });
  }

  nb::object schema() const { return ToPython(scanner_->schema()); }

  nb::object ToTable() const {
    return ToPython(RunInterruptibly(
        [&](const arrow::StopToken& stop) -> arrow::Result<std::shared_ptr<arrow::Table>> {
          ARROW_ASSIGN_OR_RAISE(auto scanner, Stoppable(stop));
          return scanner->ToTable();
        }));
  }

  nb::object ToReader() const {
    return ToPython(RunReleased([&] { return scanner_->ToReader(); }));
  }

  int64_t CountRows() const {
    return RunInterruptibly([&](const arrow::StopToken& stop) -> arrow::Result<int64_t> {
      ARROW_ASSIGN_OR_RAISE(auto scanner, Stoppable(stop));
      return scanner->CountRows();
    });
  }

  std::string Explain(bool verbose) const { return scanner_->ExplainPlan(verbose); }

  std::string Analyze(bool count_rows) const {
    return RunInterruptibly([&](const arrow::StopToken& stop) -> arrow::Result<std::string> {
      ARROW_ASSIGN_OR_RAISE(auto scanner, Stoppable(stop));
      return scanner->AnalyzePlan(count_rows);
    });
  }

  std::string PlanJson(bool analyze) const {
    return RunInterruptibly([&](const arrow::StopToken& stop) -> arrow::Result<std::string> {
      if (!analyze) return scanner_->Plan().ToJson();
      ARROW_ASSIGN_OR_RAISE(auto scanner, Stoppable(stop));
      ARROW_ASSIGN_OR_RAISE(const PlanNode plan, scanner->Analyze());
      return plan.ToJson();
    });
  }

  // What it did so far: names and numbers.
  nb::dict Counts() const {
    nb::dict out;
    if (options_.counters == nullptr) return out;
    const ScanCounters& counters = *options_.counters;
    const IoStatistics scanned = counters.scan_io.Read(), taken = counters.take_io.Read();
    out["iops"] = scanned.iops + taken.iops;
    out["requests"] = scanned.requests + taken.requests;
    out["bytes_read"] = scanned.bytes_read + taken.bytes_read;
    out["fragments_scanned"] = counters.fragments_scanned.load();
    out["pages_scanned"] = counters.scan_pages.scanned() + counters.take_pages.scanned();
    out["pages_skipped"] = counters.scan_pages.skipped() + counters.take_pages.skipped();
    out["ranges_scanned"] = counters.ranges_scanned.load();
    out["rows_scanned"] = counters.rows_scanned.load();
    out["rows_selected"] = counters.rows_selected.load();
    out["rows_taken"] = counters.rows_taken.load();
    out["spilled_bytes"] = counters.spilled_bytes.load();
    out["filter_nanos"] = counters.filter_nanos.load();
    out["take_nanos"] = counters.take_nanos.load();
    return out;
  }

 private:
  // The same scan, which ends when `stop` says so.
  arrow::Result<std::shared_ptr<Scanner>> Stoppable(const arrow::StopToken& stop) const {
    ScanOptions options = options_;
    options.stop_token = stop;
    return Scanner::Make(dataset_, std::move(options));
  }

  const std::shared_ptr<const Dataset> dataset_;
  ScanOptions options_;
  std::shared_ptr<Scanner> scanner_;
};

}  // namespace

void BindScanner(nb::module_& module) {
  nb::class_<Scan>(module, "Scan")
      .def(
          "__init__",
          [](Scan* self, std::shared_ptr<Dataset> dataset, const nb::dict& options, bool count) {
            new (self) Scan(std::move(dataset), options, count);
          },
          nb::arg("dataset"), nb::arg("options"), nb::arg("count") = false)
      .def("schema", &Scan::schema)
      .def("to_table", &Scan::ToTable)
      .def("to_reader", &Scan::ToReader)
      .def("count_rows", &Scan::CountRows)
      .def("explain_plan", &Scan::Explain, nb::arg("verbose") = false)
      .def("analyze_plan", &Scan::Analyze, nb::arg("count_rows") = false)
      .def("plan_json", &Scan::PlanJson, nb::arg("analyze") = false)
      .def("counts", &Scan::Counts);
}

}  // namespace lancea::python
