#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/nir/graph.hpp"

#include <string>

namespace ranvier {

/// What a NIR file leaves open.
struct NirOptions {
    int steps = 0;  ///< timesteps per sample; 0: as the file's metadata say, else 100
    /// Seconds of a timestep; 0: as the file's metadata say, else 1e-4 where a node has a time
    /// constant, else 1.
    double dt = 0;
    /// What neurons without v_reset do: before NIR 1.0.6 the specification had them subtract the
    /// threshold; its reader since takes them to reset to 0.
    Reset missing_reset = Reset::subtract;
};

/// The network that a NIR graph describes, by forward Euler (docs/formats.md has the arithmetic).
/// Names of layers are those of the nodes; of an inner graph's node "graph.node".
/// @param name  of the file, for messages.
/// @throws Error(bad_input) for graphs that contradict themselves; Error(unsupported) naming the
///         node for what a Network does not have: recurrent edges, synaptic currents, delays, ...
[[nodiscard]] Network network_from_nir(const NirModel& model, const NirOptions& options,
                                       const std::string& name);

}  // namespace ranvier
