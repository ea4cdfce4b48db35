#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/data/dataset.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace ranvier {

/// Handwritten-looking digits, 1x28x28, drawn by the program itself; see draw_digit.
///
/// Image i depends on seed, split and i only: not on how many there are, nor on which was read
/// before. No image is in both splits. Of every ten in a row, each digit is one.
class DigitSamples : public Samples {
public:
    DigitSamples(std::uint64_t seed, Split split, std::size_t size);

    [[nodiscard]] std::size_t size() const override { return size_; }
    [[nodiscard]] Shape shape() const override { return {1, 28, 28}; }
    [[nodiscard]] int n_classes() const override { return 10; }
    [[nodiscard]] int label(std::size_t index) const override;
    /// Draws anew at each call (see draw_digit for the time), so memory does not grow.
    void read(std::size_t index, std::span<float> pixels) const override;
    [[nodiscard]] std::string describe() const override;

    /// Image `index` as bytes.
    [[nodiscard]] std::array<std::uint8_t, 784> draw(std::size_t index) const;

private:
    std::uint64_t seed_;
    Split split_;
    std::size_t size_;
};

/// Up to 100,000 digits are drawn at once, on all cores, and kept as bytes; more are drawn when
/// they are read.
[[nodiscard]] std::unique_ptr<Samples> open_digits(const DataOptions& options);

}  // namespace ranvier
