#include "ranvier/stdp/prune.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/stdp/test_models.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace ranvier {
namespace {

using namespace testing;

/// One neuron with given weights.
StdpModel neuron_with(const std::vector<float>& weights) {
    StdpModel model = make_stdp_model(lively_options(LeakyForm::conductance, 1),
                                      {static_cast<std::int64_t>(weights.size()), 1, 1}, 1);
    model.weights.write_neuron(0, weights);
    return model;
}

std::vector<float> weights_of(const StdpModel& model) {
    std::vector<float> weights(model.n_inputs());
    model.weights.read_neuron(0, weights);
    return weights;
}

TEST(Prune, LevelsByHand) {
    // Levels 0.25, 0.5, 0.75, 1.
    const PruneOptions options{PruneKind::permanent, 0.25F, 4, 1, 0};
    EXPECT_EQ(conductance_levels(options, 1), (std::vector<float>{0.25F, 0.5F, 0.75F, 1}));
    StdpModel model = neuron_with({0, 0.24F, 0.25F, 0.37F, 0.38F, 0.9F, 1});
    prune(model, options, false);
    EXPECT_EQ(weights_of(model), (std::vector<float>{0, 0, 0.25F, 0.25F, 0.5F, 1, 1}));
    EXPECT_EQ(model.n_synapses(), 5U);
    EXPECT_EQ(model.fan_out, (std::vector<std::uint32_t>{0, 0, 1, 1, 1, 1, 1}));
}

TEST(Prune, WithoutLevelsWeightsStay) {
    StdpModel model = neuron_with({0.1F, 0.3F, 0.71F});
    prune(model, {PruneKind::permanent, 0.2F, 0, 1, 0}, false);
    EXPECT_EQ(weights_of(model), (std::vector<float>{0, 0.3F, 0.71F}));
}

TEST(Prune, SoftPruningEndsOnlyAtTheEnd) {
    const PruneOptions options{PruneKind::soft, 0.2F, 0, 1, 0};
    StdpModel model = neuron_with({0.1F, 0.3F});
    prune(model, options, false);
    EXPECT_EQ(model.n_synapses(), 2U);
    const std::vector<float> trace = {1, 1};
    std::vector<float> weights = weights_of(model);
    power_law_update(model.options.law, trace.data(), model.alive.neuron(0), 2, weights.data());
    EXPECT_GT(weights[0], 0);  // grows again
    prune(model, options, true);
    EXPECT_EQ(model.n_synapses(), 1U);
}

TEST(Prune, PrunedSynapsesNeverLearn) {
    StdpModel model = make_stdp_model(lively_options(LeakyForm::conductance, 20), {1, 9, 9}, 5);
    PruneOptions options{PruneKind::permanent, 0.15F, 8, 1, 0};
    prune(model, options, false);
    const std::uint64_t kept = model.n_synapses();
    ASSERT_GT(kept, 0U);
    ASSERT_LT(kept, 20U * 81);
    const StdpModel before = model;
    StdpRunner runner(model);
    for (std::uint32_t image = 0; image < 10; ++image)
        runner.learn(model, random_pixels(81, image), {5, 0, image, 0});
    std::size_t n_changed = 0;
    for (std::size_t i = 0; i < 81; ++i)
        for (std::size_t j = 0; j < 20; ++j) {
            if (!before.alive.at(i, j)) {
                EXPECT_EQ(model.weights.at(i, j), 0);
            }
            n_changed += model.weights.at(i, j) != before.weights.at(i, j) ? 1 : 0;
        }
    EXPECT_GT(n_changed, 100U);
    prune(model, options, true);
    std::set<float> values;
    for (std::size_t i = 0; i < 81; ++i)
        for (std::size_t j = 0; j < 20; ++j) values.insert(model.weights.at(i, j));
    EXPECT_LE(values.size(), 9U);  // 0 and 8 levels
}

TEST(Prune, LeavesYoungNeuronsAlone) {
    StdpModel model = neuron_with({0.1F, 0.3F});
    const PruneOptions options{PruneKind::permanent, 0.2F, 0, 1, 10};
    model.updates[0] = 9;
    prune(model, options, false);
    EXPECT_EQ(model.n_synapses(), 2U);
    model.updates[0] = 10;
    prune(model, options, false);
    EXPECT_EQ(model.n_synapses(), 1U);
}

TEST(Prune, RefusesWhatCannotBe) {
    const auto refused = [](PruneOptions options) {
        options.kind = PruneKind::permanent;
        try {
            require_usable(options, 1);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(refused({.threshold = 1}),
              "stdp: prune_below is 1; it must be above 0 and below w_max, 1");
    EXPECT_EQ(refused({.levels = 1}),
              "stdp: levels is 1; it must be 0 (any weight) or in [2, 65536]: the lowest is "
              "prune_below, the highest w_max");
    EXPECT_EQ(refused({.interval = 0}),
              "stdp: prune_every is 0; it must be at least 1 (training images)");
    EXPECT_EQ(refused({}), "accepted");
}

TEST(VaryDevices, HasTheSpreadAskedFor) {
    StdpModel model = neuron_with(std::vector<float>(10'000, 0.5F));
    vary_devices(model, 0.1F, 3);
    double sum = 0, squares = 0;
    for (const float w : weights_of(model)) {
        sum += w;
        squares += (w - 0.5) * (w - 0.5);
    }
    EXPECT_NEAR(sum / 1e4, 0.5, 4 * 0.05 / 100);
    EXPECT_NEAR(std::sqrt(squares / 1e4), 0.05, 4 * 0.05 / std::sqrt(2e4));
    StdpModel same = neuron_with(std::vector<float>(10'000, 0.5F));
    vary_devices(same, 0.1F, 3);
    EXPECT_EQ(weights_of(same), weights_of(model));
    vary_devices(same, 100, 3);
    for (const float w : weights_of(same)) EXPECT_GE(w, 0);
}

TEST(Prune, RefusesWhatCannotBeUsedEvenWithoutPruning) {
    PruneOptions options;
    options.interval = 0;
    EXPECT_THROW(require_usable(options, 1), Error);
    options = {};
    options.threshold = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(require_usable(options, 1), Error);
    for (const float sigma :
         {-0.1F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
        EXPECT_THROW(require_usable_sigma(sigma), Error) << sigma;
    EXPECT_NO_THROW(require_usable_sigma(0));
}

}  // namespace
}  // namespace ranvier
