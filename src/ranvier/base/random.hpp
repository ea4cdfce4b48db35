#pragma once

#include <array>
#include <cstdint>

namespace ranvier {

/// Philox 4x32-10: four random words that depend on nothing but key and counter, so any number
/// can be drawn anywhere, in any order, on any thread.
/// @see Salmon et al. 2011, doi:10.1145/2063384.2063405.
[[nodiscard]] std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) noexcept;

/// A stream of random numbers: (seed, stream) names it, `position` is where it stands; two
/// streams of one seed are independent. Copyable; the three numbers are its whole state.
class Random {
public:
    Random(std::uint64_t seed, std::uint64_t stream) noexcept : seed_(seed), stream_(stream) {}

    [[nodiscard]] std::uint32_t next() noexcept;
    /// In [0, 1), 24 bits.
    [[nodiscard]] float uniform() noexcept { return static_cast<float>(next() >> 8) * 0x1p-24F; }
    [[nodiscard]] float uniform(float low, float high) noexcept {
        return low + (high - low) * uniform();
    }
    /// Standard normal (Box-Muller).
    [[nodiscard]] float normal() noexcept;
    /// In [0, n), n > 0; bias below n / 2^32.
    [[nodiscard]] std::uint32_t below(std::uint32_t n) noexcept {
        return static_cast<std::uint32_t>((std::uint64_t{next()} * n) >> 32);
    }
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    void seek(std::uint64_t position) noexcept { position_ = position; }

private:
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint64_t position_ = 0;
    std::array<std::uint32_t, 4> words_{};  ///< of block_; only saves computing them again
    std::uint64_t block_ = ~std::uint64_t{0};
};

}  // namespace ranvier
