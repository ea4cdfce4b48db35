#include "ranvier/train/dropout.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <algorithm>
#include <vector>

namespace ranvier {
namespace {

TEST(Dropout, APartOfAMaskIsThatPartOfTheWhole) {
    testing::check_property([] {
        std::vector<float> whole(*rc::gen::inRange<std::size_t>(1, 200));
        const DropoutMask which{*rc::gen::arbitrary<std::uint64_t>(), 7, 3};
        fill_dropout_mask(0.4F, which, whole);
        const auto begin = *rc::gen::inRange<std::size_t>(0, whole.size());
        std::vector<float> part(*rc::gen::inRange<std::size_t>(0, whole.size() - begin + 1), -1);
        DropoutMask place = which;
        place.begin = begin;
        fill_dropout_mask(0.4F, place, part);
        RC_ASSERT(std::equal(part.begin(), part.end(),
                             whole.begin() + static_cast<std::ptrdiff_t>(begin)));
    });
}

TEST(Dropout, DropsTheShareAskedForAndScalesTheRest) {
    std::vector<float> mask(100'000);
    fill_dropout_mask(0.25F, {1, 2, 3}, mask);
    const auto dropped = std::count(mask.begin(), mask.end(), 0.0F);
    EXPECT_NEAR(static_cast<double>(dropped), 25'000, 700);  // 5 standard deviations
    EXPECT_EQ(std::count(mask.begin(), mask.end(), 1 / 0.75F), 100'000 - dropped);
}

}  // namespace
}  // namespace ranvier
