// What Python needs to know of a pyarrow expression and cannot ask it.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow/buffer.h"
#include "arrow/compute/expression.h"
#include "arrow/type.h"
#include "bindings.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

void BindExpression(nb::module_& module) {
  module.def(
      "expression_fields",
      [](const nb::bytes& serialized) {
        auto buffer = arrow::Buffer::FromString(std::string(serialized.c_str(), serialized.size()));
        const arrow::compute::Expression expression =
            Unwrap(arrow::compute::Deserialize(std::move(buffer)));
        std::vector<std::string> names;
        for (const arrow::FieldRef& field : arrow::compute::FieldsInExpression(expression)) {
          const arrow::FieldRef* root = &field;
          while (root->IsNested()) root = root->nested_refs()->data();
          if (const std::string* name = root->name()) names.push_back(*name);
        }
        return names;
      },
      nb::arg("serialized"),
      "The top-level columns that a serialized pyarrow expression refers to.");
}

}  // namespace lancea::python
