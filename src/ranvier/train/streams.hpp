#pragma once

#include <cstdint>

namespace ranvier {

/// What the random numbers of a training are for: the upper byte of their stream (base/random.hpp),
/// so that no two purposes share a stream.
enum class Purpose : std::uint64_t {
    shuffle = 0xA1,
    augment = 0xA2,
    dropout = 0xA3,
    attack_start = 0xA4,
    attack_class = 0xA5,
    attack_input = 0xA6,
};

/// The stream for `major` (below 2^24) and `minor` (below 2^32) of a purpose.
[[nodiscard]] constexpr std::uint64_t stream(Purpose purpose, std::uint64_t major,
                                             std::uint64_t minor = 0) noexcept {
    return (static_cast<std::uint64_t>(purpose) << 56) | (major & 0xFFFFFF) << 32 |
           (minor & 0xFFFFFFFF);
}

}  // namespace ranvier
