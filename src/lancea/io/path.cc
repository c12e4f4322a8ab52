#include "lancea/io/path.h"

namespace lancea {

std::string JoinPath(std::string_view base, std::string_view name) {
  std::string out(base);
  if (!out.empty() && out.back() != '/') out.push_back('/');
  if (!out.empty() && !name.empty() && name.front() == '/') name.remove_prefix(1);
  return out.append(name);
}

}  // namespace lancea
