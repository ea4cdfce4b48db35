#include "ranvier/convert/simplify.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

using namespace testing;

BatchNorm random_norm(std::int64_t channels, Random& random) {
    BatchNorm norm{random_tensor({channels}, random), random_tensor({channels}, random),
                   random_tensor({channels}, random), random_tensor({channels}, random)};
    for (float& v : norm.variance.values) v = v * v + 0.1F;
    return norm;
}

std::size_t index_of(const Network& network, const std::string& name) {
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        if (network.layers[l].name == name) return l;
    return network.layers.size();
}

template <typename T>
std::size_t count(const Network& network) {
    std::size_t n = 0;
    for (const Layer& layer : network.layers) n += layer.as<T>() != nullptr;
    return n;
}

/// Computes the same, up to rounding of sums of at most 90 terms.
void expect_same_function(const Network& before, const Network& after) {
    (void)infer_shapes(after);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const auto image = test_image(before, seed);
        const auto expected = reference_forward(before, image).back();
        const auto got = reference_forward(after, image).back();
        ASSERT_EQ(got.size(), expected.size());
        for (std::size_t k = 0; k < got.size(); ++k)
            EXPECT_NEAR(got[k], expected[k], 1e-4F * (1 + std::abs(expected[k])));
    }
}

/// Batch norms behind a convolution, a shared convolution, an average pool and a linear layer.
Network with_norms(std::uint64_t seed) {
    Network network = branched_network(seed);
    Random random(seed, 9);
    for (const char* name : {"conv1", "conv2", "average", "linear"}) {
        const std::size_t l = index_of(network, name);
        const auto channels = infer_shapes(network)[l].channels;
        (void)insert_after(network, l,
                           {std::string(name) + "_norm", {}, random_norm(channels, random)});
    }
    return network;
}

TEST(FoldBatchNorm, HandCheckedCase) {
    Network network;
    append(network, "input", Input{{1, 1, 1}, {}, {}});
    append(network, "linear", Linear{Tensor({1, 1}, {3.0F}), Tensor({1}, {1.0F})});
    append(network, "norm",
           BatchNorm{Tensor({1}, {2.0F}), Tensor({1}, {0.5F}), Tensor({1}, {4.0F}),
                     Tensor({1}, {0.25F}), 0});
    append(network, "output", Output{});
    fold_batch_norm(network);
    ASSERT_EQ(network.layers.size(), 3U);
    EXPECT_EQ(network.layers[1].as<Linear>()->weight.values[0], 12.0F);  // 3 * 2 / 0.5
    EXPECT_EQ(network.layers[1].as<Linear>()->bias.values[0], -11.5F);   // (1 - 4) * 4 + 0.5
}

TEST(FoldBatchNorm, ComputesTheSame) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Network before = with_norms(seed);
        Network after = before;
        fold_batch_norm(after);
        EXPECT_EQ(count<BatchNorm>(after), 0U);
        EXPECT_EQ(after.layers.size() + 3, before.layers.size())
            << "three merge, the one behind the pool becomes a convolution";
        expect_same_function(before, after);
    }
}

TEST(FoldBatchNorm, LeavesAConvolutionAloneThatSomethingElseReads) {
    Network before;
    Random random(4, 0);
    append(before, "input", Input{{2, 4, 4}, {}, {}});
    append(before, "conv", convolution3x3(random_tensor({3, 2, 3, 3}, random)));
    append(before, "norm", random_norm(3, random));
    before.layers.push_back({"add", {1, 2}, Add{}});
    append(before, "output", Output{});
    Network after = before;
    fold_batch_norm(after);
    EXPECT_EQ(count<BatchNorm>(after), 0U);
    expect_same_function(before, after);
}

TEST(RemoveDropout, LeavesTheRest) {
    Network network = branched_network(2);
    const Network before = network;
    (void)insert_after(network, 2, {"drop1", {}, Dropout{0.3F}});
    (void)insert_after(network, network.layers.size() - 2, {"drop2", {}, Dropout{0.5F}});
    remove_dropout(network);
    EXPECT_EQ(network, before);
}

TEST(LowerMaxPool, ActivationsComeFirst) {
    Network before;
    Random random(6, 0);
    append(before, "input", Input{{2, 8, 8}, {}, {}});
    append(before, "conv", convolution3x3(random_tensor({3, 2, 3, 3}, random)));
    append(before, "pool", max_pool2());
    append(before, "relu", Activation{});
    append(before, "output", Output{});
    Network after = before;
    lower_max_pool(after, MaxRule::current_step);
    EXPECT_NE(after.layers[2].as<Activation>(), nullptr);
    ASSERT_NE(after.layers[3].as<MaxPool>(), nullptr);
    EXPECT_EQ(after.layers[3].name, "pool");
    EXPECT_EQ(after.layers[3].as<MaxPool>()->rule, MaxRule::current_step);
    expect_same_function(before, after);
}

TEST(AddPoolActivations, OnlyBehindPoolsOfActivations) {
    const Network before = branched_network(3);  // average pool of a concat of activations
    Network after = before;
    add_pool_activations(after);
    EXPECT_EQ(after.layers.size(), before.layers.size() + 1);
    expect_same_function(before, after);

    Network currents;  // pool before ReLU: averages currents, which may be negative
    Random random(6, 0);
    append(currents, "input", Input{{2, 8, 8}, {}, {}});
    append(currents, "conv", convolution3x3(random_tensor({3, 2, 3, 3}, random)));
    append(currents, "pool", average_pool2());
    append(currents, "relu", Activation{});
    append(currents, "output", Output{});
    Network unchanged = currents;
    add_pool_activations(unchanged);
    EXPECT_EQ(unchanged, currents);
}

}  // namespace
}  // namespace ranvier
