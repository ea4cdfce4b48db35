#include "ranvier/stdp/model.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"

#include <algorithm>
#include <numeric>

namespace ranvier {

namespace {

constexpr std::uint64_t weight_stream = ~std::uint64_t{0};  ///< no showing has this one

}  // namespace

SynapseTiles::SynapseTiles(std::size_t n_inputs, std::size_t n_neurons)
    : n_inputs_(n_inputs), n_neurons_(n_neurons), weights_(n_tiles() * n_inputs * width) {}

void SynapseTiles::read_neuron(std::size_t neuron, std::span<float> weights) const {
    const float* from = weights_.data() + place(0, neuron);
    for (std::size_t i = 0; i < n_inputs_; ++i) weights[i] = from[i * width];
}

void SynapseTiles::write_neuron(std::size_t neuron, std::span<const float> weights) {
    float* to = weights_.data() + place(0, neuron);
    for (std::size_t i = 0; i < n_inputs_; ++i) to[i * width] = weights[i];
}

SynapseBits::SynapseBits(std::size_t n_inputs, std::size_t n_neurons)
    : n_words_((n_inputs + 63) / 64), bits_(n_words_ * n_neurons, ~std::uint64_t{0}) {}

std::uint64_t StdpModel::n_synapses() const {
    return std::accumulate(fan_out.begin(), fan_out.end(), std::uint64_t{0});
}

std::vector<std::uint32_t> StdpModel::conducting() const {
    std::vector<std::uint32_t> counts(n_inputs(), 0);
    for (std::size_t j = 0; j < n_neurons(); ++j)
        for (std::size_t i = 0; i < n_inputs(); ++i) counts[i] += weights.at(i, j) != 0 ? 1 : 0;
    return counts;
}

StdpModel make_stdp_model(const StdpOptions& options, const Shape& input, std::uint64_t seed) {
    require_usable(options);
    const auto n_inputs = static_cast<std::size_t>(input.size());
    if (n_inputs == 0 || n_inputs > 65536)
        fail(Fault::bad_input,
             "stdp: images have {} pixels; 1 to 65536 are possible: use smaller ones", n_inputs);
    const auto n = static_cast<std::size_t>(options.n_neurons);
    StdpModel model{.options = options,
                    .input = input,
                    .seed = seed,
                    .weights = {n_inputs, n},
                    .alive = {n_inputs, n},
                    .fan_out = std::vector<std::uint32_t>(n_inputs, static_cast<std::uint32_t>(n)),
                    .theta = std::vector<float>(n),
                    .updates = std::vector<std::uint32_t>(n)};
    Random random(seed, weight_stream);
    std::vector<float> weights(n_inputs);
    for (std::size_t j = 0; j < n; ++j) {
        for (float& w : weights) w = random.uniform(0, options.first_weight);
        normalize_sum(options, weights);
        model.weights.write_neuron(j, weights);
    }
    return model;
}

void normalize_sum(const StdpOptions& options, std::span<float> weights) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (!(sum > 0)) return;
    const auto factor = static_cast<float>(options.weight_sum / sum);
    for (float& w : weights) w = std::min(w * factor, options.law.w_max);
}

}  // namespace ranvier
