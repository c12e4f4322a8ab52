// Transactions <-> protobuf.
//
// The message stands in the manifest's transaction section (behind a u32 length) and, the same
// bytes without a length, in _transactions/{read_version}-{uuid}.txn.
//
// Reading a table must not depend on its history: an operation this build does not know, or one
// holding something it cannot represent (overlays, say), parses as operation::Unknown, which keeps
// the whole message. Only bytes that are no such message are an error, and callers that merely
// describe a version ignore even that.
// Old forms are read, never written: UpdateConfig fields 1 to 4, the flat lists of Rewrite.
// Source: transaction.proto; transactions of pylance 0.10 to 14.0.2.
#pragma once

#include <string>

#include "arrow/result.h"
#include "lancea/proto/transaction.pb.h"
#include "lancea/transaction.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// \return Corrupt when the message does not parse
arrow::Result<Transaction> ParseTransaction(Bytes message);

Transaction TransactionFromProto(const lance::table::Transaction& proto);

/// \return InvalidInput for an index uuid that is none or a broken MemWAL message
arrow::Result<lance::table::Transaction> TransactionToProto(const Transaction& transaction);

/// The bytes of the message, as a .txn file and the inline section hold them. Of
/// operation::Unknown: those it came in.
arrow::Result<std::string> SerializeTransaction(const Transaction& transaction);

/// The name of the transaction's file below _transactions/: "{read_version}-{uuid}.txn".
std::string TransactionFileName(const Transaction& transaction);

}  // namespace lancea
