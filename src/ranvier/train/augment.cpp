#include "ranvier/train/augment.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/train/streams.hpp"

#include <vector>

namespace ranvier {

Displacement draw_displacement(const Augmentation& augmentation, std::uint64_t seed,
                               std::uint64_t epoch, std::size_t index) {
    Random random(seed, stream(Purpose::augment, epoch, index));
    const auto side = static_cast<std::uint32_t>(2 * augmentation.shift + 1);
    Displacement change;
    change.down = static_cast<int>(random.below(side)) - augmentation.shift;
    change.right = static_cast<int>(random.below(side)) - augmentation.shift;
    change.flip = augmentation.flip && random.below(2) == 1;
    return change;
}

void displace(const Shape& shape, const Displacement& change, std::span<float> pixels) {
    if (change.down == 0 && change.right == 0 && !change.flip) return;
    const std::vector<float> source(pixels.begin(), pixels.end());
    std::size_t target = 0;
    for (std::int64_t c = 0; c < shape.channels; ++c)
        for (std::int64_t y = 0; y < shape.height; ++y)
            for (std::int64_t x = 0; x < shape.width; ++x) {
                const std::int64_t from_y = y - change.down;
                const std::int64_t from_x = (change.flip ? shape.width - 1 - x : x) - change.right;
                const bool inside =
                    from_y >= 0 && from_y < shape.height && from_x >= 0 && from_x < shape.width;
                const std::int64_t from = (c * shape.height + from_y) * shape.width + from_x;
                pixels[target++] = inside ? source[static_cast<std::size_t>(from)] : 0.0F;
            }
}

}  // namespace ranvier
