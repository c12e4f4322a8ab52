#include "commit_lock.h"

#include <nanobind/stl/string.h>

#include <string>
#include <utility>

namespace lancea::python {

namespace nb = nanobind;

namespace {

// Python objects that C++ holds: given back with the GIL.
class Held {
 public:
  explicit Held(nb::object object) : object_(std::move(object)) {}
  ~Held() {
    nb::gil_scoped_acquire gil;
    object_.reset();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  const nb::object& get() const { return object_; }

 private:
  nb::object object_;
};

class PythonLease : public CommitLease {
 public:
  PythonLease(nb::object context, std::shared_ptr<CallbackErrors> errors)
      : context_(std::move(context)), errors_(std::move(errors)) {}

  ~PythonLease() override {
    if (!is_released_) (void)Release(false);
  }

  arrow::Status Release(bool success) override {
    is_released_ = true;
    CallbackErrors one_call;
    return CallPython(errors_ ? *errors_ : one_call, [&] {
      if (success) {
        context_.get().attr("__exit__")(nb::none(), nb::none(), nb::none());
      } else {
        // What the lock is told of a version that was not written; it goes no further.
        nb::object type = nb::module_::import_("lancea.commit").attr("CommitConflictError");
        nb::object error = type("the version was not written");
        try {
          context_.get().attr("__exit__")(type, error, nb::none());
        } catch (const nb::python_error& raised) {
          if (!raised.value().is(error)) throw;
        }
      }
      return arrow::Status::OK();
    });
  }

 private:
  Held context_;
  std::shared_ptr<CallbackErrors> errors_;
  bool is_released_ = false;
};

// Refusals say which version; what else a lock raises comes out as it is.
nb::object Enter(const nb::object& lock, uint64_t version) {
  nb::object conflict = nb::module_::import_("lancea.commit").attr("CommitConflictError");
  try {
    nb::object context = lock(version);
    if (!nb::hasattr(context, "__enter__") || !nb::hasattr(context, "__exit__")) {
      PyErr_Format(PyExc_TypeError, "commit_lock must return a context manager, got %R",
                   context.ptr());
      throw nb::python_error();
    }
    context.attr("__enter__")();
    return context;
  } catch (const nb::python_error& error) {
    const std::string name = nb::cast<std::string>(error.type().attr("__name__"));
    if (name != "CommitConflictError") throw;
    const std::string message = "the commit lock refused version " + std::to_string(version) +
                                ": " + name + ": " + nb::cast<std::string>(nb::str(error.value()));
    PyErr_SetObject(conflict.ptr(), conflict(message).ptr());
    throw nb::python_error();
  }
}

}  // namespace

std::shared_ptr<CommitHandler> CommitHandlerFromPython(nb::handle lock,
                                                       std::shared_ptr<CallbackErrors> errors) {
  if (lock.is_none()) return nullptr;
  auto held = std::make_shared<Held>(nb::borrow(lock));
  return LockHandler(
      [held, errors](uint64_t version) -> arrow::Result<std::unique_ptr<CommitLease>> {
        std::unique_ptr<CommitLease> lease;
        CallbackErrors one_call;
        ARROW_RETURN_NOT_OK(CallPython(errors ? *errors : one_call, [&] {
          lease = std::make_unique<PythonLease>(Enter(held->get(), version), errors);
          return arrow::Status::OK();
        }));
        return lease;
      });
}

}  // namespace lancea::python
