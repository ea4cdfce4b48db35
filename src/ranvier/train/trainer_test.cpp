#include "ranvier/train/trainer.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include "tests/support/bars.hpp"
#include <algorithm>
#include <cmath>
#include <limits>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

/// Names of files need not be UTF-8.
MemorySamples bars(std::size_t n, std::uint64_t seed) {
    return testing::bars(n, seed, "bars \xff seed {}");
}

Tensor he_weights(std::vector<std::int64_t> dims, std::uint64_t stream) {
    Tensor weight(std::move(dims));
    Random random(77, stream);
    const auto fan_in = static_cast<float>(weight.size()) / static_cast<float>(weight.dims[0]);
    for (float& v : weight.values) v = std::sqrt(2 / fan_in) * random.normal();
    return weight;
}

/// Convolution, batch norm, pooling, dropout and two outputs.
Network small_network() {
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    const Window half{2, 2, 2, 2, 0, 0, 0, 0, 1, 1};
    const auto ones = [] { return Tensor({4}, {1, 1, 1, 1}); };
    Network network;
    network.layers = {{"in", {}, Input{{1, 8, 8}, {0.3F}, {0.25F}}},
                      {"conv", {0}, Convolution{same, 1, he_weights({4, 1, 3, 3}, 1), {}}},
                      {"norm", {1}, BatchNorm{ones(), Tensor({4}), Tensor({4}), ones()}},
                      {"relu", {2}, Activation{}},
                      {"pool", {3}, MaxPool{half, false, {}}},
                      {"flat", {4}, Flatten{}},
                      {"drop", {5}, Dropout{0.2F}},
                      {"fc", {6}, Linear{he_weights({2, 64}, 2), Tensor({2})}},
                      {"out", {7}, Output{}}};
    return network;
}

double accuracy(const Network& network, const Samples& samples) {
    std::vector<float> pixels(static_cast<std::size_t>(samples.shape().size()));
    int correct = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        samples.read(i, pixels);
        const auto outputs = reference_forward(network, pixels).back();
        correct +=
            std::max_element(outputs.begin(), outputs.end()) - outputs.begin() == samples.label(i);
    }
    return correct / static_cast<double>(samples.size());
}

TrainOptions quick(int epochs) {
    TrainOptions options;
    options.epochs = epochs;
    options.batch = 32;
    options.n_threads = 2;
    options.shift = 1;
    options.flip = true;
    options.weight_decay = 1e-4;
    return options;
}

class Train : public ::testing::Test {
protected:
    fs::path folder_ = fs::path(::testing::TempDir()) /
                       ::testing::UnitTest::GetInstance()->current_test_info()->name();
    void SetUp() override { fs::remove_all(folder_); }
    void TearDown() override { fs::remove_all(folder_); }
};

/// The message of the Error that `work` throws, whose fault must be `fault`.
template <typename Work>
std::string message(Fault fault, const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), fault) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

void expect_in(const std::string& part, const std::string& text) {
    EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

TEST_F(Train, LearnsBars) {
    for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam}) {
        TrainOptions options = quick(12);
        options.optimizer = kind;
        if (kind == OptimizerKind::adam) options.learning_rate = 0.01;
        const TrainResult result = train(small_network(), bars(500, 1), options);
        EXPECT_GT(accuracy(result.network, bars(300, 2)), 0.95) << static_cast<int>(kind);
        ASSERT_EQ(result.epochs.size(), 12U);
        EXPECT_LT(result.epochs.back().loss, result.epochs.front().loss);
        EXPECT_GT(result.epochs.back().accuracy, 0.9);
        EXPECT_EQ(result.epochs[0].learning_rate, options.learning_rate);
        EXPECT_EQ(result.epochs[11].epoch, 12);
    }
    EXPECT_LT(accuracy(small_network(), bars(300, 2)), 0.8);  // the weights were not good before
}

TEST_F(Train, SameSeedSameWeights) {
    const MemorySamples samples = bars(100, 1);
    TrainOptions options = quick(2);
    const Network first = train(small_network(), samples, options).network;
    EXPECT_EQ(first, train(small_network(), samples, options).network);
    options.seed = 2;
    EXPECT_NE(first, train(small_network(), samples, options).network);
}

/// Ends a training as a kill would: right behind the first note of an epoch.
class StopIn : public Progress {
public:
    explicit StopIn(int epoch) : start_(fmt::format("epoch {}/", epoch)) {}
    void note(std::string_view text) override {
        if (text.starts_with(start_)) throw std::runtime_error("stopped");
    }

private:
    std::string start_;
};

TEST_F(Train, ResumeContinuesBitForBit) {
    const MemorySamples samples = bars(101, 1);  // batches of 26 and 25
    for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam}) {
        TrainOptions options = quick(4);
        options.optimizer = kind;
        const TrainResult straight = train(small_network(), samples, options);
        options.checkpoint = folder_ / fmt::format("kind{}", static_cast<int>(kind));
        StopIn stop(3);
        EXPECT_THROW((void)train(small_network(), samples, options, stop), std::runtime_error);
        const TrainResult resumed = train(small_network(), samples, options);
        EXPECT_EQ(resumed.network, straight.network);
        ASSERT_EQ(resumed.epochs.size(), 4U);
        for (std::size_t e = 0; e < 4; ++e) {
            EXPECT_EQ(resumed.epochs[e].epoch, static_cast<int>(e) + 1);
            EXPECT_EQ(resumed.epochs[e].loss, straight.epochs[e].loss);
            EXPECT_EQ(resumed.epochs[e].accuracy, straight.epochs[e].accuracy);
            EXPECT_EQ(resumed.epochs[e].learning_rate, straight.epochs[e].learning_rate);
        }
        StopIn at_once(4);  // nothing is left to train: the result is in the checkpoint
        EXPECT_EQ(train(small_network(), samples, options, at_once).network, straight.network);
    }
}

/// Ends a training after so many batches, before what they did can be saved.
class StopAfter : public Progress {
public:
    explicit StopAfter(int n_batches) : left_(n_batches) {}
    void note(std::string_view /*text*/) override {
        if (--left_ == 0) throw std::runtime_error("stopped");
    }
    [[nodiscard]] int left() const { return left_; }

private:
    int left_;
};

TEST_F(Train, ResumesInsideAnEpoch) {
    const MemorySamples samples = bars(101, 1);  // four batches
    TrainOptions options = quick(3);
    options.schedule = ScheduleKind::one_cycle;
    const TrainResult straight = train(small_network(), samples, options);
    options.checkpoint_seconds = 1e-9;  // after every batch
    options.checkpoint_every = 2;
    options.curves = folder_ / "curves";
    for (const int n_batches : {1, 2, 4, 5, 11}) {
        options.checkpoint = folder_ / fmt::format("after{}", n_batches);
        StopAfter stop(n_batches);
        EXPECT_THROW((void)train(small_network(), samples, options, stop), std::runtime_error);
        StopAfter count(1000);
        const TrainResult resumed = train(small_network(), samples, options, count);
        // What the last batch before the stop did is lost; so is an epoch without a checkpoint.
        const int kept = n_batches == 5 ? 3 : n_batches - 1;
        EXPECT_EQ(1000 - count.left(), 12 - kept) << n_batches;
        EXPECT_EQ(resumed.network, straight.network) << n_batches;
        ASSERT_EQ(resumed.epochs.size(), 3U);
        for (std::size_t e = 0; e < 3; ++e) {
            EXPECT_EQ(resumed.epochs[e].loss, straight.epochs[e].loss);
            EXPECT_EQ(resumed.epochs[e].accuracy, straight.epochs[e].accuracy);
        }
        const std::string table = read_file(options.curves / "curves.csv");
        EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1 + 3);
    }
}

TEST_F(Train, MeasuresTheTestSet) {
    const MemorySamples samples = bars(100, 1), test = bars(75, 2);
    TrainOptions options = quick(5);
    options.test = &test;
    options.evaluate_every = 3;
    const TrainResult result = train(small_network(), samples, options);
    for (std::size_t e = 0; e < 5; ++e) {
        EXPECT_EQ(result.epochs[e].test_accuracy.has_value(), e == 2 || e == 4) << e;
        EXPECT_EQ(result.epochs[e].test_loss.has_value(), e == 2 || e == 4) << e;
    }
    EXPECT_EQ(*result.epochs[4].test_accuracy, accuracy(result.network, test));
    options.evaluate_every = 0;
    EXPECT_EQ(train(small_network(), samples, options).network, result.network)
        << "measuring changed the training";
}

/// With one more convolution, whose weights can be binary.
Network network_with_inner_layer() {
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    Network network = small_network();
    auto& layers = network.layers;
    layers.insert(layers.begin() + 4,
                  {{"inner", {3}, Convolution{same, 1, he_weights({4, 4, 3, 3}, 3), {}}},
                   {"inner_relu", {4}, Activation{}}});
    for (std::size_t l = 6; l < layers.size(); ++l) layers[l].inputs = {l - 1};
    return network;
}

/// Binary weights are centred and clamped for good whenever they are made, so measuring must put
/// the real ones back.
TEST_F(Train, MeasuresTheTestSetWithBinaryWeights) {
    const Network network = network_with_inner_layer();
    const MemorySamples samples = bars(100, 1), test = bars(75, 2);
    TrainOptions options = quick(4);
    options.binary_weights = BinaryWeights::inner;
    const TrainResult straight = train(network, samples, options);
    options.test = &test;
    options.evaluate_every = 1;
    const TrainResult measured = train(network, samples, options);
    EXPECT_EQ(measured.network, straight.network) << "measuring changed the training";
    EXPECT_EQ(*measured.epochs[3].test_accuracy, accuracy(measured.network, test));
}

/// A target derived with factor 1 is what the first batch has, if that is the whole set and nothing
/// is random: then the penalty is 0, whatever its weight.
TEST_F(Train, DerivesTheSynopTargetFromBinaryWeights) {
    Network network = network_with_inner_layer();
    std::erase_if(network.layers, [](const Layer& layer) { return layer.name == "drop"; });
    network.layers[2] = {"norm", {1}, Activation{}};  // batch norm is another outside of training
    for (std::size_t l = 1; l < network.layers.size(); ++l) network.layers[l].inputs = {l - 1};
    const MemorySamples samples = bars(60, 1);
    TrainOptions options = quick(1);
    options.batch = 60;
    options.shift = 0;
    options.flip = false;
    options.binary_weights = BinaryWeights::inner;
    const double plain = train(network, samples, options).epochs[0].loss;
    options.synop_loss = SynopPenalty::fan_out;
    options.synop_weight = 1e4;  // a target 1 % off would cost 1
    const EpochResult first = train(network, samples, options).epochs[0];
    EXPECT_GT(first.synops, 0);
    EXPECT_NEAR(first.loss, plain, 1e-4);
}

TEST_F(Train, SynopPenaltiesThatMeanNothingAreRefused) {
    const MemorySamples samples = bars(60, 1);
    TrainOptions options = quick(1);
    options.synop_loss = SynopPenalty::fan_out;
    const auto refused = [&](const Network& network, Fault fault) {
        return message(fault, [&] { (void)train(network, samples, options); });
    };
    for (const double target : {1e-30, 0.5, -1.0}) {
        options.synop_target = target;
        expect_in("at least 1", refused(small_network(), Fault::bad_input));
    }
    options.synop_target = 0;
    options.synop_factor = 1e-30;
    expect_in("0.001 to 1000", refused(small_network(), Fault::bad_input));
    options.synop_factor = 1;
    Network sign = small_network();
    sign.layers[3].as<Activation>()->neuron.kind = NeuronKind::sign;
    expect_in("'relu' are -1 and +1", refused(sign, Fault::unsupported));
}

TEST_F(Train, AFinishedTrainingCanBeMadeLonger) {
    const MemorySamples samples = bars(100, 1);
    TrainOptions options = quick(3);
    options.schedule = ScheduleKind::step;
    options.milestones = {2};
    const TrainResult straight = train(small_network(), samples, options);
    EXPECT_DOUBLE_EQ(straight.epochs[2].learning_rate, 0.005);
    options.checkpoint = folder_ / "c";
    options.epochs = 1;
    (void)train(small_network(), samples, options);
    options.epochs = 3;
    options.checkpoint_every = 100;
    EXPECT_EQ(train(small_network(), samples, options).network, straight.network);
    options.epochs = 2;
    expect_in("3 epochs",
              message(Fault::bad_input, [&] { (void)train(small_network(), samples, options); }));
}

TEST_F(Train, RefusesTheCheckpointOfAnotherTraining) {
    const MemorySamples samples = bars(50, 1);
    TrainOptions options = quick(1);
    options.checkpoint = folder_ / "c";
    (void)train(small_network(), samples, options);
    const std::string before = read_file(options.checkpoint);
    const auto refusal = [&](const Network& network, const Samples& data, const TrainOptions& o) {
        const std::string text = message(Fault::bad_input, [&] { (void)train(network, data, o); });
        expect_in(options.checkpoint.string(), text);
        return text;
    };
    TrainOptions other = options;
    other.learning_rate = 0.01;
    expect_in("learning rate is '0.05', here it is '0.01'",
              refusal(small_network(), samples, other));
    other = options;
    other.seed = 3;
    expect_in("seed", refusal(small_network(), samples, other));
    expect_in("data", refusal(small_network(), bars(50, 2), options));
    Network network = small_network();
    network.layers[1].as<Convolution>()->weight.values[0] += 1;
    expect_in("network", refusal(network, samples, options));
    EXPECT_EQ(read_file(options.checkpoint), before);
}

TEST_F(Train, RefusesDamagedCheckpoints) {
    const MemorySamples samples = bars(50, 1);
    TrainOptions options = quick(2);
    options.checkpoint = folder_ / "c";
    (void)train(small_network(), samples, options);
    const std::string whole = read_file(options.checkpoint);
    const auto refused = [&](const std::string& content) {
        write_file(options.checkpoint, content);
        expect_in(options.checkpoint.string(), message(Fault::bad_input, [&] {
                      (void)train(small_network(), samples, options);
                  }));
    };
    refused("");
    refused("not a checkpoint at all");
    for (std::size_t length = 1; length < whole.size(); length += whole.size() / 50)
        refused(whole.substr(0, length));
    refused(whole + "x");
    for (const std::size_t place : {whole.size() - 1, whole.size() / 2, whole.size() / 3}) {
        std::string flipped = whole;
        flipped[place] = static_cast<char>(flipped[place] ^ 4);
        refused(flipped);
    }
    fs::remove(options.checkpoint);
    fs::create_directories(options.checkpoint);
    message(Fault::io, [&] { (void)train(small_network(), samples, options); });
}

TEST_F(Train, SaysToLowerTheLearningRateWhenTheLossExplodes) {
    TrainOptions options = quick(3);
    options.learning_rate = 1e30;
    options.checkpoint = folder_ / "c";
    expect_in("lower the learning rate", message(Fault::bad_input, [&] {
                  (void)train(small_network(), bars(100, 1), options);
              }));
    EXPECT_FALSE(fs::exists(options.checkpoint));
}

TEST_F(Train, ChecksBeforeItStarts) {
    const MemorySamples samples = bars(50, 1);
    const auto refusal = [&](const Network& network, const TrainOptions& options,
                             Fault fault = Fault::bad_input) {
        return message(fault, [&] { (void)train(network, samples, options); });
    };
    const auto with = [](auto change) {
        TrainOptions options = quick(1);
        change(options);
        return options;
    };
    expect_in("epochs", refusal(small_network(), with([](auto& o) { o.epochs = 0; })));
    expect_in("batch", refusal(small_network(), with([](auto& o) { o.batch = 0; })));
    expect_in("shift", refusal(small_network(), with([](auto& o) { o.shift = 8; })));
    expect_in("beta2", refusal(small_network(), with([](auto& o) { o.beta2 = 1; })));
    expect_in("warm_up", refusal(small_network(), with([](auto& o) { o.warm_up = -0.1; })));
    expect_in("no test set",
              refusal(small_network(), with([](auto& o) { o.evaluate_every = 1; }), Fault::usage));
    expect_in("momentum", refusal(small_network(), with([](auto& o) { o.momentum = 1; })));
    expect_in("learning_rate", refusal(small_network(), with([](auto& o) {
                                           o.learning_rate =
                                               std::numeric_limits<double>::quiet_NaN();
                                       })));

    Network network = small_network();
    network.input().shape = {1, 16, 4};
    expect_in("1x8x8", refusal(network, quick(1)));
    network = small_network();
    *network.layers[7].as<Linear>() = {he_weights({1, 64}, 2), Tensor({1})};
    expect_in("2 classes", refusal(network, quick(1)));
    network = small_network();
    network.layers[3].as<Activation>()->neuron.kind = NeuronKind::integrate_fire;
    expect_in("relu", refusal(network, quick(1), Fault::unsupported));
    network = small_network();
    network.layers[1].as<Convolution>()->weight.values[3] = INFINITY;
    expect_in("conv", refusal(network, quick(1)));
    network = small_network();
    network.layers[6] = {"drop",
                         {5},
                         BatchNorm{Tensor({64}), Tensor({64}), Tensor({64}),
                                   Tensor({64}, std::vector<float>(64, 1))}};
    expect_in("one value per channel", refusal(network, with([](auto& o) { o.batch = 1; })));
}

}  // namespace
}  // namespace ranvier
