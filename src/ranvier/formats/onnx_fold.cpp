#include "ranvier/formats/onnx_fold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <type_traits>
#include <unordered_map>

namespace ranvier::onnx_import {

void Budget::take(std::size_t n, const Node& node) {
    if (n > values)
        node.refuse(
            "computes {} constant values, more than this file may ask for; simplify the "
            "model (for instance with onnx-simplifier) and import it again",
            n);
    values -= n;
}

namespace {

struct Folding {
    const Node& node;
    const std::vector<const Constant*>& inputs;
    int opset;
    Budget& budget;

    [[nodiscard]] const Constant* optional(std::size_t k) const {
        return k < inputs.size() ? inputs[k] : nullptr;
    }
    [[nodiscard]] const Constant& in(std::size_t k) const {
        const Constant* found = optional(k);
        if (found == nullptr) node.damaged("input {} is missing", k);
        return *found;
    }
    std::size_t take(const Dims& dims) const {
        const std::size_t n = checked_count(dims, node.where());
        budget.take(n, node);
        return n;
    }
};

/// out[i] = source[index(i)], for layouts and selections of any type.
template <typename Index>
Constant pick(const Folding& f, const Constant& source, Dims dims, Index index) {
    const std::size_t n = f.take(dims);
    return std::visit(
        [&](const auto& values) {
            std::remove_cvref_t<decltype(values)> out(n);
            for (std::size_t i = 0; i < n; ++i) out[i] = values[index(i)];
            return Constant{std::move(dims), std::move(out)};
        },
        source.values);
}

/// Same values, other shape.
Constant with_dims(const Folding& f, const Constant& source, Dims dims) {
    f.take(dims);
    return {std::move(dims), source.values};
}

/// Elements between neighbors along each axis, row major.
std::vector<std::size_t> steps_of(const Dims& dims) {
    std::vector<std::size_t> steps(dims.size(), 1);
    for (std::size_t k = dims.size(); k-- > 1;)
        steps[k - 1] = steps[k] * static_cast<std::size_t>(dims[k]);
    return steps;
}

/// Position of element `i` of a tensor with shape `dims` along each axis, times `weight`, summed.
std::size_t weighted_position(std::size_t i, const Dims& dims,
                              const std::vector<std::size_t>& weight) {
    std::size_t sum = 0;
    for (std::size_t k = dims.size(); k-- > 0;) {
        const auto extent = static_cast<std::size_t>(dims[k]);
        sum += i % extent * weight[k];
        i /= extent;
    }
    return sum;
}

Constant fold_constant(const Folding& f) {
    const Node& node = f.node;
    if (const auto* tensor = node.tensor("value")) return decode_tensor(*tensor, node.where());
    if (node.has("value_float")) return {{}, std::vector<float>{node.real("value_float", 0)}};
    if (node.has("value_int")) return {{}, Dims{node.integer("value_int", 0)}};
    if (const auto list = node.reals("value_floats"))
        return {{static_cast<std::int64_t>(list->size())}, *list};
    if (const auto list = node.integers("value_ints"))
        return {{static_cast<std::int64_t>(list->size())}, *list};
    node.refuse("holds neither a dense tensor nor numbers; store it as a dense tensor");
}

Constant fold_constant_of_shape(const Folding& f) {
    const Dims dims = integer_values(f.in(0), f.node, "the shape");
    const std::size_t n = f.take(dims);
    const auto* tensor = f.node.tensor("value");
    if (tensor == nullptr) return {dims, std::vector<float>(n, 0.0F)};
    const Constant value = decode_tensor(*tensor, f.node.where());
    if (value.size() != 1) f.node.damaged("value must be one number");
    return std::visit(
        [&](const auto& v) {
            return Constant{dims, std::remove_cvref_t<decltype(v)>(n, v.front())};
        },
        value.values);
}

Constant fold_shape(const Folding& f) {
    return shape_of(f.in(0).dims, f.node, f.opset);
}

Constant fold_identity(const Folding& f) {
    return with_dims(f, f.in(0), f.in(0).dims);
}

Constant fold_dropout(const Folding& f) {
    f.node.ignore("ratio");
    f.node.ignore("seed");
    return fold_identity(f);
}

Constant fold_reshape(const Folding& f) {
    return with_dims(f, f.in(0), reshaped(f.in(0).dims, f.in(1), f.node));
}

Constant fold_flatten(const Folding& f) {
    const Dims& dims = f.in(0).dims;
    const std::int64_t axis = f.node.integer("axis", 1);
    const auto rank = static_cast<std::int64_t>(dims.size());
    if (axis < -rank || axis > rank) f.node.damaged("axis {} does not exist", axis);
    const auto split = dims.begin() + (axis < 0 ? axis + rank : axis);
    const auto product = [](auto begin, auto end) {
        return std::accumulate(begin, end, std::int64_t{1}, std::multiplies<>());
    };
    return with_dims(f, f.in(0), {product(dims.begin(), split), product(split, dims.end())});
}

Constant fold_squeeze(const Folding& f) {
    const auto axes = read_axes(f.node, f.optional(1), f.opset, 13);
    return with_dims(f, f.in(0), squeezed(f.in(0).dims, axes, f.node));
}

Constant fold_unsqueeze(const Folding& f) {
    const auto axes = read_axes(f.node, f.optional(1), f.opset, 13);
    return with_dims(f, f.in(0), unsqueezed(f.in(0).dims, axes, f.node));
}

Constant fold_transpose(const Folding& f) {
    const Constant& data = f.in(0);
    const std::size_t rank = data.dims.size();
    Dims order = f.node.integers("perm").value_or(Dims());
    if (!f.node.has("perm"))
        for (std::size_t k = rank; k-- > 0;) order.push_back(static_cast<std::int64_t>(k));
    if (order.size() != rank || front_axes(order, rank, f.node).size() != rank)
        f.node.damaged("perm must name each of the {} axes once", rank);
    const auto steps = steps_of(data.dims);
    Dims dims;
    std::vector<std::size_t> weight;
    for (const std::int64_t axis : order) {
        const std::size_t from = front_axis(axis, rank, f.node);
        dims.push_back(data.dims[from]);
        weight.push_back(steps[from]);
    }
    return pick(f, data, dims, [&](std::size_t i) { return weighted_position(i, dims, weight); });
}

Constant fold_slice(const Folding& f) {
    const Constant& data = f.in(0);
    const auto ranges = slice_ranges(data.dims, f.node, f.inputs, f.opset);
    const auto steps = steps_of(data.dims);
    Dims dims;
    for (const Range& range : ranges) dims.push_back(range.count);
    return pick(f, data, dims, [&](std::size_t i) {
        std::size_t at = 0;
        for (std::size_t k = dims.size(); k-- > 0;) {
            const auto extent = static_cast<std::size_t>(dims[k]);
            const auto position = static_cast<std::int64_t>(i % extent);
            at += static_cast<std::size_t>(ranges[k].start + position * ranges[k].step) * steps[k];
            i /= extent;
        }
        return at;
    });
}

Constant fold_gather(const Folding& f) {
    const Constant& data = f.in(0);
    const Constant& indices = f.in(1);
    const std::size_t axis = front_axis(f.node.integer("axis", 0), data.dims.size(), f.node);
    const std::int64_t extent = data.dims[axis];
    std::vector<std::size_t> rows;
    for (const std::int64_t index : integer_values(indices, f.node, "indices")) {
        if (index < -extent || index >= extent)
            f.node.damaged("index {} lies outside axis {} of shape {}", index, axis,
                           to_string(data.dims));
        rows.push_back(static_cast<std::size_t>(index < 0 ? index + extent : index));
    }
    const auto at = data.dims.begin() + static_cast<std::ptrdiff_t>(axis);
    Dims dims(data.dims.begin(), at);
    dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
    dims.insert(dims.end(), at + 1, data.dims.end());
    const std::size_t inner = steps_of(data.dims)[axis];
    const std::size_t n_rows = std::max<std::size_t>(rows.size(), 1);
    return pick(f, data, dims, [&](std::size_t i) {
        const std::size_t outer = i / inner / n_rows;
        const std::size_t row = rows[i / inner % n_rows];
        return (outer * static_cast<std::size_t>(extent) + row) * inner + i % inner;
    });
}

template <typename T>
Constant concat(const Folding& f, Dims dims, std::size_t axis) {
    const std::size_t n = f.take(dims);
    std::size_t outer = 1;
    for (std::size_t k = 0; k < axis; ++k) outer *= static_cast<std::size_t>(dims[k]);
    std::vector<T> out;
    out.reserve(n);
    for (std::size_t o = 0; o < outer && n > 0; ++o)
        for (const Constant* part : f.inputs) {
            const auto& values = std::get<std::vector<T>>(part->values);
            const auto length = static_cast<std::ptrdiff_t>(values.size() / outer);
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(o) * length;
            out.insert(out.end(), begin, begin + length);
        }
    return {std::move(dims), std::move(out)};
}

Constant fold_concat(const Folding& f) {
    Dims dims = f.in(0).dims;
    const std::size_t axis = front_axis(f.node.integer("axis", 0), dims.size(), f.node);
    dims[axis] = 0;
    for (std::size_t k = 0; k < f.inputs.size(); ++k) {
        Dims other = f.in(k).dims;
        if (other.size() != dims.size() || f.in(k).is_float() != f.in(0).is_float())
            f.node.damaged("joins tensors of different rank or type");
        const std::int64_t total = dims[axis] + other[axis];
        dims[axis] = other[axis] = total;
        if (other != dims)
            f.node.damaged("joins shapes {} and {} along axis {}", to_string(f.in(0).dims),
                           to_string(f.in(k).dims), axis);
    }
    return f.in(0).is_float() ? concat<float>(f, dims, axis) : concat<std::int64_t>(f, dims, axis);
}

Constant fold_cast(const Folding& f) {
    using Type = onnx::TensorProto;
    const Constant& data = f.in(0);
    f.take(data.dims);
    const auto to = f.node.integer("to", 0);
    switch (to) {
        case Type::FLOAT:
        case Type::DOUBLE: {
            Tensor tensor = to_tensor(data);
            return {data.dims, std::move(tensor.values)};
        }
        case Type::INT64:
        case Type::INT32:
            break;
        default:
            f.node.refuse("casts to type {}; only FLOAT, DOUBLE, INT32 and INT64 can be folded",
                          type_name(static_cast<int>(std::clamp<std::int64_t>(to, 0, 1000))));
    }
    if (!data.is_float()) return data;
    Dims out;
    for (const float v : data.floats()) {
        if (!(std::abs(v) < 0x1p62F)) f.node.damaged("casts {} to an integer", v);
        out.push_back(static_cast<std::int64_t>(v));
    }
    return {data.dims, std::move(out)};
}

/// Shape of an elementwise operation on two tensors (numpy rules).
Dims broadcast(const Dims& a, const Dims& b, const Node& node) {
    Dims out(std::max(a.size(), b.size()), 1);
    const auto extent = [&](const Dims& dims, std::size_t k) {
        const std::size_t missing = out.size() - dims.size();
        return k < missing ? 1 : dims[k - missing];
    };
    for (std::size_t k = 0; k < out.size(); ++k) {
        const std::int64_t x = extent(a, k);
        const std::int64_t y = extent(b, k);
        if (x != y && x != 1 && y != 1)
            node.damaged("shapes {} and {} do not fit together", to_string(a), to_string(b));
        out[k] = x == 1 ? y : x;
    }
    return out;
}

/// Index weights that read a tensor of shape `dims` as if it had shape `out`.
std::vector<std::size_t> broadcast_weights(const Dims& dims, const Dims& out) {
    const auto steps = steps_of(dims);
    std::vector<std::size_t> weight(out.size(), 0);
    const std::size_t missing = out.size() - dims.size();
    for (std::size_t k = 0; k < dims.size(); ++k)
        if (dims[k] != 1) weight[k + missing] = steps[k];
    return weight;
}

template <typename T, typename Combine>
Constant combine(const Folding& f, Combine combine_values) {
    const Constant& a = f.in(0);
    const Constant& b = f.in(1);
    Dims dims = broadcast(a.dims, b.dims, f.node);
    std::vector<T> out(f.take(dims));
    const auto weight_a = broadcast_weights(a.dims, dims);
    const auto weight_b = broadcast_weights(b.dims, dims);
    const auto& x = std::get<std::vector<T>>(a.values);
    const auto& y = std::get<std::vector<T>>(b.values);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = combine_values(x[weighted_position(i, dims, weight_a)],
                                y[weighted_position(i, dims, weight_b)]);
    return {std::move(dims), std::move(out)};
}

/// Integers wrap around, as in every ONNX runtime.
template <typename Floats, typename Integers>
Constant arithmetic(const Folding& f, Floats floats, Integers integers) {
    if (f.in(0).is_float() != f.in(1).is_float()) f.node.damaged("combines integers with floats");
    if (f.in(0).is_float()) return combine<float>(f, floats);
    return combine<std::int64_t>(f, [&](std::int64_t x, std::int64_t y) {
        return static_cast<std::int64_t>(
            integers(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y)));
    });
}

Constant fold_add(const Folding& f) {
    return arithmetic(f, std::plus<>(), std::plus<>());
}
Constant fold_sub(const Folding& f) {
    return arithmetic(f, std::minus<>(), std::minus<>());
}
Constant fold_mul(const Folding& f) {
    return arithmetic(f, std::multiplies<>(), std::multiplies<>());
}
Constant fold_div(const Folding& f) {
    return arithmetic(f, std::divides<>(), [&](std::uint64_t ux, std::uint64_t uy) {
        const auto x = static_cast<std::int64_t>(ux);
        const auto y = static_cast<std::int64_t>(uy);
        if (y == 0) f.node.damaged("divides the integer {} by 0", x);
        return y == -1 ? 0 - ux : static_cast<std::uint64_t>(x / y);
    });
}

template <typename Function>
Constant map_floats(const Folding& f, Function function) {
    if (!f.in(0).is_float()) f.node.refuse("of integers cannot be folded");
    Constant out = fold_identity(f);
    for (float& v : std::get<std::vector<float>>(out.values)) v = function(v);
    return out;
}

Constant fold_sqrt(const Folding& f) {
    return map_floats(f, [](float v) { return std::sqrt(v); });
}
Constant fold_floor(const Folding& f) {
    return map_floats(f, [](float v) { return std::floor(v); });
}
Constant fold_ceil(const Folding& f) {
    return map_floats(f, [](float v) { return std::ceil(v); });
}
Constant fold_negate(const Folding& f) {
    Constant out = fold_identity(f);
    if (out.is_float())
        for (float& v : std::get<1>(out.values)) v = -v;
    else
        for (std::int64_t& v : std::get<0>(out.values))
            v = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(v));
    return out;
}

using Fold = Constant (*)(const Folding&);

const std::unordered_map<std::string_view, Fold>& folds() {
    static const std::unordered_map<std::string_view, Fold> table = {
        {"Add", fold_add},
        {"Cast", fold_cast},
        {"Ceil", fold_ceil},
        {"Concat", fold_concat},
        {"Constant", fold_constant},
        {"ConstantOfShape", fold_constant_of_shape},
        {"Div", fold_div},
        {"Dropout", fold_dropout},
        {"Flatten", fold_flatten},
        {"Floor", fold_floor},
        {"Gather", fold_gather},
        {"Identity", fold_identity},
        {"Mul", fold_mul},
        {"Neg", fold_negate},
        {"Reshape", fold_reshape},
        {"Shape", fold_shape},
        {"Slice", fold_slice},
        {"Sqrt", fold_sqrt},
        {"Squeeze", fold_squeeze},
        {"Sub", fold_sub},
        {"Transpose", fold_transpose},
        {"Unsqueeze", fold_unsqueeze},
    };
    return table;
}

}  // namespace

bool can_fold(const std::string& op) {
    return folds().contains(op);
}

Constant fold(const Node& node, const std::vector<const Constant*>& inputs, int opset,
              Budget& budget) {
    return folds().at(node.op())({node, inputs, opset, budget});
}

}  // namespace ranvier::onnx_import
