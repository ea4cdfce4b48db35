#pragma once

#include "ranvier/base/aligned.hpp"
#include "ranvier/engine/geometry.hpp"
#include "ranvier/engine/signal.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ranvier {

/// A run of rows of a block's weights that fits a cache.
struct WeightTile {
    /// Consecutive rows: channels [first_channel, last_channel) of one tap. Both are where segments
    /// of event lists begin, or the layer's end.
    struct Part {
        std::size_t tap;
        std::size_t first_channel, last_channel;
    };
    std::vector<Part> parts;
    std::size_t first_row = 0, n_rows = 0;
};

/// The weights of a convolution or linear layer in the order in which the engine reads them: blocks
/// of `width` outputs; in each, rows of `width` weights, one row per input of the window, taps
/// first, channels within. Exactly one of `floats`, `integers` and `bit_rows` is filled.
struct ConvWeights {
    /// @throws Error(unsupported) if a window has more than 65536 inputs.
    /// @param widest  outputs of a block at most, 64 or 512.
    ConvWeights(const Layer& layer, const Shape& in, const Shape& out, const SignalPlan& source,
                bool with_bias, std::size_t widest);

    WindowGeometry geometry;
    std::size_t n_in = 0, n_out = 0, taps = 0;
    std::size_t width = 0, n_blocks = 0;
    /// Inputs that a block of outputs reads: all, or those of its groups.
    struct Range {
        std::size_t first = 0, n = 0;
    };
    std::vector<Range> inputs;                         ///< [block]
    std::vector<AlignedVector<float>> floats;          ///< [block][row][width]
    std::vector<AlignedVector<std::int8_t>> integers;  ///< the same
    std::vector<float> bias;                           ///< [blocks * width], 0 if not wanted
    std::vector<float> scale;  ///< the same, of integral weights; else empty
    int largest = 0;           ///< |integer|
    /// Binary, blocks of 128 outputs and more: a bit for each weight that is +1, [block][row][width
    /// / 64], and one row of zeros. Then there are no `integers`.
    std::vector<AlignedVector<std::uint64_t>> bit_rows;
    /// Binary: a bit for each weight that is +1, [n_out / 16][word][16], words of a tap together.
    AlignedVector<std::uint32_t> plus_bits;
    std::size_t words_per_tap = 0;
    std::vector<std::ptrdiff_t> places;  ///< [place of the output][tap] of the input, or -1
    std::vector<WeightTile> tiles;       ///< of every block, in the order of rows

    [[nodiscard]] std::size_t n_words() const { return taps * words_per_tap; }
    [[nodiscard]] std::uint16_t zero_row() const {  ///< of `bit_rows`
        return static_cast<std::uint16_t>(taps * n_in);
    }
};

}  // namespace ranvier
