#include "lancea/queue/queue_table.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/table/manifest_path.h"
#include "lancea/util/errors.h"
#include "lancea/write.h"

namespace lancea::queue {
namespace {

constexpr uint64_t kMergeCacheBytes = uint64_t{4} << 20;

// Transactions are looked through so far back for the rows property.
constexpr uint64_t kTransactionsLookedAt = 1000;

arrow::Result<TableState> StateOf(std::shared_ptr<Dataset> dataset) {
  TableState state;
  ARROW_ASSIGN_OR_RAISE(int64_t rows, dataset->CountRows());
  state.num_rows = static_cast<uint64_t>(rows);
  state.dataset = std::move(dataset);
  return state;
}

std::map<std::string, std::string> PropertiesOf(uint64_t committed_rows) {
  return {{kRowsProperty, std::to_string(committed_rows)}};
}

arrow::Result<TableState> Commit(const TableState& latest, uint64_t read_version,
                                 Operation operation, uint64_t committed_rows) {
  Transaction transaction;
  transaction.read_version = read_version;
  transaction.properties = PropertiesOf(committed_rows);
  transaction.operation = std::move(operation);
  ARROW_ASSIGN_OR_RAISE(auto dataset, CommitTransaction(latest.dataset->uri(), latest.dataset,
                                                        std::move(transaction)));
  return StateOf(std::move(dataset));
}

void ShiftIds(int32_t by, std::vector<Field>* fields) {
  for (Field& field : *fields) {
    field.id += by;
    if (field.parent_id >= 0) field.parent_id += by;
    ShiftIds(by, &field.children);
  }
}

// The table's schema with the columns of `wanted`: new ones get ids of their own, so what older files do
// not have reads as null.
arrow::Result<std::optional<Schema>> WidenedSchema(const Dataset& dataset,
                                                   const arrow::Schema& wanted) {
  const arrow::Schema& present = *dataset.schema();
  std::vector<std::shared_ptr<arrow::Field>> added;
  for (const auto& field : wanted.fields()) {
    auto own = present.GetFieldByName(field->name());
    if (own != nullptr && own->type()->Equals(*field->type())) continue;
    if (own != nullptr && own->type()->id() != arrow::Type::NA) {
      return InvalidInput("column \"", field->name(), "\" of the table has type ",
                          own->type()->ToString(), ", the records have ",
                          field->type()->ToString());
    }
    added.push_back(field);
  }
  if (added.empty()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(Schema fresh, FromArrow(*arrow::schema(added)));
  ShiftIds(dataset.max_field_id() + 1, &fresh.fields);
  Schema schema = dataset.lance_schema();
  for (Field& field : fresh.fields) {
    auto same = std::ranges::find(schema.fields, field.name, &Field::name);
    if (same != schema.fields.end()) {
      *same = std::move(field);
    } else {
      schema.fields.push_back(std::move(field));
    }
  }
  return schema;
}

}  // namespace

arrow::Result<TableState> OpenTable(const std::string& uri,
                                    const std::shared_ptr<Session>& session) {
  OpenOptions open;
  open.session = session;
  auto dataset = Dataset::Open(uri, std::move(open));
  if (!dataset.ok()) {
    if (CategoryOf(dataset.status()) == ErrorCategory::kNotFound) return TableState();
    return dataset.status();
  }
  return StateOf(*std::move(dataset));
}

arrow::Result<TableState> RefreshTable(const std::string& uri,
                                       const std::shared_ptr<Session>& session,
                                       const TableState& state, bool thorough) {
  if (state.dataset == nullptr) return OpenTable(uri, session);
  const Dataset::Impl& impl = state.dataset->impl();
  ObjectStore& store = *impl.location.store;
  bool is_newer = store
                      .Open(ManifestPath(impl.location.path, state.version() + 1,
                                         impl.manifest_location.naming))
                      .ok();
  if (!is_newer && thorough) {
    ARROW_ASSIGN_OR_RAISE(uint64_t latest, state.dataset->LatestVersion());
    is_newer = latest > state.version();
  }
  if (!is_newer) return state;
  ARROW_ASSIGN_OR_RAISE(auto latest, state.dataset->CheckoutLatest());
  return StateOf(std::move(latest));
}

arrow::Result<uint64_t> CommittedRows(const TableState& state) {
  if (state.dataset == nullptr) return 0;
  uint64_t limit = 1;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto transactions, state.dataset->Transactions(limit));
    for (const auto& transaction : transactions) {
      if (!transaction) continue;
      auto found = transaction->properties.find(kRowsProperty);
      if (found == transaction->properties.end()) continue;
      const std::string& text = found->second;
      uint64_t rows = 0;
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), rows);
      if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
        return Corrupt("transaction property ", kRowsProperty, " is \"", text, "\", not a number");
      }
      return rows;
    }
    if (transactions.size() < limit || limit >= kTransactionsLookedAt) break;
    limit = kTransactionsLookedAt;
  }
  // No version of a queue is left, or this is a table made by other means: its rows are records.
  uint64_t physical = 0;
  for (const FragmentMetadata& fragment : state.dataset->fragments()) {
    physical += fragment.physical_rows;
  }
  return physical;
}

arrow::Result<TableState> WidenTable(const TableState& state, const arrow::Schema& schema,
                                     uint64_t committed_rows) {
  if (state.dataset == nullptr) return state;
  ARROW_ASSIGN_OR_RAISE(auto widened, WidenedSchema(*state.dataset, schema));
  if (!widened) return state;
  operation::Merge merge{state.dataset->fragments(), *std::move(widened), false};
  return Commit(state, state.version(), std::move(merge), committed_rows);
}

arrow::Result<TableState> AppendRows(const std::string& uri, const QueueOptions& options,
                                     const TableState& state, const arrow::RecordBatchVector& rows,
                                     uint64_t committed_rows) {
  WriteOptions write;
  write.mode = state.dataset == nullptr ? WriteMode::kCreate : WriteMode::kAppend;
  write.session = options.session;
  write.transaction_properties = PropertiesOf(committed_rows);
  if (state.dataset == nullptr) write.data_storage_version = options.data_storage_version;
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make(rows, rows.front()->schema()));
  ARROW_ASSIGN_OR_RAISE(auto dataset, state.dataset == nullptr
                                          ? WriteDataset(reader, uri, write)
                                          : WriteDataset(reader, state.dataset, write));
  return StateOf(std::move(dataset));
}

arrow::Result<TableState> ReserveIds(const TableState& state, uint64_t committed_rows) {
  return Commit(state, state.version(), operation::ReserveFragments{kReservedIds}, committed_rows);
}

arrow::Result<FragmentMetadata> WriteMerged(const TableState& state, const MergeChoice& choice,
                                            const QueueOptions& options) {
  // Read through a session of their own: nobody reads these files again, and what a session keeps of
  // them would outlive them.
  OpenOptions open;
  open.version = state.version();
  open.session = std::make_shared<Session>(kMergeCacheBytes, state.dataset->session()->host());
  ARROW_ASSIGN_OR_RAISE(auto source, Dataset::Open(state.dataset->uri(), std::move(open)));
  ScanOptions scan;
  // In the background nothing is gained by reading far ahead of the writing.
  scan.batch_readahead = 2;
  scan.fragment_readahead = 1;
  scan.fragment_ids.emplace();
  for (size_t i = choice.begin; i < choice.end; ++i) {
    scan.fragment_ids->push_back(state.dataset->fragments()[i].id);
  }
  ARROW_ASSIGN_OR_RAISE(auto scanner, source->Scan(std::move(scan)));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  WriteOptions write;
  write.mode = WriteMode::kAppend;
  write.session = options.session;
  write.max_rows_per_file = INT64_MAX;
  ARROW_ASSIGN_OR_RAISE(Transaction transaction,
                        WriteUncommitted(reader, state.dataset->uri(), state.dataset, write));
  auto& fragments = std::get<operation::Append>(transaction.operation).fragments;
  if (fragments.size() != 1) {
    return arrow::Status::UnknownError("merging fragments wrote ", fragments.size(), " files");
  }
  fragments[0].id = choice.id;
  return std::move(fragments[0]);
}

arrow::Result<TableState> CommitMerged(const TableState& read, const TableState& latest,
                                       const MergeChoice& choice, const FragmentMetadata& merged,
                                       uint64_t committed_rows) {
  operation::RewriteGroup group;
  const auto& fragments = read.dataset->fragments();
  group.old_fragments.assign(fragments.begin() + static_cast<ptrdiff_t>(choice.begin),
                             fragments.begin() + static_cast<ptrdiff_t>(choice.end));
  group.new_fragments = {merged};
  return Commit(latest, read.version(), operation::Rewrite{{std::move(group)}, {}}, committed_rows);
}

arrow::Result<std::shared_ptr<arrow::Table>> ReadRows(const TableState& state, uint64_t offset,
                                                      uint64_t count) {
  // The fragments that hold them are found by their offsets, and no others are opened.
  const auto& offsets = state.dataset->impl().live_offsets;
  const auto begin = std::ranges::upper_bound(offsets, offset) - 1;
  const auto end = std::ranges::lower_bound(offsets, offset + count);
  ScanOptions scan;
  scan.fragment_ids.emplace();
  for (auto at = begin; at < end; ++at) {
    scan.fragment_ids->push_back(
        state.dataset->fragments()[static_cast<size_t>(at - offsets.begin())].id);
  }
  scan.offset = static_cast<int64_t>(offset - *begin);
  scan.limit = static_cast<int64_t>(count);
  ARROW_ASSIGN_OR_RAISE(auto scanner, state.dataset->Scan(std::move(scan)));
  return scanner->ToTable();
}

}  // namespace lancea::queue
