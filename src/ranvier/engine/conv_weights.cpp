#include "ranvier/engine/conv_weights.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/kernels/popcount.hpp"
#include "ranvier/kernels/rows.hpp"
#include "ranvier/net/integral_weights.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

namespace {

/// A layer's weight tensor, [n_out][n_in / groups][taps]; a linear layer has one tap.
struct WeightTensor {
    explicit WeightTensor(const Layer& layer) {
        if (const auto* conv = layer.as<Convolution>()) {
            weight = &conv->weight;
            bias = &conv->bias;
            window = conv->window;
            groups = static_cast<std::size_t>(conv->groups);
        } else {
            weight = &std::get<Linear>(layer.operation).weight;
            bias = &std::get<Linear>(layer.operation).bias;
        }
        n_out = static_cast<std::size_t>(weight->dims[0]);
        taps = static_cast<std::size_t>(window.kernel_h * window.kernel_w);
        n_in = weight->size() / n_out / taps * groups;
    }
    [[nodiscard]] bool connected(std::size_t o, std::size_t i) const {
        return i / (n_in / groups) == o / (n_out / groups);
    }
    [[nodiscard]] std::size_t at(std::size_t o, std::size_t tap, std::size_t i) const {
        const std::size_t per_group = n_in / groups;
        return (o * per_group + i % per_group) * taps + tap;
    }
    const Tensor* weight;
    const Tensor* bias;
    Window window;
    std::size_t groups = 1, n_out, n_in, taps;
};

ConvWeights::Range inputs_of(const WeightTensor& tensor, std::size_t first_out,
                             std::size_t last_out) {
    const std::size_t out_per_group = tensor.n_out / tensor.groups;
    const std::size_t in_per_group = tensor.n_in / tensor.groups;
    const std::size_t first = first_out / out_per_group;
    const std::size_t last = (last_out - 1) / out_per_group;
    return {first * in_per_group, (last - first + 1) * in_per_group};
}

/// Blocks of rows, filled by value(output, input, index into the tensor).
template <typename T, typename Value>
std::vector<AlignedVector<T>> blocked(const ConvWeights& w, const WeightTensor& tensor,
                                      const Value& value) {
    std::vector<AlignedVector<T>> blocks;
    for (std::size_t b = 0; b < w.n_blocks; ++b) {
        const ConvWeights::Range range = w.inputs[b];
        auto& rows = blocks.emplace_back(w.taps * range.n * w.width);
        const std::size_t n_here = std::min(w.width, w.n_out - b * w.width);
        for (std::size_t c = 0; c < n_here; ++c)
            for (std::size_t i = 0; i < range.n; ++i) {
                const std::size_t o = b * w.width + c;
                if (!tensor.connected(o, range.first + i)) continue;
                for (std::size_t tap = 0; tap < w.taps; ++tap) {
                    const std::size_t at = tensor.at(o, tap, range.first + i);
                    rows[(tap * range.n + i) * w.width + c] = value(range.first + i, at);
                }
            }
    }
    return blocks;
}

void pack_bits(ConvWeights& w, const WeightTensor& tensor, const IntegralWeights& weights) {
    w.words_per_tap = (w.n_in + 63) / 64 * 2;
    w.plus_bits.assign(w.n_blocks * w.width * w.n_words(), 0);
    for (std::size_t o = 0; o < w.n_out; ++o)
        for (std::size_t i = 0; i < w.n_in; ++i)
            for (std::size_t tap = 0; tap < w.taps; ++tap) {
                if (weights.integers[tensor.at(o, tap, i)] < 0) continue;
                const std::size_t word = tap * w.words_per_tap + i / 32;
                w.plus_bits[(o / popcount_lanes * w.n_words() + word) * popcount_lanes +
                            o % popcount_lanes] |= 1U << i % 32;
            }
}

void pack_bit_rows(ConvWeights& w, const WeightTensor& tensor, const IntegralWeights& weights) {
    const std::size_t words = w.width / 64;
    const std::size_t n_rows = w.taps * w.n_in;
    w.bit_rows.assign(w.n_blocks, AlignedVector<std::uint64_t>((n_rows + 1) * words));
    for (std::size_t o = 0; o < w.n_out; ++o) {
        const std::size_t c = o % w.width;
        std::uint64_t* bits = w.bit_rows[o / w.width].data() + c / 64;
        for (std::size_t i = 0; i < w.n_in; ++i)
            for (std::size_t tap = 0; tap < w.taps; ++tap)
                if (weights.integers[tensor.at(o, tap, i)] > 0)
                    bits[(tap * w.n_in + i) * words] |= std::uint64_t{1} << c % 64;
    }
}

/// Float rows are added fastest from the first-level cache, though sums then pass through the
/// second level once per tile. Integer sums stay in registers as long as a block's rows fit the
/// second level.
constexpr std::size_t float_cache = 64 << 10;
constexpr std::size_t integer_cache = 640 << 10;

/// What weights are stored as.
enum class Entry { bit, int8, float32 };

std::size_t bytes_of(Entry entry) {
    return entry == Entry::float32 ? sizeof(float) : sizeof(std::int8_t);
}

/// Outputs of a block: the more, the fewer times the rows that spike are collected.
std::size_t width_for(const WeightTensor& tensor, Entry entry, std::size_t widest) {
    const std::size_t n_out = tensor.n_out;
    if (widest < 128 || n_out < 128) return row_width(n_out);
    switch (entry) {
        case Entry::bit:
            return n_out <= 128 ? 128 : n_out <= 256 ? 256 : 512;
        case Entry::float32:
            return 128;
        default:
            return tensor.taps * tensor.n_in * 128 * bytes_of(entry) <= integer_cache ? 128 : 64;
    }
}

std::vector<WeightTile> tiles_of(const ConvWeights& w, const WeightTensor& tensor, Entry entry) {
    std::vector<WeightTile> tiles(1);
    if (tensor.groups > 1 || entry == Entry::bit) {  // all at once
        for (std::size_t tap = 0; tap < w.taps; ++tap) tiles[0].parts.push_back({tap, 0, w.n_in});
        return tiles;
    }
    const std::size_t cache = entry == Entry::float32 ? float_cache : integer_cache;
    const std::size_t most_rows = std::max(segment_channels, cache / (w.width * bytes_of(entry)));
    for (std::size_t tap = 0; tap < w.taps; ++tap)
        for (std::size_t c = 0; c < w.n_in; c += segment_channels) {
            const std::size_t last = std::min(c + segment_channels, w.n_in);
            if (tiles.back().n_rows > 0 && tiles.back().n_rows + last - c > most_rows)
                tiles.push_back({{}, tap * w.n_in + c, 0});
            WeightTile& tile = tiles.back();
            tile.n_rows += last - c;
            if (!tile.parts.empty() && tile.parts.back().tap == tap)
                tile.parts.back().last_channel = last;
            else
                tile.parts.push_back({tap, c, last});
        }
    return tiles;
}

}  // namespace

ConvWeights::ConvWeights(const Layer& layer, const Shape& in, const Shape& out,
                         const SignalPlan& source, bool with_bias, std::size_t widest) {
    const WeightTensor tensor(layer);
    geometry = {tensor.window, in, out};
    n_in = tensor.n_in;
    n_out = tensor.n_out;
    taps = tensor.taps;
    if (taps * n_in > std::size_t{1} << 16)
        fail(Fault::unsupported,
             "layer '{}': a neuron has {} inputs; the fast engine takes at most 65536; use the "
             "reference engine",
             layer.name, taps * n_in);
    for (std::size_t p = 0; p < static_cast<std::size_t>(out.plane()); ++p)
        for (std::size_t tap = 0; tap < taps; ++tap)
            places.push_back(place_under(geometry, p, tap));
    const auto integral = integral_weights(layer);
    const bool worth_one =
        source.plain_spikes() && std::all_of(source.amplitude.begin(), source.amplitude.end(),
                                             [](float a) { return a == 1; });
    if (integral)
        for (const std::int8_t v : integral->integers)
            largest = std::max(largest, std::abs(static_cast<int>(v)));
    const bool integers_do = integral && worth_one;
    const bool binary = integers_do && integral->binary && tensor.groups == 1;
    Entry entry = integers_do ? Entry::int8 : Entry::float32;
    if (binary && widest >= 128 && n_out >= 128 && taps * n_in < 1 << 16) entry = Entry::bit;
    width = width_for(tensor, entry, widest);
    n_blocks = (n_out + width - 1) / width;
    for (std::size_t b = 0; b < n_blocks; ++b)
        inputs.push_back(inputs_of(tensor, b * width, std::min((b + 1) * width, n_out)));
    bias.assign(n_blocks * width, 0.0F);
    if (with_bias && !tensor.bias->empty())
        std::copy(tensor.bias->values.begin(), tensor.bias->values.end(), bias.begin());
    if (integral) {
        scale.assign(n_blocks * width, 0.0F);
        std::copy(integral->scale.begin(), integral->scale.end(), scale.begin());
    }
    if (entry != Entry::float32) {
        const auto integer = [&](std::size_t, std::size_t at) { return integral->integers[at]; };
        if (entry == Entry::int8) integers = blocked<std::int8_t>(*this, tensor, integer);
        if (entry == Entry::bit) pack_bit_rows(*this, tensor, *integral);
        if (binary) pack_bits(*this, tensor, *integral);
    } else {
        floats = blocked<float>(*this, tensor, [&](std::size_t input, std::size_t at) {
            const float weight =
                integral ? static_cast<float>(integral->integers[at]) : tensor.weight->values[at];
            return source.plain_spikes() ? source.amplitude[input] * weight : weight;
        });
    }
    tiles = tiles_of(*this, tensor, entry);
}

}  // namespace ranvier
