// The page kinds of every file version from 2.1 on, by the type URL of their layout message.
#pragma once

#include <memory>
#include <string>

#include "lancea/encoding/structural/make_page.h"

namespace lancea {

/// Make the page that `page.encoding` describes.
arrow::Result<std::unique_ptr<StructuralPage>> MakeAnyPage(const std::shared_ptr<const Leaf>& leaf,
                                                           const PageInfo& page);

/// A readable tree of the encodings of one page of any 2.x version.
arrow::Result<std::string> DescribePage(const PageInfo& page);

}  // namespace lancea
