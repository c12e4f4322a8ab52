#include "lancea/maintain/manifest_migration.h"

#include <gtest/gtest.h>

#include "lancea/proto/table.pb.h"

namespace lancea {
namespace {

lance::table::Manifest Whole() {
  lance::table::Manifest manifest;
  manifest.mutable_writer_version()->set_library("lance");
  manifest.mutable_writer_version()->set_version("0.8.15");
  auto* fragment = manifest.add_fragments();
  fragment->set_physical_rows(10);
  fragment->mutable_deletion_file()->set_num_deleted_rows(1);
  return manifest;
}

TEST(LacksFields, OfManifestsThatSayLessThanTodays) {
  EXPECT_FALSE(LacksFields(Whole(), {IndexInfo()}));
  auto manifest = Whole();
  manifest.clear_writer_version();
  EXPECT_TRUE(LacksFields(manifest, {})) << "who wrote it";
  manifest = Whole();
  manifest.mutable_fragments(0)->clear_physical_rows();
  EXPECT_TRUE(LacksFields(manifest, {})) << "rows";
  manifest = Whole();
  manifest.mutable_fragments(0)->mutable_deletion_file()->clear_num_deleted_rows();
  EXPECT_TRUE(LacksFields(manifest, {})) << "deleted rows";
  IndexInfo index;
  index.has_fragment_bitmap = false;
  EXPECT_TRUE(LacksFields(Whole(), {index})) << "coverage";
}

TEST(LacksFields, OfIndicesOfWritersWithAFault) {
  for (const auto& [version, lacks] : std::vector<std::pair<std::string, bool>>{
           {"0.8.14", true}, {"0.8.15", false}, {"0.9.0", false}, {"14.0.2", false}, {"?", true}}) {
    auto manifest = Whole();
    manifest.mutable_writer_version()->set_version(version);
    EXPECT_EQ(LacksFields(manifest, {IndexInfo()}), lacks) << version;
    EXPECT_FALSE(LacksFields(manifest, {})) << version << " without indices";
    manifest.mutable_writer_version()->set_library("another");
    EXPECT_FALSE(LacksFields(manifest, {IndexInfo()})) << version << " of another library";
  }
}

}  // namespace
}  // namespace lancea
