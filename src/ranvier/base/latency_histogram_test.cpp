#include "ranvier/base/latency_histogram.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <algorithm>
#include <cmath>
#include <vector>

namespace ranvier {
namespace {

TEST(LatencyHistogram, HandCheckedCase) {
    LatencyHistogram times;
    EXPECT_EQ(times.mean_us(), 0);
    EXPECT_EQ(times.percentile_us(0.5), 0);
    for (int t = 1; t <= 100; ++t) times.add(t);
    EXPECT_EQ(times.n(), 100U);
    EXPECT_DOUBLE_EQ(times.mean_us(), 50.5);
    EXPECT_EQ(times.max_us(), 100);
    EXPECT_NEAR(times.percentile_us(0.5), 50, 0.25);
    EXPECT_NEAR(times.percentile_us(0.95), 95, 0.475);
    EXPECT_NEAR(times.percentile_us(1), 100, 0.5);
}

TEST(LatencyHistogram, PercentilesAreThoseOfTheSortedTimes) {
    testing::check_property([](const std::vector<std::uint32_t>& nanoseconds) {
        std::vector<double> times;
        LatencyHistogram histogram;
        for (const std::uint32_t ns : nanoseconds) {
            times.push_back(ns / 1e3);
            histogram.add(times.back());
        }
        std::sort(times.begin(), times.end());
        for (const double fraction : {0.01, 0.5, 0.95, 1.0}) {
            if (times.empty()) break;
            const auto rank =
                static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(times.size())));
            const double expected = times[rank - 1];
            // Below 10 ns there is one class.
            RC_ASSERT(std::abs(histogram.percentile_us(fraction) - expected) <=
                      std::max(0.0051 * expected, 0.0101));
        }
    });
}

TEST(LatencyHistogram, AbsurdTimesHaveAClassToo) {
    LatencyHistogram times;
    times.add(0);
    times.add(1e300);
    EXPECT_EQ(times.max_us(), 1e300);
    EXPECT_LE(times.percentile_us(0.5), 0.0101);
}

}  // namespace
}  // namespace ranvier
