#include "lancea/table/manifest_summary.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>

#include "lancea/proto/table.pb.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using lance::table::DataFragment;

/// Call `visit(field number)` for each field of the message the stream is limited to; `visit` reads
/// the field and returns false on bad bytes, or leaves it, returning nullopt, to be skipped.
template <typename Visitor>
bool ForEachField(CodedInputStream& in, Visitor&& visit) {
  while (uint32_t tag = in.ReadTag()) {
    std::optional<bool> visited =
        visit(WireFormatLite::GetTagFieldNumber(tag), WireFormatLite::GetTagWireType(tag));
    if (visited ? !*visited : !WireFormatLite::SkipField(&in, tag)) return false;
  }
  return in.ConsumedEntireMessage();
}

/// Read a nested message with `read`, which must consume all of it.
template <typename Reader>
bool ReadNested(CodedInputStream& in, Reader&& read) {
  uint32_t length = 0;
  if (!in.ReadVarint32(&length) ||
      length > static_cast<uint32_t>(std::numeric_limits<int>::max())) {
    return false;
  }
  if (in.BytesUntilLimit() >= 0 && static_cast<int>(length) > in.BytesUntilLimit()) return false;
  CodedInputStream::Limit limit = in.PushLimit(static_cast<int>(length));
  if (!read()) return false;
  in.PopLimit(limit);
  return true;
}

bool SkimFragment(CodedInputStream& in, ManifestSummary* summary) {
  uint64_t physical_rows = 0, num_deleted_rows = 0;
  bool has_deletion_file = false;
  bool ok = ForEachField(in, [&](int number, auto wire) -> std::optional<bool> {
    if (number == DataFragment::kPhysicalRowsFieldNumber &&
        wire == WireFormatLite::WIRETYPE_VARINT) {
      return in.ReadVarint64(&physical_rows);
    }
    if (wire != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return std::nullopt;
    if (number == DataFragment::kFilesFieldNumber) {
      ++summary->total_data_files;
      return ReadNested(in, [&] {
        return ForEachField(in, [&](int file_field, auto file_wire) -> std::optional<bool> {
          if (file_field != lance::table::DataFile::kFileSizeBytesFieldNumber ||
              file_wire != WireFormatLite::WIRETYPE_VARINT) {
            return std::nullopt;
          }
          uint64_t size = 0;
          if (!in.ReadVarint64(&size)) return false;
          summary->total_files_size += size;
          return true;
        });
      });
    }
    if (number == DataFragment::kDeletionFileFieldNumber) {
      has_deletion_file = true;
      return ReadNested(in, [&] {
        return ForEachField(in, [&](int file_field, auto file_wire) -> std::optional<bool> {
          if (file_field != lance::table::DeletionFile::kNumDeletedRowsFieldNumber ||
              file_wire != WireFormatLite::WIRETYPE_VARINT) {
            return std::nullopt;
          }
          return in.ReadVarint64(&num_deleted_rows);
        });
      });
    }
    return std::nullopt;
  });
  if (physical_rows > 0 && num_deleted_rows > physical_rows) return false;
  ++summary->total_fragments;
  summary->total_deletion_files += has_deletion_file ? 1 : 0;
  summary->total_deletion_file_rows += num_deleted_rows;
  if (physical_rows > 0 && (!has_deletion_file || num_deleted_rows > 0)) {
    summary->total_rows += physical_rows - num_deleted_rows;
  }
  return ok;
}

}  // namespace

void ManifestSummary::Add(const FragmentMetadata& fragment) {
  ++total_fragments;
  total_data_files += fragment.files.size();
  for (const DataFile& file : fragment.files) total_files_size += file.file_size_bytes;
  total_deletion_files += fragment.deletion_file ? 1 : 0;
  total_deletion_file_rows += fragment.num_deletions();
  bool deletions_known = !fragment.deletion_file || fragment.num_deletions() > 0;
  if (fragment.physical_rows > 0 && deletions_known) total_rows += fragment.num_rows();
}

std::map<std::string, std::string> ManifestSummary::ToMap() const {
  return {{"total_fragments", std::to_string(total_fragments)},
          {"total_data_files", std::to_string(total_data_files)},
          {"total_files_size", std::to_string(total_files_size)},
          {"total_deletion_files", std::to_string(total_deletion_files)},
          {"total_data_file_rows", std::to_string(total_rows + total_deletion_file_rows)},
          {"total_deletion_file_rows", std::to_string(total_deletion_file_rows)},
          {"total_rows", std::to_string(total_rows)}};
}

arrow::Result<SkimmedManifest> SkimManifest(Bytes message) {
  using lance::table::Manifest;
  if (message.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return Corrupt("manifest of ", message.size(), " bytes");
  }
  CodedInputStream in(message.data(), static_cast<int>(message.size()));
  // Without a limit of its own a nested message could claim to end behind the bytes.
  in.PushLimit(static_cast<int>(message.size()));
  SkimmedManifest skimmed;
  uint64_t seconds = 0, nanos = 0;
  bool ok = ForEachField(in, [&](int number, auto wire) -> std::optional<bool> {
    if (number == Manifest::kVersionFieldNumber && wire == WireFormatLite::WIRETYPE_VARINT) {
      return in.ReadVarint64(&skimmed.version);
    }
    if (wire != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return std::nullopt;
    if (number == Manifest::kFragmentsFieldNumber) {
      return ReadNested(in, [&] { return SkimFragment(in, &skimmed.summary); });
    }
    if (number == Manifest::kTimestampFieldNumber) {
      return ReadNested(in, [&] {
        return ForEachField(in, [&](int field, auto field_wire) -> std::optional<bool> {
          if (field_wire != WireFormatLite::WIRETYPE_VARINT) return std::nullopt;
          if (field == google::protobuf::Timestamp::kSecondsFieldNumber) {
            return in.ReadVarint64(&seconds);
          }
          if (field == google::protobuf::Timestamp::kNanosFieldNumber) {
            return in.ReadVarint64(&nanos);
          }
          return std::nullopt;
        });
      });
    }
    return std::nullopt;
  });
  if (!ok) return Corrupt("the manifest message does not parse");
  constexpr uint64_t kNanos = 1'000'000'000;
  if (nanos >= kNanos || seconds >= std::numeric_limits<int64_t>::max() / kNanos) {
    return Corrupt("timestamp ", seconds, " s ", nanos, " ns");
  }
  skimmed.timestamp_nanos = static_cast<int64_t>(seconds * kNanos + nanos);
  return skimmed;
}

}  // namespace lancea
