#include "lancea/substrait.h"

#include <gtest/gtest.h>

#include "arrow/compute/expression.h"
#include "arrow/type.h"
#include "lancea/expr/sql_expression.h"
#include "lancea/proto/substrait.pb.h"

namespace lancea {
namespace {

using Proto = ::substrait::Expression;

// A table's columns as a message names them: i, st.x, large.
::substrait::ExtendedExpression Message() {
  ::substrait::ExtendedExpression out;
  for (const char* name : {"i", "st", "x", "large"}) out.mutable_base_schema()->add_names(name);
  auto* fields = out.mutable_base_schema()->mutable_struct_();
  fields->add_types()->mutable_i32();
  fields->add_types()->mutable_struct_()->add_types()->mutable_i64();
  fields->add_types()->mutable_user_defined()->set_type_reference(1);
  auto* type = out.add_extensions()->mutable_extension_type();
  type->set_type_anchor(1);
  type->set_name("large_string");
  int anchor = 0;
  for (const char* name : {"gt:any_any", "not", "starts_with", "nobody_knows"}) {
    auto* function = out.add_extensions()->mutable_extension_function();
    function->set_function_anchor(++anchor);
    function->set_name(name);
  }
  out.add_referred_expr();
  return out;
}

Proto* ExpressionOf(::substrait::ExtendedExpression* message) {
  return message->mutable_referred_expr(0)->mutable_expression();
}

void SetField(Proto* out, std::initializer_list<int> path) {
  auto* segment = out->mutable_selection()->mutable_direct_reference();
  for (auto index = path.begin(); index != path.end(); ++index) {
    if (index != path.begin()) segment = segment->mutable_struct_field()->mutable_child();
    segment->mutable_struct_field()->set_field(*index);
  }
}

// function(field, number)
void SetCall(Proto* out, uint32_t function, std::initializer_list<int> path, int32_t number) {
  auto* call = out->mutable_scalar_function();
  call->set_function_reference(function);
  SetField(call->add_arguments()->mutable_value(), path);
  call->add_arguments()->mutable_value()->mutable_literal()->set_i32(number);
}

std::string Read(const ::substrait::ExtendedExpression& message) {
  const auto out = ReadSubstrait(message.SerializeAsString());
  return out.ok() ? (*out)->ToString() : out.status().message();
}

TEST(Substrait, FieldsAreNumbersOfNames) {
  auto message = Message();
  SetCall(ExpressionOf(&message), 1, {1, 0}, 5);
  EXPECT_EQ(Read(message), "(FieldRef.Nested(FieldRef.Name(st) FieldRef.Name(x)) > 5)");
  SetField(message.mutable_referred_expr(0)
               ->mutable_expression()
               ->mutable_scalar_function()
               ->mutable_arguments(0)
               ->mutable_value(),
           {3});
  EXPECT_NE(Read(message).find("field 3 of 3"), std::string::npos);
}

TEST(Substrait, FunctionsOfSqlAreBoundAsSqlBindsThem) {
  auto message = Message();
  auto* call = ExpressionOf(&message)->mutable_scalar_function();
  call->set_function_reference(3);
  SetField(call->add_arguments()->mutable_value(), {2});
  call->add_arguments()->mutable_value()->mutable_literal()->set_string("a");
  const auto expression = ReadSubstrait(message.SerializeAsString()).ValueOrDie();
  const auto schema = arrow::schema({arrow::field("large", arrow::large_utf8())});
  EXPECT_TRUE(BindExpression(*expression, *schema, /*must_be_boolean=*/true).ok());
}

TEST(Substrait, WhatIsNotKnownIsRefused) {
  auto message = Message();
  SetCall(ExpressionOf(&message), 9, {0}, 5);
  EXPECT_NE(Read(message).find("no Substrait function 9"), std::string::npos);
  message.add_referred_expr();
  EXPECT_NE(Read(message).find("one Substrait expression, got 2"), std::string::npos);
  EXPECT_FALSE(ReadSubstrait("\xff\xff").ok());
  EXPECT_FALSE(ReadSubstrait("").ok());

  auto unknown = Message();
  SetCall(ExpressionOf(&unknown), 4, {0}, 5);
  const auto expression = ReadSubstrait(unknown.SerializeAsString()).ValueOrDie();
  const auto schema = arrow::schema({arrow::field("i", arrow::int32())});
  EXPECT_FALSE(BindExpression(*expression, *schema, /*must_be_boolean=*/true).ok());
}

TEST(Substrait, DeepNestingIsRefused) {
  for (const auto& [levels, is_read] : {std::pair{200, true}, std::pair{5'000, false}}) {
    auto message = Message();
    Proto* at = ExpressionOf(&message);
    for (int i = 0; i < levels; ++i) {
      at->mutable_scalar_function()->set_function_reference(2);
      at = at->mutable_scalar_function()->add_arguments()->mutable_value();
    }
    at->mutable_literal()->set_boolean(true);
    EXPECT_EQ(ReadSubstrait(message.SerializeAsString()).ok(), is_read) << levels;
  }
}

}  // namespace
}  // namespace lancea
