#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ranvier {

/// One layer of an evaluated network. All counts are means per sample; docs/energy.md defines them.
struct LayerResult {
    std::string name;
    std::string kind;              ///< operation name
    std::uint64_t neurons = 0;     ///< 0: the layer has none
    double spikes = 0;             ///< emitted by this layer
    double spikes_per_neuron = 0;  ///< 0 where the layer has no neurons
    double synops = 0;             ///< border-exact
    double synops_nominal = 0;     ///< borders ignored
    double macs = 0;               ///< executed by the evaluated network
    double float_macs = 0;         ///< of the float network of the same shape
    double input_rate = 0;         ///< spikes that arrive per input value
    double energy_pj = 0;
};

/// How a spiking network was run; a float network leaves all but `coding` as it is.
struct CodingResult {
    std::string coding = "float";  ///< float, rate, one_spike
    std::string input_coding{};    ///< direct, binary_phase, one_spike_phase
    std::string propagation{};     ///< same_step, delayed
    std::string reset{};           ///< rate: subtract, zero
    int steps = 0;                 ///< rate: timesteps; one_spike: phases T per layer
    int wait = 0;                  ///< one_spike: W
    double base = 0;               ///< one_spike: Q of the first layer of neurons
    std::vector<double> bases{};   ///< one_spike: of every layer of neurons, if they differ
    /// one_spike: expected error of the code, percent (eq. 5); mean over the layers of neurons
    double mape = 0;
    bool threshold_shift = false;  ///< one_spike
};

/// A layer with weights on in-memory arrays. Reads are means per sample; docs/energy.md defines
/// them.
struct CrossbarLayerResult {
    std::string name;
    std::uint64_t arrays = 0;
    std::uint64_t cells = 0;
    double rows_read = 0;         ///< times that a row is switched on
    double cells_read = 0;        ///< devices in them that conduct
    double float_rows_read = 0;   ///< likewise, of the network that does not spike
    double float_cells_read = 0;  ///< likewise
};

/// An evaluated network on in-memory arrays, if that was asked for.
struct CrossbarResult {
    int rows = 0;  ///< of one array; 0: not asked for
    int columns = 0;
    std::string scheme;
    std::uint64_t arrays = 0, cells = 0, cells_kept = 0;
    double utilization = 0;
    double rows_read = 0, cells_read = 0;              ///< sums over the layers
    double float_rows_read = 0, float_cells_read = 0;  ///< likewise
    std::vector<CrossbarLayerResult> layers;
};

/// How operations were turned into energy.
struct EnergyResult {
    std::string constants{};  ///< name of the set, for instance 45nm_fp32
    double mac_pj = 0;
    double ac_pj = 0;
    std::string first_layer{};  ///< once, per_step
};

/// What a network did on a data set, and everything that is needed to do it again. Filled by
/// run_evaluate (recipe/stages.hpp); this part only prints it.
struct EvaluationResult {
    std::string title{};  ///< short name in tables

    std::size_t samples = 0;
    /// Graph networks: forward passes over the whole graph, each of which classifies all `samples`;
    /// counts per sample are then counts per pass. 0: every sample has a pass of its own.
    std::size_t passes = 0;
    std::size_t correct = 0;
    double accuracy = 0;        ///< fraction
    double accuracy_error = 0;  ///< standard error of `accuracy`, sqrt(p (1 - p) / n)
    /// Rate coding: accuracy if the output is read after 1, 2, ... steps. Otherwise empty.
    std::vector<double> accuracy_per_step;
    /// Likewise: SynOps per sample up to then, border-exact; the last one is `synops`.
    std::vector<double> synops_by_step{};
    /// With an exit rule: samples that were decided after 1, 2, ... steps, and their mean.
    std::vector<std::uint64_t> exits_after{};
    double mean_steps = 0;

    /// Replayed event recordings: microseconds of a timestep; 0: nothing was replayed. `timesteps`
    /// is then that of the longest recording, and `mean_steps` their mean.
    std::uint64_t replay_bin_us = 0;

    int timesteps = 0;                  ///< per sample until the output is read; 0: float network
    int latency_steps = 0;              ///< from an image's first step to its final output
    int pipelined_steps_per_image = 0;  ///< between two answers of a pipeline
    int membrane_banks = 0;             ///< membranes per neuron that the pipeline needs
    std::uint64_t neurons = 0;
    double spikes = 0;                     ///< per sample
    double spikes_per_neuron = 0;          ///< per sample
    double fired_fraction = 0;             ///< one_spike: neurons that spike at all
    double fired_fraction_layer_mean = 0;  ///< one_spike: mean of the layers' fractions
    double synops = 0;                     ///< per sample, border-exact
    double synops_nominal = 0;             ///< per sample, borders ignored
    double macs = 0;                       ///< per sample, executed by this network
    double float_macs = 0;                 ///< per sample, of the float network of the same shape
    double energy_pj = 0;                  ///< per sample
    double float_energy_pj = 0;            ///< per sample, of the float network of the same shape
    double null_weight_fraction = 0;       ///< weights with |w| < 1e-9
    double normalized_operations = 0;
    double efficiency_eq6 = 0;
    double efficiency_eq6_int8 = 0;  ///< spiking, int8 weights; MAC 0.23 pJ, AC 0.03
    double efficiency_eq6_int8_multiplier_only = 0;  ///< likewise, MAC 0.20 pJ
    double seconds = 0;                              ///< wall time
    double images_per_second = 0;
    std::vector<LayerResult> layers;
    CrossbarResult crossbars;

    CodingResult coding;
    EnergyResult energy;
    std::string network_file;
    std::string weights = "float32";                   ///< float32, int8, binary, mixed
    std::map<std::string, std::string> network_notes;  ///< source and what was done to it
    std::string data;                                  ///< Samples::describe()
    std::string data_set;                              ///< as given to --data
    std::string split;
    std::uint64_t seed = 0;
    int threads = 0;     ///< of each process
    int processes = 1;   ///< that shared the samples
    std::string engine;  ///< float, reference
    std::string command_line;
    std::map<std::string, std::string> versions;  ///< ranvier, revision, libraries
};

}  // namespace ranvier
