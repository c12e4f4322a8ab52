#include "lancea/dataset/describe_legacy.h"

#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/v0_1/legacy_file.h"
#include "lancea/encoding/v0_1/plain.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::internal::checked_cast;
using v0_1::LegacyFile;
using v0_1::Page;

// First and last position of a var-binary page: its bytes lie between.
arrow::Result<ByteRange> BytesOfVarBinary(const LegacyFile& file, Page page) {
  auto position = [&](uint64_t value) -> arrow::Result<uint64_t> {
    ARROW_ASSIGN_OR_RAISE(ByteRange range, file.RangeOf(page.position + value * 8, 1, 8));
    ARROW_ASSIGN_OR_RAISE(auto bytes, file.object().ReadAt(range));
    return LoadLittleEndian<uint64_t>(bytes->data());
  };
  ARROW_ASSIGN_OR_RAISE(uint64_t first, position(0));
  ARROW_ASSIGN_OR_RAISE(uint64_t end, position(page.length));
  if (end < first) return Corrupt("a page of values that end at ", end, " and start at ", first);
  return file.RangeOf(first, end - first, 1);
}

arrow::Result<PageDescription> Describe(const LegacyFile& file, const arrow::DataType& type,
                                        Page page) {
  PageDescription out{.num_rows = page.length, .encoding = "plain", .buffers = {}};
  if (type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST) {
    out.encoding = "list offsets";
    out.num_rows = page.length == 0 ? 0 : page.length - 1;
    const uint64_t width = type.id() == arrow::Type::LIST ? 4 : 8;
    ARROW_ASSIGN_OR_RAISE(ByteRange range, file.RangeOf(page.position, page.length, width));
    out.buffers = {range};
  } else if (arrow::is_base_binary_like(type.id())) {
    out.encoding = "var_binary";
    ARROW_ASSIGN_OR_RAISE(ByteRange positions, file.RangeOf(page.position, page.length + 1, 8));
    ARROW_ASSIGN_OR_RAISE(ByteRange bytes, BytesOfVarBinary(file, page));
    out.buffers = {bytes, positions};
  } else if (type.id() != arrow::Type::NA) {
    const bool dictionary = type.id() == arrow::Type::DICTIONARY;
    if (dictionary) out.encoding = "dictionary(plain)";
    const int64_t bits = v0_1::PlainBits(
        dictionary ? *checked_cast<const arrow::DictionaryType&>(type).index_type() : type);
    if (bits <= 0) return Unsupported(type.ToString(), " in a file of version 0.1");
    if (page.length > file.file_size() * 8 / static_cast<uint64_t>(bits)) {
      return Corrupt("a page of ", page.length, " values in a file of ", file.file_size(),
                     " bytes");
    }
    ARROW_ASSIGN_OR_RAISE(
        ByteRange range,
        file.RangeOf(page.position, (page.length * static_cast<uint64_t>(bits) + 7) / 8, 1));
    out.buffers = {range};
  }
  return out;
}

}  // namespace

arrow::Result<std::vector<ColumnDescription>> DescribeLegacyColumns(
    const DataFileReader& reader, const Schema&, const std::map<int32_t, std::string>& names) {
  const LegacyFile& file = reader.legacy();
  std::vector<ColumnDescription> out;
  arrow::Status status;
  VisitFields(file.schema().fields, [&](const Field& field) {
    if (!status.ok()) return;
    auto describe = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(auto arrow_field, ToArrow(field));
      const arrow::DataType& type = *arrow_field->type();
      if (type.id() == arrow::Type::STRUCT) return arrow::Status::OK();
      auto name = names.find(field.id);
      ColumnDescription column{.field_id = field.id,
                               .name = name == names.end() ? field.name : name->second,
                               .pages = {}};
      for (size_t batch = 0; batch < file.num_batches(); ++batch) {
        ARROW_ASSIGN_OR_RAISE(Page page, file.PageOf(field.id, batch));
        ARROW_ASSIGN_OR_RAISE(PageDescription description, Describe(file, type, page));
        column.pages.push_back(std::move(description));
      }
      out.push_back(std::move(column));
      return arrow::Status::OK();
    };
    status = describe();
  });
  ARROW_RETURN_NOT_OK(status);
  return out;
}

}  // namespace lancea
