#include "ranvier/sim/float_test_networks.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

namespace ranvier {

namespace {

class RandomNetwork {
public:
    explicit RandomNetwork(std::uint64_t seed) : seed_(seed), random_(seed, 0) {}

    Network make(std::size_t n_layers) {
        add_input();
        while (network_.layers.size() < n_layers) add_random_layer();
        join_ends();
        return network_;
    }

private:
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + random_.below(static_cast<std::uint32_t>(high - low + 1));
    }
    bool chance(float probability) { return random_.uniform() < probability; }
    Tensor normal(std::vector<std::int64_t> dims, float deviation) {
        return random_tensor(std::move(dims), deviation, seed_ * 1000 + network_.layers.size());
    }

    std::size_t add(Operation operation, std::vector<std::size_t> inputs) {
        const std::size_t l = network_.layers.size();
        std::vector<Shape> in;
        for (const std::size_t source : inputs) in.push_back(shapes_[source]);
        Layer layer{"layer" + std::to_string(l), std::move(inputs), std::move(operation)};
        shapes_.push_back(output_shape(layer, in));
        network_.layers.push_back(std::move(layer));
        return l;
    }

    void add_input() {
        Input input{{between(1, 20), between(3, 19), between(3, 19)}, {}, {}};
        if (chance(0.5F))
            for (std::int64_t c = 0; c < input.shape.channels; ++c) {
                input.mean.push_back(random_.uniform(0.3F, 0.6F));
                input.std.push_back(random_.uniform(0.2F, 0.4F));
            }
        add(input, {});
    }

    /// Mostly the last layer, sometimes an earlier one.
    std::size_t pick_source() {
        const auto last = static_cast<std::int64_t>(network_.layers.size()) - 1;
        return static_cast<std::size_t>(chance(0.7F) ? last : between(0, last));
    }

    Window random_window(const Shape& in, bool dilated, bool small_padding) {
        Window w;
        w.kernel_h = between(1, std::min<std::int64_t>(4, in.height));
        w.kernel_w = between(1, std::min<std::int64_t>(4, in.width));
        w.stride_h = between(1, 3);
        w.stride_w = between(1, 3);
        if (dilated && (w.kernel_h - 1) * 2 < in.height) w.dilation_h = between(1, 2);
        if (dilated && (w.kernel_w - 1) * 2 < in.width) w.dilation_w = between(1, 2);
        // A max pool's padding beyond half its kernel could leave a dilated window without pixels.
        const auto limit = [&](std::int64_t kernel) {
            return small_padding ? kernel / 2 : kernel - 1;
        };
        w.pad_top = between(0, limit(w.kernel_h));
        w.pad_left = between(0, limit(w.kernel_w));
        w.pad_bottom = between(0, limit(w.kernel_h));
        w.pad_right = between(0, limit(w.kernel_w));
        return w;
    }

    void add_random_layer() {
        const std::size_t source = pick_source();
        const Shape& in = shapes_[source];
        switch (between(0, 13)) {
            case 0:
            case 1:
            case 2:
                add_convolution(source);
                break;
            case 3:
            case 4:
                add(Activation{}, {source});
                break;
            case 5:
                add_batch_norm(source);
                break;
            case 6:
                add(MaxPool{random_window(in, true, true), chance(0.5F), {}}, {source});
                break;
            case 7:
                add(AveragePool{random_window(in, false, false), chance(0.5F), chance(0.5F)},
                    {source});
                break;
            case 8:
                add(Shortcut{between(1, 2), between(0, 9), between(0, 9)}, {source});
                break;
            case 9:
                add_linear(source);
                break;
            case 10:
                add_concat(source);
                break;
            case 11:
            case 12:
                add_residual(source);
                break;
            default:
                add_rare(source);
                break;
        }
    }

    std::size_t add_convolution(std::size_t source, std::optional<Window> window = {},
                                std::int64_t n_out = 0) {
        const Shape in = shapes_[source];
        Convolution op;
        op.window = window ? *window : random_window(in, true, false);
        if (n_out == 0) n_out = chance(0.3F) ? 16 * between(1, 2) : between(1, 21);
        if (chance(0.3F)) {
            op.groups = chance(0.5F) ? in.channels : (in.channels % 2 == 0 ? 2 : 1);
            n_out = (n_out + op.groups - 1) / op.groups * op.groups;
        }
        const std::int64_t n_in = in.channels / op.groups;
        const std::int64_t taps = n_in * op.window.kernel_h * op.window.kernel_w;
        op.weight = normal({n_out, n_in, op.window.kernel_h, op.window.kernel_w},
                           1.0F / std::sqrt(static_cast<float>(taps)));
        if (chance(0.7F)) op.bias = normal({n_out}, 0.3F);
        return add(op, {source});
    }

    void add_batch_norm(std::size_t source) {
        const std::int64_t channels = shapes_[source].channels;
        BatchNorm op{normal({channels}, 1), normal({channels}, 0.3F), normal({channels}, 0.3F),
                     normal({channels}, 1), 1e-3F};
        for (float& v : op.variance.values) v = 0.5F + std::abs(v);
        add(op, {source});
    }

    void add_linear(std::size_t source) {
        if (shapes_[source].size() > 3000) return;
        if (shapes_[source].plane() > 1 || chance(0.2F)) source = add(Flatten{}, {source});
        const std::int64_t n_in = shapes_[source].channels;
        const std::int64_t n_out = between(1, 40);
        Linear op{normal({n_out, n_in}, 1.0F / std::sqrt(static_cast<float>(n_in))), {}};
        if (chance(0.7F)) op.bias = normal({n_out}, 0.3F);
        add(op, {source});
    }

    /// Joins the source with some others of its height and width.
    void add_concat(std::size_t source) {
        std::vector<std::size_t> parts = {source};
        std::int64_t channels = shapes_[source].channels;
        for (std::size_t l = 0; l < shapes_.size() && parts.size() < 4; ++l) {
            const bool fits = shapes_[l].height == shapes_[source].height &&
                              shapes_[l].width == shapes_[source].width &&
                              channels + shapes_[l].channels < 100;
            if (!fits || chance(0.5F)) continue;
            parts.push_back(l);
            channels += shapes_[l].channels;
        }
        add(Concat{}, parts);
    }

    /// An add of what can be added to the source: equal shapes, or a convolution of it.
    void add_residual(std::size_t source) {
        std::vector<std::size_t> parts = {source};
        for (std::size_t l = 0; l < shapes_.size() && parts.size() < 3; ++l)
            if (shapes_[l] == shapes_[source] && chance(0.3F)) parts.push_back(l);
        if (parts.size() == 1) {
            if (shapes_[source].channels > 100) return;  // a flattened image
            const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
            const std::size_t other = add_convolution(source, same, shapes_[source].channels);
            if (shapes_[other] != shapes_[source]) return;  // groups may round channels up
            parts.push_back(other);
            if (chance(0.5F)) std::swap(parts[0], parts[1]);
        }
        const std::size_t sum = add(Add{}, parts);
        if (chance(0.7F)) add(Activation{}, {sum});
    }

    void add_rare(std::size_t source) {
        switch (between(0, 2)) {
            case 0:
                add(Dropout{}, {source});
                break;
            case 1:
                add(Flatten{}, {source});
                break;
            default:
                add(GlobalAveragePool{}, {source});
                break;
        }
    }

    /// Every layer must be read: all ends are averaged, joined and read by a linear layer.
    void join_ends() {
        const auto readers = consumers(network_);
        std::vector<std::size_t> ends;
        for (std::size_t l = 0; l < readers.size(); ++l)
            if (readers[l].empty()) ends.push_back(add(GlobalAveragePool{}, {l}));
        const std::size_t joined = ends.size() == 1 ? ends[0] : add(Concat{}, ends);
        add_linear(joined);
        add(Output{}, {network_.layers.size() - 1});
    }

    std::uint64_t seed_;
    Random random_;
    Network network_;
    std::vector<Shape> shapes_;
};

}  // namespace

Network random_float_network(std::uint64_t seed, std::size_t n_layers) {
    return RandomNetwork(seed).make(n_layers);
}

Tensor random_images(const Network& network, std::size_t n, std::uint64_t seed) {
    const Shape& s = network.input().shape;
    Tensor images({static_cast<std::int64_t>(n), s.channels, s.height, s.width});
    Random random(seed, 1);
    for (float& v : images.values) v = random.uniform();
    return images;
}

Tensor random_tensor(std::vector<std::int64_t> dims, float deviation, std::uint64_t seed) {
    Tensor tensor(std::move(dims));
    Random random(seed, 2);
    for (float& v : tensor.values) v = deviation * random.normal();
    return tensor;
}

}  // namespace ranvier
