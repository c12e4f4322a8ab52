// A protobuf message as a tree, without its schema, and ways to damage it.
//
// A length-delimited field is taken for a message when its bytes parse as one, which holds for every message of
// the format and for hardly any text. What comes out is again a well-formed message, so damage reaches the
// code behind the parser: extreme counts and widths, one encoding in the place of another, missing and
// repeated fields.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace lancea::corruption {

struct WireField {
  uint32_t number = 0;
  uint32_t type = 0;   ///< 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  uint64_t value = 0;  ///< types 0, 1 and 5
  std::string bytes;   ///< type 2 when no message
  bool is_message = false;
  std::vector<WireField> children;
};
using WireMessage = std::vector<WireField>;

std::optional<WireMessage> ParseWire(std::string_view bytes, int depth = 0);
std::string SerializeWire(const WireMessage& message);

/// Change one thing somewhere in `message`; parts may come from `donor`.
/// \return what was changed, for messages
std::string DamageWire(WireMessage* message, WireMessage* donor, std::mt19937_64* random);

/// Give every number of `message` every value at the edges of its range, one at a time, and then its own back.
/// \param visit  gets what was changed
void SweepNumbers(WireMessage* message, const std::function<void(const std::string&)>& visit);

}  // namespace lancea::corruption
