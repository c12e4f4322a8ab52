#include "lancea/encoding/v2_3/sparse_structure.h"

#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/proto/encodings_v2_3.pb.h"

namespace lancea::v2_3 {
namespace {

namespace pb = lance::encodings23;
using Ranges = std::vector<RowRange>;

// A sequence as plain u64 in a page buffer, which is added to `buffers`.
void StoreFlat(const std::vector<uint64_t>& values, pb::CompressiveEncoding* encoding,
               std::vector<std::shared_ptr<arrow::Buffer>>* buffers) {
  if (values.empty()) {
    encoding->mutable_constant();
    return;
  }
  encoding->mutable_flat()->set_bits_per_value(64);
  buffers->push_back(arrow::Buffer::FromVector(values));
}

struct Layers {
  pb::SparseStructure message;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;

  void SetNulls(const std::vector<uint64_t>& nulls, pb::SparseValiditySet* set) {
    set->set_meaning(pb::SparseValiditySet::SPARSE_VALIDITY_NULL_POSITIONS);
    set->set_num_positions(nulls.size());
    StoreFlat(nulls, set->mutable_positions(), &buffers);
  }
  Layers& Nulls(const std::vector<uint64_t>& nulls) {
    SetNulls(nulls, message.add_layers()->mutable_validity());
    return *this;
  }
  Layers& Valid(uint64_t start, uint64_t step, uint64_t size) {
    pb::SparseValiditySet* set = message.add_layers()->mutable_validity();
    set->set_meaning(pb::SparseValiditySet::SPARSE_VALIDITY_VALID_POSITIONS);
    set->set_num_positions(size);
    set->mutable_positions()->mutable_range()->set_start(start);
    set->mutable_positions()->mutable_range()->set_step(step);
    return *this;
  }
  Layers& List(const std::vector<uint64_t>& non_empty, const std::vector<uint64_t>& counts,
               const std::vector<uint64_t>& nulls) {
    pb::SparseListLayer* list = message.add_layers()->mutable_list();
    uint64_t children = 0;
    for (uint64_t count : counts) children += count;
    list->set_num_child_slots(children);
    list->set_num_non_empty_positions(non_empty.size());
    StoreFlat(non_empty, list->mutable_non_empty_positions(), &buffers);
    StoreFlat(counts, list->mutable_counts(), &buffers);
    SetNulls(nulls, list->mutable_validity());
    return *this;
  }
  Layers& FixedSizeList(uint64_t dimension, const std::vector<uint64_t>& nulls) {
    pb::SparseFixedSizeListLayer* list = message.add_layers()->mutable_fixed_size_list();
    list->set_dimension(dimension);
    SetNulls(nulls, list->mutable_validity());
    return *this;
  }
  arrow::Result<SparseStructure> Make(uint64_t num_rows) const {
    ARROW_ASSIGN_OR_RAISE(SparseStructure out, SparseStructure::Make(message, num_rows));
    ARROW_RETURN_NOT_OK(out.Load(buffers));
    return out;
  }
};

std::string Bits(const StructureLayer& layer) {
  std::string out;
  for (int64_t i = 0; i < layer.num_slots; ++i) {
    out +=
        layer.validity == nullptr || arrow::bit_util::GetBit(layer.validity->data(), i) ? '1' : '0';
  }
  return out;
}

std::vector<int32_t> Offsets(const StructureLayer& layer) {
  const int32_t* offsets = layer.offsets->data_as<int32_t>();
  return {offsets, offsets + layer.num_slots + 1};
}

// list<int32> rows [[1, null], null, [], [3, 4, null]]
Layers ListExample() { return Layers().List({0, 3}, {2, 3}, {1}).Nulls({1, 4}); }

TEST(SparseStructure, BuildsListsFromNonEmptyPositions) {
  const SparseStructure structure = ListExample().Make(4).ValueOrDie();
  const SlotSelection selection = structure.Select(Ranges{{0, 4}});
  EXPECT_EQ(selection.leaf, (Ranges{{0, 5}}));
  const auto layers = structure.Build(selection, arrow::default_memory_pool()).ValueOrDie();
  ASSERT_EQ(layers.size(), 2);
  EXPECT_EQ(Bits(layers[0]), "10110");
  EXPECT_EQ(layers[0].null_count, 2);
  EXPECT_EQ(Bits(layers[1]), "1011");
  EXPECT_EQ(Offsets(layers[1]), (std::vector<int32_t>{0, 2, 2, 2, 5}));
}

TEST(SparseStructure, SelectsOnlyTheSlotsOfTheRows) {
  const SparseStructure structure = ListExample().Make(4).ValueOrDie();
  const SlotSelection selection = structure.Select(Ranges{{1, 2}, {3, 4}});
  EXPECT_EQ(selection.leaf, (Ranges{{2, 5}}));
  const auto layers = structure.Build(selection, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_EQ(Bits(layers[0]), "110");
  EXPECT_EQ(Bits(layers[1]), "01");
  EXPECT_EQ(Offsets(layers[1]), (std::vector<int32_t>{0, 0, 3}));
}

TEST(SparseStructure, EverySelectionAgreesWithSlicingTheWhole) {
  const SparseStructure structure = Layers()
                                        .Nulls({2})
                                        .List({0, 3, 4, 7}, {1, 2, 3, 1}, {1, 2})
                                        .FixedSizeList(2, {0, 5})
                                        .Valid(1, 3, 4)
                                        .Make(8)
                                        .ValueOrDie();
  const auto whole =
      structure.Build(structure.Select(Ranges{{0, 8}}), arrow::default_memory_pool()).ValueOrDie();
  ASSERT_EQ(Bits(whole[0]), "01001001001000");
  ASSERT_EQ(Bits(whole[1]), "0111101");
  for (uint32_t mask = 0; mask < 256; ++mask) {
    Ranges rows;
    std::string root, item;
    std::vector<int32_t> offsets{0};
    for (uint64_t row = 0; row < 8; ++row) {
      if ((mask >> row & 1) == 0) continue;
      AppendRange(&rows, row, row + 1);
      root += Bits(whole[3])[row];
      const int32_t begin = Offsets(whole[2])[row], end = Offsets(whole[2])[row + 1];
      offsets.push_back(offsets.back() + end - begin);
      item += Bits(whole[0]).substr(begin * 2, (end - begin) * 2);
    }
    const auto part =
        structure.Build(structure.Select(rows), arrow::default_memory_pool()).ValueOrDie();
    ASSERT_EQ(Bits(part[3]), root) << mask;
    ASSERT_EQ(Offsets(part[2]), offsets) << mask;
    ASSERT_EQ(Bits(part[0]), item) << mask;
  }
}

TEST(SparseStructure, StoredSlotsLeaveOutNullAncestors) {
  // struct<int32>: struct null at 1, child null at 0 and 1 and 3.
  const SparseStructure structure = Layers().Nulls({1}).Nulls({0, 3}).Make(5).ValueOrDie();
  const SlotRuns stored = structure.StoredSlots().ValueOrDie();
  EXPECT_EQ(stored.num_stored(), 2);
  EXPECT_EQ(stored.Select(Ranges{{0, 5}}).slots, (Ranges{{2, 3}, {4, 5}}));
}

TEST(SparseStructure, CountsMayBeARange) {
  const ListCounts counts = ListCounts::Progression(3, 2, 5).ValueOrDie();
  EXPECT_EQ(counts.Before(0), 0);
  EXPECT_EQ(counts.Before(3), 3 + 5 + 7);
  EXPECT_EQ(counts.total(), 3 + 5 + 7 + 9 + 11);
}

TEST(SparseStructure, RejectsContradictions) {
  EXPECT_FALSE(Layers().Nulls({5}).Make(5).ok());
  EXPECT_FALSE(Layers().Nulls({2, 1}).Make(5).ok());
  EXPECT_FALSE(Layers().List({0, 5}, {1, 1}, {}).Nulls({}).Make(5).ok());
  EXPECT_FALSE(Layers().List({0, 1}, {1, 0}, {}).Nulls({}).Make(5).ok());
  EXPECT_FALSE(Layers().FixedSizeList(0, {}).Nulls({}).Make(5).ok());
  EXPECT_FALSE(Layers().FixedSizeList(uint64_t{1} << 60, {}).Nulls({}).Make(5).ok());
  EXPECT_FALSE(Layers().Valid(0, 2, 4).Make(5).ok());
  EXPECT_FALSE(Layers().Make(5).ok());
  Layers wrong_sum = Layers().List({0, 1}, {1, 2}, {}).Nulls({});
  wrong_sum.message.mutable_layers(0)->mutable_list()->set_num_child_slots(4);
  EXPECT_FALSE(wrong_sum.Make(5).ok());
  Layers no_buffer = Layers().Nulls({1});
  no_buffer.buffers.clear();
  EXPECT_FALSE(no_buffer.Make(5).ok());
}

}  // namespace
}  // namespace lancea::v2_3
