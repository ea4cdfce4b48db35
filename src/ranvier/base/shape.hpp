#pragma once

#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <string>

namespace ranvier {

/// Shape of one sample's values at one place of a network. A vector of n values is n x 1 x 1.
/// Values are stored row major, [channels][height][width], unless a comment says otherwise.
struct Shape {
    std::int64_t channels = 0;
    std::int64_t height = 1;
    std::int64_t width = 1;

    [[nodiscard]] std::int64_t size() const noexcept { return channels * height * width; }
    [[nodiscard]] std::int64_t plane() const noexcept { return height * width; }
    friend bool operator==(const Shape&, const Shape&) = default;
};

/// "3x32x32".
[[nodiscard]] inline std::string to_string(const Shape& shape) {
    return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

}  // namespace ranvier
