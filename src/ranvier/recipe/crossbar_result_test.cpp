#include "ranvier/recipe/crossbar_result.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

/// Analog values meet 2 x 3 weights, spikes 3 x 2.
Network two_layers() {
    Network network;
    append(network, "input", Input{{2, 1, 1}, {}, {}});
    append(network, "fc1", Linear{Tensor({3, 2}, {1, -1, 1, 1, 1, 1}), {}, {}});
    append(network, "fc2", Linear{Tensor({2, 3}, {1, 0, 1, 1, 0, 1}), {}, {}});
    append(network, "output", Output{});
    return network;
}

TEST(CrossbarResult, ReadsOfAnalogAndSpikingLayersByHand) {
    // Four steps: the first layer multiplies at each; two spikes reach fc2, through 2 outputs each.
    LayerResult analog, spiking;
    analog.name = "fc1";
    analog.macs = 24;
    analog.float_macs = 6;
    spiking.name = "fc2";
    spiking.synops = 4;
    spiking.float_macs = 6;
    const std::vector<LayerResult> layers = {analog, spiking};
    const CrossbarResult result =
        crossbar_result(two_layers(), {8, 8, CrossbarScheme::differential}, layers);
    ASSERT_EQ(result.layers.size(), 2U);
    EXPECT_EQ(result.layers[0].rows_read, 8);       // 2 rows, 4 times
    EXPECT_EQ(result.layers[0].cells_read, 8 * 6);  // pairs of devices
    EXPECT_EQ(result.layers[0].float_rows_read, 2);
    // One of three rows has no weights: of two spikes 4 / 3 meet one, with two weights each.
    EXPECT_DOUBLE_EQ(result.layers[1].rows_read, 4.0 / 3);
    EXPECT_DOUBLE_EQ(result.layers[1].cells_read, 4.0 / 3 * 4);
    EXPECT_DOUBLE_EQ(result.layers[1].float_rows_read, 2);
    EXPECT_DOUBLE_EQ(result.cells_read, 48 + 16.0 / 3);
    EXPECT_DOUBLE_EQ(result.float_cells_read, 12 + 8);
    EXPECT_EQ(result.scheme, "differential");
}

TEST(CrossbarResult, SizesAreRead) {
    EXPECT_EQ(crossbar_options("64x32", CrossbarScheme::plain).columns, 32);
    for (const char* wrong : {"", "64", "64x", "x32", "64x32x", "64x32 ", "a"})
        EXPECT_THROW((void)crossbar_options(wrong, CrossbarScheme::plain), Error) << wrong;
}

}  // namespace
}  // namespace ranvier
