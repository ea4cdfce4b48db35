#include "ranvier/net/counts.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

TEST(LayerSizes, HandComputed) {
    const auto sizes = layer_sizes(branched_network(1));
    EXPECT_EQ(sizes[1].macs, 2592U);           // 4 * 2 * 9 weights, 36 places
    EXPECT_EQ(sizes[1].parameters, 76U);       // and 4 biases
    EXPECT_EQ(sizes[3].macs, 6U * 2 * 9 * 9);  // two groups, 9 places
    EXPECT_EQ(sizes[11].macs, 270U);
    EXPECT_EQ(sizes[2].neurons, 144U);
    EXPECT_EQ(total_size(sizes).neurons, 144U + 54U);
}

}  // namespace
}  // namespace ranvier
