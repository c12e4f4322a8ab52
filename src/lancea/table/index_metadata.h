// Index metadata <-> protobuf: the entries of a manifest's index section.
//
// Every commit writes the whole section again, so nothing of an entry may get lost: fields this
// build does not know are kept as bytes. An absent fragment bitmap (no bytes) and an empty one (8
// bytes) differ: not recorded, and covers nothing.
// Source: table.proto IndexMetadata; manifests of pylance 1.0.0 and 14.0.2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/index_info.h"
#include "lancea/proto/table.pb.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// The indices a reader and writer treat by name.
constexpr char kFragmentReuseIndexName[] = "__lance_frag_reuse";
constexpr char kMemWalIndexName[] = "__lance_mem_wal";

/// True for the two names above: no index over rows.
bool IsSystemIndex(const IndexInfo& index);

/// Fragments the bitmaps of all entries of one manifest may name: four bytes of a bitmap may stand
/// for 65,536 of them.
constexpr uint64_t kMaxIndexedFragments = uint64_t{1} << 24;

/// \param fragments_left  how many more fragments may be named; counted down
/// \return Corrupt when the uuid is not 16 bytes, the bitmap does not parse or names too many
arrow::Result<IndexInfo> IndexFromProto(const lance::table::IndexMetadata& proto,
                                        uint64_t* fragments_left);

/// \return InvalidInput when the uuid is not 8-4-4-4-12 hex
arrow::Result<lance::table::IndexMetadata> IndexToProto(const IndexInfo& index);

/// Parse an IndexSection message.
arrow::Result<std::vector<IndexInfo>> ParseIndexSection(Bytes message);
arrow::Result<std::string> SerializeIndexSection(const std::vector<IndexInfo>& indices);

/// The 16 bytes of a uuid message <-> its text (util/uuid.h); "" for bytes that are none.
std::string FormatUuid(const std::string& bytes);
arrow::Result<std::string> ParseUuid(const std::string& text);

}  // namespace lancea
