#pragma once

#include "ranvier/energy/ledger.hpp"
#include "ranvier/net/network.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// How a weight becomes devices of a crossbar, which add currents and know no sign.
enum class CrossbarScheme {
    plain,         ///< a device per weight; weights must not be negative (STDP)
    dummy_column,  ///< a device per weight, and in each array one column that all outputs of it are
                   ///< compared with (B-SNN)
    xnor,  ///< two rows per input, of which one is on: binary activations and weights; layers
           ///< whose weights are not binary (usually the first and the last) are differential
    differential,  ///< two columns per output, for the positive and the negative part
};

struct CrossbarOptions {
    int rows = 128;     ///< of one array
    int columns = 128;  ///< of one array
    CrossbarScheme scheme = CrossbarScheme::differential;
};

/// A layer with weights on arrays; docs/energy.md defines every count. A convolution is one matrix,
/// [inputs of a window][outputs], for each group, and its windows are read one after the other.
struct CrossbarLayer {
    std::string name;
    CrossbarScheme scheme = CrossbarScheme::differential;
    std::uint64_t rows = 0;  ///< of devices, over all groups; those without weights are left out
    std::uint64_t rows_left_out = 0;
    std::uint64_t columns = 0;  ///< of devices of one group, dummy columns not counted
    std::uint64_t arrays = 0;
    std::uint64_t cells = 0;       ///< devices of these rows and columns, dummy columns included
    std::uint64_t cells_kept = 0;  ///< of these, devices that stand for weights other than 0
    double utilization = 0;        ///< cells / all cells of the arrays
    std::uint64_t windows = 0;     ///< reads that one sample needs at the least: output positions
    double rows_per_spike = 0;     ///< that an input spike switches on, mean, borders ignored
};

struct CrossbarMap {
    CrossbarOptions options;
    std::vector<CrossbarLayer> layers;  ///< those with weights, in the network's order
    std::uint64_t arrays = 0, cells = 0, cells_kept = 0;
    double utilization = 0;
};

/// @throws Error(bad_input) for arrays that are too small; Error(unsupported) for negative weights
///         in the plain scheme, and graph layers.
[[nodiscard]] CrossbarMap map_onto_crossbars(const Network& network,
                                             const CrossbarOptions& options);

/// @param text  "ROWSxCOLUMNS", for instance "128x128". @throws Error(usage) for any other.
[[nodiscard]] CrossbarOptions crossbar_options(const std::string& text, CrossbarScheme scheme);

/// What one sample switches on, mean.
struct CrossbarReads {
    double rows = 0;   ///< times a row is switched on
    double cells = 0;  ///< devices in them that conduct: energy is proportional to this
};

/// Of one layer of `map`. A spiking layer switches on the rows of its spikes; one that gets analog
/// values all rows in every window. With the XNOR scheme (not spiking) every window switches on
/// half of all rows.
/// @param operations  per sample: border-exact SynOps of a spiking layer (LayerLedger::synops),
///                    MACs of one that gets analog values; ignored for XNOR.
[[nodiscard]] CrossbarReads crossbar_reads(const CrossbarMap& map, std::size_t layer,
                                           double operations);

}  // namespace ranvier
