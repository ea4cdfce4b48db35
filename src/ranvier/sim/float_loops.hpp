#pragma once

#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

/// The loops of FloatEngine that oneDNN has no primitive for. They run on OpenMP's threads, which
/// are oneDNN's too: other threads would compete with those, which spin while they wait.

/// While it lives, OpenMP loops started by this thread run on `n_threads` threads (0: all cores).
class ThreadScope {
public:
    explicit ThreadScope(int n_threads);
    ~ThreadScope();
    ThreadScope(const ThreadScope&) = delete;
    ThreadScope& operator=(const ThreadScope&) = delete;

private:
    [[maybe_unused]] int previous_;  // without OpenMP there is nothing to restore
};

/// Calls work(i) for i in [0, n), spread evenly over OpenMP's threads.
template <typename Work>
void parallel(std::int64_t n, const Work& work) {
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
    for (std::int64_t i = 0; i < n; ++i) work(i);
}

/// Where the value of (sample, channel, y, x) lies if channels are stored in blocks: `block` is 1
/// for nchw, 8 or 16 for nChw8c and nChw16c, all channels for nhwc.
struct BlockedLayout {
    Shape shape;
    std::int64_t block = 1;

    [[nodiscard]] std::int64_t n_blocks() const noexcept {
        return (shape.channels + block - 1) / block;
    }
    /// Number of stored values of one sample, the padding of the last block included.
    [[nodiscard]] std::int64_t stride() const noexcept {
        return n_blocks() * shape.plane() * block;
    }
    [[nodiscard]] std::int64_t offset(std::int64_t channel, std::int64_t y,
                                      std::int64_t x) const noexcept {
        return ((channel / block * shape.height + y) * shape.width + x) * block + channel % block;
    }
};

/// to = (from - mean) / std per channel; both [n][channels][height][width].
void normalize_images(const Input& input, std::size_t n, const float* from, float* to);

/// to = floor(max(0, from)), element by element; `to` may be `from`.
void floor_relu(std::size_t n_values, const float* from, float* to);
/// -1 below 0, else +1. @param to may be `from`.
void sign_of(std::size_t n_values, const float* from, float* to);

/// Shortcut of `n` samples. `to` must have the same block as `from`, except that both may be nhwc.
void copy_shortcut(const Shortcut& op, std::size_t n, const BlockedLayout& from_layout,
                   const float* from, const BlockedLayout& to_layout, float* to);

/// Average pool with count_include_pad whose windows may run over the padding (ceil mode); from
/// [n][channels][height][width]. oneDNN divides by the whole kernel there, PyTorch does not.
void average_with_padding(const AveragePool& op, std::size_t n, const Shape& from_shape,
                          const float* from, const Shape& to_shape, float* to);

}  // namespace ranvier
