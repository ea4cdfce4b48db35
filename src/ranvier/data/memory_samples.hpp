#pragma once

#include "ranvier/base/samples.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ranvier {

/// Labelled images that lie in memory, as bytes (0..255 means 0..1) or as floats.
class MemorySamples : public Samples {
public:
    using Pixels = std::variant<std::vector<std::uint8_t>, std::vector<float>>;

    struct Content {
        Shape shape;
        int n_classes = 0;
        std::vector<int> labels;  ///< [n], each in [0, n_classes)
        Pixels pixels;            ///< [n][channels][height][width]; floats are given out unchanged
        std::string description;  ///< what describe() says
    };

    /// @throws Error(bad_input) if the number of pixels does not fit shape and labels, or a label
    ///         is out of range.
    explicit MemorySamples(Content content);

    [[nodiscard]] std::size_t size() const override { return content_.labels.size(); }
    [[nodiscard]] Shape shape() const override { return content_.shape; }
    [[nodiscard]] int n_classes() const override { return content_.n_classes; }
    [[nodiscard]] int label(std::size_t index) const override;
    void read(std::size_t index, std::span<float> pixels) const override;
    [[nodiscard]] std::string describe() const override { return content_.description; }

private:
    Content content_;
};

/// Refuses a wrong use of Samples::read or Samples::label.
/// @throws Error(internal) if `index` is not below samples.size(), or `n_pixels` is not the
///         shape's size.
void require_readable(const Samples& samples, std::size_t index, std::size_t n_pixels);

}  // namespace ranvier
