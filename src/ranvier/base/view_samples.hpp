#pragma once

#include "ranvier/base/samples.hpp"

#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// Images in memory that somebody else owns and does not change meanwhile; nothing is copied but
/// the labels.
class ViewSamples final : public Samples {
public:
    /// @param pixels     [n][channels][height][width]; must outlive this.
    /// @param labels     [n], each in [0, n_classes); or empty: label() is -1, which no network
    ///                   decides for.
    /// @throws Error(bad_input) if the sizes do not fit each other, a label is out of range, or a
    ///         pixel is not finite.
    ViewSamples(Shape shape, std::span<const float> pixels, std::vector<int> labels, int n_classes,
                std::string description);

    [[nodiscard]] std::size_t size() const override { return size_; }
    [[nodiscard]] Shape shape() const override { return shape_; }
    [[nodiscard]] int n_classes() const override { return n_classes_; }
    [[nodiscard]] int label(std::size_t index) const override;
    void read(std::size_t index, std::span<float> pixels) const override;
    [[nodiscard]] std::string describe() const override { return description_; }

private:
    Shape shape_;
    std::span<const float> pixels_;
    std::vector<int> labels_;
    int n_classes_;
    std::string description_;
    std::size_t size_ = 0;
};

}  // namespace ranvier
