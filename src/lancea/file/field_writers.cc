// Which writers make the fields of which format.
#include "lancea/encoding/structural/field_writer.h"
#include "lancea/encoding/v2_0/field_writer.h"
#include "lancea/file/data_file_writer.h"

namespace lancea {

FieldWriterFactory FieldWritersOf(FileFormat format) {
  if (format == FileFormat::k2_0) return &v2_0::MakeFieldWriter;
  return &MakeFieldWriter;
}

}  // namespace lancea
