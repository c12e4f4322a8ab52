// Protobuf messages -> bytes, the same bytes for the same message: maps in the order of their keys.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

#include <climits>
#include <string>

#include "arrow/result.h"
#include "lancea/util/errors.h"

namespace lancea {

/// \return InvalidInput for messages of 2 GiB and more, which no reader parses
inline arrow::Result<std::string> SerializeMessage(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  if (size > INT_MAX) return InvalidInput("a message of ", size, " bytes; 2 GiB is the limit");
  std::string out;
  out.reserve(size);
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&coded);
  }
  return out;
}

}  // namespace lancea
