#include "ranvier/convert/quantize_weights.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/convert.hpp"
#include "ranvier/convert/simplify.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/shapes.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>
#include <limits>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

using namespace testing;

Network linear_network(Tensor weight) {
    const std::int64_t n_in = weight.dims[1];
    Network network;
    append(network, "in", Input{{n_in, 1, 1}, {}, {}});
    append(network, "fc", Linear{std::move(weight), {}});
    append(network, "out", Output{});
    return network;
}

const Linear& linear_of(const Network& network) {
    return std::get<Linear>(network.layers[1].operation);
}

std::vector<std::int8_t> integers_of(const Network& network) {
    return int8_integers(linear_of(network).weight, linear_of(network).format).values;
}

TEST(QuantizeWeights, HandCheckedCase) {
    // Per tensor the largest weight is 127, so the scale is 1; 1.5 and 2.5 are ties, to even.
    const Network network = linear_network(Tensor({2, 3}, {127, -64, 1.5F, 2.5F, 0.4F, 0}));
    Network tensor = network, channel = network;
    quantize_weights(tensor, {WeightScale::tensor});
    EXPECT_EQ(linear_of(tensor).format, (WeightFormat{WeightKind::int8, {1.0F}}));
    EXPECT_EQ(integers_of(tensor), (std::vector<std::int8_t>{127, -64, 2, 2, 0, 0}));
    EXPECT_EQ(linear_of(tensor).weight.values, (std::vector<float>{127, -64, 2, 2, 0, 0}));
    quantize_weights(channel, {WeightScale::channel});
    ASSERT_EQ(linear_of(channel).format.scales.size(), 2U);
    EXPECT_EQ(linear_of(channel).format.scales[0], 1.0F);
    EXPECT_NEAR(linear_of(channel).format.scales[1], 2.5F / 127, 1e-6);
    EXPECT_EQ(integers_of(channel), (std::vector<std::int8_t>{127, -64, 2, 127, 20, 0}));
    EXPECT_EQ(channel.notes.at("weights"),
              "int8, one scale per channel, largest weight = 127; biases float32");
}

TEST(QuantizeWeights, ZerosAndExtremesAreNoTrouble) {
    constexpr float huge = std::numeric_limits<float>::max();
    constexpr float tiny = std::numeric_limits<float>::denorm_min();
    Network network =
        linear_network(Tensor({4, 2}, {0, -0.0F, huge, -huge, tiny, -tiny, 1e-38F, -3e-38F}));
    for (const ScaleRule rule : {ScaleRule::maximum, ScaleRule::squared_error}) {
        Network quantized = network;
        quantize_weights(quantized, {WeightScale::channel, rule});
        (void)infer_shapes(quantized);
        EXPECT_EQ(integers_of(quantized)[0], 0);
        EXPECT_EQ(integers_of(quantized)[3], -127);
    }
    network.layers[1].as<Linear>()->weight.values[0] = NAN;
    const Network before = network;
    EXPECT_THROW(quantize_weights(network, {}), Error);
    EXPECT_TRUE(network.notes.empty()) << "unchanged";
}

rc::Gen<Tensor> any_weights() {
    return rc::gen::exec([] {
        const std::int64_t n_out = *rc::gen::inRange(1, 6), n_in = *rc::gen::inRange(1, 20);
        Tensor weight({n_out, n_in});
        const int exponent = *rc::gen::inRange(-30, 30);
        for (float& w : weight.values)
            w = std::ldexp(static_cast<float>(*rc::gen::inRange(-100'000, 100'001)), exponent);
        return weight;
    });
}

RC_GTEST_PROP(QuantizeWeights, NoWeightMovesByMoreThanHalfAStep, ()) {
    const Tensor weight = *any_weights();
    const WeightScale per = *rc::gen::element(WeightScale::channel, WeightScale::tensor);
    Network network = linear_network(weight), opposite = linear_network(weight);
    quantize_weights(network, {per});
    for (float& w : opposite.layers[1].as<Linear>()->weight.values) w = -w;
    quantize_weights(opposite, {per});
    const Linear& linear = linear_of(network);
    const std::size_t n_in = static_cast<std::size_t>(weight.dims[1]);
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const double scale = linear.format.scales[per == WeightScale::tensor ? 0 : i / n_in];
        // The division w / scale is rounded too: half a unit in 24 bits.
        RC_ASSERT(std::abs(double{weight.values[i]} - linear.weight.values[i]) <=
                  scale * (0.5 + 127 * 0x1p-24));
        RC_ASSERT(linear.weight.values[i] == -linear_of(opposite).weight.values[i]);
    }
}

RC_GTEST_PROP(QuantizeWeights, TwiceIsOnceAndSoundAndReadBack, ()) {
    const WeightScale per = *rc::gen::element(WeightScale::channel, WeightScale::tensor);
    const ScaleRule rule = *rc::gen::element(ScaleRule::maximum, ScaleRule::squared_error);
    Network network = linear_network(*any_weights());
    quantize_weights(network, {per, rule});
    (void)infer_shapes(network);
    Network twice = network;
    quantize_weights(twice, {per, rule});
    RC_ASSERT(twice == network);
    RC_ASSERT(decode_network(encode_network(network), "file") == network);
}

double error_of(const Network& network, const Tensor& weight) {
    double sum = 0;
    for (std::size_t i = 0; i < weight.size(); ++i)
        sum += std::pow(double{weight.values[i]} - linear_of(network).weight.values[i], 2);
    return sum;
}

TEST(QuantizeWeights, LeastSquaresIsNeverWorseAndClipsOutliers) {
    Random random(1, 0);
    Tensor weight({1, 400});
    for (float& w : weight.values) w = random.normal();
    weight.values[7] = 8;  // alone out there
    Network by_maximum = linear_network(weight), by_error = by_maximum;
    quantize_weights(by_maximum, {WeightScale::channel, ScaleRule::maximum});
    quantize_weights(by_error, {WeightScale::channel, ScaleRule::squared_error});
    EXPECT_LE(error_of(by_error, weight), error_of(by_maximum, weight));
    EXPECT_LE(linear_of(by_error).format.scales[0], linear_of(by_maximum).format.scales[0]);
}

TEST(QuantizeWeights, ChangedWeightsAreNoLongerInt8) {
    Network network = branched_network(3);
    BatchNorm norm{Tensor({4}, {2, 2, 2, 2}), Tensor({4}), Tensor({4}), Tensor({4}, {1, 1, 1, 1})};
    (void)insert_after(network, 1, {"norm", {}, norm});
    quantize_weights(network, {});
    fold_batch_norm(network);
    EXPECT_EQ(network.layers[1].as<Convolution>()->format, WeightFormat{});
    EXPECT_EQ(summarize_weights(network), WeightSummary::mixed);
    (void)infer_shapes(network);
}

class Int8Conversion : public ::testing::TestWithParam<Placement> {};

TEST_P(Int8Conversion, ReloadedNetworkEmitsTheSameSpikes) {
    const Network network = branched_network(4);
    std::vector<float> pixels(5 * 72);
    Random random(9, 0);
    for (float& p : pixels) p = random.uniform();
    const MemorySamples samples({{2, 6, 6}, 3, {0, 1, 2, 0, 1}, pixels, "five images"});
    ConvertOptions options;
    options.placement = GetParam();
    options.weights = WeightKind::int8;
    const Network converted = convert(network, samples, options);
    EXPECT_EQ(summarize_weights(converted), WeightSummary::int8);
    const Network reloaded = decode_network(encode_network(converted), "file");
    EXPECT_EQ(reloaded, converted);
    SimulationOptions run;
    run.n_threads = 1;
    const auto spikes = [&](const Network& of) {
        return make_spiking_engine(of, EngineKind::reference)
            ->run(samples, run, no_progress())
            .spikes;
    };
    EXPECT_EQ(spikes(reloaded), spikes(converted));
    EXPECT_EQ(converted.notes.at("weights").substr(0, 4), "int8");
}

INSTANTIATE_TEST_SUITE_P(Placements, Int8Conversion,
                         ::testing::Values(Placement::weights, Placement::thresholds));

}  // namespace
}  // namespace ranvier
