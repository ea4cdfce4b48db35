// Processes are threads here, each with a connection of its own: to c10d that is the same.
#include "ranvier/train/process_group.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/train/tensor_group.hpp"
#include "ranvier/train/trainer.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cmath>
#include <filesystem>
#include <functional>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace ranvier {
namespace {

int free_port() {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(server, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(server);
    return ntohs(address.sin_port);
}

Launch launch_of(int rank, int size, int port) {
    Launch launch;
    launch.rank = launch.local_rank = rank;
    launch.size = launch.local_size = size;
    launch.port = port;
    launch.patience = std::chrono::seconds(20);
    return launch;
}

/// Runs `body` in `size` processes; what each threw, "" for nothing.
std::vector<std::string> in_processes(int size, const std::function<void(ProcessGroup&)>& body) {
    const int port = free_port();
    std::vector<std::string> errors(static_cast<std::size_t>(size));
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank)
        threads.emplace_back([&, rank] {
            try {
                const auto group = connect_processes(launch_of(rank, size, port));
                body(*group);
                group->finish();
            } catch (const std::exception& error) {
                errors[static_cast<std::size_t>(rank)] = error.what();
            }
        });
    for (std::thread& thread : threads) thread.join();
    return errors;
}

void expect_no_errors(const std::vector<std::string>& errors) {
    for (const std::string& error : errors) EXPECT_EQ(error, "");
}

TEST(ProcessGroup, AGroupOfOneChangesNothing) {
    const auto group = connect_processes({});
    std::vector<double> values = {1, 2};
    group->sum(values);
    EXPECT_EQ(values, (std::vector<double>{1, 2}));
    EXPECT_EQ(group->from_first("text"), "text");
    group->finish();
}

#if RANVIER_CAN_DISTRIBUTE

TEST(ProcessGroup, SumsAreExactAndTextsArrive) {
    for (const int size : {2, 3})
        expect_no_errors(in_processes(size, [size](ProcessGroup& group) {
            EXPECT_EQ(group.size(), size);
            const std::uint64_t large = (std::uint64_t{1} << 62) + 1;
            std::vector<std::uint64_t> counts = {large, static_cast<std::uint64_t>(group.rank())};
            group.sum(counts);
            EXPECT_EQ(counts[0], large * static_cast<std::uint64_t>(size));  // modulo 2^64
            EXPECT_EQ(counts[1], static_cast<std::uint64_t>(size * (size - 1) / 2));
            std::vector<double> values = {0.5 + group.rank()};
            group.sum(values);
            EXPECT_DOUBLE_EQ(values[0], 0.5 * size + size * (size - 1) / 2.0);
            const std::string long_text(100'000, 'x');
            EXPECT_EQ(group.from_first(group.first() ? long_text : "mine"), long_text);
            EXPECT_EQ(group.from_first(group.first() ? "" : "mine"), "");
        }));
}

TEST(ProcessGroup, TensorsAreSummedWhateverTheirMemoryOrder) {
    expect_no_errors(in_processes(2, [](ProcessGroup& group) {
        std::vector<torch::Tensor> tensors = {torch::full({3}, group.rank() + 1.0F),
                                              torch::ones({2, 3, 2, 2}),
                                              torch::arange(24, torch::kFloat32)
                                                  .view({2, 3, 2, 2})
                                                  .contiguous(at::MemoryFormat::ChannelsLast)};
        const torch::Tensor before = tensors[2].clone();
        sum_tensors(group, tensors);
        EXPECT_TRUE(tensors[0].equal(torch::full({3}, 3.0F)));
        EXPECT_TRUE(tensors[1].equal(torch::full({2, 3, 2, 2}, 2.0F)));
        EXPECT_TRUE(tensors[2].equal(2 * before));
    }));
}

/// Output, gradients and running statistics of a batch norm on samples [begin, end) of one batch,
/// of which the whole loss is sum(output * weights).
TEST(ProcessGroup, BatchNormOfPartsIsThatOfTheWhole) {
    torch::manual_seed(3);
    const torch::Tensor x = torch::randn({5, 3, 2, 2}, torch::kFloat64) * 2 + 1;
    const torch::Tensor weights = torch::randn({5, 3, 2, 2}, torch::kFloat64);
    const auto tensors = [] {
        const auto options = torch::dtype(torch::kFloat64);
        return BatchNormTensors{torch::tensor({0.5, 1.0, 2.0}, options).requires_grad_(),
                                torch::tensor({0.1, 0.2, 0.3}, options).requires_grad_(),
                                torch::zeros({3}, options), torch::ones({3}, options)};
    };
    const BatchNormTensors whole = tensors();
    const torch::Tensor whole_x = x.clone().requires_grad_();
    const torch::Tensor expected = torch::batch_norm(whole_x, whole.scale, whole.shift, whole.mean,
                                                     whole.variance, true, 0.1, 1e-5, false);
    (expected * weights).sum().backward();

    expect_no_errors(in_processes(2, [&](ProcessGroup& group) {
        const std::int64_t begin = group.first() ? 0 : 2, end = group.first() ? 2 : 5;
        const BatchNormTensors own = tensors();
        const torch::Tensor part = x.slice(0, begin, end).clone().requires_grad_();
        const torch::Tensor found = shared_batch_norm(group, part, 5, own, 0.1, 1e-5);
        (found * weights.slice(0, begin, end)).sum().backward();
        sum_tensors(group, {own.scale.grad(), own.shift.grad()});
        // Sums of 20 float64 values in another order.
        const auto close = [](const torch::Tensor& a, const torch::Tensor& b) {
            return a.allclose(b, 1e-11, 1e-11);
        };
        EXPECT_TRUE(close(found, expected.slice(0, begin, end)));
        EXPECT_TRUE(close(part.grad(), whole_x.grad().slice(0, begin, end)));
        EXPECT_TRUE(close(own.scale.grad(), whole.scale.grad()));
        EXPECT_TRUE(close(own.shift.grad(), whole.shift.grad()));
        EXPECT_TRUE(close(own.mean, whole.mean));
        EXPECT_TRUE(close(own.variance, whole.variance));
    }));
}

Tensor noise(std::vector<std::int64_t> dims, float scale, std::uint64_t stream) {
    Tensor tensor(std::move(dims));
    Random random(5, stream);
    for (float& value : tensor.values) value = scale * random.normal();
    return tensor;
}

/// Convolutions, batch norm and dropout.
Network small_network() {
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    const auto ones = [] { return Tensor({4}, {1, 1, 1, 1}); };
    Network network;
    network.layers = {{"in", {}, Input{{1, 6, 6}, {}, {}}},
                      {"conv", {0}, Convolution{same, 1, noise({4, 1, 3, 3}, 0.5F, 1), {}}},
                      {"norm", {1}, BatchNorm{ones(), Tensor({4}), Tensor({4}), ones()}},
                      {"relu", {2}, Activation{}},
                      {"conv2", {3}, Convolution{same, 1, noise({4, 4, 3, 3}, 0.3F, 3), {}}},
                      {"relu2", {4}, Activation{}},
                      {"flat", {5}, Flatten{}},
                      {"drop", {6}, Dropout{0.2F}},
                      {"fc", {7}, Linear{noise({2, 144}, 0.1F, 2), Tensor({2})}},
                      {"out", {8}, Output{}}};
    return network;
}

MemorySamples samples(std::size_t n) {
    std::vector<int> labels(n);
    std::vector<float> pixels(n * 36);
    Random random(9, 0);
    for (float& pixel : pixels) pixel = random.uniform();
    for (std::size_t i = 0; i < n; ++i) {
        labels[i] = static_cast<int>(random.below(2));
        for (std::size_t p = 0; p < 18; ++p) pixels[i * 36 + p] += labels[i] == 0 ? 0.0F : 0.5F;
    }
    return MemorySamples({{1, 6, 6}, 2, labels, pixels, "noise"});
}

TrainOptions options() {
    TrainOptions options;
    options.epochs = 3;
    options.batch = 16;
    options.n_threads = 1;
    options.shift = 1;
    options.weight_decay = 1e-3;
    return options;
}

/// Trains on 1, 2 and 3 processes: the same network in every process of a group, and the same
/// losses whatever their number.
void expect_the_same_losses(TrainOptions alone) {
    const MemorySamples data = samples(101);  // batches of 15 and 14
    alone.test = &data;
    alone.evaluate_every = 1;
    const TrainResult expected = train(small_network(), data, alone);
    EXPECT_LT(expected.epochs.back().loss, expected.epochs.front().loss);
    for (const int size : {2, 3}) {
        std::vector<TrainResult> results(static_cast<std::size_t>(size));
        expect_no_errors(in_processes(size, [&](ProcessGroup& group) {
            TrainOptions shared = alone;
            shared.processes = &group;
            results[static_cast<std::size_t>(group.rank())] = train(small_network(), data, shared);
        }));
        for (const TrainResult& result : results) {
            EXPECT_EQ(result.network, results[0].network);  // to the last bit
            ASSERT_EQ(result.epochs.size(), expected.epochs.size());
            for (std::size_t e = 0; e < expected.epochs.size(); ++e) {
                const EpochResult &a = result.epochs[e], &b = expected.epochs[e];
                // Sums in another order differ by 1e-7 or so; 21 steps let that grow.
                EXPECT_NEAR(a.loss, b.loss, 2e-4);
                EXPECT_NEAR(a.accuracy, b.accuracy, 0.011);
                EXPECT_NEAR(*a.test_loss, *b.test_loss, 2e-4);
                EXPECT_NEAR(a.synops, b.synops, 1e-4 * b.synops);
            }
        }
    }
}

TEST(ProcessGroup, SgdGivesTheSameLossesOnOneAndOnSeveralProcesses) {
    expect_the_same_losses(options());
}

TEST(ProcessGroup, AdamGivesTheSameLossesOnOneAndOnSeveralProcesses) {
    TrainOptions adam = options();
    adam.optimizer = OptimizerKind::adam;
    adam.learning_rate = 0.003;
    expect_the_same_losses(adam);
}

TEST(ProcessGroup, TheSynopLossIsThatOfTheWholeBatch) {
    TrainOptions synops = options();
    synops.synop_loss = SynopPenalty::fan_out;
    synops.synop_factor = 0.5;
    expect_the_same_losses(synops);
}

TEST(ProcessGroup, BinaryWeightsAreTheSame) {
    TrainOptions binary = options();
    binary.binary_weights = BinaryWeights::inner;
    binary.learning_rate = 0.002;
    binary.weight_decay = 0;
    expect_the_same_losses(binary);
}

TEST(ProcessGroup, ALostProcessIsNamedAndTheCheckpointServesTheNextLaunch) {
    namespace fs = std::filesystem;
    const MemorySamples data = samples(64);
    const fs::path file = fs::path(testing::TempDir()) / "lost_process_checkpoint";
    fs::remove(file);
    struct StopInThirdEpoch : Progress {
        void note(std::string_view text) override {
            if (text.starts_with("epoch 3/")) throw std::runtime_error("stopped");
        }
    };
    const TrainResult straight = train(small_network(), data, options());
    TrainOptions shared = options();
    shared.checkpoint = file;
    const auto errors = in_processes(2, [&](ProcessGroup& group) {
        StopInThirdEpoch stop;
        TrainOptions own = shared;
        own.processes = &group;
        (void)train(small_network(), data, own, group.first() ? no_progress() : stop);
    });
    EXPECT_EQ(errors[1], "stopped");
    EXPECT_NE(errors[0].find("process 1 of 2 was lost"), std::string::npos) << errors[0];
    EXPECT_NE(errors[0].find("start all processes again"), std::string::npos) << errors[0];

    // Any number of processes may continue.
    const TrainResult resumed = train(small_network(), data, shared);
    ASSERT_EQ(resumed.epochs.size(), 3U);
    for (std::size_t e = 0; e < 3; ++e)
        EXPECT_NEAR(resumed.epochs[e].loss, straight.epochs[e].loss, 1e-4);
    fs::remove(file);
}

TEST(ProcessGroup, ProcessesOfDifferentTrainingsAreRefused) {
    const MemorySamples data = samples(40);
    const auto errors = in_processes(2, [&](ProcessGroup& group) {
        TrainOptions own = options();
        own.processes = &group;
        if (!group.first()) own.learning_rate = 0.01;
        (void)train(small_network(), data, own);
    });
    EXPECT_NE(errors[1].find("learning rate is '0.01', that of process 0 is '0.05'"),
              std::string::npos)
        << errors[1];
}

TEST(ProcessGroup, ABatchNeedsASampleForEachProcess) {
    const auto errors = in_processes(3, [&](ProcessGroup& group) {
        TrainOptions own = options();
        own.batch = 2;
        own.processes = &group;
        (void)train(small_network(), samples(40), own);
    });
    for (const std::string& error : errors)
        EXPECT_NE(error.find("make the batch larger"), std::string::npos) << error;
}

TEST(ProcessGroup, SaysWhoDidNotCome) {
    Launch launch = launch_of(0, 3, free_port());
    launch.patience = std::chrono::seconds(1);
    try {
        (void)connect_processes(launch);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::io);
        EXPECT_NE(std::string(error.what()).find("only 1 of 3"), std::string::npos) << error.what();
    }
    launch.rank = 1;
    EXPECT_THROW((void)connect_processes(launch), Error);
}

#endif

}  // namespace
}  // namespace ranvier
