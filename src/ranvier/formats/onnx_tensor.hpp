#pragma once

#include "ranvier/base/tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <onnx/onnx_pb.h>
#include <string>
#include <variant>
#include <vector>

namespace ranvier::onnx_import {

using Dims = std::vector<std::int64_t>;

/// A tensor whose values are known without running the network: a weight, or a piece of the
/// computation of a shape. Every ONNX integer type and bool becomes int64, every floating-point
/// type float.
struct Constant {
    Dims dims;                                                           ///< empty: a scalar
    std::variant<std::vector<std::int64_t>, std::vector<float>> values;  ///< [product of dims]

    [[nodiscard]] bool is_float() const noexcept { return values.index() == 1; }
    [[nodiscard]] const std::vector<std::int64_t>& integers() const { return std::get<0>(values); }
    [[nodiscard]] const std::vector<float>& floats() const { return std::get<1>(values); }
    [[nodiscard]] std::size_t size() const {
        return std::visit([](const auto& v) { return v.size(); }, values);
    }
};

/// "[1, 3, 32, 32]".
[[nodiscard]] std::string to_string(const Dims& dims);

/// `text` fit for a one-line message: bytes outside printable ASCII become '?', long ones are cut.
[[nodiscard]] std::string printable(const std::string& text);

/// The number of values of a tensor.
/// @param where  stands before the message.
/// @throws Error(bad_input) if an extent is negative, there are more than 16 axes, or the product
///         exceeds 2^31.
[[nodiscard]] std::size_t checked_count(const Dims& dims, const std::string& where);

/// @param where  names file and tensor, stands before messages.
/// @throws Error(bad_input) if data and dims disagree; Error(unsupported) for values in another
///         file and for types that are no numbers.
[[nodiscard]] Constant decode_tensor(const onnx::TensorProto& proto, const std::string& where);

/// The values as float tensor of the same shape; a scalar becomes [1].
[[nodiscard]] Tensor to_tensor(const Constant& constant);

/// "FLOAT16", ... as onnx.proto calls it.
[[nodiscard]] std::string type_name(int data_type);

}  // namespace ranvier::onnx_import
