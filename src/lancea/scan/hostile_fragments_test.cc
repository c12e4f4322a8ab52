// Fragments that no writer makes: each ends in an error.
#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "arrow/table.h"
#include "lancea/dataset.h"
#include "lancea/dataset/table_for_test.h"
#include "lancea/scan/blobs.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/fragment.h"

namespace lancea {
namespace {

// A table of one fragment with stable row ids, which the only column of its data file holds.
class HostileFragments : public ::testing::Test {
 protected:
  HostileFragments() {
    manifest_.set_version(1);
    manifest_.mutable_data_format()->set_file_format("lance");
    manifest_.mutable_data_format()->set_version("2.1");
    manifest_.set_reader_feature_flags(kFlagStableRowIds | kFlagSpilledRowLineage);
    manifest_.set_writer_feature_flags(kFlagStableRowIds | kFlagSpilledRowLineage);
    auto& field = *manifest_.add_fields();
    field.set_name("x");
    field.set_logical_type("uint64");
    field.set_parent_id(-1);
    fragment_ = manifest_.add_fragments();
    fragment_->set_physical_rows(3);
    fragment_->mutable_column_row_ids();
    file_ = fragment_->add_files();
    file_->set_path("a.lance");
    for (int32_t id : {0, kRowIdFieldId}) {
      file_->add_fields(id);
      file_->add_column_indices(0);
    }
    file_->set_file_major_version(2);
    file_->set_file_minor_version(1);
  }

  arrow::Status TakeOneRowId(uint64_t rows_in_file) {
    Host host;
    auto store = std::make_shared<MemoryObjectStore>();
    host.object_store = store;
    ARROW_RETURN_NOT_OK(
        store->Put("t/_versions/1.manifest", arrow::Buffer::FromString(ManifestFile(manifest_))));
    ARROW_RETURN_NOT_OK(
        store->Put("t/data/a.lance", arrow::Buffer::FromString(ConstantFile(rows_in_file))));
    OpenOptions options;
    options.session = std::make_shared<Session>(uint64_t{1} << 20, host);
    ARROW_ASSIGN_OR_RAISE(auto dataset, Dataset::Open("t", options));
    return dataset->TakeRowIds({5}).status();
  }

  lance::table::Manifest manifest_;
  lance::table::DataFragment* fragment_;
  lance::table::DataFile* file_;
};

TEST_F(HostileFragments, AreReadWhenTheyAreSound) {
  const arrow::Status status = TakeOneRowId(3);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_F(HostileFragments, RefuseRowIdsInAFileWithoutColumnIndices) {
  file_->clear_column_indices();
  file_->set_file_major_version(0);
  file_->set_file_minor_version(2);
  EXPECT_FALSE(TakeOneRowId(3).ok());
}

TEST_F(HostileFragments, RefuseMoreRowIdsThanRows) {
  EXPECT_FALSE(TakeOneRowId(uint64_t{1} << 40).ok());
}

TEST_F(HostileFragments, RefuseRowIdsThatNoBytesBearOut) {
  fragment_->set_physical_rows(uint64_t{1} << 31);
  EXPECT_FALSE(TakeOneRowId(uint64_t{1} << 31).ok());
}

TEST(DataFileOfField, NeedsNoColumnIndicesInFilesOfVersion01) {
  FragmentMetadata fragment;
  fragment.files.resize(1);
  fragment.files[0].fields = {0, 4, 5};
  EXPECT_EQ(DataFileOfField(fragment, 5), &fragment.files[0]);
  fragment.files[0].column_indices = {0};
  EXPECT_EQ(DataFileOfField(fragment, 5), &fragment.files[0]);
  EXPECT_EQ(DataFileOfField(fragment, 6), nullptr);
}

}  // namespace
}  // namespace lancea
