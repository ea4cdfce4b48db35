#include "ranvier/net/spiking_resnets.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/architecture_builder.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ranvier {

namespace {

struct Stages {
    const char* name;
    std::array<int, 4> n_blocks;
    int first_pool = 2;  ///< size of the windows behind the first three convolutions
    int last_pool = 0;   ///< likewise behind the last block, 0: none
};

constexpr std::array resnets = {
    Stages{"resnet12_roy", {1, 1, 1, 1}}, Stages{"resnet20_roy", {2, 2, 2, 2}},
    Stages{"resnet34_roy", {3, 4, 6, 3}}, Stages{"resnet34_roy_imagenet", {3, 4, 6, 3}, 3, 7}};

constexpr float dropout = 0.2F;

class ResnetBuilder {
public:
    ResnetBuilder(const Input& input, std::uint64_t seed, const ArchitectureOptions& options)
        : builder_(input, seed), options_(options) {}

    Network build(const Stages& stages, int n_classes) {
        for (int k = 0; k < 3; ++k) {
            convolution(64, 3, 1);
            builder_.relu();
            if (k < 2) builder_.dropout(dropout);
        }
        builder_.average_pool(stages.first_pool);
        int channels = 64;
        for (std::size_t stage = 0; stage < 4; ++stage, channels *= 2)
            for (int k = 0; k < stages.n_blocks[stage]; ++k)
                block(channels, stage > 0 && k == 0 ? 2 : 1);
        if (stages.last_pool > 0) builder_.average_pool(stages.last_pool);
        builder_.flatten();
        builder_.linear(n_classes, false);
        return builder_.finish();
    }

private:
    std::size_t convolution(int n_out, int kernel, int stride) {
        const auto scaled = std::max<std::int64_t>(1, std::llround(n_out * options_.width));
        const std::size_t conv = builder_.convolution(scaled, kernel, stride, kernel / 2, false);
        return options_.batch_norm ? builder_.norm() : conv;
    }

    void block(int channels, int stride) {
        const std::size_t input = builder_.last();
        convolution(channels, 3, stride);
        builder_.relu();
        builder_.dropout(dropout);
        const std::size_t branch = convolution(channels, 3, 1);
        const std::size_t trunk = shortcut(input, branch, stride);
        builder_.add(fmt::format("add{}", ++n_blocks_), Add{}, {branch, trunk});
        builder_.relu();
    }

    /// The block's input, through a 1x1 convolution where the shape changes.
    std::size_t shortcut(std::size_t input, std::size_t branch, int stride) {
        if (builder_.shape(input) == builder_.shape(branch)) return input;
        return builder_.projection(input, builder_.shape(branch).channels, stride,
                                   options_.batch_norm);
    }

    ArchitectureBuilder builder_;
    const ArchitectureOptions& options_;
    int n_blocks_ = 0;
};

}  // namespace

std::vector<std::string> spiking_resnet_names() {
    std::vector<std::string> names;
    for (const Stages& stages : resnets) names.emplace_back(stages.name);
    return names;
}

Network make_spiking_resnet(const std::string& name, const Input& input, int n_classes,
                            std::uint64_t seed, const ArchitectureOptions& options) {
    for (const Stages& stages : resnets)
        if (name == stages.name)
            return ResnetBuilder(input, seed, options).build(stages, n_classes);
    fail(Fault::bad_input, "unknown; known are {}", fmt::join(spiking_resnet_names(), ", "));
}

}  // namespace ranvier
