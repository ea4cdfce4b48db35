#include "ranvier/net/network.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/shapes.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

TEST(Edit, InsertAndRemoveAreInverse) {
    const Network before = branched_network(2);
    for (std::size_t l = 0; l + 1 < before.layers.size(); ++l) {
        Network network = before;
        EXPECT_EQ(insert_after(network, l, {"new", {}, Dropout{}}), l + 1);
        EXPECT_EQ(infer_shapes(network).size(), before.layers.size() + 1);
        EXPECT_EQ(consumers(network)[l], std::vector<std::size_t>{l + 1});
        remove_layer(network, l + 1);
        EXPECT_EQ(network, before) << "behind layer " << l;
    }
}

TEST(Edit, InsertBetweenLeavesOtherReadersAlone) {
    Network network =
        branched_network(2);  // relu1 (2) is read by conv2 (3), shortcut (4), pool (7)
    EXPECT_EQ(insert_between(network, 2, 4, {"new", {}, Dropout{}}), 4U);
    EXPECT_EQ(consumers(network)[2], (std::vector<std::size_t>{3, 4, 8}));
    EXPECT_EQ(network.layers[5].name, "shortcut");
    EXPECT_EQ(network.layers[5].inputs, std::vector<std::size_t>{4});
    EXPECT_EQ(infer_shapes(network).back(), (Shape{3, 1, 1}));
}

TEST(Edit, UnusedNamesAreUnused) {
    Network network = branched_network(2);
    EXPECT_EQ(unused_name(network, "fresh"), "fresh");
    EXPECT_EQ(unused_name(network, "conv1"), "conv1_2");
    network.layers[3].name = "conv1_2";
    EXPECT_EQ(unused_name(network, "conv1"), "conv1_3");
}

TEST(Edit, LayersWithSeveralInputsCannotBeRemoved) {
    Network network = branched_network(2);
    EXPECT_THROW(remove_layer(network, 5), Error) << "add";
}

struct Expected {
    const char* name;
    Shape input;
    int n_classes;
    double mega_macs, mega_parameters;
};

TEST(Architectures, CountsAgreeWithThePapers) {
    // docs/methods.md names the sources; figures have four and three digits there.
    for (const Expected& e : {Expected{"vgg5", {3, 32, 32}, 10, 108.8, 50.6},
                              Expected{"vgg9", {3, 32, 32}, 10, 281.8, 32.1},
                              Expected{"vgg16", {3, 32, 32}, 10, 338.4, 39.9},
                              Expected{"vgg15_bsnn", {3, 32, 32}, 100, 315.7, 17.2},
                              Expected{"resnet20", {3, 32, 32}, 10, 40.55, 0.27}}) {
        const LayerSize total =
            total_size(layer_sizes(make_architecture(e.name, {e.input, {}, {}}, e.n_classes, 1)));
        EXPECT_NEAR(static_cast<double>(total.macs) / 1e6, e.mega_macs, 0.1) << e.name;
        EXPECT_NEAR(static_cast<double>(total.parameters) / 1e6, e.mega_parameters, 0.06) << e.name;
        EXPECT_EQ(total.out, (Shape{e.n_classes, 1, 1}));
    }
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

TEST(LayerSizes, HandComputed) {
    const auto sizes = layer_sizes(branched_network(1));
    EXPECT_EQ(sizes[1].macs, 2592U);           // 4 * 2 * 9 weights, 36 places
    EXPECT_EQ(sizes[1].parameters, 76U);       // and 4 biases
    EXPECT_EQ(sizes[3].macs, 6U * 2 * 9 * 9);  // two groups, 9 places
    EXPECT_EQ(sizes[11].macs, 270U);
    EXPECT_EQ(sizes[2].neurons, 144U);
    EXPECT_EQ(total_size(sizes).neurons, 144U + 54U);
}

}  // namespace
}  // namespace ranvier
