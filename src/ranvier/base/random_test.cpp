#include "ranvier/base/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace ranvier {
namespace {

// Known answers of the authors' Random123 library, philox4x32 with 10 rounds.
TEST(Philox, KnownAnswers) {
    using Words = std::array<std::uint32_t, 4>;
    EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
              (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const std::uint32_t ones = 0xffffffff;
    EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
              (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<std::uint32_t> draw(Random random, std::size_t n) {
    std::vector<std::uint32_t> words(n);
    for (std::uint32_t& word : words) word = random.next();
    return words;
}

TEST(Random, IsPhiloxOfPositionStreamAndSeed) {
    const std::uint64_t seed = 0x1122334455667788, stream = 0x99aabbccddeeff00;
    Random random(seed, stream);
    random.seek((std::uint64_t{5} << 34) + 2);  // word 2 of block 5 * 2^32
    EXPECT_EQ(random.next(), philox({0, 5, 0xddeeff00, 0x99aabbcc}, {0x55667788, 0x11223344})[2]);
}

TEST(Random, SeekingGivesTheSameNumbersInAnyOrder) {
    const std::vector<std::uint32_t> in_order = draw(Random(7, 3), 41);
    Random random(7, 3);
    for (int i = 40; i >= 0; --i) {
        random.seek(static_cast<std::uint64_t>(i));
        EXPECT_EQ(random.next(), in_order[static_cast<std::size_t>(i)]) << i;
        EXPECT_EQ(random.position(), static_cast<std::uint64_t>(i) + 1);
    }
}

TEST(Random, CopiesContinueAlike) {
    Random one(7, 3);
    for (int i = 0; i < 6; ++i) (void)one.next();
    EXPECT_EQ(draw(one, 9), draw(Random(one), 9));
}

TEST(Random, SeedsAndStreamsDiffer) {
    std::set<std::vector<std::uint32_t>> different;
    for (const std::uint64_t seed : {0ULL, 1ULL, 1ULL << 32})
        for (const std::uint64_t stream : {0ULL, 1ULL, 1ULL << 32})
            different.insert(draw(Random(seed, stream), 4));
    EXPECT_EQ(different.size(), 9U);
}

// 100,000 draws: the standard error of a mean is 0.0009 (uniform) and 0.0032 (normal), that of the
// normal's variance 0.0045; the bounds are five of them.
TEST(Random, DistributionsHaveTheirMoments) {
    constexpr int n = 100'000;
    Random random(11, 0);
    double uniform_sum = 0, normal_sum = 0, normal_squares = 0;
    for (int i = 0; i < n; ++i) {
        const float u = random.uniform();
        ASSERT_TRUE(u >= 0.0F && u < 1.0F);
        uniform_sum += u;
        const double z = random.normal();
        ASSERT_TRUE(std::isfinite(z));
        normal_sum += z;
        normal_squares += z * z;
    }
    EXPECT_NEAR(uniform_sum / n, 0.5, 0.0046);
    EXPECT_NEAR(normal_sum / n, 0.0, 0.016);
    EXPECT_NEAR(normal_squares / n, 1.0, 0.023);
}

// 10,000 expected per value, standard deviation below 100.
TEST(Random, BelowIsEven) {
    Random random(12, 0);
    std::array<int, 7> count{};
    for (int i = 0; i < 70'000; ++i) ++count.at(random.below(7));
    for (const int c : count) EXPECT_NEAR(c, 10'000, 500);
    EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace ranvier
