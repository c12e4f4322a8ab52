// Objects of a store by themselves: what LanceFileSession does beside reading and writing Lance files.
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include "arrow/buffer.h"
#include "bindings.h"
#include "lancea/error.h"
#include "lancea/stores.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

using StringMap = std::map<std::string, std::string>;

// A folder of a store; paths are relative to it.
class StoreFolder {
 public:
  StoreFolder(const std::string& uri, const StringMap& options)
      : folder_(RunReleased([&] { return OpenStore(uri, options); })) {}

  StoreAndPath At(const std::string& path) const {
    const std::string separator = folder_.path.ends_with('/') || path.empty() ? "" : "/";
    return {folder_.store, folder_.path + separator + path};
  }

  bool Contains(const std::string& path) const {
    const StoreAndPath where = At(path);
    return RunReleased([&]() -> arrow::Result<bool> {
      auto reader = where.store->Open(where.path);
      if (CategoryOf(reader.status()) == ErrorCategory::kNotFound) return false;
      ARROW_RETURN_NOT_OK(reader.status());
      return true;
    });
  }

  // Names directly below `path`, and whether each is a folder.
  nb::list List(const std::string& path) const {
    const StoreAndPath where = At(path);
    const auto entries = RunReleased([&] { return where.store->List(where.path); });
    nb::list out;
    for (const ObjectInfo& entry : entries) {
      const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
      out.append(nb::make_tuple(name, entry.is_directory));
    }
    return out;
  }

  nb::bytes ReadRange(const std::string& path, uint64_t offset, uint64_t length) const {
    const StoreAndPath where = At(path);
    const auto bytes = RunReleased([&]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
      ARROW_ASSIGN_OR_RAISE(auto reader, where.store->Open(where.path));
      if (offset > reader->size() || length > reader->size() - offset) {
        return arrow::Status::IOError(path, " has ", reader->size(), " bytes; ", length, " at ",
                                      offset, " pass its end");
      }
      return reader->ReadAt({offset, length});
    });
    return nb::bytes(bytes->data(), static_cast<size_t>(bytes->size()));
  }

  void Delete(const std::string& path) const {
    const StoreAndPath where = At(path);
    Run([&] { return where.store->Delete(where.path); });
  }

  void Upload(const std::string& local, const std::string& path) const {
    Copy(Local(local), At(path));
  }

  void Download(const std::string& path, const std::string& local) const {
    Copy(At(path), Local(local));
  }

 private:
  template <typename Work>
  static void Run(Work work) {
    arrow::Status status;
    {
      nb::gil_scoped_release release;
      status = work();
    }
    Check(status);
  }

  static StoreAndPath Local(const std::string& path) {
    return RunReleased([&] { return OpenStore(path); });
  }

  static void Copy(const StoreAndPath& from, const StoreAndPath& to) {
    Run([&] { return CopyObject(from, to); });
  }

  StoreAndPath folder_;
};

}  // namespace

void BindStore(nb::module_& module) {
  nb::class_<StoreFolder>(module, "StoreFolder")
      .def(nb::init<const std::string&, const StringMap&>(), nb::arg("uri"),
           nb::arg("storage_options"))
      .def("contains", &StoreFolder::Contains)
      .def("list", &StoreFolder::List)
      .def("read_range", &StoreFolder::ReadRange)
      .def("delete", &StoreFolder::Delete)
      .def("upload", &StoreFolder::Upload)
      .def("download", &StoreFolder::Download);
}

}  // namespace lancea::python
