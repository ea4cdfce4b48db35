// Replayed events against the step-by-step reference fed with the same frames: everything equal.
#include "ranvier/engine/replay.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/base/timed_frames.hpp"
#include "ranvier/engine/rate_test_networks.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/property.hpp"
#include <algorithm>
#include <numeric>

namespace ranvier {
namespace {

using testing::check_property;

/// Random recordings of different lengths, for a network.
class RandomRecordings final : public Samples {
public:
    RandomRecordings(const Shape& shape, int n_classes, std::size_t n, std::uint64_t seed)
        : shape_(shape), n_classes_(n_classes) {
        Random random(seed, 9);
        for (std::size_t k = 0; k < n; ++k) {
            TimedSample sample;
            sample.steps = 1 + random.below(30);
            for (std::uint32_t t = 0; t < sample.steps; ++t)
                for (std::uint32_t i = random.below(3) == 0 ? random.below(40) : 0; i > 0; --i)
                    sample.values.push_back({t,
                                             random.below(static_cast<std::uint32_t>(shape.size())),
                                             random.below(4) == 0 ? -1.0F : 1.0F});
            samples_.push_back(std::move(sample));
            labels_.push_back(
                static_cast<int>(random.below(static_cast<std::uint32_t>(n_classes))));
        }
    }
    [[nodiscard]] std::size_t size() const override { return samples_.size(); }
    [[nodiscard]] Shape shape() const override { return shape_; }
    [[nodiscard]] int n_classes() const override { return n_classes_; }
    [[nodiscard]] int label(std::size_t index) const override { return labels_[index]; }
    void read(std::size_t, std::span<float>) const override { FAIL() << "not the sums"; }
    [[nodiscard]] bool timed() const override { return true; }
    [[nodiscard]] TimedSample read_timed(std::size_t index) const override {
        return samples_[index];
    }
    [[nodiscard]] std::string describe() const override { return "random recordings"; }

private:
    Shape shape_;
    int n_classes_;
    std::vector<TimedSample> samples_;
    std::vector<int> labels_;
};

/// The frame of one timestep, summed anew.
std::vector<float> frame_at(const TimedSample& sample, std::size_t step, std::size_t n_values) {
    std::vector<float> frame(n_values);
    for (const auto& value : sample.values)
        if (value.step == step) frame[value.place] += value.value;
    return frame;
}

/// What the reference simulator does, sample by sample and step by step.
SimulationResult expected_of(const Network& network, const Samples& samples, int steps,
                             const SpikeCosts& costs) {
    const ReferencePlan plan(network);
    ReferenceRun run(plan);
    const auto n_values = static_cast<std::size_t>(samples.shape().size());
    const auto n_out = static_cast<std::size_t>(plan.shapes.back().size());
    std::vector<std::uint64_t> events(n_values);
    std::vector<std::vector<bool>> right;
    SimulationResult result;
    result.logits = Tensor({static_cast<std::int64_t>(samples.size()), plan.shapes.back().size()});
    for (std::size_t k = 0; k < samples.size(); ++k) {
        const TimedSample sample = samples.read_timed(k);
        const std::size_t n = steps > 0 ? static_cast<std::size_t>(steps) : sample.steps;
        run.start(std::vector<float>(n_values));
        right.emplace_back();
        for (std::size_t t = 0; t < n; ++t) {
            run.present(frame_at(sample, t, n_values));
            run.step();
            result.cost_at.resize(std::max(result.cost_at.size(), t + 1));
            result.cost_at[t] += run.step_cost(costs);
            for (const auto& value : sample.values)
                if (value.step == t && input_is_sparse(network))
                    result.cost_at[t] += costs[0][value.place % costs[0].size()];
            const auto& sums = run.logits();
            const auto best = std::max_element(sums.begin(), sums.end()) - sums.begin();
            right.back().push_back(best == samples.label(k));
        }
        for (const auto& value : sample.values)
            if (value.step < n) ++events[value.place];
        std::copy(run.logits().begin(), run.logits().end(),
                  result.logits.values.begin() + static_cast<std::ptrdiff_t>(k * n_out));
        result.steps = std::max(result.steps, static_cast<int>(n));
    }
    result.correct_after.resize(static_cast<std::size_t>(result.steps));
    result.exits_after.resize(static_cast<std::size_t>(result.steps));
    for (const auto& sample : right) {
        ++result.exits_after[sample.size() - 1];
        for (std::size_t t = 0; t < result.correct_after.size(); ++t)
            result.correct_after[t] += sample[std::min(t, sample.size() - 1)] ? 1 : 0;
    }
    result.spikes = run.spike_counts();
    for (std::size_t l = 0; l < plan.spikes.size(); ++l)
        if (!plan.spikes[l]) result.spikes[l].clear();
    if (input_is_sparse(network)) result.spikes[0] = events;
    return result;
}

void expect_equal(const SimulationResult& got, const SimulationResult& expected) {
    EXPECT_EQ(got.logits.values, expected.logits.values);
    EXPECT_EQ(got.correct_after, expected.correct_after);
    EXPECT_EQ(got.exits_after, expected.exits_after);
    EXPECT_EQ(got.cost_at, expected.cost_at);
    EXPECT_EQ(got.steps, expected.steps);
    ASSERT_EQ(got.spikes.size(), expected.spikes.size());
    for (std::size_t l = 0; l < got.spikes.size(); ++l)
        EXPECT_EQ(got.spikes[l], expected.spikes[l]);
}

Network network_of(std::uint64_t seed) {
    Network network = random_rate_network(seed);
    if (seed % 3 != 0) network.input().mean.clear();
    return network;
}

RandomRecordings recordings_for(const Network& network, std::size_t n, std::uint64_t seed) {
    const int n_classes = static_cast<int>(ReferencePlan(network).shapes.back().size());
    return {network.input().shape, n_classes, n, seed};
}

TEST(Replay, EqualsTheReference) {
    check_property([](std::uint32_t seed) {
        Random random(seed, 1);
        const Network network = network_of(1 + seed % 500);
        const RandomRecordings recordings = recordings_for(network, 1 + random.below(5), seed);
        SimulationOptions options;
        options.n_threads = static_cast<int>(1 + random.below(3));
        options.steps = random.below(2) == 0 ? 0 : static_cast<int>(1 + random.below(20));
        options.keep_logits = true;
        SpikeCosts costs = random_costs(network, seed);
        if (input_is_sparse(network))
            costs[0].assign(static_cast<std::size_t>(network.input().shape.plane()), 3);
        options.spike_costs = &costs;
        expect_equal(replay_events(network, recordings, options, no_progress()),
                     expected_of(network, recordings, options.steps, costs));
        RC_ASSERT(!::testing::Test::HasFailure());
    });
}

TEST(Replay, AnEarlyExitEndsASampleAndItsCounts) {
    const Network network = network_of(4);
    const RandomRecordings recordings = recordings_for(network, 20, 3);
    SimulationOptions options;
    options.exit = {ExitRule::Kind::maximum, -1e30F};  // at once
    const SimulationResult result = replay_events(network, recordings, options, no_progress());
    EXPECT_EQ(result.steps, 1);
    EXPECT_EQ(result.exits_after, (std::vector<std::uint64_t>{20}));
    EXPECT_EQ(result.mean_steps(), 1.0);
    std::uint64_t shown = 0;
    for (std::size_t k = 0; k < 20; ++k)
        for (const auto& value : recordings.read_timed(k).values) shown += value.step == 0 ? 1 : 0;
    EXPECT_EQ(std::accumulate(result.spikes[0].begin(), result.spikes[0].end(), std::uint64_t{0}),
              shown);
}

TEST(Replay, AMeanThatIsNotZeroMakesTheInputAnalog) {
    Network network = network_of(4);
    network.input().mean.assign(static_cast<std::size_t>(network.input().shape.channels), 0.25F);
    network.input().std.assign(network.input().mean.size(), 1.0F);
    EXPECT_FALSE(input_is_sparse(network));
    const RandomRecordings recordings = recordings_for(network, 2, 3);
    EXPECT_TRUE(replay_events(network, recordings, {}, no_progress()).spikes[0].empty());
}

TEST(Replay, ImagesAndOtherShapesAreRefused) {
    const Network network = network_of(4);
    const auto fault = [&](const Samples& samples) {
        try {
            (void)replay_events(network, samples, {}, no_progress());
        } catch (const Error& error) {
            return error.fault();
        }
        return Fault::internal;
    };
    EXPECT_EQ(fault(RandomRecordings({7, 3, 1}, 2, 1, 1)), Fault::bad_input);
    EXPECT_EQ(fault(testing::TestImages(Tensor({1, 1, 2, 2}), 2)), Fault::usage);
}

TEST(TimedFramesTest, SumsAndSilence) {
    TimedFrames frames({4, {{0, 1, 1}, {0, 1, 1}, {0, 0, -1}, {3, 0, 1}}}, 2);
    bool same = true;
    const auto next = [&] {
        const std::span<const float> frame = frames.next(same);
        return std::vector<float>(frame.begin(), frame.end());
    };
    EXPECT_EQ(next(), (std::vector<float>{-1, 2}));
    EXPECT_FALSE(same);
    EXPECT_EQ(next(), (std::vector<float>{0, 0}));
    EXPECT_FALSE(same);
    EXPECT_EQ(next(), (std::vector<float>{0, 0}));
    EXPECT_TRUE(same);
    EXPECT_EQ(frames.shown().size(), 3U);
    EXPECT_EQ(next(), (std::vector<float>{1, 0}));
    EXPECT_FALSE(same);
    (void)next();
    (void)next();
    EXPECT_TRUE(same);
    EXPECT_EQ(frames.shown().size(), 4U);
}

}  // namespace
}  // namespace ranvier
