#include "lancea/table/transaction.h"

#include "lancea/proto/transaction.pb.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

const char* OperationName(lance::table::Transaction::OperationCase operation) {
  using lance::table::Transaction;
  switch (operation) {
    case Transaction::kAppend:
      return "Append";
    case Transaction::kDelete:
      return "Delete";
    case Transaction::kOverwrite:
      return "Overwrite";
    case Transaction::kCreateIndex:
      return "CreateIndex";
    case Transaction::kRewrite:
      return "Rewrite";
    case Transaction::kMerge:
      return "Merge";
    case Transaction::kRestore:
      return "Restore";
    case Transaction::kReserveFragments:
      return "ReserveFragments";
    case Transaction::kUpdate:
      return "Update";
    case Transaction::kProject:
      return "Project";
    case Transaction::kUpdateConfig:
      return "UpdateConfig";
    case Transaction::kDataReplacement:
      return "DataReplacement";
    case Transaction::kUpdateMemWalState:
      return "UpdateMemWalState";
    case Transaction::kClone:
      return "Clone";
    case Transaction::kUpdateBases:
      return "UpdateBases";
    case Transaction::kDataOverlay:
      return "DataOverlay";
    default:
      return "Unknown";
  }
}

}  // namespace

arrow::Result<TransactionInfo> ParseTransaction(Bytes message) {
  lance::table::Transaction proto;
  if (!ParseMessage(message, &proto)) {
    return Corrupt("the transaction does not parse");
  }
  TransactionInfo info;
  info.read_version = proto.read_version();
  info.uuid = proto.uuid();
  info.tag = proto.tag();
  info.operation = OperationName(proto.operation_case());
  info.properties.insert(proto.transaction_properties().begin(),
                         proto.transaction_properties().end());
  return info;
}

}  // namespace lancea
