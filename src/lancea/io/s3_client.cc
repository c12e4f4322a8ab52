#include "lancea/io/s3_client.h"

#include <dlfcn.h>

#include <cstdlib>

#include "arrow/filesystem/filesystem.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr char kLibrary[] = "liblancea_s3.so";

arrow::Result<MakeS3ClientFunction*> LoadLibrary() {
  // Named by its full path: which run paths a bare name is looked up in depends on who calls dlopen.
  void* library = nullptr;
  Dl_info own;
  if (dladdr(reinterpret_cast<const void*>(&MakeS3Client), &own) != 0) {
    const std::string beside = own.dli_fname;
    const std::string path = beside.substr(0, beside.rfind('/') + 1) + kLibrary;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Unsupported("Arrow's S3 client cannot be loaded: ", dlerror());
  void* function = dlsym(library, kMakeS3ClientSymbol);
  if (function == nullptr) return Unsupported(kLibrary, " is of another release: ", dlerror());
  return reinterpret_cast<MakeS3ClientFunction*>(function);
}

// AWS's client must be shut down before its static state is destroyed, which is in the reverse order of
// their beginning: to be called once that state exists.
void FinalizeAtExit() {
  static const int registered = std::atexit(arrow::fs::EnsureFinalized);
  (void)registered;
}

}  // namespace

arrow::Result<S3Client> MakeS3Client(const S3Arguments& arguments,
                                     const arrow::io::IOContext& context) {
  static const arrow::Result<MakeS3ClientFunction*> make = LoadLibrary();
  ARROW_RETURN_NOT_OK(make.status());
  arrow::Result<S3Client> client;
  (**make)(arguments, context, &client);
  FinalizeAtExit();
  return client;
}

}  // namespace lancea
