#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Which inputs spike at which step.
struct InputSpikes {
    std::vector<std::uint16_t> inputs;  ///< ascending within a step; 32 more entries behind the end
    std::vector<std::uint32_t> begin;   ///< [steps + 1]: step t is inputs[begin[t], begin[t + 1])

    [[nodiscard]] std::size_t n_steps() const { return begin.empty() ? 0 : begin.size() - 1; }
    [[nodiscard]] std::span<const std::uint16_t> at(std::size_t step) const {
        return {inputs.data() + begin[step], inputs.data() + begin[step + 1]};
    }
    [[nodiscard]] std::size_t size() const { return begin.empty() ? 0 : begin.back(); }
};

/// Names the random numbers of one showing of one image: the same name, the same spikes, on any
/// thread and in any order.
struct Showing {
    std::uint64_t seed = 1;
    /// Training epochs from 0; label_epoch and test_epoch for the passes with frozen weights.
    std::uint32_t epoch = 0;
    std::uint32_t image = 0;
    std::uint32_t attempt = 0;  ///< at most 255
};
constexpr std::uint32_t label_epoch = 0xFFFFFE;
constexpr std::uint32_t test_epoch = 0xFFFFFF;  ///< the largest that there is

/// Turns pixels into spike trains: in each step a pixel spikes with probability
/// min(1, pixel * rate_per_step). Draws the steps between spikes instead of a number for every
/// step: the time goes with the number of spikes, about 15 ns each.
class PoissonEncoder {
public:
    /// @param pixels  [n], in [0, 1]; n at most 65536. @param spikes is overwritten.
    void encode(std::span<const float> pixels, float rate_per_step, std::size_t steps,
                const Showing& showing, InputSpikes& spikes);

private:
    struct Event {
        std::uint16_t step, input;
    };
    std::vector<Event> events_;
};

}  // namespace ranvier
