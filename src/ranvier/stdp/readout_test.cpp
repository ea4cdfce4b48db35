#include "ranvier/stdp/readout.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

using Spikes = std::vector<std::uint32_t>;

/// Neurons 0 and 1 answer class 0 most, neuron 2 class 1, neuron 3 nothing.
ClassResponses four_neurons() {
    ClassResponses responses(4, 2);
    responses.add(0, Spikes{4, 3, 1, 0});
    responses.add(0, Spikes{4, 3, 1, 0});
    responses.add(1, Spikes{0, 1, 5, 0});
    return responses;
}

TEST(Voting, ByHand) {
    EXPECT_EQ(four_neurons().mean(0, 0), 4);
    const Voting mean(four_neurons(), Readout::mean_rate);
    EXPECT_EQ(mean.labels(), (std::vector<int>{0, 0, 1, -1}));
    // Class 0 has two neurons: their 6 spikes are 3 on average.
    EXPECT_EQ(mean.decide(Spikes{6, 0, 4, 0}), 1U);
    EXPECT_EQ(mean.decide(Spikes{6, 0, 2, 0}), 0U);
    EXPECT_EQ(mean.decide(Spikes{4, 0, 2, 0}), 0U);   // a tie: the lowest
    EXPECT_EQ(mean.decide(Spikes{0, 0, 0, 99}), 0U);  // belongs to no class
    // Worth of a spike for class 1: 0, 1/4, 5/6.
    const Voting proportion(four_neurons(), Readout::proportion);
    EXPECT_EQ(proportion.decide(Spikes{0, 3, 2, 0}), 0U);  // 2.25 + 1/3 against 0.75 + 5/3
    EXPECT_EQ(proportion.decide(Spikes{0, 2, 3, 0}), 1U);  // 1.5 + 0.5 against 0.5 + 2.5
}

TEST(ClassResponses, AddUp) {
    ClassResponses all(4, 2), half(4, 2);
    half.add(0, Spikes{4, 3, 1, 0});
    all.add(half);
    all.add(half);
    half = ClassResponses(4, 2);
    half.add(1, Spikes{0, 1, 5, 0});
    all.add(half);
    for (std::size_t j = 0; j < 4; ++j)
        for (std::size_t c = 0; c < 2; ++c) EXPECT_EQ(all.mean(j, c), four_neurons().mean(j, c));
}

}  // namespace
}  // namespace ranvier
