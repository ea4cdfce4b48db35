// Rules of ONNX about axes and shapes that hold for constants and for feature maps alike.
#include "ranvier/formats/onnx_fold.hpp"

#include <algorithm>
#include <set>

namespace ranvier::onnx_import {

std::size_t front_axis(std::int64_t axis, std::size_t rank, const Node& node) {
    const auto n = static_cast<std::int64_t>(rank);
    if (axis < -n || axis >= n)
        node.damaged("axis {} does not exist; the tensor has {} axes", axis, rank);
    return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

std::vector<std::size_t> front_axes(const Dims& axes, std::size_t rank, const Node& node) {
    std::set<std::size_t> found;
    for (const std::int64_t axis : axes)
        if (!found.insert(front_axis(axis, rank, node)).second)
            node.damaged("axis {} is named twice", axis);
    return {found.begin(), found.end()};
}

const Dims& integer_values(const Constant& constant, const Node& node, const char* what) {
    if (constant.is_float()) node.damaged("{} must be integers", what);
    return constant.integers();
}

std::optional<Dims> read_axes(const Node& node, const Constant* input, int opset, int since) {
    if (opset < since) return node.integers("axes");
    if (input == nullptr) return std::nullopt;
    return integer_values(*input, node, "axes");
}

Dims reshaped(const Dims& dims, const Constant& target, const Node& node) {
    const bool zero_is_zero = node.integer("allowzero", 0) != 0;
    const std::size_t count = checked_count(dims, node.where());
    Dims out = integer_values(target, node, "the target shape");
    std::ptrdiff_t open = -1;
    for (std::size_t k = 0; k < out.size(); ++k) {
        if (out[k] == 0 && !zero_is_zero) {
            if (k >= dims.size()) node.damaged("target axis {} copies an axis that is absent", k);
            out[k] = dims[k];
        } else if (out[k] == -1) {
            if (open >= 0) node.damaged("the target shape {} has two -1", to_string(out));
            open = static_cast<std::ptrdiff_t>(k);
            out[k] = 1;
        }
    }
    const std::size_t known = checked_count(out, node.where());
    if (open >= 0 && known > 0 && count % known == 0)
        out[static_cast<std::size_t>(open)] = static_cast<std::int64_t>(count / known);
    if (checked_count(out, node.where()) != count)
        node.damaged("a tensor of shape {} cannot be reshaped to {}", to_string(dims),
                     to_string(target.integers()));
    return out;
}

Dims squeezed(const Dims& dims, const std::optional<Dims>& axes, const Node& node) {
    Dims out;
    if (!axes) {
        std::copy_if(dims.begin(), dims.end(), std::back_inserter(out),
                     [](std::int64_t extent) { return extent != 1; });
        return out;
    }
    const auto removed = front_axes(*axes, dims.size(), node);
    for (std::size_t k = 0; k < dims.size(); ++k) {
        if (!std::binary_search(removed.begin(), removed.end(), k))
            out.push_back(dims[k]);
        else if (dims[k] != 1)
            node.damaged("axis {} has extent {}; only axes of extent 1 can be removed", k, dims[k]);
    }
    return out;
}

Dims unsqueezed(const Dims& dims, const std::optional<Dims>& axes, const Node& node) {
    if (!axes) node.damaged("has no axes");
    const std::size_t rank = dims.size() + axes->size();
    if (rank > 16) node.damaged("makes a tensor of {} axes; at most 16 are allowed", rank);
    Dims out = dims;
    for (const std::size_t axis : front_axes(*axes, rank, node))
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    return out;
}

namespace {

Range slice_range(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t extent,
                  const Node& node) {
    if (step == 0) node.damaged("has step 0");
    // Bounds beyond the tensor mean its border; |step| beyond it takes one value.
    step = std::clamp<std::int64_t>(step, -(std::int64_t{1} << 32), std::int64_t{1} << 32);
    const std::int64_t lowest = step > 0 ? 0 : -1;
    const std::int64_t highest = step > 0 ? extent : extent - 1;
    const auto bound = [&](std::int64_t v) {
        return std::clamp(v < 0 ? std::max(v, -extent - 1) + extent : v, lowest, highest);
    };
    Range range;
    range.step = step;
    range.start = std::max<std::int64_t>(bound(start), 0);
    const std::int64_t distance = step > 0 ? bound(end) - bound(start) : bound(start) - bound(end);
    const std::int64_t stride = step > 0 ? step : -step;
    range.count = distance <= 0 ? 0 : (distance + stride - 1) / stride;
    // A step beyond the tensor is as good as one to its end, and products of steps stay small.
    if (range.step > extent) range.step = std::max<std::int64_t>(extent, 1);
    return range;
}

}  // namespace

std::vector<Range> slice_ranges(const Dims& dims, const Node& node,
                                const std::vector<const Constant*>& inputs, int opset) {
    std::optional<Dims> starts, ends, axes, steps;
    if (opset < 10) {
        starts = node.integers("starts");
        ends = node.integers("ends");
        axes = node.integers("axes");
    } else {
        const auto list = [&](std::size_t k, const char* what) {
            if (k >= inputs.size() || inputs[k] == nullptr) return std::optional<Dims>();
            return std::optional<Dims>(integer_values(*inputs[k], node, what));
        };
        starts = list(1, "starts");
        ends = list(2, "ends");
        axes = list(3, "axes");
        steps = list(4, "steps");
    }
    if (!starts || !ends || starts->size() != ends->size() ||
        (axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size()))
        node.damaged("starts, ends, axes and steps must have the same length");
    if (starts->size() > dims.size())
        node.damaged("slices {} axes of a tensor that has {}", starts->size(), dims.size());

    std::vector<Range> ranges;
    for (const std::int64_t extent : dims) ranges.push_back({0, 1, extent});
    if (axes) (void)front_axes(*axes, dims.size(), node);  // each axis once
    for (std::size_t k = 0; k < starts->size(); ++k) {
        const std::size_t axis = axes ? front_axis((*axes)[k], dims.size(), node) : k;
        ranges[axis] =
            slice_range((*starts)[k], (*ends)[k], steps ? (*steps)[k] : 1, dims[axis], node);
    }
    return ranges;
}

Constant shape_of(const Dims& dims, const Node& node, int opset) {
    const auto rank = static_cast<std::int64_t>(dims.size());
    std::int64_t start = 0;
    std::int64_t end = rank;
    if (opset >= 15) {
        const auto bound = [&](std::int64_t v) {
            return std::clamp<std::int64_t>(v < 0 ? std::max(v, -rank) + rank : v, 0, rank);
        };
        start = bound(node.integer("start", 0));
        end = std::max(start, bound(node.integer("end", rank)));
    }
    return {{end - start}, Dims(dims.begin() + start, dims.begin() + end)};
}

}  // namespace ranvier::onnx_import
