// Reads rows of a mini-block page: whole chunks arrive, the wanted part of each is kept.
#pragma once

#include <memory>
#include <span>

#include "lancea/encoding/structural/mini_block_page.h"

namespace lancea {

/// Whether values stored by a dictionary are looked up in it.
enum class ValueForm { kPlain, kEncoded };

/// \param ranges  page-relative, ascending, disjoint, within the page
std::unique_ptr<PageRead> MakeMiniBlockRead(const MiniBlockPage& page,
                                            std::span<const RowRange> ranges,
                                            arrow::MemoryPool* pool, ValueForm form);

}  // namespace lancea
