// What ranvier.h gives against the reference simulator, to the last bit; and what it refuses.
#include "ranvier/base/error.hpp"
#include "ranvier/c/ranvier.h"
#include "ranvier/energy/ledger.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/engine/rate_test_networks.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_test_networks.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace ranvier {
namespace {

using testing::TestImages;

ranvier_network* open(const Network& network) {
    const std::string bytes = encode_network(network);
    ranvier_network* opened = nullptr;
    EXPECT_EQ(ranvier_open_network_in_memory(bytes.data(), bytes.size(), &opened), RANVIER_OK)
        << ranvier_last_error();
    return opened;
}

/// A network and a session that runs it.
struct Opened {
    explicit Opened(const Network& from) : network(open(from)) {
        EXPECT_EQ(ranvier_open_session(network, &session), RANVIER_OK);
        info.size = sizeof info;
        EXPECT_EQ(ranvier_describe(network, &info), RANVIER_OK) << ranvier_last_error();
    }
    ~Opened() {
        ranvier_close_session(session);
        ranvier_close_network(network);
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    int run(const std::vector<float>& images, const ranvier_run_options& options) {
        const std::size_t n = images.size() / info.n_inputs;
        logits.assign(n * info.n_outputs, -1);
        predictions.assign(n, 0);
        return ranvier_run(session, images.data(), images.size(), &options, logits.data(),
                           logits.size(), predictions.data(), n);
    }

    ranvier_network* network;
    ranvier_session* session = nullptr;
    ranvier_network_info info{};
    std::vector<float> logits;
    std::vector<std::size_t> predictions;
};

ranvier_run_options run_options() {
    ranvier_run_options options{};
    options.size = sizeof options;
    return options;
}

void expect_equal_statistics(const Opened& opened, const Network& network,
                             const SimulationResult& expected) {
    const Ledger ledger = spiking_ledger(network, expected, {});
    ranvier_statistics statistics{};
    statistics.size = sizeof statistics;
    ASSERT_EQ(ranvier_session_statistics(opened.session, &statistics), RANVIER_OK);
    EXPECT_EQ(statistics.samples, expected.samples);
    EXPECT_EQ(statistics.steps, expected.mean_steps());
    EXPECT_EQ(statistics.spikes, ledger.spikes);
    EXPECT_EQ(statistics.synops, ledger.synops);
    EXPECT_EQ(statistics.macs, ledger.spiking_macs);
    EXPECT_EQ(statistics.energy_pj, ledger.energy_pj);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        ranvier_layer_statistics layer{};
        layer.size = sizeof layer;
        ASSERT_EQ(ranvier_session_layer_statistics(opened.session, l, &layer), RANVIER_OK);
        EXPECT_EQ(layer.name, network.layers[l].name);
        EXPECT_EQ(layer.spikes, ledger.layers[l].spikes);
        EXPECT_EQ(layer.synops, ledger.layers[l].synops);
    }
}

void expect_equals_reference(const Network& network, std::uint64_t seed,
                             const ranvier_run_options& given) {
    Opened opened(network);
    const Tensor images = random_images(network, 1 + seed % 9, seed);
    SimulationOptions options;
    options.keep_logits = true;
    options.steps = given.steps;
    options.seed = given.seed;
    const SimulationResult expected = make_reference_simulator(network)->run(
        TestImages(images, static_cast<int>(opened.info.n_outputs)), options, no_progress());
    ASSERT_EQ(opened.run(images.values, given), RANVIER_OK) << ranvier_last_error();
    EXPECT_EQ(opened.logits, expected.logits.values) << "seed " << seed;
    expect_equal_statistics(opened, network, expected);
}

TEST(RanvierC, BatchesEqualTheReference) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        ranvier_run_options options = run_options();
        options.n_threads = static_cast<int>(seed % 3);
        options.seed = seed;
        Network network = random_rate_network(seed);
        if (seed % 4 == 0) network.timing.input = InputCoding::poisson;
        if (seed % 2 == 0) options.steps = 3;
        expect_equals_reference(network, seed, options);
        options.steps = 0;
        expect_equals_reference(random_one_spike_network(seed, 6, 2.0F), seed, options);
    }
}

TEST(RanvierC, EarlyExitIsTheFastEngines) {
    const Network network = random_rate_network(3);
    Opened opened(network);
    const Tensor images = random_images(network, 20, 3);
    ranvier_run_options given = run_options();
    given.exit_rule = RANVIER_EXIT_MARGIN;
    given.exit_threshold = 0.01F;
    ASSERT_EQ(opened.run(images.values, given), RANVIER_OK) << ranvier_last_error();
    SimulationOptions options;
    options.keep_logits = true;
    options.exit = {ExitRule::Kind::margin, 0.01F};
    const SimulationResult expected = make_fast_engine(network)->run(
        TestImages(images, static_cast<int>(opened.info.n_outputs)), options, no_progress());
    EXPECT_EQ(opened.logits, expected.logits.values);
    EXPECT_LT(expected.mean_steps(), expected.steps);  // else nothing was tested
    expect_equal_statistics(opened, network, expected);
}

TEST(RanvierC, AStreamOfOneFrameIsARunOfIt) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const Network network = random_rate_network(seed);
        Opened opened(network);
        const Tensor image = random_images(network, 1, seed);
        ASSERT_EQ(opened.run(image.values, run_options()), RANVIER_OK);
        ranvier_stream* stream = nullptr;
        ASSERT_EQ(ranvier_open_stream(opened.network, nullptr, &stream), RANVIER_OK);
        for (int pass = 0; pass < 2; ++pass) {
            for (int t = 0; t < opened.info.steps; ++t)
                ASSERT_EQ(t % 2 == 0 ? ranvier_step(stream, image.values.data(), image.size())
                                     : ranvier_step(stream, nullptr, 0),
                          RANVIER_OK);
            std::vector<float> logits(opened.info.n_outputs);
            std::size_t prediction = 0;
            ranvier_statistics of_stream{}, of_run{};
            of_stream.size = of_run.size = sizeof of_run;
            EXPECT_EQ(ranvier_stream_logits(stream, logits.data(), logits.size()), RANVIER_OK);
            EXPECT_EQ(ranvier_stream_prediction(stream, &prediction), RANVIER_OK);
            EXPECT_EQ(ranvier_stream_statistics(stream, &of_stream), RANVIER_OK);
            EXPECT_EQ(ranvier_session_statistics(opened.session, &of_run), RANVIER_OK);
            EXPECT_EQ(logits, opened.logits) << "seed " << seed << " pass " << pass;
            EXPECT_EQ(prediction, opened.predictions[0]);
            EXPECT_EQ(of_stream.spikes, of_run.spikes);
            EXPECT_EQ(of_stream.energy_pj, of_run.energy_pj);
            EXPECT_EQ(ranvier_reset_stream(stream), RANVIER_OK);
        }
        ranvier_close_stream(stream);
    }
}

TEST(RanvierC, EventsAreAFrameWithTheirSums) {
    const Network network = random_rate_network(5);
    Opened opened(network);
    ranvier_stream *by_events = nullptr, *by_frames = nullptr;
    ASSERT_EQ(ranvier_open_stream(opened.network, nullptr, &by_events), RANVIER_OK);
    ASSERT_EQ(ranvier_open_stream(opened.network, nullptr, &by_frames), RANVIER_OK);
    const std::uint32_t place[] = {0, 1, 0};
    const float value[] = {2, -1, 0.5F};
    std::vector<float> frame(opened.info.n_inputs), a(opened.info.n_outputs), b(a);
    frame[0] = 2.5F;
    frame[1] = -1;
    for (int t = 0; t < 5; ++t) {
        ASSERT_EQ(ranvier_step_events(by_events, place, value, 3), RANVIER_OK);
        ASSERT_EQ(ranvier_step(by_frames, frame.data(), frame.size()), RANVIER_OK);
    }
    (void)ranvier_stream_logits(by_events, a.data(), a.size());
    (void)ranvier_stream_logits(by_frames, b.data(), b.size());
    EXPECT_EQ(a, b);
    const std::uint32_t outside[] = {static_cast<std::uint32_t>(frame.size())};
    EXPECT_EQ(ranvier_step_events(by_events, outside, nullptr, 1), RANVIER_BAD_INPUT);
    ranvier_close_stream(by_events);
    ranvier_close_stream(by_frames);
}

TEST(RanvierC, RefusesWhatCannotBeRun) {
    ranvier_network* network = nullptr;
    const std::string bytes = encode_network(random_float_network(1, 6));
    EXPECT_EQ(ranvier_open_network_in_memory(bytes.data(), bytes.size(), &network),
              RANVIER_UNSUPPORTED);
    EXPECT_EQ(network, nullptr);
    EXPECT_NE(std::string(ranvier_last_error()).find("ranvier convert"), std::string::npos);
    EXPECT_EQ(ranvier_open_network_in_memory("x", 1, &network), RANVIER_BAD_INPUT);
    EXPECT_EQ(ranvier_open_network("no such\nfile", &network), RANVIER_IO);
    EXPECT_EQ(std::string(ranvier_last_error()).find('\n'), std::string::npos);

    Opened opened(random_one_spike_network(1, 4, 2.0F));
    ranvier_stream* stream = nullptr;
    EXPECT_EQ(ranvier_open_stream(opened.network, nullptr, &stream), RANVIER_UNSUPPORTED);
    ranvier_run_options options = run_options();
    options.exit_rule = RANVIER_EXIT_MAXIMUM;
    EXPECT_EQ(opened.run(std::vector<float>(opened.info.n_inputs), options), RANVIER_USAGE);
}

TEST(RanvierC, ThereAreNoStatisticsAfterAnError) {
    Opened opened(random_rate_network(1));
    const std::vector<float> images(2 * opened.info.n_inputs, 0.5F);
    ranvier_statistics statistics{};
    statistics.size = sizeof statistics;
    ASSERT_EQ(opened.run(images, run_options()), RANVIER_OK);
    ASSERT_EQ(ranvier_session_statistics(opened.session, &statistics), RANVIER_OK);
    EXPECT_EQ(ranvier_run(opened.session, images.data(), images.size() - 1, nullptr, nullptr, 0,
                          nullptr, 0),
              RANVIER_BAD_INPUT);
    EXPECT_EQ(ranvier_session_statistics(opened.session, &statistics), RANVIER_USAGE);
}

TEST(RanvierC, RefusesOptionsOutOfRange) {
    Opened opened(random_rate_network(1));
    const std::vector<float> image(opened.info.n_inputs);
    const auto run = [&](auto change) {
        ranvier_run_options options = run_options();
        change(options);
        return opened.run(image, options);
    };
    EXPECT_EQ(run([](auto&) {}), RANVIER_OK);
    EXPECT_EQ(run([](auto& o) { o.n_threads = -1; }), RANVIER_USAGE);
    EXPECT_EQ(run([](auto& o) { o.steps = 4097; }), RANVIER_USAGE);
    EXPECT_EQ(run([](auto& o) { o.exit_rule = 3; }), RANVIER_USAGE);
    EXPECT_EQ(run([](auto& o) { o.exit_threshold = 1; }), RANVIER_USAGE);
    EXPECT_EQ(run([](auto& o) {
                  o.exit_rule = 1;
                  o.exit_threshold = std::numeric_limits<float>::quiet_NaN();
              }),
              RANVIER_USAGE);
    EXPECT_EQ(run([](auto& o) { o.size = 0; }), RANVIER_USAGE);
}

TEST(RanvierC, StructsOfALaterVersion) {
    Opened opened(random_rate_network(1));
    const std::vector<float> image(opened.info.n_inputs);
    struct Later {
        ranvier_run_options known;
        std::uint64_t unknown;
    } later{run_options(), 0};
    later.known.size = sizeof later;
    EXPECT_EQ(opened.run(image, later.known), RANVIER_OK) << ranvier_last_error();
    later.unknown = 1;
    EXPECT_EQ(opened.run(image, later.known), RANVIER_UNSUPPORTED);
    struct LaterInfo {
        ranvier_network_info known;
        std::uint64_t unknown;
    } info{{}, 7};
    info.known.size = sizeof info;
    EXPECT_EQ(ranvier_describe(opened.network, &info.known), RANVIER_OK);
    EXPECT_EQ(info.known.n_inputs, opened.info.n_inputs);
    EXPECT_EQ(info.unknown, 0U);  // this version does not know it
}

TEST(RanvierC, ErrorsBelongToTheirThread) {
    ranvier_network* network = nullptr;
    EXPECT_EQ(ranvier_open_network(nullptr, &network), RANVIER_USAGE);
    std::string of_other = "not run";
    std::thread([&] { of_other = ranvier_last_error(); }).join();
    EXPECT_EQ(of_other, "");
    EXPECT_NE(std::string(ranvier_last_error()), "");
}

}  // namespace
}  // namespace ranvier
