#pragma once

#include "ranvier/net/network.hpp"

#include <span>
#include <vector>

namespace ranvier {

/// One layer's values at one timestep, [height][width][channels] so that the targets of a spike lie
/// side by side.
struct StepValues {
    std::vector<float> values;
    bool silent = true;    ///< all zero; `values` are then not to be read
    bool changed = false;  ///< differs from the step before
};

/// Calls visit(index in [height][width][channels], index in [channels][height][width]).
template <typename Visit>
void for_each_place(const Shape& shape, Visit&& visit) {
    const auto plane = static_cast<std::size_t>(shape.plane());
    const auto channels = static_cast<std::size_t>(shape.channels);
    for (std::size_t p = 0; p < plane; ++p)
        for (std::size_t c = 0; c < channels; ++c) visit(p * channels + c, c * plane + p);
}

/// The synapses of one layer without memory (convolution, linear, average pool, add, concat,
/// flatten, shortcut), in the order in which the reference simulator walks them.
class Synapses {
public:
    /// @param in  shapes of the layer's inputs.
    /// @throws Error(unsupported) for an operation that has no synapses.
    Synapses(const Layer& layer, std::vector<Shape> in, const Shape& out);

    /// out = bias (if wanted) + what the inputs' nonzero values carry over the synapses.
    void carry(std::span<const StepValues* const> in, bool with_bias,
               std::vector<float>& out) const;
    [[nodiscard]] bool has_bias() const noexcept { return !bias_.empty(); }

private:
    void carry_convolution(const std::vector<float>& in, std::vector<float>& out) const;
    void carry_linear(const std::vector<float>& in, std::vector<float>& out) const;
    void carry_graph(const std::vector<float>& in, std::vector<float>& out) const;
    void carry_pool(const std::vector<float>& in, std::vector<float>& out) const;
    void carry_one(std::size_t which, const std::vector<float>& in, std::vector<float>& out) const;

    const Layer* layer_;
    std::vector<Shape> in_;
    Shape out_;
    Window window_;
    std::vector<float> weight_;   ///< [group][n_in / groups][kernel_h][kernel_w][n_out / groups]
    std::vector<float> scale_;    ///< [n_out] of integral weights; empty: weights as they are
    std::vector<float> bias_;     ///< [n_out]
    std::vector<float> divisor_;  ///< average pools: 1 / values averaged, [out height][out width]
};

/// 1 / number of values that each window of an average pool averages, [height][width] of `out`, as
/// in PyTorch.
[[nodiscard]] std::vector<float> pool_factors(const AveragePool& pool, const Shape& in,
                                              const Shape& out);

/// The window that covers the whole plane: a global average pool as an ordinary one.
[[nodiscard]] AveragePool as_average_pool(const GlobalAveragePool& pool, const Shape& in);

}  // namespace ranvier
