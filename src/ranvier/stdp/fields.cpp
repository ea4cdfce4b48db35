#include "ranvier/stdp/fields.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ranvier {

namespace {

using Color = std::array<std::uint8_t, 3>;
constexpr Color frame = {64, 64, 64};
constexpr Color missing = {0, 0, 72};

/// Of one pixel of the image: its channels have a synapse each.
Color color_of(const StdpModel& model, std::size_t pixel, std::size_t neuron) {
    const auto channels = static_cast<std::size_t>(model.input.channels);
    const auto plane = static_cast<std::size_t>(model.input.plane());
    bool any = false;
    float sum = 0;
    for (std::size_t c = 0; c < channels; ++c) {
        any = any || model.alive.at(c * plane + pixel, neuron);
        sum += model.weights.at(c * plane + pixel, neuron);
    }
    if (!any) return missing;
    const float share = sum / (static_cast<float>(channels) * model.options.law.w_max);
    const auto grey = static_cast<std::uint8_t>(std::lround(255 * std::min(share, 1.0F)));
    return {grey, grey, grey};
}

}  // namespace

ByteImage draw_fields(const StdpModel& model, std::size_t limit) {
    const std::size_t n = std::min(limit, model.n_neurons());
    const auto columns = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(n))));
    const std::size_t rows = (n + columns - 1) / columns;
    const auto height = static_cast<std::size_t>(model.input.height);
    const auto width = static_cast<std::size_t>(model.input.width);
    ByteImage image{3,
                    static_cast<int>(rows * (height + 1) + 1),
                    static_cast<int>(columns * (width + 1) + 1),
                    {}};
    const auto line = static_cast<std::size_t>(image.width);
    image.values.resize(static_cast<std::size_t>(image.height) * line * 3);
    const auto paint = [&](std::size_t y, std::size_t x, const Color& color) {
        std::copy(color.begin(), color.end(),
                  image.values.begin() + static_cast<std::ptrdiff_t>((y * line + x) * 3));
    };
    for (std::size_t k = 0; k < image.values.size() / 3; ++k) paint(k / line, k % line, frame);
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t y = 0; y < height; ++y)
            for (std::size_t x = 0; x < width; ++x)
                paint(j / columns * (height + 1) + 1 + y, j % columns * (width + 1) + 1 + x,
                      color_of(model, y * width + x, j));
    return image;
}

}  // namespace ranvier
