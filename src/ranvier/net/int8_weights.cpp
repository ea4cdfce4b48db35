#include "ranvier/net/int8_weights.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <set>

namespace ranvier {

float scale_at(const std::vector<float>& scales, std::size_t index, std::size_t per_channel) {
    return scales[scales.size() == 1 ? 0 : index / per_channel];
}

namespace {

std::size_t values_per_channel(const Tensor& weight) {
    return weight.size() / static_cast<std::size_t>(weight.dims[0]);
}

}  // namespace

std::optional<WeightView> weights_of(const Layer& layer) {
    if (const auto* conv = layer.as<Convolution>()) return WeightView{&conv->weight, &conv->format};
    if (const auto* linear = layer.as<Linear>())
        return WeightView{&linear->weight, &linear->format};
    return std::nullopt;
}

std::string scales_fault(const Tensor& weight, const std::vector<float>& scales,
                         std::string_view kind) {
    const auto n_out = static_cast<std::size_t>(weight.dims[0]);
    if (scales.size() != 1 && scales.size() != n_out)
        return fmt::format("{} weights have {} scales; they must have 1 or {} (one per channel)",
                           kind, scales.size(), n_out);
    for (const float scale : scales)
        if (!(std::isfinite(scale) && scale >= std::numeric_limits<float>::min()))
            return fmt::format("{} scale {} cannot be used; it must be finite and at least {}",
                               kind, scale, std::numeric_limits<float>::min());
    return {};
}

std::string int8_fault(const Tensor& weight, const WeightFormat& format) {
    const std::vector<float>& scales = format.scales;
    const std::string fault = scales_fault(weight, scales, "int8");
    if (!fault.empty()) return fault;
    const std::size_t per_channel = values_per_channel(weight);
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const float scale = scale_at(scales, i, per_channel);
        const float integer = std::nearbyint(weight.values[i] / scale);
        if (!(std::abs(integer) <= largest_int8) || integer * scale != weight.values[i])
            return fmt::format(
                "weight {} at position {} is no integer from -127 to 127 times its int8 scale {}",
                weight.values[i], i, scale);
    }
    return {};
}

Int8Tensor int8_integers(const Tensor& weight, const WeightFormat& format) {
    Int8Tensor integers{weight.dims, {}};
    integers.values.reserve(weight.size());
    const std::size_t per_channel = values_per_channel(weight);
    for (std::size_t i = 0; i < weight.size(); ++i)
        integers.values.push_back(static_cast<std::int8_t>(
            std::nearbyint(weight.values[i] / scale_at(format.scales, i, per_channel))));
    return integers;
}

Tensor from_int8(const Int8Tensor& integers, const std::vector<float>& scales) {
    Tensor weight(integers.dims);
    const std::size_t per_channel = values_per_channel(weight);
    for (std::size_t i = 0; i < weight.size(); ++i)
        weight.values[i] =
            static_cast<float>(integers.values[i]) * scale_at(scales, i, per_channel);
    return weight;
}

WeightSummary summarize_weights(const Network& network) {
    std::set<WeightKind> kinds;
    for (const Layer& layer : network.layers) {
        if (layer.as<NodeEmbedding>() != nullptr) kinds.insert(WeightKind::float32);
        if (const auto weights = weights_of(layer)) kinds.insert(weights->format->kind);
    }
    if (kinds.size() > 1) return WeightSummary::mixed;
    if (kinds.contains(WeightKind::int8)) return WeightSummary::int8;
    return kinds.contains(WeightKind::binary) ? WeightSummary::binary : WeightSummary::float32;
}

}  // namespace ranvier
