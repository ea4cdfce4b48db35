#include "ranvier/train/augment.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>
#include <vector>

namespace ranvier {
namespace {

std::vector<float> displaced(const Shape& shape, const Displacement& change,
                             std::vector<float> pixels) {
    displace(shape, change, pixels);
    return pixels;
}

using Floats = std::vector<float>;

TEST(Displace, HandCheckedCases) {
    const Shape shape{2, 2, 3};
    const Floats image = {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16};
    EXPECT_EQ(displaced(shape, {}, image), image);
    EXPECT_EQ(displaced(shape, {1, 0, false}, image),
              (Floats{0, 0, 0, 1, 2, 3, 0, 0, 0, 11, 12, 13}));
    EXPECT_EQ(displaced(shape, {0, -1, false}, image),
              (Floats{2, 3, 0, 5, 6, 0, 12, 13, 0, 15, 16, 0}));
    EXPECT_EQ(displaced(shape, {0, 0, true}, image),
              (Floats{3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14}));
    // Shifted by one to the right first, 0 1 2 / 0 4 5, then mirrored.
    EXPECT_EQ(displaced(shape, {0, 1, true}, image),
              (Floats{2, 1, 0, 5, 4, 0, 12, 11, 0, 15, 14, 0}));
    EXPECT_EQ(displaced(shape, {-1, 2, false}, image),
              (Floats{0, 0, 4, 0, 0, 0, 0, 0, 14, 0, 0, 0}));
}

TEST(DrawDisplacement, UsesTheWholeRangeAndNothingElse) {
    std::set<std::tuple<int, int, bool>> seen;
    for (std::size_t index = 0; index < 2000; ++index) {
        const Displacement change = draw_displacement({2, true}, 5, 3, index);
        seen.insert({change.down, change.right, change.flip});
        EXPECT_LE(std::abs(change.down), 2);
        EXPECT_LE(std::abs(change.right), 2);
    }
    EXPECT_EQ(seen.size(), 5U * 5U * 2U);  // each has probability 1/50
}

TEST(DrawDisplacement, NothingAskedForNothingDone) {
    for (std::size_t index = 0; index < 100; ++index) {
        const Displacement change = draw_displacement({}, 5, 3, index);
        EXPECT_TRUE(change.down == 0 && change.right == 0 && !change.flip);
    }
}

TEST(DrawDisplacement, DependsOnSeedEpochAndSample) {
    const auto row = [](std::uint64_t seed, std::uint64_t epoch, std::size_t first) {
        std::vector<int> drawn;
        for (std::size_t k = 0; k < 20; ++k)
            drawn.push_back(draw_displacement({8, false}, seed, epoch, first + k).down);
        return drawn;
    };
    EXPECT_EQ(row(1, 0, 0), row(1, 0, 0));
    EXPECT_NE(row(1, 0, 0), row(2, 0, 0));
    EXPECT_NE(row(1, 0, 0), row(1, 1, 0));
    EXPECT_NE(row(1, 0, 0), row(1, 0, 20));
}

}  // namespace
}  // namespace ranvier
