#include "ranvier/train/loss_watch.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace ranvier {
namespace {

TEST(LossWatch, HandCheckedCase) {
    LossWatch watch(10);
    EXPECT_LT(watch.first(), 0);
    watch.add(4);
    EXPECT_EQ(watch.first(), 4);
    EXPECT_EQ(watch.limit(), 40);
    EXPECT_TRUE(watch.sound(40));
    EXPECT_FALSE(watch.sound(41));
    watch.add(104);
    EXPECT_EQ(watch.mean(), 5);
    EXPECT_FALSE(watch.diverged());
    watch.add(1e12);
    EXPECT_TRUE(watch.diverged());
}

TEST(LossWatch, ASmallFirstLossCountsAsThatOfNoKnowledge) {
    LossWatch watch(10);
    watch.add(0.01);
    EXPECT_DOUBLE_EQ(watch.limit(), 10 * std::log(10.0));
    LossWatch one_class(1);
    one_class.add(0);
    EXPECT_TRUE(one_class.sound(1));
}

TEST(LossWatch, ManyBadBatchesAreADivergenceAndAFewAreNot) {
    LossWatch watch(10);
    watch.add(2);
    for (int i = 0; i < 50; ++i) watch.add(40);
    EXPECT_FALSE(watch.diverged());
    for (int i = 0; i < 100; ++i) watch.add(40);
    EXPECT_TRUE(watch.diverged());
}

TEST(LossWatch, GoesOnWhereItWas) {
    LossWatch watch(10);
    watch.restore(5);
    watch.add(1e6);
    EXPECT_EQ(watch.limit(), 50);
    EXPECT_TRUE(watch.diverged());
}

}  // namespace
}  // namespace ranvier
