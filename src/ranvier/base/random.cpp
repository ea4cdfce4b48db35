#include "ranvier/base/random.hpp"

#include <cmath>
#include <numbers>

namespace ranvier {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key) noexcept {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53U} * counter[0];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57U} * counter[2];
        counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(product1),
                   static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(product0)};
        key[0] += 0x9E3779B9U;
        key[1] += 0xBB67AE85U;
    }
    return counter;
}

std::uint32_t Random::next() noexcept {
    const auto low = [](std::uint64_t word) { return static_cast<std::uint32_t>(word); };
    const auto high = [](std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); };
    if (const std::uint64_t block = position_ / 4; block != block_) {
        words_ = philox({low(block), high(block), low(stream_), high(stream_)},
                        {low(seed_), high(seed_)});
        block_ = block;
    }
    return words_[position_++ % 4];
}

float Random::normal() noexcept {
    const float radius = std::sqrt(-2.0F * std::log(1.0F - uniform()));  // 1 - u is in (0, 1]
    return radius * std::cos(2.0F * std::numbers::pi_v<float> * uniform());
}

}  // namespace ranvier
