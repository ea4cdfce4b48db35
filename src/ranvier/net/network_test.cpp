#include "ranvier/net/network.hpp"

#include "ranvier/base/error.hpp"
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

}  // namespace
}  // namespace ranvier
