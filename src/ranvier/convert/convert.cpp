#include "ranvier/convert/convert.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/base_choice.hpp"
#include "ranvier/convert/place.hpp"
#include "ranvier/convert/simplify.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/reference_run.hpp"

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
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.kind != NeuronKind::relu)
            fail(Fault::unsupported, "layer '{}': only ReLU can be converted", layer.name);
}

void replace_activations(Network& network, const ConvertOptions& options) {
    for (Layer& layer : network.layers) {
        auto* activation = layer.as<Activation>();
        if (activation == nullptr) continue;
        Neuron& neuron = activation->neuron;
        neuron.kind =
            options.coding == Coding::rate ? NeuronKind::integrate_fire : NeuronKind::one_spike;
        neuron.reset = options.reset;
        neuron.base = options.base;
        neuron.threshold_shift = options.threshold_shift;
    }
    Timing& timing = network.timing;
    timing.steps = options.steps;
    if (options.coding == Coding::rate) {
        timing.propagation = options.propagation;
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

std::string describe(const ConvertOptions& options, bool base_was_chosen) {
    const MeasureOptions& m = options.measure;
    const std::string code =
        options.coding == Coding::rate
            ? fmt::format("rate, reset {}, {}",
                          options.reset == Reset::subtract ? "subtract" : "zero",
                          options.propagation == Propagation::same_step ? "same_step" : "delayed")
            : fmt::format("one_spike, {}, wait {}, threshold shift {}{}",
                          describe_base(options, base_was_chosen), wait_of(options),
                          options.threshold_shift ? "on" : "off",
                          options.input == InputCoding::one_spike_phase ? ", one-spike input" : "");
    return fmt::format(
        "{}; {} steps; {} {} per {}; scale in {}{}; tuned: {}", code, options.steps,
        m.percentile >= 100 ? std::string("maximum") : fmt::format("percentile {}", m.percentile),
        m.percentile >= 100 ? "exact"
                            : (m.method == PercentileMethod::exact ? "exact" : "by histogram"),
        m.granularity == Granularity::channel ? "channel" : "layer",
        options.placement == Placement::weights ? "weights" : "thresholds",
        options.pool_neurons ? "; pool neurons" : "", tuning_name(options.tuning));
}

}  // namespace

Network prepared_for_conversion(const Network& network, const ConvertOptions& options) {
    Network prepared = network;
    remove_dropout(prepared);
    fold_batch_norm(prepared);
    lower_max_pool(prepared, options.max_rule);
    if (options.pool_neurons) add_pool_activations(prepared);
    return prepared;
}

Network convert(const Network& network, const Samples& calibration, const ConvertOptions& wanted,
                Progress& progress) {
    require_usable(network, wanted);
    ConvertOptions options = wanted;
    if (wanted.base == 0)
        options.base = best_base(wanted.steps, {.threshold_shift = wanted.threshold_shift});
    const Network reference = prepared_for_conversion(network, options);
    const auto peaks = measure_peaks(reference, calibration, options.measure, progress);
    Network converted = reference;
    replace_activations(converted, options);
    place_thresholds(converted, peaks);
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
