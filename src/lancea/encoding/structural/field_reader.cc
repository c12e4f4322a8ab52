#include "lancea/encoding/structural/field_reader.h"

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "lancea/encoding/structural/assemble.h"
#include "lancea/encoding/structural/field_tree.h"
#include "lancea/encoding/structural/leaf_column.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class StructuralFieldReader : public FieldReader {
 public:
  StructuralFieldReader(FieldTree tree, std::vector<std::unique_ptr<LeafColumn>> columns,
                        uint64_t num_rows)
      : tree_(std::move(tree)), columns_(std::move(columns)), num_rows_(num_rows) {
    for (const auto& column : columns_) {
      first_pages_.push_back(first_pages_.back() +
                             (column == nullptr ? 0 : column->info().pages.size()));
    }
  }

  const std::shared_ptr<arrow::Field>& field() const override { return tree_.root.field; }
  uint64_t num_rows() const override { return num_rows_; }
  uint64_t encoded_bytes() const override {
    uint64_t bytes = 0;
    for (const auto& column : columns_) {
      if (column == nullptr) continue;
      for (const PageInfo& page : column->info().pages) {
        for (const ByteRange& buffer : page.buffers) bytes += buffer.length;
      }
    }
    return bytes;
  }
  uint64_t num_pages() const override { return first_pages_.back(); }
  arrow::Result<std::vector<RowRange>> RowsThatMay(std::span<const RowRange> ranges,
                                                   const ValueCondition& condition) const override;
  arrow::Result<std::unique_ptr<ReadTask>> Read(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override;
  arrow::Result<std::unique_ptr<ReadTask>> ReadEncoded(std::span<const RowRange> ranges,
                                                       arrow::MemoryPool* pool) const override;
  arrow::Result<std::unique_ptr<ReadTask>> ReadAnswers(std::span<const RowRange> ranges,
                                                       const ValueCondition& condition,
                                                       arrow::MemoryPool* pool) const override;

  const FieldTree& tree() const { return tree_; }
  const std::vector<std::unique_ptr<LeafColumn>>& columns() const { return columns_; }
  /// The number that the first page of a leaf has among all pages.
  uint64_t first_page(size_t leaf) const { return first_pages_[leaf]; }

 private:
  // Inside other fields arrays have one type, whatever their pages hold.
  bool may_be_encoded() const {
    return tree_.root.kind == FieldNode::Kind::kLeaf && tree_.root.field->type()->num_fields() == 0;
  }
  FieldTree tree_;
  std::vector<std::unique_ptr<LeafColumn>> columns_;  // nullptr: the file has none
  uint64_t num_rows_;
  std::vector<uint64_t> first_pages_ = {0};  // of each leaf, and of all
};

class StructuralReadTask : public ReadTask {
 public:
  StructuralReadTask(const StructuralFieldReader& reader, bool encoded, arrow::MemoryPool* pool,
                     const ValueCondition* condition = nullptr)
      : reader_(reader),
        encoded_(encoded),
        condition_(condition),
        pool_(pool),
        leaves_(reader.columns().size()) {}

  arrow::Status Init(std::span<const RowRange> ranges) {
    for (const RowRange& range : ranges) num_rows_ += static_cast<int64_t>(range.size());
    for (size_t i = 0; i < leaves_.size(); ++i) {
      if (reader_.columns()[i] != nullptr) SplitByPage(*reader_.columns()[i], ranges, &leaves_[i]);
    }
    return Advance();
  }

  const std::vector<ByteRange>& needs() const override { return needs_; }

  arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>> buffers) override {
    if (buffers.size() != needs_.size()) {
      return InvalidInput("supplied ", buffers.size(), " buffers, needed ", needs_.size());
    }
    std::vector<Request> requests = std::move(requests_);
    requests_.clear();
    needs_.clear();
    size_t at = 0;
    for (const Request& request : requests) {
      std::vector<std::shared_ptr<arrow::Buffer>> part(
          std::make_move_iterator(buffers.begin() + at),
          std::make_move_iterator(buffers.begin() + at + request.num_ranges));
      at += request.num_ranges;
      PagePart& page = leaves_[request.leaf][request.part];
      const LeafColumn& column = *reader_.columns()[request.leaf];
      if (page.read == nullptr) {
        ARROW_RETURN_NOT_OK(column.Load(page.page, std::move(part)));
      } else {
        arrow::Status status = page.read->Supply(std::move(part));
        if (!status.ok()) return column.Explain(status, page.page);
      }
    }
    return Advance();
  }

  arrow::Result<arrow::ArrayVector> Finish() override {
    const FieldNode& root = reader_.tree().root;
    if (root.kind == FieldNode::Kind::kLeaf) {
      arrow::ArrayVector out;
      for (PagePart& part : leaves_[0]) {
        ARROW_ASSIGN_OR_RAISE(auto data, FinishPart(0, &part));
        out.push_back(arrow::MakeArray(std::move(data)));
      }
      return out;
    }
    std::vector<std::shared_ptr<arrow::ArrayData>> paths(leaves_.size());
    for (size_t i = 0; i < leaves_.size(); ++i) {
      if (reader_.columns()[i] == nullptr) continue;
      arrow::ArrayVector chunks;
      for (PagePart& part : leaves_[i]) {
        ARROW_ASSIGN_OR_RAISE(auto data, FinishPart(i, &part));
        chunks.push_back(arrow::MakeArray(std::move(data)));
      }
      if (chunks.size() == 1) {
        paths[i] = chunks[0]->data();
      } else {
        ARROW_ASSIGN_OR_RAISE(auto whole, arrow::Concatenate(chunks, pool_));
        paths[i] = whole->data();
      }
    }
    auto merged = MergePaths(root, paths, pool_);
    if (!merged.ok()) return Prefix(merged.status(), "column \"" + root.field->name() + "\"");
    return arrow::ArrayVector{arrow::MakeArray(*merged)};
  }

  void AppendPagesRead(std::vector<uint64_t>* pages) const override {
    for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
      for (const PagePart& part : leaves_[leaf]) {
        if (part.has_answers && !part.has_read) continue;
        pages->push_back(reader_.first_page(leaf) + part.page);
      }
    }
  }

 private:
  // The part of one page that is wanted.
  struct PagePart {
    size_t page;
    std::vector<RowRange> ranges;  // page-relative
    std::unique_ptr<PageRead> read;
    int64_t num_rows = 0;
    bool has_answers = false;  // not values
    bool has_read = false;     // bytes of values
  };
  // Which part a stretch of needs_ belongs to.
  struct Request {
    size_t leaf, part, num_ranges;
  };

  static void SplitByPage(const LeafColumn& column, std::span<const RowRange> ranges,
                          std::vector<PagePart>* parts) {
    const uint64_t scale = column.leaf().page_rows_per_row;
    for (const RowRange& range : ranges) {
      uint64_t row = range.start * scale;
      const uint64_t end = range.end * scale;
      size_t page = column.PageOfRow(row);
      while (row < end) {
        const PageInfo& info = column.info().pages[page];
        const uint64_t page_end = info.first_row + info.num_rows;
        const uint64_t stop = std::min(end, page_end);
        if (stop > row) {
          if (parts->empty() || parts->back().page != page) {
            parts->push_back({.page = page, .ranges = {}, .read = nullptr});
          }
          parts->back().ranges.push_back({row - info.first_row, stop - info.first_row});
          parts->back().num_rows += static_cast<int64_t>(stop - row);
        }
        row = stop;
        ++page;
      }
    }
  }

  // Move every part as far as it goes without bytes, and collect what the others need.
  arrow::Status Advance() {
    for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
      for (size_t part = 0; part < leaves_[leaf].size(); ++part) {
        ARROW_RETURN_NOT_OK(AdvancePart(leaf, part));
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status AdvancePart(size_t leaf, size_t index) {
    PagePart& part = leaves_[leaf][index];
    const LeafColumn& column = *reader_.columns()[leaf];
    if (part.read == nullptr) {
      const StructuralPage* page = column.loaded(part.page);
      if (page == nullptr) {
        ARROW_ASSIGN_OR_RAISE(auto ranges, column.MetadataRanges(part.page));
        if (!ranges.empty()) {
          requests_.push_back({leaf, index, ranges.size()});
          needs_.insert(needs_.end(), ranges.begin(), ranges.end());
          return arrow::Status::OK();
        }
        ARROW_RETURN_NOT_OK(column.Load(part.page, {}));
        page = column.loaded(part.page);
      }
      if (condition_ != nullptr) {
        part.read = page->PlanAnswers(part.ranges, *condition_, pool_);
        part.has_answers = part.read != nullptr;
      }
      if (!part.has_answers) {
        auto read =
            encoded_ ? page->PlanEncoded(part.ranges, pool_) : page->Plan(part.ranges, pool_);
        if (!read.ok()) return column.Explain(read.status(), part.page);
        part.read = std::move(read).ValueUnsafe();
      }
    }
    const std::vector<ByteRange>& more = part.read->needs();
    if (!more.empty()) {
      part.has_read = true;
      requests_.push_back({leaf, index, more.size()});
      needs_.insert(needs_.end(), more.begin(), more.end());
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> FinishPart(size_t leaf, PagePart* part) {
    const LeafColumn& column = *reader_.columns()[leaf];
    auto decode = [&]() -> arrow::Result<std::shared_ptr<arrow::ArrayData>> {
      ARROW_ASSIGN_OR_RAISE(DecodedPage page, part->read->Finish());
      if (part->has_answers) return page.values;
      ARROW_ASSIGN_OR_RAISE(auto data, MakePathArray(reader_.tree().root, leaf, std::move(page),
                                                     column.leaf().num_own_layers, pool_));
      // What begins inside another column's lists has as many items as those say: MergePaths looks.
      if (column.leaf().num_own_layers < column.leaf().dimensions.size()) return data;
      const int64_t expected =
          part->num_rows / static_cast<int64_t>(column.leaf().page_rows_per_row);
      if (data->length != expected) {
        return Corrupt("decoded ", data->length, " rows, expected ", expected);
      }
      return data;
    };
    auto data = decode();
    if (!data.ok()) return column.Explain(data.status(), part->page);
    return data;
  }

  const StructuralFieldReader& reader_;
  const bool encoded_;
  const ValueCondition* const condition_;
  arrow::MemoryPool* const pool_;
  int64_t num_rows_ = 0;
  std::vector<std::vector<PagePart>> leaves_;
  std::vector<ByteRange> needs_;
  std::vector<Request> requests_;
};

arrow::Result<std::vector<RowRange>> StructuralFieldReader::RowsThatMay(
    std::span<const RowRange> ranges, const ValueCondition& condition) const {
  if (!may_be_encoded() || columns_[0] == nullptr || columns_[0]->leaf().page_rows_per_row != 1) {
    return FieldReader::RowsThatMay(ranges, condition);
  }
  const LeafColumn& column = *columns_[0];
  std::vector<RowRange> out;
  for (const RowRange& range : ranges) {
    uint64_t row = range.start;
    for (size_t page = column.PageOfRow(row); row < range.end; ++page) {
      const PageInfo& info = column.info().pages[page];
      const uint64_t stop = std::min(range.end, info.first_row + info.num_rows);
      const StructuralPage* loaded = column.loaded(page);
      if (loaded == nullptr) {
        ARROW_ASSIGN_OR_RAISE(const auto metadata, column.MetadataRanges(page));
        if (metadata.empty()) {
          ARROW_RETURN_NOT_OK(column.Load(page, {}));
          loaded = column.loaded(page);
        }
      }
      const bool never = loaded != nullptr && loaded->AnswerOfAll(condition) == false;
      if (!never && stop > row) {
        if (!out.empty() && out.back().end == row && row > range.start) {
          out.back().end = stop;
        } else {
          out.push_back({row, stop});
        }
      }
      row = stop;
    }
  }
  return out;
}

arrow::Result<std::unique_ptr<ReadTask>> StructuralFieldReader::Read(
    std::span<const RowRange> ranges, arrow::MemoryPool* pool) const {
  auto task = std::make_unique<StructuralReadTask>(*this, /*encoded=*/false, pool);
  ARROW_RETURN_NOT_OK(task->Init(ranges));
  return task;
}

arrow::Result<std::unique_ptr<ReadTask>> StructuralFieldReader::ReadEncoded(
    std::span<const RowRange> ranges, arrow::MemoryPool* pool) const {
  auto task = std::make_unique<StructuralReadTask>(*this, may_be_encoded(), pool);
  ARROW_RETURN_NOT_OK(task->Init(ranges));
  return task;
}

arrow::Result<std::unique_ptr<ReadTask>> StructuralFieldReader::ReadAnswers(
    std::span<const RowRange> ranges, const ValueCondition& condition,
    arrow::MemoryPool* pool) const {
  const bool encoded = may_be_encoded();
  auto task =
      std::make_unique<StructuralReadTask>(*this, encoded, pool, encoded ? &condition : nullptr);
  ARROW_RETURN_NOT_OK(task->Init(ranges));
  return task;
}

// A field none of whose columns is in the file.
class NullFieldReader : public FieldReader {
 public:
  NullFieldReader(std::shared_ptr<arrow::Field> field, uint64_t num_rows)
      : field_(std::move(field)), num_rows_(num_rows) {}
  const std::shared_ptr<arrow::Field>& field() const override { return field_; }
  uint64_t num_rows() const override { return num_rows_; }
  arrow::Result<std::unique_ptr<ReadTask>> Read(std::span<const RowRange> ranges,
                                                arrow::MemoryPool* pool) const override {
    int64_t rows = 0;
    for (const RowRange& range : ranges) rows += static_cast<int64_t>(range.size());
    return std::make_unique<Task>(field_, rows, pool);
  }

 private:
  class Task : public ReadTask {
   public:
    Task(std::shared_ptr<arrow::Field> field, int64_t num_rows, arrow::MemoryPool* pool)
        : field_(std::move(field)), num_rows_(num_rows), pool_(pool) {}
    const std::vector<ByteRange>& needs() const override { return needs_; }
    arrow::Status Supply(std::vector<std::shared_ptr<arrow::Buffer>>) override {
      return arrow::Status::OK();
    }
    arrow::Result<arrow::ArrayVector> Finish() override {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(field_->type(), num_rows_, pool_));
      return arrow::ArrayVector{std::move(nulls)};
    }

   private:
    std::shared_ptr<arrow::Field> field_;
    int64_t num_rows_;
    arrow::MemoryPool* pool_;
    const std::vector<ByteRange> needs_;
  };
  std::shared_ptr<arrow::Field> field_;
  uint64_t num_rows_;
};

}  // namespace

arrow::Result<std::unique_ptr<FieldReader>> MakeStructuralFieldReader(
    const Field& field, std::shared_ptr<arrow::Field> arrow_field, const ColumnSource& columns,
    PageFactory make_page) {
  ARROW_ASSIGN_OR_RAISE(FieldTree tree, MakeFieldTree(field, arrow_field, columns.file_size()));
  std::vector<std::shared_ptr<const ColumnInfo>> infos(tree.leaves.size());
  std::vector<bool> is_present(tree.leaves.size());
  for (size_t i = 0; i < infos.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(infos[i], columns.Column(tree.leaf_field_ids[i]));
    is_present[i] = infos[i] != nullptr;
  }
  AssignLayers(is_present, &tree);
  std::vector<std::unique_ptr<LeafColumn>> leaf_columns(tree.leaves.size());
  bool any = false;
  for (size_t i = 0; i < tree.leaves.size(); ++i) {
    auto& info = infos[i];
    if (info == nullptr) continue;
    uint64_t expected = 0;
    if (__builtin_mul_overflow(columns.num_rows(), tree.leaves[i]->page_rows_per_row, &expected) ||
        info->num_rows != expected) {
      return Corrupt("column \"", tree.leaves[i]->path, "\" has ", info->num_rows,
                     " rows in its pages, the file ", expected);
    }
    leaf_columns[i] =
        std::make_unique<LeafColumn>(tree.leaves[i], std::move(info), make_page, columns);
    any = true;
  }
  if (!any) return std::make_unique<NullFieldReader>(std::move(arrow_field), columns.num_rows());
  return std::make_unique<StructuralFieldReader>(std::move(tree), std::move(leaf_columns),
                                                 columns.num_rows());
}

}  // namespace lancea
