#include "ranvier/stdp/fields.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

TEST(Fields, ByHand) {
    StdpOptions options;
    options.n_neurons = 3;
    StdpModel model = make_stdp_model(options, {1, 2, 2}, 1);
    const std::vector<float> weights = {0, 0.2F, 0.6F, 1};
    for (std::size_t j = 0; j < 3; ++j) model.weights.write_neuron(j, weights);
    model.alive.remove(0, 2);
    const ByteImage image = draw_fields(model);  // two columns, two rows, 2 x 2 pixels and lines
    EXPECT_EQ(image.height, 7);
    EXPECT_EQ(image.width, 7);
    const auto at = [&](int y, int x) {
        const auto k = static_cast<std::size_t>((y * 7 + x) * 3);
        return std::vector<int>(image.values.begin() + static_cast<std::ptrdiff_t>(k),
                                image.values.begin() + static_cast<std::ptrdiff_t>(k + 3));
    };
    EXPECT_EQ(at(0, 0), (std::vector<int>{64, 64, 64}));
    EXPECT_EQ(at(1, 1), (std::vector<int>{0, 0, 0}));
    EXPECT_EQ(at(1, 2), (std::vector<int>{51, 51, 51}));
    EXPECT_EQ(at(2, 1), (std::vector<int>{153, 153, 153}));
    EXPECT_EQ(at(2, 5), (std::vector<int>{255, 255, 255}));
    EXPECT_EQ(at(4, 1), (std::vector<int>{0, 0, 72}));    // pruned
    EXPECT_EQ(at(4, 4), (std::vector<int>{64, 64, 64}));  // there is no fourth neuron
    EXPECT_EQ(draw_fields(model, 1).height, 4);
}

}  // namespace
}  // namespace ranvier
