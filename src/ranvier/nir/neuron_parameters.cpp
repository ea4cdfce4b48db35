#include "ranvier/nir/neuron_parameters.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/ranges.h>
#include <limits>
#include <type_traits>

namespace ranvier {

namespace {

/// Axes of more than one value.
std::vector<std::int64_t> wide_axes(const std::vector<std::int64_t>& dims) {
    std::vector<std::int64_t> wide;
    std::ranges::copy_if(dims, std::back_inserter(wide), [](std::int64_t d) { return d != 1; });
    return wide;
}

double at(const std::vector<double>& values, std::size_t channel) {
    return values.size() == 1 ? values[0] : values[channel];
}

/// One value where all are equal.
template <typename T>
std::vector<T> shortened(std::vector<T> values) {
    if (std::ranges::all_of(values, [&](T v) { return v == values[0]; })) values.resize(1);
    return values;
}

/// The parameters of a node with a membrane, per channel.
struct Membrane {
    std::vector<double> threshold, rest, reset, gain;
    bool subtracts = false;

    /// Constants that the rest makes differences to: u = v - rest starts at 0 and is reset to 0.
    [[nodiscard]] std::vector<double> thresholds(std::size_t n) const {
        std::vector<double> values(n);
        for (std::size_t c = 0; c < n; ++c)
            values[c] = (at(threshold, c) - at(rest, c)) / at(gain, c);
        return values;
    }
    [[nodiscard]] std::size_t n_values() const {
        return std::max({threshold.size(), rest.size(), reset.size(), gain.size()});
    }
};

Membrane membrane_of(const NirNode& node, const Shape& in, const NirArithmetic& arithmetic) {
    Membrane m;
    m.threshold = per_channel(node, "v_threshold", in);
    m.rest = node.type == "LIF" ? per_channel(node, "v_leak", in) : std::vector{0.0};
    m.gain = per_channel(node, "r", in);
    for (double& gain : m.gain) gain *= arithmetic.dt;
    const bool given = node.parameters.contains("v_reset");
    m.subtracts = !given && arithmetic.missing_reset == Reset::subtract;
    m.reset = given ? per_channel(node, "v_reset", in) : std::vector{0.0};
    return m;
}

/// u = v - v_leak has to begin and be reset at 0.
void require_reset_to_rest(const NirNode& node, const Membrane& m) {
    for (std::size_t c = 0; c < m.n_values(); ++c)
        if (at(m.reset, c) != at(m.rest, c))
            reject_node(Fault::unsupported, node,
                        "{} is {} where the membrane rests at {}; Ranvier's neurons {}",
                        m.subtracts ? "v_leak" : "v_reset",
                        m.subtracts ? at(m.rest, c) : at(m.reset, c),
                        m.subtracts ? 0.0 : at(m.rest, c),
                        m.subtracts ? "that subtract their threshold rest at 0"
                                    : "are reset to where they rest");
}

void require_usable(const NirNode& node, const std::vector<double>& gain,
                    const std::vector<double>& thresholds) {
    for (const double g : gain)
        if (!(g > 0 && std::isfinite(g)))
            reject_node(Fault::unsupported, node, "r is not positive; it must be > 0");
    for (const double v : thresholds)
        if (!(static_cast<float>(v) > 0 &&
              static_cast<float>(v) < std::numeric_limits<float>::max()))
            reject_node(Fault::unsupported, node,
                        "its threshold lies {} above where the membrane rests, in units of a "
                        "timestep's current; it must be > 0 and a float32",
                        v);
}

float common_leak(const NirNode& node, const std::vector<double>& tau, double dt) {
    for (const double t : tau) {
        if (!(t >= dt))
            reject_node(Fault::unsupported, node,
                        "tau is {} s, less than the timestep of {} s; give a smaller --dt", t, dt);
        if (leak_of(t, dt) != leak_of(tau[0], dt))
            reject_node(Fault::unsupported, node,
                        "tau is {} in one channel and {} in another; Ranvier has one leak for a "
                        "layer",
                        tau[0], t);
    }
    return leak_of(tau[0], dt);
}

}  // namespace

const NirValue& parameter(const NirNode& node, const std::string& name) {
    const auto found = node.parameters.find(name);
    if (found == node.parameters.end())
        reject_node(Fault::bad_input, node, "has no {}; it must have one", name);
    return found->second;
}

std::vector<double> numbers(const NirNode& node, const std::string& name) {
    return std::visit(
        [&](const auto& values) -> std::vector<double> {
            if constexpr (std::is_same_v<decltype(values), const std::vector<std::string>&>)
                reject_node(Fault::bad_input, node, "{} is text; it must be numbers", name);
            else
                return {values.begin(), values.end()};
        },
        parameter(node, name).values);
}

std::vector<std::int64_t> integers(const NirNode& node, const std::string& name,
                                   std::size_t count) {
    const auto* found = std::get_if<std::vector<std::int64_t>>(&parameter(node, name).values);
    if (found == nullptr || (found->size() != 1 && found->size() != count))
        reject_node(Fault::bad_input, node, "{} must be {} integers", name, count);
    constexpr std::int64_t most = std::int64_t{1} << 31;
    for (const std::int64_t v : *found)
        if (v < -most || v > most)
            reject_node(Fault::bad_input, node, "{} holds {}, which cannot be used", name, v);
    return found->size() == count ? *found : std::vector<std::int64_t>(count, found->front());
}

Tensor weights(const NirNode& node, const std::string& name, std::size_t rank) {
    const NirValue& value = parameter(node, name);
    if (value.dims.size() != rank || value.size() == 0)
        reject_node(Fault::bad_input, node, "{} has shape [{}]; it must have {} axes", name,
                    fmt::join(value.dims, ", "), rank);
    if (const auto* floats = std::get_if<std::vector<float>>(&value.values))
        return {value.dims, *floats};
    Tensor tensor(value.dims);
    std::ranges::transform(numbers(node, name), tensor.values.begin(),
                           [](double v) { return static_cast<float>(v); });
    return tensor;
}

std::vector<double> per_channel(const NirNode& node, const std::string& name, const Shape& in) {
    const std::vector<double> all = numbers(node, name);
    const std::vector<std::int64_t>& dims = parameter(node, name).dims;
    const bool fits = wide_axes(dims) == wide_axes({in.channels, in.height, in.width});
    if (all.size() != 1 && !fits)
        reject_node(Fault::bad_input, node, "{} has shape [{}], and the node reads {} values", name,
                    fmt::join(dims, ", "), to_string(in));
    for (const double v : all)
        if (!std::isfinite(v))
            reject_node(Fault::bad_input, node, "{} holds {}; it must be finite", name, v);
    if (all.size() == 1) return all;
    std::vector<double> values;
    const auto plane = static_cast<std::size_t>(in.plane());
    for (std::size_t k = 0; k < all.size(); k += plane) {
        values.push_back(all[k]);
        for (std::size_t p = k; p < k + plane; ++p)
            if (all[p] != all[k])
                reject_node(Fault::unsupported, node,
                            "{} is {} and {} within channel {}; Ranvier has one value for a "
                            "channel",
                            name, all[k], all[p], k / plane);
    }
    return shortened(std::move(values));
}

float threshold_above(double v) {
    const auto nearest = static_cast<float>(v);
    return static_cast<double>(nearest) > v
               ? nearest
               : std::nextafter(nearest, std::numeric_limits<float>::infinity());
}

float value_below(float threshold) {
    return std::nextafter(threshold, -std::numeric_limits<float>::infinity());
}

LeakConstants constants_of_leak(float leak, double dt) {
    const double lost = 1 - static_cast<double>(leak);
    return {dt / lost, 1 / lost};
}

float leak_of(double tau, double dt) {
    return static_cast<float>(1 - dt / tau);
}

Neuron neuron_of_node(const NirNode& node, const Shape& in, const NirArithmetic& arithmetic) {
    Neuron neuron;
    neuron.reset = Reset::zero;
    if (node.type == "Threshold") {
        const std::vector<double> thresholds = per_channel(node, "threshold", in);
        require_usable(node, {1.0}, thresholds);
        neuron.kind = NeuronKind::leaky_same_step;
        neuron.leak = 0;
        neuron.threshold.assign(thresholds.begin(), thresholds.end());
        return neuron;
    }
    Membrane m = membrane_of(node, in, arithmetic);
    require_reset_to_rest(node, m);
    if (m.subtracts) neuron.reset = Reset::subtract;
    if (node.type == "LIF") {
        const std::vector<double> tau = per_channel(node, "tau", in);
        neuron.kind = NeuronKind::leaky_same_step;
        neuron.leak = common_leak(node, tau, arithmetic.dt);
        const std::size_t n = std::max(m.gain.size(), tau.size());
        std::vector<double> gain(n);
        for (std::size_t c = 0; c < n; ++c) gain[c] = at(m.gain, c) / at(tau, c);
        m.gain = gain;
    } else {
        neuron.kind = NeuronKind::integrate_fire;
    }
    const std::vector<double> thresholds = m.thresholds(m.n_values());
    require_usable(node, m.gain, thresholds);
    neuron.threshold.clear();
    for (const double v : thresholds)
        neuron.threshold.push_back(node.type == "LIF" ? static_cast<float>(v) : threshold_above(v));
    neuron.threshold = shortened(std::move(neuron.threshold));
    return neuron;
}

}  // namespace ranvier
