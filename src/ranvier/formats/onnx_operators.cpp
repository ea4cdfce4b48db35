#include "ranvier/formats/onnx_operators.hpp"

#include <string_view>
#include <unordered_map>

namespace ranvier::onnx_import {

namespace {

const std::unordered_map<std::string_view, Operator>& operators() {
    static const std::unordered_map<std::string_view, Operator> table = {
        {"Add", import_add},
        {"AveragePool", import_average_pool},
        {"BatchNormalization", import_batch_norm},
        {"Cast", import_cast},
        {"Clip", import_clip},
        {"Concat", import_concat},
        {"Conv", import_convolution},
        {"Div", import_div},
        {"Dropout", import_dropout},
        {"Flatten", import_flatten},
        {"Gemm", import_gemm},
        {"GlobalAveragePool", import_global_average_pool},
        {"GlobalMaxPool", import_global_max_pool},
        {"Identity", import_identity},
        {"LeakyRelu", import_leaky_relu},
        {"LogSoftmax", import_softmax},
        {"MatMul", import_matmul},
        {"Max", import_max},
        {"MaxPool", import_max_pool},
        {"Mul", import_mul},
        {"Pad", import_pad},
        {"ReduceMean", import_reduce_mean},
        {"Relu", import_relu},
        {"Reshape", import_reshape},
        {"Shape", import_shape},
        {"Slice", import_slice},
        {"Softmax", import_softmax},
        {"Squeeze", import_squeeze},
        {"Sub", import_sub},
        {"Sum", import_sum},
        {"Transpose", import_transpose},
        {"Unsqueeze", import_unsqueeze},
    };
    return table;
}

constexpr const char* not_relu = "is no ReLU and cannot become a spiking neuron; retrain with ReLU";
constexpr const char* quantized =
    "belongs to a quantized model; export the float32 model, and quantize after the conversion";
constexpr const char* control =
    "has subgraphs, so what it computes is decided while it runs; export a fixed network (in "
    "PyTorch: trace it, without control flow that depends on data)";
constexpr const char* recurrent =
    "is recurrent; only feed-forward convolutional and fully connected networks can be converted";
constexpr const char* normalization =
    "computes its mean and variance from each sample; retrain with batch norm, which is constant "
    "after training";

/// Operators that people meet, and what to do about each.
const std::unordered_map<std::string_view, const char*>& reasons() {
    static const std::unordered_map<std::string_view, const char*> table = {
        {"Celu", not_relu},
        {"Elu", not_relu},
        {"Erf", not_relu},
        {"Gelu", not_relu},
        {"HardSigmoid", not_relu},
        {"HardSwish", not_relu},
        {"Mish", not_relu},
        {"PRelu", not_relu},
        {"Selu", not_relu},
        {"Sigmoid", not_relu},
        {"Softplus", not_relu},
        {"Softsign", not_relu},
        {"Tanh", not_relu},
        {"ThresholdedRelu", not_relu},
        {"ConvInteger", quantized},
        {"DequantizeLinear", quantized},
        {"DynamicQuantizeLinear", quantized},
        {"MatMulInteger", quantized},
        {"QLinearConv", quantized},
        {"QLinearMatMul", quantized},
        {"QuantizeLinear", quantized},
        {"If", control},
        {"Loop", control},
        {"Scan", control},
        {"SequenceMap", control},
        {"GRU", recurrent},
        {"LSTM", recurrent},
        {"RNN", recurrent},
        {"GroupNormalization", normalization},
        {"InstanceNormalization", normalization},
        {"LRN", normalization},
        {"LayerNormalization", normalization},
        {"LpNormalization", normalization},
        {"MeanVarianceNormalization", normalization},
        {"ArgMax",
         "picks the largest output, which evaluation does itself; export the model without it"},
        {"TopK",
         "picks the largest outputs, which evaluation does itself; export the model without it"},
        {"Resize",
         "enlarges feature maps, which is not supported; resize images before the network"},
        {"Upsample",
         "enlarges feature maps, which is not supported; resize images before the network"},
        {"ConvTranspose", "is a transposed convolution, which is not supported; use Conv"},
        {"Split", "splits channels, which is not supported; use one convolution per part"},
        {"Einsum", "is not supported; write it as Conv, Gemm or MatMul with constant weights"},
    };
    return table;
}

}  // namespace

Operator find_operator(const std::string& op) {
    const auto found = operators().find(op);
    return found == operators().end() ? nullptr : found->second;
}

void refuse_operator(const Node& node) {
    const auto known = reasons().find(node.op());
    if (known != reasons().end()) node.refuse("{}", known->second);
    node.refuse(
        "this operator cannot be represented; supported are convolution, linear, batch "
        "norm, ReLU, max and average pooling, Add, Concat, Flatten and constant reshapes: "
        "export the network in these terms (onnx-simplifier helps)");
}

}  // namespace ranvier::onnx_import
