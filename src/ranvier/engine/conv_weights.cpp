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

std::vector<WeightTile> tiles_of(const ConvWeights& w) {
    constexpr std::size_t cache = 64 << 10;
    const std::size_t entry = !w.floats.empty()          ? sizeof(float)
                              : !w.wide_integers.empty() ? sizeof(std::int16_t)
                                                         : sizeof(std::int8_t);
    const std::size_t row_bytes = w.width * entry;
    const std::size_t most_rows = std::max(segment_channels, cache / row_bytes);
    std::vector<WeightTile> tiles(1);
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
                         const SignalPlan& source, bool with_bias) {
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
    width = row_width(n_out);
    n_blocks = (n_out + width - 1) / width;
    for (std::size_t b = 0; b < n_blocks; ++b)
        inputs.push_back(inputs_of(tensor, b * width, std::min((b + 1) * width, n_out)));
    bias.assign(n_blocks * width, 0.0F);
    if (with_bias && !tensor.bias->empty())
        std::copy(tensor.bias->values.begin(), tensor.bias->values.end(), bias.begin());
    const auto integral = integral_weights(layer);
    if (integral) {
        scale.assign(n_blocks * width, 0.0F);
        std::copy(integral->scale.begin(), integral->scale.end(), scale.begin());
    }
    const bool worth_one =
        source.plain_spikes() && std::all_of(source.amplitude.begin(), source.amplitude.end(),
                                             [](float a) { return a == 1; });
    if (integral && worth_one) {
        for (const std::int8_t v : integral->integers)
            largest = std::max(largest, std::abs(static_cast<int>(v)));
        const auto integer = [&](std::size_t, std::size_t at) { return integral->integers[at]; };
        if (largest > 4)
            wide_integers = blocked<std::int16_t>(*this, tensor, integer);
        else
            integers = blocked<std::int8_t>(*this, tensor, integer);
        if (integral->binary && tensor.groups == 1) pack_bits(*this, tensor, *integral);
    } else {
        floats = blocked<float>(*this, tensor, [&](std::size_t input, std::size_t at) {
            const float weight =
                integral ? static_cast<float>(integral->integers[at]) : tensor.weight->values[at];
            return source.plain_spikes() ? source.amplitude[input] * weight : weight;
        });
    }
    if (tensor.groups == 1) tiles = tiles_of(*this);
}

}  // namespace ranvier
