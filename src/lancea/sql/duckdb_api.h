// The part of DuckDB's C API that we call, found in its shared library at run time.
//
// Names, signatures and layouts are those of duckdb.h, which promises them for all 1.x; the exchange with
// Arrow came with 1.4. Nothing of DuckDB is needed to build.
#pragma once

#include <cstdint>
#include <string>

#include "arrow/c/abi.h"
#include "arrow/status.h"

namespace lancea::duckdb {

// Opaque objects, each with a function that destroys it.
using Database = struct DatabaseObject*;
using Connection = struct ConnectionObject*;
using Config = struct ConfigObject*;
using Statements = struct StatementsObject*;
using Prepared = struct PreparedObject*;
using Value = struct ValueObject*;
using LogicalType = struct LogicalTypeObject*;
using DataChunk = struct DataChunkObject*;
using Vector = struct VectorObject*;
using TableFunction = struct TableFunctionObject*;
using BindInfo = struct BindInfoObject*;
using InitInfo = struct InitInfoObject*;
using FunctionInfo = struct FunctionInfoObject*;
using ReplacementInfo = struct ReplacementInfoObject*;
using ArrowOptions = struct ArrowOptionsObject*;
using ConvertedSchema = struct ConvertedSchemaObject*;
using ErrorData = struct ErrorDataObject*;

using Index = uint64_t;
using Delete = void (*)(void*);
using Bind = void (*)(BindInfo);
using Init = void (*)(InitInfo);
using Function = void (*)(FunctionInfo, DataChunk);
using Replacement = void (*)(ReplacementInfo, const char* table_name, void* data);

enum class State : int { kSuccess = 0, kError = 1 };

/// Of a statement; passed by value as C does.
struct QueryResult {
  Index unused_counts[3];
  void* unused_columns;
  char* unused_error;
  void* internal_data;
};

/// Type numbers of duckdb_type.
enum class TypeId : int { kBoolean = 1, kVarchar = 17, kAny = 34 };

/// The functions, without their prefix `duckdb_`. A process has one DuckDB, since callbacks are told nothing
/// that leads to the library which calls them; it is never unloaded.
struct Api {
  /// Load the library unless that is done.
  /// \param path  a library; empty: looked for
  /// \return NotFound, Unsupported: see SqlEngine::Open; InvalidInput when another was loaded before
  static arrow::Status Load(const std::string& path);

  /// After Load.
  static const Api& Get();

  const char* (*library_version)();
  void (*free)(void*);

  State (*create_config)(Config*);
  State (*set_config)(Config, const char* name, const char* value);
  void (*destroy_config)(Config*);
  State (*open_ext)(const char* path, Database*, Config, char** error);
  void (*close)(Database*);
  State (*connect)(Database, Connection*);
  void (*disconnect)(Connection*);
  void (*interrupt)(Connection);

  Index (*extract_statements)(Connection, const char* sql, Statements*);
  const char* (*extract_statements_error)(Statements);
  State (*prepare_extracted_statement)(Connection, Statements, Index, Prepared*);
  void (*destroy_extracted)(Statements*);
  State (*prepare)(Connection, const char* sql, Prepared*);
  const char* (*prepare_error)(Prepared);
  State (*bind_varchar)(Prepared, Index parameter, const char*);
  State (*execute_prepared)(Prepared, QueryResult*);
  State (*execute_prepared_streaming)(Prepared, QueryResult*);
  void (*destroy_prepare)(Prepared*);

  const char* (*result_error)(QueryResult*);
  char* (*value_varchar)(QueryResult*, Index column, Index row);
  void (*destroy_result)(QueryResult*);
  Index (*column_count)(QueryResult*);
  const char* (*column_name)(QueryResult*, Index);
  LogicalType (*column_logical_type)(QueryResult*, Index);
  DataChunk (*fetch_chunk)(QueryResult);
  ArrowOptions (*result_get_arrow_options)(QueryResult*);
  void (*destroy_arrow_options)(ArrowOptions*);

  ErrorData (*to_arrow_schema)(ArrowOptions, LogicalType*, const char** names, Index, ArrowSchema*);
  ErrorData (*data_chunk_to_arrow)(ArrowOptions, DataChunk, ArrowArray*);
  ErrorData (*schema_from_arrow)(Connection, ArrowSchema*, ConvertedSchema*);
  ErrorData (*data_chunk_from_arrow)(Connection, ArrowArray*, ConvertedSchema, DataChunk*);
  void (*destroy_arrow_converted_schema)(ConvertedSchema*);
  const char* (*error_data_message)(ErrorData);
  bool (*error_data_has_error)(ErrorData);
  void (*destroy_error_data)(ErrorData*);

  Index (*vector_size)();
  Index (*data_chunk_get_size)(DataChunk);
  void (*data_chunk_set_size)(DataChunk, Index);
  Vector (*data_chunk_get_vector)(DataChunk, Index);
  void (*destroy_data_chunk)(DataChunk*);
  LogicalType (*vector_get_column_type)(Vector);
  void (*vector_reference_vector)(Vector to, Vector from);

  LogicalType (*create_logical_type)(TypeId);
  void (*destroy_logical_type)(LogicalType*);
  Value (*create_varchar)(const char*);
  char* (*get_varchar)(Value);
  bool (*get_bool)(Value);
  bool (*is_null_value)(Value);
  void (*destroy_value)(Value*);

  TableFunction (*create_table_function)();
  void (*destroy_table_function)(TableFunction*);
  void (*table_function_set_name)(TableFunction, const char*);
  void (*table_function_add_parameter)(TableFunction, LogicalType);
  void (*table_function_add_named_parameter)(TableFunction, const char* name, LogicalType);
  void (*table_function_set_extra_info)(TableFunction, void*, Delete);
  void (*table_function_set_bind)(TableFunction, Bind);
  void (*table_function_set_init)(TableFunction, Init);
  void (*table_function_set_local_init)(TableFunction, Init);
  void (*table_function_set_function)(TableFunction, Function);
  void (*table_function_supports_projection_pushdown)(TableFunction, bool);
  State (*register_table_function)(Connection, TableFunction);

  void* (*bind_get_extra_info)(BindInfo);
  Value (*bind_get_parameter)(BindInfo, Index);
  Value (*bind_get_named_parameter)(BindInfo, const char*);
  void (*bind_add_result_column)(BindInfo, const char* name, LogicalType);
  void (*bind_set_bind_data)(BindInfo, void*, Delete);
  void (*bind_set_cardinality)(BindInfo, Index, bool is_exact);
  void (*bind_set_error)(BindInfo, const char*);

  void* (*init_get_bind_data)(InitInfo);
  void* (*init_get_extra_info)(InitInfo);
  Index (*init_get_column_count)(InitInfo);
  Index (*init_get_column_index)(InitInfo, Index);
  void (*init_set_init_data)(InitInfo, void*, Delete);
  void (*init_set_max_threads)(InitInfo, Index);
  void (*init_set_error)(InitInfo, const char*);

  void* (*function_get_extra_info)(FunctionInfo);
  void* (*function_get_bind_data)(FunctionInfo);
  void* (*function_get_init_data)(FunctionInfo);
  void* (*function_get_local_init_data)(FunctionInfo);
  void (*function_set_error)(FunctionInfo, const char*);

  void (*add_replacement_scan)(Database, Replacement, void*, Delete);
  void (*replacement_scan_set_function_name)(ReplacementInfo, const char*);
  void (*replacement_scan_add_parameter)(ReplacementInfo, Value);
};

/// What DuckDB says went wrong, or OK; destroys `error`.
arrow::Status ToStatus(ErrorData error, const std::string& doing);

}  // namespace lancea::duckdb
