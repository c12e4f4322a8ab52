// Index coverage at commit: which fragments each index may still answer for.
//
// A wrong bitmap does not fail; it silently returns stale rows. So every rule here only ever takes
// fragments away, but for two: a rewrite whose rows keep their ids (or whose index was rewritten
// with it) exchanges a whole group of old fragments for its new ones, and an update that moved rows
// with their ids adds the new fragments to indices of columns it did not change.
//
// Indices answer with row ids or with row addresses. Addresses die with their fragment.
// Source: table-format notes; commits of pylance 14.0.2.
#pragma once

#include <cstdint>
#include <vector>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/index_info.h"
#include "lancea/schema.h"
#include "lancea/transaction.h"

namespace lancea {

/// Columns of one fragment whose values were replaced in place.
struct RewrittenColumns {
  uint64_t fragment_id = 0;
  std::vector<int32_t> field_ids;
};

/// True if the index answers with row addresses even in tables with stable row ids.
bool AnswersWithAddresses(const IndexInfo& index);

bool Covers(const IndexInfo& index, uint64_t fragment_id);

/// Take fragments away from the indices of columns rewritten in them, or of fields below those.
void ForgetRewrittenColumns(const std::vector<RewrittenColumns>& rewritten, const Schema& schema,
                            std::vector<IndexInfo>* indices);

/// Drop indices of fields the schema no longer has and, of several entries of a name, those that
/// cover no fragment any more; the oldest stays when none does, as the definition of the index.
void DropDeadIndices(const Schema& schema, const std::vector<FragmentMetadata>& fragments,
                     std::vector<IndexInfo>* indices);

/// Let the indices follow a rewrite. The groups' new fragments have their ids.
/// \return InvalidInput when an index that has to follow covers only a part of a group's old
///   fragments
arrow::Status FollowRewrite(const std::vector<operation::RewriteGroup>& groups,
                            const std::vector<operation::RewrittenIndex>& rewritten,
                            bool stable_row_ids, std::vector<IndexInfo>* indices);

/// Add fragments to which an update moved rows, ids and all, to the indices of other columns that
/// cover every fragment the rows came from.
/// \param changed_fields  columns with new values
void FollowMovedRows(const std::vector<uint64_t>& new_fragment_ids,
                     const std::vector<uint64_t>& old_fragment_ids,
                     const std::vector<uint32_t>& changed_fields, std::vector<IndexInfo>* indices);

/// \return InvalidInput when the fields are not in the schema or the columns it carries are not the
///   last of its fields
arrow::Status ValidateIndex(const IndexInfo& index, const Schema& schema);

}  // namespace lancea
