#include "ranvier/sim/spike_pool.hpp"

#include <algorithm>
#include <vector>

namespace ranvier {

void step_spike_pool(const MaxPool& pool, const Shape& in, const Shape& out,
                     std::span<const float> values, std::span<std::uint32_t> arrived,
                     std::span<const std::uint32_t> passed,
                     const std::function<void(std::size_t output, float value)>& pass) {
    for (std::size_t i = 0; i < values.size(); ++i) arrived[i] += values[i] != 0 ? 1U : 0U;
    const Window& w = pool.window;
    const auto channels = static_cast<std::size_t>(out.channels);
    std::vector<float> largest(channels);
    std::vector<std::uint32_t> most(channels);
    std::size_t o = 0;
    for (std::int64_t oy = 0; oy < out.height; ++oy)
        for (std::int64_t ox = 0; ox < out.width; ++ox, o += channels) {
            std::fill(largest.begin(), largest.end(), 0.0F);
            std::fill(most.begin(), most.end(), 0U);
            for (std::int64_t k = 0; k < w.kernel_h * w.kernel_w; ++k) {
                const std::int64_t y = oy * w.stride_h - w.pad_top + k / w.kernel_w * w.dilation_h;
                const std::int64_t x = ox * w.stride_w - w.pad_left + k % w.kernel_w * w.dilation_w;
                if (y < 0 || y >= in.height || x < 0 || x >= in.width) continue;
                const auto i = static_cast<std::size_t>(y * in.width + x) * channels;
                for (std::size_t c = 0; c < channels; ++c) {
                    largest[c] = std::max(largest[c], values[i + c]);
                    most[c] = std::max(most[c], arrived[i + c]);
                }
            }
            for (std::size_t c = 0; c < channels; ++c)
                if (pool.rule == MaxRule::current_step ? largest[c] > 0 : most[c] > passed[o + c])
                    pass(o + c, largest[c]);
        }
}

}  // namespace ranvier
