// Conditions asked of FSST codes.
//
// Equality and prefix follow the codes of a value symbol by symbol and stop at the first that differs from
// the text: nothing is decoded, and it does not matter which of its many encodings a value has. Nearly
// always its first code tells:
//
//   text "sly careful"   may begin: "s" "sl" "sly " … and the escape     not: "t" "the" …
//
// A part of a value may begin inside a symbol: there the values of a chunk are decoded into a buffer that
// stays in the cache, and searched as one.
#pragma once

#include <memory>

#include "lancea/encoding/compress/fsst.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// \param bits  of an offset
/// \return nullptr when the table is off: values are stored as they are
std::unique_ptr<MiniBlockAsker> MakeFsstAsker(const FsstTable& table, uint64_t bits,
                                              const TextCondition& condition);

}  // namespace lancea
