#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "lancea/session.h"
#include "lancea/stores.h"

namespace lancea::python {

namespace nb = nanobind;

void BindSession(nb::module_& module) {
  module.def(
      "process_io",
      [] {
        const IoStatistics io = ProcessIoStatistics();
        return nb::make_tuple(io.iops, io.bytes_read);
      },
      "Reads and bytes of this process.");
  nb::class_<Session>(module, "Session", nb::is_weak_referenceable())
      .def(nb::init<uint64_t>(), nb::arg("metadata_cache_bytes") = Session::kDefaultCacheBytes)
      .def_static("default", [] { return Session::Default(); })
      .def_static(
          "with_memory_store",
          [](uint64_t cache_bytes) {
            Host host;
            host.object_store = MakeMemoryStore();
            return std::make_shared<Session>(cache_bytes, std::move(host));
          },
          nb::arg("metadata_cache_bytes") = Session::kDefaultCacheBytes)
      .def_prop_ro("cache_capacity_bytes", &Session::cache_capacity_bytes)
      .def_prop_ro("cache_bytes", &Session::cache_bytes)
      .def_prop_ro("cache_hits", &Session::cache_hits)
      .def_prop_ro("cache_misses", &Session::cache_misses)
      .def_prop_rw("memory_limit", &Session::memory_limit, &Session::set_memory_limit)
      .def("clear_cache", &Session::ClearCache)
      .def("cache_use", [](const Session& session) {
        nb::dict out;
        for (const auto& [owner, use] : session.cache_use()) {
          out[owner.c_str()] = nb::make_tuple(use.entries, use.bytes);
        }
        return out;
      });
}

}  // namespace lancea::python
