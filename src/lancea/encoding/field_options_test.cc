#include "lancea/encoding/field_options.h"

#include <gtest/gtest.h>

#include "lancea/schema.h"

namespace lancea {
namespace {

arrow::Result<EncodingOptions> Read(const std::string& key, const std::string& value) {
  Field field;
  field.name = "price";
  field.metadata["lance-encoding:" + key] = value;
  return OptionsOf(field, EncodingOptions());
}

TEST(FieldOptions, AreReadFromMetadata) {
  EXPECT_EQ(Read("compression", "ZSTD")->compression, EncodingOptions::Compression::kZstd);
  EXPECT_EQ(Read("compression-level", "7")->compression_level, 7);
  EXPECT_EQ(Read("structural-encoding", "fullzip")->structural,
            EncodingOptions::Structural::kFullZip);
  EXPECT_EQ(Read("rle-threshold", "0.25")->rle_threshold, 0.25);
  EXPECT_EQ(Read("bss", "off")->byte_stream_split, EncodingOptions::ByteStreamSplit::kOff);
  EXPECT_EQ(Read("minichunk-size", "4096")->mini_block_bytes, 4096);
  EXPECT_EQ(Read("dict-divisor", "10")->dictionary_divisor, 10);
}

TEST(FieldOptions, AreInheritedWhereAFieldNamesNone) {
  EncodingOptions above;
  above.compression = EncodingOptions::Compression::kLz4;
  EXPECT_EQ(OptionsOf(Field(), above)->compression, EncodingOptions::Compression::kLz4);
}

TEST(FieldOptions, NonsenseIsNamed) {
  for (const auto& [key, value] : {std::pair("compression", "rar"),
                                   {"compression-level", "high"},
                                   {"rle-threshold", "nan"},
                                   {"rle-threshold", "2"},
                                   {"dict-divisor", "0"},
                                   {"structural-encoding", "sparse"}}) {
    const std::string message = Read(key, value).status().message();
    for (const std::string& part : {std::string("price"), std::string(key), std::string(value)}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace lancea
