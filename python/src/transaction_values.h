// Transactions as Python dicts, both ways.
//
//   {"read_version", "uuid", "properties", "type": the operation's name, ...}
//
// The other keys are the attributes of the class of that name in lancea._transaction.LanceOperation, with
// fragments, schemas and indexes as values.h and from_values.h have them.
#pragma once

#include <nanobind/nanobind.h>

#include "lancea/transaction.h"

namespace lancea::python {

nanobind::dict ToDict(const Transaction& transaction);
Transaction TransactionFromDict(const nanobind::dict& dict);
operation::UpdateConfig UpdateConfigFromDict(const nanobind::dict& dict);

}  // namespace lancea::python
