#include "ranvier/net/integral_weights.hpp"

#include "ranvier/net/int8_weights.hpp"

#include <cmath>

namespace ranvier {

namespace {

std::optional<IntegralWeights> binary_weights(const Tensor& weight) {
    IntegralWeights result;
    result.binary = true;
    const auto n_out = static_cast<std::size_t>(weight.dims[0]);
    const std::size_t n_in = weight.size() / n_out;
    for (std::size_t o = 0; o < n_out; ++o) {
        const float* row = weight.values.data() + o * n_in;
        const float magnitude = std::abs(row[0]);
        for (std::size_t i = 0; i < n_in; ++i) {
            if (std::abs(row[i]) != magnitude) return std::nullopt;
            result.integers.push_back(std::signbit(row[i]) ? -1 : 1);
        }
        result.scale.push_back(magnitude);
    }
    return result;
}

}  // namespace

std::optional<IntegralWeights> integral_weights(const Layer& layer) {
    const auto view = weights_of(layer);
    if (!view || view->weight->empty()) return std::nullopt;
    if (auto binary = binary_weights(*view->weight)) return binary;
    if (view->format->kind != WeightKind::int8) return std::nullopt;
    IntegralWeights result;
    result.integers = int8_integers(*view->weight, *view->format).values;
    const auto n_out = static_cast<std::size_t>(view->weight->dims[0]);
    result.scale = view->format->scales;
    if (result.scale.size() == 1) result.scale.assign(n_out, result.scale[0]);
    return result;
}

}  // namespace ranvier
