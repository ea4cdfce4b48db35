// The loops over whole layers against one neuron at a time, written down as in the literature.
#include "ranvier/train/spiking_neuron.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/sim/neuron_step.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cmath>
#include <vector>

namespace ranvier {
namespace {

/// A layer with random parameters and currents, [n_steps][places][channels].
template <typename Real>
struct RandomLayer {
    explicit RandomLayer(std::uint64_t seed) {
        Random random(seed, 1);
        steps.delayed = random.below(2) == 0;
        steps.surrogate.kind = static_cast<SurrogateKind>(random.below(3));
        steps.surrogate.decay = steps.surrogate.kind == SurrogateKind::stdb ? 0.2 : 1.0;
        steps.channels = 1 + random.below(40);
        steps.size = steps.channels * (1 + random.below(60));
        steps.n_steps = 1 + random.below(9);
        steps.leak = random.below(3) == 0 ? Real(1) : Real(random.uniform(0.7F, 1.0F));
        for (std::size_t c = 0; c < steps.channels; ++c) {
            threshold.push_back(Real(random.uniform(0.3F, 2.0F)));
            amplitude.push_back(Real(random.uniform(0.5F, 1.5F)));
        }
        for (std::size_t i = 0; i < steps.size * steps.n_steps; ++i) {
            currents.push_back(Real(random.normal()));
            gradients.push_back(Real(random.normal()));
        }
        membrane.resize(steps.size * (steps.n_steps + 1));
        spikes.resize(currents.size());
        since.assign(steps.size, no_spike_yet);
        steps.threshold = threshold.data();
        steps.amplitude = amplitude.data();
        steps.membrane = membrane.data();
    }
    std::uint8_t* since_or_null() {
        return steps.surrogate.kind == SurrogateKind::stdb ? since.data() : nullptr;
    }
    NeuronSteps<Real> steps;
    std::vector<Real> threshold, amplitude, currents, gradients, membrane, spikes;
    std::vector<std::uint8_t> since;
};

/// One neuron through all steps and back: the recursions as they stand in the comment of
/// run_neurons_backward, nothing shared with the loops.
struct OneNeuron {
    double v, amplitude, leak;
    bool delayed;
    Surrogate surrogate;
    double threshold_gradient = 0, leak_gradient = 0;

    [[nodiscard]] double slope(double z, int t, int last_spike) const {
        if (surrogate.kind == SurrogateKind::linear)
            return surrogate.scale * std::max(0.0, 1 - std::abs(z));
        if (surrogate.kind == SurrogateKind::exponential)
            return surrogate.scale * std::exp(-surrogate.decay * std::abs(z));
        const float gone = std::exp(-static_cast<float>(t - 1 - last_spike));  // may underflow
        return surrogate.scale * std::pow(static_cast<double>(gone), surrogate.decay);
    }

    std::vector<double> backward(const std::vector<double>& current,
                                 const std::vector<double>& output_gradient) {
        const std::size_t n = current.size();
        std::vector<double> u_after(n + 1), decided(n), s(n), slopes(n), result(n);
        int last_spike = -1000;
        for (std::size_t t = 0; t < n; ++t) {
            const double driven = leak * u_after[t] + current[t];
            decided[t] = delayed ? u_after[t] : driven;
            s[t] = decided[t] / v - 1 > 0 ? 1 : 0;
            u_after[t + 1] = driven - v * s[t];
            slopes[t] = slope(decided[t] / v - 1, static_cast<int>(t), last_spike);
            if (s[t] > 0) last_spike = static_cast<int>(t) - 1;
        }
        double after = 0;  // gradient of the membrane behind step t
        for (std::size_t t = n; t-- > 0;) {
            const double pull = output_gradient[t] * amplitude * slopes[t];
            const double driven = delayed ? after : after + pull / v;
            threshold_gradient += -pull * decided[t] / (v * v) - after * s[t];
            leak_gradient += driven * u_after[t];
            result[t] = driven;
            after = leak * driven + (delayed ? pull / v : 0);
        }
        return result;
    }
};

TEST(SpikingNeuron, SpikesAndMembranesAreTheSimulatorsToTheBit) {
    testing::check_property([](std::uint64_t seed) {
        RandomLayer<float> layer(seed);
        std::vector<std::uint64_t> counts(layer.steps.n_steps);
        run_neurons(layer.steps, layer.currents.data(), false, layer.spikes.data(), counts.data(),
                    layer.since_or_null(), 0, layer.steps.size);
        std::vector<std::uint64_t> expected_counts(layer.steps.n_steps);
        for (std::size_t i = 0; i < layer.steps.size; ++i) {
            const float v = layer.threshold[i % layer.steps.channels];
            float u = 0;
            for (std::size_t t = 0; t < layer.steps.n_steps; ++t) {
                const std::size_t at = t * layer.steps.size + i;
                const float current = layer.currents[at];
                const int spike = layer.steps.delayed
                                      ? step_leaky_delayed(u, current, v, layer.steps.leak)
                                      : step_leaky_same_step(u, current, v, layer.steps.leak);
                RC_ASSERT(layer.spikes[at] ==
                          static_cast<float>(spike) * layer.amplitude[i % layer.steps.channels]);
                const float kept = layer.membrane[at + layer.steps.size];
                RC_ASSERT((layer.steps.delayed ? kept : kept - v * static_cast<float>(spike)) == u);
                expected_counts[t] += static_cast<std::uint64_t>(spike);
            }
        }
        RC_ASSERT(counts == expected_counts);
        std::vector<float> again(layer.spikes.size());
        read_spikes(layer.steps, again.data(), 0, layer.steps.size);
        RC_ASSERT(again == layer.spikes);
    });
}

TEST(SpikingNeuron, GradientsAreThoseOfTheRecursions) {
    testing::check_property([](std::uint64_t seed) {
        RandomLayer<double> layer(seed);
        const NeuronSteps<double>& steps = layer.steps;
        const std::vector<std::uint8_t> since_before = layer.since;
        std::vector<std::uint64_t> counts(steps.n_steps);
        run_neurons(steps, layer.currents.data(), false, layer.spikes.data(), counts.data(),
                    layer.since_or_null(), 0, steps.size);
        std::vector<double> found = layer.gradients, carry(steps.size);
        NeuronGradients sums{std::vector<double>(steps.channels), 0};
        run_neurons_backward(steps, found.data(), carry.data(),
                             layer.since_or_null() == nullptr ? nullptr : since_before.data(), sums,
                             0, steps.size);
        std::vector<double> threshold(steps.channels);
        double leak = 0;
        for (std::size_t i = 0; i < steps.size; ++i) {
            const std::size_t c = i % steps.channels;
            std::vector<double> current, gradient;
            for (std::size_t t = 0; t < steps.n_steps; ++t) {
                current.push_back(layer.currents[t * steps.size + i]);
                gradient.push_back(layer.gradients[t * steps.size + i]);
            }
            OneNeuron neuron{layer.threshold[c], layer.amplitude[c], steps.leak, steps.delayed,
                             steps.surrogate};
            const std::vector<double> expected = neuron.backward(current, gradient);
            for (std::size_t t = 0; t < steps.n_steps; ++t)
                RC_ASSERT(std::abs(found[t * steps.size + i] - expected[t]) < 1e-12);
            threshold[c] += neuron.threshold_gradient;
            leak += neuron.leak_gradient;
        }
        for (std::size_t c = 0; c < steps.channels; ++c)
            RC_ASSERT(std::abs(sums.threshold[c] - threshold[c]) < 1e-9);
        RC_ASSERT(std::abs(sums.leak - leak) < 1e-9);
    });
}

TEST(SpikingNeuron, StepsMayBeCutAnywhere) {
    testing::check_property([](std::uint64_t seed) {
        RandomLayer<double> whole(seed), cut(seed);
        const std::size_t n = whole.steps.n_steps, size = whole.steps.size;
        std::vector<std::uint64_t> counts(n);
        run_neurons(whole.steps, whole.currents.data(), false, whole.spikes.data(), counts.data(),
                    whole.since_or_null(), 0, size);
        std::vector<double> carry(size), cut_carry(size);
        NeuronGradients sums{std::vector<double>(whole.steps.channels), 0}, cut_sums = sums;
        std::vector<double> gradients = whole.gradients;
        const std::vector<std::uint8_t> never(size, no_spike_yet);
        const bool stdb = whole.since_or_null() != nullptr;
        run_neurons_backward(whole.steps, gradients.data(), carry.data(),
                             stdb ? never.data() : nullptr, sums, 0, size);

        const std::size_t at = Random(seed, 2).below(static_cast<std::uint32_t>(n + 1));
        NeuronSteps<double> early = cut.steps, late = cut.steps;
        early.n_steps = at;
        late.n_steps = n - at;
        late.membrane += at * size;
        run_neurons(early, cut.currents.data(), false, cut.spikes.data(), counts.data(),
                    cut.since_or_null(), 0, size);
        const std::vector<std::uint8_t> between = cut.since;
        run_neurons(late, cut.currents.data() + at * size, false, cut.spikes.data() + at * size,
                    counts.data() + at, cut.since_or_null(), 0, size);
        run_neurons_backward(late, cut.gradients.data() + at * size, cut_carry.data(),
                             stdb ? between.data() : nullptr, cut_sums, 0, size);
        run_neurons_backward(early, cut.gradients.data(), cut_carry.data(),
                             stdb ? never.data() : nullptr, cut_sums, 0, size);
        RC_ASSERT(cut.spikes == whole.spikes);
        RC_ASSERT(cut.gradients == gradients);
        RC_ASSERT(std::abs(cut_sums.leak - sums.leak) < 1e-9);
    });
}

// Threshold 1, leak 1, currents 0.6 0.6 0.6: N3 has u = 0.6, 1.2 (fires, 0.2 left), 0.8.
TEST(SpikingNeuron, HandCheckedCase) {
    const float threshold = 1, amplitude = 2;
    std::vector<float> currents = {0.6F, 0.6F, 0.6F}, membrane(4), carry(1);
    NeuronSteps<float> steps{.delayed = false,
                             .surrogate = {},
                             .channels = 1,
                             .size = 1,
                             .n_steps = 3,
                             .leak = 1,
                             .threshold = &threshold,
                             .amplitude = &amplitude,
                             .membrane = membrane.data()};
    std::vector<std::uint64_t> counts(3);
    run_neurons(steps, currents.data(), false, currents.data(), counts.data(), nullptr, 0, 1);
    EXPECT_EQ(currents, (std::vector<float>{0, 2, 0}));
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{0, 1, 0}));
    // Only the second step's output matters: s'(z) = 0.3 (1 - 0.2) = 0.24, times amplitude 2.
    std::vector<float> gradients = {0, 1, 0};
    NeuronGradients sums{std::vector<double>(1), 0};
    run_neurons_backward(steps, gradients.data(), carry.data(), nullptr, sums, 0, 1);
    EXPECT_NEAR(gradients[0], 0.48F, 1e-6F);
    EXPECT_NEAR(gradients[1], 0.48F, 1e-6F);
    EXPECT_EQ(gradients[2], 0);
    EXPECT_NEAR(sums.threshold[0], -0.48 * 1.2, 1e-6);
    EXPECT_NEAR(sums.leak, 0.48 * 0.6, 1e-6);
}

// The surrogate of a neuron that never fired is exactly 0: exp(-1000) is 0 in float32.
TEST(SpikingNeuron, StdbForgetsNeuronsThatNeverFired) {
    const float threshold = 10, amplitude = 1;
    std::vector<float> currents = {1, 1, 1}, membrane(4), carry(1), gradients = {1, 1, 1};
    NeuronSteps<float> steps{.delayed = true,
                             .surrogate = {SurrogateKind::stdb, 0.3, 0.01},
                             .channels = 1,
                             .size = 1,
                             .n_steps = 3,
                             .leak = 1,
                             .threshold = &threshold,
                             .amplitude = &amplitude,
                             .membrane = membrane.data()};
    std::vector<std::uint64_t> counts(3);
    std::uint8_t since = no_spike_yet;
    run_neurons(steps, currents.data(), false, currents.data(), counts.data(), &since, 0, 1);
    since = no_spike_yet;
    NeuronGradients sums{std::vector<double>(1), 0};
    run_neurons_backward(steps, gradients.data(), carry.data(), &since, sums, 0, 1);
    EXPECT_EQ(gradients, (std::vector<float>{0, 0, 0}));
}

}  // namespace
}  // namespace ranvier
