#include "ranvier/energy/ledger.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/energy/events.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/fan_out.hpp"
#include "ranvier/net/shapes.hpp"

#include <numeric>

namespace ranvier {

EnergyConstants fp32_45nm() {
    return {"45nm_fp32", 4.6, 0.9};
}
EnergyConstants int8_45nm() {
    return {"45nm_int8", 0.23, 0.03};
}
EnergyConstants int8_multiplier_only_45nm() {
    return {"45nm_int8_multiplier_only", 0.20, 0.03};
}

namespace {

/// What is known without running the network.
Ledger static_ledger(const Network& network) {
    Ledger ledger;
    const std::vector<LayerSize> sizes = layer_sizes(network);
    for (std::size_t l = 0; l < sizes.size(); ++l) {
        LayerLedger row;
        row.name = network.layers[l].name;
        row.kind = operation_name(network.layers[l].operation);
        row.neurons = sizes[l].neurons;
        row.macs = sizes[l].macs;
        ledger.macs += static_cast<double>(row.macs);
        ledger.neurons += row.neurons;
        ledger.layers.push_back(std::move(row));
    }
    return ledger;
}

double total(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Spikes into a layer with synapses, times the synapses that each finds there.
void count_weighted(const Layer& layer, const Shape& in, const Shape& out, const Events& arriving,
                    LayerLedger& row) {
    const std::vector<double> map = fan_out_map(layer, in, out);
    for (std::size_t i = 0; i < arriving.count.size(); ++i)
        row.synops += arriving.count[i] * map[i % map.size()];
    row.synops_nominal = total(arriving.count) * nominal_fan_out(layer, out);
}

/// Spikes that reach a sum without passing weights, one addition each (ResNet shortcuts).
void count_sum(const Layer& layer, const std::vector<Events>& events, LayerLedger& row) {
    for (const std::size_t source : layer.inputs) row.synops += total(events[source].count);
    row.synops_nominal = row.synops;
}

/// B-SNN's normalized operations and One-Spike's equation 6 over the layers with weights.
void add_ratios(const Network& network, const std::vector<Events>& events,
                const EnergyConstants& constants, Ledger& ledger) {
    std::vector<std::size_t> layers;
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        if (has_synapses(network.layers[l])) layers.push_back(l);
    double spiking = 0, all = 0, energy = 0;
    for (std::size_t k = 0; k < layers.size(); ++k) {
        const LayerLedger& row = ledger.layers[layers[k]];
        const Events& arriving = events[network.layers[layers[k]].inputs[0]];
        const auto macs = static_cast<double>(row.macs);
        energy += arriving.analog ? row.spiking_macs * constants.mac_pj
                                  : macs * arriving.rate * constants.ac_pj;
        if (k == 0 || k + 1 == layers.size()) continue;
        spiking += macs * arriving.rate;
        all += macs;
    }
    ledger.normalized_operations = all > 0 ? spiking / all : 0;
    ledger.efficiency_eq6 = energy > 0 ? ledger.macs * constants.mac_pj / energy : 0;
}

/// One-spike neurons fire at most once, so spikes per neuron are the fraction that fires.
void add_fired_fractions(Ledger& ledger) {
    double n_layers = 0;
    for (const LayerLedger& row : ledger.layers) {
        if (row.neurons == 0) continue;
        ledger.fired_fraction_layer_mean += row.spikes_per_neuron;
        ++n_layers;
    }
    if (n_layers > 0) ledger.fired_fraction_layer_mean /= n_layers;
    ledger.fired_fraction = ledger.spikes_per_neuron;
}

}  // namespace

Ledger float_ledger(const Network& network, const LedgerOptions& options) {
    Ledger ledger = static_ledger(network);
    for (LayerLedger& row : ledger.layers) {
        row.energy_pj = static_cast<double>(row.macs) * options.constants.mac_pj;
        ledger.energy_pj += row.energy_pj;
    }
    ledger.float_energy_pj = ledger.energy_pj;
    return ledger;
}

Ledger spiking_ledger(const Network& network, const SimulationResult& result,
                      const LedgerOptions& options) {
    const std::vector<Shape> shapes = infer_shapes(network);
    const std::vector<Events> events = follow_events(network, shapes, result);
    Ledger ledger = static_ledger(network);
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        const Layer& layer = network.layers[l];
        LayerLedger& row = ledger.layers[l];
        if (!result.spikes[l].empty()) {
            row.spikes = total(events[l].count);
            row.spikes_per_neuron =
                row.neurons > 0 ? row.spikes / static_cast<double>(row.neurons) : 0;
            if (row.neurons > 0) ledger.spikes += row.spikes;
        }
        if (has_synapses(layer)) {
            const std::size_t source = layer.inputs[0];
            const Events& arriving = events[source];
            const bool pixels = source == 0 && options.first_layer == FirstLayer::once;
            if (arriving.analog)
                row.spiking_macs =
                    static_cast<double>(row.macs) * (pixels ? 1 : result.mean_steps());
            count_weighted(layer, shapes[source], shapes[l], arriving, row);
            row.input_rate = arriving.rate;
        }
        if (layer.as<Add>() != nullptr) count_sum(layer, events, row);
        row.energy_pj =
            row.spiking_macs * options.constants.mac_pj + row.synops * options.constants.ac_pj;
        ledger.spiking_macs += row.spiking_macs;
        ledger.synops += row.synops;
        ledger.synops_nominal += row.synops_nominal;
        ledger.energy_pj += row.energy_pj;
    }
    ledger.spikes_per_neuron =
        ledger.neurons > 0 ? ledger.spikes / static_cast<double>(ledger.neurons) : 0;
    if (is_phase_code(network.timing.input)) add_fired_fractions(ledger);
    ledger.float_energy_pj = ledger.macs * options.constants.mac_pj;
    add_ratios(network, events, options.constants, ledger);
    return ledger;
}

}  // namespace ranvier
