// Conditional writes to Google Cloud Storage: an upload with ifGenerationMatch=0, "no generation is there".
//
// The JSON interface, as Arrow's client uses it, so that an emulator good enough for one serves the other.
#pragma once

#include <memory>
#include <string>

#include "lancea/io/conditional_put.h"
#include "lancea/io/endpoint.h"

namespace lancea {

struct GcsAccess {
  Endpoint endpoint;  ///< empty host: Google's own
  bool is_anonymous = false;
  std::string bearer_token;  ///< empty and not anonymous: only Arrow's client knows the credentials
};

std::unique_ptr<ConditionalPutProtocol> MakeGcsConditionalPutProtocol(GcsAccess access);

}  // namespace lancea
