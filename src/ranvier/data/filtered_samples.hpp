#pragma once

#include "ranvier/base/samples.hpp"

#include <memory>
#include <span>
#include <string>

namespace ranvier {

/// What becomes of images before a network sees them.
enum class ImageFilter {
    none,
    inverted,  ///< 1 - x: dark things on bright ground drive the inputs
    edges,     ///< gradient magnitude (edge_magnitude)
};

/// Length of the gradient by Sobel's kernels, each channel by itself; beyond the border the
/// outermost pixels go on. Divided by its maximum over the whole image, so within [0, 1]; an image
/// without edges becomes 0. @param pixels [channels][height][width], replaced.
void edge_magnitude(const Shape& shape, std::span<float> pixels);

/// Images seen through a filter. Refuses event recordings and graphs.
class FilteredSamples : public Samples {
public:
    /// @throws Error(unsupported) unless `base` holds images.
    FilteredSamples(std::shared_ptr<const Samples> base, ImageFilter filter);

    [[nodiscard]] std::size_t size() const override { return base_->size(); }
    [[nodiscard]] Shape shape() const override { return base_->shape(); }
    [[nodiscard]] int n_classes() const override { return base_->n_classes(); }
    [[nodiscard]] int label(std::size_t index) const override { return base_->label(index); }
    void read(std::size_t index, std::span<float> pixels) const override;
    [[nodiscard]] std::string describe() const override;

private:
    std::shared_ptr<const Samples> base_;
    ImageFilter filter_;
};

}  // namespace ranvier
