#include "ranvier/net/binary_weights.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/net/shapes.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <limits>

namespace ranvier {
namespace {

using namespace testing;

/// A binary convolution between float layers; 3 x 5 x 3 x 3 = 135 weights are 16 bytes and 7 bits.
Network binary_network() {
    Random random(1, 0);
    const auto weights = [&random](std::vector<std::int64_t> dims) {
        Tensor tensor(std::move(dims));
        for (float& w : tensor.values) w = random.uniform(-1, 1);
        return tensor;
    };
    Network network;
    append(network, "in", Input{{2, 4, 4}, {}, {}});
    append(network, "first", convolution3x3(weights({5, 2, 3, 3})));
    append(network, "relu1", Activation{});
    append(network, "binary", convolution3x3(weights({3, 5, 3, 3})));
    append(network, "relu2", Activation{});
    append(network, "flat", Flatten{});
    append(network, "last", Linear{weights({4, 48}), {}});
    append(network, "out", Output{});
    auto* conv = network.layers[3].as<Convolution>();
    for (std::size_t i = 0; i < conv->weight.size(); ++i)
        conv->weight.values[i] =
            std::copysign(0.1F * static_cast<float>(1 + i / 45), conv->weight.values[i]);
    EXPECT_TRUE(mark_binary(conv->weight, conv->format));
    return network;
}

TEST(BinaryWeights, HandCheckedSigns) {
    const Tensor weight({2, 5}, {1, -1, -1, 1, 1, -2, -2, 2, -2, 2});
    const PackedSigns signs = pack_signs(weight);
    EXPECT_EQ(signs.dims, (std::vector<std::int32_t>{2, 5}));
    EXPECT_EQ(signs.bytes, (std::vector<std::uint8_t>{0b10011001, 0b10}));
    EXPECT_EQ(from_signs(signs, {1, 2}), weight);
}

TEST(BinaryWeights, SignsAndScalesComeBack) {
    check_property([] {
        const std::int64_t n_out = *rc::gen::inRange(1, 6), n_in = *rc::gen::inRange(1, 20);
        Tensor weight({n_out, n_in});
        for (std::size_t i = 0; i < weight.size(); ++i)
            weight.values[i] = static_cast<float>(i / static_cast<std::size_t>(n_in) + 1) *
                               (*rc::gen::arbitrary<bool>() ? 0.3F : -0.3F);
        WeightFormat format;
        RC_ASSERT(mark_binary(weight, format));
        const PackedSigns signs = pack_signs(weight);
        RC_ASSERT(packed_fault(signs).empty());
        RC_ASSERT(from_signs(signs, format.scales) == weight);
    });
}

TEST(BinaryWeights, OneMagnitudePerOutputOrNothing) {
    WeightFormat format;
    EXPECT_FALSE(mark_binary(Tensor({1, 2}, {1, 2}), format));
    EXPECT_FALSE(mark_binary(Tensor({2, 2}, {1, -1, 0, 0}), format));
    EXPECT_EQ(format, WeightFormat{});
    EXPECT_TRUE(mark_binary(Tensor({2, 2}, {1, -1, 3, 3}), format));
    EXPECT_EQ(format, (WeightFormat{WeightKind::binary, {1, 3}}));
    EXPECT_NE(binary_fault(Tensor({1, 2}, {1, -1}), {WeightKind::binary, {2}}), "");
    EXPECT_NE(binary_fault(Tensor({2, 1}, {1, -1}), {WeightKind::binary, {1, 1, 1}}), "");
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_NE(binary_fault(Tensor({1, 1}, {nan}), {WeightKind::binary, {nan}}), "");
}

TEST(BinaryWeights, AModelFileHoldsBits) {
    const Network network = binary_network();
    const std::string bytes = encode_network(network);
    EXPECT_EQ(decode_network(bytes, "test"), network);
    const Safetensors content = decode_safetensors(bytes, "test");
    EXPECT_EQ(content.bytes.at("binary.weight").size(), 17U);
    EXPECT_EQ(content.int32.at("binary.weight_shape"), (std::vector<std::int32_t>{3, 5, 3, 3}));
    EXPECT_EQ(content.tensors.at("binary.weight_scale").values.size(), 3U);
    EXPECT_EQ(content.tensors.count("binary.weight"), 0U);
    EXPECT_EQ(summarize_weights(network), WeightSummary::mixed);
}

TEST(BinaryWeights, DamagedFilesAreRefused) {
    const Safetensors sound = decode_safetensors(encode_network(binary_network()), "test");
    const auto refused = [&](const auto& damage) -> std::string {
        Safetensors content = sound;
        damage(content);
        try {
            (void)decode_network(encode_safetensors(content), "test");
            return "accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            return error.what();
        }
    };
    const auto expect = [&](const char* says, const auto& damage) {
        const std::string said = refused(damage);
        EXPECT_NE(said.find(says), std::string::npos) << said;
    };
    expect("weight_shape' is missing", [](auto& c) { c.int32.erase("binary.weight_shape"); });
    expect("weight_scale' is missing", [](auto& c) { c.tensors.erase("binary.weight_scale"); });
    expect("do not fit", [](auto& c) { c.bytes["binary.weight"].pop_back(); });
    expect("do not fit", [](auto& c) { c.bytes["binary.weight"].push_back(0); });
    expect("do not fit", [](auto& c) { c.int32["binary.weight_shape"] = {3, -5, 3, 3}; });
    expect("do not fit", [](auto& c) {
        c.int32["binary.weight_shape"] = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
    });
    expect("behind the last sign", [](auto& c) { c.bytes["binary.weight"].back() |= 0x80; });
    expect("scale", [](auto& c) { c.tensors["binary.weight_scale"].values[1] = 0; });
    expect("belongs to no layer", [](auto& c) { c.bytes["other"] = {1, 2}; });
}

}  // namespace
}  // namespace ranvier
