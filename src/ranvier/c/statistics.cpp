#include "ranvier/c/statistics.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/int8_weights.hpp"

namespace ranvier::c_api {

Ledger ledger_of(const Network& network, const SimulationResult& run) {
    const bool int8 = summarize_weights(network) == WeightSummary::int8;
    return spiking_ledger(network, run, {int8 ? int8_45nm() : fp32_45nm(), FirstLayer::per_step});
}

ranvier_statistics statistics_of(const Ledger& ledger, const SimulationResult& run) {
    ranvier_statistics statistics{};
    statistics.samples = run.samples;
    statistics.n_neurons = ledger.neurons;
    statistics.steps = run.mean_steps();
    statistics.seconds = run.seconds;
    statistics.spikes = ledger.spikes;
    statistics.synops = ledger.synops;
    statistics.macs = ledger.spiking_macs;
    statistics.float_macs = ledger.macs;
    statistics.energy_pj = ledger.energy_pj;
    statistics.float_energy_pj = ledger.float_energy_pj;
    return statistics;
}

ranvier_layer_statistics layer_statistics_of(const Ledger& ledger, const Network& network,
                                             std::size_t layer) {
    if (layer >= ledger.layers.size())
        fail(Fault::usage, "layer is {}; the network has layers 0 to {}", layer,
             ledger.layers.size() - 1);
    const LayerLedger& row = ledger.layers[layer];
    ranvier_layer_statistics statistics{};
    statistics.name = network.layers[layer].name.c_str();
    statistics.kind = operation_name(network.layers[layer].operation);
    statistics.n_neurons = row.neurons;
    statistics.spikes = row.spikes;
    statistics.synops = row.synops;
    statistics.macs = row.spiking_macs;
    statistics.float_macs = static_cast<double>(row.macs);
    statistics.energy_pj = row.energy_pj;
    return statistics;
}

}  // namespace ranvier::c_api
