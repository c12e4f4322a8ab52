#include "lancea/encoding/v2_0/field_reader.h"

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/unbacked.h"
#include "lancea/encoding/v2_0/column_pages.h"
#include "lancea/encoding/v2_0/end_offsets.h"
#include "lancea/encoding/v2_0/leaf_read.h"
#include "lancea/encoding/v2_0/listed_bytes.h"
#include "lancea/encoding/v2_0/node_read.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea::v2_0 {
namespace {

// One node of the field with its column.
struct Node {
  enum class Kind { kMissing, kLeaf, kStruct, kList, kListedBytes };
  Kind kind = Kind::kLeaf;
  std::shared_ptr<arrow::Field> field;
  std::optional<ColumnPages> column;  // leaves and lists
  std::vector<Node> children;         // kListedBytes: the list of bytes
  std::vector<uint64_t> item_starts;  // lists: items before each page, and in all
};

arrow::Result<std::unique_ptr<NodeRead>> MakeNodeRead(const Node& node,
                                                      std::span<const RowRange> ranges,
                                                      arrow::MemoryPool* pool);

uint64_t EncodedBytes(const Node& node) {
  uint64_t bytes = 0;
  if (node.column.has_value()) {
    for (const PageInfo& page : node.column->info().pages) {
      for (const ByteRange& buffer : page.buffers) bytes += buffer.length;
    }
  }
  for (const Node& child : node.children) bytes += EncodedBytes(child);
  return bytes;
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> JoinArrays(
    arrow::ArrayVector arrays, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool) {
  if (arrays.size() == 1) return arrays[0]->data();
  if (arrays.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(type, pool));
    return empty->data();
  }
  ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(arrays, pool));
  return joined->data();
}

class MissingRead : public NodeRead {
 public:
  MissingRead(std::shared_ptr<arrow::DataType> type, uint64_t count, arrow::MemoryPool* pool)
      : type_(std::move(type)), count_(count), pool_(pool) {}
  void Collect(std::vector<ByteRange>*) const override {}
  arrow::Status Supply(SuppliedBuffers*) override { return arrow::Status::OK(); }
  arrow::Result<arrow::ArrayVector> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto nulls,
                          arrow::MakeArrayOfNull(type_, static_cast<int64_t>(count_), pool_));
    return arrow::ArrayVector{std::move(nulls)};
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  uint64_t count_;
  arrow::MemoryPool* pool_;
};

class StructRead : public NodeRead {
 public:
  StructRead(const Node& node, uint64_t count, std::vector<std::unique_ptr<NodeRead>> children,
             arrow::MemoryPool* pool)
      : node_(node), count_(count), children_(std::move(children)), pool_(pool) {}
  void Collect(std::vector<ByteRange>* needs) const override {
    for (const auto& child : children_) child->Collect(needs);
  }
  arrow::Status Supply(SuppliedBuffers* buffers) override {
    for (const auto& child : children_) {
      std::vector<ByteRange> wanted;
      child->Collect(&wanted);
      if (!wanted.empty()) ARROW_RETURN_NOT_OK(child->Supply(buffers));
    }
    return arrow::Status::OK();
  }
  arrow::Result<arrow::ArrayVector> Finish() override {
    std::vector<std::shared_ptr<arrow::ArrayData>> columns;
    for (size_t i = 0; i < children_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto arrays, children_[i]->Finish());
      ARROW_ASSIGN_OR_RAISE(auto joined,
                            JoinArrays(std::move(arrays), node_.children[i].field->type(), pool_));
      if (joined->length != static_cast<int64_t>(count_)) {
        return Corrupt("field \"", node_.children[i].field->name(), "\" has ", joined->length,
                       " values, its struct ", count_);
      }
      columns.push_back(std::move(joined));
    }
    return arrow::ArrayVector{arrow::MakeArray(arrow::ArrayData::Make(
        node_.field->type(), static_cast<int64_t>(count_), {nullptr}, std::move(columns), 0))};
  }

 private:
  const Node& node_;
  const uint64_t count_;
  std::vector<std::unique_ptr<NodeRead>> children_;
  arrow::MemoryPool* pool_;
};

class ListRead : public NodeRead {
 public:
  ListRead(const Node& node, arrow::MemoryPool* pool) : node_(node), pool_(pool) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    return node_.column->ForEachPage(ranges, [&](size_t page, const std::vector<RowRange>& wanted) {
      const auto& list = node_.column->encoding(page).list();
      const ArrayContext context{.page = &node_.column->info().pages[page], .pool = pool_};
      auto offsets =
          EndOffsets::Make(list.offsets(), wanted, list.null_offset_adjustment(), context);
      if (!offsets.ok()) return Prefix(offsets.status(), "page " + std::to_string(page));
      parts_.push_back({page, *std::move(offsets)});
      return arrow::Status::OK();
    });
  }

  void Collect(std::vector<ByteRange>* needs) const override {
    if (items_ != nullptr) return items_->Collect(needs);
    for (const Part& part : parts_) part.offsets.Collect(needs);
  }

  arrow::Status Supply(SuppliedBuffers* buffers) override {
    if (items_ != nullptr) return items_->Supply(buffers);
    std::vector<RowRange> items;
    for (Part& part : parts_) {
      ARROW_RETURN_NOT_OK(part.offsets.Supply(buffers));
      const uint64_t base = node_.item_starts[part.page];
      ARROW_RETURN_NOT_OK(Prefix(part.offsets.Finish(node_.item_starts[part.page + 1] - base),
                                 "page " + std::to_string(part.page)));
      for (const RowRange& range : part.offsets.item_ranges()) {
        if (range.size() == 0) continue;
        const RowRange wanted{base + range.start, base + range.end};
        if (!items.empty() && items.back().end == wanted.start) {
          items.back().end = wanted.end;
        } else {
          items.push_back(wanted);
        }
      }
    }
    const uint64_t num_items = CountRows(items);
    if (num_items > MostValues(EncodedBytes(node_))) {
      return Unsupported(num_items, " items of lists in one read; ask for fewer rows");
    }
    return MakeNodeRead(node_.children[0], items, pool_).Value(&items_);
  }

  arrow::Result<arrow::ArrayVector> Finish() override {
    if (items_ == nullptr) return Corrupt("a list whose offsets were not read");
    ARROW_ASSIGN_OR_RAISE(auto arrays, items_->Finish());
    ARROW_ASSIGN_OR_RAISE(auto items,
                          JoinArrays(std::move(arrays), node_.children[0].field->type(), pool_));
    int64_t count = 0;
    for (const Part& part : parts_) count += static_cast<int64_t>(part.offsets.lengths().size());
    const bool large = node_.field->type()->id() == arrow::Type::LARGE_LIST;
    ARROW_ASSIGN_OR_RAISE(auto offsets,
                          arrow::AllocateBuffer((count + 1) * (large ? 8 : 4), pool_));
    ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateEmptyBitmap(count, pool_));
    int64_t at = 0, end = 0, nulls = 0;
    auto put = [&](int64_t i, int64_t offset) {
      if (large) {
        offsets->mutable_data_as<int64_t>()[i] = offset;
      } else {
        offsets->mutable_data_as<int32_t>()[i] = static_cast<int32_t>(offset);
      }
    };
    put(0, 0);
    for (const Part& part : parts_) {
      for (size_t i = 0; i < part.offsets.lengths().size(); ++i, ++at) {
        end += static_cast<int64_t>(part.offsets.lengths()[i]);
        if (part.offsets.valid()[i]) {
          arrow::bit_util::SetBit(validity->mutable_data(), at);
        } else {
          ++nulls;
        }
        put(at + 1, end);
      }
    }
    if (!large && end > INT32_MAX) {
      return arrow::Status::CapacityError(
          "more than 2^31 items in one list array; lower batch_size");
    }
    if (items->length != end)
      return Corrupt("lists hold ", end, " items, ", items->length, " are stored");
    std::shared_ptr<arrow::Buffer> bits =
        nulls > 0 ? std::shared_ptr<arrow::Buffer>(std::move(validity)) : nullptr;
    return arrow::ArrayVector{arrow::MakeArray(
        arrow::ArrayData::Make(node_.field->type(), count, {std::move(bits), std::move(offsets)},
                               {std::move(items)}, nulls))};
  }

 private:
  struct Part {
    size_t page;
    EndOffsets offsets;
  };
  const Node& node_;
  arrow::MemoryPool* pool_;
  std::vector<Part> parts_;
  std::unique_ptr<NodeRead> items_;
};

arrow::Result<std::unique_ptr<NodeRead>> MakeNodeRead(const Node& node,
                                                      std::span<const RowRange> ranges,
                                                      arrow::MemoryPool* pool) {
  switch (node.kind) {
    case Node::Kind::kMissing:
      return std::make_unique<MissingRead>(node.field->type(), CountRows(ranges), pool);
    case Node::Kind::kLeaf:
      return MakeLeafRead(*node.column, node.field->type(), ranges, pool);
    case Node::Kind::kStruct: {
      std::vector<std::unique_ptr<NodeRead>> children;
      for (const Node& child : node.children) {
        ARROW_ASSIGN_OR_RAISE(auto read, MakeNodeRead(child, ranges, pool));
        children.push_back(std::move(read));
      }
      return std::make_unique<StructRead>(node, CountRows(ranges), std::move(children), pool);
    }
    case Node::Kind::kList: {
      if (ranges.empty()) return std::make_unique<MissingRead>(node.field->type(), 0, pool);
      auto read = std::make_unique<ListRead>(node, pool);
      ARROW_RETURN_NOT_OK(read->Init(ranges));
      return read;
    }
    case Node::Kind::kListedBytes: {
      ARROW_ASSIGN_OR_RAISE(auto lists, MakeNodeRead(node.children[0], ranges, pool));
      return MakeListedBytesRead(std::move(lists), node.field->type());
    }
  }
  return Unsupported("unknown node kind");
}

// Pages are numbered depth first; those of lists' items are left out, for which of them are read is known
// only when the lists' offsets are.
uint64_t NumPages(const Node& node) {
  uint64_t pages = node.column.has_value() ? node.column->num_pages() : 0;
  if (node.kind == Node::Kind::kList) return pages;
  for (const Node& child : node.children) pages += NumPages(child);
  return pages;
}

void AppendPages(const Node& node, std::span<const RowRange> ranges, uint64_t first,
                 std::vector<uint64_t>* out) {
  if (node.column.has_value()) {
    (void)node.column->ForEachPage(ranges, [&](size_t page, const std::vector<RowRange>&) {
      out->push_back(first + page);
      return arrow::Status::OK();
    });
    first += node.column->num_pages();
  }
  if (node.kind == Node::Kind::kList) return;
  for (const Node& child : node.children) {
    AppendPages(child, ranges, first, out);
    first += NumPages(child);
  }
}

class FieldReadTask : public ReadTask {
 public:
  /// \param root  outlives the task
  FieldReadTask(const Node& root, std::span<const RowRange> ranges, std::unique_ptr<NodeRead> read,
                std::string name)
      : root_(root),
        ranges_(ranges.begin(), ranges.end()),
        read_(std::move(read)),
        name_(std::move(name)) {
    read_->Collect(&needs_);
  }
  const std::vector<ByteRange>& needs() const override { return needs_; }
  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    if (buffers.size() != needs_.size()) {
      return InvalidInput("supplied ", buffers.size(), " buffers, needed ", needs_.size());
    }
    SuppliedBuffers supplied(std::move(buffers));
    ARROW_RETURN_NOT_OK(Prefix(read_->Supply(&supplied), "column \"" + name_ + "\""));
    needs_.clear();
    read_->Collect(&needs_);
    return arrow::Status::OK();
  }
  arrow::Result<arrow::ArrayVector> Finish() override {
    auto arrays = read_->Finish();
    if (!arrays.ok()) return Prefix(arrays.status(), "column \"" + name_ + "\"");
    return arrays;
  }
  void AppendPagesRead(std::vector<uint64_t>* pages) const override {
    AppendPages(root_, ranges_, 0, pages);
  }

 private:
  const Node& root_;
  const std::vector<RowRange> ranges_;
  std::unique_ptr<NodeRead> read_;
  std::string name_;
  std::vector<ByteRange> needs_;
};

class Reader : public FieldReader {
 public:
  Reader(Node root, uint64_t num_rows) : root_(std::move(root)), num_rows_(num_rows) {}
  const std::shared_ptr<arrow::Field>& field() const override { return root_.field; }
  uint64_t num_rows() const override { return num_rows_; }
  uint64_t encoded_bytes() const override { return EncodedBytes(root_); }
  uint64_t num_pages() const override { return NumPages(root_); }
  arrow::Result<std::unique_ptr<ReadTask>> Read(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override {
    auto read = MakeNodeRead(root_, ranges, pool);
    if (!read.ok()) return Prefix(read.status(), "column \"" + root_.field->name() + "\"");
    return std::make_unique<FieldReadTask>(root_, ranges, *std::move(read), root_.field->name());
  }

 private:
  Node root_;
  uint64_t num_rows_;
};

// Where the items of each page begin.
arrow::Status MakeListNode(const std::string& name, Node* node) {
  node->kind = Node::Kind::kList;
  node->item_starts.push_back(0);
  for (size_t i = 0; i < node->column->num_pages(); ++i) {
    if (!node->column->encoding(i).has_list()) {
      return Corrupt("column \"", name, "\", page ", i,
                     " is not a list: ", Describe(node->column->encoding(i)));
    }
    const uint64_t items = node->column->encoding(i).list().num_items();
    if (items > kMaxRowsPerFile)
      return Corrupt("column \"", name, "\": a page of ", items, " items");
    node->item_starts.push_back(node->item_starts.back() + items);
  }
  return arrow::Status::OK();
}

// A string column that is stored as a list.
arrow::Result<Node> MakeListedBytesNode(Node own, const ColumnSource& columns) {
  Node list;
  list.field = AsListOfBytes(*own.field);
  list.column = std::move(own.column);
  const std::string& name = list.field->name();
  ARROW_RETURN_NOT_OK(MakeListNode(name, &list));
  Node bytes;
  bytes.field = list.field->type()->field(0);
  ARROW_ASSIGN_OR_RAISE(auto info, columns.ColumnBehind(list.column->info()));
  if (info == nullptr || info->num_rows != list.item_starts.back()) {
    return Corrupt("column \"", name, "\" holds strings of ", list.item_starts.back(),
                   " bytes, the column behind it ", info == nullptr ? 0 : info->num_rows);
  }
  auto pages = ColumnPages::Make(std::move(info));
  if (!pages.ok()) return Prefix(pages.status(), "bytes of column \"" + name + "\"");
  bytes.column = *std::move(pages);
  list.children.push_back(std::move(bytes));
  own.kind = Node::Kind::kListedBytes;
  own.column.reset();
  own.children.push_back(std::move(list));
  return own;
}

// \param num_rows  values the node must have, or nothing below a list that is not there
arrow::Result<Node> MakeNode(const Field& field, const std::shared_ptr<arrow::Field>& decoded,
                             const ColumnSource& columns, uint64_t num_rows) {
  Node node;
  node.field = decoded;
  const arrow::Type::type id = decoded->type()->id();
  const bool leaf = IsBlob(field) || IsPackedStruct(field) ||
                    (field.children.empty() && id != arrow::Type::STRUCT);
  if (!leaf && id == arrow::Type::STRUCT) {
    // The header column says nothing; a struct is there when any child is.
    node.kind = Node::Kind::kStruct;
    bool any = false;
    for (size_t i = 0; i < field.children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(Node child,
                            MakeNode(field.children[i], decoded->type()->field(static_cast<int>(i)),
                                     columns, num_rows));
      any |= child.kind != Node::Kind::kMissing;
      node.children.push_back(std::move(child));
    }
    ARROW_ASSIGN_OR_RAISE(auto header, columns.Column(field.id));
    if (!any && header == nullptr) node.kind = Node::Kind::kMissing;
    return node;
  }
  ARROW_ASSIGN_OR_RAISE(auto info, columns.Column(field.id));
  if (info == nullptr) {
    node.kind = Node::Kind::kMissing;
    return node;
  }
  if (info->num_rows != num_rows) {
    return Corrupt("column \"", field.name, "\" has ", info->num_rows,
                   " rows in its pages, expected ", num_rows);
  }
  auto pages = ColumnPages::Make(std::move(info));
  if (!pages.ok()) return Prefix(pages.status(), "column \"" + field.name + "\"");
  node.column = *std::move(pages);
  if (leaf && HoldsListedBytes(*node.column, *decoded->type())) {
    return MakeListedBytesNode(std::move(node), columns);
  }
  if (leaf) return node;
  if (id != arrow::Type::LIST && id != arrow::Type::LARGE_LIST) {
    return Unsupported("column \"", field.name, "\": ", decoded->type()->ToString(),
                       " in a 2.0 file");
  }
  ARROW_RETURN_NOT_OK(MakeListNode(field.name, &node));
  ARROW_ASSIGN_OR_RAISE(Node child, MakeNode(field.children[0], decoded->type()->field(0), columns,
                                             node.item_starts.back()));
  node.children.push_back(std::move(child));
  return node;
}

}  // namespace

arrow::Result<std::unique_ptr<FieldReader>> MakeFieldReader(const Field& field,
                                                            std::shared_ptr<arrow::Field> decoded,
                                                            const ColumnSource& columns) {
  ARROW_ASSIGN_OR_RAISE(Node root, MakeNode(field, decoded, columns, columns.num_rows()));
  return std::make_unique<Reader>(std::move(root), columns.num_rows());
}

arrow::Result<std::string> DescribeArrayEncoding(const PageInfo& page) {
  ArrayEncoding encoding;
  if (!ParseMessageIn(page.encoding.value, &encoding))
    return Corrupt("the encoding does not parse");
  return Describe(encoding);
}

}  // namespace lancea::v2_0
