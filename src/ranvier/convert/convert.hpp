#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/convert/input_current.hpp"
#include "ranvier/convert/measure.hpp"
#include "ranvier/convert/quantize_weights.hpp"
#include "ranvier/convert/tune.hpp"
#include "ranvier/net/network.hpp"

#include <optional>
#include <string>

namespace ranvier {

enum class Coding { rate, one_spike };

/// Where the scale of the activations goes.
enum class Placement {
    weights,     ///< into the weights: every threshold and every spike is worth 1
    thresholds,  ///< into thresholds and amplitudes: the weights stay as trained
};

/// rate: where thresholds come from.
enum class Thresholds {
    measured,  ///< the peaks of the activations
    one,       ///< 1 everywhere, weights as they are: quantized ReLUs, and weight scaling
    /// From the currents into the spiking network's own neurons, for training it further
    /// (input_current.hpp): leaky neurons, spikes worth 1, weights as they are.
    input_current,
};

/// What becomes of a max pool that stands before a ReLU, over currents.
enum class MaxPools {
    lowered,  ///< it changes places with the ReLU: the same function, one layer of neurons
    /// B-SNN, section 4.1: neurons before it, whose spikes it pools, and the ReLU's behind it; both
    /// have the ReLU's peak.
    between_neurons,
};

struct ConvertOptions {
    Coding coding = Coding::one_spike;
    int steps = 16;     ///< T
    int wait = -1;      ///< one_spike: W; -1: T
    float base = 1.3F;  ///< one_spike: Q; 0: best_base(steps)
    /// How pixels come in. one_spike: binary_phase or one_spike_phase; rate: poisson, else direct.
    InputCoding input = InputCoding::binary_phase;
    float input_rate = 1;         ///< poisson: Timing::input_rate
    bool threshold_shift = true;  ///< one_spike
    /// rate: or multi_spike; with input_current: leaky_delayed or leaky_same_step.
    NeuronKind neuron = NeuronKind::integrate_fire;
    std::optional<float> lower_bound{};            ///< multi_spike: of the membrane, <= 0
    Thresholds thresholds = Thresholds::measured;  ///< rate
    CurrentOptions currents{};                     ///< thresholds = input_current
    /// rate: input and biases come in so many parts, one per step (the encoding x/N), so that the
    /// output after so many steps is the float network's. With input_current the thresholds found
    /// shrink with the parts: without biases the spikes are those of direct input.
    int spread = 1;
    Reset reset = Reset::subtract;  ///< rate, integrate_fire: SIF (subtract) or RIF (zero)
    Propagation propagation = Propagation::same_step;  ///< rate
    MaxRule max_rule = MaxRule::running_count;         ///< rate
    MaxPools max_pools = MaxPools::lowered;
    bool pool_neurons = false;  ///< a neuron after every average pool that follows neurons
    Placement placement = Placement::thresholds;
    WeightKind weights = WeightKind::float32;  ///< int8: quantize_weights; float32: as they are
    QuantizeOptions quantize;                  ///< weights = int8
    MeasureOptions measure;                    ///< what a peak is
    Tuning tuning = Tuning::none;              ///< one_spike, W >= T: what is adapted afterwards
};

/// The float network that a conversion starts from, computing the same: without dropout, batch norm
/// folded, activations before max pools (max_pools), neurons behind pools if wanted.
[[nodiscard]] Network prepared_for_conversion(const Network& network,
                                              const ConvertOptions& options);

/// ReLU network to spiking network: removes dropout, folds batch norm, moves activations before max
/// pools, measures peaks on `calibration`, replaces activations by neurons, places the scale,
/// quantizes weights (before they are tuned, so that tuning makes up for it).
/// Uses every sample of `calibration`. What was done is written into `notes`.
/// @throws Error(bad_input, unsupported) with the layer and what to do.
[[nodiscard]] Network convert(const Network& network, const Samples& calibration,
                              const ConvertOptions& options, Progress& progress = no_progress());

}  // namespace ranvier
