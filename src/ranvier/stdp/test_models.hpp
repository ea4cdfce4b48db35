#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/stdp/reference.hpp"
#include "ranvier/stdp/runner.hpp"

#include <vector>

namespace ranvier::testing {

/// Small, and easily made to fire: few inputs with much weight.
inline StdpOptions lively_options(LeakyForm form, int n_neurons) {
    StdpOptions options = default_options(form);
    options.n_neurons = n_neurons;
    options.steps = 60;
    options.weight_sum = form == LeakyForm::conductance ? 12 : 6;
    options.law.rate = 0.05F;
    options.max_rate_hz = 200;
    return options;
}

/// The same network as plain arrays.
inline StdpReference reference_of(const StdpModel& model) {
    StdpReference reference(model.options, model.n_inputs());
    for (std::size_t i = 0; i < model.n_inputs(); ++i)
        for (std::size_t j = 0; j < model.n_neurons(); ++j) {
            reference.weights[i][j] = model.weights.at(i, j);
            reference.alive[i][j] = model.alive.at(i, j);
        }
    reference.theta = model.theta;
    return reference;
}

inline std::vector<float> random_pixels(std::size_t n, std::uint64_t seed) {
    Random random(seed, 7);
    std::vector<float> pixels(n);
    for (float& p : pixels) p = random.uniform() < 0.4F ? 0.0F : random.uniform();
    return pixels;
}

}  // namespace ranvier::testing
