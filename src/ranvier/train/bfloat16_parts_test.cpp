#include "ranvier/train/bfloat16_parts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <rapidcheck/gtest.h>
#include <vector>

namespace ranvier {
namespace {

TEST(BFloat16Parts, RoundsToTheNearestAndOfTwoToTheEvenOne) {
    const auto rounded = [](float x) { return from_bfloat16(to_bfloat16(x)); };
    EXPECT_EQ(rounded(1), 1);
    EXPECT_EQ(rounded(-0.5F), -0.5F);
    EXPECT_EQ(rounded(257), 256);      // between 256 and 258
    EXPECT_EQ(rounded(259), 260);      // between 258 and 260
    EXPECT_EQ(rounded(257.25F), 258);  // beyond the middle
    EXPECT_EQ(rounded(0.1F), 0.10009765625F);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(rounded(infinity), infinity);
    EXPECT_EQ(rounded(-infinity), -infinity);
    EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7FFFFFFFU))));
}

TEST(BFloat16Parts, CountsTheNecessaryOnes) {
    EXPECT_EQ(parts_needed(std::vector<float>{0, 1, -1, 0.25F, 255, -0.0F}, 3), 1);
    EXPECT_EQ(parts_needed(std::vector<float>{0, 1, 257}, 3), 2);
    EXPECT_EQ(parts_needed(std::vector<float>{1, 0.1F}, 3), 3);
    EXPECT_EQ(parts_needed(std::vector<float>{1, 0.1F}, 2), 2);
    std::vector<float> late(10'000, 1);
    late.back() = 0.1F;
    EXPECT_EQ(parts_needed(late, 3), 3);
    EXPECT_EQ(parts_needed({}, 3), 1);
}

RC_GTEST_PROP(BFloat16Parts, ThreeAreExactAndGoWhereThePlanSays, ()) {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 5);
    const auto columns = *rc::gen::inRange<std::size_t>(1, 40);
    const bool interleaved = *rc::gen::arbitrary<bool>();
    std::vector<float> x(rows * columns);
    for (float& value : x)
        value = static_cast<float>(*rc::gen::inRange(-(1 << 24), 1 << 24)) *
                std::exp2(static_cast<float>(*rc::gen::inRange(-40, 40)));
    const std::vector<int> slots = {2, 0, 1, 0};
    std::vector<std::uint16_t> parts(x.size() * slots.size(), 0xFFFF);
    const PartsPlan plan = {slots, columns, interleaved ? columns : x.size(),
                            interleaved ? slots.size() * columns : columns};
    const std::size_t middle = rows / 2;  // in two pieces, as threads do it
    write_parts(plan, x.data(), parts.data(), 0, middle);
    write_parts(plan, x.data(), parts.data(), middle, rows);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) {
            const auto part = [&](std::size_t slot) {
                return from_bfloat16(parts[slot * plan.slot_stride + r * plan.row_stride + c]);
            };
            const float value = x[r * columns + c];
            RC_ASSERT(part(1) == from_bfloat16(to_bfloat16(value)));
            RC_ASSERT(part(1) == part(3));
            RC_ASSERT(part(1) + part(2) + part(0) == value);
        }
}

}  // namespace
}  // namespace ranvier
