#include "ranvier/sim/float_loops.hpp"

#include "ranvier/base/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace ranvier {

namespace {

/// For each channel of one block of a shortcut's output: where the channel it copies begins in a
/// sample of the input, or -1 for a channel of zeros.
std::vector<std::int64_t> copied_channels(const Shortcut& op, const BlockedLayout& from,
                                          std::int64_t first, std::int64_t block) {
    std::vector<std::int64_t> begins;
    for (std::int64_t c = first; c < first + block; ++c) {
        const std::int64_t source = c - op.channels_before;
        const bool real = source >= 0 && source < from.shape.channels;
        begins.push_back(real ? from.offset(source, 0, 0) : -1);
    }
    return begins;
}

/// First and last + 1 place of a window along one axis, cut at the padding's end.
struct Reach {
    std::int64_t begin, end;
    Reach(std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t pad_before,
          std::int64_t pad_after, std::int64_t extent)
        : begin(out * stride - pad_before), end(std::min(begin + kernel, extent + pad_after)) {}
};

void average_plane(const Window& w, const Shape& in, const float* from, const Shape& out,
                   float* to) {
    for (std::int64_t oy = 0; oy < out.height; ++oy)
        for (std::int64_t ox = 0; ox < out.width; ++ox) {
            const Reach rows(oy, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, in.height);
            const Reach columns(ox, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, in.width);
            float sum = 0;
            for (auto y = std::max<std::int64_t>(rows.begin, 0); y < std::min(rows.end, in.height);
                 ++y)
                for (auto x = std::max<std::int64_t>(columns.begin, 0);
                     x < std::min(columns.end, in.width); ++x)
                    sum += from[y * in.width + x];
            to[oy * out.width + ox] =
                sum / static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
        }
}

}  // namespace

#if defined(_OPENMP) && !defined(__SANITIZE_THREAD__)
ThreadScope::ThreadScope(int n_threads) : previous_(omp_get_max_threads()) {
    omp_set_num_threads(thread_count(n_threads));
}
ThreadScope::~ThreadScope() {
    omp_set_num_threads(previous_);
}
#elif defined(_OPENMP)
// The thread sanitizer cannot see the barriers inside libgomp and would report every loop.
ThreadScope::ThreadScope(int) : previous_(omp_get_max_threads()) {
    omp_set_num_threads(1);
}
ThreadScope::~ThreadScope() {
    omp_set_num_threads(previous_);
}
#else
ThreadScope::ThreadScope(int n_threads) : previous_(n_threads) {}
ThreadScope::~ThreadScope() = default;
#endif

void normalize_images(const Input& input, std::size_t n, const float* from, float* to) {
    const std::int64_t channels = input.shape.channels;
    const std::int64_t plane = input.shape.plane();
    parallel(static_cast<std::int64_t>(n) * channels, [&](std::int64_t k) {
        const auto channel = static_cast<std::size_t>(k % channels);
        const float mean = input.mean.empty() ? 0.0F : input.mean[channel];
        const float std = input.std.empty() ? 1.0F : input.std[channel];
        std::transform(from + k * plane, from + (k + 1) * plane, to + k * plane,
                       [=](float pixel) { return (pixel - mean) / std; });
    });
}

namespace {

/// `function` of every value, in parallel. @param to may be `from`.
template <typename Function>
void transform_all(std::size_t n_values, const float* from, float* to, const Function& function) {
    constexpr std::size_t chunk = 4096;
    parallel(static_cast<std::int64_t>((n_values + chunk - 1) / chunk), [&](std::int64_t k) {
        const std::size_t begin = static_cast<std::size_t>(k) * chunk;
        const std::size_t end = std::min(begin + chunk, n_values);
        std::transform(from + begin, from + end, to + begin, function);
    });
}

}  // namespace

void floor_relu(std::size_t n_values, const float* from, float* to) {
    transform_all(n_values, from, to, [](float x) { return std::floor(std::max(0.0F, x)); });
}

void sign_of(std::size_t n_values, const float* from, float* to) {
    transform_all(n_values, from, to, [](float x) { return x < 0 ? -1.0F : 1.0F; });
}

void copy_shortcut(const Shortcut& op, std::size_t n, const BlockedLayout& from_layout,
                   const float* from, const BlockedLayout& to_layout, float* to) {
    const Shape& shape = to_layout.shape;
    const std::int64_t block = to_layout.block;
    parallel(static_cast<std::int64_t>(n) * to_layout.n_blocks(), [&](std::int64_t k) {
        const auto channels =
            copied_channels(op, from_layout, k % to_layout.n_blocks() * block, block);
        const float* sample = from + k / to_layout.n_blocks() * from_layout.stride();
        float* value = to + k * shape.plane() * block;
        for (std::int64_t y = 0; y < shape.height; ++y)
            for (std::int64_t x = 0; x < shape.width; ++x) {
                const float* pixel = sample + from_layout.offset(0, y * op.stride, x * op.stride);
                for (const std::int64_t begin : channels)
                    *value++ = begin < 0 ? 0.0F : pixel[begin];
            }
    });
}

void average_with_padding(const AveragePool& op, std::size_t n, const Shape& from_shape,
                          const float* from, const Shape& to_shape, float* to) {
    parallel(static_cast<std::int64_t>(n) * from_shape.channels, [&](std::int64_t k) {
        average_plane(op.window, from_shape, from + k * from_shape.plane(), to_shape,
                      to + k * to_shape.plane());
    });
}

}  // namespace ranvier
