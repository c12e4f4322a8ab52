#include "lancea/encoding/v2_3/make_page.h"

#include "arrow/type.h"
#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/encoding/compress/variable_packed_struct.h"
#include "lancea/encoding/structural/constant.h"
#include "lancea/encoding/structural/full_zip.h"
#include "lancea/encoding/structural/mini_block.h"
#include "lancea/encoding/v2_3/indexed_page.h"
#include "lancea/encoding/v2_3/sparse_page.h"
#include "lancea/proto/encodings_v2_3.pb.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea::v2_3 {
namespace {

namespace pb = lance::encodings23;
using MadePage = arrow::Result<std::unique_ptr<StructuralPage>>;

arrow::Result<pb::PlanarLayout> Parse(const PageInfo& page) {
  if (page.encoding.type_url != kPlanarLayoutUrl) {
    return Unsupported("page encoding of type \"", page.encoding.type_url, "\"");
  }
  pb::PlanarLayout message;
  if (!ParseMessageIn(page.encoding.value, &message))
    return Corrupt("planar layout does not parse");
  return message;
}

// The layers of values without levels: the leaf, always valid.
arrow::Result<RepDefLayers> PlainLayers() {
  const int wire[] = {pb::REPDEF_ALL_VALID_ITEM};
  return RepDefLayers::Make(wire);
}

arrow::Result<MiniBlockLayout> Chunked(const pb::ChunkedValues& values, RepDefLayers layers,
                                       uint64_t num_items) {
  MiniBlockLayout layout;
  layout.layers = std::move(layers);
  const pb::DenseChunkLevels& levels = values.levels();
  if (levels.has_repetition()) {
    ARROW_ASSIGN_OR_RAISE(layout.rep, MakeBlockDecoder(levels.repetition()));
  }
  if (levels.has_definition()) {
    ARROW_ASSIGN_OR_RAISE(layout.def, MakeBlockDecoder(levels.definition()));
  }
  ARROW_ASSIGN_OR_RAISE(layout.values, MakeMiniBlockDecoder(values.compression()));
  if (values.num_buffers() != static_cast<uint64_t>(layout.values->num_buffers())) {
    return Corrupt("page says ", values.num_buffers(),
                   " value buffers per chunk, its encoding has ", layout.values->num_buffers());
  }
  if (values.has_dictionary() != (values.num_dictionary_items() > 0)) {
    return Corrupt("a dictionary of ", values.num_dictionary_items(), " items");
  }
  if (values.has_dictionary()) {
    ARROW_ASSIGN_OR_RAISE(layout.dictionary, MakeBlockDecoder(values.dictionary()));
  }
  layout.num_dictionary_items = values.num_dictionary_items();
  layout.repetition_index_depth = levels.repetition_index_depth();
  layout.num_items = num_items;
  layout.has_large_chunk = true;
  return layout;
}

arrow::Result<FullZipLayout> Zipped(const pb::ZippedValues& values, RepDefLayers layers) {
  FullZipLayout layout;
  layout.layers = std::move(layers);
  layout.bits_rep = values.levels().bits_repetition();
  layout.bits_def = values.levels().bits_definition();
  layout.bits_per_value = values.bits_per_value();
  layout.bits_per_offset = values.bits_per_offset();
  layout.num_items = values.num_items();
  layout.num_visible_items = values.num_visible_items();
  if (values.compression().has_variable_packed_struct()) {
    ARROW_ASSIGN_OR_RAISE(layout.packed_struct,
                          MakeVariablePackedStructDecoder(values.compression()));
  } else {
    ARROW_ASSIGN_OR_RAISE(layout.values, MakePerValueDecoder(values.compression()));
  }
  return layout;
}

MadePage MakeDense(const std::shared_ptr<const Leaf>& leaf, const PageInfo& page,
                   const pb::DenseStructure& structure, const pb::ValuePlane& values) {
  const std::vector<int> wire(structure.layers().begin(), structure.layers().end());
  ARROW_ASSIGN_OR_RAISE(RepDefLayers layers, RepDefLayers::Make(wire));
  if (wire.size() != leaf->dimensions.size()) {
    return Corrupt("page lists ", wire.size(), " structural layers, the schema has ",
                   leaf->dimensions.size());
  }
  switch (values.codec_case()) {
    case pb::ValuePlane::kChunked: {
      ARROW_ASSIGN_OR_RAISE(
          auto layout, Chunked(values.chunked(), std::move(layers), values.chunked().num_items()));
      return MakeMiniBlockPage(leaf, page, std::move(layout));
    }
    case pb::ValuePlane::kZipped: {
      ARROW_ASSIGN_OR_RAISE(auto layout, Zipped(values.zipped(), std::move(layers)));
      return MakeFullZipPage(leaf, page, std::move(layout));
    }
    case pb::ValuePlane::kConstant:
    case pb::ValuePlane::kNone: {
      if (!page.buffers.empty())
        return Corrupt("constant page has ", page.buffers.size(), " buffers");
      ConstantLayout layout;
      layout.layers = std::move(layers);
      if (values.has_constant()) layout.inline_value = values.constant().scalar();
      return MakeConstantPage(leaf, page, std::move(layout));
    }
    case pb::ValuePlane::kIndexed:
      return Corrupt("indexed values under a dense structure");
    case pb::ValuePlane::CODEC_NOT_SET:
      break;
  }
  return Unsupported("a value plane this build does not know");
}

// `num_rows` values without levels in page buffers [first, last).
PageInfo ValuePage(const PageInfo& page, uint64_t num_rows, size_t first, size_t last) {
  PageInfo out;
  out.buffers.assign(page.buffers.begin() + first, page.buffers.begin() + last);
  out.num_rows = num_rows;
  return out;
}

MadePage MakeZippedValues(const std::shared_ptr<const Leaf>& leaf, const PageInfo& value_page,
                          const pb::ZippedValues& values) {
  if (values.has_levels() || values.num_visible_items() != values.num_items()) {
    return Corrupt("zipped values under a sparse structure have levels of their own");
  }
  ARROW_ASSIGN_OR_RAISE(RepDefLayers layers, PlainLayers());
  ARROW_ASSIGN_OR_RAISE(FullZipLayout layout, Zipped(values, std::move(layers)));
  return MakeFullZipPage(leaf, value_page, std::move(layout));
}

MadePage MakeIndexed(const std::shared_ptr<const Leaf>& leaf, const PageInfo& page,
                     const pb::IndexedValues& values, uint64_t num_slots) {
  ARROW_ASSIGN_OR_RAISE(auto indices, MakeBlockDecoder(values.indices()));
  if (indices->shape().bits_per_value != 32 || indices->shape().items_per_value != 1) {
    return Corrupt("indices of ", indices->shape().bits_per_value, " bits");
  }
  const uint64_t num_items = values.items().num_items();
  if (num_items == 0 || num_items > UINT32_MAX) {
    return Corrupt("an indexed page of ", num_items, " items");
  }
  ARROW_ASSIGN_OR_RAISE(auto items,
                        MakeZippedValues(leaf, ValuePage(page, num_items, 1, 3), values.items()));
  return MakeIndexedPage(leaf, num_slots, std::move(indices), page.buffers[0], std::move(items),
                         num_items);
}

// Buffers that the value plane takes, before those of the structure.
size_t NumValueBuffers(const pb::ValuePlane& values) {
  switch (values.codec_case()) {
    case pb::ValuePlane::kChunked:
      return 2 + values.chunked().has_dictionary();
    case pb::ValuePlane::kZipped:
      return values.zipped().addressing_case() == pb::ZippedValues::kBitsPerOffset ? 2 : 1;
    case pb::ValuePlane::kIndexed:
      return 3;
    default:
      return 0;
  }
}

// The schema's layers must be those of the page.
arrow::Status CheckLayers(const Leaf& leaf, const SparseStructure& structure) {
  const size_t num_layers = structure.layers().size();
  if (num_layers != leaf.dimensions.size()) {
    return Corrupt("page has ", num_layers, " sparse layers, the schema has ",
                   leaf.dimensions.size());
  }
  for (size_t i = 0; i < num_layers; ++i) {
    const SparseLayer& layer = structure.layers()[num_layers - 1 - i];
    const uint64_t dimension =
        layer.kind == StructureLayer::Kind::kFixedSizeList ? layer.dimension : 0;
    if (dimension != static_cast<uint64_t>(leaf.dimensions[i])) {
      return Corrupt("sparse layer of dimension ", dimension, ", the schema says ",
                     leaf.dimensions[i]);
    }
  }
  if (structure.layers().back().kind != StructureLayer::Kind::kItem) {
    return Corrupt("the leaf layer of a sparse page is a list");
  }
  return arrow::Status::OK();
}

MadePage MakeSparse(const std::shared_ptr<const Leaf>& leaf, const PageInfo& page,
                    const pb::SparseStructure& message, const pb::ValuePlane& values) {
  SparsePageParts parts;
  ARROW_ASSIGN_OR_RAISE(parts.row_scale, RowScale(message));
  if (page.num_rows % parts.row_scale != 0) {
    return Corrupt("page of ", page.num_rows, " rows holds fixed-size lists of ", parts.row_scale);
  }
  ARROW_ASSIGN_OR_RAISE(parts.structure,
                        SparseStructure::Make(message, page.num_rows / parts.row_scale));
  ARROW_RETURN_NOT_OK(CheckLayers(*leaf, parts.structure));
  const size_t num_value_buffers = NumValueBuffers(values);
  if (page.buffers.size() != num_value_buffers + parts.structure.num_buffers()) {
    return Corrupt("sparse page has ", page.buffers.size(), " buffers, needs ", num_value_buffers,
                   " for values and ", parts.structure.num_buffers(), " for structure");
  }
  parts.sequence_ranges.assign(page.buffers.begin() + num_value_buffers, page.buffers.end());

  const uint64_t num_slots = parts.structure.num_leaf_slots();
  auto value_leaf = std::make_shared<Leaf>(*leaf);
  value_leaf->dimensions = {0};
  value_leaf->num_own_layers = 1;
  value_leaf->page_rows_per_row = 1;
  switch (values.codec_case()) {
    case pb::ValuePlane::kChunked: {
      if (values.chunked().has_levels() || values.chunked().num_items() != 0) {
        return Corrupt("chunked values under a sparse structure have levels of their own");
      }
      ARROW_ASSIGN_OR_RAISE(RepDefLayers layers, PlainLayers());
      ARROW_ASSIGN_OR_RAISE(auto layout, Chunked(values.chunked(), std::move(layers), num_slots));
      const PageInfo value_page = ValuePage(page, num_slots, 0, num_value_buffers);
      ARROW_ASSIGN_OR_RAISE(parts.values,
                            MakeMiniBlockPage(value_leaf, value_page, std::move(layout)));
      break;
    }
    case pb::ValuePlane::kZipped: {
      parts.value_rows = ValueRows::kValidValues;
      parts.num_values = values.zipped().num_items();
      if (parts.num_values > num_slots) {
        return Corrupt(parts.num_values, " zipped values for ", num_slots, " slots");
      }
      const PageInfo value_page = ValuePage(page, parts.num_values, 0, num_value_buffers);
      ARROW_ASSIGN_OR_RAISE(parts.values,
                            MakeZippedValues(value_leaf, value_page, values.zipped()));
      break;
    }
    case pb::ValuePlane::kConstant: {
      ConstantLayout layout;
      ARROW_ASSIGN_OR_RAISE(layout.layers, PlainLayers());
      layout.inline_value = values.constant().scalar();
      ARROW_ASSIGN_OR_RAISE(
          parts.values,
          MakeConstantPage(value_leaf, ValuePage(page, num_slots, 0, 0), std::move(layout)));
      break;
    }
    case pb::ValuePlane::kNone:
      // A struct without fields has valid slots and yet nothing to store.
      parts.value_rows =
          leaf->type->id() == arrow::Type::STRUCT ? ValueRows::kSlots : ValueRows::kValidValues;
      break;
    case pb::ValuePlane::kIndexed: {
      parts.value_rows = ValueRows::kValidSlots;
      ARROW_ASSIGN_OR_RAISE(parts.values,
                            MakeIndexed(value_leaf, page, values.indexed(), num_slots));
      break;
    }
    case pb::ValuePlane::CODEC_NOT_SET:
      return Unsupported("a value plane this build does not know");
  }
  return MakeSparsePage(leaf, std::move(parts));
}

}  // namespace

MadePage MakePage(const std::shared_ptr<const Leaf>& leaf, const PageInfo& page) {
  ARROW_ASSIGN_OR_RAISE(pb::PlanarLayout message, Parse(page));
  switch (message.structure().codec_case()) {
    case pb::StructuralPlane::kDense:
      return MakeDense(leaf, page, message.structure().dense(), message.values());
    case pb::StructuralPlane::kSparse:
      return MakeSparse(leaf, page, message.structure().sparse(), message.values());
    case pb::StructuralPlane::CODEC_NOT_SET:
      break;
  }
  return Unsupported("a page structure this build does not know");
}

arrow::Result<std::string> DescribePlanarLayout(const PageInfo& page) {
  ARROW_ASSIGN_OR_RAISE(pb::PlanarLayout message, Parse(page));
  std::string out;
  if (message.structure().has_sparse()) {
    out = "sparse(";
    for (const pb::SparseStructuralLayer& layer : message.structure().sparse().layers()) {
      if (out.back() != '(') out += ", ";
      out += layer.has_list() ? "list" : layer.has_fixed_size_list() ? "fixed_size_list" : "item";
    }
    out += ")+";
  } else {
    out = "dense+";
  }
  const pb::ValuePlane& values = message.values();
  switch (values.codec_case()) {
    case pb::ValuePlane::kChunked: {
      const pb::ChunkedValues& chunked = values.chunked();
      out += "chunked(" + DescribeEncoding(chunked.compression());
      if (chunked.has_dictionary()) out += ", dictionary=" + DescribeEncoding(chunked.dictionary());
      return out + ")";
    }
    case pb::ValuePlane::kZipped:
      return out + "zipped(" + DescribeEncoding(values.zipped().compression()) + ")";
    case pb::ValuePlane::kConstant:
      return out + "constant";
    case pb::ValuePlane::kNone:
      return out + "none";
    case pb::ValuePlane::kIndexed:
      return out + "indexed(" + DescribeEncoding(values.indexed().indices()) +
             ", items=" + DescribeEncoding(values.indexed().items().compression()) + ")";
    case pb::ValuePlane::CODEC_NOT_SET:
      break;
  }
  return out + "unknown";
}

}  // namespace lancea::v2_3
