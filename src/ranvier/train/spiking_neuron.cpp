#include "ranvier/train/spiking_neuron.hpp"

#include "ranvier/train/wide_loops.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ranvier {

namespace {

/// Elements that are taken through all steps together: what they need stays in the cache.
constexpr std::size_t block_size = 1024;

/// Threshold and amplitude of each element of a block; blocks are whole places.
template <typename Real>
struct Tile {
    explicit Tile(const NeuronSteps<Real>& steps) {
        const std::size_t places = std::max<std::size_t>(1, block_size / steps.channels);
        for (std::size_t p = 0; p < places; ++p) {
            threshold.insert(threshold.end(), steps.threshold, steps.threshold + steps.channels);
            amplitude.insert(amplitude.end(), steps.amplitude, steps.amplitude + steps.channels);
        }
    }
    [[nodiscard]] std::size_t size() const { return threshold.size(); }
    std::vector<Real> threshold, amplitude;
};

template <typename Real>
inline Real spike_of(Real u, Real v) {
    return u / v - 1 > 0 ? Real(1) : Real(0);  // as the simulator decides it, to the bit
}

/// The membrane that goes into the next step, from the one that is kept.
template <typename Real>
RANVIER_WIDE void read_after(bool delayed, const Real* u, const Real* v, Real* after,
                             std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
        after[i] = delayed ? u[i] : u[i] - v[i] * spike_of(u[i], v[i]);
}

template <typename Real>
RANVIER_WIDE std::uint64_t step_delayed(Real leak, const Real* v, const Real* amplitude,
                                        const Real* current, Real* after, Real* membrane, Real* out,
                                        std::size_t n) {
    std::uint32_t n_spikes = 0;
    RANVIER_INDEPENDENT
    for (std::size_t i = 0; i < n; ++i) {
        const Real s = spike_of(after[i], v[i]);
        const Real u = leak * after[i] + current[i] - v[i] * s;
        after[i] = u;
        membrane[i] = u;
        out[i] = s * amplitude[i];
        n_spikes += s > 0 ? 1U : 0U;
    }
    return n_spikes;
}

template <typename Real>
RANVIER_WIDE std::uint64_t step_same(Real leak, const Real* v, const Real* amplitude,
                                     const Real* current, Real* after, Real* membrane, Real* out,
                                     std::size_t n) {
    std::uint32_t n_spikes = 0;
    RANVIER_INDEPENDENT
    for (std::size_t i = 0; i < n; ++i) {
        const Real u = leak * after[i] + current[i];
        const Real s = spike_of(u, v[i]);
        after[i] = u - v[i] * s;
        membrane[i] = u;
        out[i] = s * amplitude[i];
        n_spikes += s > 0 ? 1U : 0U;
    }
    return n_spikes;
}

/// `since` moves on by a step in which `spikes` were emitted. The last spike always counts as one
/// step ago or more.
template <typename Real>
RANVIER_WIDE void count_steps(const Real* membrane, const Real* v, std::uint8_t* since,
                              std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        const bool fired = spike_of(membrane[i], v[i]) > 0;
        since[i] = fired ? std::uint8_t{1}
                         : static_cast<std::uint8_t>(since[i] + (since[i] < no_spike_yet ? 1 : 0));
    }
}

/// scale * exp(-steps)^decay, where exp(-steps) is a float32 that becomes 0 beyond 103 steps: what
/// the authors' program computes. A neuron that never fired has derivative exactly 0.
template <typename Real>
std::array<Real, 256> stdb_table(const Surrogate& surrogate) {
    std::array<Real, 256> table{};
    for (std::size_t steps = 0; steps < 255; ++steps)
        table[steps] = static_cast<Real>(
            surrogate.scale *
            std::pow(static_cast<double>(std::exp(-static_cast<float>(steps))), surrogate.decay));
    return table;
}

/// s'(z) of a block, given z's membrane.
template <typename Real>
RANVIER_WIDE void read_surrogate(const Surrogate& surrogate, const Real* u, const Real* v,
                                 Real* slope, std::size_t n) {
    const auto scale = static_cast<Real>(surrogate.scale);
    const auto decay = static_cast<Real>(surrogate.decay);
    if (surrogate.kind == SurrogateKind::linear)
        for (std::size_t i = 0; i < n; ++i)
            slope[i] = scale * std::max(Real(0), 1 - std::abs(u[i] / v[i] - 1));
    else
        for (std::size_t i = 0; i < n; ++i)
            slope[i] = scale * std::exp(-decay * std::abs(u[i] / v[i] - 1));
}

template <typename Real>
RANVIER_WIDE void write_spikes(const Real* u, const Real* v, const Real* amplitude, Real* out,
                               std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = spike_of(u[i], v[i]) * amplitude[i];
}

/// What a step back reads and changes, [n] each.
template <typename Real>
struct BackwardStep {
    Real leak;
    const Real *u, *v, *amplitude, *slope, *after;
    Real *gradient, *carry, *threshold_sums, *leak_sums;
};

template <typename Real>
RANVIER_WIDE void step_back_delayed(const BackwardStep<Real>& s, std::size_t n) {
    RANVIER_INDEPENDENT
    for (std::size_t i = 0; i < n; ++i) {
        const Real pull = s.gradient[i] * s.amplitude[i] * s.slope[i] / s.v[i];
        const Real g = s.carry[i];
        s.threshold_sums[i] -= pull * s.u[i] / s.v[i] + g * spike_of(s.u[i], s.v[i]);
        s.leak_sums[i] += g * s.after[i];
        s.gradient[i] = g;
        s.carry[i] = s.leak * g + pull;
    }
}

template <typename Real>
RANVIER_WIDE void step_back_same(const BackwardStep<Real>& s, std::size_t n) {
    RANVIER_INDEPENDENT
    for (std::size_t i = 0; i < n; ++i) {
        const Real pull = s.gradient[i] * s.amplitude[i] * s.slope[i] / s.v[i];
        const Real g = s.carry[i] + pull;
        s.threshold_sums[i] -= pull * s.u[i] / s.v[i] + s.carry[i] * spike_of(s.u[i], s.v[i]);
        s.leak_sums[i] += g * s.after[i];
        s.gradient[i] = g;
        s.carry[i] = s.leak * g;
    }
}

/// One block's backward pass.
template <typename Real>
class BackwardBlock {
public:
    BackwardBlock(const NeuronSteps<Real>& steps, const Tile<Real>& tile)
        : steps_(steps),
          tile_(tile),
          slope_(tile.size()),
          after_(tile.size()),
          threshold_sums_(tile.size()),
          leak_sums_(tile.size()) {
        if (steps.surrogate.kind == SurrogateKind::stdb) table_ = stdb_table<Real>(steps.surrogate);
    }

    void run(Real* gradients, Real* carry, const std::uint8_t* since, NeuronGradients& sums,
             std::size_t first, std::size_t n) {
        std::fill(threshold_sums_.begin(), threshold_sums_.end(), Real(0));
        std::fill(leak_sums_.begin(), leak_sums_.end(), Real(0));
        if (since != nullptr) find_steps_since(since, first, n);
        for (std::size_t t = steps_.n_steps; t-- > 0;) {
            const Real* before = steps_.membrane + t * steps_.size + first;
            const Real* u = steps_.delayed ? before : before + steps_.size;
            if (since != nullptr)
                for (std::size_t i = 0; i < n; ++i) slope_[i] = table_[since_[t * n + i]];
            else
                read_surrogate(steps_.surrogate, u, tile_.threshold.data(), slope_.data(), n);
            read_after(steps_.delayed, before, tile_.threshold.data(), after_.data(), n);
            const BackwardStep<Real> step = {steps_.leak,
                                             u,
                                             tile_.threshold.data(),
                                             tile_.amplitude.data(),
                                             slope_.data(),
                                             after_.data(),
                                             gradients + t * steps_.size + first,
                                             carry + first,
                                             threshold_sums_.data(),
                                             leak_sums_.data()};
            steps_.delayed ? step_back_delayed(step, n) : step_back_same(step, n);
        }
        for (std::size_t i = 0; i < n; ++i) {
            sums.threshold[i % steps_.channels] += static_cast<double>(threshold_sums_[i]);
            sums.leak += static_cast<double>(leak_sums_[i]);
        }
    }

private:
    void find_steps_since(const std::uint8_t* since, std::size_t first, std::size_t n) {
        since_.resize(steps_.n_steps * n);
        std::vector<std::uint8_t> now(since + first, since + first + n);
        for (std::size_t t = 0; t < steps_.n_steps; ++t) {
            std::copy(now.begin(), now.end(), since_.begin() + static_cast<std::ptrdiff_t>(t * n));
            const Real* u = steps_.membrane + (steps_.delayed ? t : t + 1) * steps_.size + first;
            count_steps(u, tile_.threshold.data(), now.data(), n);
        }
    }

    const NeuronSteps<Real>& steps_;
    const Tile<Real>& tile_;
    std::array<Real, 256> table_{};
    std::vector<std::uint8_t> since_;  ///< [n_steps][n], STDB
    std::vector<Real> slope_, after_, threshold_sums_, leak_sums_;
};

template <typename Visit>
void for_each_block(std::size_t size, std::size_t begin, std::size_t end, const Visit& visit) {
    for (std::size_t first = begin; first < end; first += size)
        visit(first, std::min(size, end - first));
}

}  // namespace

template <typename Real>
void run_neurons(const NeuronSteps<Real>& steps, const Real* currents, bool constant, Real* spikes,
                 std::uint64_t* n_spikes, std::uint8_t* since, std::size_t begin, std::size_t end) {
    const Tile<Real> tile(steps);
    std::vector<Real> after(tile.size());
    const auto step = steps.delayed ? step_delayed<Real> : step_same<Real>;
    for_each_block(tile.size(), begin, end, [&](std::size_t first, std::size_t n) {
        Real* membrane = steps.membrane + first;
        read_after(steps.delayed, membrane, tile.threshold.data(), after.data(), n);
        for (std::size_t t = 0; t < steps.n_steps; ++t) {
            if (since != nullptr && steps.delayed)
                count_steps(membrane, tile.threshold.data(), since + first, n);
            membrane += steps.size;
            n_spikes[t] += step(steps.leak, tile.threshold.data(), tile.amplitude.data(),
                                currents + (constant ? 0 : t * steps.size) + first, after.data(),
                                membrane, spikes + t * steps.size + first, n);
            if (since != nullptr && !steps.delayed)
                count_steps(membrane, tile.threshold.data(), since + first, n);
        }
    });
}

template <typename Real>
void read_spikes(const NeuronSteps<Real>& steps, Real* spikes, std::size_t begin, std::size_t end) {
    const Tile<Real> tile(steps);
    for_each_block(tile.size(), begin, end, [&](std::size_t first, std::size_t n) {
        for (std::size_t t = 0; t < steps.n_steps; ++t) {
            const Real* u = steps.membrane + (steps.delayed ? t : t + 1) * steps.size + first;
            write_spikes(u, tile.threshold.data(), tile.amplitude.data(),
                         spikes + t * steps.size + first, n);
        }
    });
}

template <typename Real>
void run_neurons_backward(const NeuronSteps<Real>& steps, Real* gradients, Real* carry,
                          const std::uint8_t* since, NeuronGradients& sums, std::size_t begin,
                          std::size_t end) {
    const Tile<Real> tile(steps);
    BackwardBlock<Real> block(steps, tile);
    for_each_block(tile.size(), begin, end, [&](std::size_t first, std::size_t n) {
        block.run(gradients, carry, since, sums, first, n);
    });
}

#define RANVIER_INSTANTIATE(Real)                                                                 \
    template void run_neurons(const NeuronSteps<Real>&, const Real*, bool, Real*, std::uint64_t*, \
                              std::uint8_t*, std::size_t, std::size_t);                           \
    template void read_spikes(const NeuronSteps<Real>&, Real*, std::size_t, std::size_t);         \
    template void run_neurons_backward(const NeuronSteps<Real>&, Real*, Real*,                    \
                                       const std::uint8_t*, NeuronGradients&, std::size_t,        \
                                       std::size_t);
RANVIER_INSTANTIATE(float)
RANVIER_INSTANTIATE(double)
#undef RANVIER_INSTANTIATE

}  // namespace ranvier
