// Training spiking networks from end to end: no LibTorch type in sight.
#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/sim/simulator.hpp"
#include "ranvier/train/checkpoint.hpp"
#include "ranvier/train/trainer.hpp"

#include <gtest/gtest.h>

#include "tests/support/bars.hpp"
#include <cmath>
#include <filesystem>

namespace ranvier {
namespace {

using testing::bars;

TrainOptions quick(int epochs) {
    TrainOptions options;
    options.epochs = epochs;
    options.batch = 32;
    options.n_threads = 1;
    options.optimizer = OptimizerKind::adam;
    options.learning_rate = 0.01;
    return options;
}

std::string error_of(const Network& network, const TrainOptions& options) {
    try {
        (void)train(network, bars(64, 1), options);
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        return error.what();
    }
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(SpikingTrainer, LearnsAndTheSimulatorAgrees) {
    const MemorySamples samples = bars(384, 1), test = bars(300, 2);
    for (const auto& [kind, coding] :
         {std::pair{NeuronKind::leaky_same_step, InputCoding::direct},
          std::pair{NeuronKind::leaky_delayed, InputCoding::poisson}}) {
        Network network = testing::bars_network(kind, 6);
        network.timing.input = coding;
        TrainOptions options = quick(5);
        options.test = &test;
        options.evaluate_every = 5;
        const TrainResult result = train(network, samples, options);
        const Neuron& first = result.network.layers[2].as<Activation>()->neuron;
        EXPECT_NE(first.threshold, network.layers[2].as<Activation>()->neuron.threshold);
        EXPECT_NE(first.leak, 0.99F);
        EXPECT_LE(first.leak, 1.0F);
        EXPECT_GT(result.epochs.back().accuracy, 0.93);

        SimulationOptions simulation;
        simulation.seed = options.seed;
        const SimulationResult run =
            make_reference_simulator(result.network)->run(test, simulation, no_progress());
        // Sums in another order could move a membrane across its threshold, but hardly ever do.
        EXPECT_NEAR(run.accuracy(), *result.epochs.back().test_accuracy, 1.0 / 300);
        EXPECT_GT(run.accuracy(), 0.9);
    }
}

TEST(SpikingTrainer, ThresholdAndLeakStayIfWanted) {
    TrainOptions options = quick(1);
    options.spikes.threshold = options.spikes.leak = false;
    const Network network = testing::bars_network(NeuronKind::leaky_same_step, 3);
    const TrainResult result = train(network, bars(64, 1), options);
    for (const std::size_t l : {2, 5})
        EXPECT_EQ(*result.network.layers[l].as<Activation>(), *network.layers[l].as<Activation>());
    EXPECT_NE(result.network.layers[1], network.layers[1]);
}

TEST(SpikingTrainer, ContinuesBitForBitFromACheckpoint) {
    const auto file = std::filesystem::path(::testing::TempDir()) / "spiking.checkpoint";
    std::filesystem::remove(file);
    Network network = testing::bars_network(NeuronKind::leaky_same_step, 3);
    network.timing.input = InputCoding::poisson;
    const MemorySamples samples = bars(96, 1);
    TrainOptions options = quick(4);
    options.schedule = ScheduleKind::constant;
    options.spikes.dropout = 0.1F;
    const Network straight = train(network, samples, options).network;
    options.checkpoint = file;
    options.epochs = 2;
    (void)train(network, samples, options);
    options.epochs = 4;
    EXPECT_EQ(train(network, samples, options).network, straight);
    options.spikes.surrogate.scale = 0.5;
    EXPECT_THROW((void)train(network, samples, options), Error);  // another training
    std::filesystem::remove(file);
}

TEST(SpikingTrainer, MemoryForTimeGivesTheSameWeights) {
    const Network network = testing::bars_network(NeuronKind::leaky_delayed, 6);
    const MemorySamples samples = bars(64, 1);
    TrainOptions options = quick(1);
    const Network all_kept = train(network, samples, options).network;
    options.spikes.checkpoint_steps = 2;
    // Sums over steps are cut at other places: the last bits of the gradients differ.
    const Network again = train(network, samples, options).network;
    const Tensor& a = all_kept.layers[1].as<Convolution>()->weight;
    const Tensor& b = again.layers[1].as<Convolution>()->weight;
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a.values[i], b.values[i], 1e-3F);
}

TEST(SpikingTrainer, SilentLayersAreNamed) {
    Network network = testing::bars_network(NeuronKind::leaky_same_step, 4);
    network.layers[5].as<Activation>()->neuron.threshold = {1e6F};
    const std::string error = error_of(network, quick(3));
    EXPECT_TRUE(mentions(error, "'neurons2'")) << error;
    EXPECT_TRUE(mentions(error, "'neurons1' before it first fires at timestep 1")) << error;
    EXPECT_TRUE(mentions(error, "threshold_scale")) << error;
    // The second layer of delayed neurons cannot fire within two steps.
    const std::string deep =
        error_of(testing::bars_network(NeuronKind::leaky_delayed, 2), quick(3));
    EXPECT_TRUE(mentions(deep, "use more steps")) << deep;
}

TEST(SpikingTrainer, SilenceIsBorneForSoManyBatchesOrAnEpoch) {
    Network network = testing::bars_network(NeuronKind::leaky_same_step, 4);
    network.layers[5].as<Activation>()->neuron.threshold = {1e6F};
    TrainOptions options = quick(3);
    options.spikes.silent_batches = 1;
    EXPECT_TRUE(mentions(error_of(network, options), "in epoch 1, batch 1 of 2"));
    options.spikes.silent_batches = 100;
    EXPECT_TRUE(mentions(error_of(network, options), "in epoch 1, batch 2 of 2"));
    options.spikes.silent_batches = 0;
    EXPECT_TRUE(mentions(error_of(network, options), "silent_batches is 0"));
}

TEST(SpikingTrainer, DivergenceNamesLayerAndTimestep) {
    TrainOptions options = quick(3);
    options.optimizer = OptimizerKind::sgd;
    options.learning_rate = 1e38;
    options.schedule = ScheduleKind::constant;
    options.spikes.threshold = options.spikes.leak = false;
    const std::string error =
        error_of(testing::bars_network(NeuronKind::leaky_same_step, 4), options);
    EXPECT_TRUE(mentions(error, "the sums of layer 'output'")) << error;
    EXPECT_TRUE(mentions(error, "not finite, at timestep ") && mentions(error, " of 4;")) << error;
    EXPECT_TRUE(mentions(error, "lower the learning rate")) << error;
}

/// The first step of the second epoch ruins the weights, which are still finite then.
TEST(SpikingTrainer, DivergenceLeavesTheLastGoodCheckpoint) {
    const auto file = std::filesystem::path(::testing::TempDir()) / "diverged.checkpoint";
    for (const bool spiking : {false, true}) {
        std::filesystem::remove(file);
        Network network = testing::bars_network(NeuronKind::leaky_same_step, spiking ? 3 : 0);
        if (!spiking)
            for (const std::size_t l : {2, 5}) network.layers[l].operation = Activation{};
        TrainOptions options = quick(3);
        options.optimizer = OptimizerKind::sgd;
        options.momentum = 0;
        options.schedule = ScheduleKind::step;
        options.milestones = {1};
        options.gamma = 1e30;
        options.spikes.threshold = options.spikes.leak = false;
        options.checkpoint = file;
        options.checkpoint_seconds = 1e-9;  // after every batch
        const std::string error = error_of(network, options);
        EXPECT_TRUE(mentions(error, "in epoch 2, batch 2 of 2")) << error;
        EXPECT_TRUE(mentions(error, "as the schedule has it")) << error;
        const Checkpoint kept = decode_checkpoint(read_file(file), file);
        EXPECT_GE(kept.epochs.size(), 1U);
        for (const auto& [name, tensor] : kept.tensors)
            for (const float value : tensor.values) ASSERT_TRUE(std::isfinite(value)) << name;
        EXPECT_EQ(kept.epochs.size(), 1U);
        EXPECT_EQ(kept.part.batches, 0U);
        for (const auto& [name, tensor] : kept.tensors)
            for (const float value : tensor.values) ASSERT_LT(std::abs(value), 100) << name;
        std::filesystem::remove(file);
    }
}

/// Membranes that are no numbers never fire; spikes, and with them the loss, stay finite.
TEST(SpikingTrainer, DivergenceInsideTheNetworkIsNotTakenForSilence) {
    Network network = testing::bars_network(NeuronKind::leaky_same_step, 4);
    for (float& w : network.layers[1].as<Convolution>()->weight.values)
        w = std::copysign(3e38F, w);  // currents of more than one overflow
    const std::string error = error_of(network, quick(3));
    EXPECT_TRUE(mentions(error, "the membranes of layer 'neurons1' are the first")) << error;
    EXPECT_TRUE(mentions(error, "at timestep 1 of 4; no step was made yet")) << error;
    EXPECT_FALSE(mentions(error, "emitted no spike")) << error;
}

/// With any finite weights the loss of a spiking network is finite.
TEST(SpikingTrainer, ALossFarAboveWhereItBeganIsADivergence) {
    TrainOptions options = quick(3);
    options.optimizer = OptimizerKind::sgd;
    options.learning_rate = 1e30;
    options.schedule = ScheduleKind::constant;
    options.spikes.threshold = options.spikes.leak = false;
    options.checkpoint = std::filesystem::path(::testing::TempDir()) / "far.checkpoint";
    options.last_good = std::filesystem::path(::testing::TempDir()) / "far.safetensors";
    for (const int epochs : {3, 1}) {  // 1: with no batch after the second step
        std::filesystem::remove(options.checkpoint);
        options.epochs = epochs;
        options.batch = epochs == 1 ? 64 : 32;
        const std::string error =
            error_of(testing::bars_network(NeuronKind::leaky_same_step, 4), options);
        EXPECT_TRUE(mentions(error, "counts as divergence")) << error;
        EXPECT_TRUE(mentions(error, epochs == 1 ? "after the last batch" : "epoch 1, batch 2"))
            << error;
        EXPECT_TRUE(mentions(error, "has grown most")) << error;
        EXPECT_TRUE(mentions(error, "from 1e+30 to 1e+29)")) << error;
        EXPECT_TRUE(mentions(error, "no checkpoint had been written")) << error;
        EXPECT_FALSE(std::filesystem::exists(options.checkpoint));
        EXPECT_FALSE(std::filesystem::exists(options.last_good));
    }
}

TEST(SpikingTrainer, DivergenceOfTheOutputSumsIsNamed) {
    Network network = testing::bars_network(NeuronKind::leaky_same_step, 4);
    for (float& w : network.layers[7].as<Linear>()->weight.values) w = std::copysign(3e38F, w);
    const std::string error = error_of(network, quick(3));
    EXPECT_TRUE(mentions(error, "the loss became ")) << error;
    EXPECT_TRUE(mentions(error, "the sums of layer 'output', which adds up what layer 'fc' sends"))
        << error;
    EXPECT_TRUE(mentions(error, "at timestep 1 of 4")) << error;
    EXPECT_TRUE(mentions(error, "no step was made yet")) << error;
}

TEST(SpikingTrainer, DivergenceOfGradientsNamesAParameter) {
    TrainOptions options = quick(1);
    options.spikes.surrogate.scale = 1e38;
    const std::string error =
        error_of(testing::bars_network(NeuronKind::leaky_same_step, 4), options);
    EXPECT_TRUE(mentions(error, "the gradient of 'conv2.weight', the first on the way back") ||
                mentions(error, "the gradient of 'neurons"))
        << error;
}

/// The last good weights can be used, with other keys, as the network that they are.
TEST(SpikingTrainer, DivergenceLeavesTheLastGoodWeightsAsANetwork) {
    const auto folder = std::filesystem::path(::testing::TempDir());
    const Network network = testing::bars_network(NeuronKind::leaky_same_step, 3);
    TrainOptions options = quick(1);
    options.schedule = ScheduleKind::step;
    options.milestones = {1};
    options.gamma = 1e30;
    options.spikes.threshold = options.spikes.leak = false;
    const Network good = train(network, bars(64, 1), options).network;

    options.epochs = 3;
    options.checkpoint = folder / "last_good.checkpoint";
    options.last_good = folder / "last_good.safetensors";
    std::filesystem::remove(options.checkpoint);
    const std::string error = error_of(network, options);
    EXPECT_TRUE(mentions(error, "of 1 epochs and 0 batches")) << error;
    EXPECT_TRUE(mentions(error, "file = \"" + options.last_good.string() + "\"")) << error;
    EXPECT_EQ(load_network(options.last_good), good);

    options.gamma = 0.1;
    options.checkpoint.clear();
    EXPECT_NO_THROW((void)train(load_network(options.last_good), bars(64, 1), options));
    std::filesystem::remove(options.last_good);
}

TEST(SpikingTrainer, ThresholdsThatFallToZeroLeaveTheLastGoodWeightsToo) {
    TrainOptions options = quick(3);
    options.optimizer = OptimizerKind::sgd;
    options.momentum = 0;
    options.learning_rate = 1e-6;
    options.schedule = ScheduleKind::step;
    options.milestones = {1};
    options.gamma = 1e3;
    options.weight_decay = 2e3;  // times the rate of the second epoch: 2
    options.checkpoint = std::filesystem::path(::testing::TempDir()) / "threshold.checkpoint";
    options.last_good = std::filesystem::path(::testing::TempDir()) / "threshold.safetensors";
    std::filesystem::remove(options.checkpoint);
    const std::string error =
        error_of(testing::bars_network(NeuronKind::leaky_same_step, 3), options);
    EXPECT_TRUE(mentions(error, "train: in epoch 2, batch 1 of 2: the threshold of layer 'neur"))
        << error;
    EXPECT_TRUE(mentions(error, "the last good weights, of 1 epochs")) << error;
    EXPECT_NO_THROW((void)load_network(options.last_good));
    std::filesystem::remove(options.last_good);
    std::filesystem::remove(options.checkpoint);
}

/// Weight decay takes all weights away with the very last step.
TEST(SpikingTrainer, ALayerThatFallsSilentWithTheLastStepIsFound) {
    const auto file = std::filesystem::path(::testing::TempDir()) / "silent_end.checkpoint";
    std::filesystem::remove(file);
    TrainOptions options = quick(1);
    options.optimizer = OptimizerKind::sgd;
    options.momentum = 0;
    options.learning_rate = 1;
    options.schedule = ScheduleKind::one_cycle;  // the first of two steps has 1e-6, the second 1
    options.warm_up = 1;
    options.start_divisor = 1e6;
    options.weight_decay = 1;
    options.spikes.surrogate.scale = 1e-6;
    options.spikes.threshold = options.spikes.leak = false;
    options.checkpoint = file;
    options.checkpoint_seconds = 1e-9;  // after every batch
    const std::string error =
        error_of(testing::bars_network(NeuronKind::leaky_same_step, 3), options);
    EXPECT_TRUE(mentions(error, "after the last batch: layer 'neurons1'")) << error;
    EXPECT_TRUE(mentions(error, "of the first 64 training samples")) << error;
    EXPECT_EQ(decode_checkpoint(read_file(file), file).part.batches, 1U);
    std::filesystem::remove(file);
}

/// In the second epoch weight decay takes all weights away at once.
TEST(SpikingTrainer, SilenceLeavesACheckpointOfANetworkThatFires) {
    const auto file = std::filesystem::path(::testing::TempDir()) / "silent.checkpoint";
    std::filesystem::remove(file);
    TrainOptions options = quick(30);
    options.optimizer = OptimizerKind::sgd;
    options.momentum = 0;
    options.learning_rate = 1e-6;
    options.schedule = ScheduleKind::step;
    options.milestones = {1};
    options.gamma = 1e3;
    options.weight_decay = 1e3;  // times the rate of the second epoch: 1
    options.spikes.threshold = options.spikes.leak = false;
    options.checkpoint = file;
    options.checkpoint_seconds = 1e-9;  // after every batch
    const std::string error =
        error_of(testing::bars_network(NeuronKind::leaky_same_step, 3), options);
    EXPECT_TRUE(mentions(error, "'neurons1'") && mentions(error, "emitted no spike")) << error;
    const Checkpoint kept = decode_checkpoint(read_file(file), file);
    float largest = 0;
    for (const auto& [name, tensor] : kept.tensors)
        if (name == "conv1.weight")
            for (const float value : tensor.values) largest = std::max(largest, std::abs(value));
    EXPECT_GT(largest, 0.01F);
    std::filesystem::remove(file);
}

TEST(SpikingTrainer, ANetworkWhoseLeaksWantBelowZeroIsSound) {
    Network network = testing::bars_network(NeuronKind::leaky_same_step, 4);
    for (const std::size_t l : {2, 5}) network.layers[l].as<Activation>()->neuron.leak = 0;
    TrainOptions options = quick(3);
    options.learning_rate = 0.01;
    const Network trained = train(network, bars(64, 1), options).network;
    EXPECT_NO_THROW((void)encode_network(trained));
}

TEST(SpikingTrainer, RefusesOptionsOfFloatNetworks) {
    TrainOptions options = quick(1);
    options.binary_weights = BinaryWeights::inner;
    EXPECT_THROW(
        (void)train(testing::bars_network(NeuronKind::leaky_same_step, 2), bars(64, 1), options),
        Error);
}

}  // namespace
}  // namespace ranvier
