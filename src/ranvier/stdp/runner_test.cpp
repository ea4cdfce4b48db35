#include "ranvier/stdp/runner.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/stdp/prune.hpp"
#include "ranvier/stdp/test_models.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <rapidcheck.h>

namespace ranvier {
namespace {

using namespace testing;

/// Spikes of given inputs at given steps.
InputSpikes spikes_at(std::size_t steps,
                      const std::vector<std::pair<std::uint32_t, std::uint16_t>>& events) {
    InputSpikes spikes;
    for (std::uint32_t t = 0; t < steps; ++t) {
        spikes.begin.push_back(static_cast<std::uint32_t>(spikes.inputs.size()));
        for (const auto& [step, input] : events)
            if (step == t) spikes.inputs.push_back(input);
    }
    spikes.begin.push_back(static_cast<std::uint32_t>(spikes.inputs.size()));
    spikes.inputs.resize(spikes.inputs.size() + 32);
    return spikes;
}

/// Two inputs, two neurons; currents without leak worth mentioning; thresholds 10 mV above rest.
StdpModel two_by_two() {
    StdpOptions options = current_options();
    options.n_neurons = 2;
    options.excitatory = {.rest = 0,
                          .reset = 0,
                          .threshold = 10,
                          .tau = 1e8F,
                          .refractory = 0,
                          .tau_exc = 0,
                          .tau_inh = 0};
    options.inhibitory = options.excitatory;
    options.to_inhibitory = 11;  // fires at once
    options.from_inhibitory = 100;
    options.theta_plus = 1;
    options.theta_tau = 1e19F;
    options.law = {0.5F, 0.25F, 20, 0};
    options.weight_sum = 16;
    options.first_weight = 1;
    StdpModel model = make_stdp_model(options, {2, 1, 1}, 1);
    const std::vector<float> first = {12, 4};
    const std::vector<float> second = {8, 8};
    model.weights.write_neuron(0, first);
    model.weights.write_neuron(1, second);
    return model;
}

TEST(StdpRunner, ByHand) {
    // Input 0 at step 1: neuron 0 reaches 12 > 10 and fires, neuron 1 stands at 8. The traces are
    // 1 and 0, so the weights of neuron 0 become 12 + 0.5 * 0.75 and 4 - 0.5 * 0.25 (mu is 0). Its
    // inhibitory neuron takes 100 from neuron 1, so input 1 at step 2 makes nobody fire.
    StdpModel model = two_by_two();
    StdpRunner runner(model);
    const InputSpikes spikes = spikes_at(4, {{1, 0}, {2, 1}});
    runner.show(model, &model, spikes);
    EXPECT_EQ(runner.response().spikes, (std::vector<std::uint32_t>{1, 0}));
    EXPECT_EQ(runner.response().excitatory_spikes, 1U);
    EXPECT_EQ(runner.response().inhibitory_spikes, 1U);
    EXPECT_EQ(runner.response().input_spikes, 2U);
    EXPECT_EQ(runner.response().synaptic_events, 4U);
    EXPECT_EQ(model.theta, (std::vector<float>{1, 0}));
    EXPECT_EQ(model.updates, (std::vector<std::uint32_t>{1, 0}));
    const double sum = 12.375 + 3.875;
    EXPECT_NEAR(model.weights.at(0, 0), 12.375 * 16 / sum, 1e-5);
    EXPECT_NEAR(model.weights.at(1, 0), 3.875 * 16 / sum, 1e-5);
    EXPECT_EQ(model.weights.at(0, 1), 8);  // neuron 1 learned nothing
}

TEST(StdpRunner, FrozenNetworksStay) {
    StdpModel model = two_by_two();
    StdpRunner runner(model);
    runner.show(model, nullptr, spikes_at(4, {{1, 0}}));
    EXPECT_EQ(runner.response().spikes, (std::vector<std::uint32_t>{1, 0}));
    EXPECT_EQ(model.theta, (std::vector<float>{0, 0}));
    EXPECT_EQ(model.weights.at(0, 0), 12);
}

TEST(StdpRunner, ShowsAnImageAgainUntilItIsAnswered) {
    StdpOptions options = lively_options(LeakyForm::conductance, 3);
    options.max_rate_hz = 1;
    options.boost_hz = 100;
    options.max_shows = 7;
    const StdpModel model = make_stdp_model(options, {1, 4, 5}, 3);
    StdpRunner runner(model);
    const StdpResponse& seen = runner.respond(model, std::vector<float>(20, 1.0F), {});
    EXPECT_GT(seen.shows, 1U);
    EXPECT_LT(seen.shows, 7U);
    EXPECT_GE(std::accumulate(seen.spikes.begin(), seen.spikes.end(), 0U), 5U);
    EXPECT_EQ(runner.respond(model, std::vector<float>(20, 0.0F), {}).shows, 7U);  // black
}

void expect_equal(const StdpModel& model, const StdpReference& reference) {
    for (std::size_t i = 0; i < model.n_inputs(); ++i)
        for (std::size_t j = 0; j < model.n_neurons(); ++j)
            RC_ASSERT(model.weights.at(i, j) == reference.weights[i][j]);
    RC_ASSERT(model.theta == reference.theta);
}

TEST(StdpRunner, EqualsTheReference) {
    std::uint64_t n_spikes = 0;
    testing::check_property([&n_spikes] {
        const auto form = *rc::gen::element(LeakyForm::conductance, LeakyForm::current);
        StdpOptions options = lively_options(form, *rc::gen::element(1, 3, 63, 64, 65, 130));
        options.law.mu = static_cast<float>(*rc::gen::inRange(0, 300)) / 100;
        options.law.offset = static_cast<float>(*rc::gen::inRange(0, 80)) / 100;
        options.step_ms = *rc::gen::element(0.5F, 1.0F);
        options.theta_tau = *rc::gen::element(1e3F, 1e7F);
        const auto side = *rc::gen::inRange<std::int64_t>(1, 12);
        const auto seed = *rc::gen::arbitrary<std::uint32_t>();
        StdpModel model = make_stdp_model(options, {1, side, side}, seed);
        if (*rc::gen::arbitrary<bool>()) {
            PruneOptions weak{PruneKind::permanent, 0.1F, 4, 1, 0};
            weak.threshold = options.weight_sum / static_cast<float>(2 * model.n_inputs());
            if (weak.threshold < options.law.w_max) prune(model, weak, false);
        }
        StdpReference reference = reference_of(model);
        StdpRunner runner(model);
        PoissonEncoder encoder;
        InputSpikes spikes;
        std::uint64_t inhibitory = 0, events = 0;
        for (std::uint32_t image = 0; image < 3; ++image) {
            encoder.encode(random_pixels(model.n_inputs(), seed + image), 0.3F, 60,
                           {seed, 0, image, 0}, spikes);
            const bool learn = image != 1;
            runner.show(model, learn ? &model : nullptr, spikes);
            reference.show(spikes, learn);
            RC_ASSERT(runner.response().spikes == reference.spikes);
            inhibitory = runner.response().inhibitory_spikes;
            events = runner.response().synaptic_events;
            n_spikes += runner.response().excitatory_spikes;
            expect_equal(model, reference);
        }
        RC_ASSERT(inhibitory == reference.inhibitory_spikes);  // sums over all showings
        RC_ASSERT(events == reference.synaptic_events);
    });
    EXPECT_GT(n_spikes, 1000U);  // the networks are not silent
}

TEST(StdpRunner, EveryInstructionSetLearnsAlike) {
    const StdpModel start =
        make_stdp_model(lively_options(LeakyForm::conductance, 70), {1, 9, 9}, 5);
    std::vector<float> expected;
    on_every_isa([&](const std::string& isa) {
        StdpModel model = start;
        StdpRunner runner(model);
        for (std::uint32_t image = 0; image < 5; ++image)
            runner.learn(model, random_pixels(81, image), {5, 0, image, 0});
        std::vector<float> weights;
        for (std::size_t i = 0; i < 81; ++i)
            for (std::size_t j = 0; j < 70; ++j) weights.push_back(model.weights.at(i, j));
        if (expected.empty()) expected = weights;
        EXPECT_EQ(weights, expected) << isa;
    });
}

TEST(StdpRunner, NormalizationRestoresSums) {
    StdpModel model = make_stdp_model(lively_options(LeakyForm::conductance, 20), {1, 9, 9}, 5);
    StdpRunner runner(model);
    for (std::uint32_t image = 0; image < 20; ++image)
        runner.learn(model, random_pixels(81, image), {5, 0, image, 0});
    std::vector<float> weights(81);
    for (std::size_t j = 0; j < 20; ++j) {
        model.weights.read_neuron(j, weights);
        const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        const bool full = std::ranges::count(weights, model.options.law.w_max) > 0;
        EXPECT_TRUE(full || std::abs(sum - model.options.weight_sum) < 1e-3) << sum;
    }
}

TEST(StdpModel, RefusesWhatCannotBe) {
    const auto refused = [](const Shape& input, auto change) {
        StdpOptions options;
        change(options);
        try {
            (void)make_stdp_model(options, input, 1);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(refused({1, 300, 300}, [](StdpOptions&) {}),
              "stdp: images have 90000 pixels; 1 to 65536 are possible: use smaller ones");
    EXPECT_EQ(refused({1, 2, 2}, [](StdpOptions& o) { o.n_neurons = 0; }),
              "stdp: neurons is 0; it must be in [1, 65536]");
    EXPECT_EQ(refused({1, 2, 2}, [](StdpOptions& o) { o.law.mu = std::nanf(""); }),
              "stdp: mu is nan; it must be in [0, 3]");
    EXPECT_EQ(
        refused({1, 2, 2}, [](StdpOptions& o) { o.excitatory.threshold = -70; }),
        "stdp: a threshold is -70; it must be above the resting and the reset potential (mV)");
}

}  // namespace
}  // namespace ranvier
