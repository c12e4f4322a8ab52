// The pages of file version 2.3, by their layout message.
//
// A PlanarLayout says structure and values apart:
//             chunked     zipped     constant  none      indexed
//   dense     mini-block  full-zip   constant  constant  -
//   sparse    each read as a page without levels, under sparse_structure.h
// Dense pages are byte for byte those of 2.2, described in other words.
#pragma once

#include <memory>
#include <string>

#include "lancea/encoding/structural/make_page.h"

namespace lancea::v2_3 {

/// Type URL of the layout messages that MakePage reads.
inline constexpr char kPlanarLayoutUrl[] = "/lance.encodings23.PlanarLayout";

/// A PageFactory. \return Unsupported for a layout not known
arrow::Result<std::unique_ptr<StructuralPage>> MakePage(const std::shared_ptr<const Leaf>& leaf,
                                                        const PageInfo& page);

/// A readable tree of the page's encodings, e.g. "sparse(list, item)+chunked(flat(32))".
arrow::Result<std::string> DescribePlanarLayout(const PageInfo& page);

}  // namespace lancea::v2_3
