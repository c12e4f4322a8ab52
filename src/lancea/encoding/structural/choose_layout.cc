#include "lancea/encoding/structural/choose_layout.h"

#include <algorithm>

#include "lancea/encoding/structural/full_zip_encode.h"
#include "lancea/encoding/structural/gather_values.h"

namespace lancea {

LayoutKind ChooseLayout(const ValueBlock& values, bool has_dictionary,
                        const EncodingOptions& options) {
  if (has_dictionary) return LayoutKind::kMiniBlock;
  if (values.is_struct() && std::ranges::any_of(values.children, [](const ValueBlock& child) {
        return child.is_variable();
      })) {
    return LayoutKind::kFullZip;
  }
  if (!FitsFullZip(values)) return LayoutKind::kMiniBlock;
  switch (options.structural) {
    case EncodingOptions::Structural::kMiniBlock:
      return LayoutKind::kMiniBlock;
    case EncodingOptions::Structural::kFullZip:
      return LayoutKind::kFullZip;
    case EncodingOptions::Structural::kAuto:
      break;
  }
  return MaxValueBytes(values) < kLargeValueBytes ? LayoutKind::kMiniBlock : LayoutKind::kFullZip;
}

}  // namespace lancea
