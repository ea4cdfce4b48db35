#include "ranvier/convert/quantize_weights.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace ranvier {

namespace {

/// Down to 17 significant bits, so that a product with 7 bits is exact in float32's 24 and never
/// larger than what the scale was made for; never subnormal.
float short_scale(float scale) {
    int exponent = 0;
    const float mantissa = std::frexp(scale, &exponent);
    const float rounded = std::ldexp(std::floor(std::ldexp(mantissa, 17)), exponent - 17);
    return std::max(rounded, std::numeric_limits<float>::min());
}

float quantized(float weight, float scale) {
    constexpr auto limit = static_cast<float>(largest_int8);
    return std::clamp(std::nearbyint(weight / scale), -limit, limit) * scale + 0.0F;  // no -0
}

float scale_by_maximum(std::span<const float> weights) {
    float largest = 0;
    for (const float w : weights) largest = std::max(largest, std::abs(w));
    return largest > 0 ? short_scale(largest / static_cast<float>(largest_int8)) : 1.0F;
}

double squared_error(std::span<const float> weights, float scale) {
    double sum = 0;
    for (const float w : weights) {
        const double error = double{w} - quantized(w, scale);
        sum += error * error;
    }
    return sum;
}

float scale_by_error(std::span<const float> weights) {
    constexpr int n_candidates = 64;
    const float widest = scale_by_maximum(weights);
    float best = widest;
    double least = squared_error(weights, widest);
    for (int k = 1; k < n_candidates; ++k) {
        const float scale = short_scale(widest * (1 - 0.5F * static_cast<float>(k) / n_candidates));
        const double error = squared_error(weights, scale);
        if (error >= least) continue;
        least = error;
        best = scale;
    }
    return best;
}

void quantize(Tensor& weight, WeightFormat& format, const QuantizeOptions& options) {
    const std::size_t n_parts =
        options.scale == WeightScale::tensor ? 1 : static_cast<std::size_t>(weight.dims[0]);
    const std::size_t part_size = weight.size() / n_parts;
    format = {WeightKind::int8, {}};
    for (std::size_t p = 0; p < n_parts; ++p) {
        const std::span<float> part(weight.values.data() + p * part_size, part_size);
        const float scale =
            options.rule == ScaleRule::maximum ? scale_by_maximum(part) : scale_by_error(part);
        for (float& w : part) w = quantized(w, scale);
        format.scales.push_back(scale);
    }
}

}  // namespace

void quantize_weights(Network& network, const QuantizeOptions& options) {
    (void)infer_shapes(network);  // nothing below can fail
    for (Layer& layer : network.layers) {
        if (auto* conv = layer.as<Convolution>()) quantize(conv->weight, conv->format, options);
        if (auto* linear = layer.as<Linear>()) quantize(linear->weight, linear->format, options);
    }
    const bool graph = std::any_of(network.layers.begin(), network.layers.end(),
                                   [](const Layer& l) { return adjacency_of(l) != nullptr; });
    network.notes["weights"] = fmt::format(
        "int8, one scale per {}, {}; biases{} float32",
        options.scale == WeightScale::channel ? "channel" : "layer",
        options.rule == ScaleRule::maximum ? "largest weight = 127" : "least squared error",
        graph ? ", graph and embedding" : "");
}

}  // namespace ranvier
