// A store that breaks on purpose: passes calls on to another one, counts those that write, and makes one of
// them go wrong. For tests that break a writer at every place it can break:
//
//   for (size_t at = 0;; ++at) {
//     FaultyStoreForTest store(inner);
//     store.Arm({.at = at});
//     const arrow::Status status = Write(store);
//     if (!store.has_struck()) break;  // it needed no more calls than that
//     ...
//   }
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "arrow/status.h"
#include "lancea/object_store.h"

namespace lancea {

/// What is counted. WriteMany is one kWrite. Abort is not: nobody may rely on it.
enum class WriteCall { kCreate, kWrite, kFinish, kPut, kPutIfAbsent, kDelete, kDeleteDirectory };

struct Fault {
  enum class Kind {
    kFail,       ///< nothing is done
    kLostReply,  ///< it is done, and the answer is the error all the same
    kTorn,       ///< kWrite and kPut: the first `torn_bytes` are written; else as kFail
  };
  size_t at = 0;                                 ///< which call, from 0 on
  std::optional<WriteCall> only = std::nullopt;  ///< count calls of this kind only
  Kind kind = Kind::kFail;
  arrow::Status status = arrow::Status::IOError("injected fault");
  uint64_t torn_bytes = 0;
  bool for_good = false;  ///< every later counted call fails too (kFail), as if the disk had gone
};

/// Thread-safe.
class FaultyStoreForTest : public ObjectStore {
 public:
  explicit FaultyStoreForTest(std::shared_ptr<ObjectStore> inner)
      : inner_(std::move(inner)), state_(std::make_shared<State>()) {}

  /// Count from 0 again, and go wrong once.
  void Arm(Fault fault) {
    std::lock_guard lock(state_->mutex);
    state_->fault = std::move(fault);
    state_->num_matching = 0;
    state_->has_struck = false;
  }
  void Disarm() {
    std::lock_guard lock(state_->mutex);
    state_->fault.reset();
  }
  /// True once the fault has happened.
  bool has_struck() const {
    std::lock_guard lock(state_->mutex);
    return state_->has_struck;
  }
  /// Every write-side call so far, in order, whether it went wrong or not.
  std::vector<WriteCall> calls() const {
    std::lock_guard lock(state_->mutex);
    return state_->calls;
  }

  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size) override {
    return inner_->Open(path, size);
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    return inner_->List(path);
  }
  arrow::Result<std::vector<ObjectInfo>> ListWithDetails(const std::string& path) override {
    return inner_->ListWithDetails(path);
  }
  bool lists_in_order() const override { return inner_->lists_in_order(); }
  bool is_local() const override { return inner_->is_local(); }
  uint64_t block_size() const override { return inner_->block_size(); }

  arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path) override {
    const Strike strike = state_->Count(WriteCall::kCreate);
    // A writer nobody got: what it began is dropped.
    if (strike && strike->kind != Fault::Kind::kLostReply) return strike->status;
    ARROW_ASSIGN_OR_RAISE(auto writer, inner_->Create(path));
    if (strike) return strike->status;
    return std::make_unique<Writer>(std::move(writer), state_);
  }
  arrow::Status Put(const std::string& path, std::span<const uint8_t> bytes) override {
    const Strike strike = state_->Count(WriteCall::kPut);
    if (strike && strike->kind == Fault::Kind::kTorn) {
      ARROW_RETURN_NOT_OK(inner_->Put(path, FirstOf(bytes, strike->torn_bytes)));
      return strike->status;
    }
    return Do(strike, [&] { return inner_->Put(path, bytes); });
  }
  arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override {
    return Do(state_->Count(WriteCall::kPutIfAbsent),
              [&] { return inner_->PutIfAbsent(path, bytes); });
  }
  arrow::Status Delete(const std::string& path) override {
    return Do(state_->Count(WriteCall::kDelete), [&] { return inner_->Delete(path); });
  }
  arrow::Status DeleteDirectory(const std::string& path) override {
    return Do(state_->Count(WriteCall::kDeleteDirectory),
              [&] { return inner_->DeleteDirectory(path); });
  }

 private:
  using Strike = std::optional<Fault>;

  struct State {
    mutable std::mutex mutex;
    std::optional<Fault> fault;
    size_t num_matching = 0;
    bool has_struck = false;
    std::vector<WriteCall> calls;

    Strike Count(WriteCall call) {
      std::lock_guard lock(mutex);
      calls.push_back(call);
      if (!fault) return std::nullopt;
      if (has_struck) {
        if (!fault->for_good) return std::nullopt;
        Fault again = *fault;
        again.kind = Fault::Kind::kFail;
        return again;
      }
      if (fault->only && *fault->only != call) return std::nullopt;
      if (num_matching++ != fault->at) return std::nullopt;
      has_struck = true;
      return fault;
    }
  };

  template <typename Call>
  static arrow::Status Do(const Strike& strike, Call&& call) {
    if (strike && strike->kind != Fault::Kind::kLostReply) return strike->status;
    const arrow::Status status = call();
    return strike && status.ok() ? strike->status : status;
  }

  static std::span<const uint8_t> FirstOf(std::span<const uint8_t> bytes, uint64_t num_bytes) {
    return bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), num_bytes)));
  }

  class Writer : public ObjectWriter {
   public:
    Writer(std::unique_ptr<ObjectWriter> inner, std::shared_ptr<State> state)
        : inner_(std::move(inner)), state_(std::move(state)) {}
    arrow::Status Write(std::span<const uint8_t> bytes) override {
      const Strike strike = state_->Count(WriteCall::kWrite);
      if (strike && strike->kind == Fault::Kind::kTorn) {
        ARROW_RETURN_NOT_OK(inner_->Write(FirstOf(bytes, strike->torn_bytes)));
        return strike->status;
      }
      return Do(strike, [&] { return inner_->Write(bytes); });
    }
    arrow::Status WriteMany(std::span<const std::shared_ptr<arrow::Buffer>> buffers) override {
      const Strike strike = state_->Count(WriteCall::kWrite);
      if (strike && strike->kind == Fault::Kind::kTorn) {
        uint64_t left = strike->torn_bytes;
        for (const auto& buffer : buffers) {
          const auto part = FirstOf({buffer->data(), static_cast<size_t>(buffer->size())}, left);
          ARROW_RETURN_NOT_OK(inner_->Write(part));
          left -= part.size();
        }
        return strike->status;
      }
      return Do(strike, [&] { return inner_->WriteMany(buffers); });
    }
    uint64_t position() const override { return inner_->position(); }
    arrow::Status Finish() override {
      return Do(state_->Count(WriteCall::kFinish), [&] { return inner_->Finish(); });
    }
    arrow::Status Abort() override { return inner_->Abort(); }

   private:
    const std::unique_ptr<ObjectWriter> inner_;
    const std::shared_ptr<State> state_;
  };

  const std::shared_ptr<ObjectStore> inner_;
  const std::shared_ptr<State> state_;
};

}  // namespace lancea
