#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// Energy of one operation, picojoule. 45 nm, 0.9 V: Horowitz, ISSCC 2014,
/// doi:10.1109/ISSCC.2014.6757323.
struct EnergyConstants {
    std::string name = "45nm_fp32";
    double mac_pj = 4.6;  ///< multiply 3.7 + add 0.9
    double ac_pj = 0.9;
};
[[nodiscard]] EnergyConstants fp32_45nm();
/// 0.2 multiply + 0.03 add = 0.23 for a MAC, 0.03 for an AC.
[[nodiscard]] EnergyConstants int8_45nm();
/// 0.2 for a MAC, 0.03 for an AC: what some rows of One-Spike's table VI imply (docs/energy.md).
[[nodiscard]] EnergyConstants int8_multiplier_only_45nm();

/// How often a first layer that receives analog values is paid for.
enum class FirstLayer { once, per_step };

struct LedgerOptions {
    EnergyConstants constants;
    FirstLayer first_layer = FirstLayer::per_step;
};

/// Counts of one layer, per sample (means over the samples). Every term is defined in
/// docs/energy.md.
struct LayerLedger {
    std::string name;
    std::string kind;  ///< operation name
    std::uint64_t neurons = 0;
    double spikes = 0;             ///< emitted by this layer
    double spikes_per_neuron = 0;  ///< of this layer; 0 where it has no neurons
    std::uint64_t macs = 0;        ///< of the float network
    double spiking_macs = 0;       ///< multiply-accumulates that stay in the spiking network
    double synops = 0;             ///< border-exact: synapses that received a spike
    double synops_nominal = 0;     ///< spikes times nominal fan-out (borders ignored)
    double input_rate = 0;         ///< spikes that arrive per input value
    double energy_pj = 0;
};

struct Ledger {
    std::vector<LayerLedger> layers;  ///< [n_layers]
    double macs = 0;                  ///< per sample, float network
    double spiking_macs = 0;
    double synops = 0;
    double synops_nominal = 0;
    double spikes = 0;  ///< of neurons; input spikes not counted
    std::uint64_t neurons = 0;
    double spikes_per_neuron = 0;
    double energy_pj = 0;        ///< of the spiking network (or of the float one: float_ledger)
    double float_energy_pj = 0;  ///< macs * mac_pj
    double normalized_operations = 0;  ///< B-SNN: sum IFR_l OPS_(l+1) / sum OPS_l, ends excluded
    double efficiency_eq6 = 0;         ///< One-Spike eq. 6: sum MAC E_MAC / sum MAC rate E_AC
    double fired_fraction = 0;         ///< one_spike: neurons that spike at all; else 0
    double fired_fraction_layer_mean = 0;  ///< one_spike: mean of the layers' fractions; else 0
};

/// Of a float network: MACs and their energy.
[[nodiscard]] Ledger float_ledger(const Network& network, const LedgerOptions& options);

/// Of a run of a spiking network.
[[nodiscard]] Ledger spiking_ledger(const Network& network, const SimulationResult& result,
                                    const LedgerOptions& options);

}  // namespace ranvier
