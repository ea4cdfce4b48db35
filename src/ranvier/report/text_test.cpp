#include "ranvier/report/text.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ranvier {
namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

EvaluationResult spiking() {
    EvaluationResult result;
    result.title = "one_spike";
    result.network_file = "snn.safetensors";
    result.samples = 100;
    result.correct = 98;
    result.accuracy = 0.98;
    result.timesteps = 32;
    result.latency_steps = 64;
    result.pipelined_steps_per_image = 16;
    result.membrane_banks = 2;
    result.spikes_per_neuron = 0.4567;
    result.synops = 5e6;
    result.energy_pj = 2e6;
    result.null_weight_fraction = 0.1234;
    result.coding = {.coding = "one_spike", .steps = 16, .wait = 16, .base = 1.3};
    result.layers.push_back({.name = "conv1", .kind = "convolution", .synops = 5e6});
    result.layers.push_back({.name = "flatten", .kind = "flatten"});
    return result;
}

TEST(EvaluationText, NamesWhatWasMeasured) {
    const std::string text = evaluation_text(spiking());
    for (const char* part : {"snn.safetensors", "98.00 %", "98 of 100", "T = 16", "Q = 1.3",
                             "no threshold shift", "0.4567", "5 M", "conv1", "12.34 % (|w| < 1e-9)",
                             "64 steps; a pipeline with 2 membranes per neuron answers every 16"})
        EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
    EXPECT_FALSE(contains(text, "flatten")) << "a layer without work fills no row";
}

TEST(EvaluationText, RateCodingShowsAccuracyOverTime) {
    EvaluationResult result = spiking();
    result.coding = {.coding = "rate", .input_coding = "direct", .reset = "zero", .steps = 5};
    result.accuracy_per_step = {0.1, 0.2, 0.3, 0.4, 0.5};
    const std::string text = evaluation_text(result);
    EXPECT_TRUE(contains(text, "1: 10.00 %  2: 20.00 %  4: 40.00 %  5: 50.00 %")) << text;
}

TEST(ComparisonText, OneRowEach) {
    EvaluationResult plain;
    plain.title = "float";
    plain.accuracy = 0.99;
    const std::string text = comparison_text(std::vector{plain, spiking()});
    EXPECT_TRUE(contains(text, "float"));
    EXPECT_TRUE(contains(text, "one_spike"));
    EXPECT_EQ(std::ranges::count(text, '\n'), 4);
}

TEST(NetworkText, ListsLayersAndTotals) {
    Network network;
    network.layers.push_back({"image", {}, Input{{1, 2, 2}, {0.5F}, {0.25F}}});
    network.layers.push_back({"flat", {0}, Flatten{}});
    network.layers.push_back({"fc", {1}, Linear{Tensor({3, 4}), Tensor({3})}});
    network.layers.push_back({"act", {2}, Activation{}});
    network.layers.push_back({"out", {3}, Output{}});
    network.notes["source"] = "by\nhand";
    const std::string text = network_text(network, "a.safetensors");
    for (const char* part :
         {"a.safetensors: float network", "mean 0.5", "fc", "3x1x1", "relu",
          "5 layers, 15 parameters, 12 MACs per image, 3 neurons, 3 outputs", "source: by?hand"})
        EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
}

TEST(NetworkText, UnsoundNetworkIsRefused) {
    Network network;
    network.layers.push_back({"image", {}, Input{{1, 2, 2}, {}, {}}});
    EXPECT_THROW((void)network_text(network, "x"), Error);
}

}  // namespace
}  // namespace ranvier
