#include "lancea/encoding/v2_3/sequence.h"

#include <cstring>

#include "lancea/proto/encodings_v2_3.pb.h"
#include "lancea/util/errors.h"

namespace lancea::v2_3 {

namespace pb = lance::encodings23;

arrow::Result<std::optional<Progression>> AsProgression(const pb::CompressiveEncoding& encoding,
                                                        uint64_t num_values) {
  using Found = std::optional<Progression>;
  if (encoding.has_constant() && !encoding.constant().has_value()) {
    if (num_values != 0)
      return Corrupt("a constant without a value stands for ", num_values, " values");
    return Found(Progression{});
  }
  if (num_values == 0)
    return Corrupt("an empty sequence is not stored as a constant without a value");
  switch (encoding.compression_case()) {
    case pb::CompressiveEncoding::kConstant: {
      const std::string& value = encoding.constant().value();
      Progression out;
      if (value.empty() || value.size() > sizeof(out.start)) {
        return Corrupt("a constant of ", value.size(), " bytes in a sequence of integers");
      }
      std::memcpy(&out.start, value.data(), value.size());
      return Found(out);
    }
    case pb::CompressiveEncoding::kRange:
      return Found(Progression{encoding.range().start(), encoding.range().step()});
    case pb::CompressiveEncoding::kDelta: {
      const pb::Delta& delta = encoding.delta();
      if (num_values < 2) return Corrupt("a delta sequence of ", num_values, " values");
      ARROW_ASSIGN_OR_RAISE(Found steps, AsProgression(delta.deltas(), num_values - 1));
      if (!steps || (steps->step != 0 && num_values > 2)) return Found();
      return Found(Progression{delta.base(), steps->start});
    }
    default:
      return Found();
  }
}

}  // namespace lancea::v2_3
