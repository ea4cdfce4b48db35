#include "ranvier/recipe/convert_keys.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/presets.hpp"
#include "ranvier/recipe/recipe.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ranvier {
namespace {

ConvertRequest with(ConvertPreset preset) {
    ConvertRequest request;
    request.options = with_preset({}, preset);
    return request;
}

ConvertRequest of_rate() {
    ConvertRequest request;
    request.options.coding = Coding::rate;
    return request;
}

/// "KEY needs WHAT"; empty if all given keys are used.
std::string unused(const ConvertRequest& request, const std::set<std::string>& given,
                   KeyStyle style = KeyStyle::toml) {
    const auto found =
        unused_key(request, style, [&](const char* key) { return given.contains(key); });
    return found ? found->key + " needs " + found->needs : "";
}

const std::set<std::string> of_currents = {"calibration_steps", "threshold_scale",
                                           "residual_threshold", "silent_threshold"};

TEST(ConvertKeys, ThoseOfInputCurrentNeedIt) {
    for (const std::string& key : of_currents) {
        EXPECT_EQ(unused({}, {key}), key + " needs coding = \"rate\"");
        EXPECT_EQ(unused(of_rate(), {key}), key + " needs thresholds = \"input_current\"");
        for (const ConvertPreset preset :
             {ConvertPreset::hybrid, ConvertPreset::diet, ConvertPreset::iir})
            EXPECT_EQ(unused(with(preset), {key}), "");
    }
}

TEST(ConvertKeys, PresetsLeaveMeasuredPeaksAndPhasesAside) {
    for (const ConvertPreset preset :
         {ConvertPreset::hybrid, ConvertPreset::diet, ConvertPreset::iir}) {
        const ConvertRequest request = with(preset);
        for (const char* key : {"per", "percentile_method", "placement"})
            EXPECT_EQ(unused(request, {key}),
                      std::string(key) + " needs thresholds = \"measured\"");
        for (const char* key : {"base", "wait", "threshold_shift", "tune"})
            EXPECT_EQ(unused(request, {key}), std::string(key) + " needs coding = \"one_spike\"");
        EXPECT_EQ(unused(request, {"reset"}), "reset needs neuron = \"integrate_fire\"");
        EXPECT_EQ(unused(request, {"steps", "percentile", "neuron", "input", "spread"}), "");
    }
    EXPECT_EQ(unused(with(ConvertPreset::diet), {"input_rate"}),
              "input_rate needs input = \"poisson\"");
    EXPECT_EQ(unused(with(ConvertPreset::hybrid), {"input_rate"}), "");
}

TEST(ConvertKeys, PhasesAreNoInputOfRateCodes) {
    ConvertRequest request = of_rate();
    for (const InputCoding coding : {InputCoding::binary_phase, InputCoding::one_spike_phase}) {
        request.options.input = coding;
        EXPECT_EQ(unused(request, {"input"}), "input needs coding = \"one_spike\"");
        EXPECT_EQ(unused(request, {"coding"}), "");  // nobody asked for the default
    }
    for (const InputCoding coding : {InputCoding::direct, InputCoding::poisson}) {
        request.options.input = coding;
        EXPECT_EQ(unused(request, {"input"}), "");
    }
}

TEST(ConvertKeys, ThresholdsOfOneMeasureNothing) {
    ConvertRequest request = of_rate();
    request.options.thresholds = Thresholds::one;
    EXPECT_EQ(unused(request, {"percentile"}),
              "percentile needs thresholds = \"measured\" or \"input_current\"");
    EXPECT_EQ(unused(request, {"per"}), "per needs thresholds = \"measured\"");
    EXPECT_EQ(unused(request, {"lower_bound"}), "lower_bound needs neuron = \"multi_spike\"");
    request.options.neuron = NeuronKind::multi_spike;
    EXPECT_EQ(unused(request, {"lower_bound", "spread", "thresholds", "max_rule"}), "");
}

TEST(ConvertKeys, KeysOfRateCodesNeedThem) {
    for (const char* key : {"neuron", "lower_bound", "thresholds", "spread", "reset", "propagation",
                            "max_rule", "input_rate"})
        EXPECT_EQ(unused({}, {key}), std::string(key) + " needs coding = \"rate\"");
}

TEST(ConvertKeys, ASearchChoosesForItself) {
    ConvertRequest request;
    const std::set<std::string> chosen = {"steps", "base", "tune"};
    EXPECT_EQ(unused(request, chosen), "");
    request.max_loss = 1;
    for (const std::string& key : chosen)
        EXPECT_EQ(unused(request, {key}), key + " needs max_loss to be left out");
}

TEST(ConvertKeys, AreKeysOfRecipes) {
    std::vector<std::string> keys;
    (void)unused_key({}, KeyStyle::toml, [&keys](const char* key) {
        keys.emplace_back(key);
        return false;
    });
    EXPECT_GT(keys.size(), 20U);
    const std::string before =
        "[network]\narchitecture = \"digits_cnn\"\n[data]\nset = \"digits\"\n"
        "[[stage]]\ndo = \"convert\"\n";
    for (const std::string& key : keys) {
        try {
            (void)parse_recipe(before + key + " = []\n", "r.toml");
            ADD_FAILURE() << key << " may be a list";
        } catch (const Error& error) {
            EXPECT_TRUE(
                std::string(error.what()).starts_with("r.toml:7: stage 1: " + key + ": is "))
                << error.what();
        }
    }
}

TEST(ConvertKeys, AreWrittenAsTheyWereGiven) {
    EXPECT_EQ(option_name("threshold_scale"), "--threshold-scale");
    EXPECT_EQ(option_name("threshold_shift"), "--no-threshold-shift");
    EXPECT_EQ(unused({}, {"weight_rule"}, KeyStyle::command_line),
              "--weight-rule needs --weights int8");
    EXPECT_EQ(unused({}, {"weight_rule"}, KeyStyle::python), "weight_rule needs weights='int8'");
    EXPECT_EQ(unused(of_rate(), {"threshold_shift"}, KeyStyle::command_line),
              "--no-threshold-shift needs --coding one_spike");
    try {
        require_used_keys(of_rate(), KeyStyle::command_line,
                          [](const char* key) { return std::string(key) == "input_rate"; });
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::usage);
        EXPECT_STREQ(error.what(),
                     "convert: --input-rate has no effect here; it needs --input poisson; leave it "
                     "out, or change that");
    }
}

}  // namespace
}  // namespace ranvier
