#include "ranvier/data/memory_samples.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <utility>

namespace ranvier {

namespace {

constexpr float max_byte = 255.0F;

void require_consistent(const MemorySamples::Content& content, std::size_t n_pixels) {
    const Shape& shape = content.shape;
    if (shape.channels < 1 || shape.height < 1 || shape.width < 1)
        fail(Fault::bad_input, "samples: shape {} has no pixels", to_string(shape));
    const std::size_t expected = content.labels.size() * static_cast<std::size_t>(shape.size());
    if (n_pixels != expected)
        fail(Fault::bad_input, "samples: {} pixels given; {} labels and shape {} need {}", n_pixels,
             content.labels.size(), to_string(shape), expected);
    for (std::size_t i = 0; i < content.labels.size(); ++i)
        if (content.labels[i] < 0 || content.labels[i] >= content.n_classes)
            fail(Fault::bad_input, "samples: image {} has label {}; it must be in 0..{}", i,
                 content.labels[i], content.n_classes - 1);
}

}  // namespace

MemorySamples::MemorySamples(Content content) : content_(std::move(content)) {
    require_consistent(content_,
                       std::visit([](const auto& p) { return p.size(); }, content_.pixels));
}

int MemorySamples::label(std::size_t index) const {
    require_readable(*this, index, static_cast<std::size_t>(content_.shape.size()));
    return content_.labels[index];
}

void MemorySamples::read(std::size_t index, std::span<float> pixels) const {
    require_readable(*this, index, pixels.size());
    const auto begin = static_cast<std::ptrdiff_t>(index * pixels.size());
    const auto count = static_cast<std::ptrdiff_t>(pixels.size());
    if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&content_.pixels)) {
        // A division, not a product with 1/255: the same floats as torchvision's ToTensor.
        std::transform(bytes->begin() + begin, bytes->begin() + begin + count, pixels.begin(),
                       [](std::uint8_t byte) { return static_cast<float>(byte) / max_byte; });
    } else {
        const auto& floats = std::get<std::vector<float>>(content_.pixels);
        std::copy_n(floats.begin() + begin, count, pixels.begin());
    }
}

void require_readable(const Samples& samples, std::size_t index, std::size_t n_pixels) {
    if (index >= samples.size())
        fail(Fault::internal, "samples: image {} wanted of {}", index, samples.size());
    if (n_pixels != static_cast<std::size_t>(samples.shape().size()))
        fail(Fault::internal, "samples: room for {} pixels given; an image of shape {} has {}",
             n_pixels, to_string(samples.shape()), samples.shape().size());
}

}  // namespace ranvier
