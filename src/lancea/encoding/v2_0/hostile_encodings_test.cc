// Array encodings that no writer makes: each ends in an error.
#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "lancea/encoding/v2_0/array_read.h"
#include "lancea/encoding/v2_0/end_offsets.h"

namespace lancea::v2_0 {
namespace {

ArrayEncoding Flat(uint64_t bits, uint32_t buffer = 0) {
  ArrayEncoding out;
  out.mutable_flat()->set_bits_per_value(bits);
  out.mutable_flat()->mutable_buffer()->set_buffer_index(buffer);
  return out;
}

// Values [0, num_values) from a page of two buffers of 64 bytes: offsets 4, 4, 4 ... and zeros.
arrow::Status Read(const ArrayEncoding& encoding, uint64_t num_values, ValueBuilder builder) {
  PageInfo page;
  page.buffers = {{0, 64}, {64, 64}};
  const ArrayContext context{.page = &page, .pool = arrow::default_memory_pool()};
  const RowRange rows{0, num_values};
  ARROW_ASSIGN_OR_RAISE(auto read, MakeArrayRead(encoding, {&rows, 1}, context));
  std::string bytes(128, '\0');
  for (int i = 0; i < 8; ++i) bytes[8 * i] = 4;
  for (int step = 0; step < 4; ++step) {
    std::vector<ByteRange> needs;
    read->Collect(&needs);
    if (needs.empty()) break;
    std::vector<std::shared_ptr<arrow::Buffer>> buffers;
    for (const ByteRange& range : needs) {
      buffers.push_back(arrow::Buffer::FromString(bytes.substr(range.offset, range.length)));
    }
    SuppliedBuffers supplied(std::move(buffers));
    ARROW_RETURN_NOT_OK(read->Supply(&supplied));
  }
  ArrayOutput out(std::move(builder));
  return read->Append(&out);
}

ValueBuilder Strings() { return ValueBuilder::Variable(32, arrow::default_memory_pool()); }
ValueBuilder Numbers(uint64_t bits) {
  return ValueBuilder::Fixed(bits, arrow::default_memory_pool());
}

ArrayEncoding Binary(const ArrayEncoding& bytes) {
  ArrayEncoding out;
  *out.mutable_binary()->mutable_indices() = Flat(64);
  *out.mutable_binary()->mutable_bytes() = bytes;
  out.mutable_binary()->set_null_adjustment(1000);
  return out;
}

ArrayEncoding ListOf(uint32_t dimension, const ArrayEncoding& items) {
  ArrayEncoding out;
  out.mutable_fixed_size_list()->set_dimension(dimension);
  *out.mutable_fixed_size_list()->mutable_items() = items;
  return out;
}

TEST(HostileEncodings, StringsNeedTheirBytes) {
  EXPECT_TRUE(Read(Binary(Flat(8, 1)), 3, Strings()).ok());
  EXPECT_FALSE(Read(Binary(ListOf(0, Flat(8, 1))), 3, Strings()).ok()) << "no bytes";
  EXPECT_FALSE(Read(Binary(ListOf(2, Flat(8, 1))), 3, Strings()).ok()) << "twice as many";
  EXPECT_FALSE(Read(Binary(Flat(16, 1)), 3, Strings()).ok());
}

TEST(HostileEncodings, StringsNeedTheirOffsets) {
  ArrayEncoding encoding = Binary(Flat(8, 1));
  *encoding.mutable_binary()->mutable_indices() = ListOf(0, Flat(64));
  EXPECT_FALSE(Read(encoding, 3, Strings()).ok());
}

TEST(HostileEncodings, FixedSizeStringsNeedTheirBytes) {
  ArrayEncoding encoding;
  encoding.mutable_fixed_size_binary()->set_byte_width(4);
  *encoding.mutable_fixed_size_binary()->mutable_bytes() = Flat(8);
  EXPECT_TRUE(Read(encoding, 3, Strings()).ok());
  *encoding.mutable_fixed_size_binary()->mutable_bytes() = ListOf(0, Flat(8));
  EXPECT_FALSE(Read(encoding, 3, Strings()).ok());
}

TEST(HostileEncodings, StringsAreNoNumbers) {
  ArrayEncoding fsst;
  std::string table(8, '\0');
  table.replace(4, 4, "TSSF");
  fsst.mutable_fsst()->set_symbol_table(table);
  *fsst.mutable_fsst()->mutable_binary() = Binary(Flat(8, 1));
  EXPECT_TRUE(Read(fsst, 3, Strings()).ok());
  EXPECT_FALSE(Read(fsst, 3, Numbers(32)).ok());
  EXPECT_FALSE(Read(Binary(Flat(8, 1)), 3, Numbers(32)).ok());
}

TEST(HostileEncodings, NestedListsDoNotOverflow) {
  ArrayEncoding encoding = Flat(8);
  for (int i = 0; i < 4; ++i) encoding = ListOf(1 << 20, encoding);
  EXPECT_FALSE(Read(encoding, 1 << 20, Numbers(8)).ok());
}

TEST(HostileEncodings, DictionariesNeedBytes) {
  ArrayEncoding encoding;
  auto& dictionary = *encoding.mutable_dictionary();
  *dictionary.mutable_indices() = Flat(8);
  dictionary.mutable_items()->mutable_nullable()->mutable_all_nulls();
  dictionary.set_num_dictionary_items(UINT32_MAX);
  EXPECT_FALSE(Read(encoding, 3, Strings()).ok());
}

// Ends of values 0, 1 and 2, of which 0 and 2 are wanted.
arrow::Status FinishOffsets(std::vector<uint64_t> ends) {
  PageInfo page;
  page.buffers = {{0, 24}};
  const ArrayContext context{.page = &page, .pool = arrow::default_memory_pool()};
  const std::vector<RowRange> wanted = {{0, 1}, {2, 3}};
  ARROW_ASSIGN_OR_RAISE(auto offsets, EndOffsets::Make(Flat(64), wanted, 0, context));
  std::vector<ByteRange> needs;
  offsets.Collect(&needs);
  const auto bytes = arrow::Buffer::FromVector(std::move(ends));
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  for (const ByteRange& range : needs) {
    buffers.push_back(arrow::SliceBuffer(bytes, static_cast<int64_t>(range.offset),
                                         static_cast<int64_t>(range.length)));
  }
  SuppliedBuffers supplied(std::move(buffers));
  ARROW_RETURN_NOT_OK(offsets.Supply(&supplied));
  return offsets.Finish(100);
}

TEST(HostileEncodings, ValuesDoNotLieInEachOther) {
  EXPECT_TRUE(FinishOffsets({8, 8, 16}).ok());
  EXPECT_FALSE(FinishOffsets({8, 0, 8}).ok());
  EXPECT_FALSE(FinishOffsets({8, 16, 101}).ok());
}

TEST(HostileEncodings, PartsOfValuesNeedBytes) {
  ArrayEncoding nulls, strings;
  nulls.mutable_nullable()->mutable_all_nulls();
  strings.mutable_fixed_size_binary()->set_byte_width(1 << 20);
  *strings.mutable_fixed_size_binary()->mutable_bytes() = nulls;
  EXPECT_TRUE(Read(strings, 3, Strings()).ok());
  EXPECT_FALSE(Read(strings, 1000, Strings()).ok());
  EXPECT_FALSE(Read(ListOf(1 << 20, nulls), 1000, Numbers(8)).ok());
}

TEST(HostileEncodings, DictionariesOfDictionariesEnd) {
  ArrayEncoding encoding = Binary(Flat(8, 1));
  for (int depth = 1; depth <= 3; ++depth) {
    ArrayEncoding outer;
    *outer.mutable_dictionary()->mutable_indices() = Flat(8, 1);
    *outer.mutable_dictionary()->mutable_items() = encoding;
    outer.mutable_dictionary()->set_num_dictionary_items(3);
    encoding = outer;
    EXPECT_EQ(Read(encoding, 3, Strings()).ok(), depth <= 2) << depth;
  }
}

}  // namespace
}  // namespace lancea::v2_0
