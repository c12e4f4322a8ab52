#include "lancea/file/page_factory.h"

#include "lancea/encoding/v2_0/field_reader.h"
#include "lancea/encoding/v2_3/make_page.h"

namespace lancea {

arrow::Result<std::unique_ptr<StructuralPage>> MakeAnyPage(const std::shared_ptr<const Leaf>& leaf,
                                                           const PageInfo& page) {
  if (page.encoding.type_url == v2_3::kPlanarLayoutUrl) return v2_3::MakePage(leaf, page);
  return MakePage(leaf, page);
}

arrow::Result<std::string> DescribePage(const PageInfo& page) {
  if (page.encoding.type_url == v2_3::kPlanarLayoutUrl) return v2_3::DescribePlanarLayout(page);
  if (page.encoding.type_url == v2_0::kArrayEncodingUrl) return v2_0::DescribeArrayEncoding(page);
  return DescribePageLayout(page);
}

}  // namespace lancea
