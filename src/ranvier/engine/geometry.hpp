#pragma once

#include "ranvier/net/network.hpp"

#include <cstddef>
#include <vector>

namespace ranvier {

/// Where a window lies on its input.
struct WindowGeometry {
    Window window;
    Shape in, out;
};

/// The input's place under one tap of the window at `place` of the output, or -1 in the padding.
[[nodiscard]] inline std::ptrdiff_t place_under(const WindowGeometry& g, std::size_t place,
                                                std::size_t tap) {
    const Window& w = g.window;
    const auto out = static_cast<std::int64_t>(place);
    const auto k = static_cast<std::int64_t>(tap);
    const std::int64_t y =
        out / g.out.width * w.stride_h - w.pad_top + k / w.kernel_w * w.dilation_h;
    const std::int64_t x =
        out % g.out.width * w.stride_w - w.pad_left + k % w.kernel_w * w.dilation_w;
    if (y < 0 || y >= g.in.height || x < 0 || x >= g.in.width) return -1;
    return static_cast<std::ptrdiff_t>(y * g.in.width + x);
}

/// Calls visit(place of the input, tap) for every tap of the window at `place` of the output that
/// lies within the input, row by row.
template <typename Visit>
void for_each_window_tap(const WindowGeometry& g, std::size_t place, Visit&& visit) {
    const Window& w = g.window;
    const auto oy = static_cast<std::int64_t>(place) / g.out.width;
    const auto ox = static_cast<std::int64_t>(place) % g.out.width;
    for (std::int64_t ky = 0; ky < w.kernel_h; ++ky) {
        const std::int64_t y = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
        if (y < 0 || y >= g.in.height) continue;
        for (std::int64_t kx = 0; kx < w.kernel_w; ++kx) {
            const std::int64_t x = ox * w.stride_w - w.pad_left + kx * w.dilation_w;
            if (x < 0 || x >= g.in.width) continue;
            visit(static_cast<std::size_t>(y * g.in.width + x),
                  static_cast<std::size_t>(ky * w.kernel_w + kx));
        }
    }
}

}  // namespace ranvier
