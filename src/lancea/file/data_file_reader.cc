#include "lancea/file/data_file_reader.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "arrow/buffer.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/field_reader.h"
#include "lancea/encoding/v0_1/field_reader.h"
#include "lancea/encoding/v0_1/legacy_file.h"
#include "lancea/encoding/v2_0/field_reader.h"
#include "lancea/file/checked_reader.h"
#include "lancea/file/column_metadata.h"
#include "lancea/file/locate_bytes.h"
#include "lancea/file/page_factory.h"
#include "lancea/proto/file.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

// A file tells of its growth in steps of this.
constexpr uint64_t kNoticeableBytes = 16 * 1024;

// One request brings footer, tables and, for small files, everything else.
constexpr uint64_t kTailBytes = 64 * 1024;
constexpr size_t kMaxKeptReaders = 1024;

// FileDescriptor.length without parsing the schema in front of it, which may have thousands of fields.
arrow::Result<uint64_t> ParseDescriptorLength(Bytes bytes) {
  google::protobuf::io::CodedInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  uint64_t length = 0;
  while (uint32_t tag = in.ReadTag()) {
    uint32_t size = 0;
    const uint32_t wire_type = tag & 7;
    if (tag == ((2u << 3) | 0)) {
      if (!in.ReadVarint64(&length)) return Corrupt("file descriptor does not parse");
    } else if (wire_type == 2) {
      if (!in.ReadVarint32(&size) || !in.Skip(static_cast<int>(size))) {
        return Corrupt("file descriptor does not parse");
      }
    } else if (uint64_t ignored; wire_type != 0 || !in.ReadVarint64(&ignored)) {
      return Corrupt("file descriptor does not parse");
    }
  }
  return length;
}

// The descriptor says that the file has checksums.
bool NamesChecksums(const arrow::Buffer& descriptor) {
  const std::string_view text(reinterpret_cast<const char*>(descriptor.data()),
                              static_cast<size_t>(descriptor.size()));
  if (text.find(kChecksumsKey) == text.npos) return false;
  lance::file::FileDescriptor message;
  return ParseMessageIn(descriptor, &message) &&
         message.schema().metadata().contains(kChecksumsKey);
}

void AppendIds(const Field& field, std::vector<int32_t>* ids) {
  ids->push_back(field.id);
  for (const Field& child : field.children) AppendIds(child, ids);
}

uint64_t MemoryOf(const ColumnInfo& column) {
  uint64_t bytes = sizeof(ColumnInfo) + column.encoding.value.size();
  for (const PageInfo& page : column.pages) {
    bytes +=
        sizeof(PageInfo) + page.encoding.value.size() + page.buffers.size() * sizeof(ByteRange);
  }
  return bytes;
}

// The columns of one field and those below it, by field id: a wide file has thousands of others.
class FileColumnSource : public ColumnSource {
 public:
  FileColumnSource(const DataFileReader& file, const Field& field, const FieldColumns& columns)
      : file_(file) {
    std::vector<int32_t> wanted;
    AppendIds(field, &wanted);
    std::sort(wanted.begin(), wanted.end());
    for (size_t i = 0; i < columns.field_ids.size() && i < columns.column_indices.size(); ++i) {
      const int32_t id = columns.field_ids[i];
      if (id < wanted.front() || id > wanted.back() || id < 0 || columns.column_indices[i] < 0) {
        continue;
      }
      if (std::binary_search(wanted.begin(), wanted.end(), id)) {
        by_field_.emplace_back(id, columns.column_indices[i]);
      }
    }
    std::sort(by_field_.begin(), by_field_.end());
  }

  arrow::Result<std::shared_ptr<const ColumnInfo>> Column(int32_t field_id) const override {
    auto it =
        std::lower_bound(by_field_.begin(), by_field_.end(), std::make_pair(field_id, INT32_MIN));
    if (it == by_field_.end() || it->first != field_id) {
      return std::shared_ptr<const ColumnInfo>();
    }
    return file_.Column(it->second);
  }
  arrow::Result<std::shared_ptr<const ColumnInfo>> ColumnBehind(
      const ColumnInfo& column) const override {
    if (column.index + 1 >= file_.num_columns()) return std::shared_ptr<const ColumnInfo>();
    return file_.Column(column.index + 1);
  }
  uint64_t num_rows() const override { return file_.num_rows(); }
  uint64_t file_size() const override { return file_.object()->size(); }
  void CountMemory(uint64_t bytes) const override { file_.CountMemory(bytes); }

 private:
  const DataFileReader& file_;
  std::vector<std::pair<int32_t, int32_t>> by_field_;
};

void AppendKey(const Field& field, std::string* key) {
  key->append(std::to_string(field.id)).push_back(' ');
  for (const Field& child : field.children) AppendKey(child, key);
}

}  // namespace

// A reader with what it refers to.
struct DataFileReader::KeptReader {
  std::unique_ptr<FileColumnSource> source;
  std::unique_ptr<FieldReader> reader;
};

DataFileReader::DataFileReader(std::shared_ptr<ObjectReader> object) : object_(std::move(object)) {}
DataFileReader::~DataFileReader() = default;

bool DataFileOptions::DefaultVerifyChecksums() {
  static const bool verify = [] {
    const char* text = std::getenv("LANCEA_VERIFY_CHECKSUMS");
    return text == nullptr || std::string_view(text) != "0";
  }();
  return verify;
}

// The status with the path before it, once, and what was read.
arrow::Status DataFileReader::InPath(const arrow::Status& status, const std::string& what) const {
  if (status.message().starts_with(object_->path() + ":")) return status;
  return Prefix(status, what.empty() ? object_->path() : object_->path() + ": " + what);
}

arrow::Result<std::shared_ptr<DataFileReader>> DataFileReader::Open(
    std::shared_ptr<ObjectReader> object, std::function<void(uint64_t)> on_growth,
    DataFileOptions options) {
  std::shared_ptr<DataFileReader> file(new DataFileReader(std::move(object)));
  arrow::Status status = file->Init(options);
  if (!status.ok()) return file->InPath(status);
  file->on_growth_ = std::move(on_growth);
  return file;
}

// Find the checksums and from then on read through them; the tail read before is verified here.
arrow::Result<bool> DataFileReader::InitChecksums() {
  const uint64_t size = object_->size();
  ARROW_ASSIGN_OR_RAISE(FoundChecksums found,
                        FindChecksums(size, [this](ByteRange range) { return Read(range); }));
  if (!found.checksums.has_value()) return found.present;
  checked_ = std::make_shared<CheckedReader>(
      object_, *std::move(found.checksums),
      [object = object_](ByteRange range) { return LocateBytes(object, range); });
  object_ = checked_;
  memory_bytes_ += checked_->memory_bytes();
  if (object_->is_memory()) {
    ARROW_ASSIGN_OR_RAISE(tail_, object_->ReadAt({tail_offset_, size - tail_offset_}));
    return true;
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t start, checked_->VerifyEnd(tail_offset_, tail_));
  tail_ = arrow::SliceBuffer(tail_, static_cast<int64_t>(start - tail_offset_));
  tail_offset_ = start;
  return true;
}

arrow::Status DataFileReader::VerifyChecksums() const {
  return checked_ == nullptr ? arrow::Status::OK() : checked_->VerifyAll();
}

arrow::Status DataFileReader::Init(const DataFileOptions& options) {
  const uint64_t size = object_->size();
  const uint64_t tail_size = std::min(size, object_->is_memory() ? kFooterSize : kTailBytes);
  ARROW_ASSIGN_OR_RAISE(tail_, object_->ReadAt({size - tail_size, tail_size}));
  tail_offset_ = size - tail_size;
  auto tail = [this] { return Bytes(tail_->data(), static_cast<size_t>(tail_->size())); };
  ARROW_ASSIGN_OR_RAISE(version_, ParseFileVersion(tail()));
  bool checksums_found = false;
  if (options.verify_checksums) {
    ARROW_ASSIGN_OR_RAISE(checksums_found, InitChecksums());
  }
  if (version_.is_legacy()) {
    ARROW_ASSIGN_OR_RAISE(legacy_, v0_1::LegacyFile::Open(object_));
    num_rows_ = legacy_->num_rows();
    return arrow::Status::OK();
  }
  const bool known =
      (version_.major == 0 && version_.minor == 3) || (version_.major == 2 && version_.minor <= 3);
  if (!known) {
    return Unsupported("file version ", version_.major, ".", version_.minor,
                       "; this build reads 0.1 and 2.0 to 2.3");
  }
  ARROW_ASSIGN_OR_RAISE(footer_, ParseFooter(tail(), size));
  ARROW_ASSIGN_OR_RAISE(global_buffers_, ReadTable(footer_.global_buffer_table_position,
                                                   footer_.num_global_buffers, "global buffer"));
  ARROW_ASSIGN_OR_RAISE(column_table_,
                        Read({footer_.column_table_position, uint64_t{footer_.num_columns} * 16}));
  if (global_buffers_.empty()) return Corrupt("the file has no descriptor (global buffer 0)");
  ARROW_ASSIGN_OR_RAISE(auto descriptor, Read(global_buffers_[0]));
  if (descriptor->size() > INT32_MAX)
    return Corrupt("a file descriptor of ", descriptor->size(), " bytes");
  if (options.verify_checksums && !checksums_found && NamesChecksums(*descriptor)) {
    return Corrupt("the file descriptor names checksums, but they are not where they should be");
  }
  ARROW_ASSIGN_OR_RAISE(
      num_rows_,
      ParseDescriptorLength(Bytes(descriptor->data(), static_cast<size_t>(descriptor->size()))));
  if (num_rows_ > kMaxRowsPerFile) return Corrupt("the file says it has ", num_rows_, " rows");
  uint64_t held = global_buffers_.size() * sizeof(ByteRange);
  if (!object_->is_memory()) held += static_cast<uint64_t>(tail_->size() + column_table_->size());
  memory_bytes_ += held;
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> DataFileReader::Read(ByteRange range) const {
  if (tail_ != nullptr && range.offset >= tail_offset_ &&
      range.offset - tail_offset_ <= static_cast<uint64_t>(tail_->size()) &&
      range.length <= static_cast<uint64_t>(tail_->size()) - (range.offset - tail_offset_)) {
    return arrow::SliceBuffer(tail_, static_cast<int64_t>(range.offset - tail_offset_),
                              static_cast<int64_t>(range.length));
  }
  return object_->ReadAt(range);
}

arrow::Result<std::vector<ByteRange>> DataFileReader::ReadTable(uint64_t position, uint32_t entries,
                                                                const char* what) const {
  ARROW_ASSIGN_OR_RAISE(auto bytes, Read({position, uint64_t{entries} * 16}));
  std::vector<ByteRange> out(entries);
  for (uint32_t i = 0; i < entries; ++i) {
    out[i] = {LoadLittleEndian<uint64_t>(bytes->data() + 16 * i),
              LoadLittleEndian<uint64_t>(bytes->data() + 16 * i + 8)};
    if (out[i].offset > object_->size() || out[i].length > object_->size() - out[i].offset) {
      return Corrupt(what, " ", i, " of ", out[i].length, " bytes at ", out[i].offset,
                     " of a file of ", object_->size());
    }
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> DataFileReader::ReadGlobalBuffer(
    int32_t index) const {
  if (index < 0 || index >= num_global_buffers()) {
    return InvalidInput("global buffer ", index, " of ", num_global_buffers());
  }
  return Read(global_buffers_[index]);
}

arrow::Result<Schema> DataFileReader::ReadSchema() const {
  if (legacy_ != nullptr) return legacy_->schema();
  ARROW_ASSIGN_OR_RAISE(auto bytes, ReadGlobalBuffer(0));
  lance::file::FileDescriptor descriptor;
  if (!ParseMessageIn(*bytes, &descriptor)) {
    return Corrupt(object_->path(), ": file descriptor does not parse");
  }
  descriptor.mutable_schema()->mutable_metadata()->erase(kChecksumsKey);
  return SchemaFromProto(descriptor.schema().fields(), descriptor.schema().metadata());
}

arrow::Result<FieldColumns> DataFileReader::OwnFieldColumns(const Schema& schema) const {
  FieldColumns out;
  if (legacy_ != nullptr) return out;
  const bool leaves_only = version_.major == 2 && version_.minor >= 1;
  int32_t column = 0;
  auto visit = [&](const auto& self, const Field& field) -> void {
    const bool is_leaf = field.children.empty() || IsPackedStruct(field) || IsBlob(field);
    if (!leaves_only || is_leaf) {
      out.field_ids.push_back(field.id);
      out.column_indices.push_back(column++);
    }
    if (is_leaf) return;
    for (const Field& child : field.children) self(self, child);
  };
  for (const Field& field : schema.fields) visit(visit, field);
  return out;
}

arrow::Result<ByteRange> DataFileReader::ColumnMetadataRange(int32_t index) const {
  if (index < 0 || index >= num_columns()) {
    return Corrupt(object_->path(), ": no column ", index, ", the file has ", num_columns());
  }
  const uint8_t* entry = column_table_->data() + uint64_t{16} * static_cast<uint64_t>(index);
  return ByteRange{LoadLittleEndian<uint64_t>(entry), LoadLittleEndian<uint64_t>(entry + 8)};
}

arrow::Result<std::shared_ptr<const ColumnInfo>> DataFileReader::Column(int32_t index) const {
  ARROW_ASSIGN_OR_RAISE(const ByteRange range, ColumnMetadataRange(index));
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = columns_.find(index);
    if (it != columns_.end()) return it->second;
  }
  auto parse = [&]() -> arrow::Result<ColumnInfo> {
    if (range.offset > object_->size() || range.length > object_->size() - range.offset) {
      return Corrupt("metadata of ", range.length, " bytes at ", range.offset, " of a file of ",
                     object_->size());
    }
    {
      // Columns that share their metadata would multiply what a small file makes us hold.
      std::lock_guard<std::mutex> lock(mutex_);
      if (range.length > object_->size() - std::min(object_->size(), parsed_bytes_)) {
        return Corrupt("the metadata of the columns overlap");
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto bytes, Read(range));
    return ParseColumnMetadata(Bytes(bytes->data(), static_cast<size_t>(bytes->size())), index,
                               object_->size(), [this](ByteRange r) { return Read(r); });
  };
  auto parsed = parse();
  if (!parsed.ok()) {
    return InPath(parsed.status(), "column " + std::to_string(index));
  }
  auto info = std::make_shared<const ColumnInfo>(std::move(parsed).ValueUnsafe());
  std::shared_ptr<const ColumnInfo> out;
  bool is_first;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto [kept, inserted] = columns_.emplace(index, std::move(info));
    is_first = inserted;
    out = kept->second;
    if (is_first) parsed_bytes_ += range.length;
  }
  if (is_first) CountMemory(MemoryOf(*out));
  return out;
}

arrow::Result<std::shared_ptr<const FieldReader>> DataFileReader::MakeFieldReader(
    const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
    const FieldColumns& columns) const {
  // The key says which leaves are wanted and how they are read; the column map of one file is always
  // the same for the same fields.
  std::string key = arrow_field->type()->ToString();
  key.push_back('|');
  AppendKey(field, &key);
  auto keep_alive = [&](std::shared_ptr<KeptReader> kept) {
    struct Holder {
      std::shared_ptr<const DataFileReader> file;
      std::shared_ptr<KeptReader> kept;
    };
    auto holder = std::make_shared<Holder>(Holder{shared_from_this(), std::move(kept)});
    return std::shared_ptr<const FieldReader>(holder, holder->kept->reader.get());
  };
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = readers_.find(key);
    if (it != readers_.end()) return keep_alive(it->second);
  }
  auto kept = std::make_shared<KeptReader>();
  auto make = [&]() -> arrow::Result<std::unique_ptr<FieldReader>> {
    if (legacy_ != nullptr) return v0_1::MakeFieldReader(field, arrow_field, *legacy_);
    kept->source = std::make_unique<FileColumnSource>(*this, field, columns);
    if (version_.major == 0) return v2_0::MakeFieldReader(field, arrow_field, *kept->source);
    return MakeStructuralFieldReader(field, arrow_field, *kept->source, &MakeAnyPage);
  };
  auto reader = make();
  if (!reader.ok()) return InPath(reader.status());
  kept->reader = std::move(reader).ValueUnsafe();
  std::lock_guard<std::mutex> lock(mutex_);
  if (readers_.size() >= kMaxKeptReaders) readers_.clear();
  return keep_alive(readers_.emplace(std::move(key), std::move(kept)).first->second);
}

void DataFileReader::CountMemory(uint64_t bytes) const {
  const uint64_t total = memory_bytes_.fetch_add(bytes) + bytes;
  if (on_growth_ == nullptr) return;
  for (uint64_t told = told_bytes_.load(); total >= told + kNoticeableBytes;) {
    if (told_bytes_.compare_exchange_weak(told, total)) return on_growth_(total);
  }
}

}  // namespace lancea
