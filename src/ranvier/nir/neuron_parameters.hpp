#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/base/shape.hpp"
#include "ranvier/base/tensor.hpp"
#include "ranvier/net/neuron.hpp"
#include "ranvier/nir/graph.hpp"

namespace ranvier {

/// Which step turns NIR's differential equations into Ranvier's timesteps, and what a neuron
/// without v_reset does.
struct NirArithmetic {
    double dt = 1;  ///< seconds; > 0
    Reset missing_reset = Reset::subtract;
};

template <typename... Args>
[[noreturn]] void reject_node(Fault fault, const NirNode& node, fmt::format_string<Args...> format,
                              Args&&... args) {
    fail(fault, "node '{}' ({}): {}", node.name, node.type,
         fmt::format(format, std::forward<Args>(args)...));
}

/// A parameter that must be there.
/// @throws Error(bad_input)
[[nodiscard]] const NirValue& parameter(const NirNode& node, const std::string& name);

/// Numbers of any type. @throws Error(bad_input) for texts.
[[nodiscard]] std::vector<double> numbers(const NirNode& node, const std::string& name);

/// `count` integers; where one stands alone it holds for all. @throws Error(bad_input)
[[nodiscard]] std::vector<std::int64_t> integers(const NirNode& node, const std::string& name,
                                                 std::size_t count);

/// Weights, rounded to float32. @throws Error(bad_input) if there are not `rank` axes.
[[nodiscard]] Tensor weights(const NirNode& node, const std::string& name, std::size_t rank);

/// What a parameter is for each channel: one value if all are equal, else [channels].
/// @param in  what the node reads; the parameter has one value, or one for each of these.
/// @throws Error(bad_input) if it does not fit or is not finite; Error(unsupported) if it differs
///         within a channel.
[[nodiscard]] std::vector<double> per_channel(const NirNode& node, const std::string& name,
                                              const Shape& in);

/// The neuron of an IF, LIF or Threshold node, by forward Euler (docs/formats.md).
/// @throws Error(bad_input); Error(unsupported) for what Ranvier's neurons do not have.
[[nodiscard]] Neuron neuron_of_node(const NirNode& node, const Shape& in,
                                    const NirArithmetic& arithmetic);

/// The threshold that integrate_fire (u >= threshold) needs to fire where u > v; and back.
[[nodiscard]] float threshold_above(double v);
[[nodiscard]] float value_below(float threshold);

/// Time constant and resistance of a LIF whose membrane keeps `leak` (in [0, 1)) of itself in a
/// step dt and takes its current as it is.
struct LeakConstants {
    double tau = 0, r = 0;
};
[[nodiscard]] LeakConstants constants_of_leak(float leak, double dt);
/// The leak that such a time constant stands for.
[[nodiscard]] float leak_of(double tau, double dt);

}  // namespace ranvier
