#include "lancea/util/jsonb.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "arrow/array/array_binary.h"
#include "arrow/array/builder_binary.h"
#include "lancea/error.h"

namespace lancea {
namespace {

struct Document {
  std::vector<uint8_t> jsonb;
  std::string text;
};

/// Documents that pylance stored and the text it read back.
std::vector<Document> PylanceDocuments() {
  std::ifstream in(LANCEA_SOURCE_DIR "/tests/data/pylance-14.0.2/table/expected.json");
  auto expected = nlohmann::json::parse(in);
  std::vector<Document> documents;
  for (const auto& pair : expected["json_documents"]) {
    Document document{{}, pair["text"]};
    std::string hex = pair["jsonb"];
    for (size_t i = 0; i < hex.size(); i += 2) {
      document.jsonb.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

TEST(Jsonb, ReadsAsPylanceDoes) {
  auto documents = PylanceDocuments();
  ASSERT_GT(documents.size(), 30u);
  for (const Document& document : documents) {
    std::string text;
    ASSERT_TRUE(AppendJsonText(document.jsonb, &text).ok());
    EXPECT_EQ(text, document.text);
  }
}

TEST(Jsonb, ArraysKeepTheirNulls) {
  arrow::LargeBinaryBuilder builder;
  Document document = PylanceDocuments()[0];
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append(document.jsonb.data(), document.jsonb.size()).ok());
  auto array = *builder.Finish();
  auto text = *JsonbToText(*array, arrow::default_memory_pool());
  EXPECT_TRUE(text->IsNull(0));
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*text).GetString(1), document.text);
}

TEST(Jsonb, RefusesEveryTruncation) {
  for (const Document& document : PylanceDocuments()) {
    for (size_t length = 1; length < document.jsonb.size(); ++length) {
      std::string text;
      auto status = AppendJsonText(Bytes(document.jsonb).first(length), &text);
      EXPECT_EQ(CategoryOf(status), ErrorCategory::kCorrupt) << document.text << " at " << length;
    }
  }
}

TEST(Jsonb, SurvivesFlippedBits) {
  std::mt19937 random(7);
  for (const Document& document : PylanceDocuments()) {
    for (int i = 0; i < 200; ++i) {
      auto bytes = document.jsonb;
      bytes[random() % bytes.size()] ^= 1 << (random() % 8);
      std::string text;
      if (AppendJsonText(bytes, &text).ok()) {
        EXPECT_LT(text.size(), 400 + 20 * bytes.size());
      }
    }
  }
}

TEST(Jsonb, RefusesDeepNestingAndForeignText) {
  std::vector<uint8_t> deep;
  for (uint32_t left = 5000; left > 0; --left) {
    uint32_t entry = 0x50000000 | (left - 1) * 8;
    deep.insert(deep.end(), {0x80, 0, 0, 1});
    for (int shift : {24, 16, 8, 0}) deep.push_back(static_cast<uint8_t>(entry >> shift));
  }
  std::string text;
  EXPECT_EQ(CategoryOf(AppendJsonText(deep, &text)), ErrorCategory::kCorrupt);
  std::vector<uint8_t> latin1 = {0x20, 0, 0, 0, 0x10, 0, 0, 1, 0xE9};
  text.clear();
  EXPECT_EQ(CategoryOf(AppendJsonText(latin1, &text)), ErrorCategory::kCorrupt);
  text.clear();
  ASSERT_TRUE(AppendJsonText({}, &text).ok());
  EXPECT_EQ(text, "null");
}

}  // namespace
}  // namespace lancea
