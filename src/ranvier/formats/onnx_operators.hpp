#pragma once

#include "ranvier/formats/onnx_builder.hpp"

#include <string>

namespace ranvier::onnx_import {

/// Turns one node that reads features into layers, or into another view of a feature.
using Operator = void (*)(Builder&, const Node&);

/// nullptr for an operator that has no such function.
[[nodiscard]] Operator find_operator(const std::string& op);

/// Throws Error(unsupported): why `node`'s operator cannot be imported and what to do instead.
[[noreturn]] void refuse_operator(const Node& node);

// Layers with weights (onnx_weighted.cpp)
void import_convolution(Builder& builder, const Node& node);
void import_gemm(Builder& builder, const Node& node);
void import_matmul(Builder& builder, const Node& node);
void import_batch_norm(Builder& builder, const Node& node);

// Pooling (onnx_pooling.cpp)
void import_max_pool(Builder& builder, const Node& node);
void import_average_pool(Builder& builder, const Node& node);
void import_global_average_pool(Builder& builder, const Node& node);
void import_global_max_pool(Builder& builder, const Node& node);
void import_reduce_mean(Builder& builder, const Node& node);

// Value by value (onnx_elementwise.cpp)
void import_relu(Builder& builder, const Node& node);
void import_leaky_relu(Builder& builder, const Node& node);
void import_clip(Builder& builder, const Node& node);
void import_max(Builder& builder, const Node& node);
void import_add(Builder& builder, const Node& node);
void import_sum(Builder& builder, const Node& node);
void import_sub(Builder& builder, const Node& node);
void import_mul(Builder& builder, const Node& node);
void import_div(Builder& builder, const Node& node);
void import_softmax(Builder& builder, const Node& node);

// Other views of the same values, and joining (onnx_views.cpp)
void import_identity(Builder& builder, const Node& node);
void import_dropout(Builder& builder, const Node& node);
void import_cast(Builder& builder, const Node& node);
void import_shape(Builder& builder, const Node& node);
void import_flatten(Builder& builder, const Node& node);
void import_reshape(Builder& builder, const Node& node);
void import_squeeze(Builder& builder, const Node& node);
void import_unsqueeze(Builder& builder, const Node& node);
void import_transpose(Builder& builder, const Node& node);
void import_concat(Builder& builder, const Node& node);
void import_slice(Builder& builder, const Node& node);
void import_pad(Builder& builder, const Node& node);

/// Kernel, stride, dilation and padding of a convolution or pooling node, waiting zero padding of
/// its input not included.
/// @param in      [batch, channels, height, width] that the node reads.
/// @param kernel  [height, width] where the weights tell, else empty.
/// @param fixed   set to true if auto_pad decides the size, so that ceil_mode means nothing.
[[nodiscard]] Window read_window(const Node& node, const Dims& in, const Dims& kernel, bool& fixed);

/// Enlarges the padding of `window` by what waits at `feature`.
void add_padding(Window& window, const Feature& feature);

/// @throws Error(unsupported) if any output behind the first has a name.
void require_one_output(const Node& node, const char* what);

}  // namespace ranvier::onnx_import
