#include "ranvier/convert/presets.hpp"

namespace ranvier {

ConvertOptions with_preset(ConvertOptions options, ConvertPreset preset) {
    if (preset == ConvertPreset::none) return options;
    options.coding = Coding::rate;
    options.thresholds = Thresholds::input_current;
    options.measure.granularity = Granularity::layer;
    options.propagation = Propagation::same_step;
    options.currents = {};
    if (preset == ConvertPreset::hybrid) {
        options.neuron = NeuronKind::leaky_delayed;
        options.input = InputCoding::poisson;
        options.steps = 100;
        options.measure.percentile = 100;
        options.currents.steps = 1000;
        options.currents.scale = 0.7F;
        return options;
    }
    options.neuron = NeuronKind::leaky_same_step;
    options.input = InputCoding::direct;
    options.steps = 5;
    if (preset == ConvertPreset::diet) {
        options.measure.percentile = 99.7;
        options.currents.steps = 100;
        options.currents.scale = 0.2F;
    } else {
        options.measure.percentile = 90;
        options.currents.steps = 500;
        options.currents.if_silent = 0.1F;
    }
    return options;
}

std::size_t calibration_samples(ConvertPreset preset) {
    return preset == ConvertPreset::none ? 1000 : 512;
}

}  // namespace ranvier
