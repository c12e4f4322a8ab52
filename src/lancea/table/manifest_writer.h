// Manifests -> bytes. The layout is drawn in manifest.h; the file's name is the caller's business.
#pragma once

#include <memory>
#include <vector>

#include "arrow/buffer.h"
#include "arrow/result.h"
#include "lancea/proto/table.pb.h"
#include "lancea/table/manifest.h"
#include "lancea/transaction.h"

namespace lancea {

/// The message, with the section offsets `manifest` has.
lance::table::Manifest ManifestToProto(const Manifest& manifest);

/// The bytes of a manifest file: index section (unless there are no indices), transaction section
/// (if given), manifest, footer. The section offsets in `manifest` are not used.
/// \param inline_transaction  nullptr: no transaction section
/// \return InvalidInput when an index has no proper uuid, or a message exceeds 2 GiB
arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeManifest(
    const Manifest& manifest, const std::vector<IndexInfo>& indices,
    const Transaction* inline_transaction);

}  // namespace lancea
