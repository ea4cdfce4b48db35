#pragma once

#include "ranvier/base/aligned.hpp"
#include "ranvier/engine/signal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// One place of one sample.
struct Cell {
    std::size_t slot = 0, place = 0;
};

/// Room that one worker needs while it computes; grows to what is needed and stays.
struct Scratch {
    std::vector<std::uint16_t> rows;         ///< [step][capacity]
    std::vector<float> row_values;           ///< [step][capacity]
    std::vector<std::uint32_t> begin, end;   ///< [step] lists in `rows`
    AlignedVector<std::int32_t> sums;        ///< [cell][step][width]
    AlignedVector<std::int32_t> counts;      ///< [step][width]
    std::vector<bool> counted;               ///< [cell] by words of bits instead of events
    std::vector<std::int32_t> totals;        ///< [step] events
    std::vector<std::uint32_t> patch;        ///< [step][words] bits of a receptive field
    std::vector<float> factors;              ///< [row][step] the same as numbers
    std::vector<std::vector<float>> nested;  ///< currents of terms within terms
    std::vector<std::vector<Cell>> nested_cells;
    AlignedVector<float> currents;  ///< [cell][step][width]
    std::vector<Cell> cells;
    std::size_t depth = 0;  ///< how many of `nested` are in use
};

/// Which currents are wanted: of channels [first_channel, + width) of some cells, in steps [first,
/// first + n). Many cells at once let a piece of the weights stay in the cache for all of them.
struct CurrentsRequest {
    std::span<const Cell> cells;
    std::size_t first_channel = 0, width = 0;
    int first = 0;
    std::size_t n_steps = 0;
};

/// What arrives at a layer over its connections, computed where and when it is asked for. All sums
/// are formed in the order of the reference simulator, so that they are equal to the last bit.
class Currents {
public:
    virtual ~Currents() = default;
    /// Channels that one request is for: 16, 32, 64, 128, 256 or 512.
    [[nodiscard]] virtual std::size_t width() const = 0;
    /// Weights are used piece by piece, so that many cells should be asked for at once.
    [[nodiscard]] virtual bool in_pieces() const = 0;
    /// The same at every step of a sample.
    [[nodiscard]] virtual bool constant() const { return false; }
    /// @param out  [cell][n_steps][width]; what was there is overwritten. Channels beyond the
    /// layer's own
    ///             get any finite value.
    virtual void compute(const CurrentsRequest& request, const std::vector<Signal>& signals,
                         Scratch& scratch, float* out) const = 0;
    /// Signals whose event lists it reads.
    virtual void add_sources(std::vector<std::size_t>& signals) const = 0;
    /// In words, for `ranvier info --plan`.
    [[nodiscard]] virtual std::string describe() const = 0;
};

/// The index of step `step` in a signal, or -1 where it has none.
[[nodiscard]] inline int index_of(const SignalPlan& plan, int step) {
    if (plan.constant) return 0;
    const int index = step - plan.first;
    return plan.n_steps > 0 && index >= plan.n_steps ? -1 : index;
}

/// A signal itself, place by place: a term of a sum, or a neuron that reads another directly.
/// @param plan  of that signal.
[[nodiscard]] std::unique_ptr<Currents> make_direct_currents(std::size_t signal,
                                                             const SignalPlan& plan);

/// The sum of others, in order.
[[nodiscard]] std::unique_ptr<Currents> make_sum(std::vector<std::unique_ptr<Currents>> terms);

}  // namespace ranvier
