// Equality, prefix, suffix, part, or a set, of variable-width values: compared byte by byte.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace lancea {

/// Where `part` begins in `bytes` at or after `from`; npos when nowhere. \param part  not empty
size_t FindPart(std::string_view bytes, std::string_view part, size_t from);

/// Immutable, thread-safe.
class TextCondition {
 public:
  enum class Kind { kEqual, kPrefix, kSuffix, kContains, kAnyOf };

  /// \param kind  not kAnyOf
  TextCondition(Kind kind, std::string text, bool negated);
  static TextCondition AnyOf(std::vector<std::string> texts, bool negated);

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }  ///< of all but kAnyOf
  bool negated() const { return negated_; }

  /// The answer for one value.
  bool Ask(std::string_view value) const { return Matches(value) != negated_; }

  /// The answer that all values in [low, high] have, byte by byte, if they are sure to have the same.
  /// nullopt: no bound.
  std::optional<bool> AnswerWithin(std::optional<std::string_view> low,
                                   std::optional<std::string_view> high) const;

  /// The answer for each of `count` values; value i is bytes[offsets[i] .. offsets[i + 1]). Offsets are
  /// already checked.
  /// \param num_readable  bytes that may be read from `bytes` on, at least offsets[count]
  template <typename Offset>
  void Ask(const Offset* offsets, int64_t count, const uint8_t* bytes, size_t num_readable,
           uint8_t* answers) const;

 private:
  struct Set {
    std::vector<std::string> texts;
    std::unordered_set<std::string_view> lookup;  // into texts
    bool begins_with[256] = {};
    uint64_t lengths = 0;  // bit length % 64
  };

  bool Matches(std::string_view value) const;
  template <typename Offset>
  void AskBeginning(const Offset* offsets, int64_t count, const uint8_t* bytes, size_t num_readable,
                    uint8_t* answers) const;
  template <typename Offset>
  void AskContains(const Offset* offsets, int64_t count, const uint8_t* bytes,
                   uint8_t* answers) const;

  Kind kind_;
  std::string text_;
  bool negated_;
  std::shared_ptr<const Set> set_;
};

}  // namespace lancea
