#include "ranvier/train/synop_loss.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/train/executor.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

using namespace testing;

Convolution valid3x3(Tensor weight) {
    Convolution conv = convolution3x3(std::move(weight));
    conv.window.pad_top = conv.window.pad_left = 0;
    conv.window.pad_bottom = conv.window.pad_right = 0;
    return conv;
}

Activation quantized() {
    Activation op;
    op.neuron.kind = NeuronKind::quantized_relu;
    return op;
}

/// The network of the oracle synop_loss_mnistdvs.
Network mnist_dvs(const std::function<Tensor(int)>& weight) {
    Network network;
    append(network, "in", Input{{1, 64, 64}, {}, {}});
    append(network, "spikes", quantized());
    for (int k = 1; k <= 3; ++k) {
        append(network, fmt::format("conv{}", k), valid3x3(weight(k)));
        append(network, fmt::format("relu{}", k), quantized());
        append(network, fmt::format("pool{}", k), average_pool2());
    }
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{weight(4), {}});
    append(network, "relu4", quantized());
    append(network, "out", Output{});
    return network;
}

TEST(SynopLoss, EqualsThatOfTheAuthors) {
    RANVIER_NEEDS_ORACLE("synop_loss_mnistdvs");
    const auto file = [](const std::string& what) {
        const Tensor tensor = read_npy(oracle("synop_loss_mnistdvs") / (what + ".npy"));
        torch::Tensor result = torch::empty(tensor.dims);
        copy_into(result, tensor);
        return result;
    };
    const Network network = mnist_dvs(
        [](int k) { return read_npy(oracle("synop_loss_mnistdvs") / fmt::format("w{}.npy", k)); });
    const SynopCounter counter(network, SynopPenalty::fan_out);
    std::vector<double> fan_outs;
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        if (network.layers[l].as<Activation>() != nullptr)
            fan_outs.push_back(counter.fan_outs()[l]);
    const torch::Tensor expected = file("fanouts");
    for (std::size_t k = 0; k < fan_outs.size(); ++k)
        EXPECT_EQ(fan_outs[k], expected[static_cast<std::int64_t>(k)].item<float>());

    Executor executor(network);
    std::vector<torch::Tensor> activations;
    const torch::Tensor logits =
        executor.forward(file("input"), {.training = true, .activations = &activations});
    EXPECT_TRUE(activations[1].equal(file("activation_input")));
    EXPECT_LE((logits - file("logits")).abs().max().item<double>(), 1e-6);
    const torch::Tensor synops = counter.count(activations);
    EXPECT_NEAR(synops.item<double>(), file("synops_total").item<double>(), 0.5);
    const torch::Tensor penalty = synop_loss(synops, file("target_synops").item<double>());
    EXPECT_NEAR(penalty.item<double>(), file("synop_loss").item<double>(), 1e-6);
    const torch::Tensor entropy =
        torch::cross_entropy_loss(logits, file("label").to(torch::kInt64));
    EXPECT_NEAR(entropy.item<double>(), file("ce_loss").item<double>(), 1e-6);
    (entropy + penalty).backward();
    for (std::size_t k = 0; k < 4; ++k) {
        const torch::Tensor gradient = file(fmt::format("grad_w{}", k + 1));
        const double scale = gradient.abs().max().item<double>();
        EXPECT_LE((executor.parameters()[k].tensor.grad() - gradient).abs().max().item<double>(),
                  1e-5 * scale)
            << k;
    }
}

TEST(SynopLoss, FanOutsAddUpOverReadersAndPassThroughPools) {
    Network network;
    append(network, "in", Input{{2, 8, 8}, {}, {}});
    const std::size_t relu = append(network, "relu", Activation{});
    append(network, "pool", average_pool2());
    const std::size_t a = append(network, "a", convolution3x3(Tensor({4, 2, 3, 3})));
    Convolution strided = convolution3x3(Tensor({4, 2, 3, 3}));
    strided.window.stride_h = strided.window.stride_w = 2;
    network.layers.push_back({"b", {relu}, strided});
    network.layers.push_back({"sum", {a, a + 1}, Add{}});
    const std::size_t last = append(network, "last", Activation{});
    append(network, "flatten", Flatten{});
    append(network, "out", Output{});
    const SynopCounter synops(network, SynopPenalty::fan_out);
    EXPECT_EQ(synops.fan_outs()[relu], 36 + 36.0 / 4);
    EXPECT_EQ(synops.fan_outs()[last], 0);
    const SynopCounter plain(network, SynopPenalty::activations);
    EXPECT_EQ(plain.fan_outs()[relu], 1);
    EXPECT_EQ(plain.fan_outs()[last], 0);
    std::vector<torch::Tensor> activations(network.layers.size());
    activations[relu] = torch::full({5, 2, 8, 8}, 0.5F);
    EXPECT_FLOAT_EQ(plain.count(activations).item<float>(), 64);
    EXPECT_FLOAT_EQ(synops.count(activations).item<float>(), 64 * 45);
}

// With ReLUs, which are smooth almost everywhere, the penalty's gradient is that of differences.
TEST(SynopLoss, GradientEqualsFiniteDifferences) {
    Random random(5, 0);
    const auto weight = [&random](std::vector<std::int64_t> dims) {
        Tensor tensor(std::move(dims));
        for (float& v : tensor.values) v = random.normal();
        return tensor;
    };
    Network network;
    append(network, "in", Input{{2, 6, 6}, {}, {}});
    append(network, "c1", convolution3x3(weight({3, 2, 3, 3})));
    append(network, "r1", Activation{});
    append(network, "pool", average_pool2());
    append(network, "c2", convolution3x3(weight({4, 3, 3, 3})));
    append(network, "r2", Activation{});
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{weight({2, 36}), {}});
    append(network, "out", Output{});
    for (const SynopPenalty penalty : {SynopPenalty::fan_out, SynopPenalty::activations}) {
        const SynopCounter counter(network, penalty);
        Executor executor(network, torch::kFloat64);
        torch::manual_seed(1);
        const torch::Tensor pixels = torch::rand({3, 2, 6, 6});
        const auto loss = [&] {
            std::vector<torch::Tensor> activations;
            (void)executor.forward(pixels, {.activations = &activations});
            return synop_loss(counter.count(activations), 100.0);
        };
        loss().backward();
        for (const std::size_t p : {0U, 1U}) {
            const torch::Tensor w = executor.parameters()[p].tensor;
            for (std::int64_t k = 0; k < w.numel(); k += 7) {
                const torch::NoGradGuard no_grad;
                torch::Tensor flat = torch::zeros(w.numel(), torch::kFloat64);
                flat[k] = 1;
                const torch::Tensor direction = flat.view(w.sizes());
                constexpr double h = 1e-6;
                w.add_(direction, h);
                const double above = loss().item<double>();
                w.sub_(direction, 2 * h);
                const double below = loss().item<double>();
                w.add_(direction, h);
                const double expected = (above - below) / (2 * h);
                EXPECT_NEAR((w.grad() * direction).sum().item<double>(), expected,
                            1e-5 * std::max(1.0, std::abs(expected)));
            }
        }
    }
}

}  // namespace
}  // namespace ranvier
