#include "ranvier/net/architectures.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/architecture_builder.hpp"
#include "ranvier/net/spiking_resnets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>

namespace ranvier {

namespace {

// In the text form of a VGG: a number is a 3x3 convolution with so many channels and a ReLU, D a
// dropout behind it, A an average pool after the ReLU, P one before it, C the same as P with ceil
// mode, M a max pool after the ReLU.
struct Vgg {
    const char* name;
    const char* features;
    std::array<int, 2> hidden;  ///< sizes of the hidden linear layers, 0: none
    float dropout;              ///< behind hidden linear layers
    float feature_dropout;      ///< at D
    bool norm = false;          ///< batch norm before every ReLU of a convolution
    /// Rastegari et al. 2016: batch norm and sign before every weighted layer but the first and the
    /// last, batch norm behind the first.
    bool xnor = false;
};

/// Without biases, and without batch norm but for the last ones: the usual VGG-16 of CIFAR
/// (Simonyan & Zisserman 2014 with batch norm and one linear layer), and the XNOR networks.
/// vgg7_bsnn: B-SNN's way at a size that two cores train in minutes.
constexpr std::array vggs = {
    Vgg{"vgg5", "64 A 128 D 128 A", {4096, 4096}, 0.5F, 0.2F},
    Vgg{"vgg4", "64 A 128 A", {1024, 0}, 0.5F, 0.2F},
    Vgg{"vgg5_adversarial", "64 A 128 D 128 A", {1024, 1024}, 0.5F, 0.2F},  // Sharmin et al. 2020
    Vgg{"vgg9", "64 A 128 D 256 A 256 D 512 A 512 A 512 D", {4096, 4096}, 0.5F, 0.2F},
    // Two networks of this name: that of the float files, DIET and IIR, and that of the hybrid
    // paper's spiking file, for 100 classes there.
    Vgg{"vgg11", "64 A 128 D 256 A 512 D 512 A 512 A 512 D 512 D", {4096, 4096}, 0.5F, 0.2F},
    Vgg{"vgg11_hybrid",
        "64 A 128 D 256 D 256 A 512 D 512 D 512 A 512 D 512 D",
        {1024, 1024},
        0.5F,
        0.2F},
    // For 224x224: a last pool takes the place of the last dropout.
    Vgg{"vgg16_imagenet",
        "64 D 64 A 128 D 128 A 256 D 256 D 256 A 512 D 512 D 512 A 512 D 512 D 512 A",
        {4096, 4096},
        0.5F,
        0.2F},
    Vgg{"vgg16",
        "64 D 64 A 128 D 128 A 256 D 256 D 256 A 512 D 512 D 512 A 512 D 512 D 512 D",
        {4096, 4096},
        0.5F,
        0.2F},
    Vgg{"vgg15_bsnn",
        "64 D 64 P 128 D 128 P 256 D 256 D 256 C 512 D 512 D 512 C 512 D 512 D 512 C D",
        {4096, 0},
        0.1F,
        0.1F},
    Vgg{"vgg15_xnor",
        "64 64 P 128 128 P 256 256 256 C 512 512 512 C 512 512 512 C",
        {4096, 0},
        0,
        0,
        false,
        true},
    Vgg{"vgg7_bsnn", "64 P 128 D 128 P 256 D 256 P", {512, 0}, 0.1F, 0.1F},
    Vgg{"vgg7_xnor", "64 P 128 128 P 256 256 P", {512, 0}, 0, 0, false, true},
    Vgg{"vgg16_bn",
        "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
        {0, 0},
        0,
        0,
        true},
};

/// A pool of a VGG's text, in the style that is wanted.
struct Pool {
    bool average, before, ceil_mode;

    Pool(char letter, PoolStyle style)
        : average(letter != 'M'), before(letter == 'P' || letter == 'C'), ceil_mode(letter == 'C') {
        if (style == PoolStyle::own) return;
        average = style == PoolStyle::average_before_relu || style == PoolStyle::average_after_relu;
        before = style == PoolStyle::average_before_relu || style == PoolStyle::max_before_relu;
    }
};

class VggBuilder {
public:
    VggBuilder(const Vgg& vgg, const Input& input, std::uint64_t seed,
               const ArchitectureOptions& options)
        : vgg_(vgg), options_(options), builder_(input, seed) {}

    Network build(int n_classes) {
        std::istringstream words(vgg_.features);
        std::vector<std::string> list{std::istream_iterator<std::string>(words), {}};
        for (std::size_t w = 0; w < list.size(); ++w) {
            if (list[w] == "D") {
                builder_.dropout(vgg_.feature_dropout);
                continue;
            }
            const char next = w + 1 < list.size() ? list[w + 1][0] : 'D';
            const bool pooled = std::string_view("APCM").find(next) != std::string_view::npos;
            convolution(std::stoi(list[w]),
                        pooled ? std::optional(Pool(next, options_.pooling)) : std::nullopt);
            if (pooled) ++w;
        }
        builder_.flatten();
        for (const int n : vgg_.hidden) hidden_layer(n);
        builder_.linear(n_classes, false);
        return builder_.finish();
    }

private:
    [[nodiscard]] std::int64_t scaled(int n) const {
        return std::max<std::int64_t>(1, std::llround(n * options_.width));
    }
    void binary_activation() {
        if (!vgg_.xnor || first_) return;
        builder_.norm();
        builder_.sign();
    }
    void pool(const Pool& pool) {
        pool.average ? builder_.average_pool(2, pool.ceil_mode) : builder_.max_pool(pool.ceil_mode);
    }
    void convolution(int n_out, const std::optional<Pool>& wanted) {
        binary_activation();
        builder_.convolution(scaled(n_out), 3, 1, 1, false);
        if (wanted && wanted->before) pool(*wanted);
        if (vgg_.norm || (vgg_.xnor ? first_ : options_.batch_norm)) builder_.norm();
        builder_.relu();
        if (wanted && !wanted->before) pool(*wanted);
        first_ = false;
    }
    void hidden_layer(int n) {
        if (n == 0) return;
        binary_activation();
        builder_.linear(scaled(n), false);
        builder_.relu();
        builder_.dropout(vgg_.dropout);
    }

    const Vgg& vgg_;
    const ArchitectureOptions& options_;
    ArchitectureBuilder builder_;
    bool first_ = true;  ///< no weighted layer so far
};

/// Springenberg et al. 2014 as Sorbaro et al. 2020 use it on CIFAR-10, without the last ReLU and
/// with the mean over places where they sum.
Network make_all_convnet(const Input& input, int n_classes, std::uint64_t seed, double width) {
    struct Conv {
        int n_out, kernel, stride;
    };
    ArchitectureBuilder builder(input, seed);
    builder.dropout(0.2F);
    for (const Conv& conv : {Conv{96, 3, 1},
                             {96, 3, 1},
                             {192, 3, 2},
                             {192, 3, 1},
                             {192, 3, 1},
                             {192, 3, 2},
                             {192, 3, 1},
                             {192, 1, 1}}) {
        builder.convolution(std::max<std::int64_t>(1, std::llround(conv.n_out * width)),
                            conv.kernel, conv.stride, conv.kernel / 2, false);
        builder.relu();
        builder.dropout(0.1F);
    }
    builder.convolution(n_classes, 1, 1, 0, false);
    builder.global_pool();
    builder.flatten();
    return builder.finish();
}

/// The network of Sorbaro et al. 2020 for event frames (64x64 there), without the last activation:
/// the first one makes spikes of the event counts.
Network make_event_cnn(const Input& input, int n_classes, std::uint64_t seed) {
    ArchitectureBuilder builder(input, seed);
    builder.relu();
    for (const int n_out : {8, 12, 12}) {
        builder.convolution(n_out, 3, 1, 0, false);
        builder.relu();
        builder.average_pool();
    }
    builder.dropout(0.5F);
    builder.flatten();
    builder.linear(n_classes, false);
    return builder.finish();
}

/// Small network for the built-in digits and other 28x28 images.
Network make_digits_cnn(const Input& input, int n_classes, std::uint64_t seed) {
    ArchitectureBuilder builder(input, seed);
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
    ArchitectureBuilder builder(input, seed);
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
    ArchitectureBuilder builder(input, seed);
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
    std::vector<std::string> names = {"digits_cnn", "lenet", "resnet20", "all_convnet",
                                      "event_cnn"};
    for (const Vgg& vgg : vggs) names.emplace_back(vgg.name);
    for (const std::string& name : spiking_resnet_names()) names.push_back(name);
    return names;
}

namespace {

Network make_named(const std::string& name, const Input& input, int n_classes, std::uint64_t seed,
                   const ArchitectureOptions& options) {
    for (const Vgg& vgg : vggs)
        if (name == vgg.name) return VggBuilder(vgg, input, seed, options).build(n_classes);
    if (std::ranges::count(architecture_names(), name) == 0)
        fail(Fault::bad_input, "unknown; known are {}", fmt::join(architecture_names(), ", "));
    if (options.pooling != PoolStyle::own)
        fail(Fault::bad_input, "pooling can be chosen for VGGs only");
    for (const std::string& known : spiking_resnet_names())
        if (name == known) return make_spiking_resnet(name, input, n_classes, seed, options);
    if (options.batch_norm)
        fail(Fault::bad_input,
             "batch_norm can be chosen for VGGs and resnet12_roy and the like only");
    if (name == "all_convnet") return make_all_convnet(input, n_classes, seed, options.width);
    if (options.width != 1)
        fail(Fault::bad_input,
             "width can be chosen for VGGs, all_convnet, resnet12_roy and the like only");
    if (name == "digits_cnn") return make_digits_cnn(input, n_classes, seed);
    if (name == "lenet") return make_lenet(input, n_classes, seed);
    if (name == "resnet20") return make_resnet20(input, n_classes, seed);
    return make_event_cnn(input, n_classes, seed);
}

}  // namespace

Network make_architecture(const std::string& name, const Input& input, int n_classes,
                          std::uint64_t seed, const ArchitectureOptions& options) {
    if (n_classes < 1)
        fail(Fault::bad_input, "architecture '{}': {} classes; at least 1 is needed", name,
             n_classes);
    if (!(options.width > 0 && options.width <= 64))
        fail(Fault::bad_input, "architecture '{}': width is {}; it must be > 0 and at most 64",
             name, options.width);
    return with_context(fmt::format("architecture '{}' on {} input", name, to_string(input.shape)),
                        [&] { return make_named(name, input, n_classes, seed, options); });
}

}  // namespace ranvier
