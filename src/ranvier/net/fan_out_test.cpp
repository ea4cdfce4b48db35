#include "ranvier/net/fan_out.hpp"

#include "ranvier/net/shapes.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

Layer convolution(std::int64_t n_in, std::int64_t n_out, std::int64_t kernel, std::int64_t pad,
                  std::int64_t stride) {
    Convolution conv;
    conv.window = {kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1};
    conv.weight = Tensor({n_out, n_in, kernel, kernel});
    return {"conv", {0}, conv};
}

TEST(FanOut, HandCheckedCase) {
    const Layer layer = convolution(1, 2, 3, 1, 1);
    const Shape in{1, 3, 3};
    EXPECT_EQ(fan_out_map(layer, in, {2, 3, 3}),
              (std::vector<double>{8, 12, 8, 12, 18, 12, 8, 12, 8}));
    EXPECT_EQ(nominal_fan_out(layer, {2, 3, 3}), 18);
    EXPECT_EQ(nominal_fan_out(convolution(1, 2, 3, 1, 2), {2, 2, 2}), 4.5);
    const Layer linear{"fc", {0}, Linear{Tensor({10, 4}), {}}};
    EXPECT_EQ(fan_out_map(linear, {4, 1, 1}, {10, 1, 1}), std::vector<double>{10});
}

TEST(FanOut, GroupsReachOnlyTheirOwnChannels) {
    Layer layer = convolution(2, 6, 3, 1, 1);
    layer.as<Convolution>()->groups = 2;
    EXPECT_EQ(nominal_fan_out(layer, {6, 8, 8}), 27);
}

TEST(FanOut, MapsAgreeWithTheOracle) {
    RANVIER_NEEDS_ORACLE("synop_fanout_maps");
    const Tensor cases =
        read_npy(oracle("synop_fanout_maps") / "cases_cin_cout_k_pad_stride_size.npy");
    for (std::int64_t j = 0; j < cases.dims[0]; ++j) {
        const auto value = [&](std::int64_t k) {
            return static_cast<std::int64_t>(cases.values[static_cast<std::size_t>(j * 6 + k)]);
        };
        const Layer layer = convolution(value(0), value(1), value(2), value(3), value(4));
        const Shape in{value(0), value(5), value(5)};
        const Shape out = windowed_shape(in, layer.as<Convolution>()->window, false, value(1));
        const auto map = fan_out_map(layer, in, out);
        const Tensor expected =
            read_npy(oracle("synop_fanout_maps") / ("map" + std::to_string(j + 1) + ".npy"));
        for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_EQ(map[i % map.size()], expected.values[i]) << "case " << j << " place " << i;
    }
}

}  // namespace
}  // namespace ranvier
