#include "ranvier/train/weight_binarizer.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/binary_weights.hpp"
#include "ranvier/train/executor.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

using namespace testing;

torch::Tensor to_torch(const Tensor& tensor) {
    torch::Tensor result = torch::empty(tensor.dims);
    copy_into(result, tensor);
    return result;
}

void expect_near(const torch::Tensor& found, const torch::Tensor& expected, double tolerance,
                 const std::string& what) {
    const double scale = expected.abs().max().item<double>();
    EXPECT_LE((found - expected).abs().max().item<double>(), tolerance * scale) << what;
}

/// The network of the oracles xnor_*, whose layers w1, w2, ... are layers `weighted` of it.
struct XnorNetwork {
    Network network;
    std::vector<std::size_t> weighted;

    explicit XnorNetwork(const std::string& name) {
        const auto weight = [&] {
            const std::string file = fmt::format("w{}_before.npy", weighted.size() + 1);
            weighted.push_back(network.layers.size());
            return read_npy(oracle(name) / file);
        };
        append(network, "in", Input{{3, 8, 8}, {}, {}});
        for (int k = 1; k <= 3; ++k) {
            append(network, fmt::format("conv{}", k), convolution3x3(weight()));
            append(network, fmt::format("relu{}", k), Activation{});
        }
        AveragePool pool;
        pool.window.kernel_h = pool.window.kernel_w = 4;
        pool.window.stride_h = pool.window.stride_w = 4;
        append(network, "pool", pool);
        if (name == "xnor_cifar_10") append(network, "conv4", Convolution{{}, 1, weight(), {}});
        append(network, "flatten", Flatten{});
        append(network, "fc1", Linear{weight(), {}});
        append(network, "relu", Activation{});
        append(network, "fc2", Linear{weight(), {}});
        append(network, "out", Output{});
    }
};

class Xnor : public ::testing::TestWithParam<const char*> {};

TEST_P(Xnor, WeightsAndGradientsAreThoseOfTheAuthors) {
    const std::string name = GetParam();
    RANVIER_NEEDS_ORACLE(name);
    const auto file = [&](const std::string& what) {
        return to_torch(read_npy(oracle(name) / (what + ".npy")));
    };
    const XnorNetwork xnor(name);
    Executor executor(xnor.network);
    std::vector<std::size_t> numbers;  // of the binarized layers, from 0
    std::vector<torch::Tensor> weights;
    const torch::Tensor binarized = file("binarized_layers");
    for (std::int64_t k = 0; k < binarized.size(0); ++k) {
        numbers.push_back(static_cast<std::size_t>(binarized[k].item<float>()));
        weights.push_back(executor.weight(xnor.weighted[numbers.back()]));
    }
    WeightBinarizer binarizer(weights);
    binarizer.binarize();
    for (std::size_t k = 0; k < numbers.size(); ++k)
        expect_near(weights[k].detach(), file(fmt::format("w{}_binarized", numbers[k] + 1)), 1e-6,
                    "binarized");
    const torch::Tensor logits = executor.forward(file("input"), {true, 0, 0});
    const torch::Tensor loss = torch::cross_entropy_loss(logits, file("label").to(torch::kInt64));
    expect_near(logits.detach(), file("logits"), 1e-5, "logits");
    expect_near(loss.detach().view({1}), file("loss"), 1e-6, "loss");
    loss.backward();
    binarizer.restore();
    for (std::size_t k = 0; k < numbers.size(); ++k)
        expect_near(weights[k].detach(), file(fmt::format("w{}_clamped", numbers[k] + 1)), 1e-6,
                    "kept");
    const double imagenet_factor = name == "xnor_imagenet" ? 1e9 : 1;  // which Adam cancels
    for (std::size_t l = 0; l < xnor.weighted.size(); ++l) {
        const bool is_binary = std::find(numbers.begin(), numbers.end(), l) != numbers.end();
        expect_near(executor.weight(xnor.weighted[l]).grad() * (is_binary ? imagenet_factor : 1),
                    file(fmt::format("g{}_final", l + 1)), 1e-5, fmt::format("gradient {}", l + 1));
    }
}

INSTANTIATE_TEST_SUITE_P(Oracles, Xnor,
                         ::testing::Values("xnor_cifar_10", "xnor_mnist", "xnor_imagenet"));

TEST(WeightBinarizer, HandCheckedStep) {
    // Two inputs; the mean of the two, 0.5, is taken off, and 3 - 0.5 is clamped to 1.
    torch::Tensor w = torch::tensor({{3.0F, -2.0F}}).set_requires_grad(true);
    WeightBinarizer binarizer({w});
    binarizer.binarize();
    EXPECT_TRUE(w.equal(torch::tensor({{1.0F, -1.0F}})));  // (1 + 1) / 2 of either sign
    (w * torch::tensor({{2.0F, 5.0F}})).sum().backward();
    binarizer.restore();
    EXPECT_TRUE(w.equal(torch::tensor({{1.0F, -1.0F}})));
    // scale g + sign/2 (2 - 5) = 2 - 1.5 and 5 + 1.5; times (1 - 1/2) 2.
    EXPECT_TRUE(w.grad().equal(torch::tensor({{0.5F, 6.5F}})));
}

TEST(WeightBinarizer, TheRuleIsTheGradientOfScaleAndStraightThroughSign) {
    // Independent: with sign's gradient taken as 1, autograd of scale(w) * sign(w) gives the rule
    // without its last factor.
    torch::manual_seed(3);
    const torch::Tensor start = torch::rand({4, 6, 3, 3}) - 0.5;
    const torch::Tensor towards = torch::randn({4, 6, 3, 3});
    torch::Tensor w = start.clone().set_requires_grad(true);
    WeightBinarizer binarizer({w});
    binarizer.binarize();
    (w * towards).sum().backward();
    binarizer.restore();
    torch::Tensor real = w.detach().clone().set_requires_grad(true);
    const torch::Tensor sign = real.detach().sign();
    const torch::Tensor through = real + (sign - real).detach();
    (real.abs().mean({1, 2, 3}, true) * through * towards).sum().backward();
    expect_near(w.grad(), real.grad() * ((1 - 1.0 / 6) * 54), 1e-5, "gradient");
}

TEST(WeightBinarizer, InnerLayersAreAllButTheEnds) {
    Network network;
    append(network, "in", Input{{1, 4, 4}, {}, {}});
    append(network, "c1", convolution3x3(Tensor({2, 1, 3, 3})));
    append(network, "c2", convolution3x3(Tensor({2, 2, 3, 3})));
    append(network, "flat", Flatten{});
    append(network, "f1", Linear{Tensor({3, 32}), {}});
    append(network, "f2", Linear{Tensor({3, 3}), {}});
    append(network, "out", Output{});
    EXPECT_EQ(inner_weighted_layers(network), (std::vector<std::size_t>{2, 4}));
    remove_layer(network, 1);
    network.layers.erase(network.layers.begin() + 3, network.layers.end());
    EXPECT_THROW((void)inner_weighted_layers(network), Error);
}

TEST(WeightBinarizer, LayersThatCentringWouldEmptyAreRefusedByName) {
    Network network;
    append(network, "in", Input{{2, 4, 4}, {}, {}});
    append(network, "c1", convolution3x3(Tensor({2, 2, 3, 3})));
    Convolution depthwise = convolution3x3(Tensor({2, 1, 3, 3}));
    depthwise.groups = 2;
    append(network, "depthwise", depthwise);
    append(network, "flat", Flatten{});
    append(network, "f1", Linear{Tensor({3, 32}), {}});
    append(network, "out", Output{});
    try {
        (void)inner_weighted_layers(network);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
        EXPECT_NE(std::string(error.what()).find("'depthwise'"), std::string::npos);
    }
    network.layers[2].as<Convolution>()->groups = 1;
    network.layers[2].as<Convolution>()->weight = Tensor({2, 2, 3, 3});
    EXPECT_EQ(inner_weighted_layers(network), (std::vector<std::size_t>{2}));
}

}  // namespace
}  // namespace ranvier
