#include "lancea/exec/pick_words.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace lancea {
namespace {

template <typename Word>
void ExpectSameAsOneByOne() {
  std::mt19937_64 random(1);
  for (const int64_t count : {0, 1, 7, 8, 9, 63, 64, 65, 200, 1000}) {
    for (const int64_t first_bit : {0, 1, 8, 57, 63, 64, 130}) {
      for (const unsigned of_eight : {0u, 1u, 4u, 7u, 8u}) {
        std::vector<uint64_t> words(static_cast<size_t>((first_bit + count + 63) / 64));
        std::vector<Word> values, expected;
        for (int64_t i = 0; i < first_bit + count; ++i) {
          const bool set = random() % 8 < of_eight;
          if (set) words[static_cast<size_t>(i / 64)] |= uint64_t{1} << i % 64;
          if (i < first_bit) continue;
          values.push_back(static_cast<Word>(random()));
          if (set) expected.push_back(values.back());
        }
        std::vector<uint8_t> out(expected.size() * sizeof(Word) + kPickRoom);
        const uint8_t* const end = PickWords(reinterpret_cast<const uint8_t*>(values.data()), count,
                                             sizeof(Word), words, first_bit, out.data());
        ASSERT_EQ(end - out.data(), static_cast<int64_t>(expected.size() * sizeof(Word)));
        const std::vector<Word> got(reinterpret_cast<const Word*>(out.data()),
                                    reinterpret_cast<const Word*>(end));
        ASSERT_EQ(got, expected) << count << " values from bit " << first_bit;
      }
    }
  }
}

TEST(PickWords, PicksValuesOfFourBytes) { ExpectSameAsOneByOne<uint32_t>(); }
TEST(PickWords, PicksValuesOfEightBytes) { ExpectSameAsOneByOne<uint64_t>(); }

}  // namespace
}  // namespace lancea
