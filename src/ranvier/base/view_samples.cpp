#include "ranvier/base/view_samples.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ranvier {

namespace {

std::size_t count_images(const Shape& shape, std::size_t n_pixels, const std::string& name) {
    if (shape.channels < 1 || shape.height < 1 || shape.width < 1)
        fail(Fault::bad_input, "{}: shape {} has no pixels", name, to_string(shape));
    const auto n = static_cast<std::size_t>(shape.size());
    if (n_pixels % n != 0)
        fail(Fault::bad_input, "{}: there are {} values; images of shape {} have {} each", name,
             n_pixels, to_string(shape), n);
    return n_pixels / n;
}

void require_finite(std::span<const float> pixels, std::size_t per_image, const std::string& name) {
    const auto bad = std::find_if(pixels.begin(), pixels.end(),
                                  [](float value) { return !std::isfinite(value); });
    if (bad == pixels.end()) return;
    const auto at = static_cast<std::size_t>(bad - pixels.begin());
    fail(Fault::bad_input, "{}: image {} has the value {} at index {}; values must be finite", name,
         at / per_image, *bad, at % per_image);
}

void require_labels(const std::vector<int>& labels, std::size_t n, int n_classes,
                    const std::string& name) {
    if (!labels.empty() && labels.size() != n)
        fail(Fault::bad_input, "{}: there are {} labels for {} images; give one for each, or none",
             name, labels.size(), n);
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] < 0 || labels[i] >= n_classes)
            fail(Fault::bad_input, "{}: image {} has label {}; it must be in 0..{}", name, i,
                 labels[i], n_classes - 1);
}

}  // namespace

ViewSamples::ViewSamples(Shape shape, std::span<const float> pixels, std::vector<int> labels,
                         int n_classes, std::string description)
    : shape_(shape),
      pixels_(pixels),
      labels_(std::move(labels)),
      n_classes_(n_classes),
      description_(std::move(description)),
      size_(count_images(shape, pixels.size(), description_)) {
    require_labels(labels_, size_, n_classes_, description_);
    require_finite(pixels_, static_cast<std::size_t>(shape_.size()), description_);
}

int ViewSamples::label(std::size_t index) const {
    if (index >= size_)
        fail(Fault::internal, "{}: image {} wanted of {}", description_, index, size_);
    return labels_.empty() ? -1 : labels_[index];
}

void ViewSamples::read(std::size_t index, std::span<float> pixels) const {
    if (index >= size_ || pixels.size() != static_cast<std::size_t>(shape_.size()))
        fail(Fault::internal, "{}: image {} of {} wanted as {} values", description_, index, size_,
             pixels.size());
    std::copy_n(pixels_.begin() + static_cast<std::ptrdiff_t>(index * pixels.size()), pixels.size(),
                pixels.begin());
}

}  // namespace ranvier
