// Queue buckets. Waiting is left to Python's event loop: calls return at once, and a waker's descriptor
// says when to look again.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/future.h"
#include "arrow_exchange.h"
#include "bindings.h"
#include "lancea/queue.h"
#include "record_columns.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

// A bucket with the builders that records go through.
struct PythonBucket {
  std::shared_ptr<QueueBucket> bucket;
  // Values may call back into Python, and so here again: whoever builds takes the builders away.
  std::unique_ptr<RecordColumns> columns;

  bool is_closed = false;

  ~PythonBucket() {
    // At the interpreter's end a thread that gives the GIL away may not get it back. By then the
    // bucket is closed, and nothing is waited for.
    if (is_closed) return;
    nb::gil_scoped_release release;
    bucket.reset();
  }

  std::unique_ptr<RecordColumns> Columns() {
    auto schema = RunSchema();
    if (columns != nullptr && columns->schema().get() == schema.get()) return std::move(columns);
    return std::make_unique<RecordColumns>(std::move(schema));
  }
  std::shared_ptr<arrow::Schema> RunSchema() const {
    nb::gil_scoped_release release;
    return bucket->schema();
  }
};

LogCompression ToCompression(const std::string& name) {
  if (name == "none") return LogCompression::kNone;
  if (name == "lz4") return LogCompression::kLz4;
  if (name == "zstd") return LogCompression::kZstd;
  if (name == "snappy") return LogCompression::kSnappy;
  throw nb::value_error(("compression is none, lz4, zstd or snappy, not " + name).c_str());
}

template <typename T>
void Set(const nb::dict& dict, const char* name, T* out) {
  if (dict.contains(name)) *out = nb::cast<T>(dict[name]);
}

QueueOptions ToOptions(const nb::dict& dict) {
  QueueOptions options;
  Set(dict, "flush_rows", &options.flush_rows);
  Set(dict, "flush_bytes", &options.flush_bytes);
  Set(dict, "flush_age_seconds", &options.flush_age_seconds);
  Set(dict, "max_buffer_rows", &options.max_buffer_rows);
  Set(dict, "max_buffer_bytes", &options.max_buffer_bytes);
  Set(dict, "enable_wal", &options.enable_wal);
  Set(dict, "wal_sync_interval_seconds", &options.wal_sync_interval_seconds);
  Set(dict, "max_wal_bytes", &options.max_wal_bytes);
  if (dict.contains("wal_compression")) {
    options.wal_compression = ToCompression(nb::cast<std::string>(dict["wal_compression"]));
  }
  Set(dict, "salvage_wal", &options.salvage_wal);
  Set(dict, "enable_compaction", &options.enable_compaction);
  Set(dict, "compaction_fanout", &options.compaction_fanout);
  Set(dict, "max_fragment_rows", &options.max_fragment_rows);
  Set(dict, "max_fragment_bytes", &options.max_fragment_bytes);
  Set(dict, "retain_versions_seconds", &options.retain_versions_seconds);
  return options;
}

std::shared_ptr<PythonBucket> Open(const std::string& path) {
  auto out = std::make_shared<PythonBucket>();
  out->bucket = RunReleased([&] { return QueueBucket::Open(path); });
  return out;
}

using Put = arrow::Future<uint64_t>;

// None: there is no room.
std::optional<Put> TryPut(QueueBucket& bucket, const std::shared_ptr<arrow::RecordBatch>& rows) {
  return RunReleased([&] { return bucket.TryPut(rows); });
}

// What became of a put of one record: a number, or the put when it is not on the disk yet.
enum PutOutcome : int { kNoRoom = 0, kPut = 1, kPutAndFlushDue = 2 };

nb::object Outcome(QueueBucket& bucket, const std::shared_ptr<arrow::RecordBatch>& rows) {
  bool is_due = false;
  auto put = RunReleased([&] {
    auto outcome = bucket.TryPut(rows);
    is_due = bucket.is_flush_due();
    return outcome;
  });
  if (!put) return nb::int_(static_cast<int>(kNoRoom));
  if (!put->is_finished()) return nb::cast(*std::move(put));
  Check(put->status());
  return nb::int_(static_cast<int>(is_due ? kPutAndFlushDue : kPut));
}

nb::tuple ToTuple(const Mismatch& mismatch) {
  return nb::make_tuple(mismatch.field, mismatch.expected, mismatch.found);
}

// One record: what Outcome says, or why the record does not fit.
nb::object PutRecord(PythonBucket& self, nb::handle record, bool allow_missing) {
  auto columns = self.Columns();
  auto mismatch = columns->Append(record.ptr(), allow_missing);
  if (mismatch) {
    self.columns = std::move(columns);
    return ToTuple(*mismatch);
  }
  auto rows = columns->Finish();
  self.columns = std::move(columns);
  return Outcome(*self.bucket, rows);
}

// Rows made at once: little enough for back-pressure to work, and for Arrow's 32-bit offsets.
constexpr size_t kMaxRows = 8192;
constexpr int64_t kMaxRowsBytes = int64_t{64} << 20;

// Of records from `begin` on: a batch of those that fit, the others as [(index, field, expected, found)],
// and where it stopped.
nb::tuple BuildRows(PythonBucket& self, const nb::list& records, size_t begin, bool allow_missing) {
  auto columns = self.Columns();
  nb::list refused;
  size_t i = begin;
  for (; i < nb::len(records) && i < begin + kMaxRows; ++i) {
    if (columns->num_bytes() >= kMaxRowsBytes) break;
    if (auto mismatch = columns->Append(nb::handle(records[i]).ptr(), allow_missing)) {
      refused.append(nb::make_tuple(i, mismatch->field, mismatch->expected, mismatch->found));
    }
  }
  auto rows = columns->Finish();
  self.columns = std::move(columns);
  return nb::make_tuple(nb::cast(std::move(rows)), refused, i);
}

nb::dict ToDict(const QueueStats& stats) {
  nb::dict out;
  out["is_writer"] = stats.is_writer;
  out["total_rows"] = stats.total_rows;
  out["buffer_rows"] = stats.buffer_rows;
  out["buffer_bytes"] = stats.buffer_bytes;
  out["persisted_rows"] = stats.persisted_rows;
  out["fragments"] = stats.fragments;
  out["version"] = stats.version;
  out["wal_bytes"] = stats.wal_bytes;
  out["wal_syncs"] = stats.wal_syncs;
  out["replayed_rows"] = stats.replayed_rows;
  out["put_rows"] = stats.put_rows;
  out["flushes"] = stats.flushes;
  out["merges"] = stats.merges;
  out["last_flush_seconds"] = stats.last_flush_seconds;
  out["max_flush_seconds"] = stats.max_flush_seconds;
  out["total_flush_seconds"] = stats.total_flush_seconds;
  out["flush_error"] = stats.flush_error;
  out["wal_error"] = stats.wal_error;
  out["maintenance_error"] = stats.maintenance_error;
  return out;
}

arrow::Result<bool> AsResult(const arrow::Status& status) {
  ARROW_RETURN_NOT_OK(status);
  return true;
}

std::shared_ptr<arrow::Table> Get(const PythonBucket& self, uint64_t offset, uint64_t limit) {
  return RunReleased([&] { return self.bucket->Get(offset, limit); });
}

}  // namespace

void BindQueue(nb::module_& module) {
  using Future = arrow::Future<>;
  nb::class_<Future>(module, "QueueFuture")
      .def("done", [](const Future& future) { return future.is_finished(); })
      .def("result", [](const Future& future) { Check(future.status()); })
      .def("wait", [](const Future& future, double seconds) {
        nb::gil_scoped_release release;
        return future.Wait(seconds);
      });
  nb::class_<Put>(module, "QueuePut")
      .def("done", [](const Put& put) { return put.is_finished(); })
      .def("result", [](const Put& put) {
        Check(put.status());
        return *put.result();
      });
  nb::class_<arrow::RecordBatch>(module, "QueueRows")
      .def("__len__", [](const arrow::RecordBatch& rows) { return rows.num_rows(); });
  nb::class_<QueueWaker>(module, "QueueWaker")
      .def(nb::new_([] { return Unwrap(QueueWaker::Make()); }))
      .def_prop_ro("descriptor", &QueueWaker::descriptor)
      .def("wake", &QueueWaker::Wake)
      .def("drain", &QueueWaker::Drain);
  nb::class_<PythonBucket>(module, "QueueBucket", nb::is_weak_referenceable())
      .def_static("open", &Open, nb::arg("path"))
      .def(
          "open_for_writing",
          [](PythonBucket& self, const nb::dict& dict) {
            const QueueOptions options = ToOptions(dict);
            RunReleased([&] { return AsResult(self.bucket->OpenForWriting(options)); });
          },
          nb::arg("options"))
      .def("stop_writing",
           [](PythonBucket& self) {
             RunReleased([&] { return AsResult(self.bucket->StopWriting()); });
           })
      .def("close",
           [](PythonBucket& self) {
             self.is_closed = true;
             RunReleased([&] { return AsResult(self.bucket->Close()); });
           })
      .def_prop_ro("path", [](const PythonBucket& self) { return self.bucket->path(); })
      .def_prop_ro("is_writer",
                   [](const PythonBucket& self) {
                     nb::gil_scoped_release release;
                     return self.bucket->is_writer();
                   })
      .def("schema",
           [](const PythonBucket& self) -> nb::object {
             auto schema = self.RunSchema();
             return schema == nullptr ? nb::none() : ToPython(schema);
           })
      .def("evolve",
           [](PythonBucket& self, nb::handle schema) {
             auto wanted = SchemaFromPython(schema);
             RunReleased([&] { return AsResult(self.bucket->Evolve(wanted)); });
           })
      .def("num_rows",
           [](const PythonBucket& self) {
             nb::gil_scoped_release release;
             return self.bucket->num_rows();
           })
      .def("has_room",
           [](const PythonBucket& self) {
             nb::gil_scoped_release release;
             return self.bucket->has_room();
           })
      .def("is_flush_due",
           [](const PythonBucket& self) {
             nb::gil_scoped_release release;
             return self.bucket->is_flush_due();
           })
      .def("put_record", &PutRecord, nb::arg("record"), nb::arg("allow_missing"))
      .def("build_rows", &BuildRows, nb::arg("records"), nb::arg("begin"), nb::arg("allow_missing"))
      .def("put_rows",
           [](PythonBucket& self, const std::shared_ptr<arrow::RecordBatch>& rows) {
             return TryPut(*self.bucket, rows);
           })
      .def("put_batch", [](PythonBucket& self,
                           nb::handle rows) { return TryPut(*self.bucket, BatchFromPython(rows)); })
      .def("flush",
           [](PythonBucket& self) {
             nb::gil_scoped_release release;
             return self.bucket->FlushAsync();
           })
      .def("get", [](const PythonBucket& self, uint64_t offset,
                     uint64_t limit) { return RowsToPython(Get(self, offset, limit)); })
      .def("get_table", [](const PythonBucket& self, uint64_t offset,
                           uint64_t limit) { return ToPython(Get(self, offset, limit)); })
      .def("wait_for_rows",
           [](const PythonBucket& self, uint64_t offset, double seconds) {
             return RunReleased([&] { return self.bucket->WaitForRows(offset, seconds); });
           })
      .def("refresh",
           [](const PythonBucket& self) {
             RunReleased([&] { return AsResult(self.bucket->Refresh()); });
           })
      .def("wake_once",
           [](PythonBucket& self, const std::shared_ptr<QueueWaker>& waker, uint64_t token) {
             nb::gil_scoped_release release;
             self.bucket->WakeOnce(waker, token);
           })
      .def("stats",
           [](const PythonBucket& self) {
             QueueStats stats = [&] {
               nb::gil_scoped_release release;
               return self.bucket->stats();
             }();
             return ToDict(stats);
           })
      .def("wait_for_maintenance", [](PythonBucket& self) {
        RunReleased([&] { return AsResult(self.bucket->WaitForMaintenance()); });
      });
}

}  // namespace lancea::python
