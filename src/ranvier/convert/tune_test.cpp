// Tuning, diagnosis and the search for a setting: the passes that compare a spiking network with
// the float network it came from.
#include "ranvier/convert/tune.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/diagnose.hpp"
#include "ranvier/convert/layer_values.hpp"
#include "ranvier/convert/search.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>
#include <numeric>

namespace ranvier {
namespace {

using namespace testing;

class RandomImages final : public Samples {
public:
    RandomImages(const Network& network, std::size_t n) : network_(network), n_(n) {}
    std::size_t size() const override { return n_; }
    Shape shape() const override { return network_.input().shape; }
    int n_classes() const override { return 3; }
    int label(std::size_t index) const override { return static_cast<int>(index % 3); }
    void read(std::size_t index, std::span<float> pixels) const override {
        const std::vector<float> image = test_image(network_, index + 1);
        std::copy(image.begin(), image.end(), pixels.begin());
    }
    std::string describe() const override { return "random images"; }

private:
    const Network& network_;
    std::size_t n_;
};

ConvertOptions one_spike(int steps, float base, Tuning tuning) {
    ConvertOptions options;
    options.steps = steps;
    options.base = base;
    options.tuning = tuning;
    return options;
}

double output_error(const Network& network, const Samples& images, const ConvertOptions& options) {
    return diagnose(prepared_for_conversion(network, options), convert(network, images, options),
                    images, {images.size(), 1})
        .output_error;
}

TEST(Tune, BiasMakesMeanMembranesEqual) {
    const Network network = branched_network(3);
    const RandomImages images(network, 60);
    const ConvertOptions options = one_spike(8, 1.6F, Tuning::bias);
    const Network spiking = convert(network, images, options);
    const Network reference = prepared_for_conversion(network, options);
    // All neurons here have a convolution or linear layer before them, or in the sum before them.
    for (std::size_t l = 0; l < spiking.layers.size(); ++l) {
        const Layer& layer = spiking.layers[l];
        if (layer.as<Activation>() == nullptr && layer.as<Output>() == nullptr) continue;
        const std::size_t source = layer.inputs[0];
        const auto wanted = sample_layer_values(reference, {source}, images, {})[0];
        const auto got = sample_layer_values(spiking, {source}, images, {})[0];
        for (std::size_t c = 0; c < wanted.size(); ++c) {
            const auto mean = [](const std::vector<float>& v) {
                return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
            };
            EXPECT_NEAR(mean(got[c]), mean(wanted[c]), 1e-4) << layer.name << c;
        }
    }
}

TEST(Tune, EachLevelHelpsOnAverage) {
    double plain = 0, bias = 0, scale = 0, base = 0, weights = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const Network network = branched_network(seed);
        const RandomImages images(network, 80);
        plain += output_error(network, images, one_spike(8, 1.6F, Tuning::none));
        bias += output_error(network, images, one_spike(8, 1.6F, Tuning::bias));
        scale += output_error(network, images, one_spike(8, 1.6F, Tuning::scale));
        base += output_error(network, images, one_spike(8, 1.6F, Tuning::base));
        weights += output_error(network, images, one_spike(8, 1.6F, Tuning::weights));
    }
    EXPECT_LT(bias, plain);
    EXPECT_LT(scale, bias);
    EXPECT_LT(base, scale);
    EXPECT_LT(weights, base);
    EXPECT_LT(base, 0.7 * plain);
}

TEST(Tune, NeedsTheFullWait) {
    const Network network = branched_network(3);
    const RandomImages images(network, 10);
    ConvertOptions options = one_spike(8, 1.6F, Tuning::bias);
    options.wait = 4;
    EXPECT_THROW((void)convert(network, images, options), Error);
    options = {};
    options.coding = Coding::rate;
    options.tuning = Tuning::scale;
    EXPECT_THROW((void)convert(network, images, options), Error);
}

/// input 2x1x1 -> neurons -> output.
Network two_neurons(NeuronKind kind) {
    Network network;
    append(network, "input", Input{{2, 1, 1}, {}, {}});
    Activation activation;
    activation.neuron.kind = kind;
    append(network, "neurons", activation);
    append(network, "output", Output{});
    return network;
}

class OneImage final : public Samples {
public:
    explicit OneImage(std::vector<float> image) : image_(std::move(image)) {}
    std::size_t size() const override { return 1; }
    Shape shape() const override { return {static_cast<std::int64_t>(image_.size()), 1, 1}; }
    int n_classes() const override { return 2; }
    int label(std::size_t) const override { return 0; }
    void read(std::size_t, std::span<float> pixels) const override {
        std::copy(image_.begin(), image_.end(), pixels.begin());
    }
    std::string describe() const override { return "one image"; }

private:
    std::vector<float> image_;
};

TEST(Diagnose, OneSpikeByHand) {
    Network spiking = two_neurons(NeuronKind::one_spike);
    spiking.timing = {3, 3, InputCoding::binary_phase, Propagation::same_step};
    const OneImage image({1, 0.25F});
    const Diagnosis d = diagnose(two_neurons(NeuronKind::relu), spiking, image, {});
    // Floats 1 and 1/4; spikes 1/2 (the largest there is) and 1/4.
    ASSERT_EQ(d.layers.size(), 1U);
    EXPECT_NEAR(d.layers[0].relative_error, 0.5 / std::sqrt(1.0625), 1e-9);
    EXPECT_NEAR(d.layers[0].own_error, d.layers[0].relative_error, 1e-9);
    EXPECT_NEAR(d.layers[0].bias, -0.5 / 1.25, 1e-9);
    EXPECT_EQ(d.layers[0].saturated, 0.5);
    EXPECT_EQ(d.layers[0].silenced, 0);
    EXPECT_EQ(d.changed_decisions, 0);
    // The same phase by phase: W < T, but nothing arrives late here.
    spiking.timing.wait = 2;
    const OneImage small({1, 0.02F});
    const Diagnosis stepped = diagnose(two_neurons(NeuronKind::relu), spiking, small, {});
    EXPECT_EQ(stepped.layers[0].own_error, -1);
    EXPECT_EQ(stepped.layers[0].silenced, 0.5);
}

TEST(Diagnose, RateCodingByHand) {
    Network spiking = two_neurons(NeuronKind::integrate_fire);
    spiking.timing.steps = 4;
    const OneImage image({0.5F, 0.125F});
    const Diagnosis d = diagnose(two_neurons(NeuronKind::relu), spiking, image, {});
    // Two spikes in four steps, and none.
    EXPECT_NEAR(d.layers[0].relative_error, 0.125 / std::sqrt(0.25 + 1.0 / 64), 1e-7);
    EXPECT_EQ(d.layers[0].silenced, 0.5);
    EXPECT_EQ(d.layers[0].saturated, 0);
    EXPECT_THROW((void)diagnose(branched_network(1), spiking, image, {}), Error);
}

TEST(Diagnose, ManyPhasesCostLittle) {
    const Network network = branched_network(2);
    const RandomImages images(network, 20);
    double before = 1;
    for (const auto& [steps, base] : {std::pair{4, 2.0F}, {12, 1.4F}, {60, 1.1F}}) {
        const double error = output_error(network, images, one_spike(steps, base, Tuning::scale));
        EXPECT_LT(error, before);
        before = error;
    }
    EXPECT_LT(before, 0.1);
}

TEST(Search, TakesTheFirstSettingThatIsGoodEnough) {
    const Network network = branched_network(4);
    const RandomImages images(network, 100);
    const std::vector<ConvertOptions> settings = {
        one_spike(1, 2, Tuning::none), one_spike(3, 2, Tuning::none),
        one_spike(60, 1.1F, Tuning::scale), one_spike(80, 1.1F, Tuning::scale)};
    const SearchResult all = search_conversion(network, images, settings, -1);
    ASSERT_EQ(all.tried.size(), 4U);
    EXPECT_FALSE(all.found);
    EXPECT_GT(all.tried[0].changed, all.tried[2].changed);
    const SearchResult found = search_conversion(network, images, settings, all.tried[2].changed);
    EXPECT_TRUE(found.found);
    ASSERT_LE(found.tried.size(), 3U);
    for (std::size_t k = 0; k + 1 < found.tried.size(); ++k)
        EXPECT_GT(found.tried[k].changed, all.tried[2].changed);
    EXPECT_EQ(found.network.timing.steps, found.tried.back().options.steps);
    EXPECT_LE(found.tried.back().changed, found.tried.back().upper_bound);
    EXPECT_GT(found.tried.back().upper_bound, 0);  // 20 images prove nothing to be 0
    const RandomImages few(network, 99);
    EXPECT_THROW((void)search_conversion(network, few, settings, 0.5), Error);
}

TEST(Search, SettingsGoFromCheapToDear) {
    const auto settings = settings_by_cost({});
    ASSERT_EQ(settings.size(), 25U);
    for (std::size_t k = 0; k + 1 < settings.size(); ++k)
        EXPECT_LT(std::pair(settings[k].steps, settings[k].tuning),
                  std::pair(settings[k + 1].steps, settings[k + 1].tuning));
}

}  // namespace
}  // namespace ranvier
