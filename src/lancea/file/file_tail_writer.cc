#include "lancea/file/file_tail_writer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <vector>

#include "arrow/buffer.h"
#include "lancea/file/file_metadata_writer.h"
#include "lancea/proto/file.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<std::shared_ptr<arrow::Buffer>> Descriptor(const FileTail& tail,
                                                         bool with_checksums) {
  lance::file::FileDescriptor message;
  message.set_length(tail.num_rows);
  Schema schema = tail.schema;
  if (with_checksums) {
    schema.metadata[kChecksumsKey] = std::to_string(tail.global_buffers.size() + 1);
  }
  SchemaToProto(schema, message.mutable_schema()->mutable_fields(),
                message.mutable_schema()->mutable_metadata());
  // Maps have no order of their own; the same rows must give the same bytes.
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  if (!message.SerializeToCodedStream(&coded)) return InvalidInput("the schema is too large");
  coded.Trim();
  return arrow::Buffer::FromString(std::move(bytes));
}

}  // namespace

arrow::Status WriteFileTail(const FileTail& tail, arrow::MemoryPool* pool, FileOutput* output) {
  const bool with_checksums = output->checksums().has_value();
  ARROW_ASSIGN_OR_RAISE(auto descriptor, Descriptor(tail, with_checksums));
  ARROW_ASSIGN_OR_RAISE(auto descriptor_range, output->WriteAligned({&descriptor, 1}));
  std::vector<ByteRange> global_buffers = {descriptor_range[0]};
  global_buffers.insert(global_buffers.end(), tail.global_buffers.begin(),
                        tail.global_buffers.end());
  uint64_t position = output->position();
  if (with_checksums) {
    ARROW_RETURN_NOT_OK(output->Align());
    // The checksums' size follows from that of what they cover, so what is behind them can be laid out
    // before it is counted.
    const ChecksumLayout layout = ChecksumLayout::Of(
        output->position(), FileTailBytes(tail.columns, global_buffers.size() + 1));
    position = layout.tail_position;
    global_buffers.push_back({layout.data_bytes, layout.tail_position - layout.data_bytes});
  }
  const std::string bytes =
      FormatFileTail(position, tail.columns, global_buffers, FooterVersion(tail.format));
  const Bytes view(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (with_checksums) {
    ARROW_ASSIGN_OR_RAISE(auto checksums, output->checksums()->Finish(view, pool));
    ARROW_RETURN_NOT_OK(
        output->WriteUncounted({checksums->data(), static_cast<size_t>(checksums->size())}));
  }
  return output->WriteUncounted(view);
}

}  // namespace lancea
