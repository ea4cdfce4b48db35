#include "ranvier/sim/pipelined_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/float_test_networks.hpp"
#include "ranvier/sim/latency.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <algorithm>
#include <memory>

namespace ranvier {
namespace {

using testing::append;

std::vector<float> in_planes(const Shape& shape, const std::vector<float>& values) {
    std::vector<float> planes(values.size());
    for_each_place(shape, [&](std::size_t from, std::size_t to) { planes[to] = values[from]; });
    return planes;
}

/// Runs `n` images one after the other and as a pipeline, and compares every step of each.
void expect_same_as_alone(const Network& network, std::int64_t n, std::uint64_t seed) {
    const ReferencePlan plan(network);
    const Tensor images = random_images(network, static_cast<std::size_t>(n), seed);
    const auto size = static_cast<std::size_t>(plan.shapes[0].size());
    std::vector<std::unique_ptr<ReferenceRun>> alone;
    PipelinedRun pipeline(plan);
    pipeline.start(images.values);
    std::int64_t step = 0;
    while (!pipeline.done()) {
        pipeline.step();
        ++step;
        if (step % network.timing.steps == 1 % network.timing.steps &&
            alone.size() < static_cast<std::size_t>(n)) {
            alone.push_back(std::make_unique<ReferenceRun>(plan));
            alone.back()->start(std::span(images.values).subspan((alone.size() - 1) * size, size));
            alone.back()->step();  // step 0
        }
        for (std::size_t image = 0; image < alone.size(); ++image) {
            if (step - static_cast<std::int64_t>(image) * network.timing.steps >= plan.n_steps)
                continue;
            alone[image]->step();
            for (std::size_t l = 0; l < plan.shapes.size(); ++l) {
                if (!plan.spikes[l]) continue;
                std::vector<float> got(static_cast<std::size_t>(plan.shapes[l].size()));
                for (const auto& emission : pipeline.emitted(l))
                    if (emission.image == static_cast<std::int64_t>(image))
                        got = in_planes(plan.shapes[l], emission.values.values);
                ASSERT_EQ(got, alone[image]->emitted(l))
                    << "image " << image << " layer " << network.layers[l].name;
            }
        }
        // A layer of neurons never fires for two images in one step.
        for (std::size_t l = 0; l < plan.shapes.size(); ++l) {
            if (network.layers[l].as<Activation>() == nullptr) continue;
            ASSERT_LE(pipeline.emitted(l).size(), 1U);
        }
    }
    const Latency latency = latency_of(network);
    EXPECT_EQ(step, latency.pipelined(n));
    EXPECT_EQ(step, n * network.timing.steps + latency.depth * network.timing.wait) << "N T + L W";
    ASSERT_EQ(pipeline.answers().size(), static_cast<std::size_t>(n));
    for (std::size_t image = 0; image < pipeline.answers().size(); ++image) {
        EXPECT_EQ(pipeline.answers()[image].image, static_cast<std::int64_t>(image));
        EXPECT_EQ(pipeline.answers()[image].step,
                  latency.pipelined(static_cast<std::int64_t>(image) + 1));
        EXPECT_EQ(pipeline.answers()[image].logits, alone[image]->logits());
    }
}

TEST(PipelinedRun, GivesEachImageWhatItGetsAlone) {
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        const int steps = 3 + static_cast<int>(seed % 7);
        Network network = random_one_spike_network(seed, steps, seed % 2 == 0 ? 1.3F : 2.0F);
        const int waits[] = {0, 1, steps / 2, steps - 1, steps, steps + 2, 2 * steps + 1};
        network.timing.wait = waits[seed % 7];
        expect_same_as_alone(network, 4, seed);
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
}

TEST(PipelinedRun, ShortcutsHoldMembranesLonger) {
    for (const int wait : {2, 5, 8, 13}) {
        Network network = dyadic_one_spike_network(3, 5);
        network.timing.wait = wait;
        expect_same_as_alone(network, 6, 9);
    }
}

TEST(PipelinedRun, MaxPoolAndOnePhase) {
    Network network = dyadic_one_spike_network(8, 1);  // T = 1: an image every step
    expect_same_as_alone(network, 5, 2);
}

TEST(PipelinedRun, StartsAgain) {
    const Network network = dyadic_one_spike_network(2, 4);
    const ReferencePlan plan(network);
    const Tensor images = random_images(network, 3, 5);
    PipelinedRun run(plan);
    std::vector<std::vector<float>> first;
    for (const int round : {0, 1}) {
        run.start(images.values);
        if (round == 0)
            for (int step = 0; step < 7; ++step) run.step();  // stopped in the middle
        run.start(images.values);
        while (!run.done()) run.step();
        std::vector<std::vector<float>> logits;
        for (const auto& answer : run.answers()) logits.push_back(answer.logits);
        if (round == 0) first = logits;
        EXPECT_EQ(logits, first);
    }
    EXPECT_THROW(run.start(std::span(images.values).subspan(1)), Error);
}

TEST(PipelinedRun, RefusesRateCoding) {
    Network network;
    append(network, "input", Input{{1, 2, 2}, {}, {}});
    Activation neurons;
    neurons.neuron.kind = NeuronKind::integrate_fire;
    append(network, "neurons", neurons);
    append(network, "output", Output{});
    network.timing.steps = 4;
    const ReferencePlan plan(network);
    EXPECT_THROW(PipelinedRun{plan}, Error);
}

}  // namespace
}  // namespace ranvier
