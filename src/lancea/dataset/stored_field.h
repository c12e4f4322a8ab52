// A field as data files hold it: blobs as descriptions of where their bytes lie, JSON still as JSONB.
#pragma once

#include "lancea/schema.h"
#include "lancea/schema/field.h"

namespace lancea {

/// What readers of `field` produce before anything is converted; see AsRead for what scans show.
inline Field AsStored(const Field& field) {
  if (IsBlob(field)) return AsRead(field);
  Field out = field;
  for (Field& child : out.children) child = AsStored(child);
  return out;
}

}  // namespace lancea
