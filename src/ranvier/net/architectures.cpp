#include "ranvier/net/architectures.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/net/shapes.hpp"

#include <array>
#include <cmath>
#include <string_view>

namespace ranvier {

namespace {

/// Appends layers one behind the other, with He initialization: N(0, sqrt(2 / fan_in)).
class Builder {
public:
    Builder(const Input& input, std::uint64_t seed) : seed_(seed) { add("input", input, {}); }

    std::size_t convolution(std::int64_t n_out, std::int64_t kernel, std::int64_t stride,
                            std::int64_t pad, bool bias) {
        Convolution conv;
        conv.window = {kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1};
        conv.weight = random_weight({n_out, shape().channels, kernel, kernel});
        if (bias) conv.bias = Tensor({n_out});
        return add(fmt::format("conv{}", ++n_weighted_), std::move(conv));
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
        return add(fmt::format("norm{}", n_weighted_), std::move(op));
    }
    std::size_t relu() { return add(fmt::format("relu{}", ++n_relu_), Activation{}); }
    std::size_t dropout(float probability) {
        return add(fmt::format("dropout{}", ++n_dropout_), Dropout{probability});
    }
    std::size_t average_pool(bool ceil_mode = false) {
        return add(fmt::format("pool{}", ++n_pool_), AveragePool{pool_window(), ceil_mode, false});
    }
    std::size_t max_pool() {
        return add(fmt::format("pool{}", ++n_pool_),
                   MaxPool{pool_window(), false, MaxRule::running_count});
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
    static Window pool_window() {
        Window window;
        window.kernel_h = window.kernel_w = window.stride_h = window.stride_w = 2;
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
    int n_weighted_ = 0, n_relu_ = 0, n_dropout_ = 0, n_pool_ = 0;
};

// In the text form of a VGG: a number is a 3x3 convolution with so many channels and a ReLU, D a
// dropout behind it, A an average pool after the ReLU, P one before it, C the same as P with ceil
// mode, M a max pool.
struct Vgg {
    const char* name;
    const char* features;
    std::array<int, 2> hidden;  ///< sizes of the hidden linear layers, 0: none
    float dropout;              ///< behind hidden linear layers
    float feature_dropout;      ///< at D
    bool norm = false;          ///< batch norm before every ReLU of a convolution
};

/// Without biases, and without batch norm but for the last, the usual VGG-16 of CIFAR (Simonyan &
/// Zisserman 2014 with batch norm and one linear layer).
constexpr std::array vggs = {
    Vgg{"vgg5", "64 A 128 D 128 A", {4096, 4096}, 0.5F, 0.2F},
    Vgg{"vgg9", "64 A 128 D 256 A 256 D 512 A 512 A 512 D", {4096, 4096}, 0.5F, 0.2F},
    Vgg{"vgg16",
        "64 D 64 A 128 D 128 A 256 D 256 D 256 A 512 D 512 D 512 A 512 D 512 D 512 D",
        {4096, 4096},
        0.5F,
        0.2F},
    Vgg{"vgg15_bsnn",
        "64 D 64 P 128 D 128 P 256 D 256 D 256 C 512 D 512 D 512 C 512 D 512 D 512 C",
        {4096, 0},
        0.1F,
        0.1F},
    Vgg{"vgg16_bn",
        "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
        {0, 0},
        0,
        0,
        true},
};

Network make_vgg(const Vgg& vgg, const Input& input, int n_classes, std::uint64_t seed) {
    Builder builder(input, seed);
    std::string_view rest = vgg.features;
    const auto next = [&rest] {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        return word;
    };
    while (!rest.empty()) {
        const std::string_view word = next();
        if (word == "D") {
            builder.dropout(vgg.feature_dropout);
        } else if (word == "A") {
            builder.average_pool();
        } else if (word == "M") {
            builder.max_pool();
        } else {
            builder.convolution(std::stoi(std::string(word)), 3, 1, 1, false);
            const bool pool_first = rest.starts_with('P') || rest.starts_with('C');
            if (pool_first) builder.average_pool(next() == "C");
            if (vgg.norm) builder.norm();
            builder.relu();
        }
    }
    builder.flatten();
    for (const int n : vgg.hidden) {
        if (n == 0) continue;
        builder.linear(n, false);
        builder.relu();
        builder.dropout(vgg.dropout);
    }
    builder.linear(n_classes, false);
    return builder.finish();
}

/// Small network for the built-in digits and other 28x28 images.
Network make_digits_cnn(const Input& input, int n_classes, std::uint64_t seed) {
    Builder builder(input, seed);
    for (const int n_out : {16, 32, 32}) {
        builder.convolution(n_out, 3, 1, 1, false);
        builder.norm();
        builder.relu();
        if (n_out == 16 || builder.shape().height >= 14) builder.max_pool();
    }
    builder.global_pool();
    builder.flatten();
    builder.linear(n_classes, true);
    return builder.finish();
}

/// LeNet-5 with ReLU and max pooling.
Network make_lenet(const Input& input, int n_classes, std::uint64_t seed) {
    Builder builder(input, seed);
    builder.convolution(6, 5, 1, 2, true);
    builder.relu();
    builder.max_pool();
    builder.convolution(16, 5, 1, 0, true);
    builder.relu();
    builder.max_pool();
    builder.flatten();
    for (const int n : {120, 84}) {
        builder.linear(n, true);
        builder.relu();
    }
    builder.linear(n_classes, true);
    return builder.finish();
}

/// He et al. 2015, section 4.2: 6 n + 2 layers, option A shortcuts.
Network make_resnet20(const Input& input, int n_classes, std::uint64_t seed) {
    Builder builder(input, seed);
    const auto convolution = [&](int n_out, int stride) {
        builder.convolution(n_out, 3, stride, 1, false);
        return builder.norm();
    };
    convolution(16, 1);
    std::size_t trunk = builder.relu();
    for (const int channels : {16, 32, 64})
        for (int block = 0; block < 3; ++block) {
            const int stride = channels > 16 && block == 0 ? 2 : 1;
            convolution(channels, stride);
            builder.relu();
            const std::size_t branch = convolution(channels, 1);
            const std::string number = fmt::format("{}_{}", channels, block + 1);
            const std::int64_t missing = channels - builder.shape(trunk).channels;
            if (stride != 1)
                trunk = builder.add("shortcut" + number,
                                    Shortcut{stride, missing / 2, missing - missing / 2}, {trunk});
            builder.add("add" + number, Add{}, {branch, trunk});
            trunk = builder.relu();
        }
    builder.global_pool();
    builder.flatten();
    builder.linear(n_classes, true);
    return builder.finish();
}

}  // namespace

std::vector<std::string> architecture_names() {
    std::vector<std::string> names = {"digits_cnn", "lenet", "resnet20"};
    for (const Vgg& vgg : vggs) names.emplace_back(vgg.name);
    return names;
}

Network make_architecture(const std::string& name, const Input& input, int n_classes,
                          std::uint64_t seed) {
    if (n_classes < 1)
        fail(Fault::bad_input, "architecture '{}': {} classes; at least 1 is needed", name,
             n_classes);
    return with_context(
        fmt::format("architecture '{}' on {} input", name, to_string(input.shape)), [&] {
            if (name == "digits_cnn") return make_digits_cnn(input, n_classes, seed);
            if (name == "lenet") return make_lenet(input, n_classes, seed);
            if (name == "resnet20") return make_resnet20(input, n_classes, seed);
            for (const Vgg& vgg : vggs)
                if (name == vgg.name) return make_vgg(vgg, input, n_classes, seed);
            fail(Fault::bad_input, "unknown; known are {}", fmt::join(architecture_names(), ", "));
        });
}

}  // namespace ranvier
