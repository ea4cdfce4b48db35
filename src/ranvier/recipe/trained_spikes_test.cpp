// After a training, the spikes of the trainer are those that evaluations count.
#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/recipe/on_samples.hpp"
#include "ranvier/train/spiking_executor.hpp"

#include <gtest/gtest.h>

#include "tests/support/bars.hpp"
#include <cmath>

namespace ranvier {
namespace {

Network trained(const Network& network) {
    TrainOptions options;
    options.epochs = 3;
    options.batch = 32;
    options.n_threads = 1;
    options.optimizer = OptimizerKind::adam;
    options.learning_rate = 0.01;
    return train(network, testing::bars(256, 1), options).network;
}

/// [n_layers] spikes of all samples, from the tensors that gradients come from.
std::vector<double> spikes_of_trainer(const Network& network, const Samples& samples,
                                      std::uint64_t seed) {
    const auto n = static_cast<std::int64_t>(samples.size());
    torch::Tensor pixels = torch::empty({n, 1, 8, 8});
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples.read(i, {pixels.data_ptr<float>() + i * 64, 64});
    const torch::NoGradGuard no_grad;
    SpikingExecutor executor(network, {});
    (void)executor.forward(pixels, Pass{.seed = seed});
    std::vector<double> sums;
    for (const auto& steps : executor.spikes()) {
        sums.push_back(0);
        for (const std::uint64_t spikes : steps) sums.back() += static_cast<double>(spikes);
    }
    return sums;
}

/// @param tolerance  part of a layer's spikes.
void expect_same_spikes(const Network& untrained, double tolerance) {
    const auto test = std::make_shared<MemorySamples>(testing::bars(200, 2));
    const Network network = trained(untrained);
    const std::vector<double> expected = spikes_of_trainer(network, *test, 7);
    RunContext context;
    context.seed = 7;
    context.n_threads = 1;
    for (const EngineKind engine : {EngineKind::reference, EngineKind::fast}) {
        EvaluateRequest request;
        request.engine = engine;
        const EvaluationResult result = evaluate_samples(network, test, request, context);
        int compared = 0;
        for (const LayerResult& layer : result.layers) {
            std::size_t l = 0;
            while (network.layers[l].name != layer.name) ++l;
            if (network.layers[l].as<Activation>() == nullptr) continue;
            ++compared;
            EXPECT_GT(layer.spikes, 1);
            if (tolerance == 0)
                EXPECT_DOUBLE_EQ(layer.spikes, expected[l] / 200) << layer.name;
            else
                EXPECT_NEAR(layer.spikes, expected[l] / 200, tolerance * layer.spikes)
                    << layer.name;
        }
        EXPECT_EQ(compared, 2);
    }
}

TEST(TrainedSpikes, TrainerAndLedgerCountTheSame) {
    for (const NeuronKind kind : {NeuronKind::leaky_same_step, NeuronKind::leaky_delayed})
        for (const InputCoding coding : {InputCoding::direct, InputCoding::poisson}) {
            Network network = testing::bars_network(kind, 6);
            network.timing.input = coding;
            expect_same_spikes(network, 0);
        }
}

// Wide convolutions go by Winograd's method where the processor can: sums differ in their last
// bits, and a membrane that is that close to its threshold may fire on one side only.
TEST(TrainedSpikes, WideNetworksDifferByRoundingAlone) {
    expect_same_spikes(testing::bars_network(NeuronKind::leaky_same_step, 6, 64, 64), 1e-4);
}

}  // namespace
}  // namespace ranvier
