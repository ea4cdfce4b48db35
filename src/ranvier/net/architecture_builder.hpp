#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/net/shapes.hpp"

#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

namespace ranvier {

/// Appends layers one behind the other, with He initialization: N(0, sqrt(2 / fan_in)).
class ArchitectureBuilder {
public:
    ArchitectureBuilder(const Input& input, std::uint64_t seed) : seed_(seed) {
        add("input", input, {});
    }

    std::size_t convolution(std::int64_t n_out, std::int64_t kernel, std::int64_t stride,
                            std::int64_t pad, bool bias) {
        Convolution conv;
        conv.window = {kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1};
        conv.weight = random_weight({n_out, shape().channels, kernel, kernel});
        if (bias) conv.bias = Tensor({n_out});
        return add(fmt::format("conv{}", ++n_weighted_), std::move(conv));
    }
    /// A 1x1 convolution of an earlier layer, without bias.
    std::size_t projection(std::size_t source, std::int64_t n_out, std::int64_t stride,
                           bool norm_behind) {
        Convolution conv;
        conv.window.stride_h = conv.window.stride_w = stride;
        conv.weight = random_weight({n_out, shape(source).channels, 1, 1});
        const std::size_t layer =
            add(fmt::format("projection{}", ++n_projections_), std::move(conv), {source});
        return norm_behind ? norm() : layer;
    }
    std::size_t linear(std::int64_t n_out, bool bias) {
        Linear op{random_weight({n_out, shape().channels}), {}};
        if (bias) op.bias = Tensor({n_out});
        return add(fmt::format("fc{}", ++n_weighted_), std::move(op));
    }
    std::size_t norm() {
        BatchNorm op{Tensor({shape().channels}), Tensor({shape().channels}),
                     Tensor({shape().channels}), Tensor({shape().channels})};
        op.scale.values.assign(op.scale.size(), 1.0F);
        op.variance.values.assign(op.variance.size(), 1.0F);
        return add(unused_name(network_, fmt::format("norm{}", n_weighted_)), std::move(op));
    }
    std::size_t relu() { return add(fmt::format("relu{}", ++n_relu_), Activation{}); }
    std::size_t sign() {
        Activation op;
        op.neuron.kind = NeuronKind::sign;
        return add(fmt::format("sign{}", n_weighted_), op);
    }
    std::size_t dropout(float probability) {
        return add(fmt::format("dropout{}", ++n_dropout_), Dropout{probability});
    }
    /// @param size  of the square windows, and from one to the next.
    std::size_t average_pool(std::int64_t size = 2, bool ceil_mode = false) {
        return add(fmt::format("pool{}", ++n_pool_),
                   AveragePool{pool_window(size), ceil_mode, false});
    }
    std::size_t max_pool(bool ceil_mode = false) {
        return add(fmt::format("pool{}", ++n_pool_),
                   MaxPool{pool_window(2), ceil_mode, MaxRule::running_count});
    }
    std::size_t global_pool() { return add("global_pool", GlobalAveragePool{}); }
    std::size_t flatten() { return add("flatten", Flatten{}); }

    std::size_t add(const std::string& name, Operation operation) {
        return add(name, std::move(operation), {network_.layers.size() - 1});
    }
    std::size_t add(const std::string& name, Operation operation, std::vector<std::size_t> inputs) {
        network_.layers.push_back({name, std::move(inputs), std::move(operation)});
        std::vector<Shape> in;
        for (const std::size_t source : network_.layers.back().inputs)
            in.push_back(shapes_[source]);
        shapes_.push_back(output_shape(network_.layers.back(), in));
        return shapes_.size() - 1;
    }

    [[nodiscard]] const Shape& shape() const { return shapes_.back(); }
    [[nodiscard]] const Shape& shape(std::size_t layer) const { return shapes_[layer]; }
    [[nodiscard]] std::size_t last() const { return shapes_.size() - 1; }
    Network finish() {
        add("output", Output{});
        (void)infer_shapes(network_);
        return std::move(network_);
    }

private:
    static Window pool_window(std::int64_t size) {
        Window window;
        window.kernel_h = window.kernel_w = window.stride_h = window.stride_w = size;
        return window;
    }
    Tensor random_weight(std::vector<std::int64_t> dims) {
        Tensor weight(std::move(dims));
        Random random(seed_, network_.layers.size());  // one stream per layer
        const auto fan_in = static_cast<float>(weight.size()) / static_cast<float>(weight.dims[0]);
        for (float& w : weight.values) w = random.normal() * std::sqrt(2.0F / fan_in);
        return weight;
    }

    std::uint64_t seed_;
    Network network_;
    std::vector<Shape> shapes_;
    int n_projections_ = 0, n_weighted_ = 0, n_relu_ = 0, n_dropout_ = 0, n_pool_ = 0;
};

}  // namespace ranvier
