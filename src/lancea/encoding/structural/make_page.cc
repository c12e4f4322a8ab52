#include "lancea/encoding/structural/make_page.h"

#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/encoding/compress/variable_packed_struct.h"
#include "lancea/encoding/structural/blob.h"
#include "lancea/encoding/structural/constant.h"
#include "lancea/encoding/structural/full_zip.h"
#include "lancea/encoding/structural/mini_block.h"
#include "lancea/proto/encodings_v2_1.pb.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

namespace pb = lance::encodings21;

template <typename Layers>
arrow::Result<RepDefLayers> ToLayers(const Layers& wire) {
  const std::vector<int> values(wire.begin(), wire.end());
  return RepDefLayers::Make(values);
}

arrow::Status CheckLayers(const Leaf& leaf, const RepDefLayers& layers) {
  if (layers.layers().size() != leaf.dimensions.size()) {
    return Corrupt("page lists ", layers.layers().size(), " structural layers, the schema has ",
                   leaf.dimensions.size());
  }
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<StructuralPage>> MakeMiniBlock(
    const std::shared_ptr<const Leaf>& leaf, const PageInfo& page,
    const pb::MiniBlockLayout& message) {
  MiniBlockLayout layout;
  ARROW_ASSIGN_OR_RAISE(layout.layers, ToLayers(message.layers()));
  ARROW_RETURN_NOT_OK(CheckLayers(*leaf, layout.layers));
  if (message.has_rep_compression()) {
    ARROW_ASSIGN_OR_RAISE(layout.rep, MakeBlockDecoder(message.rep_compression()));
  }
  if (message.has_def_compression()) {
    ARROW_ASSIGN_OR_RAISE(layout.def, MakeBlockDecoder(message.def_compression()));
  }
  ARROW_ASSIGN_OR_RAISE(layout.values, MakeMiniBlockDecoder(message.value_compression()));
  if (message.has_dictionary()) {
    ARROW_ASSIGN_OR_RAISE(layout.dictionary, MakeBlockDecoder(message.dictionary()));
  }
  layout.num_dictionary_items = message.num_dictionary_items();
  layout.repetition_index_depth = message.repetition_index_depth();
  layout.num_items = message.num_items();
  layout.has_large_chunk = message.has_large_chunk();
  if (message.num_buffers() != static_cast<uint64_t>(layout.values->num_buffers())) {
    return Corrupt("page says ", message.num_buffers(),
                   " value buffers per chunk, its encoding has ", layout.values->num_buffers());
  }
  return MakeMiniBlockPage(leaf, page, std::move(layout));
}

arrow::Result<std::unique_ptr<StructuralPage>> MakeFullZip(const std::shared_ptr<const Leaf>& leaf,
                                                           const PageInfo& page,
                                                           const pb::FullZipLayout& message) {
  FullZipLayout layout;
  ARROW_ASSIGN_OR_RAISE(layout.layers, ToLayers(message.layers()));
  ARROW_RETURN_NOT_OK(CheckLayers(*leaf, layout.layers));
  layout.bits_rep = message.bits_rep();
  layout.bits_def = message.bits_def();
  layout.bits_per_value = message.bits_per_value();
  layout.bits_per_offset = message.bits_per_offset();
  layout.num_items = message.num_items();
  layout.num_visible_items = message.num_visible_items();
  if (message.value_compression().has_variable_packed_struct()) {
    ARROW_ASSIGN_OR_RAISE(layout.packed_struct,
                          MakeVariablePackedStructDecoder(message.value_compression()));
  } else {
    ARROW_ASSIGN_OR_RAISE(layout.values, MakePerValueDecoder(message.value_compression()));
  }
  return MakeFullZipPage(leaf, page, std::move(layout));
}

arrow::Result<std::unique_ptr<StructuralPage>> MakeConstant(const std::shared_ptr<const Leaf>& leaf,
                                                            const PageInfo& page,
                                                            const pb::ConstantLayout& message) {
  ConstantLayout layout;
  ARROW_ASSIGN_OR_RAISE(layout.layers, ToLayers(message.layers()));
  ARROW_RETURN_NOT_OK(CheckLayers(*leaf, layout.layers));
  if (message.has_inline_value()) layout.inline_value = message.inline_value();
  if (message.has_rep_compression()) {
    ARROW_ASSIGN_OR_RAISE(layout.rep, MakeBlockDecoder(message.rep_compression()));
  }
  if (message.has_def_compression()) {
    ARROW_ASSIGN_OR_RAISE(layout.def, MakeBlockDecoder(message.def_compression()));
  }
  layout.num_rep_values = message.num_rep_values();
  layout.num_def_values = message.num_def_values();
  return MakeConstantPage(leaf, page, std::move(layout));
}

arrow::Result<std::unique_ptr<StructuralPage>> Make(const std::shared_ptr<const Leaf>& leaf,
                                                    const PageInfo& page,
                                                    const pb::PageLayout& message, int depth) {
  switch (message.layout_case()) {
    case pb::PageLayout::kMiniBlockLayout:
      return MakeMiniBlock(leaf, page, message.mini_block_layout());
    case pb::PageLayout::kConstantLayout:
      return MakeConstant(leaf, page, message.constant_layout());
    case pb::PageLayout::kFullZipLayout:
      return MakeFullZip(leaf, page, message.full_zip_layout());
    case pb::PageLayout::kBlobLayout: {
      if (depth > 0) return Corrupt("a blob page inside a blob page");
      if (!IsBlobDescription(*leaf->type)) {
        return Corrupt("a blob page in a column of ", leaf->type->ToString());
      }
      ARROW_ASSIGN_OR_RAISE(RepDefLayers layers, ToLayers(message.blob_layout().layers()));
      ARROW_RETURN_NOT_OK(CheckLayers(*leaf, layers));
      auto inner_leaf = std::make_shared<Leaf>(*leaf);
      inner_leaf->dimensions = {0};
      inner_leaf->num_own_layers = 1;
      ARROW_ASSIGN_OR_RAISE(
          auto inner, Make(inner_leaf, page, message.blob_layout().inner_layout(), depth + 1));
      return MakeBlobPage(std::move(inner), std::move(layers));
    }
    case pb::PageLayout::LAYOUT_NOT_SET:
      break;
  }
  return Unsupported("a page layout this build does not know");
}

std::string Describe(const pb::PageLayout& message, int depth) {
  switch (message.layout_case()) {
    case pb::PageLayout::kMiniBlockLayout: {
      const auto& layout = message.mini_block_layout();
      std::string out = "miniblock(" + DescribeEncoding(layout.value_compression());
      if (layout.has_dictionary()) out += ", dictionary=" + DescribeEncoding(layout.dictionary());
      if (layout.has_rep_compression())
        out += ", rep=" + DescribeEncoding(layout.rep_compression());
      if (layout.has_def_compression())
        out += ", def=" + DescribeEncoding(layout.def_compression());
      return out + ")";
    }
    case pb::PageLayout::kConstantLayout:
      return message.constant_layout().has_inline_value() ? "constant(inline)" : "constant";
    case pb::PageLayout::kFullZipLayout:
      return "fullzip(" + DescribeEncoding(message.full_zip_layout().value_compression()) + ")";
    case pb::PageLayout::kBlobLayout:
      return depth > 0 ? "blob" : "blob(" + Describe(message.blob_layout().inner_layout(), 1) + ")";
    case pb::PageLayout::LAYOUT_NOT_SET:
      break;
  }
  return "unknown";
}

arrow::Result<pb::PageLayout> Parse(const PageInfo& page) {
  if (page.encoding.type_url != kPageLayoutUrl) {
    return Unsupported("page encoding of type \"", page.encoding.type_url, "\"");
  }
  pb::PageLayout message;
  if (!ParseMessageIn(page.encoding.value, &message)) return Corrupt("page layout does not parse");
  return message;
}

}  // namespace

arrow::Result<std::unique_ptr<StructuralPage>> MakePage(const std::shared_ptr<const Leaf>& leaf,
                                                        const PageInfo& page) {
  ARROW_ASSIGN_OR_RAISE(pb::PageLayout message, Parse(page));
  return Make(leaf, page, message, 0);
}

arrow::Result<std::string> DescribePageLayout(const PageInfo& page) {
  ARROW_ASSIGN_OR_RAISE(pb::PageLayout message, Parse(page));
  return Describe(message, 0);
}

}  // namespace lancea
