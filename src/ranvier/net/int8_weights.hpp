#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

constexpr int largest_int8 = 127;  ///< the integers are symmetric: -127 to 127

/// 8-bit integers, row major; what a model file stores of int8 weights.
struct Int8Tensor {
    std::vector<std::int64_t> dims;
    std::vector<std::int8_t> values;  ///< [product of dims], each >= -127
    friend bool operator==(const Int8Tensor&, const Int8Tensor&) = default;
};

/// A convolution's or linear layer's weights and how they are meant to be stored.
struct WeightView {
    const Tensor* weight;
    const WeightFormat* format;
};
/// Of a layer that has weights to multiply with; nothing for any other layer.
[[nodiscard]] std::optional<WeightView> weights_of(const Layer& layer);

/// The scale of the weight at `index` (row major): one for all, or one per output channel.
[[nodiscard]] float scale_at(const std::vector<float>& scales, std::size_t index,
                             std::size_t per_channel);

/// What is wrong with the scales of int8 or binary weights, in words; empty if all is well.
/// @param kind  "int8" or "binary", for the words.
[[nodiscard]] std::string scales_fault(const Tensor& weight, const std::vector<float>& scales,
                                       std::string_view kind);

/// What is wrong with an int8 format and its weights, in words; empty if all is well: 1 or n_out
/// scales, each a normal number > 0, and every weight an integer in [-127, 127] times its scale.
[[nodiscard]] std::string int8_fault(const Tensor& weight, const WeightFormat& format);

/// The integers of sound int8 weights (int8_fault is empty).
[[nodiscard]] Int8Tensor int8_integers(const Tensor& weight, const WeightFormat& format);

/// integer * scale, rounded to float32. @param scales  [1] or [dims[0]].
[[nodiscard]] Tensor from_int8(const Int8Tensor& integers, const std::vector<float>& scales);

/// How a network's weights are stored: all in one way, or some of each.
enum class WeightSummary { float32, int8, binary, mixed };
[[nodiscard]] WeightSummary summarize_weights(const Network& network);

}  // namespace ranvier
