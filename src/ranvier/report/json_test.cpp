#include "ranvier/report/json.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace ranvier {
namespace {

EvaluationResult example() {
    EvaluationResult result;
    result.title = "rate";
    result.samples = 200;
    result.correct = 190;
    result.accuracy = 0.95;
    result.accuracy_per_step = {0.5, 0.95};
    result.synops_by_step = {1000, 2500.5};
    result.timesteps = 2;
    result.latency_steps = 12;
    result.pipelined_steps_per_image = 3;
    result.membrane_banks = 4;
    result.spikes_per_neuron = 0.25;
    result.synops = 1234.5;
    result.macs = 10;
    result.energy_pj = 77;
    result.images_per_second = 42;
    result.layers.push_back(
        {.name = "conv1", .kind = "convolution", .neurons = 8, .synops = 3, .energy_pj = 2});
    result.coding = {.coding = "rate", .input_coding = "direct", .reset = "zero", .steps = 2};
    result.energy = {"45nm_fp32", 4.6, 0.9, "once"};
    result.network_notes = {{"source", "made by hand"}};
    result.versions = {{"ranvier", "0.1.0"}};
    result.seed = 7;
    return result;
}

TEST(Json, HasTheKeysOfTheContract) {
    const auto json = to_json(example());
    for (const char* key :
         {"accuracy", "samples", "timesteps", "spikes_per_neuron", "synops_per_sample",
          "macs_per_sample", "energy_pj", "images_per_second", "layers"})
        EXPECT_TRUE(json.contains(key)) << key;
    EXPECT_EQ(json["accuracy"], 0.95);
    EXPECT_EQ(json["latency_steps"], 12);
    EXPECT_EQ(json["pipelined_steps_per_image"], 3);
    EXPECT_EQ(json["membrane_banks"], 4);
    EXPECT_EQ(json["layers"][0]["name"], "conv1");
    EXPECT_EQ(json["layers"][0]["synops_per_sample"], 3);
}

TEST(Json, ReadsBackWhatItWrote) {
    const EvaluationResult result = example();
    const std::string text = json_text(to_json(result));
    const EvaluationResult again = evaluation_from_json(text, "test");
    EXPECT_EQ(json_text(to_json(again)), text);
    EXPECT_EQ(again.coding.reset, "zero");
    EXPECT_EQ(again.energy.mac_pj, 4.6);
    EXPECT_EQ(again.layers.size(), 1U);
}

TEST(Json, Int8NetworksHaveBothReadingsOfTheirEfficiency) {
    EvaluationResult result = example();
    EXPECT_FALSE(to_json(result).contains("efficiency_eq6_int8"));
    EXPECT_EQ(to_json(result)["weights"], "float32");
    result.weights = "int8";
    result.efficiency_eq6_int8 = 15;
    result.efficiency_eq6_int8_multiplier_only = 13;
    const std::string text = json_text(to_json(result));
    const EvaluationResult again = evaluation_from_json(text, "test");
    EXPECT_EQ(again.weights, "int8");
    EXPECT_EQ(again.efficiency_eq6_int8, 15);
    EXPECT_EQ(again.efficiency_eq6_int8_multiplier_only, 13);
    EXPECT_EQ(json_text(to_json(again)), text);
}

TEST(Json, NumbersThatAreNotFiniteBecomeNull) {
    EvaluationResult result = example();
    result.efficiency_eq6 = std::numeric_limits<double>::infinity();
    EXPECT_NE(json_text(to_json(result)).find("\"efficiency_eq6\": null"), std::string::npos);
}

TEST(Json, DamagedTextNamesTheFile) {
    for (const char* text : {"", "{\"accuracy\": \"high\"}", "[1, 2", "{\"layers\": [3]}"}) {
        try {
            (void)evaluation_from_json(text, "result.json");
            FAIL() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            EXPECT_NE(std::string(error.what()).find("result.json"), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace ranvier
