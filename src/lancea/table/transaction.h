// Transactions, as far as reading a table needs them: which operation made a version.
//
// A transaction is the message in a manifest's transaction section or in its .txn file (there
// without a length). One that does not parse never makes a table unreadable.
#pragma once

#include <map>
#include <string>

#include "arrow/result.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// What a transaction says of itself.
struct TransactionInfo {
  uint64_t read_version = 0;  ///< the version it was based on
  std::string uuid;
  std::string tag;
  std::string operation;  ///< e.g. "Append"; "Unknown" when written by a newer library
  std::map<std::string, std::string> properties;
};

/// \return Corrupt when the message does not parse
arrow::Result<TransactionInfo> ParseTransaction(Bytes message);

}  // namespace lancea
