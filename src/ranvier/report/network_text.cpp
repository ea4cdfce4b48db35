#include "ranvier/net/counts.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/report/table.hpp"
#include "ranvier/report/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ranvier {

namespace {

const char* kind_name(NeuronKind kind) {
    switch (kind) {
        case NeuronKind::relu:
            return "relu";
        case NeuronKind::quantized_relu:
            return "quantized_relu";
        case NeuronKind::integrate_fire:
            return "integrate_fire";
        case NeuronKind::leaky_delayed:
            return "leaky_delayed";
        case NeuronKind::leaky_same_step:
            return "leaky_same_step";
        case NeuronKind::multi_spike:
            return "multi_spike";
        case NeuronKind::one_spike:
            return "one_spike";
        case NeuronKind::sign:
            return "sign";
    }
    return "?";
}

/// "1", or "0.5..2.25" where channels differ.
std::string range_text(const std::vector<float>& values) {
    if (values.empty()) return "";
    const auto [low, high] = std::ranges::minmax(values);
    return low == high ? fmt::format("{:.4g}", low) : fmt::format("{:.4g}..{:.4g}", low, high);
}

std::string neuron_text(const Neuron& neuron) {
    if (neuron.kind == NeuronKind::integrate_fire)
        return neuron.reset == Reset::subtract ? "integrate_fire, subtract"
                                               : "integrate_fire, zero";
    if (neuron.kind == NeuronKind::leaky_same_step && neuron.reset == Reset::zero)
        return "leaky_same_step, zero";
    if (neuron.kind == NeuronKind::one_spike)
        return fmt::format("one_spike, Q = {:.6g}{}", neuron.base,
                           neuron.threshold_shift ? "" : ", no shift");
    return kind_name(neuron.kind);
}

/// "432", or "432 int8", "432 binary".
std::string parameters_text(const Layer& layer, const LayerSize& size) {
    if (size.parameters == 0) return "";
    const auto weights = weights_of(layer);
    const WeightKind kind = weights ? weights->format->kind : WeightKind::float32;
    return fmt::format("{}{}", size.parameters,
                       kind == WeightKind::int8     ? " int8"
                       : kind == WeightKind::binary ? " binary"
                                                    : "");
}

std::string inputs_text(const Network& network, const Layer& layer) {
    std::string text;
    for (const std::size_t input : layer.inputs)
        text += (text.empty() ? "" : " ") + network.layers[input].name;
    return text;
}

std::string timing_text(const Network& network) {
    const Timing& timing = network.timing;
    if (!network.spiking()) return "float network\n";
    const char* coding = timing.input == InputCoding::direct         ? "direct"
                         : timing.input == InputCoding::poisson      ? "poisson"
                         : timing.input == InputCoding::binary_phase ? "binary_phase"
                                                                     : "one_spike_phase";
    return fmt::format("spiking network: {} steps, wait {}, {} input, {} propagation\n",
                       timing.steps, timing.wait, coding,
                       timing.propagation == Propagation::same_step ? "same_step" : "delayed");
}

std::string input_text(const Input& input) {
    std::string text = fmt::format("input {} in [0, 1]", to_string(input.shape));
    if (!input.mean.empty()) text += fmt::format(", mean {:.6g}", fmt::join(input.mean, " "));
    if (!input.std.empty()) text += fmt::format(", std {:.6g}", fmt::join(input.std, " "));
    return text + "\n";
}

}  // namespace

std::string network_text(const Network& network, const std::string& name) {
    const std::vector<LayerSize> sizes = layer_sizes(network);
    Table table({"layer", "kind", "inputs", "shape", "parameters", "MACs", "neuron", "threshold"});
    for (std::size_t l = 0; l < sizes.size(); ++l) {
        const Layer& layer = network.layers[l];
        const auto* activation = layer.as<Activation>();
        const bool spiking = activation != nullptr && activation->neuron.spiking();
        table.add_row({layer.name, operation_name(layer.operation), inputs_text(network, layer),
                       to_string(sizes[l].out), parameters_text(layer, sizes[l]),
                       sizes[l].macs > 0 ? count_text(static_cast<double>(sizes[l].macs)) : "",
                       activation != nullptr ? neuron_text(activation->neuron) : "",
                       spiking ? range_text(activation->neuron.threshold) : ""});
    }
    const LayerSize total = total_size(sizes);
    std::string text = printable(name) + ": " + timing_text(network) + input_text(network.input());
    text += fmt::format("\n{}\n", table.text());
    text += fmt::format("{} layers, {} parameters, {} MACs per image, {} neurons, {} outputs\n",
                        sizes.size(), total.parameters, count_text(static_cast<double>(total.macs)),
                        total.neurons, total.out.size());
    for (const auto& [key, value] : network.notes)
        text += fmt::format("{}: {}\n", printable(key), printable(value));
    return text;
}

}  // namespace ranvier
