// Page layouts that no writer makes: each ends in an error, or takes memory for the rows asked only.
#include <gtest/gtest.h>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/memory_pool.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/blob.h"
#include "lancea/encoding/structural/field_tree.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/make_page.h"
#include "lancea/encoding/structural/unravel.h"
#include "lancea/proto/encodings_v2_1.pb.h"
#include "lancea/schema/field.h"

namespace lancea {
namespace {

namespace pb = lance::encodings21;

constexpr uint64_t kManyRows = uint64_t{1} << 40;

std::shared_ptr<Leaf> LeafOf(std::shared_ptr<arrow::DataType> type, size_t num_layers = 1) {
  auto leaf = std::make_shared<Leaf>();
  leaf->type = std::move(type);
  leaf->dimensions.assign(num_layers, 0);
  leaf->num_own_layers = num_layers;
  return leaf;
}

PageInfo Page(const pb::PageLayout& layout, uint64_t num_rows,
              std::vector<ByteRange> buffers = {}) {
  PageInfo page;
  page.num_rows = num_rows;
  page.buffers = std::move(buffers);
  page.encoding = {"/lance.encodings21.PageLayout", layout.SerializeAsString()};
  return page;
}

pb::CompressiveEncoding Flat(uint64_t bits) {
  pb::CompressiveEncoding out;
  out.mutable_flat()->set_bits_per_value(bits);
  return out;
}

// The rows of a page that needs no bytes, read with room for a megabyte.
arrow::Result<DecodedPage> ReadRows(const StructuralPage& page, RowRange rows) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), 1 << 20);
  ARROW_ASSIGN_OR_RAISE(auto read, page.Plan({&rows, 1}, &pool));
  ARROW_ASSIGN_OR_RAISE(DecodedPage out, read->Finish());
  // Nothing may outlive the pool.
  for (StructureLayer& layer : out.layers) {
    layer.validity.reset();
    layer.offsets.reset();
  }
  out.values->buffers.clear();
  out.values->child_data.clear();
  return out;
}

TEST(HostilePages, AConstantPageOfAnyLengthCostsTheRowsAsked) {
  pb::PageLayout layout;
  layout.mutable_constant_layout()->add_layers(pb::REPDEF_ALL_VALID_ITEM);
  layout.mutable_constant_layout()->set_inline_value("\1\2\3\4");
  auto page = MakePage(LeafOf(arrow::int32()), Page(layout, kManyRows)).ValueOrDie();
  ASSERT_TRUE(page->Load({}).ok());
  EXPECT_EQ(ReadRows(*page, {kManyRows - 5, kManyRows}).ValueOrDie().values->length, 5);
  EXPECT_FALSE(ReadRows(*page, {0, kManyRows}).ok());
}

TEST(HostilePages, SoDoNullsOfListsWithoutLevels) {
  pb::PageLayout layout;
  layout.mutable_constant_layout()->add_layers(pb::REPDEF_ALL_VALID_ITEM);
  layout.mutable_constant_layout()->add_layers(pb::REPDEF_NULLABLE_LIST);
  auto page = MakePage(LeafOf(arrow::int32(), 2), Page(layout, kManyRows)).ValueOrDie();
  ASSERT_TRUE(page->Load({}).ok());
  auto rows = ReadRows(*page, {7, 10});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->layers[1].num_slots, 3);
  EXPECT_FALSE(ReadRows(*page, {0, kManyRows}).ok());
}

TEST(HostilePages, RefusesMoreLevelsThanBytesBearOut) {
  pb::PageLayout layout;
  auto& constant = *layout.mutable_constant_layout();
  constant.add_layers(pb::REPDEF_NULLABLE_ITEM);
  constant.mutable_def_compression()->mutable_constant()->set_value(std::string(2, '\1'));
  constant.set_num_def_values(kManyRows);
  auto page =
      MakePage(LeafOf(arrow::int32()), Page(layout, kManyRows, {{0, 0}, {0, 0}})).ValueOrDie();
  auto nothing = std::make_shared<arrow::Buffer>(nullptr, 0);
  EXPECT_FALSE(page->Load({nothing, nothing}).ok());
}

TEST(HostilePages, RefusesFullZipValuesOfAnotherWidthThanTheirEncoding) {
  pb::PageLayout layout;
  auto& full_zip = *layout.mutable_full_zip_layout();
  full_zip.add_layers(pb::REPDEF_NULLABLE_ITEM);
  full_zip.set_bits_def(1);
  *full_zip.mutable_value_compression() = Flat(32);
  full_zip.set_bits_per_value(32);
  EXPECT_TRUE(MakePage(LeafOf(arrow::int32()), Page(layout, 3, {{0, 15}})).ok());
  full_zip.set_bits_per_value(64);
  EXPECT_FALSE(MakePage(LeafOf(arrow::int32()), Page(layout, 3, {{0, 100}})).ok());
  full_zip.set_bits_per_offset(32);
  EXPECT_FALSE(MakePage(LeafOf(arrow::int32()), Page(layout, 3, {{0, 100}, {0, 4}})).ok());
}

TEST(HostilePages, RefusesBytesForListsOfNoItems) {
  pb::PageLayout layout;
  auto& full_zip = *layout.mutable_full_zip_layout();
  full_zip.add_layers(pb::REPDEF_NULLABLE_ITEM);
  full_zip.set_bits_def(1);
  auto& list = *full_zip.mutable_value_compression()->mutable_fixed_size_list();
  list.set_items_per_value(0);
  *list.mutable_values() = Flat(32);
  const auto type = arrow::fixed_size_list(arrow::float32(), 0);
  EXPECT_TRUE(MakePage(LeafOf(type), Page(layout, 3, {{0, 3}})).ok());
  full_zip.set_bits_per_value(64);
  EXPECT_FALSE(MakePage(LeafOf(type), Page(layout, 3, {{0, 27}})).ok());
}

TEST(HostilePages, RefusesFullZipRowsThatLieInEachOther) {
  pb::PageLayout layout;
  auto& full_zip = *layout.mutable_full_zip_layout();
  full_zip.add_layers(pb::REPDEF_ALL_VALID_ITEM);
  full_zip.set_bits_per_offset(32);
  *full_zip.mutable_value_compression()->mutable_variable()->mutable_offsets() = Flat(32);
  const std::vector<RowRange> every_other = {{0, 1}, {2, 3}};
  for (const auto& [index, is_sound] : {std::pair(std::string("\0\x8\x8\x10", 4), true),
                                        std::pair(std::string("\0\x8\0\x8", 4), false)}) {
    auto page = MakePage(LeafOf(arrow::utf8()), Page(layout, 3, {{0, 16}, {16, 4}})).ValueOrDie();
    ASSERT_TRUE(page->Load({arrow::Buffer::FromString(index)}).ok());
    EXPECT_EQ(page->Plan(every_other, arrow::default_memory_pool()).ok(), is_sound);
  }
}

TEST(HostilePages, RefusesListTypesOfMoreItemsThanCanBeCounted) {
  // 2^64 items, which is none in 64 bits.
  auto type = arrow::fixed_size_list(arrow::float32(), 1 << 30);
  type = arrow::fixed_size_list(arrow::fixed_size_list(type, 1 << 30), 1 << 4);
  EXPECT_FALSE(CheckShape(*type, {.bits_per_value = 32, .items_per_value = 0}).ok());
  type = arrow::fixed_size_list(arrow::float32(), 0);
  EXPECT_TRUE(CheckShape(*type, {.bits_per_value = 32, .items_per_value = 0}).ok());
}

TEST(HostilePages, RefusesADictionaryThatNoBytesBearOut) {
  pb::PageLayout layout;
  auto& mini_block = *layout.mutable_mini_block_layout();
  mini_block.add_layers(pb::REPDEF_ALL_VALID_ITEM);
  mini_block.set_num_buffers(1);
  mini_block.set_num_items(1);
  *mini_block.mutable_value_compression() = Flat(8);
  mini_block.mutable_dictionary()->mutable_constant()->set_value("\1\2\3\4");
  mini_block.set_num_dictionary_items(uint64_t{1} << 33);
  auto page =
      MakePage(LeafOf(arrow::int32()), Page(layout, 1, {{0, 2}, {0, 16}, {0, 0}})).ValueOrDie();
  auto words = arrow::Buffer::FromString(std::string("\x10\x00", 2));
  EXPECT_FALSE(page->Load({words, std::make_shared<arrow::Buffer>(nullptr, 0)}).ok());
}

TEST(HostilePages, RefusesBlobsWhereNoDescriptionsAre) {
  pb::PageLayout layout;
  layout.mutable_blob_layout()->add_layers(pb::REPDEF_ALL_VALID_ITEM);
  auto& inner = *layout.mutable_blob_layout()->mutable_inner_layout()->mutable_constant_layout();
  inner.add_layers(pb::REPDEF_ALL_VALID_ITEM);
  const auto bytes =
      arrow::struct_({arrow::field("a", arrow::uint8()), arrow::field("b", arrow::uint8())});
  EXPECT_FALSE(MakePage(LeafOf(bytes), Page(layout, 3)).ok());
}

TEST(HostilePages, DescriptionsOfBlobsInStructsHaveOneLayer) {
  pb::PageLayout layout;
  layout.mutable_blob_layout()->add_layers(pb::REPDEF_ALL_VALID_ITEM);
  layout.mutable_blob_layout()->add_layers(pb::REPDEF_ALL_VALID_ITEM);
  auto& inner = *layout.mutable_blob_layout()->mutable_inner_layout()->mutable_constant_layout();
  inner.add_layers(pb::REPDEF_NULLABLE_ITEM);
  auto page = MakePage(LeafOf(BlobDescriptionType(), 2), Page(layout, 3)).ValueOrDie();
  ASSERT_TRUE(page->Load({}).ok());
  auto rows = ReadRows(*page, {0, 3});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->layers.size(), 2u);
}

TEST(HostilePages, UnravelsNoMoreLayersThanThereAre) {
  const int wire[] = {pb::REPDEF_NULLABLE_ITEM};
  const auto layers = RepDefLayers::Make(wire).ValueOrDie();
  const std::vector<int64_t> dimensions = {0, 0};
  EXPECT_TRUE(Unravel(layers, dimensions, {}, {}, 3, 1, arrow::default_memory_pool()).ok());
  EXPECT_FALSE(Unravel(layers, dimensions, {}, {}, 3, 2, arrow::default_memory_pool()).ok());
}

TEST(FixedBitWidth, IsNoneWhereRowsCannotBeSplit) {
  const auto bits = arrow::fixed_size_list(arrow::boolean(), 12);
  EXPECT_EQ(FixedBitWidth(*bits), 12u);
  EXPECT_EQ(FixedBitWidth(*arrow::struct_({arrow::field("a", bits), arrow::field("b", bits)})), 0u);
  const auto point = arrow::struct_({arrow::field("x", arrow::int32())});
  EXPECT_EQ(FixedBitWidth(*point), 32u);
  EXPECT_EQ(FixedBitWidth(*arrow::struct_({arrow::field("p", point)})), 0u);
  EXPECT_EQ(FixedBitWidth(*arrow::fixed_size_list(point, 2)), 0u);
}

TEST(FixedBitWidth, DoesNotOverflow) {
  auto wide = arrow::fixed_size_list(arrow::fixed_size_binary(INT32_MAX), INT32_MAX);
  EXPECT_EQ(FixedBitWidth(*wide), 0u);
}

TEST(FieldTree, RefusesDimensionsWhoseProductOverflows) {
  Field field{};
  std::shared_ptr<arrow::Field> type =
      arrow::field("x", arrow::struct_({arrow::field("x", arrow::int8())}));
  Field leaf{}, item{};
  leaf.name = item.name = "x";
  item.logical_type = "struct";
  item.children = {leaf};
  for (int i = 0; i < 3; ++i) {
    type = arrow::field("item", arrow::fixed_size_list(type, INT32_MAX));
    field = Field{};
    field.name = "item";
    field.children = {item};
    item = field;
  }
  EXPECT_FALSE(MakeFieldTree(field, type, 0).ok());
}

}  // namespace
}  // namespace lancea
