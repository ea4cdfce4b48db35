#include "ranvier/train/executor.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

Tensor random_tensor(std::vector<std::int64_t> dims, Random& random, float scale = 1) {
    Tensor tensor(std::move(dims));
    for (float& v : tensor.values) v = scale * random.normal();
    return tensor;
}

Convolution convolution(std::int64_t n_in, std::int64_t n_out, std::int64_t groups,
                        const Window& window, Random& random) {
    const float scale =
        1.0F / std::sqrt(static_cast<float>(n_in / groups * window.kernel_h * window.kernel_w));
    return {window, groups,
            random_tensor({n_out, n_in / groups, window.kernel_h, window.kernel_w}, random, scale),
            random.below(2) == 0 ? Tensor() : random_tensor({n_out}, random)};
}

Linear linear(std::int64_t n_in, std::int64_t n_out, Random& random) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(n_in));
    return {random_tensor({n_out, n_in}, random, scale), random_tensor({n_out}, random)};
}

BatchNorm batch_norm(std::int64_t channels, Random& random) {
    BatchNorm op{random_tensor({channels}, random), random_tensor({channels}, random),
                 random_tensor({channels}, random), Tensor({channels})};
    for (float& v : op.variance.values) v = random.uniform(0.2F, 2.0F);
    return op;
}

Activation quantized() {
    Activation op;
    op.neuron.kind = NeuronKind::quantized_relu;
    return op;
}

/// input -> operations in a row -> output.
Network chain(Input input, std::vector<Operation> operations) {
    Network network;
    network.layers.push_back({"in", {}, std::move(input)});
    operations.emplace_back(Output{});
    for (Operation& operation : operations) {
        const std::size_t l = network.layers.size();
        network.layers.push_back({"layer" + std::to_string(l), {l - 1}, std::move(operation)});
    }
    return network;
}

/// Two branches, and every operation at least once.
Network everything(Random& random) {
    Network network;
    const auto add = [&](std::vector<std::size_t> inputs, Operation operation) {
        const std::size_t l = network.layers.size();
        network.layers.push_back(
            {"layer" + std::to_string(l), std::move(inputs), std::move(operation)});
        return l;
    };
    const Window uneven{3, 2, 1, 1, 2, 0, 0, 1, 1, 1};
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    const Window half{2, 2, 2, 2, 0, 0, 0, 0, 1, 1};
    const auto in = add({}, Input{{3, 9, 7}, {0.5F, 0.4F, 0.3F}, {0.25F, 0.5F, 1.0F}});
    const auto conv1 = add({in}, convolution(3, 4, 1, uneven, random));
    const auto norm1 = add({conv1}, batch_norm(4, random));
    const auto relu1 = add({norm1}, Activation{});
    const auto conv2 = add({relu1}, convolution(4, 8, 2, same, random));
    const auto pool2 = add({conv2}, MaxPool{half, true, {}});
    const auto shortcut = add({relu1}, Shortcut{2, 1, 3});
    const auto sum = add({pool2, shortcut, pool2}, Add{});
    const auto relu2 = add({sum}, quantized());
    const auto average = add({relu2}, AveragePool{{3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, false, false});
    const auto joined = add({relu2, average}, Concat{});
    const auto flat = add({joined}, Flatten{});
    const auto dropped = add({flat}, Dropout{0.3F});
    const auto hidden = add({dropped}, linear(16 * 5 * 4, 6, random));
    const auto global = add({joined}, GlobalAveragePool{});
    const auto head = add({global}, linear(16, 6, random));
    add({add({hidden, head}, Add{})}, Output{});
    return network;
}

torch::Tensor random_pixels(const Shape& shape, std::int64_t n, Random& random) {
    torch::Tensor pixels = torch::empty({n, shape.channels, shape.height, shape.width});
    for (std::int64_t i = 0; i < pixels.numel(); ++i)
        pixels.data_ptr<float>()[i] = random.uniform();
    return pixels;
}

/// The largest difference between the executor and the plain loops, relative to the largest value.
double difference_from_reference(const Network& network, const torch::Tensor& pixels) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor outputs = Executor(network).forward(pixels).contiguous();
    double largest = 1e-6;
    double difference = 0;
    for (std::int64_t n = 0; n < pixels.size(0); ++n) {
        const torch::Tensor image = pixels[n].contiguous();
        const auto expected = reference_forward(network, {image.data_ptr<float>(),
                                                          static_cast<std::size_t>(image.numel())})
                                  .back();
        EXPECT_EQ(static_cast<std::int64_t>(expected.size()), outputs.size(1));
        for (std::size_t k = 0; k < expected.size(); ++k) {
            const float got = outputs[n][static_cast<std::int64_t>(k)].item<float>();
            largest = std::max(largest, std::abs(static_cast<double>(expected[k])));
            difference = std::max(difference, std::abs(static_cast<double>(got) - expected[k]));
        }
    }
    return difference / largest;
}

// Both round each layer's values to float (6e-8 of the value); sums of up to a few hundred terms in
// float add some ten times that.
constexpr double rounding = 1e-5;

TEST(Executor, EveryOperationEqualsThePlainLoops) {
    Random random(11, 0);
    const Network network = everything(random);
    EXPECT_LT(difference_from_reference(network, random_pixels({3, 9, 7}, 3, random)), rounding);
}

Window random_window(Random& random, bool dilated) {
    Window w;
    w.kernel_h = 1 + random.below(3);
    w.kernel_w = 1 + random.below(3);
    w.stride_h = 1 + random.below(3);
    w.stride_w = 1 + random.below(3);
    if (dilated) {
        w.dilation_h = 1 + random.below(2);
        w.dilation_w = 1 + random.below(2);
    }
    const auto pad = [&](std::int64_t kernel, std::int64_t dilation) {
        return static_cast<std::int64_t>(
            random.below(static_cast<std::uint32_t>(dilation * (kernel - 1) + 1)));
    };
    w.pad_top = pad(w.kernel_h, w.dilation_h);
    w.pad_bottom = pad(w.kernel_h, w.dilation_h);
    w.pad_left = pad(w.kernel_w, w.dilation_w);
    w.pad_right = pad(w.kernel_w, w.dilation_w);
    return w;
}

RC_GTEST_PROP(Executor, WindowsOfAllKindsEqualThePlainLoops, (std::uint32_t seed)) {
    Random random(seed, 1);
    const Shape shape{4, 5 + random.below(6), 5 + random.below(6)};
    const bool ceil_mode = random.below(2) == 1;
    std::vector<Operation> kinds = {
        convolution(4, 6, 1U << random.below(2), random_window(random, true), random),
        MaxPool{random_window(random, true), ceil_mode, {}},
        AveragePool{random_window(random, false), ceil_mode, random.below(2) == 1}};
    for (const Operation& kind : kinds) {
        const Network network = chain({shape, {}, {}}, {kind});
        RC_ASSERT(difference_from_reference(network, random_pixels(shape, 2, random)) < rounding);
    }
}

TEST(Executor, WritesBackWhatItWasGiven) {
    Random random(12, 0);
    const Network network = everything(random);
    const Executor executor(network);
    Network other = network;
    for (Layer& layer : other.layers)
        if (auto* op = layer.as<Convolution>())
            std::fill(op->weight.values.begin(), op->weight.values.end(), 0.0F);
    EXPECT_NE(other, network);
    executor.write_back(other);
    EXPECT_EQ(other, network);
}

double loss_of(Executor& executor, const torch::Tensor& pixels, const torch::Tensor& labels) {
    const torch::NoGradGuard no_grad;
    return torch::cross_entropy_loss(executor.forward(pixels, {true, 7, 3}), labels).item<double>();
}

/// Differentiable everywhere but at single points: no quantized_relu.
Network smooth(Random& random) {
    Network network = everything(random);
    for (Layer& layer : network.layers)
        if (auto* op = layer.as<Activation>()) op->neuron.kind = NeuronKind::relu;
    return network;
}

TEST(Executor, GradientsEqualFiniteDifferences) {
    Random random(13, 0);
    const Network network = smooth(random);
    const torch::Tensor pixels = random_pixels({3, 9, 7}, 5, random);
    const torch::Tensor labels = torch::arange(5);
    Executor executor(network, torch::kFloat64);
    torch::cross_entropy_loss(executor.forward(pixels, {true, 7, 3}), labels).backward();
    for (const NamedTensor& parameter : executor.parameters()) {
        const torch::NoGradGuard no_grad;
        const torch::Tensor& w = parameter.tensor;
        const std::int64_t n = w.numel();
        for (std::int64_t k = 0; k < n; k += 1 + n / 7) {
            torch::Tensor direction = torch::zeros(n, torch::kFloat64);
            direction[k] = 1;
            direction = direction.view(w.sizes());
            constexpr double h = 1e-6;
            w.add_(direction, h);
            const double above = loss_of(executor, pixels, labels);
            w.sub_(direction, 2 * h);
            const double below = loss_of(executor, pixels, labels);
            w.add_(direction, h);
            const double expected = (above - below) / (2 * h);
            const double got = (w.grad() * direction).sum().item<double>();
            // Double rounding, 1e-16 of a loss around 2 divided by 2 h, and h^2 of curvature: 1e-9;
            // a relu that changes sides within h would add far more, but is unlikely at 1e-6.
            EXPECT_NEAR(got, expected, 1e-7 * std::max(1.0, std::abs(expected)))
                << parameter.name << " at " << k;
        }
    }
}

TEST(Executor, FloatGradientsEqualDoubleGradients) {
    Random random(14, 0);
    const Network network = smooth(random);
    const torch::Tensor pixels = random_pixels({3, 9, 7}, 5, random);
    Executor precise(network, torch::kFloat64);
    Executor fast(network);
    for (Executor* executor : {&precise, &fast})
        torch::cross_entropy_loss(executor->forward(pixels, {true, 7, 3}), torch::arange(5))
            .backward();
    for (std::size_t p = 0; p < fast.parameters().size(); ++p) {
        const torch::Tensor expected = precise.parameters()[p].tensor.grad();
        const double scale = expected.abs().max().item<double>() + 1e-3;
        const double difference =
            (fast.parameters()[p].tensor.grad() - expected).abs().max().item<double>();
        // Float rounding (6e-8) over a few hundred terms and a dozen layers.
        EXPECT_LT(difference / scale, 1e-4) << fast.parameters()[p].name;
    }
}

TEST(Executor, QuantizedReluPassesTheGradientWherePositive) {
    Network network =
        chain({{1, 1, 4}, {}, {}},
              {BatchNorm{Tensor({1}, {2}), Tensor({1}, {0}), Tensor({1}, {0}), Tensor({1}, {1}), 0},
               quantized()});
    Executor executor(network);
    const torch::Tensor pixels = torch::tensor({-1.0F, 0.2F, 0.7F, 2.4F}).view({1, 1, 1, 4});
    const torch::Tensor outputs = executor.forward(pixels);
    EXPECT_TRUE(outputs.equal(torch::tensor({{0.0F, 0.0F, 1.0F, 4.0F}})));
    outputs.sum().backward();
    // d(sum)/d(scale): the sum of the inputs whose activation is > 0; none comes from the first.
    EXPECT_FLOAT_EQ(executor.parameters()[0].tensor.grad().item<float>(), 0.2F + 0.7F + 2.4F);
}

TEST(Executor, SignPassesTheGradientBetweenMinusOneAndOne) {
    Activation sign;
    sign.neuron.kind = NeuronKind::sign;
    Network network =
        chain({{1, 1, 4}, {}, {}},
              {BatchNorm{Tensor({1}, {1}), Tensor({1}, {0}), Tensor({1}, {0}), Tensor({1}, {1}), 0},
               sign});
    Executor executor(network);
    const torch::Tensor pixels = torch::tensor({-1.5F, -0.2F, 0.0F, 0.7F}).view({1, 1, 1, 4});
    const torch::Tensor outputs = executor.forward(pixels);
    EXPECT_TRUE(outputs.equal(torch::tensor({{-1.0F, -1.0F, 1.0F, 1.0F}})));
    outputs.sum().backward();
    EXPECT_FLOAT_EQ(executor.parameters()[0].tensor.grad().item<float>(), -0.2F + 0.7F);
}

TEST(Executor, BatchNormUpdatesItsStatisticsAsPyTorch) {
    const BatchNorm op{Tensor({1}, {1}), Tensor({1}, {0}), Tensor({1}, {10}), Tensor({1}, {5}), 0};
    Network network = chain({{1, 1, 2}, {}, {}}, {op});
    Executor executor(network);
    const torch::Tensor pixels = torch::tensor({1.0F, 2.0F, 3.0F, 6.0F}).view({2, 1, 1, 2});
    (void)executor.forward(pixels);
    executor.write_back(network);
    EXPECT_EQ(network.layers[1].as<BatchNorm>()->mean.values[0], 10);  // not in training
    const torch::Tensor outputs = executor.forward(pixels, {true, 0, 0}).detach();
    EXPECT_NEAR(outputs[0][0].item<double>(), -2 / std::sqrt(3.5),
                1e-6);  // biased within the batch
    executor.write_back(network);
    // Mean 3; sum of squares around it 14, so the unbiased variance is 14 / 3.
    EXPECT_FLOAT_EQ(network.layers[1].as<BatchNorm>()->mean.values[0], 0.9F * 10 + 0.1F * 3);
    EXPECT_FLOAT_EQ(network.layers[1].as<BatchNorm>()->variance.values[0],
                    0.9F * 5 + 0.1F * 14 / 3);
}

TEST(Executor, DropoutIsAFunctionOfSeedAndIteration) {
    const Network network = chain({{1, 40, 50}, {}, {}}, {Dropout{0.25F}});
    Executor executor(network);
    const torch::Tensor ones = torch::ones({2, 1, 40, 50});
    const auto drop = [&](std::uint64_t seed, std::uint64_t iteration) {
        return executor.forward(ones, {true, seed, iteration});
    };
    EXPECT_TRUE(executor.forward(ones).equal(ones.flatten(1)));
    EXPECT_TRUE(drop(1, 5).equal(drop(1, 5)));
    EXPECT_FALSE(drop(1, 5).equal(drop(2, 5)));
    EXPECT_FALSE(drop(1, 5).equal(drop(1, 6)));
    EXPECT_FALSE(drop(1, 5)[0].equal(drop(1, 5)[1]));
    const torch::Tensor values = drop(1, 5);
    EXPECT_TRUE(((values == 0) | (values - 4.0F / 3).abs().lt(1e-6)).all().item<bool>());
    // 4000 draws with probability 1/4: standard deviation 27.
    EXPECT_NEAR((values == 0).sum().item<int>(), 1000, 4 * 27);
}

TEST(Executor, RefusesSpikingNeuronsAndWrongImages) {
    Activation spiking;
    spiking.neuron.kind = NeuronKind::integrate_fire;
    try {
        const Executor executor(chain({{1, 1, 2}, {}, {}}, {spiking}));
        FAIL() << "a spiking neuron was accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
    }
    Executor executor(chain({{1, 1, 2}, {}, {}}, {Activation{}}));
    EXPECT_THROW((void)executor.forward(torch::zeros({1, 1, 2, 1})), Error);
}

}  // namespace
}  // namespace ranvier
