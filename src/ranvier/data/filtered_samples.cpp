#include "ranvier/data/filtered_samples.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace ranvier {

namespace {

/// A channel whose outermost pixels go on for ever.
class Plane {
public:
    Plane(const float* pixels, int height, int width)
        : pixels_(pixels), height_(height), width_(width) {}

    [[nodiscard]] float gradient(int y, int x) const {
        const float across = (at(y - 1, x + 1) - at(y - 1, x - 1)) +
                             2 * (at(y, x + 1) - at(y, x - 1)) +
                             (at(y + 1, x + 1) - at(y + 1, x - 1));
        const float down = (at(y + 1, x - 1) - at(y - 1, x - 1)) +
                           2 * (at(y + 1, x) - at(y - 1, x)) +
                           (at(y + 1, x + 1) - at(y - 1, x + 1));
        return std::sqrt(across * across + down * down);
    }

private:
    [[nodiscard]] float at(int y, int x) const {
        y = std::clamp(y, 0, height_ - 1);
        x = std::clamp(x, 0, width_ - 1);
        return pixels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                       static_cast<std::size_t>(x)];
    }

    const float* pixels_;
    int height_, width_;
};

}  // namespace

void edge_magnitude(const Shape& shape, std::span<float> pixels) {
    const std::vector<float> image(pixels.begin(), pixels.end());
    const auto height = static_cast<int>(shape.height), width = static_cast<int>(shape.width);
    const std::size_t plane = static_cast<std::size_t>(shape.plane());
    for (std::size_t c = 0; c < image.size() / plane; ++c) {
        const Plane from(image.data() + c * plane, height, width);
        float* to = pixels.data() + c * plane;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) *to++ = from.gradient(y, x);
    }
    const float largest = *std::max_element(pixels.begin(), pixels.end());
    if (largest > 0)
        for (float& pixel : pixels) pixel /= largest;
}

FilteredSamples::FilteredSamples(std::shared_ptr<const Samples> base, ImageFilter filter)
    : base_(std::move(base)), filter_(filter) {
    if (base_->timed() || base_->node_labels() != nullptr)
        fail(Fault::unsupported, "{}: a filter is for images; leave it out", base_->describe());
}

void FilteredSamples::read(std::size_t index, std::span<float> pixels) const {
    base_->read(index, pixels);
    if (filter_ == ImageFilter::edges) edge_magnitude(shape(), pixels);
    if (filter_ == ImageFilter::inverted)
        for (float& pixel : pixels) pixel = 1 - pixel;
}

std::string FilteredSamples::describe() const {
    const char* name = filter_ == ImageFilter::edges      ? ", edges"
                       : filter_ == ImageFilter::inverted ? ", inverted"
                                                          : "";
    return base_->describe() + name;
}

}  // namespace ranvier
