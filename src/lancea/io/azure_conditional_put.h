// Conditional writes to Azure's Blob Storage: Put Blob with "If-None-Match: *".
//
// Requests are signed with the account's key ("Authorize with Shared Key" in Azure's reference of the Blob
// service) or carry a SAS token in their query. An account with hierarchical names takes them, too.
#pragma once

#include <ctime>
#include <memory>
#include <string>

#include "lancea/io/conditional_put.h"

namespace lancea {

struct AzureAccess {
  std::string blob_url;  ///< of the account, with a '/' at its end
  std::string account;
  std::string account_key;  ///< base64
  std::string sas_token;    ///< with or without a '?' at its beginning
  bool is_anonymous = false;
};

/// \param clock  for the date of a request, std::time unless a test says otherwise
std::unique_ptr<ConditionalPutProtocol> MakeAzureConditionalPutProtocol(
    AzureAccess access, std::time_t (*clock)(std::time_t*) = std::time);

}  // namespace lancea
