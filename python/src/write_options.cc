#include "write_options.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>

#include "commit_lock.h"
#include "from_values.h"
#include "values.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using Errors = std::shared_ptr<CallbackErrors>;

// A function kept by C++: called and given back with the GIL.
std::shared_ptr<nb::object> Keep(nb::handle function) {
  return {new nb::object(nb::borrow(function)), [](nb::object* kept) {
            nb::gil_scoped_acquire gil;
            delete kept;
          }};
}

std::function<arrow::Status(const FragmentMetadata&)> FragmentHook(nb::handle function,
                                                                   const Errors& errors) {
  return [hook = Keep(function), errors](const FragmentMetadata& fragment) {
    return CallPython(*errors, [&] {
      (*hook)(ToDict(fragment));
      return arrow::Status::OK();
    });
  };
}

std::function<arrow::Status(const WriteProgress&)> ProgressHook(nb::handle function,
                                                                const Errors& errors) {
  return [hook = Keep(function), errors](const WriteProgress& progress) {
    return CallPython(*errors, [&] {
      (*hook)(progress.rows, progress.bytes, progress.files);
      return arrow::Status::OK();
    });
  };
}

WriteMode ToMode(const std::string& mode) {
  if (mode == "create") return WriteMode::kCreate;
  if (mode == "append") return WriteMode::kAppend;
  if (mode == "overwrite") return WriteMode::kOverwrite;
  throw nb::value_error(("Invalid mode " + mode).c_str());
}

ExternalBlobMode ToExternalBlobMode(const std::string& mode) {
  if (mode == "reference") return ExternalBlobMode::kReference;
  if (mode == "ingest") return ExternalBlobMode::kIngest;
  throw nb::value_error(("Invalid external blob mode: " + mode).c_str());
}

// Sets what writes and commits share. \return false for another name
template <typename Options>
bool SetShared(const std::string& name, nb::handle value, const Errors& errors, Options& out) {
  if (name == "data_storage_version") {
    out.data_storage_version = nb::cast<std::string>(value);
  } else if (name == "enable_stable_row_ids") {
    out.enable_stable_row_ids = nb::cast<bool>(value);
  } else if (name == "enable_v2_manifest_paths") {
    out.enable_v2_manifest_paths = nb::cast<bool>(value);
  } else if (name == "max_retries") {
    out.max_retries = nb::cast<uint32_t>(value);
  } else if (name == "storage_options") {
    out.storage_options = ToStringMap(value);
  } else if (name == "session") {
    out.session = nb::cast<std::shared_ptr<Session>>(value);
  } else if (name == "commit_lock") {
    out.commit_handler = CommitHandlerFromPython(value, errors);
  } else {
    return false;
  }
  return true;
}

bool Set(const std::string& name, nb::handle value, const Errors& errors, CommitOptions& out) {
  if (name == "detached") {
    out.detached = nb::cast<bool>(value);
  } else if (name == "timeout_seconds") {
    out.timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(nb::cast<double>(value)));
  } else {
    return SetShared(name, value, errors, out);
  }
  return true;
}

bool Set(const std::string& name, nb::handle value, const Errors& errors, WriteOptions& out) {
  if (name == "mode") {
    out.mode = ToMode(nb::cast<std::string>(value));
  } else if (name == "max_rows_per_file") {
    out.max_rows_per_file = nb::cast<uint64_t>(value);
  } else if (name == "max_bytes_per_file") {
    out.max_bytes_per_file = nb::cast<uint64_t>(value);
  } else if (name == "max_page_bytes") {
    out.max_page_bytes = nb::cast<uint64_t>(value);
  } else if (name == "data_cache_bytes") {
    out.data_cache_bytes = nb::cast<uint64_t>(value);
  } else if (name == "keep_original_arrays") {
    out.keep_original_arrays = nb::cast<bool>(value);
  } else if (name == "compact") {
    out.compact = nb::cast<bool>(value);
  } else if (name == "checksums") {
    out.checksums = nb::cast<bool>(value);
  } else if (name == "auto_cleanup") {
    const auto [interval, older_than] = nb::cast<std::pair<uint64_t, uint64_t>>(value);
    out.auto_cleanup = AutoCleanup{.interval = interval, .older_than_seconds = older_than};
  } else if (name == "transaction_properties") {
    out.transaction_properties = ToStringMap(value);
  } else if (name == "initial_bases") {
    for (nb::handle base : value) {
      out.initial_bases.push_back(BasePathFromDict(nb::cast<nb::dict>(base)));
    }
  } else if (name == "target_bases") {
    out.target_bases = nb::cast<std::vector<std::string>>(value);
  } else if (name == "target_all_bases") {
    out.target_all_bases =
        nb::cast<bool>(value) ? AllBases::kOwnPlaceAsWell : AllBases::kRegistered;
  } else if (name == "external_blob_mode") {
    out.external_blob_mode = ToExternalBlobMode(nb::cast<std::string>(value));
  } else if (name == "blob_pack_file_bytes") {
    out.blob_pack_file_bytes = nb::cast<uint64_t>(value);
  } else if (name == "allow_external_blobs_outside_bases") {
    out.allow_external_blobs_outside_bases = nb::cast<bool>(value);
  } else if (name == "progress") {
    out.progress = ProgressHook(value, errors);
  } else if (name == "fragment_begun") {
    out.fragment_begun = FragmentHook(value, errors);
  } else if (name == "fragment_complete") {
    out.fragment_complete = FragmentHook(value, errors);
  } else {
    return SetShared(name, value, errors, out);
  }
  return true;
}

template <typename Options>
Options Parse(const nb::dict& dict, const Errors& errors) {
  Options out;
  for (auto [key, value] : dict) {
    if (value.is_none()) continue;
    const std::string name = nb::cast<std::string>(key);
    try {
      if (!Set(name, value, errors, out)) {
        throw nb::type_error(("unknown option '" + name + "'").c_str());
      }
    } catch (const nb::cast_error&) {
      PyErr_Format(PyExc_TypeError, "%s cannot be %R", name.c_str(), value.ptr());
      throw nb::python_error();
    }
  }
  return out;
}

}  // namespace

WriteOptions ToWriteOptions(const nb::dict& options, const Errors& errors) {
  return Parse<WriteOptions>(options, errors);
}

CommitOptions ToCommitOptions(const nb::dict& options, const Errors& errors) {
  return Parse<CommitOptions>(options, errors);
}

}  // namespace lancea::python
