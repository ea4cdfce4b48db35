#pragma once

#include "ranvier/base/aligned.hpp"
#include "ranvier/base/shape.hpp"
#include "ranvier/stdp/options.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Weights from all inputs to all neurons, in tiles of 64 neurons, [tile][input][64]: what an input
/// spike adds lies together, and a neuron's weights are not far apart.
class SynapseTiles {
public:
    static constexpr std::size_t width = 64;

    SynapseTiles() = default;
    SynapseTiles(std::size_t n_inputs, std::size_t n_neurons);

    [[nodiscard]] std::size_t n_inputs() const { return n_inputs_; }
    [[nodiscard]] std::size_t n_neurons() const { return n_neurons_; }
    [[nodiscard]] std::size_t n_tiles() const { return (n_neurons_ + width - 1) / width; }
    [[nodiscard]] float at(std::size_t input, std::size_t neuron) const {
        return weights_[place(input, neuron)];
    }
    [[nodiscard]] float& at(std::size_t input, std::size_t neuron) {
        return weights_[place(input, neuron)];
    }
    /// [n_inputs][64].
    [[nodiscard]] const float* tile(std::size_t t) const {
        return weights_.data() + t * n_inputs_ * width;
    }
    /// All weights of one neuron. @param weights [n_inputs].
    void read_neuron(std::size_t neuron, std::span<float> weights) const;
    void write_neuron(std::size_t neuron, std::span<const float> weights);

private:
    [[nodiscard]] std::size_t place(std::size_t input, std::size_t neuron) const {
        return (neuron / width * n_inputs_ + input) * width + neuron % width;
    }
    std::size_t n_inputs_ = 0, n_neurons_ = 0;
    AlignedVector<float> weights_;
};

/// One bit for each synapse: whether it exists.
class SynapseBits {
public:
    SynapseBits() = default;
    /// All exist.
    SynapseBits(std::size_t n_inputs, std::size_t n_neurons);

    /// Bit i % 64 of word i / 64 is input i.
    [[nodiscard]] const std::uint64_t* neuron(std::size_t neuron) const {
        return bits_.data() + neuron * n_words_;
    }
    [[nodiscard]] bool at(std::size_t input, std::size_t neuron) const {
        return (bits_[neuron * n_words_ + input / 64] >> input % 64 & 1U) != 0;
    }
    void remove(std::size_t input, std::size_t neuron) {
        bits_[neuron * n_words_ + input / 64] &= ~(std::uint64_t{1} << input % 64);
    }

private:
    std::size_t n_words_ = 0;
    std::vector<std::uint64_t> bits_;
};

/// A two-layer network in training or trained. All else (membranes, drives, traces) starts anew
/// with each image.
struct StdpModel {
    StdpOptions options;
    Shape input;             ///< of an image; its size is the number of inputs
    std::uint64_t seed = 1;  ///< of the first weights and the input spikes
    SynapseTiles weights;    ///< in [0, w_max]; 0 where there is no synapse
    SynapseBits alive;
    std::vector<std::uint32_t> fan_out;  ///< [n_inputs] synapses that exist
    std::vector<float> theta;            ///< [n_neurons] mV: what thresholds have grown by
    std::vector<std::uint32_t> updates;  ///< [n_neurons] spikes that have changed the weights

    [[nodiscard]] std::size_t n_inputs() const { return weights.n_inputs(); }
    [[nodiscard]] std::size_t n_neurons() const { return weights.n_neurons(); }
    /// Synapses that exist.
    [[nodiscard]] std::uint64_t n_synapses() const;
    /// [n_inputs] synapses whose weight is not 0. The rule itself takes weak ones there, so that
    /// these are fewer than exist also where nothing was pruned.
    [[nodiscard]] std::vector<std::uint32_t> conducting() const;
};

/// A network with random weights, normalized.
/// @throws Error as require_usable; Error(bad_input) for more than 65536 inputs.
[[nodiscard]] StdpModel make_stdp_model(const StdpOptions& options, const Shape& input,
                                        std::uint64_t seed);

/// Scales the weights of one neuron to the sum that the options ask for; none exceeds w_max.
/// @param weights  [n_inputs]; all 0 stay.
void normalize_sum(const StdpOptions& options, std::span<float> weights);

}  // namespace ranvier
