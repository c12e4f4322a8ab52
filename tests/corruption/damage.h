// Damage to one file of a table, chosen by a seed.
#pragma once

#include <functional>
#include <random>
#include <string>

namespace lancea::corruption {

/// Cut the file, flip bits, overwrite bytes or swap words. Half of it goes to the last 2 KiB, where footers and
/// metadata lie.
std::string DamageBytes(std::string* file, std::mt19937_64* random);

/// The same at one to three places in the pages of a data file, most of them where a buffer begins: there lie chunk
/// headers, offsets and repetition indices. Files of other kinds get DamageBytes.
std::string DamagePages(std::string* file, std::mt19937_64* random);

/// Change numbers and encodings inside a well-formed file: one to three changes to the metadata of a column, to a
/// file's descriptor or to a manifest, which are written anew behind the data with a fitting footer.
/// Files of other kinds get DamageBytes.
std::string DamageMetadata(std::string* file, std::mt19937_64* random);

/// Give every number in the metadata of every column of a 2.x data file every value at the edges of its range, one at a
/// time. `visit` gets the damaged file and what was changed.
void SweepMetadata(const std::string& file,
                   const std::function<void(const std::string&, const std::string&)>& visit);

}  // namespace lancea::corruption
