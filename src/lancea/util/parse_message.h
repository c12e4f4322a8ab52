// Parsing protobuf messages from borrowed bytes.
#pragma once

#include <google/protobuf/message_lite.h>

#include <climits>

#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

#include "lancea/util/byte_reader.h"

namespace lancea {

/// Parse all of `bytes` into `message`. Protobuf's own limit of 100 nested levels holds.
/// \return false when the bytes are not such a message
inline bool ParseMessage(Bytes bytes, google::protobuf::MessageLite* message) {
  if (bytes.size() > INT_MAX) return false;
#if GOOGLE_PROTOBUF_VERSION < 4022000
  // Bad bytes are reported as a Status; a library prints nothing.
  google::protobuf::LogSilencer silencer;
#endif
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// The same for bytes that a string or a buffer holds.
template <typename Holder>
bool ParseMessageIn(const Holder& holder, google::protobuf::MessageLite* message) {
  return ParseMessage(
      Bytes(reinterpret_cast<const uint8_t*>(holder.data()), static_cast<size_t>(holder.size())),
      message);
}

}  // namespace lancea
