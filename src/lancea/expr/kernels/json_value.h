// Values inside a JSONB document (util/jsonb.h has the bytes), found without making text of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// One value; a view, valid while the document is.
class JsonValue {
 public:
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };

  /// \return Corrupt when the bytes are not JSONB. No bytes at all are null.
  static arrow::Result<JsonValue> Document(Bytes jsonb);

  Kind kind() const { return kind_; }
  bool boolean() const { return boolean_; }
  /// Of a string: its text.
  std::string_view text() const {
    return {reinterpret_cast<const char*>(payload_.data()), payload_.size()};
  }

  /// Elements of an array, or values of an object in the order of their keys; none of others.
  arrow::Result<std::vector<JsonValue>> Children() const;
  /// The value of a key of an object.
  arrow::Result<std::optional<JsonValue>> Field(std::string_view key) const;

  /// JSON text, compact.
  arrow::Result<std::string> ToText() const;
  /// A document of its own.
  std::string ToJsonb() const;
  /// As an element of an array: its entry word and payload.
  uint32_t entry() const { return entry_; }
  Bytes payload() const { return payload_; }

 private:
  static arrow::Result<JsonValue> OfEntry(uint32_t entry, Bytes payload);
  arrow::Result<std::vector<JsonValue>> ReadEntries(std::vector<std::string_view>* keys) const;

  Kind kind_ = Kind::kNull;
  bool boolean_ = false;
  uint32_t entry_ = 0;
  Bytes payload_;
};

/// A JSONB array of these values.
std::string MakeJsonbArray(const std::vector<JsonValue>& values);

}  // namespace lancea
