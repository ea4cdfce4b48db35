#pragma once

#include "ranvier/formats/onnx_node.hpp"
#include "ranvier/formats/onnx_tensor.hpp"

#include <cstddef>
#include <vector>

namespace ranvier::onnx_import {

/// What a node computes from constants alone is computed here, once, at import.

/// How many values folding may still produce in this file, so that a small file cannot fill the
/// memory.
struct Budget {
    std::size_t values = 0;
    /// @throws Error(unsupported) at `node` if `n` more are too many.
    void take(std::size_t n, const Node& node);
};

/// Whether `op` can be computed by fold.
[[nodiscard]] bool can_fold(const std::string& op);

/// The value of a node all of whose inputs are constants (nullptr: left out).
/// @param opset  of the default domain, 7 to 20.
/// @throws Error(bad_input) for inputs that do not fit; Error(unsupported) for unknown variants.
[[nodiscard]] Constant fold(const Node& node, const std::vector<const Constant*>& inputs, int opset,
                            Budget& budget);

/// @name Rules shared with the operators on feature maps
/// @{

/// `axis` counted from the front. @throws Error(bad_input) outside [-rank, rank).
[[nodiscard]] std::size_t front_axis(std::int64_t axis, std::size_t rank, const Node& node);

/// The same for a list; each axis once. Ascending.
[[nodiscard]] std::vector<std::size_t> front_axes(const Dims& axes, std::size_t rank,
                                                  const Node& node);

/// The integers of a constant. @throws Error(bad_input) if it holds floats.
[[nodiscard]] const Dims& integer_values(const Constant& constant, const Node& node,
                                         const char* what);

/// Axes from attribute "axes", or, from `since` on, from constant `input` (nullptr: left out).
[[nodiscard]] std::optional<Dims> read_axes(const Node& node, const Constant* input, int opset,
                                            int since);

/// Shape after Reshape: 0 copies (unless allowzero), one -1 is computed.
[[nodiscard]] Dims reshaped(const Dims& dims, const Constant& target, const Node& node);
[[nodiscard]] Dims squeezed(const Dims& dims, const std::optional<Dims>& axes, const Node& node);
[[nodiscard]] Dims unsqueezed(const Dims& dims, const std::optional<Dims>& axes, const Node& node);

/// What Slice takes along one axis: start, start + step, ... (count values).
struct Range {
    std::int64_t start = 0, step = 1, count = 0;
};
/// One per axis of `dims`. `inputs`: those of the node (data may be nullptr); attributes before
/// opset 10.
[[nodiscard]] std::vector<Range> slice_ranges(const Dims& dims, const Node& node,
                                              const std::vector<const Constant*>& inputs,
                                              int opset);

/// Value of Shape for a tensor of shape `dims`.
[[nodiscard]] Constant shape_of(const Dims& dims, const Node& node, int opset);
/// @}

}  // namespace ranvier::onnx_import
