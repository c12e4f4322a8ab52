// The page kinds of file versions 2.1 and 2.2, by their layout message.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/page.h"

namespace lancea {

/// Makes the page that `page.encoding` describes.
using PageFactory = std::function<arrow::Result<std::unique_ptr<StructuralPage>>(
    const std::shared_ptr<const Leaf>& leaf, const PageInfo& page)>;

/// Type URL of the layout messages that MakePage reads.
inline constexpr char kPageLayoutUrl[] = "/lance.encodings21.PageLayout";

/// \return Unsupported for a layout kind not known
arrow::Result<std::unique_ptr<StructuralPage>> MakePage(const std::shared_ptr<const Leaf>& leaf,
                                                        const PageInfo& page);

/// A readable tree of the page's encodings, e.g. "miniblock(fsst(variable(flat(32))))".
arrow::Result<std::string> DescribePageLayout(const PageInfo& page);

}  // namespace lancea
