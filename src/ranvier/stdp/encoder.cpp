#include "ranvier/stdp/encoder.hpp"

#include "ranvier/base/random.hpp"

#include <cmath>

namespace ranvier {

namespace {

constexpr int position_shift = 20;       ///< random numbers that an input may use: 2^20
constexpr std::size_t read_behind = 32;  ///< entries that kernels read behind a list (RowLists)

Random stream_of(const Showing& showing) {
    const std::uint64_t stream =
        std::uint64_t{showing.epoch} << 40 | std::uint64_t{showing.attempt} << 32 | showing.image;
    return {showing.seed, stream};
}

/// Steps without a spike before the next one: geometric. @param log_silent log(1 - p) < 0.
double silent_steps(Random& random, double log_silent) {
    const double u = (static_cast<double>(random.next()) + 1) * 0x1p-32;  // in (0, 1]
    return std::floor(std::log(u) / log_silent);
}

}  // namespace

void PoissonEncoder::encode(std::span<const float> pixels, float rate_per_step, std::size_t steps,
                            const Showing& showing, InputSpikes& spikes) {
    events_.clear();
    spikes.begin.assign(steps + 1, 0);
    Random random = stream_of(showing);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        const double p = static_cast<double>(pixels[i]) * rate_per_step;
        if (!(p > 0)) continue;
        random.seek(std::uint64_t{i} << position_shift);
        const double log_silent = p < 1 ? std::log1p(-p) : 0;
        for (double step = 0;; ++step) {
            if (p < 1) step += silent_steps(random, log_silent);
            if (!(step < static_cast<double>(steps))) break;
            const auto t = static_cast<std::uint16_t>(step);
            events_.push_back({t, static_cast<std::uint16_t>(i)});
            ++spikes.begin[t + 1U];
        }
    }
    for (std::size_t t = 0; t < steps; ++t) spikes.begin[t + 1] += spikes.begin[t];
    spikes.inputs.resize(events_.size() + read_behind);
    for (const Event& event : events_) spikes.inputs[spikes.begin[event.step]++] = event.input;
    for (std::size_t t = steps; t > 0; --t) spikes.begin[t] = spikes.begin[t - 1];
    spikes.begin[0] = 0;
}

}  // namespace ranvier
