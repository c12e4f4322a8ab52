#include "lancea/encoding/structural/field_writer.h"

#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/memory_pool.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/field_options.h"
#include "lancea/encoding/structural/blob_encode.h"
#include "lancea/encoding/structural/encode_page.h"
#include "lancea/encoding/structural/field_tree.h"
#include "lancea/encoding/structural/leaf_part.h"
#include "lancea/encoding/structural/writable_type.h"
#include "lancea/proto/encodings_v2_0.pb.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr char kColumnEncodingUrl[] = "/lance.encodings.ColumnEncoding";

// The encoding of each leaf below `node`, in the tree's order.
arrow::Status FindEncodings(const Field& field, const FieldNode& node, const FieldTree& tree,
                            const EncodingOptions& inherited, arrow::MemoryPool* pool,
                            std::vector<std::shared_ptr<const LeafEncoding>>* out) {
  ARROW_ASSIGN_OR_RAISE(EncodingOptions options, OptionsOf(field, inherited));
  if (node.kind == FieldNode::Kind::kLeaf) {
    const Leaf& leaf = *tree.leaves[out->size()];
    auto encoding = std::make_shared<LeafEncoding>();
    encoding->options = options;
    encoding->page_rows_per_row = leaf.page_rows_per_row;
    encoding->dimensions = leaf.dimensions;
    encoding->is_blob = IsBlob(field) && leaf.type->id() == arrow::Type::LARGE_BINARY;
    encoding->path = leaf.path;
    encoding->pool = pool;
    out->push_back(std::move(encoding));
    return arrow::Status::OK();
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    ARROW_RETURN_NOT_OK(
        FindEncodings(field.children[i], node.children[i], tree, options, pool, out));
  }
  return arrow::Status::OK();
}

// Smaller pages are not worth their metadata, whatever is asked for; a chunk of a page is about as large.
constexpr uint64_t kLeastPageBytes = 4096;
constexpr uint64_t kTextPageBytes = uint64_t{8} << 20;
constexpr uint64_t kLongTextBytes = 512;

// Rows of one leaf that are no page yet.
struct Gathered {
  std::vector<LeafPart> parts;
  uint64_t bytes = 0;
  uint64_t first_row = 0;
  uint64_t num_rows = 0;
};

class StructuralFieldWriter : public FieldWriter {
 public:
  StructuralFieldWriter(FieldTree tree, std::vector<std::shared_ptr<const LeafEncoding>> leaves,
                        const PageLimits& limits, OutOfLineWriter* out_of_line,
                        arrow::MemoryPool* pool)
      : tree_(std::move(tree)),
        leaves_(std::move(leaves)),
        gathered_(leaves_.size()),
        limits_(limits),
        out_of_line_(out_of_line),
        pool_(pool) {}

  const std::vector<int32_t>& column_field_ids() const override { return tree_.leaf_field_ids; }

  arrow::Result<std::vector<PendingPage>> Append(
      const std::shared_ptr<arrow::Array>& rows) override {
    std::vector<PendingPage> pages;
    if (!SameMemory(*rows->type(), *tree_.root.field->type())) {
      return InvalidInput("column \"", tree_.root.field->name(), "\" is ",
                          tree_.root.field->type()->ToString(), ", the rows are ",
                          rows->type()->ToString());
    }
    if (rows->length() == 0) return pages;
    ARROW_ASSIGN_OR_RAISE(auto parts, Shred(tree_, *rows->data()));
    for (size_t i = 0; i < parts.size(); ++i) {
      if (leaves_[i]->is_blob) {
        ARROW_ASSIGN_OR_RAISE(parts[i], WriteBlobs(std::move(parts[i]), out_of_line_, pool_));
      }
      Gathered& gathered = gathered_[i];
      gathered.bytes += PlainBytes(parts[i]);
      gathered.num_rows += static_cast<uint64_t>(parts[i].num_rows());
      gathered.parts.push_back(std::move(parts[i]));
      if (gathered.bytes >= limits_.column_buffer_bytes) Cut(i, &pages);
    }
    return pages;
  }

  arrow::Result<std::vector<PendingPage>> Finish() override {
    std::vector<PendingPage> pages;
    for (size_t i = 0; i < gathered_.size(); ++i) {
      if (gathered_[i].num_rows > 0) Cut(i, &pages);
    }
    return pages;
  }

  std::vector<EncodingBlob> column_encodings() const override {
    lance::encodings::ColumnEncoding message;
    message.mutable_values();
    return std::vector<EncodingBlob>(leaves_.size(),
                                     {kColumnEncodingUrl, message.SerializeAsString()});
  }

  uint64_t buffered_bytes() const override {
    uint64_t bytes = 0;
    for (const Gathered& gathered : gathered_) bytes += gathered.bytes;
    return bytes;
  }

 private:
  // All gathered rows of a leaf become pages.
  void Cut(size_t leaf, std::vector<PendingPage>* pages) {
    Gathered now = std::exchange(gathered_[leaf], Gathered());
    gathered_[leaf].first_row = now.first_row + now.num_rows;
    Split(leaf, std::move(now), pages);
  }

  // Text takes long to compress: much of it at once becomes pages enough for some threads.
  uint64_t PageBytes(size_t leaf, const Gathered& rows) const {
    const bool is_short_text = arrow::is_base_binary_like(tree_.leaves[leaf]->type->id()) &&
                               rows.bytes / rows.num_rows < kLongTextBytes;
    const uint64_t most = std::max(limits_.max_page_bytes, kLeastPageBytes);
    if (!is_short_text) return most;
    return std::min(most, std::max(2 * limits_.column_buffer_bytes, kTextPageBytes));
  }

  void Split(size_t leaf, Gathered rows, std::vector<PendingPage>* pages) const {
    if (rows.bytes > PageBytes(leaf, rows) && rows.num_rows > 1) {
      const uint64_t half = rows.num_rows / 2;
      Split(leaf, Slice(rows, 0, half), pages);
      Split(leaf, Slice(rows, half, rows.num_rows - half), pages);
      return;
    }
    PendingPage page;
    page.column = static_cast<int>(leaf);
    page.bytes = rows.bytes;
    // A std::function must be copyable; the rows are not copied but handed on.
    auto held = std::make_shared<Gathered>(std::move(rows));
    page.encode = [held, encoding = leaves_[leaf]] {
      return EncodePages(std::move(held->parts), *encoding, held->first_row);
    };
    pages->push_back(std::move(page));
  }

  static Gathered Slice(const Gathered& rows, uint64_t begin, uint64_t num_rows) {
    Gathered out;
    out.parts = SliceParts(rows.parts, static_cast<int64_t>(begin), static_cast<int64_t>(num_rows));
    for (const LeafPart& part : out.parts) out.bytes += PlainBytes(part);
    out.first_row = rows.first_row + begin;
    out.num_rows = num_rows;
    return out;
  }

  FieldTree tree_;
  std::vector<std::shared_ptr<const LeafEncoding>> leaves_;
  std::vector<Gathered> gathered_;
  const PageLimits limits_;
  OutOfLineWriter* const out_of_line_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

arrow::Result<std::unique_ptr<FieldWriter>> MakeFieldWriter(
    const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
    const EncodingOptions& defaults, const PageLimits& limits, OutOfLineWriter* out_of_line,
    arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(FieldTree tree, MakeFieldTree(field, arrow_field, /*file_size=*/0));
  ARROW_RETURN_NOT_OK(CheckWritable(field, tree, defaults.format));
  std::vector<std::shared_ptr<const LeafEncoding>> leaves;
  ARROW_RETURN_NOT_OK(FindEncodings(field, tree.root, tree, defaults, pool, &leaves));
  for (const auto& leaf : leaves) {
    if (leaf->is_blob && out_of_line == nullptr) {
      return InvalidInput("column \"", leaf->path, "\": nowhere to put blobs");
    }
  }
  return std::make_unique<StructuralFieldWriter>(std::move(tree), std::move(leaves), limits,
                                                 out_of_line, pool);
}

}  // namespace lancea
