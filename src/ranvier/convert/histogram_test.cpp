#include "ranvier/convert/histogram.hpp"

#include "ranvier/base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace ranvier {
namespace {

TEST(ExactPercentile, InterpolatesAsNumPyDoes) {
    std::vector<float> values = {4, 1, 3, 2};
    EXPECT_DOUBLE_EQ(exact_percentile(values, 0), 1);
    EXPECT_DOUBLE_EQ(exact_percentile(values, 50), 2.5);
    EXPECT_DOUBLE_EQ(exact_percentile(values, 75), 3.25);
    EXPECT_DOUBLE_EQ(exact_percentile(values, 100), 4);
    std::vector<float> one = {7};
    EXPECT_DOUBLE_EQ(exact_percentile(one, 99.7), 7);
}

TEST(Histogram, StaysWithinItsStatedError) {
    for (const int bins : {1, 128, 2048}) {
        Histogram histogram(bins);
        std::vector<float> values;
        Random random(5, static_cast<std::uint64_t>(bins));
        for (int i = 0; i < 20000; ++i)
            values.push_back(std::max(0.0F, std::exp(3 * random.normal()) - 0.5F));
        histogram.add(std::span(values).first(7000));
        histogram.add(std::span(values).subspan(7000));
        ASSERT_EQ(histogram.count(), values.size());
        for (const double percent : {1.0, 40.0, 50.0, 90.0, 99.0, 99.7, 99.99, 100.0}) {
            const double exact = exact_percentile(values, percent);
            EXPECT_NEAR(histogram.percentile(percent), exact,
                        exact * histogram.relative_error() + 0x1p-20)
                << percent << " % with " << bins << " bins";
        }
    }
}

TEST(Histogram, MaximumIsExactAndHugeValuesAreHeld) {
    Histogram histogram(128);
    const std::vector<float> values = {0, -1, 3e7F, 0.3F};
    histogram.add(values);
    EXPECT_EQ(histogram.percentile(100), 3e7F);
    EXPECT_EQ(histogram.percentile(0), 0);
    EXPECT_EQ(Histogram(128).percentile(50), 0) << "nothing added";
}

}  // namespace
}  // namespace ranvier
