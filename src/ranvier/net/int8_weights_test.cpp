#include "ranvier/net/int8_weights.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/net/shapes.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <limits>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

using namespace testing;

/// Two int8 linear layers: one scale for all, and one per channel.
Network int8_network() {
    Network network;
    append(network, "in", Input{{2, 1, 1}, {}, {}});
    append(network, "one",
           Linear{Tensor({2, 2}, {0.25F, -0.5F, 31.75F, 0.0F}),
                  Tensor({2}, {0.1F, 0.2F}),
                  {WeightKind::int8, {0.25F}}});
    append(network, "relu", Activation{});
    append(
        network, "each",
        Linear{Tensor({2, 2}, {1.0F, 2.0F, -12.7F, 0.1F}), {}, {WeightKind::int8, {1.0F, 0.1F}}});
    append(network, "out", Output{});
    auto& weight = network.layers[3].as<Linear>()->weight;
    weight.values[2] = -127 * 0.1F;
    return network;
}

TEST(Int8Weights, HandCheckedIntegers) {
    const Network network = int8_network();
    const auto one = weights_of(network.layers[1]), each = weights_of(network.layers[3]);
    EXPECT_EQ(int8_integers(*one->weight, *one->format).values,
              (std::vector<std::int8_t>{1, -2, 127, 0}));
    EXPECT_EQ(int8_integers(*each->weight, *each->format).values,
              (std::vector<std::int8_t>{1, 2, -127, 1}));
    EXPECT_FALSE(weights_of(network.layers[0]).has_value());
    EXPECT_EQ(summarize_weights(network), WeightSummary::int8);
    Network other = network;
    other.layers[1].as<Linear>()->format = {};
    EXPECT_EQ(summarize_weights(other), WeightSummary::mixed);
    other.layers[3].as<Linear>()->format = {};
    EXPECT_EQ(summarize_weights(other), WeightSummary::float32);
}

// Any integers, and any scale a float can be short of subnormal: the quotient finds them again.
RC_GTEST_PROP(Int8Weights, IntegersComeBack, ()) {
    const std::int64_t n_out = *rc::gen::inRange(1, 5), n_in = *rc::gen::inRange(1, 9);
    Int8Tensor integers{{n_out, n_in}, {}};
    for (std::int64_t i = 0; i < n_out * n_in; ++i)
        integers.values.push_back(static_cast<std::int8_t>(*rc::gen::inRange(-127, 128)));
    std::vector<float> scales;
    const auto n_scales = static_cast<std::size_t>(*rc::gen::element(std::int64_t{1}, n_out));
    for (std::size_t s = 0; s < n_scales; ++s)
        scales.push_back(
            std::ldexp(1 + static_cast<float>(*rc::gen::inRange(0, 1 << 23)) * 0x1p-23F,
                       *rc::gen::inRange(-126, 120)));
    const WeightFormat format{WeightKind::int8, scales};
    const Tensor weight = from_int8(integers, scales);
    RC_ASSERT(int8_fault(weight, format).empty());
    RC_ASSERT(int8_integers(weight, format) == integers);
}

void expect_unsound(const Network& network, const std::string& says) {
    try {
        (void)infer_shapes(network);
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
}

TEST(Int8Weights, WeightsThatAreNoIntegersAreFound) {
    const auto with = [](auto change) {
        Network network = int8_network();
        change(*network.layers[1].as<Linear>());
        return network;
    };
    expect_unsound(with([](Linear& l) { l.weight.values[1] = 0.3F; }), "position 1");
    expect_unsound(with([](Linear& l) { l.weight.values[0] = 32.0F; }), "-127 to 127");
    expect_unsound(with([](Linear& l) { l.format.scales = {}; }), "0 scales");
    expect_unsound(with([](Linear& l) { l.format.scales = {0.25F, 0.25F, 0.25F}; }), "3 scales");
    expect_unsound(with([](Linear& l) { l.format.scales = {-0.25F}; }), "-0.25");
    expect_unsound(
        with([](Linear& l) { l.format.scales = {std::numeric_limits<float>::infinity()}; }), "inf");
    expect_unsound(with([](Linear& l) { l.format.kind = WeightKind::float32; }), "scales");
}

TEST(Int8File, RoundTripIsExactAndSmall) {
    const Network network = int8_network();
    const std::string bytes = encode_network(network);
    EXPECT_EQ(decode_network(bytes, "file"), network);
    EXPECT_EQ(encode_network(decode_network(bytes, "file")), bytes);
    const Safetensors content = decode_safetensors(bytes, "file");
    EXPECT_EQ(content.int8.at("one.weight").values, (std::vector<std::int8_t>{1, -2, 127, 0}));
    EXPECT_EQ(content.tensors.at("one.weight_scale").values, std::vector{0.25F});
    EXPECT_FALSE(content.tensors.contains("one.weight")) << "not stored twice";
}

std::string refusal(const std::string& bytes) {
    try {
        (void)decode_network(bytes, "x.safetensors");
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        return error.what();
    }
    return "accepted";
}

TEST(Int8File, WhatDoesNotFitIsRefused) {
    const auto with = [](auto change) {
        Safetensors content = decode_safetensors(encode_network(int8_network()), "file");
        change(content);
        return refusal(encode_safetensors(content));
    };
    const auto expect = [](const std::string& message, const std::string& says) {
        EXPECT_NE(message.find(says), std::string::npos) << message;
    };
    expect(with([](Safetensors& c) { c.tensors.erase("one.weight_scale"); }),
           "'one.weight_scale' is missing");
    expect(with([](Safetensors& c) {
               c.tensors["each.weight_scale"] = Tensor({3}, {1, 1, 1});
           }),
           "[1] or [2]");
    expect(with([](Safetensors& c) {
               c.tensors["each.weight_scale"] = Tensor({2, 1}, {1, 1});
           }),
           "[2, 1]");
    expect(with([](Safetensors& c) { c.tensors["one.weight_scale"] = Tensor({1}, {0}); }),
           "int8 scale 0");
    expect(with([](Safetensors& c) { c.int8["one.weight"].values[0] = -128; }), "-128");
    expect(with([](Safetensors& c) { c.int8.erase("one.weight"); }), "one");
    expect(with([](Safetensors& c) {
               c.int8["one.bias"] = {{2}, {1, 2}}, c.tensors.erase("one.bias");
           }),
           "'one.bias' belongs to no layer");
    expect(with([](Safetensors& c) { c.int8["nobody.weight"] = {{1}, {1}}; }), "nobody.weight");
    expect(with([](Safetensors& c) { c.int8["one.weight"] = {{4}, {1, 2, 3, 4}}; }), "one");
    expect(with([](Safetensors& c) { c.tensors["in.weight_scale"] = Tensor({1}, {1}); }),
           "in.weight_scale");
}

TEST(Int8File, EveryFlippedBitGivesAnErrorOrASoundNetwork) {
    const std::string bytes = encode_network(int8_network());
    int refused = 0;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        try {
            (void)infer_shapes(decode_network(damaged, "file"));
        } catch (const Error& error) {
            ASSERT_EQ(error.fault(), Fault::bad_input) << error.what();
            ++refused;
        }
    }
    EXPECT_GT(refused, static_cast<int>(4 * bytes.size())) << "most damage is seen";
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW((void)decode_network(bytes.substr(0, size), "file"), Error);
}

}  // namespace
}  // namespace ranvier
