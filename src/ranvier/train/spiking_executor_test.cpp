#include "ranvier/train/spiking_executor.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/sim/reference_run.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spiking_neuron.hpp"
#include "ranvier/train/spiking_test_networks.hpp"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"

namespace ranvier {
namespace {

TEST(SpikingExecutor, GradientsAreThoseOfTheUnrolledNetwork) {
    testing::check_property([](std::uint64_t seed) {
        const Network network = random_spiking_network(seed, seed % 2 == 0);
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
        Network network = random_spiking_network(seed, seed % 2 == 0);
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
        Network network = random_spiking_network(seed, false);
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
    Network network = random_spiking_network(8, false);
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
    Network network = random_spiking_network(3, false);
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
    Network network = random_spiking_network(1, false);
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
    Network network = random_spiking_network(2, false);
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

/// Sums in the end are beyond all numbers, membranes are not.
TEST(SpikingExecutor, FindsTheFirstOutputSumThatIsNotFinite) {
    Network network = random_spiking_network(2, false);
    network.timing.steps = 4;
    SpikingExecutor executor(network, {});
    {
        const torch::NoGradGuard no_grad;
        const NamedTensor& last = executor.parameters().back();
        ASSERT_NE(last.name.find("fc"), std::string::npos);
        for (const NamedTensor& parameter : executor.parameters()) {
            if (parameter.name == "fc.weight") parameter.tensor.zero_();
            if (parameter.name != "fc.bias") continue;
            parameter.tensor.zero_();
            parameter.tensor[0] = 1.5e38F;  // the sums of 3 steps overflow
        }
    }
    const NumericalFault fault = executor.find_fault(random_pixels(2, 4, false), Pass{});
    EXPECT_TRUE(fault.found);
    EXPECT_EQ(fault.layer, network.layers.size() - 1);
    EXPECT_EQ(fault.step, 2);
}

}  // namespace
}  // namespace ranvier
