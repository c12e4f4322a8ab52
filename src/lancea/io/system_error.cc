#include "lancea/io/system_error.h"

#include <cerrno>
#include <system_error>

#include "arrow/util/io_util.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Status SystemError(const std::string& path, std::string_view doing, int error) {
  const std::string message =
      internal::Concat("cannot ", doing, " ", path, ": ", std::generic_category().message(error));
  if (error == ENOENT || error == ENOTDIR) return NotFound(message);
  if (error == EEXIST) return AlreadyExists(message);
  return arrow::Status::FromDetailAndArgs(arrow::StatusCode::IOError,
                                          arrow::internal::StatusDetailFromErrno(error), message);
}

}  // namespace lancea
