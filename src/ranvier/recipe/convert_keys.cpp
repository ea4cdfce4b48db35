#include "ranvier/recipe/convert_keys.hpp"

#include <vector>

namespace ranvier {

namespace {

using ConvertNeed = Need<ConvertRequest>;
using ConvertKeyUse = KeyUse<ConvertRequest>;

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

const std::vector<ConvertKeyUse>& key_uses() {
    const ConvertNeed of_rate{"coding", {"rate"}, rate},
        of_one_spike{"coding", {"one_spike"}, one_spike},
        peaks{"thresholds", {"measured"}, measured},
        currents{"thresholds", {"input_current"}, from_currents},
        unsearched{"max_loss", {}, without_search}, to_int8{"weights", {"int8"}, int8};
    static const std::vector<ConvertKeyUse> all = {
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

}  // namespace

std::optional<UnusedKey> unused_key(const ConvertRequest& request, KeyStyle style,
                                    const std::function<bool(const char*)>& given) {
    return first_unused(key_uses(), request, style, given);
}

void require_used_keys(const ConvertRequest& request, KeyStyle style,
                       const std::function<bool(const char*)>& given) {
    refuse_unused("convert", unused_key(request, style, given));
}

}  // namespace ranvier
