// Where temporary files go.
#pragma once

#include <cstdlib>
#include <string>

namespace lancea {

/// TMPDIR, or /tmp.
inline std::string SpillDirectory() {
  const char* directory = std::getenv("TMPDIR");
  return directory != nullptr && *directory != 0 ? directory : "/tmp";
}

}  // namespace lancea
