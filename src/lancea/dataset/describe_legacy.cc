#include "lancea/dataset/describe_legacy.h"

#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::vector<ColumnDescription>> DescribeLegacyColumns(
    const DataFileReader& file, const Schema&, const std::map<int32_t, std::string>&) {
  return Unsupported(file.object()->path(), ": describing the pages of a 0.1 file");
}

}  // namespace lancea
