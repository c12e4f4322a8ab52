#include "lancea/encoding/compress/rle_encode.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/encoding/compress/statistics.h"

namespace lancea {
namespace {

// Most values looked at together: ends of runs are kept as 32-bit numbers on the stack.
constexpr int64_t kMaxValues = 4096;

// The end of every run of at most kMaxValues values; without a branch per value, because where a run
// ends cannot be guessed.
template <typename T>
int64_t FindRunEnds(const T* values, int64_t num_values, uint32_t* ends) {
  int64_t runs = 0;
  for (int64_t i = 1; i < num_values; ++i) {
    ends[runs] = static_cast<uint32_t>(i);
    runs += values[i] != values[i - 1];
  }
  ends[runs] = static_cast<uint32_t>(num_values);
  return runs + 1;
}

// Entries of runs, of which at most `capacity` are written.
template <typename T>
int64_t WriteEntries(const T* values, const uint32_t* ends, int64_t runs, T* run_values,
                     uint8_t* lengths) {
  int64_t entries = 0;
  uint32_t begin = 0;
  for (int64_t run = 0; run < runs; ++run) {
    const T value = values[begin];
    uint32_t left = ends[run] - begin;
    begin = ends[run];
    for (; left > kMaxRunLength; left -= kMaxRunLength) {
      run_values[entries] = value;
      lengths[entries++] = kMaxRunLength;
    }
    run_values[entries] = value;
    lengths[entries++] = static_cast<uint8_t>(left);
  }
  return entries;
}

int64_t CountEntries(const uint32_t* ends, int64_t runs) {
  int64_t entries = 0;
  uint32_t begin = 0;
  for (int64_t run = 0; run < runs; ++run) {
    entries += (ends[run] - begin + kMaxRunLength - 1) / kMaxRunLength;
    begin = ends[run];
  }
  return entries;
}

// Room of two buffers that grow together.
class RunBuffers {
 public:
  RunBuffers(int64_t value_bytes, arrow::MemoryPool* pool)
      : value_bytes_(value_bytes), pool_(pool) {}
  arrow::Status Reserve(int64_t entries) {
    if (entries <= capacity_) return arrow::Status::OK();
    capacity_ = std::max(entries, capacity_ + capacity_ / 2);
    if (values_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(values_, arrow::AllocateResizableBuffer(0, pool_));
      ARROW_ASSIGN_OR_RAISE(lengths_, arrow::AllocateResizableBuffer(0, pool_));
    }
    ARROW_RETURN_NOT_OK(values_->Resize(capacity_ * value_bytes_));
    return lengths_->Resize(capacity_);
  }
  template <typename T>
  T* values(int64_t entry) {
    return reinterpret_cast<T*>(values_->mutable_data()) + entry;
  }
  uint8_t* lengths(int64_t entry) { return lengths_->mutable_data() + entry; }
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Finish(int64_t entries) {
    ARROW_RETURN_NOT_OK(values_->Resize(entries * value_bytes_));
    ARROW_RETURN_NOT_OK(lengths_->Resize(entries));
    return std::vector<std::shared_ptr<arrow::Buffer>>{values_, lengths_};
  }

 private:
  int64_t value_bytes_;
  arrow::MemoryPool* pool_;
  int64_t capacity_ = 0;
  std::shared_ptr<arrow::ResizableBuffer> values_, lengths_;
};

template <typename T>
arrow::Status Encode(const T* values, int64_t num_values, int64_t max_values, int64_t max_bytes,
                     RunBuffers* buffers, int64_t* entries, std::vector<EncodedChunk>* chunks) {
  uint32_t ends[kMaxValues];
  for (int64_t at = 0; at < num_values;) {
    int64_t count = std::min(max_values, num_values - at);
    int64_t runs, chunk_entries;
    while (true) {
      runs = FindRunEnds(values + at, count, ends);
      chunk_entries = CountEntries(ends, runs);
      if (count <= 2 || chunk_entries * static_cast<int64_t>(sizeof(T) + 1) <= max_bytes) break;
      // A power of two below what did not fit.
      count = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(count - 1)));
    }
    ARROW_RETURN_NOT_OK(buffers->Reserve(*entries + chunk_entries));
    WriteEntries(values + at, ends, runs, buffers->template values<T>(*entries),
                 buffers->lengths(*entries));
    EncodedChunk chunk;
    chunk.num_values = static_cast<uint32_t>(count);
    chunk.buffer_sizes[0] = static_cast<uint32_t>(chunk_entries * sizeof(T));
    chunk.buffer_sizes[1] = static_cast<uint32_t>(chunk_entries);
    chunks->push_back(chunk);
    *entries += chunk_entries;
    at += count;
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<MiniBlockEncoding> EncodeRunLengths(const ValueBlock& block, int64_t max_values,
                                                  int64_t max_bytes, arrow::MemoryPool* pool) {
  MiniBlockEncoding out;
  out.description = RunLengthEncoding(block.bits_per_value);
  out.num_values = block.num_values;
  RunBuffers buffers(static_cast<int64_t>(block.bits_per_value / 8), pool);
  ARROW_RETURN_NOT_OK(buffers.Reserve(std::max<int64_t>(64, block.num_values / 16)));
  int64_t entries = 0;
  arrow::Status status;
  VisitWord(block.bits_per_value, [&]<typename T>(T) {
    status = Encode(ValuesAs<T>(block), block.num_values, std::min(max_values, kMaxValues),
                    max_bytes, &buffers, &entries, &out.chunks);
  });
  ARROW_RETURN_NOT_OK(status);
  ARROW_ASSIGN_OR_RAISE(out.buffers, buffers.Finish(entries));
  return out;
}

int64_t CountRunEntries(std::span<const uint16_t> levels) {
  int64_t entries = 0;
  uint32_t ends[kMaxValues];
  int64_t open = 0;  // values of a run that goes on from the piece before
  for (size_t at = 0; at < levels.size(); at += kMaxValues) {
    const int64_t count = std::min<int64_t>(kMaxValues, static_cast<int64_t>(levels.size() - at));
    const int64_t runs = FindRunEnds(levels.data() + at, count, ends);
    if (at > 0 && levels[at] != levels[at - 1]) {
      entries += (open + kMaxRunLength - 1) / kMaxRunLength;
      open = 0;
    }
    int64_t begin = 0;
    for (int64_t run = 0; run < runs; ++run) {
      const int64_t length = open + ends[run] - begin;
      begin = ends[run];
      open = run + 1 < runs ? 0 : length;
      if (run + 1 < runs) entries += (length + kMaxRunLength - 1) / kMaxRunLength;
    }
  }
  return entries + (open + kMaxRunLength - 1) / kMaxRunLength;
}

void AppendRunLengthBlock(std::span<const uint16_t> levels, std::vector<uint8_t>* out) {
  const int64_t entries = CountRunEntries(levels);
  const size_t start = out->size();
  out->resize(start + static_cast<size_t>(RunLengthBlockBytes(entries)));
  const uint64_t value_bytes = static_cast<uint64_t>(entries) * 2;
  std::memcpy(out->data() + start, &value_bytes, 8);
  uint8_t* values = out->data() + start + 8;
  uint8_t* lengths = values + value_bytes;
  for (size_t begin = 0; begin < levels.size();) {
    size_t end = begin + 1;
    while (end < levels.size() && levels[end] == levels[begin]) ++end;
    for (size_t left = end - begin; left > 0;) {
      const size_t length = std::min<size_t>(left, kMaxRunLength);
      std::memcpy(values, &levels[begin], 2);
      values += 2;
      *lengths++ = static_cast<uint8_t>(length);
      left -= length;
    }
    begin = end;
  }
}

}  // namespace lancea
