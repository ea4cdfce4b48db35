#include "ranvier/convert/input_current.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/convert.hpp"
#include "ranvier/convert/presets.hpp"
#include "ranvier/engine/fast_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/npy.hpp"

namespace ranvier {
namespace {

using namespace testing;

/// The network of the oracles (their README.md), with neurons that are not calibrated yet.
Network oracle_network(const std::filesystem::path& folder, NeuronKind kind) {
    Network network;
    append(network, "input", Input{{3, 8, 8}, {}, {}});
    Activation neurons;
    neurons.neuron.kind = kind;
    for (int k = 1; k <= 6; ++k) {
        const Tensor weight = read_npy(folder / fmt::format("w{}.npy", k));
        const auto bias = folder / fmt::format("b{}.npy", k);
        if (k <= 3) {
            Convolution conv = convolution3x3(weight);
            if (std::filesystem::exists(bias)) conv.bias = read_npy(bias);
            append(network, fmt::format("layer{}", k), conv);
        } else {
            append(network, fmt::format("layer{}", k), Linear{weight, {}});
        }
        if (k < 6) append(network, fmt::format("neurons{}", k), neurons);
        if (k == 1 || k == 3) append(network, fmt::format("pool{}", k), average_pool2());
        if (k == 3) append(network, "flatten", Flatten{});
    }
    append(network, "output", Output{});
    network.timing.steps = 12;
    return network;
}

void expect_thresholds(const Network& network, const Tensor& expected) {
    std::size_t k = 0;
    for (const Layer& layer : network.layers)
        if (const auto* neurons = layer.as<Activation>()) {
            EXPECT_NEAR(neurons->neuron.threshold.at(0), expected.values[k],
                        2e-6F * expected.values[k])
                << layer.name;
            ++k;
        }
    EXPECT_EQ(k, expected.size());
}

TEST(InputCurrent, EqualsTheAuthorsPercentiles) {
    for (const auto& [name, percentile, if_silent] :
         {std::tuple{"calib_diet_p997", 99.7, 0.0F}, std::tuple{"calib_iir_p90", 90.0, 0.1F}}) {
        RANVIER_NEEDS_ORACLE(name);
        SCOPED_TRACE(name);
        Network network = oracle_network(oracle(name), NeuronKind::leaky_same_step);
        const TestImages images(read_npy(oracle(name) / "images.npy"), 5);
        CurrentOptions options;
        options.steps = 12;
        options.if_silent = if_silent;
        calibrate_thresholds(network, images, percentile, options, 2, no_progress());
        expect_thresholds(network, read_npy(oracle(name) / "thresholds.npy"));
    }
}

TEST(InputCurrent, EqualsTheAuthorsMaximumOverPoissonInput) {
    RANVIER_NEEDS_ORACLE("calib_hybrid_max");
    const auto folder = oracle("calib_hybrid_max");
    Network network = oracle_network(folder, NeuronKind::leaky_delayed);
    std::vector<Tensor> draws;
    for (int k = 1; k <= 5; ++k)
        draws.push_back(read_npy(folder / fmt::format("input_spikes_pass{}.npy", k)));
    constexpr std::size_t size = 3 * 8 * 8;
    const auto show = [&](FastRun& run, std::size_t sample, int step, std::size_t pass) {
        const float* frame =
            draws[pass].values.data() + (static_cast<std::size_t>(step) * 4 + sample) * size;
        if (step == 0)
            run.begin(sample, {frame, size});
        else
            run.set_frame(sample, {frame, size});
    };
    CurrentOptions options;
    options.steps = 12;
    calibrate_thresholds(network, {4, show}, 100, options, 1, no_progress());
    expect_thresholds(network, read_npy(folder / "thresholds.npy"));
}

TEST(InputCurrent, NearestRankDoesNotInterpolate) {
    std::vector<float> values = {5, 1, 4, 2, 3};
    EXPECT_EQ(nearest_rank(values, 100), 5);
    EXPECT_EQ(nearest_rank(values, 60), 3);    // 1 + round(2.4) = 3rd
    EXPECT_EQ(nearest_rank(values, 62.5), 3);  // 2.5 goes to the even 2
    EXPECT_EQ(nearest_rank(values, 87.5), 5);  // 3.5 goes to 4
}

TEST(InputCurrent, ResidualBlocksKeepTheirThresholdAndTheScaleComesLast) {
    // conv1 - relu1 - conv2 - relu2 - conv3 + relu1 - relu3: the block is relu2 and relu3.
    Random random(1, 1);
    Network network;
    append(network, "input", Input{{1, 4, 4}, {}, {}});
    append(network, "conv1", convolution3x3(random_tensor({2, 1, 3, 3}, random)));
    const std::size_t trunk = append(network, "relu1", Activation{});
    append(network, "conv2", convolution3x3(random_tensor({2, 2, 3, 3}, random)));
    append(network, "relu2", Activation{});
    const std::size_t branch =
        append(network, "conv3", convolution3x3(random_tensor({2, 2, 3, 3}, random)));
    network.layers.push_back({"add", {branch, trunk}, Add{}});
    append(network, "relu3", Activation{});
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{random_tensor({3, 32}, random), {}});
    append(network, "output", Output{});
    const TestImages images(random_tensor({6, 1, 4, 4}, random), 3);
    ConvertOptions options = with_preset({}, ConvertPreset::diet);
    options.currents.scale = 1;
    const Network whole = convert(network, images, options);
    options.currents.scale = 0.25F;
    const Network quarter = convert(network, images, options);
    const auto threshold = [](const Network& n, std::size_t l) {
        return n.layers[l].as<Activation>()->neuron.threshold.at(0);
    };
    EXPECT_EQ(threshold(quarter, 2), 0.25F * threshold(whole, 2));
    EXPECT_GT(threshold(whole, 2), 0);
    for (const std::size_t l : {4, 7}) EXPECT_EQ(threshold(quarter, l), 0.4F) << l;
    EXPECT_EQ(quarter.timing.steps, 5);
    EXPECT_EQ(quarter.layers[2].as<Activation>()->neuron.amplitude, std::vector<float>{1});
}

TEST(InputCurrent, LayersWithoutCurrentAreNamed) {
    Network network;
    append(network, "input", Input{{2, 1, 1}, {}, {}});
    append(network, "fc1", Linear{Tensor({2, 2}, {-1, -1, -1, -1}), {}});
    append(network, "relu1", Activation{});
    append(network, "fc2", Linear{Tensor({2, 2}, {1, 1, 1, 1}), {}});
    append(network, "output", Output{});
    const TestImages images(Tensor({1, 2, 1, 1}, {1, 1}), 2);
    try {
        (void)convert(network, images, with_preset({}, ConvertPreset::diet));
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("'relu1'"), std::string::npos) << error.what();
    }
    const Network kept = convert(network, images, with_preset({}, ConvertPreset::iir));
    EXPECT_EQ(kept.layers[2].as<Activation>()->neuron.threshold, std::vector<float>{0.1F});
}

TEST(InputCurrent, PoissonInputIsTheSameOnAnyNumberOfThreads) {
    Random random(2, 1);
    Network network;
    append(network, "input", Input{{1, 6, 6}, {0.5F}, {0.5F}});
    append(network, "conv1", convolution3x3(random_tensor({3, 1, 3, 3}, random)));
    append(network, "relu1", Activation{});
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{random_tensor({3, 108}, random), {}});
    append(network, "output", Output{});
    Tensor pixels({9, 1, 6, 6});
    for (float& v : pixels.values) v = random.uniform();
    const TestImages images(pixels, 3);
    ConvertOptions options = with_preset({}, ConvertPreset::hybrid);
    options.currents.steps = 20;
    options.measure.n_threads = 1;
    const Network one = convert(network, images, options);
    options.measure.n_threads = 3;
    EXPECT_EQ(convert(network, images, options), one);
    options.currents.seed = 2;
    EXPECT_NE(convert(network, images, options), one);
}

}  // namespace
}  // namespace ranvier
