#include "ranvier/recipe/convert_keys.hpp"

#include <algorithm>
#include <fmt/ranges.h>
#include <vector>

namespace ranvier {

namespace {

/// What a key has an effect with: another key's value, or that the other is left out.
struct Need {
    const char* key;
    std::vector<std::string> values;  ///< one of them; none: left out
    bool (*met)(const ConvertRequest&);
};

struct KeyUse {
    const char* key;
    std::vector<Need> needs;  ///< all of them
};

bool rate(const ConvertRequest& r) {
    return r.options.coding == Coding::rate;
}
bool one_spike(const ConvertRequest& r) {
    return !rate(r);
}
bool poisson(const ConvertRequest& r) {
    return r.options.input == InputCoding::poisson;
}
/// Phases are an input of one_spike networks; direct and poisson are refused there by `convert`.
bool input_is_used(const ConvertRequest& r) {
    return one_spike(r) || poisson(r) || r.options.input == InputCoding::direct;
}
bool measured(const ConvertRequest& r) {
    return one_spike(r) || r.options.thresholds == Thresholds::measured;
}
bool from_currents(const ConvertRequest& r) {
    return rate(r) && r.options.thresholds == Thresholds::input_current;
}
bool measured_or_from_currents(const ConvertRequest& r) {
    return measured(r) || from_currents(r);
}
bool without_search(const ConvertRequest& r) {
    return !r.max_loss;
}
bool integrate_fire(const ConvertRequest& r) {
    return r.options.neuron == NeuronKind::integrate_fire;
}
bool multi_spike(const ConvertRequest& r) {
    return r.options.neuron == NeuronKind::multi_spike;
}
bool int8(const ConvertRequest& r) {
    return r.options.weights == WeightKind::int8;
}

const std::vector<KeyUse>& key_uses() {
    const Need of_rate{"coding", {"rate"}, rate}, of_one_spike{"coding", {"one_spike"}, one_spike},
        peaks{"thresholds", {"measured"}, measured},
        currents{"thresholds", {"input_current"}, from_currents},
        unsearched{"max_loss", {}, without_search}, to_int8{"weights", {"int8"}, int8};
    static const std::vector<KeyUse> all = {
        {"steps", {unsearched}},
        {"base", {of_one_spike, unsearched}},
        {"wait", {of_one_spike}},
        {"input", {{"coding", {"one_spike"}, input_is_used}}},
        {"threshold_shift", {of_one_spike}},
        {"neuron", {of_rate}},
        {"lower_bound", {of_rate, {"neuron", {"multi_spike"}, multi_spike}}},
        {"thresholds", {of_rate}},
        {"calibration_steps", {of_rate, currents}},
        {"threshold_scale", {of_rate, currents}},
        {"residual_threshold", {of_rate, currents}},
        {"silent_threshold", {of_rate, currents}},
        {"input_rate", {of_rate, {"input", {"poisson"}, poisson}}},
        {"spread", {of_rate}},
        {"reset", {of_rate, {"neuron", {"integrate_fire"}, integrate_fire}}},
        {"propagation", {of_rate}},
        {"max_rule", {of_rate}},
        {"placement", {peaks}},
        {"weight_scale", {to_int8}},
        {"weight_rule", {to_int8}},
        {"per", {peaks}},
        {"percentile", {{"thresholds", {"measured", "input_current"}, measured_or_from_currents}}},
        {"percentile_method", {peaks}},
        {"tune", {of_one_spike, unsearched}},
    };
    return all;
}

std::string key_text(const char* key, KeyStyle style) {
    return style == KeyStyle::command_line ? option_name(key) : key;
}

std::string need_text(const Need& need, KeyStyle style) {
    const std::string key = key_text(need.key, style);
    if (need.values.empty()) return fmt::format("{} to be left out", key);
    std::vector<std::string> values = need.values;
    for (std::string& value : values) {
        if (style == KeyStyle::toml) value = fmt::format("\"{}\"", value);
        if (style == KeyStyle::python) value = fmt::format("'{}'", value);
    }
    const char* between = style == KeyStyle::toml ? " = " : style == KeyStyle::python ? "=" : " ";
    return fmt::format("{}{}{}", key, between, fmt::join(values, " or "));
}

}  // namespace

std::string option_name(const std::string& key) {
    std::string name = "--" + (key == "threshold_shift" ? "no_" + key : key);
    std::ranges::replace(name, '_', '-');
    return name;
}

std::optional<UnusedKey> unused_key(const ConvertRequest& request, KeyStyle style,
                                    const std::function<bool(const char*)>& given) {
    for (const KeyUse& use : key_uses()) {
        if (!given(use.key)) continue;
        for (const Need& need : use.needs)
            if (!need.met(request))
                return UnusedKey{key_text(use.key, style), need_text(need, style)};
    }
    return std::nullopt;
}

void require_used_keys(const ConvertRequest& request, KeyStyle style,
                       const std::function<bool(const char*)>& given) {
    if (const auto unused = unused_key(request, style, given))
        fail(Fault::usage,
             "convert: {} has no effect here; it needs {}; leave it out, or change that",
             unused->key, unused->needs);
}

}  // namespace ranvier
