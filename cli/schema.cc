// lancea schema: the columns of a table with their types.
#include <iostream>

#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "command.h"
#include "value_text.h"

namespace lancea::cli {
namespace {

struct Arguments {
  TableArguments table;
  bool ids = false;
  bool metadata = false;
  bool json = false;
};

void PrintFields(const std::vector<Field>& fields, const Arguments& arguments, int depth) {
  for (const Field& field : fields) {
    std::cout << std::string(static_cast<size_t>(depth) * 2, ' ') << field.name << ": ";
    auto type = ToArrow(field);
    std::cout << (field.children.empty() && type.ok() ? (*type)->type()->ToString()
                                                      : field.logical_type);
    if (!field.nullable) std::cout << " not null";
    if (arguments.ids) std::cout << "  (id " << field.id << ")";
    std::cout << "\n";
    if (arguments.metadata) {
      for (const auto& [key, value] : field.metadata) {
        std::cout << std::string(static_cast<size_t>(depth) * 2 + 2, ' ') << "[" << key << " = "
                  << value << "]\n";
      }
    }
    PrintFields(field.children, arguments, depth + 1);
  }
}

void AppendFields(const std::vector<Field>& fields, std::string* out) {
  *out += '[';
  for (const Field& field : fields) {
    if (out->back() != '[') *out += ',';
    *out += "{\"id\":";
    *out += std::to_string(field.id);
    *out += ",\"name\":";
    AppendJsonString(field.name, out);
    *out += ",\"type\":";
    AppendJsonString(field.logical_type, out);
    *out += std::string(",\"nullable\":") + (field.nullable ? "true" : "false");
    if (!field.metadata.empty()) {
      *out += ",\"metadata\":{";
      for (const auto& [key, value] : field.metadata) {
        if (out->back() != '{') *out += ',';
        AppendJsonString(key, out);
        *out += ':';
        AppendJsonString(value, out);
      }
      *out += '}';
    }
    if (!field.children.empty()) {
      *out += ",\"fields\":";
      AppendFields(field.children, out);
    }
    *out += '}';
  }
  *out += ']';
}

}  // namespace

void AddSchema(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("schema", "The columns of a table and their types");
  arguments->table.AddTo(*verb);
  verb->add_flag("--ids", arguments->ids, "Show field ids");
  verb->add_flag("--metadata", arguments->metadata, "Show field metadata");
  verb->add_flag("--json", arguments->json,
                 "A JSON array with ids, types, metadata, nested fields");
  verb->callback([=] {
    *action = [=]() -> arrow::Result<ExitCode> {
      ARROW_ASSIGN_OR_RAISE(auto dataset, arguments->table.Open());
      if (arguments->json) {
        std::string out;
        AppendFields(dataset->lance_schema().fields, &out);
        std::cout << out << "\n";
      } else {
        PrintFields(dataset->lance_schema().fields, *arguments, 0);
      }
      return kOk;
    };
  });
}

}  // namespace lancea::cli
