#include "ranvier/data/digits.hpp"

#include "ranvier/base/parallel.hpp"
#include "ranvier/data/description.hpp"
#include "ranvier/data/digit_drawing.hpp"
#include "ranvier/data/memory_samples.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace ranvier {

namespace {

constexpr std::size_t default_train = 10000;
constexpr std::size_t default_test = 2000;
constexpr std::size_t max_kept = 100000;  // 78 MB

enum class Purpose : std::uint64_t { image, label };

/// Streams of one seed: two bits for split and purpose, then the index.
Random stream(std::uint64_t seed, Split split, Purpose purpose, std::uint64_t index) {
    const std::uint64_t top = static_cast<std::uint64_t>(purpose) * 2 + (split == Split::test);
    return {seed, top << 62 | index};
}

}  // namespace

DigitSamples::DigitSamples(std::uint64_t seed, Split split, std::size_t size)
    : seed_(seed), split_(split), size_(size) {}

int DigitSamples::label(std::size_t index) const {
    require_readable(*this, index, digit_pixels);
    std::array<int, 10> order{};
    std::iota(order.begin(), order.end(), 0);
    Random random = stream(seed_, split_, Purpose::label, index / order.size());
    for (std::uint32_t i = 9; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    return order[index % order.size()];
}

std::array<std::uint8_t, 784> DigitSamples::draw(std::size_t index) const {
    std::array<std::uint8_t, digit_pixels> pixels{};
    Random random = stream(seed_, split_, Purpose::image, index);
    draw_digit(label(index), random, pixels);
    return pixels;
}

void DigitSamples::read(std::size_t index, std::span<float> pixels) const {
    require_readable(*this, index, pixels.size());
    const auto bytes = draw(index);
    std::transform(bytes.begin(), bytes.end(), pixels.begin(),
                   [](std::uint8_t byte) { return static_cast<float>(byte) / 255.0F; });
}

std::string DigitSamples::describe() const {
    return fmt::format("digits {}, drawn with seed {}, {}", to_string(split_), seed_, size_);
}

std::unique_ptr<Samples> open_digits(const DataOptions& options) {
    const std::size_t wanted = options.n_digits != 0           ? options.n_digits
                               : options.split == Split::train ? default_train
                                                               : default_test;
    const std::size_t used = limited(wanted, options.limit);
    auto drawn = std::make_unique<DigitSamples>(options.seed, options.split, used);
    if (used > max_kept) return drawn;

    MemorySamples::Content content{
        drawn->shape(), drawn->n_classes(), std::vector<int>(used), {}, drawn->describe()};
    std::vector<std::uint8_t> pixels(used * digit_pixels);
    parallel_for(used, 0, [&](std::size_t i, std::size_t) {
        content.labels[i] = drawn->label(i);
        const auto image = drawn->draw(i);
        std::copy(image.begin(), image.end(),
                  pixels.begin() + static_cast<std::ptrdiff_t>(i * digit_pixels));
    });
    content.pixels = std::move(pixels);
    return std::make_unique<MemorySamples>(std::move(content));
}

}  // namespace ranvier
