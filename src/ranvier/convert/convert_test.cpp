#include "ranvier/convert/convert.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/base_choice.hpp"
#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

using namespace testing;

/// Images from a tensor [n][channels][height][width], all of class 0.
class TensorSamples : public Samples {
public:
    explicit TensorSamples(Tensor images) : images_(std::move(images)) {}
    std::size_t size() const override { return static_cast<std::size_t>(images_.dims[0]); }
    Shape shape() const override { return {images_.dims[1], images_.dims[2], images_.dims[3]}; }
    int n_classes() const override { return 1; }
    int label(std::size_t) const override { return 0; }
    void read(std::size_t index, std::span<float> pixels) const override {
        std::copy_n(images_.values.begin() + static_cast<std::ptrdiff_t>(index * pixels.size()),
                    pixels.size(), pixels.begin());
    }
    std::string describe() const override { return "test images"; }

private:
    Tensor images_;
};

TensorSamples random_samples(const Network& network, std::int64_t n) {
    const Shape& s = network.input().shape;
    Tensor images({n, s.channels, s.height, s.width});
    Random random(1, 77);
    for (float& v : images.values) v = random.uniform();
    return TensorSamples(images);
}

ConvertOptions bsnn_options() {
    ConvertOptions options;
    options.coding = Coding::rate;
    options.steps = 40;
    options.placement = Placement::weights;
    options.measure.granularity = Granularity::layer;
    options.measure.percentile = 99.7;
    options.measure.method = PercentileMethod::exact;
    return options;
}

class BsnnConversion : public ::testing::TestWithParam<const char*> {
protected:
    /// The float network: its program measures nothing behind pools and puts neurons there later.
    static Network float_network(const std::string& folder, const std::string& which) {
        Network network = bsnn_network(folder, which, false);
        for (std::size_t l = network.layers.size(); l-- > 0;)
            if (network.layers[l].name.starts_with("pool_relu")) remove_layer(network, l);
        return network;
    }
};
INSTANTIATE_TEST_SUITE_P(Oracles, BsnnConversion,
                         ::testing::Values("bsnn_conversion", "bsnn_conversion_pool_after_relu"));

TEST_P(BsnnConversion, WeightsAgree) {
    const std::string folder = GetParam();
    RANVIER_NEEDS_ORACLE(folder);
    const TensorSamples calibration(read_npy(oracle(folder) / "calibration_images.npy"));
    const Network before = float_network(folder, "before");
    const Network expected = float_network(folder, "after");
    const Network got = convert(before, calibration, bsnn_options());
    ASSERT_EQ(got.layers.size(), expected.layers.size());
    // B-SNN leaves the last layer in units of its input's scale; we restore the logits' own unit.
    const float last_scale = read_npy(oracle(folder) / "scales.npy").values[3];
    const auto expect_close = [](const Tensor& a, const Tensor& b, float factor) {
        ASSERT_EQ(a.dims, b.dims);
        for (std::size_t i = 0; i < a.size(); ++i)
            ASSERT_NEAR(a.values[i], b.values[i] * factor, 2e-6F) << "percentiles of float sums";
    };
    for (std::size_t l = 0; l < got.layers.size(); ++l) {
        const Layer& layer = got.layers[l];
        if (const auto* conv = layer.as<Convolution>())
            expect_close(conv->weight, expected.layers[l].as<Convolution>()->weight, 1);
        if (const auto* linear = layer.as<Linear>())
            expect_close(linear->weight, expected.layers[l].as<Linear>()->weight,
                         layer.name == "fc5" ? last_scale : 1);
    }
}

TEST_P(BsnnConversion, ScalesAgree) {
    const std::string folder = GetParam();
    RANVIER_NEEDS_ORACLE(folder);
    const TensorSamples calibration(read_npy(oracle(folder) / "calibration_images.npy"));
    const Tensor scales = read_npy(oracle(folder) / "scales.npy");
    MeasureOptions options = bsnn_options().measure;
    for (const PercentileMethod method : {PercentileMethod::exact, PercentileMethod::histogram}) {
        options.method = method;
        options.batch = 5;  // does not divide the number of images
        const auto peaks = measure_peaks(float_network(folder, "before"), calibration, options);
        std::size_t k = 0;
        for (const auto& peak : peaks)
            if (!peak.empty()) {
                const float tolerance =
                    method == PercentileMethod::exact ? 2e-6F : 3e-4F;  // half a bin of 1 / 2048
                EXPECT_NEAR(peak[0], scales.values[k], scales.values[k] * tolerance);
                ++k;
            }
        EXPECT_EQ(k, scales.size());
    }
}

TEST(MeasurePeaks, MaximumPerChannel) {
    const Network network = branched_network(2);
    const TensorSamples samples = random_samples(network, 7);
    const auto peaks = measure_peaks(network, samples, {});
    std::vector<float> expected(4, 0.0F);
    for (std::size_t i = 0; i < 7; ++i) {
        std::vector<float> image(72);
        samples.read(i, image);
        const auto values = reference_forward(network, image)[2];
        for (std::size_t k = 0; k < values.size(); ++k)
            expected[k / 36] = std::max(expected[k / 36], values[k]);
    }
    ASSERT_EQ(peaks[2].size(), 4U);
    for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(peaks[2][c], expected[c], 1e-5F);
    EXPECT_TRUE(peaks[1].empty());
}

TEST(Convert, EveryWayApproachesTheFloatNetwork) {
    const Network network = branched_network(4);
    const TensorSamples calibration = random_samples(network, 20);
    std::vector<float> image(72);
    calibration.read(3, image);
    const auto expected = reference_forward(network, image).back();
    for (const Coding coding : {Coding::rate, Coding::one_spike})
        for (const Placement placement : {Placement::weights, Placement::thresholds})
            for (const bool pool_neurons : {false, true}) {
                ConvertOptions options;
                options.coding = coding;
                options.placement = placement;
                options.pool_neurons = pool_neurons;
                options.steps = coding == Coding::rate ? 2000 : 60;
                options.base = 1.05F;  // fine phases: the code's error is at most 2.5 %
                const Network spiking = convert(network, calibration, options);
                const ReferencePlan plan(spiking);
                ReferenceRun run(plan);
                run.start(image);
                for (int t = 0; t < plan.n_steps; ++t) run.step();
                const float divisor = coding == Coding::rate ? 2000.0F : 1.0F;
                for (std::size_t k = 0; k < expected.size(); ++k)
                    EXPECT_NEAR(run.logits()[k] / divisor, expected[k], 0.35F)
                        << "coding " << static_cast<int>(coding) << " pool neurons "
                        << pool_neurons;
            }
}

TEST(Convert, WaitAndInputCodingGoIntoTheTiming) {
    const Network network = branched_network(4);
    const TensorSamples calibration = random_samples(network, 2);
    ConvertOptions options;
    options.steps = 12;
    Network converted = convert(network, calibration, options);
    EXPECT_EQ(converted.timing, (Timing{12, 12, InputCoding::binary_phase}));
    options.wait = 0;
    options.base = 1.5F;
    options.input = InputCoding::one_spike_phase;
    converted = convert(network, calibration, options);
    EXPECT_EQ(converted.timing,
              (Timing{12, 0, InputCoding::one_spike_phase, Propagation::same_step, 1.5F}));
    EXPECT_TRUE(converted.notes["conversion"].starts_with(
        "one_spike, base 1.5, wait 0, threshold shift on, one-spike input; 12 steps;"))
        << converted.notes["conversion"];
}

TEST(Convert, TheBaseIsChosenForTheNumberOfPhases) {
    const Network network = branched_network(4);
    const TensorSamples calibration = random_samples(network, 2);
    ConvertOptions options;
    options.steps = 24;
    options.base = 0;
    const Network converted = convert(network, calibration, options);
    for (const Layer& layer : converted.layers)
        if (const auto* activation = layer.as<Activation>()) {
            EXPECT_EQ(activation->neuron.base, best_base(24));
        }
    EXPECT_TRUE(converted.notes.at("conversion")
                    .starts_with("one_spike, base 1.202 (chosen for 24 phases, MAPE 6.36 %), wait"))
        << converted.notes.at("conversion");
}

TEST(Convert, RefusesWhatCannotBeUsed) {
    const Network network = branched_network(4);
    const TensorSamples calibration = random_samples(network, 2);
    ConvertOptions options;
    options.base = 1.0F;
    EXPECT_THROW((void)convert(network, calibration, options), Error);
    options = {};
    options.steps = 0;
    EXPECT_THROW((void)convert(network, calibration, options), Error);
    options = {};
    options.wait = -2;
    EXPECT_THROW((void)convert(network, calibration, options), Error);
    options = {};
    options.input = InputCoding::direct;
    EXPECT_THROW((void)convert(network, calibration, options), Error);
    options = {};
    options.measure.percentile = 0;
    EXPECT_THROW((void)convert(network, calibration, options), Error);
    const Network spiking = convert(network, calibration, {});
    EXPECT_THROW((void)convert(spiking, calibration, {}), Error) << "converted twice";
}

/// Integer weights and pixels in quarters, so that every sum is exact.
Network quantized_network(std::uint64_t seed) {
    Random random(seed, 9);
    const auto integers = [&random](std::vector<std::int64_t> dims) {
        Tensor tensor(std::move(dims));
        for (float& w : tensor.values) w = static_cast<float>(random.below(7)) - 2.5F;
        return tensor;
    };
    Activation quantized;
    quantized.neuron.kind = NeuronKind::quantized_relu;
    Network network;
    append(network, "input", Input{{2, 6, 6}, {}, {}});
    Convolution first = convolution3x3(integers({3, 2, 3, 3}));
    first.bias = integers({3});
    append(network, "conv1", first);
    append(network, "relu1", quantized);
    append(network, "pool", average_pool2());
    append(network, "conv2", convolution3x3(integers({4, 3, 3, 3})));
    append(network, "relu2", quantized);
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{integers({5, 36}), integers({5})});
    append(network, "output", Output{});
    return network;
}

Tensor quarters(std::uint64_t seed) {
    Random random(seed, 10);
    Tensor image({1, 2, 6, 6});
    for (float& v : image.values) v = static_cast<float>(random.below(5)) / 4;
    return image;
}

std::vector<float> logits_of(const Network& network, const Tensor& image) {
    const ReferencePlan plan(network);
    ReferenceRun run(plan);
    run.start(image.values);
    for (int t = 0; t < plan.n_steps; ++t) run.step();
    return run.logits();
}

TEST(Convert, OneStepOfMultiSpikeNeuronsIsAQuantizedRelu) {
    ConvertOptions options;
    options.coding = Coding::rate;
    options.neuron = NeuronKind::multi_spike;
    options.thresholds = Thresholds::one;
    options.steps = 1;
    bool some_fired = false;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Network network = quantized_network(seed);
        const Tensor image = quarters(seed);
        const auto expected = reference_forward(network, image.values);
        const Network converted = convert(network, TensorSamples(image), options);
        EXPECT_EQ(logits_of(converted, image), expected.back());
        for (const float v : expected[5]) some_fired = some_fired || v > 1;
    }
    EXPECT_TRUE(some_fired);
}

// With non-negative weights no spike is ever one too many, so that spreading the input over steps
// only moves spikes in time.
TEST(Convert, SpreadInputAddsUpToTheImage) {
    Network network = quantized_network(3);
    network.layers.resize(3);
    append(network, "output", Output{});
    for (float& w : network.layers[1].as<Convolution>()->weight.values) w = std::abs(w);
    for (float& b : network.layers[1].as<Convolution>()->bias.values) b = std::abs(b);
    const Tensor image = quarters(3);
    ConvertOptions options;
    options.coding = Coding::rate;
    options.neuron = NeuronKind::multi_spike;
    options.thresholds = Thresholds::one;
    for (const int n : {1, 2, 4, 8}) {  // powers of two divide exactly
        options.spread = options.steps = n;
        EXPECT_EQ(logits_of(convert(network, TensorSamples(image), options), image),
                  reference_forward(network, image.values).back());
    }
}

TEST(Convert, RefusesWhatDoesNotFitMultiSpikeNeurons) {
    const Network network = quantized_network(1);
    const TensorSamples calibration(quarters(1));
    const auto refused = [&](const Network& source, const ConvertOptions& options, Fault fault) {
        try {
            (void)convert(source, calibration, options);
            ADD_FAILURE() << "converted";
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), fault) << error.what();
        }
    };
    ConvertOptions rate;
    rate.coding = Coding::rate;
    refused(network, rate, Fault::unsupported);  // its thresholds are built in
    rate.thresholds = Thresholds::one;
    Network signs = network;
    signs.layers[2].as<Activation>()->neuron.kind = NeuronKind::sign;
    refused(signs, rate, Fault::unsupported);
    ConvertOptions wrong = rate;
    wrong.lower_bound = -1.0F;  // of integrate_fire
    refused(network, wrong, Fault::usage);
    wrong.neuron = NeuronKind::multi_spike;
    wrong.lower_bound = 0.5F;
    refused(network, wrong, Fault::usage);
    wrong = rate;
    wrong.spread = 0;
    refused(network, wrong, Fault::usage);
    wrong = rate;
    wrong.neuron = NeuronKind::one_spike;
    refused(network, wrong, Fault::usage);
    wrong = {};
    wrong.spread = 2;  // one_spike coding
    refused(branched_network(4), wrong, Fault::usage);
}

Network max_before_relu() {
    Random random(8, 0);
    Network network;
    append(network, "input", Input{{2, 8, 8}, {}, {}});
    append(network, "conv", convolution3x3(random_tensor({3, 2, 3, 3}, random, 0.4F)));
    append(network, "pool", max_pool2());
    append(network, "relu", Activation{});
    append(network, "conv2", convolution3x3(random_tensor({4, 3, 3, 3}, random, 0.3F)));
    append(network, "relu2", Activation{});
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{random_tensor({3, 64}, random, 0.2F), {}});
    append(network, "output", Output{});
    return network;
}

TEST(Convert, MaxPoolsBetweenNeurons) {
    const Network network = max_before_relu();
    const TensorSamples calibration = random_samples(network, 12);
    ConvertOptions options;
    options.coding = Coding::rate;
    options.max_pools = MaxPools::between_neurons;
    options.measure.percentile = 99;
    options.steps = 400;
    const Network prepared = prepared_for_conversion(network, options);
    ASSERT_EQ(prepared.layers.size(), network.layers.size() + 1);
    EXPECT_EQ(prepared.layers[2].name, "pool_neuron");
    std::vector<float> image(128);
    calibration.read(3, image);
    const auto expected = reference_forward(network, image);
    EXPECT_EQ(reference_forward(prepared, image).back(), expected.back());

    const auto peaks = measure_peaks(network, calibration, options.measure);
    for (const Placement placement : {Placement::thresholds, Placement::weights}) {
        options.placement = placement;
        const Network converted = convert(network, calibration, options);
        const auto& before = converted.layers[2].as<Activation>()->neuron;
        const auto& behind = converted.layers[4].as<Activation>()->neuron;
        EXPECT_EQ(before.threshold, behind.threshold);
        if (placement == Placement::thresholds) {
            EXPECT_EQ(behind.threshold, peaks[3]);
        }
        const ReferencePlan plan(converted);
        ReferenceRun run(plan);
        run.start(image);
        for (int t = 0; t < options.steps; ++t) {
            run.step();
            EXPECT_EQ(run.emitted(4), run.emitted(3)) << "neurons behind repeat the pool's spikes";
        }
        EXPECT_EQ(why_not_fast(converted), "");
    }
    // At the maximum nothing saturates, and counts approach the float values as 1 / T.
    options.measure.percentile = 100;
    const Network exact = convert(network, calibration, options);
    const ReferencePlan plan(exact);
    ReferenceRun run(plan);
    run.start(image);
    for (int t = 0; t < options.steps; ++t) run.step();
    for (std::size_t k = 0; k < 3; ++k)
        EXPECT_NEAR(run.logits()[k] / static_cast<float>(options.steps), expected.back()[k], 0.02)
            << "some 10 spikes' worth in membranes, of 400 steps";
    options.max_pools = MaxPools::lowered;
    EXPECT_EQ(convert(network, calibration, options).layers.size(), network.layers.size());
}

TEST(Convert, RefusesAMaxPoolOfCurrents) {
    Network network;
    Random random(6, 0);
    append(network, "input", Input{{2, 8, 8}, {}, {}});
    append(network, "conv", convolution3x3(random_tensor({3, 2, 3, 3}, random)));
    append(network, "pool", max_pool2());
    append(network, "output", Output{});
    try {
        (void)convert(network, random_samples(network, 2), {});
        FAIL() << "converted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
        EXPECT_NE(std::string(error.what()).find("'pool'"), std::string::npos);
    }
}

}  // namespace
}  // namespace ranvier
