#include "ranvier/train/dropout.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/train/streams.hpp"

#include <cmath>

namespace ranvier {

void fill_dropout_mask(float probability, const DropoutMask& which, std::span<float> mask) {
    // Four numbers per philox block; Random would compute the block again for each of them.
    const std::uint64_t name = stream(Purpose::dropout, which.layer, 0);
    const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(which.seed),
                                              static_cast<std::uint32_t>(which.seed >> 32)};
    const auto threshold = static_cast<std::uint32_t>(std::lround(probability * 0x1p24F));
    const float kept = 1.0F / (1.0F - probability);
    const std::size_t end = which.begin + mask.size();
    for (std::size_t i = which.begin / 4 * 4; i < end; i += 4) {
        const auto words =
            philox({static_cast<std::uint32_t>(i / 4), static_cast<std::uint32_t>(which.iteration),
                    static_cast<std::uint32_t>(which.iteration >> 32),
                    static_cast<std::uint32_t>(name >> 32)},
                   key);
        for (std::size_t k = i < which.begin ? which.begin - i : 0; k < 4 && i + k < end; ++k)
            mask[i + k - which.begin] = (words[k] >> 8) < threshold ? 0.0F : kept;
    }
}

}  // namespace ranvier
