#include "ranvier/train/spiking_executor.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/sim/reference_run.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spiking_neuron.hpp"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"

namespace ranvier {
namespace {

/// in 2x6x6 -> conv -> neurons -> conv -> neurons -> conv, + its input -> neurons -> pool ->
/// linear. Weights are multiples of 1/16, leaks of 1/2: with pixels of 0 and 1 all sums are exact.
Network random_network(std::uint64_t seed, bool delayed) {
    Random random(seed, 3);
    const auto exact = [&](std::vector<std::int64_t> dims) {
        Tensor weight(std::move(dims));
        for (float& w : weight.values)
            w = static_cast<float>(static_cast<int>(random.below(17)) - 7) / 16;
        return weight;
    };
    const auto neurons = [&](std::int64_t channels) {
        Activation op;
        op.neuron.kind = delayed ? NeuronKind::leaky_delayed : NeuronKind::leaky_same_step;
        op.neuron.leak = random.below(2) == 0 ? 1.0F : 0.5F;
        const std::size_t n = random.below(2) == 0 ? 1 : static_cast<std::size_t>(channels);
        op.neuron.threshold.clear();
        op.neuron.amplitude.clear();
        for (std::size_t c = 0; c < n; ++c) {
            op.neuron.threshold.push_back(static_cast<float>(1 + random.below(4)) / 4);
            op.neuron.amplitude.push_back(static_cast<float>(1 + random.below(2)));
        }
        return op;
    };
    Network network;
    testing::append(network, "input", Input{{2, 6, 6}, {0.5F, 0.5F}, {0.5F, 0.5F}});
    for (const int k : {1, 2}) {
        Convolution conv = testing::convolution3x3(exact({k == 1 ? 3 : 4, k == 1 ? 2 : 3, 3, 3}));
        if (random.below(2) == 0) conv.bias = exact({k == 1 ? 3 : 4});
        testing::append(network, fmt::format("conv{}", k), conv);
        testing::append(network, fmt::format("neurons{}", k), neurons(k == 1 ? 3 : 4));
    }
    const std::size_t trunk = network.layers.size() - 1;
    const std::size_t branch =
        testing::append(network, "conv3", testing::convolution3x3(exact({4, 4, 3, 3})));
    network.layers.push_back({"add", {branch, trunk}, Add{}});
    testing::append(network, "neurons3", neurons(4));
    testing::append(network, "pool", testing::average_pool2());
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{exact({5, 36}), exact({5})});
    testing::append(network, "output", Output{});
    network.timing.steps = 1 + static_cast<int>(random.below(7));
    return network;
}

torch::Tensor random_pixels(std::uint64_t seed, std::int64_t n, bool exact) {
    Random random(seed, 4);
    Tensor pixels({n, 2, 6, 6});
    for (float& v : pixels.values)
        v = exact ? static_cast<float>(random.below(2)) : random.uniform();
    return row_major(pixels, torch::kFloat32);
}

/// The same network as anyone would write it with LibTorch's own gradients: step by step, layer by
/// layer, membranes as differentiable values. Shares no line with what is tested.
struct Unrolled {
    explicit Unrolled(const Network& network, const Surrogate& surrogate)
        : network_(network), surrogate_(surrogate) {
        for (const Layer& layer : network.layers) {
            weights.emplace_back();
            biases.emplace_back();
            thresholds.emplace_back();
            leaks.emplace_back();
            if (const auto* conv = layer.as<Convolution>()) set(conv->weight, conv->bias);
            if (const auto* linear = layer.as<Linear>()) set(linear->weight, linear->bias);
            if (const auto* neurons = layer.as<Activation>()) {
                thresholds.back() = parameter(neurons->neuron.threshold);
                leaks.back() = parameter({neurons->neuron.leak});
            }
        }
    }

    torch::Tensor forward(const torch::Tensor& pixels) {
        const std::size_t n = network_.layers.size();
        std::vector<torch::Tensor> u(n), since(n), values(n);
        torch::Tensor sum = torch::zeros({1}, torch::kFloat64);
        for (int t = 0; t < network_.timing.steps; ++t) {
            for (std::size_t l = 0; l < n; ++l) {
                const Layer& layer = network_.layers[l];
                const auto in = [&](std::size_t k = 0) { return values[layer.inputs[k]]; };
                if (l == 0) values[l] = (pixels - 0.5) / 0.5;
                if (layer.as<Convolution>() != nullptr)
                    values[l] = torch::conv2d(in(), weights[l], biases[l], 1, 1);
                if (layer.as<Linear>() != nullptr)
                    values[l] = torch::linear(in(), weights[l], biases[l]);
                if (layer.as<Add>() != nullptr) values[l] = in(0) + in(1);
                if (layer.as<AveragePool>() != nullptr) values[l] = torch::avg_pool2d(in(), 2);
                if (layer.as<Flatten>() != nullptr) values[l] = in().flatten(1);
                if (layer.as<Output>() != nullptr) sum = sum + in();
                if (const auto* op = layer.as<Activation>())
                    values[l] = fire(op->neuron, l, in(), u[l], since[l]);
            }
        }
        return sum;
    }

    std::vector<torch::Tensor> weights, biases, thresholds, leaks;

private:
    static torch::Tensor parameter(const std::vector<float>& values) {
        return row_major(Tensor({static_cast<std::int64_t>(values.size())}, values),
                         torch::kFloat64)
            .set_requires_grad(true);
    }
    void set(const Tensor& weight, const Tensor& bias) {
        weights.back() = row_major(weight, torch::kFloat64).set_requires_grad(true);
        if (!bias.empty()) biases.back() = row_major(bias, torch::kFloat64).set_requires_grad(true);
    }
    torch::Tensor slope(const torch::Tensor& z, const torch::Tensor& steps_since) const {
        if (surrogate_.kind == SurrogateKind::linear)
            return surrogate_.scale * torch::relu(1 - z.abs());
        if (surrogate_.kind == SurrogateKind::exponential)
            return surrogate_.scale * torch::exp(-surrogate_.decay * z.abs());
        return surrogate_.scale * torch::exp(-steps_since.to(torch::kFloat32))
                                      .to(torch::kFloat64)
                                      .pow(surrogate_.decay);
    }
    torch::Tensor fire(const Neuron& neuron, std::size_t l, const torch::Tensor& current,
                       torch::Tensor& u, torch::Tensor& since) const {
        if (!u.defined()) {
            u = torch::zeros_like(current);
            since = torch::full_like(current, 999).detach();
        }
        const torch::Tensor v = thresholds[l].view({1, -1, 1, 1});
        const bool delayed = neuron.kind == NeuronKind::leaky_delayed;
        const torch::Tensor driven = leaks[l] * u + current;
        const torch::Tensor z = (delayed ? u : driven) / v - 1;
        const torch::Tensor s = (z > 0).to(torch::kFloat64);
        const torch::Tensor ramp = slope(z, since).detach() * (z - z.detach());  // 0, with a slope
        u = driven - v * s;
        since = torch::where(s > 0, torch::ones_like(since), since + 1);
        const torch::Tensor amplitude = row_major(
            Tensor({static_cast<std::int64_t>(neuron.amplitude.size())}, neuron.amplitude),
            torch::kFloat64);
        return (s + ramp) * amplitude.view({1, -1, 1, 1});
    }

    const Network& network_;
    Surrogate surrogate_;
};

Surrogate random_surrogate(std::uint64_t seed) {
    const auto kind = static_cast<SurrogateKind>(seed % 3);
    return {kind, 0.3, kind == SurrogateKind::stdb ? 0.3 : 1.0};
}

TEST(SpikingExecutor, GradientsAreThoseOfTheUnrolledNetwork) {
    testing::check_property([](std::uint64_t seed) {
        const Network network = random_network(seed, seed % 2 == 0);
        SpikeTraining training;
        training.surrogate = random_surrogate(seed / 2);
        training.checkpoint_steps = static_cast<int>(seed % 4);
        SpikingExecutor executor(network, training, torch::kFloat64);
        SpikingPass pass;
        pass.chunk_steps = static_cast<int>(seed % 5);
        torch::Tensor pixels = random_pixels(seed, 3, false).to(torch::kFloat64);
        torch::Tensor same_pixels = pixels.clone();
        pixels.set_requires_grad(true);
        same_pixels.set_requires_grad(true);
        const torch::Tensor weights = torch::linspace(-1, 1, 15, torch::kFloat64).view({3, 5});

        Unrolled unrolled(network, training.surrogate);
        const torch::Tensor expected = unrolled.forward(same_pixels);
        const torch::Tensor found = executor.forward(pixels, pass);
        RC_ASSERT((found - expected).abs().max().item<double>() < 1e-10);
        (found * weights).sum().backward();
        (expected * weights).sum().backward();
        const auto same = [](const torch::Tensor& a, const torch::Tensor& b) {
            if (!b.defined()) return a.abs().max().item<double>() == 0;
            return (a - b).abs().max().item<double>() < 1e-9 * (1 + b.abs().max().item<double>());
        };
        RC_ASSERT(same(pixels.grad(), same_pixels.grad()));
        for (std::size_t l = 0; l < network.layers.size(); ++l)
            for (const auto& [what, tensors] :
                 {std::pair{"weight", &unrolled.weights}, std::pair{"bias", &unrolled.biases},
                  std::pair{"threshold", &unrolled.thresholds}, std::pair{"leak", &unrolled.leaks}})
                for (const NamedTensor& parameter : executor.parameters())
                    if (parameter.name == network.layers[l].name + "." + what)
                        RC_ASSERT(same(parameter.tensor.grad(), (*tensors)[l].grad()));
    });
}

TEST(SpikingExecutor, SpikesAreTheSimulatorsForDirectAndPoissonInput) {
    testing::check_property([](std::uint64_t seed) {
        Network network = random_network(seed, seed % 2 == 0);
        if (seed % 3 != 0) network.timing.input = InputCoding::poisson;
        network.timing.input_rate = 0.5F;
        const torch::Tensor pixels = random_pixels(seed, 4, true);
        SpikingExecutor executor(network, {});
        SpikingPass pass;
        pass.pass.seed = seed;
        pass.pass.sample = 11;
        std::vector<torch::Tensor> emitted;
        pass.pass.activations = &emitted;
        const torch::NoGradGuard no_grad;
        const torch::Tensor logits = executor.forward(pixels, pass);

        const ReferencePlan plan(network);
        for (std::int64_t i = 0; i < 4; ++i) {
            ReferenceRun run(plan);
            const Tensor image = to_ranvier(pixels[i]);
            run.start(image.values, {seed, 11 + static_cast<std::uint64_t>(i), 0});
            for (std::int64_t t = 0; t < network.timing.steps; ++t) {
                run.step();
                for (std::size_t l = 0; l < emitted.size(); ++l)
                    if (emitted[l].defined())
                        RC_ASSERT(run.emitted(l) == to_ranvier(emitted[l][t * 4 + i]).values);
            }
            RC_ASSERT(run.logits() == to_ranvier(logits[i]).values);
        }
    });
}

/// Trained weights are no short binary fractions: sums in another order may move a membrane across
/// its threshold, but hardly ever do.
TEST(SpikingExecutor, LayersEmitAsManySpikesAsInTheSimulatorWithAnyWeights) {
    testing::check_property([](std::uint64_t seed) {
        Network network = random_network(seed, false);
        for (Layer& layer : network.layers)
            if (auto* conv = layer.as<Convolution>())
                for (float& w : conv->weight.values) w *= 1.1F;
        const torch::Tensor pixels = random_pixels(seed, 4, false);
        SpikingExecutor executor(network, {});
        const torch::NoGradGuard no_grad;
        (void)executor.forward(pixels, Pass{});

        const ReferencePlan plan(network);
        std::vector<std::uint64_t> counts(network.layers.size());
        for (std::int64_t i = 0; i < 4; ++i) {
            ReferenceRun run(plan);
            const Tensor image = to_ranvier(pixels[i]);
            run.start(image.values, {0, static_cast<std::uint64_t>(i), 0});
            for (int t = 0; t < network.timing.steps; ++t) {
                run.step();
                for (std::size_t l = 0; l < counts.size(); ++l)
                    if (!executor.spikes()[l].empty())
                        for (const float value : run.emitted(l)) counts[l] += value != 0 ? 1 : 0;
            }
        }
        for (std::size_t l = 0; l < counts.size(); ++l) {
            std::uint64_t ours = 0;
            for (const std::uint64_t n : executor.spikes()[l]) ours += n;
            const auto most = std::max(ours, counts[l]), least = std::min(ours, counts[l]);
            RC_ASSERT(most - least <= 1 + most / 100);
        }
    });
}

TEST(SpikingExecutor, ReadoutGradientIsTheFiniteDifference) {
    // The output is linear in the last weights, so the difference quotient is exact.
    Network network = random_network(5, false);
    network.timing.steps = 4;
    const torch::Tensor pixels = random_pixels(5, 2, true).to(torch::kFloat64);
    const std::size_t fc = network.layers.size() - 2;
    const auto loss = [&](const Network& changed) {
        SpikingExecutor executor(changed, {}, torch::kFloat64);
        return executor.forward(pixels).sum();
    };
    SpikingExecutor executor(network, {}, torch::kFloat64);
    executor.forward(pixels).sum().backward();
    for (const NamedTensor& parameter : executor.parameters()) {
        if (parameter.name != "fc.weight") continue;
        for (const std::size_t at : {0, 17, 100}) {
            Network changed = network;
            changed.layers[fc].as<Linear>()->weight.values[at] += 0.5F;
            const torch::NoGradGuard no_grad;
            const double quotient = (loss(changed) - loss(network)).item<double>() / 0.5;
            EXPECT_NEAR(
                parameter.tensor.grad().flatten()[static_cast<std::int64_t>(at)].item<double>(),
                quotient, 1e-9);
        }
    }
}

TEST(SpikingLayer, OperatorsAndLoopsAgree) {
    testing::check_property([](std::uint64_t seed) {
        torch::manual_seed(seed);
        const std::int64_t n = 2, steps = 5, channels = 3;
        const auto options = torch::dtype(torch::kFloat64);
        SpikingNeurons neurons{
            seed % 2 == 0, random_surrogate(seed), torch::rand({channels}, options) + 0.3,
            torch::rand({channels}, options) + 0.5, torch::full({1}, 0.9, options)};
        const torch::Tensor currents =
            torch::randn({steps * n, channels, 4, 4}, options).contiguous(channels_last);
        const torch::Tensor gradients =
            torch::randn({steps * n, channels, 4, 4}, options).contiguous(channels_last);
        const auto layer = [&] {
            SpikingLayer result{
                neurons,
                steps,
                torch::zeros({(steps + 1) * n, channels, 4, 4}, options).contiguous(channels_last),
                {}};
            if (neurons.surrogate.kind == SurrogateKind::stdb)
                result.since =
                    torch::full({n, channels, 4, 4}, std::int64_t{no_spike_yet}, torch::kUInt8)
                        .contiguous(channels_last);
            return result;
        };
        SpikingLayer loops = layer(), operators = layer();
        std::vector<std::uint64_t> counts(steps), other_counts(steps);
        const torch::Tensor spikes = loops.run(currents.clone(), false, counts.data());
        RC_ASSERT(
            spikes.equal(operators.run_by_operators(currents.clone(), false, other_counts.data())));
        RC_ASSERT(counts == other_counts);
        RC_ASSERT(loops.membrane.equal(operators.membrane));
        if (loops.since.defined()) RC_ASSERT(loops.since.equal(operators.since));
        RC_ASSERT(loops.spikes().equal(spikes) && operators.spikes_by_operators().equal(spikes));
        loops.since = layer().since;
        operators.since = layer().since;
        const auto carry = [&] {
            return torch::ones({n, channels, 4, 4}, options).contiguous(channels_last);
        };
        const SpikingLayer::Gradients a = loops.backward(gradients.clone(), carry());
        const SpikingLayer::Gradients b =
            operators.backward_by_operators(gradients.clone(), carry());
        RC_ASSERT(torch::allclose(a.currents, b.currents, 1e-9, 1e-12));
        RC_ASSERT(torch::allclose(a.threshold, b.threshold, 1e-9, 1e-12));
        RC_ASSERT(torch::allclose(a.leak, b.leak, 1e-9, 1e-12));
    });
}

TEST(SpikingExecutor, DropoutMasksLastForTheWholePass) {
    Network network = random_network(8, false);
    network.timing.steps = 6;
    SpikeTraining training;
    training.dropout = 0.5F;
    SpikingExecutor executor(network, training);
    std::vector<torch::Tensor> emitted;
    SpikingPass pass;
    pass.pass = {.training = true, .seed = 4, .iteration = 2, .activations = &emitted};
    (void)executor.forward(random_pixels(8, 64, false), pass);
    // neurons1 goes into a convolution alone; neurons2 into a shortcut too, neurons3 into a pool.
    const auto always_silent = [&](std::size_t l) {
        return (emitted[l].contiguous().view({6, -1}).abs().sum(0) == 0)
            .to(torch::kFloat64)
            .mean()
            .item<double>();
    };
    const double share = always_silent(2);
    pass.pass.training = false;
    std::vector<torch::Tensor> without;
    pass.pass.activations = &without;
    (void)executor.forward(random_pixels(8, 64, false), pass);
    emitted[2] = without[2];
    EXPECT_NEAR(share, 0.5 + always_silent(2) / 2, 0.02);
    EXPECT_GT((without[2] != 0).sum().item<double>(), 0);
}

TEST(SpikingExecutor, LeaksStayBetweenZeroAndOneAndThresholdsAboveZero) {
    Network network = random_network(3, false);
    SpikingExecutor executor(network, {});
    const auto set = [&](const std::string& name, double value) {
        const torch::NoGradGuard no_grad;
        for (const NamedTensor& parameter : executor.parameters())
            if (parameter.name == name) parameter.tensor.fill_(value);
    };
    set("neurons1.leak", 1.5);
    set("neurons2.leak", -0.5);
    executor.limit_neurons();
    executor.write_back(network);
    EXPECT_EQ(network.layers[2].as<Activation>()->neuron.leak, 1.0F);
    EXPECT_EQ(network.layers[4].as<Activation>()->neuron.leak, 0.0F);
    set("neurons2.threshold", -0.25);
    try {
        executor.limit_neurons();
        FAIL();
    } catch (const Error& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find("'neurons2' became -0.25"), std::string::npos) << text;
        EXPECT_NE(text.find("train_threshold = false"), std::string::npos) << text;
    }
}

TEST(SpikingExecutor, RefusesWhatHasNoGradientThroughTime) {
    Network network = random_network(1, false);
    network.layers[2].as<Activation>()->neuron.kind = NeuronKind::integrate_fire;
    try {
        SpikingExecutor executor(network, {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
        EXPECT_NE(std::string(error.what()).find("'neurons1'"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("leaky_same_step"), std::string::npos);
    }
    network.timing.steps = 0;
    EXPECT_THROW(SpikingExecutor(network, {}), Error);
}

TEST(SpikingExecutor, FindsTheFirstMembraneThatIsNotFinite) {
    Network network = random_network(2, false);
    network.timing.steps = 3;
    SpikingExecutor executor(network, {});
    {
        const torch::NoGradGuard no_grad;
        for (const NamedTensor& parameter : executor.parameters())
            if (parameter.name == "conv2.weight") parameter.tensor.fill_(INFINITY);
    }
    const NumericalFault fault = executor.find_fault(random_pixels(2, 4, false), Pass{});
    EXPECT_TRUE(fault.found);
    EXPECT_EQ(fault.layer, 4U);
}

}  // namespace
}  // namespace ranvier
