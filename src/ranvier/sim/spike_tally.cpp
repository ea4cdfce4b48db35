#include "ranvier/sim/spike_tally.hpp"

#include "ranvier/kernels/phase_code.hpp"
#include "ranvier/sim/neuron_step.hpp"
#include "ranvier/sim/phase_input.hpp"

#include <algorithm>
#include <cstring>

namespace ranvier {

namespace {

/// Stored values that one thread takes at a time, through all samples: thresholds and counts stay
/// in its cache meanwhile.
constexpr std::size_t chunk = 2048;

/// Calls work(begin, count) for all chunks of `size` values, in parallel.
template <typename Work>
void for_each_chunk(std::size_t size, const Work& work) {
    parallel(static_cast<std::int64_t>((size + chunk - 1) / chunk), [&](std::int64_t k) {
        const std::size_t begin = static_cast<std::size_t>(k) * chunk;
        work(begin, std::min(chunk, size - begin));
    });
}

float value_of_channel(const std::vector<float>& values, std::int64_t channel) {
    return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(channel)];
}

}  // namespace

void SpikeTally::move_to(SpikeCounts& spikes) {
    const Shape& shape = layout.shape;
    std::size_t i = 0;
    for (std::int64_t c = 0; c < shape.channels; ++c)
        for (std::int64_t y = 0; y < shape.height; ++y)
            for (std::int64_t x = 0; x < shape.width; ++x)
                spikes[layer][i++] += counts[static_cast<std::size_t>(layout.offset(c, y, x))];
    std::fill(counts.begin(), counts.end(), 0U);
}

PhaseLayer::PhaseLayer(const Neuron& neuron, int steps, const BlockedLayout& layout)
    // Stored values that stand for no channel are 0; they stay so and never fire.
    : threshold(static_cast<std::size_t>(layout.stride()), 1.0F),
      amplitude(static_cast<std::size_t>(layout.stride()), 0.0F) {
    for (int phase = 1; phase <= steps; ++phase) {
        code_threshold.push_back(
            static_cast<float>(one_spike_threshold(neuron.base, phase, neuron.threshold_shift)));
        code_worth.push_back(one_spike_worth(neuron.base, phase));
    }
    const Shape& shape = layout.shape;
    for (std::int64_t c = 0; c < shape.channels; ++c)
        for (std::int64_t y = 0; y < shape.height; ++y)
            for (std::int64_t x = 0; x < shape.width; ++x) {
                const auto i = static_cast<std::size_t>(layout.offset(c, y, x));
                threshold[i] = value_of_channel(neuron.threshold, c);
                amplitude[i] = value_of_channel(neuron.amplitude, c);
            }
}

void fire_one_spike(const PhaseLayer& layer, std::size_t n, const float* from, float* to,
                    std::vector<std::uint32_t>& counts) {
    const PhaseCode code{layer.code_threshold, layer.code_worth};
    const std::size_t size = counts.size();
    for_each_chunk(size, [&](std::size_t begin, std::size_t count) {
        for (std::size_t s = 0; s < n; ++s) {
            float* values = to + s * size + begin;
            if (to != from) std::memcpy(values, from + s * size + begin, count * sizeof(float));
            encode_phases(code, std::span(layer.threshold).subspan(begin, count),
                          std::span(layer.amplitude).subspan(begin, count), {values, count},
                          std::span(counts).subspan(begin, count));
        }
    });
}

void count_spikes(std::size_t n, const float* values, std::vector<std::uint32_t>& counts) {
    const std::size_t size = counts.size();
    for_each_chunk(size, [&](std::size_t begin, std::size_t count) {
        for (std::size_t s = 0; s < n; ++s)
            count_nonzero({values + s * size + begin, count},
                          std::span(counts).subspan(begin, count));
    });
}

void encode_images(const Network& network, std::size_t n, const float* pixels, float* values,
                   std::vector<std::uint32_t>& counts) {
    const std::size_t size = counts.size();
    const PixelEncoder encoder(network.timing);
    for_each_chunk(size, [&](std::size_t begin, std::size_t count) {
        for (std::size_t s = 0; s < n; ++s)
            for (std::size_t i = begin; i < begin + count; ++i) {
                const PhaseInput sent = encoder.total(encoder.encode(pixels[s * size + i]));
                values[s * size + i] = sent.value;
                counts[i] += static_cast<std::uint32_t>(sent.spikes);
            }
    });
}

}  // namespace ranvier
