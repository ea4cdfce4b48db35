#include "ranvier/data/cached_samples.hpp"

#include "ranvier/data/memory_samples.hpp"

#include <algorithm>
#include <utility>

namespace ranvier {

CachedSamples::CachedSamples(std::shared_ptr<const Samples> base)
    : base_(std::move(base)), images_(base_->size()) {}

void CachedSamples::read(std::size_t index, std::span<float> pixels) const {
    require_readable(*this, index, pixels.size());
    Image& image = images_[index];
    {
        const std::scoped_lock lock(image.reading);
        if (image.pixels.empty()) {
            std::vector<float> read(pixels.size());
            base_->read(index, read);
            image.pixels = std::move(read);
        }
    }
    std::ranges::copy(image.pixels, pixels.begin());
}

}  // namespace ranvier
