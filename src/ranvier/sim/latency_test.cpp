#include "ranvier/sim/latency.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using testing::append;

Timing one_spike(int steps, int wait) {
    return {steps, wait, InputCoding::binary_phase, Propagation::same_step};
}

/// input -> conv -> neurons -> conv -> neurons -> add(first neurons) -> neurons -> output
Network residual(const Timing& timing) {
    Network network;
    const auto conv = [] { return testing::convolution3x3(Tensor({1, 1, 3, 3})); };
    append(network, "input", Input{{1, 4, 4}, {}, {}});
    append(network, "conv1", conv());
    const std::size_t first = append(network, "neurons1", Activation{});
    append(network, "conv2", conv());
    append(network, "neurons2", Activation{});
    const std::size_t branch = append(network, "conv3", conv());
    network.layers.push_back({"add", {branch, first}, Add{}});
    append(network, "neurons3", Activation{});
    append(network, "output", Output{});
    network.timing = timing;
    return network;
}

TEST(Latency, OneImageTakesAWaitPerLayerAndAllPhases) {
    const Latency latency = latency_of(residual(one_spike(16, 10)));
    EXPECT_EQ(latency.depth, 3);
    EXPECT_EQ(latency.steps, 3 * 10 + 16);
    EXPECT_EQ(latency.per_image, 16);
}

TEST(Latency, PipelineAddsPhasesPerImage) {
    const Latency latency = latency_of(residual(one_spike(16, 10)));
    EXPECT_EQ(latency.pipelined(0), 0);
    EXPECT_EQ(latency.pipelined(1), latency.steps);
    for (int n = 1; n <= 5; ++n) EXPECT_EQ(latency.pipelined(n), n * 16 + 3 * 10);  // N T + L W
}

TEST(Latency, BanksFollowFromTheEarliestSource) {
    const Network network = residual(one_spike(16, 16));
    const std::vector<int> first = first_source_depths(network);
    EXPECT_EQ(first[2], 0) << "the input";
    EXPECT_EQ(first[4], 1);
    EXPECT_EQ(first[7], 1) << "the shortcut skips a layer";
    EXPECT_EQ(membrane_banks(2, 1, one_spike(16, 16)), 2) << "ceil((W + T) / T)";
    EXPECT_EQ(membrane_banks(2, 1, one_spike(16, 17)), 3);
    EXPECT_EQ(membrane_banks(2, 1, one_spike(16, 0)), 1);
    EXPECT_EQ(latency_of(network).membrane_banks, 3) << "ceil((2 W + T) / T) behind the shortcut";
    EXPECT_EQ(latency_of(residual(one_spike(16, 8))).membrane_banks, 2);
}

TEST(Latency, RateCodingTakesItsTimesteps) {
    Network network = residual({});
    network.timing.steps = 40;
    EXPECT_EQ(latency_of(network).steps, 40);
    EXPECT_EQ(latency_of(network).pipelined(3), 120);
    EXPECT_EQ(latency_of(network).membrane_banks, 1);
}

}  // namespace
}  // namespace ranvier
