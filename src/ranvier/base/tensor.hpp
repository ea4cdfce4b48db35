#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace ranvier {

/// Dense float32 array, row major. Used for weights and for batches of images.
struct Tensor {
    std::vector<std::int64_t> dims;  ///< empty: no tensor at all
    std::vector<float> values;       ///< [product of dims]

    Tensor() = default;
    /// Zeros.
    explicit Tensor(std::vector<std::int64_t> dims_in)
        : dims(std::move(dims_in)), values(count(dims), 0.0F) {}
    Tensor(std::vector<std::int64_t> dims_in, std::vector<float> values_in)
        : dims(std::move(dims_in)), values(std::move(values_in)) {}

    [[nodiscard]] bool empty() const noexcept { return dims.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return values.size(); }
    friend bool operator==(const Tensor&, const Tensor&) = default;

    [[nodiscard]] static std::size_t count(const std::vector<std::int64_t>& dims) {
        if (dims.empty()) return 0;
        return static_cast<std::size_t>(
            std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>()));
    }
};

}  // namespace ranvier
