#include "lancea/sql/duckdb_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "arrow/result.h"
#include "lancea/util/errors.h"

namespace lancea::duckdb {
namespace {

#ifdef __APPLE__
constexpr const char* kFileName = "libduckdb.dylib";
#else
constexpr const char* kFileName = "libduckdb.so";
#endif

// The one library of this process; never freed.
std::mutex g_mutex;
const Api* g_api = nullptr;
std::string g_path;

// Where libraries lie that no linker is told of: packages of node and conda, and what users install.
std::vector<std::string> Candidates() {
  std::vector<std::string> out = {kFileName};
  auto below = [&](const char* variable, const char* folder) {
    const char* root = std::getenv(variable);
    if (root != nullptr && *root != '\0') out.push_back(std::string(root) + folder + kFileName);
  };
  below("CONDA_PREFIX", "/lib/");
  below("HOME", "/.local/lib/");
  below("HOME", "/.duckdb/");
  for (const char* folder : {"/usr/local/lib/", "/opt/homebrew/lib/"}) {
    out.emplace_back(folder);
    out.back() += kFileName;
  }
  for (const char* platform : {"linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64"}) {
    out.push_back(std::string("./node_modules/@duckdb/node-bindings-") + platform + "/" +
                  kFileName);
  }
  return out;
}

// \param found  the name it was loaded by
arrow::Result<void*> OpenLibrary(const std::string& given, std::string* found) {
  const char* variable = std::getenv("LANCEA_DUCKDB_LIBRARY");
  *found = given;
  if (given.empty() && variable != nullptr) *found = variable;
  if (!found->empty()) {
    if (void* library = dlopen(found->c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    return NotFound("DuckDB's library cannot be loaded: ", dlerror());
  }
  std::string tried;
  for (const std::string& candidate : Candidates()) {
    if (void* library = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      *found = candidate;
      return library;
    }
    tried += "\n  " + candidate;
  }
  return NotFound(
      "SQL statements need DuckDB, and its library was not found. Install libduckdb, 1.4 or newer, "
      "and name it in LANCEA_DUCKDB_LIBRARY, or put it where it was looked for:",
      tried);
}

// Fills members of an Api; remembers the first name that is not there.
class Resolver {
 public:
  explicit Resolver(void* library) : library_(library) {}

  template <typename Pointer>
  void operator()(const char* name, Pointer* out) {
    const std::string symbol = std::string("duckdb_") + name;
    *out = reinterpret_cast<Pointer>(dlsym(library_, symbol.c_str()));
    if (*out == nullptr && missing_.empty()) missing_ = symbol;
  }

  const std::string& missing() const { return missing_; }

 private:
  void* const library_;
  std::string missing_;
};

void ResolveStatements(Resolver& resolve, Api* api) {
  resolve("library_version", &api->library_version);
  resolve("free", &api->free);
  resolve("create_config", &api->create_config);
  resolve("set_config", &api->set_config);
  resolve("destroy_config", &api->destroy_config);
  resolve("open_ext", &api->open_ext);
  resolve("close", &api->close);
  resolve("connect", &api->connect);
  resolve("disconnect", &api->disconnect);
  resolve("interrupt", &api->interrupt);
  resolve("extract_statements", &api->extract_statements);
  resolve("extract_statements_error", &api->extract_statements_error);
  resolve("prepare_extracted_statement", &api->prepare_extracted_statement);
  resolve("destroy_extracted", &api->destroy_extracted);
  resolve("prepare", &api->prepare);
  resolve("prepare_error", &api->prepare_error);
  resolve("bind_varchar", &api->bind_varchar);
  resolve("execute_prepared", &api->execute_prepared);
  resolve("execute_prepared_streaming", &api->execute_prepared_streaming);
  resolve("destroy_prepare", &api->destroy_prepare);
}

void ResolveResults(Resolver& resolve, Api* api) {
  resolve("result_error", &api->result_error);
  resolve("value_varchar", &api->value_varchar);
  resolve("destroy_result", &api->destroy_result);
  resolve("column_count", &api->column_count);
  resolve("column_name", &api->column_name);
  resolve("column_logical_type", &api->column_logical_type);
  resolve("fetch_chunk", &api->fetch_chunk);
  resolve("result_get_arrow_options", &api->result_get_arrow_options);
  resolve("destroy_arrow_options", &api->destroy_arrow_options);
  resolve("to_arrow_schema", &api->to_arrow_schema);
  resolve("data_chunk_to_arrow", &api->data_chunk_to_arrow);
  resolve("schema_from_arrow", &api->schema_from_arrow);
  resolve("data_chunk_from_arrow", &api->data_chunk_from_arrow);
  resolve("destroy_arrow_converted_schema", &api->destroy_arrow_converted_schema);
  resolve("error_data_message", &api->error_data_message);
  resolve("error_data_has_error", &api->error_data_has_error);
  resolve("destroy_error_data", &api->destroy_error_data);
  resolve("vector_size", &api->vector_size);
  resolve("data_chunk_get_size", &api->data_chunk_get_size);
  resolve("data_chunk_set_size", &api->data_chunk_set_size);
  resolve("data_chunk_get_vector", &api->data_chunk_get_vector);
  resolve("destroy_data_chunk", &api->destroy_data_chunk);
  resolve("vector_get_column_type", &api->vector_get_column_type);
  resolve("vector_reference_vector", &api->vector_reference_vector);
  resolve("create_logical_type", &api->create_logical_type);
  resolve("destroy_logical_type", &api->destroy_logical_type);
  resolve("create_varchar", &api->create_varchar);
  resolve("get_varchar", &api->get_varchar);
  resolve("get_bool", &api->get_bool);
  resolve("is_null_value", &api->is_null_value);
  resolve("destroy_value", &api->destroy_value);
}

void ResolveTableFunctions(Resolver& resolve, Api* api) {
  resolve("create_table_function", &api->create_table_function);
  resolve("destroy_table_function", &api->destroy_table_function);
  resolve("table_function_set_name", &api->table_function_set_name);
  resolve("table_function_add_parameter", &api->table_function_add_parameter);
  resolve("table_function_add_named_parameter", &api->table_function_add_named_parameter);
  resolve("table_function_set_extra_info", &api->table_function_set_extra_info);
  resolve("table_function_set_bind", &api->table_function_set_bind);
  resolve("table_function_set_init", &api->table_function_set_init);
  resolve("table_function_set_local_init", &api->table_function_set_local_init);
  resolve("table_function_set_function", &api->table_function_set_function);
  resolve("table_function_supports_projection_pushdown",
          &api->table_function_supports_projection_pushdown);
  resolve("register_table_function", &api->register_table_function);
  resolve("bind_get_extra_info", &api->bind_get_extra_info);
  resolve("bind_get_parameter", &api->bind_get_parameter);
  resolve("bind_get_named_parameter", &api->bind_get_named_parameter);
  resolve("bind_add_result_column", &api->bind_add_result_column);
  resolve("bind_set_bind_data", &api->bind_set_bind_data);
  resolve("bind_set_cardinality", &api->bind_set_cardinality);
  resolve("bind_set_error", &api->bind_set_error);
  resolve("init_get_bind_data", &api->init_get_bind_data);
  resolve("init_get_extra_info", &api->init_get_extra_info);
  resolve("init_get_column_count", &api->init_get_column_count);
  resolve("init_get_column_index", &api->init_get_column_index);
  resolve("init_set_init_data", &api->init_set_init_data);
  resolve("init_set_max_threads", &api->init_set_max_threads);
  resolve("init_set_error", &api->init_set_error);
  resolve("function_get_extra_info", &api->function_get_extra_info);
  resolve("function_get_bind_data", &api->function_get_bind_data);
  resolve("function_get_init_data", &api->function_get_init_data);
  resolve("function_get_local_init_data", &api->function_get_local_init_data);
  resolve("function_set_error", &api->function_set_error);
  resolve("add_replacement_scan", &api->add_replacement_scan);
  resolve("replacement_scan_set_function_name", &api->replacement_scan_set_function_name);
  resolve("replacement_scan_add_parameter", &api->replacement_scan_add_parameter);
}

}  // namespace

arrow::Status Api::Load(const std::string& path) {
  std::lock_guard<std::mutex> lock(g_mutex);
  if (g_api != nullptr) {
    if (path.empty() || path == g_path) return arrow::Status::OK();
    return InvalidInput("DuckDB was loaded from \"", g_path, "\" before; a process has one, not \"",
                        path, "\" too");
  }
  std::string found;
  ARROW_ASSIGN_OR_RAISE(void* library, OpenLibrary(path, &found));
  auto api = std::make_unique<Api>();
  Resolver resolve(library);
  ResolveStatements(resolve, api.get());
  ResolveResults(resolve, api.get());
  ResolveTableFunctions(resolve, api.get());
  if (!resolve.missing().empty()) {
    const char* version =
        api->library_version != nullptr ? api->library_version() : "of no version";
    return Unsupported("DuckDB ", version, " (", found, ") lacks ", resolve.missing(),
                       "; SQL statements need 1.4 or newer");
  }
  g_api = api.release();
  g_path = std::move(found);
  return arrow::Status::OK();
}

const Api& Api::Get() { return *g_api; }

arrow::Status ToStatus(ErrorData error, const std::string& doing) {
  if (error == nullptr) return arrow::Status::OK();
  const Api& api = Api::Get();
  arrow::Status status;
  if (api.error_data_has_error(error)) {
    status = InvalidInput(doing, ": ", api.error_data_message(error));
  }
  api.destroy_error_data(&error);
  return status;
}

}  // namespace lancea::duckdb
