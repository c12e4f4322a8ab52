// A page of any kind as it leaves its encoder: buffers, and the layout message of 2.1 and 2.2.
//
// Compressive encodings describe themselves in 2.3's message, whose fields are those of 2.1 under the
// same numbers; planar_message.h turns the whole layout into 2.3's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/repdef_layers.h"
#include "lancea/proto/encodings_v2_1.pb.h"
#include "lancea/proto/encodings_v2_3.pb.h"

namespace lancea {

struct PageBody {
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  lance::encodings21::PageLayout layout;
  std::string planar;  ///< 2.3 only: the serialized message where `layout` cannot say it
};

/// The same encoding in 2.1's message.
inline void Describe(const lance::encodings23::CompressiveEncoding& encoding,
                     lance::encodings21::CompressiveEncoding* out) {
  out->ParseFromString(encoding.SerializeAsString());
}

/// Fill the layer list of a layout message.
template <typename Layout>
void AddLayers(const RepDefLayers& meaning, Layout* layout) {
  for (const LayerLevels& levels : meaning.layers()) {
    layout->add_layers(static_cast<lance::encodings21::RepDefLayer>(levels.layer));
  }
}

}  // namespace lancea
