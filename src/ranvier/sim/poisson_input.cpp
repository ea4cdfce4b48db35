#include "ranvier/sim/poisson_input.hpp"

#include "ranvier/base/random.hpp"

namespace ranvier {

void draw_poisson(const PoissonDraw& draw, float rate, std::span<const float> pixels,
                  std::span<float> spikes) noexcept {
    // Another key than that of streams with the same seed (base/random.hpp), whose counters could
    // be the same.
    const std::array<std::uint32_t, 2> key = {
        static_cast<std::uint32_t>(draw.seed),
        static_cast<std::uint32_t>(draw.seed >> 32) ^ 0x506F6973U};
    for (std::size_t i = 0; i < pixels.size(); i += 4) {
        const auto words = philox(
            {static_cast<std::uint32_t>(i / 4), draw.step, static_cast<std::uint32_t>(draw.sample),
             static_cast<std::uint32_t>(draw.sample >> 32)},
            key);
        for (std::size_t k = 0; k < 4 && i + k < pixels.size(); ++k)
            spikes[i + k] =
                poisson_spike(pixels[i + k], rate, static_cast<float>(words[k] >> 8) * 0x1p-24F);
    }
}

}  // namespace ranvier
