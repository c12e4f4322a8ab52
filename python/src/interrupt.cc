#include "interrupt.h"

#include <signal.h>

#include <atomic>

namespace lancea::python {

namespace nb = nanobind;

namespace {

// Of the scope there is. Never destroyed: a handler may still run on another thread when a scope ends.
arrow::StopSource& Source() {
  static auto* source = new arrow::StopSource;
  return *source;
}
std::atomic<bool> has_come{false};
std::atomic<InterruptScope*> in_use{nullptr};

// Only what is safe inside a handler: two stores. Arrow's own handler hands the signal to a thread, which may
// come after the scope has ended, and then the signal is lost.
void OnInterrupt(int signal_number) {
  has_come.store(true);
  Source().RequestStopFromSignal(signal_number);
}

bool IsMainThread() {
  // threading.main_thread() is the thread whose id Python notes; after fork it is the forking thread.
  static nb::object* get_ident = new nb::object(nb::module_::import_("_thread").attr("get_ident"));
  static nb::object* main_thread =
      new nb::object(nb::module_::import_("threading").attr("main_thread"));
  return nb::cast<bool>((*get_ident)().attr("__eq__")((*main_thread)().attr("ident")));
}

}  // namespace

InterruptScope::InterruptScope() {
  if (!IsMainThread() || in_use.load() != nullptr) return;
  // One that a handler on another thread noted too late for the scope before.
  if (has_come.exchange(false)) PyErr_SetInterrupt();
  Source().Reset();
  struct sigaction handler = {};
  handler.sa_handler = &OnInterrupt;
  handler.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&handler.sa_mask);
  if (sigaction(SIGINT, &handler, &python_handler_) != 0) return;
  // A process that ignores the signal, or dies of it, goes on to do so.
  if (python_handler_.sa_handler == SIG_IGN || python_handler_.sa_handler == SIG_DFL) {
    sigaction(SIGINT, &python_handler_, nullptr);
    return;
  }
  in_use.store(this);
  is_installed_ = true;
  token_ = Source().token();
}

bool InterruptScope::Finish() {
  if (!is_installed_) return false;
  is_installed_ = false;
  sigaction(SIGINT, &python_handler_, nullptr);
  in_use.store(nullptr);
  return has_come.exchange(false);
}

InterruptScope::~InterruptScope() {
  // Left without Finish, as by an exception: the signal is still Python's to act on.
  if (Finish()) PyErr_SetInterrupt();
}

PythonSection::PythonSection() {
  const InterruptScope* scope = in_use.load();
  if (scope == nullptr || !IsMainThread()) return;
  is_installed_ = sigaction(SIGINT, &scope->python_handler_, &ours_) == 0;
}

PythonSection::~PythonSection() {
  if (is_installed_) sigaction(SIGINT, &ours_, nullptr);
}

}  // namespace lancea::python
