#include "ranvier/energy/crossbar.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <rapidcheck.h>

namespace ranvier {
namespace {

using namespace testing;

Network linear_network(Tensor weight, WeightFormat format = {}) {
    Network network;
    append(network, "input", Input{{weight.dims[1], 1, 1}, {}, {}});
    append(network, "fc", Linear{std::move(weight), {}, std::move(format)});
    append(network, "output", Output{});
    return network;
}

TEST(Crossbar, LinearByHand) {
    // Five inputs, three outputs, one input without weights, nine weights of twelve in the others.
    const Network network =
        linear_network(Tensor({3, 5}, {1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1}));
    CrossbarMap map = map_onto_crossbars(network, {2, 2, CrossbarScheme::plain});
    ASSERT_EQ(map.layers.size(), 1U);
    EXPECT_EQ(map.layers[0].rows, 4U);
    EXPECT_EQ(map.layers[0].columns, 3U);
    EXPECT_EQ(map.arrays, 4U);  // 2 down, 2 across
    EXPECT_EQ(map.cells, 12U);
    EXPECT_EQ(map.cells_kept, 9U);
    EXPECT_EQ(map.utilization, 12.0 / 16);
    EXPECT_EQ(map.layers[0].rows_per_spike, 1);
    // Ten spikes, each through all three outputs, two for each input: the four rows that are left
    // are on eight times, with 9 / 4 devices each.
    EXPECT_EQ(map.layers[0].rows_left_out, 1U);
    EXPECT_DOUBLE_EQ(crossbar_reads(map, 0, 30).rows, 8);
    EXPECT_DOUBLE_EQ(crossbar_reads(map, 0, 30).cells, 18);

    map = map_onto_crossbars(network, {2, 2, CrossbarScheme::dummy_column});
    EXPECT_EQ(map.arrays, 6U);  // one output and one dummy in each: 2 down, 3 across
    EXPECT_EQ(map.cells, 4U * (3 + 3));
    EXPECT_EQ(map.cells_kept, 9U + 12);

    map = map_onto_crossbars(network, {4, 3, CrossbarScheme::differential});
    EXPECT_EQ(map.layers[0].columns, 6U);
    EXPECT_EQ(map.arrays, 2U);
    EXPECT_EQ(map.utilization, 1);
    EXPECT_DOUBLE_EQ(crossbar_reads(map, 0, 30).rows, 8);
    EXPECT_DOUBLE_EQ(crossbar_reads(map, 0, 30).cells, 36);
}

TEST(Crossbar, XnorTakesTwoRowsAndReadsHalf) {
    const Network network =
        linear_network(Tensor({2, 3}, {1, -1, 1, -1, -1, 1}), {WeightKind::binary, {1}});
    const CrossbarMap map = map_onto_crossbars(network, {4, 4, CrossbarScheme::xnor});
    EXPECT_EQ(map.layers[0].rows, 6U);
    EXPECT_EQ(map.arrays, 2U);
    EXPECT_EQ(map.cells, 12U);
    EXPECT_EQ(crossbar_reads(map, 0, 0).rows, 3);  // one row of each input
    EXPECT_EQ(crossbar_reads(map, 0, 0).cells, 6);
    const CrossbarMap one = map_onto_crossbars(network, {4, 4, CrossbarScheme::dummy_column});
    EXPECT_EQ(one.layers[0].rows, 3U);  // B-SNN: half the rows
}

TEST(Crossbar, ConvolutionByHand) {
    Network network;
    append(network, "input", Input{{2, 5, 5}, {}, {}});
    append(network, "conv", convolution3x3(Tensor({4, 2, 3, 3}, std::vector<float>(72, 0.5F))));
    append(network, "output", Output{});
    const CrossbarMap map = map_onto_crossbars(network, {16, 4, CrossbarScheme::plain});
    EXPECT_EQ(map.layers[0].rows, 18U);
    EXPECT_EQ(map.layers[0].columns, 4U);
    EXPECT_EQ(map.arrays, 2U);
    EXPECT_EQ(map.layers[0].windows, 25U);
    EXPECT_EQ(map.layers[0].rows_per_spike, 9);
    // A spike in the middle meets 9 windows x 4 outputs.
    EXPECT_EQ(crossbar_reads(map, 0, 36).rows, 9);
    EXPECT_EQ(crossbar_reads(map, 0, 36).cells, 36);
}

TEST(Crossbar, GroupsAreApart) {
    Network network;
    append(network, "input", Input{{4, 1, 1}, {}, {}});
    Convolution convolution;
    convolution.groups = 2;
    convolution.weight = Tensor({6, 2, 1, 1}, std::vector<float>(12, 1));
    append(network, "conv", convolution);
    append(network, "output", Output{});
    const CrossbarMap map = map_onto_crossbars(network, {8, 8, CrossbarScheme::plain});
    EXPECT_EQ(map.arrays, 2U);
    EXPECT_EQ(map.layers[0].rows, 4U);
    EXPECT_EQ(map.layers[0].columns, 3U);
    EXPECT_EQ(map.cells, 12U);
}

TEST(Crossbar, ArraysHoldWhatIsMapped) {
    testing::check_property([] {
        const auto n_in = *rc::gen::inRange<std::int64_t>(1, 40);
        const auto n_out = *rc::gen::inRange<std::int64_t>(1, 40);
        const auto scheme = *rc::gen::element(CrossbarScheme::plain, CrossbarScheme::dummy_column,
                                              CrossbarScheme::differential);
        Tensor weight({n_out, n_in});
        for (float& w : weight.values) w = static_cast<float>(*rc::gen::inRange(0, 3));
        const CrossbarOptions options{*rc::gen::inRange(2, 20), *rc::gen::inRange(2, 20), scheme};
        const CrossbarMap map = map_onto_crossbars(linear_network(weight), options);
        RC_ASSERT(map.utilization <= 1);
        RC_ASSERT(map.cells_kept <= map.cells);
        std::uint64_t weights = 0;
        for (const float w : weight.values) weights += w != 0 ? 1 : 0;
        if (scheme == CrossbarScheme::plain) RC_ASSERT(map.cells_kept == weights);
        if (scheme == CrossbarScheme::differential) RC_ASSERT(map.cells_kept == 2 * weights);
    });
}

TEST(Crossbar, XnorTakesPairsWhereWeightsAreNotBinary) {
    Network network =
        linear_network(Tensor({2, 3}, {1, -1, 1, -1, -1, 1}), {WeightKind::binary, {1}});
    network.layers.pop_back();
    append(network, "last", Linear{Tensor({1, 2}, {0.5F, -0.25F}), {}, {}});
    append(network, "output", Output{});
    const CrossbarMap map = map_onto_crossbars(network, {8, 8, CrossbarScheme::xnor});
    EXPECT_EQ(map.layers[0].scheme, CrossbarScheme::xnor);
    EXPECT_EQ(map.layers[0].rows, 6U);
    EXPECT_EQ(map.layers[1].scheme, CrossbarScheme::differential);
    EXPECT_EQ(map.layers[1].rows, 2U);
    EXPECT_EQ(map.layers[1].columns, 2U);
    EXPECT_EQ(crossbar_reads(map, 0, 6).rows, 3);
    EXPECT_EQ(crossbar_reads(map, 1, 2).rows, 2);  // both inputs' rows, once
}

TEST(Crossbar, RefusesWhatDoesNotFit) {
    const auto refused = [](const Network& network, const CrossbarOptions& options) {
        try {
            (void)map_onto_crossbars(network, options);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    const Network network = linear_network(Tensor({1, 2}, {1, -0.5F}));
    EXPECT_EQ(refused(network, {128, 128, CrossbarScheme::plain}),
              "crossbars: layer 'fc' has the weight -0.5; the plain scheme has no signs, use "
              "dummy_column or differential");
    EXPECT_EQ(refused(network, {1, 128, CrossbarScheme::differential}),
              "crossbars: 1 x 128 cells; both must be in [2, 1048576]");
}

}  // namespace
}  // namespace ranvier
