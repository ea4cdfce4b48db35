#include "ranvier/net/model_file.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/base/half.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/net/text_gcn.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

using namespace testing;

Network graph_network() {
    const auto graph = std::make_shared<SparseMatrix>(
        SparseMatrix{3, 3, {0, 2, 2, 4}, {0, 2, 0, 2}, {0.5F, 1.0F / 3, 1.0F / 3, 1}});
    return text_gcn(graph, Tensor({3, 2}, {1, 2, 3, 4, 5, 6}), Tensor({1, 2}, {1, -1}));
}

TEST(ModelFile, KeepsTheGraphOnce) {
    const Network network = graph_network();
    const std::string bytes = encode_network(network);
    const Network again = decode_network(bytes, "file");
    EXPECT_TRUE(again == network);
    EXPECT_EQ(adjacency_of(again.layers[1])->matrix, adjacency_of(again.layers[3])->matrix);
    EXPECT_EQ(encode_network(again), bytes);
    const Safetensors content = decode_safetensors(bytes, "file");
    EXPECT_EQ(content.int32.at("graph.row_length"), (std::vector<std::int32_t>{2, 0, 2}));
}

TEST(ModelFile, RefusesDamagedGraphs) {
    const Safetensors sound = decode_safetensors(encode_network(graph_network()), "file");
    const auto refused = [&](auto damage) {
        Safetensors content = sound;
        damage(content);
        EXPECT_THROW((void)decode_network(encode_safetensors(content), "file"), Error);
    };
    refused([](Safetensors& c) { c.int32.at("graph.column")[0] = 3; });
    refused([](Safetensors& c) { c.int32.at("graph.column")[1] = 0; });
    refused([](Safetensors& c) { c.int32.at("graph.column")[0] = -1; });
    refused([](Safetensors& c) { c.int32.at("graph.row_length") = {2, -1, 3}; });
    refused([](Safetensors& c) { c.int32.at("graph.row_length") = {2, 2147483647, 2}; });
    refused([](Safetensors& c) { c.int32.at("graph.row_length") = {2, 2}; });
    refused([](Safetensors& c) { c.int32.erase("graph.column"); });
    refused([](Safetensors& c) { c.tensors.erase("graph.value"); });
    refused([](Safetensors& c) { c.int32["other"] = {1}; });
    refused([](Safetensors& c) { c.tensors.at("graph.value").values[0] = std::nanf(""); });
}

/// Every operation and every field of a neuron, with values that have no short decimal form.
Network rich_network(std::uint64_t seed) {
    Network network = branched_network(seed);
    Random random(seed, 5);
    const auto norm = [&](std::int64_t n) {
        BatchNorm op{random_tensor({n}, random), random_tensor({n}, random),
                     random_tensor({n}, random), Tensor({n})};
        op.variance.values.assign(op.variance.size(), random.uniform(0.1F, 2.0F));
        op.epsilon = 1e-3F / 3;
        return op;
    };
    (void)insert_after(network, 1, {"norm", {}, norm(4)});
    (void)insert_after(network, network.layers.size() - 2,
                       {"drop \"quoted\" \xC3\xA4", {}, Dropout{1.0F / 3}});
    (void)insert_after(network, 3, {"again", {}, Activation{}});
    (void)insert_after(network, 4,
                       {"global", {}, AveragePool{{3, 3, 1, 1, 1, 1, 1, 1}, true, false}});
    int kind = 0;
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>()) {
            Neuron& neuron = activation->neuron;
            neuron.kind = static_cast<NeuronKind>((static_cast<int>(seed) + kind++) % 7);
            neuron.reset = seed % 2 == 0 ? Reset::zero : Reset::subtract;
            neuron.threshold = {random.uniform(0.1F, 3.0F)};
            neuron.amplitude = {random.uniform(0.1F, 3.0F) * 1e-20F};
            neuron.leak = 1.0F / 3;
            if (seed % 3 == 0) neuron.lower_bound = -1.0F / 7;
            neuron.base = 1.3F;
            neuron.threshold_shift = seed % 2 == 0;
        }
    network.timing = {16, static_cast<int>(seed), InputCoding::binary_phase, Propagation::delayed};
    if (seed % 4 == 0) {
        network.timing.input = InputCoding::one_spike_phase;
        network.timing.input_base = 1.2F;
    }
    network.notes = {{"source", "a test"}, {"", "no key"}};
    return network;
}

TEST(ModelFile, RoundTripIsExact) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const Network network = rich_network(seed);
        const std::string bytes = encode_network(network);
        EXPECT_EQ(decode_network(bytes, "file"), network) << "seed " << seed;
        EXPECT_EQ(encode_network(decode_network(bytes, "file")), bytes) << "same bytes again";
    }
}

TEST(ModelFile, Float16RoundsWeightsAlone) {
    const Network network = rich_network(1);
    const std::string bytes = encode_network(network, FloatStorage::float16);
    EXPECT_LT(bytes.size(), encode_network(network).size());
    Network expected = network;
    for (Layer& layer : expected.layers)
        for (Tensor* weight : {layer.as<Convolution>() ? &layer.as<Convolution>()->weight : nullptr,
                               layer.as<Linear>() ? &layer.as<Linear>()->weight : nullptr})
            if (weight != nullptr && weights_of(layer)->format->kind == WeightKind::float32)
                for (float& value : weight->values) value = from_float16(to_float16(value));
    EXPECT_NE(expected, network);
    const Network read = decode_network(bytes, "file");
    EXPECT_EQ(read, expected);
    EXPECT_EQ(encode_network(read, FloatStorage::float16), bytes) << "nothing is left to round";
}

TEST(Safetensors, ReadsHalves) {
    const auto file = [](const std::string& dtype) {
        const std::string header =
            R"({"a":{"dtype":")" + dtype + R"(","shape":[3],"data_offsets":[0,6]}})";
        std::string bytes(8, '\0');
        bytes[0] = static_cast<char>(header.size());
        return bytes + header + std::string("\x00\x3C\x80\x3F\x00\xC0", 6);
    };
    const auto values = [&](const std::string& dtype) {
        return decode_safetensors(file(dtype), "file").tensors.at("a").values;
    };
    EXPECT_EQ(values("F16"), (std::vector<float>{1, 1.875F, -2}));
    EXPECT_EQ(values("BF16"), (std::vector<float>{0.0078125F, 1, -2}));
    EXPECT_THROW((void)values("F32"), Error);
}

TEST(Safetensors, WritesNoFloat16ThatIsNone) {
    const Safetensors large{{{"a", Tensor({1, 1}, {65520})}}, {}};
    EXPECT_THROW((void)encode_safetensors(large, FloatStorage::float16), Error);
    const Safetensors vector{{{"a", Tensor({1}, {65520})}}, {}};
    EXPECT_EQ(encode_safetensors(vector, FloatStorage::float16), encode_safetensors(vector));
}

TEST(ModelFile, EveryTruncationIsRefused) {
    const std::string bytes = encode_network(rich_network(1));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        try {
            (void)decode_network(std::string_view(bytes).substr(0, size), "cut.safetensors");
            FAIL() << "read from " << size << " of " << bytes.size() << " bytes";
        } catch (const Error& error) {
            ASSERT_EQ(error.fault(), Fault::bad_input);
            ASSERT_NE(std::string(error.what()).find("cut.safetensors"), std::string::npos);
        }
    }
}

// Any texts and any finite numbers, down to subnormal ones.
RC_GTEST_PROP(ModelFile, AnyTextAndAnyFloatComeBack, ()) {
    const auto texts = rc::gen::string<std::string>();
    const auto floats = rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), [](std::uint32_t bits) {
        const float value = std::bit_cast<float>(bits);
        return std::isfinite(value) ? value : std::numeric_limits<float>::max();
    });
    const auto ascii = rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
    Network network = branched_network(1);
    network.notes = {{*ascii, *ascii}, {"long", std::string(*rc::gen::inRange(0, 5000), 'x')}};
    network.layers[4].name = *ascii + "?";
    Neuron& neuron = network.layers[2].as<Activation>()->neuron;
    neuron.lower_bound = *floats;
    neuron.threshold = *rc::gen::container<std::vector<float>>(
        4, rc::gen::suchThat(floats, [](float v) { return v > 0; }));
    network.input().mean = *rc::gen::container<std::vector<float>>(2, floats);
    RC_ASSERT(decode_network(encode_network(network), "file") == network);
    network.notes["bytes"] = *texts;  // perhaps no UTF-8: refused, or exact
    try {
        RC_ASSERT(decode_network(encode_network(network), "file") == network);
    } catch (const Error& error) {
        RC_ASSERT(error.fault() == Fault::bad_input);
    }
}

TEST(ModelFile, TextsThatAreNotUtf8AreNotWritten) {
    Network note = branched_network(1), name = note;
    note.notes["source"] = "caf\xE9";
    name.layers[1].name = "conv\xFF";
    for (const Network& network : {note, name}) try {
            (void)encode_network(network);
            ADD_FAILURE() << "written";
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            EXPECT_NE(std::string(error.what()).find("UTF-8"), std::string::npos) << error.what();
        }
}

TEST(ModelFile, EveryFlippedBitGivesAnErrorOrASoundNetwork) {
    Network small;
    append(small, "in", Input{{1, 1, 1}, {}, {}});
    append(small, "fc", Linear{Tensor({1, 1}, {2.0F}), {}});
    append(small, "neuron", Activation{});
    append(small, "out", Output{});
    const std::string bytes = encode_network(small);
    int refused = 0;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        try {
            (void)infer_shapes(decode_network(damaged, "file"));
        } catch (const Error& error) {
            ASSERT_EQ(error.fault(), Fault::bad_input) << error.what();
            ASSERT_EQ(std::string(error.what()).substr(0, 5), "file:");
            ASSERT_LT(std::string(error.what()).size(), 2000U);
            ++refused;
        }
    }
    EXPECT_GT(refused, static_cast<int>(4 * bytes.size())) << "most damage is seen";
}

TEST(ModelFile, DamageGivesAnErrorOrASoundNetwork) {
    const std::string bytes = encode_network(rich_network(2));
    Random random(3, 0);
    int refused = 0;
    for (int k = 0; k < 4000; ++k) {
        std::string damaged = bytes;
        // Mostly the header and the graph: damage to weights is mostly just other weights.
        const std::size_t range =
            k % 4 == 0 ? damaged.size() : std::min<std::size_t>(damaged.size(), 5000);
        damaged[random.below(static_cast<std::uint32_t>(range))] =
            static_cast<char>(random.below(256));
        try {
            (void)infer_shapes(decode_network(damaged, "file"));
        } catch (const Error& error) {
            ASSERT_EQ(error.fault(), Fault::bad_input) << error.what();
            ++refused;
        }
    }
    EXPECT_GT(refused, 1000);
}

std::string with_header(const std::string& header, const std::string& data = "") {
    const std::uint64_t size = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &size, 8);
    return bytes + header + data;
}

/// The message of the error with which `bytes` are refused.
std::string refusal(const std::string& bytes) {
    try {
        (void)decode_network(bytes, "x.safetensors");
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        std::string message = error.what();
        EXPECT_TRUE(message.starts_with("x.safetensors")) << message;
        return message;
    }
    return "accepted";
}

void expect_refusal(const std::string& bytes, const std::string& says) {
    EXPECT_NE(refusal(bytes).find(says), std::string::npos) << refusal(bytes);
}

TEST(Safetensors, HostileHeaders) {
    const std::string eight(8, '\0');
    expect_refusal("", "too few");
    expect_refusal(std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F") + "{}", "declares a header");
    expect_refusal(with_header("[]"), "not a JSON object");
    expect_refusal(with_header("{\"a\":"), "not valid JSON");
    expect_refusal(with_header("{\"a\xFF\":1}"), "not valid JSON");
    expect_refusal(with_header(std::string(100000, '[')), "nested deeper");
    expect_refusal(
        with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":1})", eight),
        "twice");
    expect_refusal(with_header(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", eight),
                   "F64");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})", eight),
                   "outside");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", eight),
                   "outside");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,8]}})", eight),
                   "whole number");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", eight),
                   "needs 4 bytes");
    expect_refusal(
        with_header(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
                    eight),
        "does not fit");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", ""),
                   "does not fit");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight),
                   "must begin at 0");
    expect_refusal(
        with_header(
            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
            eight),
        "no overlaps");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight),
                   "belong to no tensor");
    expect_refusal(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight),
                   "ranvier import");
    expect_refusal(with_header(R"({"__metadata__":{"ranvier":5}})"), "not a text");
}

/// A file whose graph text is changed by replacing `from` by `to`.
std::string with_graph(const std::string& from, const std::string& to) {
    Safetensors content = decode_safetensors(encode_network(rich_network(1)), "file");
    std::string& graph = content.metadata.at("ranvier");
    const std::size_t at = graph.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    graph.replace(at, from.size(), to);
    return encode_safetensors(content);
}

TEST(GraphJson, RefusesWhatItDoesNotKnow) {
    expect_refusal(with_graph("\"version\":1", "\"version\":2"), "version 2");
    expect_refusal(with_graph("\"operation\":\"convolution\"", "\"operation\":\"attention\""),
                   "attention");
    expect_refusal(with_graph("\"groups\":1", "\"groups\":1,\"color\":3"), "'color'");
    expect_refusal(with_graph("\"groups\":1,", ""), "'groups' is missing");
    expect_refusal(with_graph("\"groups\":1", "\"groups\":1.5"), "whole number");
    expect_refusal(with_graph("\"groups\":1", "\"groups\":99999999999999999999"), "");
    expect_refusal(with_graph("\"steps\":16", "\"steps\":\"16\""), "'steps'");
    expect_refusal(with_graph("\"steps\":16", "\"steps\":-1"), "timesteps");
    expect_refusal(with_graph("\"steps\":16", "\"steps\":16,\"input_base\":1.3"), "'input_base'");
    expect_refusal(with_graph("\"binary_phase\"", "\"one_spike_phase\""),
                   "'input_base' is missing");
    expect_refusal(with_graph("\"binary_phase\"", "\"one_spike_phase\",\"input_base\":1.0"),
                   "input base 1");
    expect_refusal(with_graph("\"subtract\"", "\"never\""), "known are subtract, zero");
    expect_refusal(with_graph("\"inputs\":[\"input\"]", "\"inputs\":[\"elsewhere\"]"), "elsewhere");
    expect_refusal(with_graph("\"inputs\":[\"input\"]", "\"inputs\":7"), "'inputs'");
    expect_refusal(with_graph("\"name\":\"conv1\"", "\"name\":\"conv2\""), "reads 'conv1'");
}

TEST(ModelFile, WeightsMustFit) {
    const auto with_tensors = [](auto change) {
        Safetensors content = decode_safetensors(encode_network(rich_network(1)), "file");
        change(content.tensors);
        return encode_safetensors(content);
    };
    using Tensors = std::map<std::string, Tensor>;
    expect_refusal(with_tensors([](Tensors& t) { t.erase("conv1.weight"); }), "conv1");
    expect_refusal(with_tensors([](Tensors& t) { t["nobody.weight"] = Tensor({1}); }),
                   "nobody.weight");
    expect_refusal(with_tensors([](Tensors& t) {
                       t["linear.weight"].values[3] = std::numeric_limits<float>::quiet_NaN();
                   }),
                   "linear");
    expect_refusal(with_tensors([](Tensors& t) {
                       t["linear.weight"] = Tensor({2, 90});
                   }),
                   "linear");
}

TEST(ModelFile, UnsoundNetworksAreNotWritten) {
    const auto path =
        std::filesystem::temp_directory_path() / "ranvier_model_file_test.safetensors";
    save_network(rich_network(1), path);
    Network broken = rich_network(2);
    broken.layers[1].as<Convolution>()->weight.values[0] = std::numeric_limits<float>::infinity();
    EXPECT_THROW(save_network(broken, path), Error);
    EXPECT_EQ(load_network(path), rich_network(1)) << "the old file is still there";
    std::filesystem::remove(path);
    EXPECT_THROW((void)load_network(path), Error);
}

}  // namespace
}  // namespace ranvier
