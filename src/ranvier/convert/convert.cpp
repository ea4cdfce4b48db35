#include "ranvier/convert/convert.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/base_choice.hpp"
#include "ranvier/convert/place.hpp"
#include "ranvier/convert/simplify.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <cmath>

namespace ranvier {

namespace {

int wait_of(const ConvertOptions& options) {
    return options.wait < 0 ? options.steps : options.wait;
}

void require_usable(const Network& network, const ConvertOptions& options) {
    (void)infer_shapes(network);
    if (options.steps < 1 || options.steps > 4096)
        fail(Fault::usage, "steps is {}; it must be in [1, 4096]", options.steps);
    if (options.coding == Coding::one_spike && options.base != 0 &&
        !(options.base > 1 && options.base <= 16))
        fail(Fault::usage, "base is {}; it must be in (1, 16], or 0 to have it chosen",
             options.base);
    if (options.coding == Coding::one_spike && (options.wait < -1 || options.wait > 4096))
        fail(Fault::usage, "wait is {}; it must be in [0, 4096], or -1 for W = T = {}",
             options.wait, options.steps);
    if (options.coding == Coding::one_spike && options.input == InputCoding::direct)
        fail(Fault::usage,
             "direct input belongs to rate coding; one_spike takes binary_phase or "
             "one_spike_phase");
    if (options.coding == Coding::one_spike && options.propagation == Propagation::delayed)
        fail(Fault::usage,
             "delayed propagation belongs to rate coding; one_spike layers follow each other by W "
             "phases");
    if (network.spiking())
        fail(Fault::bad_input,
             "the network is a spiking one already; convert the float network it came from");
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>()) {
            const NeuronKind kind = activation->neuron.kind;
            const bool unit =
                options.coding == Coding::rate && options.thresholds == Thresholds::one;
            if (kind == NeuronKind::quantized_relu && !unit)
                fail(Fault::unsupported,
                     "layer '{}': a quantized ReLU has its threshold, 1, built in; convert it with "
                     "rate coding and thresholds one",
                     layer.name);
            if (kind == NeuronKind::sign)
                fail(Fault::unsupported,
                     "layer '{}': activations of -1 and +1 have no spiking form; only ReLU and "
                     "quantized ReLU can be converted",
                     layer.name);
        }
}

void require_usable_currents(const ConvertOptions& options) {
    const CurrentOptions& o = options.currents;
    const auto above_0 = [](float value) { return std::isfinite(value) && value > 0; };
    if (options.coding != Coding::rate)
        fail(Fault::usage, "thresholds from input_current belong to rate coding");
    if (o.steps < 1 || o.steps > 1 << 20)
        fail(Fault::usage, "calibration_steps is {}; it must be in [1, 2^20]", o.steps);
    if (!above_0(o.scale) || !above_0(o.residual))
        fail(Fault::usage,
             "threshold_scale is {} and residual_threshold {}; both must be finite and > 0",
             o.scale, o.residual);
    if (!(std::isfinite(o.if_silent) && o.if_silent >= 0))
        fail(Fault::usage, "silent_threshold is {}; it must be finite and >= 0 (0: none)",
             o.if_silent);
    if (!(options.measure.percentile > 0 && options.measure.percentile <= 100))
        fail(Fault::usage, "percentile is {}; it must be in (0, 100]", options.measure.percentile);
    if (options.placement == Placement::weights || options.propagation == Propagation::delayed ||
        options.weights != WeightKind::float32)
        fail(Fault::usage,
             "thresholds from input_current leave weights as they are and propagate in the same "
             "step; leave out placement, weights and propagation");
}

void require_usable_rate(const ConvertOptions& options) {
    const bool rate = options.coding == Coding::rate;
    const bool leaky = options.neuron == NeuronKind::leaky_delayed ||
                       options.neuron == NeuronKind::leaky_same_step;
    const bool currents = options.thresholds == Thresholds::input_current;
    if (!leaky && options.neuron != NeuronKind::integrate_fire &&
        options.neuron != NeuronKind::multi_spike)
        fail(Fault::usage,
             "the neuron of a conversion is integrate_fire, multi_spike, leaky_delayed or "
             "leaky_same_step");
    if (leaky != currents)
        fail(Fault::usage,
             "leaky neurons and thresholds from input_current belong together; give both (presets "
             "hybrid, diet and iir do) or neither");
    if (leaky && options.reset == Reset::zero)
        fail(Fault::usage, "reset zero belongs to integrate_fire neurons; leaky ones subtract");
    if (currents) require_usable_currents(options);
    if (!rate && options.input == InputCoding::poisson)
        fail(Fault::usage, "poisson input belongs to rate coding");
    const bool multi_spike = options.neuron == NeuronKind::multi_spike;
    if (!rate && (multi_spike || options.thresholds == Thresholds::one || options.spread != 1))
        fail(Fault::usage,
             "multi_spike neurons, thresholds of one and spread input belong to rate coding");
    if (options.spread < 1 || options.spread > 4096)
        fail(Fault::usage, "spread is {}; it must be in [1, 4096]", options.spread);
    if (!options.lower_bound) return;
    if (!multi_spike)
        fail(Fault::usage, "a lower bound of the membrane belongs to multi_spike neurons");
    if (!(*options.lower_bound <= 0 && std::isfinite(*options.lower_bound)))
        fail(Fault::usage, "the lower bound is {}; it must be finite and at most 0",
             *options.lower_bound);
}

/// Input and biases in `spread` parts: pixels are divided by their normalization, which trainers
/// and simulators have in common. Before thresholds are found from currents, which then are of the
/// parts.
void spread_currents(Network& network, int spread) {
    if (spread == 1) return;
    const auto n = static_cast<float>(spread);
    Input& input = network.input();
    if (input.std.empty()) input.std.assign(static_cast<std::size_t>(input.shape.channels), 1.0F);
    for (float& std : input.std) std *= n;
    const auto divide = [n](Tensor& bias) {
        for (float& b : bias.values) b /= n;
    };
    for (Layer& layer : network.layers) {
        if (auto* conv = layer.as<Convolution>()) divide(conv->bias);
        if (auto* linear = layer.as<Linear>()) divide(linear->bias);
    }
}

void replace_activations(Network& network, const ConvertOptions& options) {
    for (Layer& layer : network.layers) {
        auto* activation = layer.as<Activation>();
        if (activation == nullptr) continue;
        Neuron& neuron = activation->neuron;
        neuron.kind = options.coding == Coding::rate ? options.neuron : NeuronKind::one_spike;
        neuron.lower_bound = options.lower_bound;
        neuron.reset = options.reset;
        neuron.base = options.base;
        neuron.threshold_shift = options.threshold_shift;
    }
    Timing& timing = network.timing;
    timing.steps = options.steps;
    if (options.coding == Coding::rate) {
        timing.propagation = options.propagation;
        if (options.input == InputCoding::poisson) {
            timing.input = InputCoding::poisson;
            timing.input_rate = options.input_rate;
        }
    } else {
        timing.wait = wait_of(options);
        timing.input = options.input;
        if (options.input == InputCoding::one_spike_phase) timing.input_base = options.base;
    }
}

const char* tuning_name(Tuning tuning) {
    switch (tuning) {
        case Tuning::none:
            return "nothing";
        case Tuning::bias:
            return "bias";
        case Tuning::scale:
            return "bias, scale";
        case Tuning::base:
            return "bias, scale, base of each layer";
        case Tuning::weights:
            break;
    }
    return "weights, bias, scale, base of each layer";
}

/// "base 1.3", or what was chosen and how good it is.
std::string describe_base(const ConvertOptions& options, bool chosen) {
    if (!chosen) return fmt::format("base {}", options.base);
    const CodeErrorOptions code{.threshold_shift = options.threshold_shift};
    return fmt::format("base {} (chosen for {} phases, MAPE {:.2f} %)", options.base, options.steps,
                       code_error(options.base, options.steps, code));
}

std::string describe_neuron(const ConvertOptions& options) {
    std::string text = options.neuron == NeuronKind::multi_spike       ? "multi_spike"
                       : options.neuron == NeuronKind::leaky_delayed   ? "leaky_delayed"
                       : options.neuron == NeuronKind::leaky_same_step ? "leaky_same_step"
                       : options.reset == Reset::subtract              ? "reset subtract"
                                                                       : "reset zero";
    if (options.lower_bound) text = fmt::format("{} not below {}", text, *options.lower_bound);
    if (options.input == InputCoding::poisson)
        text = fmt::format("{}, poisson input at rate {}", text, options.input_rate);
    if (options.spread > 1)
        text = fmt::format("{}, input spread over {} steps", text, options.spread);
    return text;
}

/// Where thresholds came from and where they went.
std::string describe_scale(const ConvertOptions& options) {
    const MeasureOptions& m = options.measure;
    if (options.thresholds == Thresholds::one) return "thresholds 1";
    if (options.thresholds == Thresholds::input_current) {
        const CurrentOptions& c = options.currents;
        return fmt::format(
            "thresholds {} times percentile {} of the input currents of {} steps (residual blocks "
            "{}, silent layers {})",
            c.scale, m.percentile, c.steps, c.residual, c.if_silent);
    }
    return fmt::format(
        "{} {} per {}; scale in {}",
        m.percentile >= 100 ? std::string("maximum") : fmt::format("percentile {}", m.percentile),
        m.percentile >= 100 ? "exact"
                            : (m.method == PercentileMethod::exact ? "exact" : "by histogram"),
        m.granularity == Granularity::channel ? "channel" : "layer",
        options.placement == Placement::weights ? "weights" : "thresholds");
}

std::string describe(const ConvertOptions& options, bool base_was_chosen) {
    const std::string code =
        options.coding == Coding::rate
            ? fmt::format("rate, {}, {}", describe_neuron(options),
                          options.propagation == Propagation::same_step ? "same_step" : "delayed")
            : fmt::format("one_spike, {}, wait {}, threshold shift {}{}",
                          describe_base(options, base_was_chosen), wait_of(options),
                          options.threshold_shift ? "on" : "off",
                          options.input == InputCoding::one_spike_phase ? ", one-spike input" : "");
    return fmt::format(
        "{}; {} steps; {}{}{}; tuned: {}", code, options.steps, describe_scale(options),
        options.pool_neurons ? "; pool neurons" : "",
        options.max_pools == MaxPools::between_neurons ? "; max pools between neurons" : "",
        tuning_name(options.tuning));
}

}  // namespace

Network prepared_for_conversion(const Network& network, const ConvertOptions& options) {
    Network prepared = network;
    remove_dropout(prepared);
    fold_batch_norm(prepared);
    if (options.max_pools == MaxPools::between_neurons) add_neurons_before_max_pools(prepared);
    lower_max_pool(prepared, options.max_rule);
    if (options.pool_neurons) add_pool_activations(prepared);
    return prepared;
}

Network convert(const Network& network, const Samples& calibration, const ConvertOptions& wanted,
                Progress& progress) {
    require_usable(network, wanted);
    require_usable_rate(wanted);
    ConvertOptions options = wanted;
    if (wanted.base == 0)
        options.base = best_base(wanted.steps, {.threshold_shift = wanted.threshold_shift});
    const Network reference = prepared_for_conversion(network, options);
    Network converted = reference;
    if (options.thresholds == Thresholds::measured) {
        auto peaks = measure_peaks(reference, calibration, options.measure, progress);
        for (const auto& [before, behind] : neurons_around_max_pools(reference))
            if (options.max_pools == MaxPools::between_neurons) peaks[before] = peaks[behind];
        place_thresholds(converted, peaks);
    }
    replace_activations(converted, options);
    spread_currents(converted, options.spread);
    if (options.thresholds == Thresholds::input_current)
        calibrate_thresholds(converted, calibration, options.measure.percentile, options.currents,
                             options.measure.n_threads, progress);
    // Before tuning, which then makes up for it; where tuned weights are rescaled, behind that.
    const bool int8 = options.weights == WeightKind::int8;
    const bool rescaled = options.placement == Placement::weights;
    if (int8 && !rescaled) quantize_weights(converted, options.quantize);
    TuneOptions tune;
    tune.tuning = options.tuning;
    tune.n_threads = options.measure.n_threads;
    tune_one_spike(reference, converted, calibration, tune, progress);
    if (rescaled) normalize_weights(converted);
    if (int8 && rescaled) quantize_weights(converted, options.quantize);
    converted.notes["conversion"] = describe(options, wanted.base == 0);
    converted.notes["calibration"] = calibration.describe();
    (void)ReferencePlan(converted);  // can it be run?
    return converted;
}

}  // namespace ranvier
