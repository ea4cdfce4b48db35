#include "ranvier/net/architectures.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/shapes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace ranvier {
namespace {

struct Expected {
    const char* name;
    Shape input;
    int n_classes;
    double mega_macs, mega_parameters;
};

TEST(Architectures, CountsAgreeWithThePapers) {
    // docs/methods.md names the sources; figures have four and three digits there. Those of vgg4
    // and vgg11 are sums over the layers that the authors' programs list.
    for (const Expected& e :
         {Expected{"vgg5", {3, 32, 32}, 10, 108.8, 50.6},
          Expected{"vgg5_adversarial", {3, 32, 32}, 10, 67.8, 9.67},
          Expected{"vgg9", {3, 32, 32}, 10, 281.8, 32.1},
          Expected{"vgg16", {3, 32, 32}, 10, 338.4, 39.9},
          Expected{"vgg16_bn", {3, 32, 32}, 10, 313.2, 14.72},
          Expected{"vgg15_bsnn", {3, 32, 32}, 100, 315.7, 17.2},
          Expected{"all_convnet", {3, 32, 32}, 10, 344.9, 1.617},
          Expected{"vgg4", {1, 28, 28}, 10, 21.335, 6.507},
          Expected{"vgg11", {3, 32, 32}, 10, 404.46, 36.19},
          Expected{"vgg11_hybrid", {3, 32, 32}, 100, 709.7, 21.1},
          Expected{"resnet12_roy", {3, 32, 32}, 10, 140.2, 5.0},
          Expected{"resnet20_roy", {3, 32, 32}, 10, 215.7, 11.2},
          Expected{"resnet34_roy", {3, 32, 32}, 10, 366.7, 21.3},
          Expected{"resnet34_roy_imagenet", {3, 224, 224}, 1000, 10294.2, 21.85},
          Expected{"resnet20", {3, 32, 32}, 10, 40.55, 0.27}}) {
        const LayerSize total =
            total_size(layer_sizes(make_architecture(e.name, {e.input, {}, {}}, e.n_classes, 1)));
        EXPECT_NEAR(static_cast<double>(total.macs) / 1e6, e.mega_macs, 0.1) << e.name;
        EXPECT_NEAR(static_cast<double>(total.parameters) / 1e6, e.mega_parameters, 0.06) << e.name;
        EXPECT_EQ(total.out, (Shape{e.n_classes, 1, 1}));
    }
}

TEST(Architectures, TheResnetForImagenetClassifiesWhatOneLastWindowLeaves) {
    const Network network = make_architecture("resnet34_roy_imagenet", {{3, 224, 224}, {}, {}},
                                              1000, 1, {.width = 0.0625});
    const std::vector<Shape> shapes = infer_shapes(network);
    std::vector<Shape> pooled;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        if (network.layers[l].as<AveragePool>() != nullptr) pooled.push_back(shapes[l]);
        const auto* last = network.layers[l].as<Linear>();
        if (last == nullptr) continue;
        EXPECT_EQ(last->weight.dims, (std::vector<std::int64_t>{1000, 32}));
    }
    // 224 / 3, then three strides of 2 leave 10 places a side, of which 7 are a window.
    EXPECT_EQ(pooled, (std::vector<Shape>{{4, 74, 74}, {32, 1, 1}}));
}

TEST(Architectures, NarrowerAndWithOtherPools) {
    const Input input{{3, 32, 32}, {}, {}};
    const auto count = [&](PoolStyle style) {
        const Network network = make_architecture("vgg7_bsnn", input, 10, 1, {0.25, style});
        EXPECT_EQ(network.layers[1].as<Convolution>()->weight.dims[0], 16);
        int max = 0, average = 0, before = 0;
        for (const Layer& layer : network.layers) {
            if (layer.as<MaxPool>() != nullptr) ++max;
            if (layer.as<AveragePool>() != nullptr) ++average;
            if (layer.as<Activation>() != nullptr &&
                (network.layers[layer.inputs[0]].as<MaxPool>() != nullptr ||
                 network.layers[layer.inputs[0]].as<AveragePool>() != nullptr))
                ++before;
        }
        return std::array{max, average, before};
    };
    EXPECT_EQ(count(PoolStyle::own), (std::array{0, 3, 3}));
    EXPECT_EQ(count(PoolStyle::average_before_relu), (std::array{0, 3, 3}));
    EXPECT_EQ(count(PoolStyle::average_after_relu), (std::array{0, 3, 0}));
    EXPECT_EQ(count(PoolStyle::max_before_relu), (std::array{3, 0, 3}));
    EXPECT_EQ(count(PoolStyle::max_after_relu), (std::array{3, 0, 0}));
    EXPECT_THROW((void)make_architecture("lenet", input, 10, 1, {0.5, PoolStyle::own}), Error);
    EXPECT_THROW((void)make_architecture("resnet20", input, 10, 1, {1, PoolStyle::max_after_relu}),
                 Error);
    EXPECT_THROW((void)make_architecture("vgg9", input, 10, 1, {0, PoolStyle::own}), Error);
}

TEST(Architectures, Vgg15HasDropoutBeforeItsLinearLayers) {
    const Network network =
        make_architecture("vgg15_bsnn", {{3, 32, 32}, {}, {}}, 10, 1, {.width = 0.125});
    std::size_t n_linear = 0;
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        if (network.layers[l].as<Linear>() == nullptr) continue;
        std::size_t before = network.layers[l].inputs[0];
        if (network.layers[before].as<Flatten>() != nullptr)
            before = network.layers[before].inputs[0];
        const auto* dropout = network.layers[before].as<Dropout>();
        ASSERT_NE(dropout, nullptr) << network.layers[l].name;
        EXPECT_EQ(dropout->probability, 0.1F);
        ++n_linear;
    }
    EXPECT_EQ(n_linear, 2U);
}

TEST(Architectures, BatchNormBehindEveryConvolutionIfWanted) {
    for (const char* name : {"vgg9", "resnet12_roy"}) {
        const Network network = make_architecture(name, {{3, 32, 32}, {}, {}}, 10, 1,
                                                  {.width = 0.125, .batch_norm = true});
        int convolutions = 0, norms = 0;
        for (const Layer& layer : network.layers) {
            if (layer.as<Convolution>() != nullptr) ++convolutions;
            if (layer.as<BatchNorm>() == nullptr) continue;
            ++norms;
            EXPECT_NE(network.layers[layer.inputs[0]].as<Convolution>(), nullptr) << layer.name;
        }
        EXPECT_EQ(norms, convolutions) << name;
    }
    EXPECT_THROW(
        (void)make_architecture("lenet", {{1, 28, 28}, {}, {}}, 10, 1, {.batch_norm = true}),
        Error);
}

TEST(Architectures, XnorHasASignBeforeEveryInnerWeightedLayer) {
    const Network network = make_architecture("vgg7_xnor", {{3, 32, 32}, {}, {}}, 10, 1);
    int inner = 0;
    for (const Layer& layer : network.layers) {
        if (layer.as<Convolution>() == nullptr && layer.as<Linear>() == nullptr) continue;
        const auto* before = network.layers[layer.inputs[0]].as<Activation>();
        if (before != nullptr && before->neuron.kind == NeuronKind::sign) ++inner;
    }
    EXPECT_EQ(inner, 5);
}

TEST(Architectures, SameSeedSameWeights) {
    const Input input{{1, 28, 28}, {}, {}};
    for (const char* name : {"digits_cnn", "lenet"}) {
        EXPECT_EQ(make_architecture(name, input, 10, 3), make_architecture(name, input, 10, 3));
        EXPECT_NE(make_architecture(name, input, 10, 3), make_architecture(name, input, 10, 4));
    }
}

TEST(Architectures, UnknownNameOrInputThatDoesNotFit) {
    const auto error = [](const std::string& name, const Shape& shape) -> std::string {
        try {
            (void)make_architecture(name, {shape, {}, {}}, 10, 1);
            return "";
        } catch (const Error& e) {
            return e.what();
        }
    };
    EXPECT_NE(error("vgg17", {3, 32, 32}).find("resnet20"), std::string::npos);
    EXPECT_NE(error("vgg9", {3, 4, 4}).find("does not fit"), std::string::npos);
}

}  // namespace
}  // namespace ranvier
