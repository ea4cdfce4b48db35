// After a training, the spikes of the trainer are those that evaluations count.
#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/recipe/on_samples.hpp"
#include "ranvier/train/spiking_executor.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

/// 8x8 images with noise and one bright bar: class 0 horizontal, class 1 vertical.
std::shared_ptr<MemorySamples> bars(std::size_t n, std::uint64_t seed) {
    std::vector<float> pixels(n * 64);
    std::vector<int> labels(n);
    for (std::size_t i = 0; i < n; ++i) {
        Random random(seed, i);
        labels[i] = static_cast<int>(random.below(2));
        const std::size_t place = random.below(8);
        for (std::size_t p = 0; p < 64; ++p) {
            const bool on_bar = (labels[i] == 0 ? p / 8 : p % 8) == place;
            pixels[i * 64 + p] = random.uniform(0, 0.3F) + (on_bar ? 0.6F : 0.0F);
        }
    }
    return std::make_shared<MemorySamples>(
        MemorySamples::Content{{1, 8, 8}, 2, labels, pixels, "bars"});
}

Network small_network(NeuronKind kind, InputCoding coding) {
    Random random(3, 5);
    Activation neurons;
    neurons.neuron.kind = kind;
    neurons.neuron.leak = 0.99F;
    neurons.neuron.threshold = {0.6F};
    Network network;
    testing::append(network, "input", Input{{1, 8, 8}, {0.3F}, {0.3F}});
    testing::append(network, "conv1",
                    testing::convolution3x3(testing::random_tensor({6, 1, 3, 3}, random, 0.4F)));
    testing::append(network, "neurons1", neurons);
    testing::append(network, "pool", testing::average_pool2());
    testing::append(network, "conv2",
                    testing::convolution3x3(testing::random_tensor({8, 6, 3, 3}, random, 0.3F)));
    testing::append(network, "neurons2", neurons);
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{testing::random_tensor({2, 128}, random, 0.1F), {}});
    testing::append(network, "output", Output{});
    network.timing.steps = 6;
    network.timing.input = coding;
    return network;
}

Network trained(const Network& network) {
    TrainOptions options;
    options.epochs = 3;
    options.batch = 32;
    options.n_threads = 1;
    options.optimizer = OptimizerKind::adam;
    options.learning_rate = 0.01;
    return train(network, *bars(256, 1), options).network;
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

TEST(TrainedSpikes, TrainerAndLedgerCountTheSame) {
    const auto test = bars(200, 2);
    for (const NeuronKind kind : {NeuronKind::leaky_same_step, NeuronKind::leaky_delayed})
        for (const InputCoding coding : {InputCoding::direct, InputCoding::poisson}) {
            const Network network = trained(small_network(kind, coding));
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
                    EXPECT_DOUBLE_EQ(layer.spikes, expected[l] / 200) << layer.name;
                }
                EXPECT_EQ(compared, 2);
            }
        }
}

}  // namespace
}  // namespace ranvier
