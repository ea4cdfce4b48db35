#include "ranvier/sim/synapses.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/integral_weights.hpp"

#include <algorithm>

namespace ranvier {

std::vector<float> pool_factors(const AveragePool& pool, const Shape& in, const Shape& out) {
    const Window& w = pool.window;
    // [first, last) of the window on one axis; padding counts, where it does, up to the padded
    // edge.
    const auto extent = [&](std::int64_t i, std::int64_t size, std::int64_t kernel,
                            std::int64_t stride, std::int64_t before, std::int64_t after) {
        const std::int64_t first = i * stride - before;
        const std::int64_t last = std::min(first + kernel, size + after);
        if (pool.count_include_pad) return last - first;
        return std::min(last, size) - std::max<std::int64_t>(first, 0);
    };
    std::vector<float> factors;
    for (std::int64_t y = 0; y < out.height; ++y)
        for (std::int64_t x = 0; x < out.width; ++x)
            factors.push_back(
                1.0F / static_cast<float>(
                           extent(y, in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom) *
                           extent(x, in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right)));
    return factors;
}

AveragePool as_average_pool(const GlobalAveragePool& /*pool*/, const Shape& in) {
    AveragePool whole;
    whole.window.kernel_h = whole.window.stride_h = in.height;
    whole.window.kernel_w = whole.window.stride_w = in.width;
    return whole;
}

namespace {

std::size_t at(const Shape& shape, std::int64_t y, std::int64_t x, std::int64_t c = 0) {
    return static_cast<std::size_t>((y * shape.width + x) * shape.channels + c);
}

/// Calls visit(output index, kernel index) for every window position that covers input `i`.
template <typename Visit>
void for_each_cover(std::int64_t i, std::int64_t n_out, std::int64_t kernel, std::int64_t stride,
                    std::int64_t pad, std::int64_t dilation, Visit&& visit) {
    for (std::int64_t k = 0; k < kernel; ++k) {
        const std::int64_t shifted = i + pad - k * dilation;
        if (shifted < 0) break;
        if (shifted % stride == 0 && shifted / stride < n_out) visit(shifted / stride, k);
    }
}

Tensor as_tensor(const IntegralWeights& weights, const Tensor& like) {
    return {like.dims, {weights.integers.begin(), weights.integers.end()}};
}

}  // namespace

Synapses::Synapses(const Layer& layer, std::vector<Shape> in, const Shape& out)
    : layer_(&layer), in_(std::move(in)), out_(out) {
    // Integers are summed as such and multiplied by their scale at the end: exact in any order for
    // spikes that are worth 1.
    const auto integral = integral_weights(layer);
    if (integral) scale_ = integral->scale;
    if (const auto* conv = layer.as<Convolution>()) {
        window_ = conv->window;
        bias_ = conv->bias.values;
        const Tensor weight = integral ? as_tensor(*integral, conv->weight) : conv->weight;
        const auto& dims = weight.dims;
        const std::int64_t per_group = dims[0] / conv->groups;
        const std::int64_t inner = dims[1] * dims[2] * dims[3];  // one output's weights
        weight_.resize(weight.size());
        for (std::int64_t o = 0; o < dims[0]; ++o)
            for (std::int64_t k = 0; k < inner; ++k)
                weight_[static_cast<std::size_t>(((o / per_group) * inner + k) * per_group +
                                                 o % per_group)] =
                    weight.values[static_cast<std::size_t>(o * inner + k)];
    } else if (const auto* linear = layer.as<Linear>()) {
        bias_ = linear->bias.values;
        const Tensor weight = integral ? as_tensor(*integral, linear->weight) : linear->weight;
        const std::int64_t n_out = weight.dims[0];
        const std::int64_t n_in = weight.dims[1];
        weight_.resize(weight.size());
        for (std::int64_t o = 0; o < n_out; ++o)
            for (std::int64_t i = 0; i < n_in; ++i)
                weight_[static_cast<std::size_t>(i * n_out + o)] =
                    weight.values[static_cast<std::size_t>(o * n_in + i)];
    } else if (const auto* pool = layer.as<AveragePool>()) {
        window_ = pool->window;
        divisor_ = pool_factors(*pool, in_[0], out_);
    } else if (const auto* global = layer.as<GlobalAveragePool>()) {
        const AveragePool whole = as_average_pool(*global, in_[0]);
        window_ = whole.window;
        divisor_ = pool_factors(whole, in_[0], out_);
    } else if (layer.as<Add>() == nullptr && adjacency_of(layer) == nullptr &&
               layer.as<Concat>() == nullptr && layer.as<Flatten>() == nullptr &&
               layer.as<Shortcut>() == nullptr) {
        fail(Fault::unsupported,
             "layer '{}' ({}) cannot be simulated with spikes; convert the network first",
             layer.name, operation_name(layer.operation));
    }
}

void Synapses::carry(std::span<const StepValues* const> in, bool with_bias,
                     std::vector<float>& out) const {
    out.assign(static_cast<std::size_t>(out_.size()), 0.0F);
    const bool add_bias = with_bias && !bias_.empty();
    if (add_bias && scale_.empty())
        for (std::size_t i = 0; i < out.size(); i += bias_.size())
            std::copy(bias_.begin(), bias_.end(), out.begin() + static_cast<std::ptrdiff_t>(i));
    for (std::size_t k = 0; k < in.size(); ++k)
        if (!in[k]->silent) carry_one(k, in[k]->values, out);
    for (std::size_t i = 0; i < out.size() && !scale_.empty(); ++i) {
        const std::size_t c = i % scale_.size();
        out[i] = out[i] * scale_[c] + (add_bias ? bias_[c] : 0.0F);
    }
}

void Synapses::carry_one(std::size_t which, const std::vector<float>& in,
                         std::vector<float>& out) const {
    const Shape& shape = in_[which];
    if (layer_->as<Convolution>() != nullptr) return carry_convolution(in, out);
    if (layer_->as<Linear>() != nullptr) return carry_linear(in, out);
    if (!divisor_.empty()) return carry_pool(in, out);
    if (adjacency_of(*layer_) != nullptr) return carry_graph(in, out);
    if (layer_->as<Add>() != nullptr) {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] += in[i];
        return;
    }
    std::int64_t first_channel = 0;  // of this input among the output's channels
    std::int64_t stride = 1;
    if (layer_->as<Concat>() != nullptr)
        for (std::size_t k = 0; k < which; ++k) first_channel += in_[k].channels;
    if (const auto* shortcut = layer_->as<Shortcut>()) {
        first_channel = shortcut->channels_before;
        stride = shortcut->stride;
    }
    const bool flatten = layer_->as<Flatten>() != nullptr;
    for (std::int64_t y = 0; y < shape.height; y += stride)
        for (std::int64_t x = 0; x < shape.width; x += stride)
            for (std::int64_t c = 0; c < shape.channels; ++c) {
                const std::size_t target =
                    flatten ? static_cast<std::size_t>((c * shape.height + y) * shape.width + x)
                            : at(out_, y / stride, x / stride, first_channel + c);
                out[target] += in[at(shape, y, x, c)];
            }
}

void Synapses::carry_convolution(const std::vector<float>& in, std::vector<float>& out) const {
    const auto& conv = std::get<Convolution>(layer_->operation);
    const Shape& shape = in_[0];
    const Window& w = window_;
    const std::int64_t in_per_group = shape.channels / conv.groups;
    const std::int64_t out_per_group = out_.channels / conv.groups;
    const std::int64_t kernel = w.kernel_h * w.kernel_w;
    for (std::int64_t y = 0; y < shape.height; ++y)
        for (std::int64_t x = 0; x < shape.width; ++x)
            for (std::int64_t c = 0; c < shape.channels; ++c) {
                const float value = in[at(shape, y, x, c)];
                if (value == 0) continue;
                const std::int64_t group = c / in_per_group;
                const float* weights = weight_.data() + c * kernel * out_per_group;
                for_each_cover(y, out_.height, w.kernel_h, w.stride_h, w.pad_top, w.dilation_h,
                               [&](std::int64_t oy, std::int64_t ky) {
                                   for_each_cover(
                                       x, out_.width, w.kernel_w, w.stride_w, w.pad_left,
                                       w.dilation_w, [&](std::int64_t ox, std::int64_t kx) {
                                           float* target =
                                               out.data() + at(out_, oy, ox, group * out_per_group);
                                           const float* weight =
                                               weights + (ky * w.kernel_w + kx) * out_per_group;
                                           for (std::int64_t o = 0; o < out_per_group; ++o)
                                               target[o] += value * weight[o];
                                       });
                               });
            }
}

void Synapses::carry_linear(const std::vector<float>& in, std::vector<float>& out) const {
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] == 0) continue;
        const float* weight = weight_.data() + i * out.size();
        for (std::size_t o = 0; o < out.size(); ++o) out[o] += in[i] * weight[o];
    }
}

void Synapses::carry_graph(const std::vector<float>& in, std::vector<float>& out) const {
    const SparseMatrix& graph = *adjacency_of(*layer_)->matrix;
    if (layer_->as<EdgeValues>() != nullptr) {
        for (std::size_t e = 0; e < out.size(); ++e)
            out[e] += graph.value[e] * in[static_cast<std::size_t>(graph.column[e])];
        return;
    }
    const auto* embedding = layer_->as<NodeEmbedding>();
    const auto width = static_cast<std::size_t>(out_.channels);
    for (std::size_t node = 0; node < static_cast<std::size_t>(graph.n_rows); ++node)
        for (auto e = static_cast<std::size_t>(graph.row_start[node]);
             e < static_cast<std::size_t>(graph.row_start[node + 1]); ++e) {
            const auto source = static_cast<std::size_t>(graph.column[e]);
            const float factor = embedding != nullptr ? in[e] : graph.value[e];
            if (factor == 0) continue;
            const float* row = (embedding != nullptr ? embedding->weight.values : in).data();
            for (std::size_t c = 0; c < width; ++c)
                out[node * width + c] += factor * row[source * width + c];
        }
}

void Synapses::carry_pool(const std::vector<float>& in, std::vector<float>& out) const {
    const Shape& shape = in_[0];
    const Window& w = window_;
    for (std::int64_t y = 0; y < shape.height; ++y)
        for (std::int64_t x = 0; x < shape.width; ++x)
            for_each_cover(y, out_.height, w.kernel_h, w.stride_h, w.pad_top, 1,
                           [&](std::int64_t oy, std::int64_t) {
                               for_each_cover(
                                   x, out_.width, w.kernel_w, w.stride_w, w.pad_left, 1,
                                   [&](std::int64_t ox, std::int64_t) {
                                       const float factor =
                                           divisor_[static_cast<std::size_t>(oy * out_.width + ox)];
                                       for (std::int64_t c = 0; c < shape.channels; ++c)
                                           out[at(out_, oy, ox, c)] +=
                                               in[at(shape, y, x, c)] * factor;
                                   });
                           });
}

}  // namespace ranvier
