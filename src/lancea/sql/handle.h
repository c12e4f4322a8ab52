// Objects of DuckDB's, destroyed when they go out of scope.
#pragma once

#include <utility>

#include "lancea/sql/duckdb_api.h"

namespace lancea::duckdb {

/// Owns an object; `Destroy` is the member of Api that destroys such.
template <typename Object, void (*Api::*Destroy)(Object*)>
class Handle {
 public:
  explicit Handle(Object object = nullptr) : object_(object) {}
  Handle(Handle&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (object_ != nullptr) (Api::Get().*Destroy)(&object_);
  }

  Object get() const { return object_; }
  /// For functions that make the object.
  Object* out() { return &object_; }

 private:
  Object object_;
};

using ConfigHandle = Handle<Config, &Api::destroy_config>;
using ConnectionHandle = Handle<Connection, &Api::disconnect>;
using DatabaseHandle = Handle<Database, &Api::close>;
using StatementsHandle = Handle<Statements, &Api::destroy_extracted>;
using PreparedHandle = Handle<Prepared, &Api::destroy_prepare>;
using LogicalTypeHandle = Handle<LogicalType, &Api::destroy_logical_type>;
using DataChunkHandle = Handle<DataChunk, &Api::destroy_data_chunk>;
using ValueHandle = Handle<Value, &Api::destroy_value>;
using TableFunctionHandle = Handle<TableFunction, &Api::destroy_table_function>;
using ArrowOptionsHandle = Handle<ArrowOptions, &Api::destroy_arrow_options>;
using ConvertedSchemaHandle = Handle<ConvertedSchema, &Api::destroy_arrow_converted_schema>;

}  // namespace lancea::duckdb
