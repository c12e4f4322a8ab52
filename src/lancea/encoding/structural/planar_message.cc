#include "lancea/encoding/structural/planar_message.h"

#include "lancea/proto/encodings_v2_3.pb.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

namespace pb21 = lance::encodings21;
namespace pb23 = lance::encodings23;

void Convert(const pb21::CompressiveEncoding& in, pb23::CompressiveEncoding* out) {
  out->ParseFromString(in.SerializeAsString());
}

template <typename Layout>
void CopyLayers(const Layout& layout, pb23::PlanarLayout* out) {
  for (int layer : layout.layers()) {
    out->mutable_structure()->mutable_dense()->add_layers(static_cast<pb23::RepDefLayer>(layer));
  }
}

void Chunked(const pb21::MiniBlockLayout& layout, pb23::ChunkedValues* out) {
  Convert(layout.value_compression(), out->mutable_compression());
  pb23::DenseChunkLevels& levels = *out->mutable_levels();
  if (layout.has_rep_compression()) {
    Convert(layout.rep_compression(), levels.mutable_repetition());
  }
  if (layout.has_def_compression()) {
    Convert(layout.def_compression(), levels.mutable_definition());
  }
  levels.set_repetition_index_depth(layout.repetition_index_depth());
  if (layout.has_dictionary()) Convert(layout.dictionary(), out->mutable_dictionary());
  out->set_num_dictionary_items(layout.num_dictionary_items());
  out->set_num_buffers(layout.num_buffers());
  out->set_num_items(layout.num_items());
}

void Zipped(const pb21::FullZipLayout& layout, pb23::ZippedValues* out) {
  Convert(layout.value_compression(), out->mutable_compression());
  out->mutable_levels()->set_bits_repetition(layout.bits_rep());
  out->mutable_levels()->set_bits_definition(layout.bits_def());
  if (layout.details_case() == pb21::FullZipLayout::kBitsPerOffset) {
    out->set_bits_per_offset(layout.bits_per_offset());
  } else {
    out->set_bits_per_value(layout.bits_per_value());
  }
  out->set_num_items(layout.num_items());
  out->set_num_visible_items(layout.num_visible_items());
}

}  // namespace

arrow::Result<EncodingBlob> ToPlanar(const pb21::PageLayout& layout) {
  pb23::PlanarLayout out;
  switch (layout.layout_case()) {
    case pb21::PageLayout::kMiniBlockLayout:
      CopyLayers(layout.mini_block_layout(), &out);
      Chunked(layout.mini_block_layout(), out.mutable_values()->mutable_chunked());
      break;
    case pb21::PageLayout::kFullZipLayout:
      CopyLayers(layout.full_zip_layout(), &out);
      Zipped(layout.full_zip_layout(), out.mutable_values()->mutable_zipped());
      break;
    case pb21::PageLayout::kConstantLayout:
      CopyLayers(layout.constant_layout(), &out);
      if (layout.constant_layout().has_inline_value()) {
        out.mutable_values()->mutable_constant()->set_scalar(
            layout.constant_layout().inline_value());
      } else {
        out.mutable_values()->mutable_none();
      }
      break;
    default:
      return Unsupported("this page layout in a file of version 2.3");
  }
  return EncodingBlob{kPlanarUrl, out.SerializeAsString()};
}

}  // namespace lancea
