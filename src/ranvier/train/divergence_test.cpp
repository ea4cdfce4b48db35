#include "ranvier/train/divergence.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace ranvier {
namespace {

NamedTensor parameter(const char* name, float value, std::optional<float> gradient = {}) {
    NamedTensor entry{name, torch::full({3}, value)};
    if (gradient) {
        entry.tensor.mutable_grad() = torch::zeros({3});
        entry.tensor.grad()[1] = *gradient;
    }
    return entry;
}

TEST(Divergence, TheUnsoundGradientIsTheOneNearestToTheOutput) {
    const float nan = std::nanf(""), inf = INFINITY;
    EXPECT_EQ(unsound_gradient({parameter("a", 1, nan), parameter("b", 1, inf),
                                parameter("c", 1, 3e38F), parameter("d", 1)}),
              "b");
    EXPECT_EQ(unsound_gradient({parameter("a", 1, 3e38F), parameter("b", 1)}), std::nullopt);
}

TEST(Divergence, NamesTheParameterThatHasGrownMost) {
    const std::vector<NamedTensor> before = {parameter("a", 0.5F), parameter("b", -2),
                                             parameter("bias", 0)};
    const std::string text =
        grown_most({parameter("a", 6), parameter("b", 100), parameter("bias", 0.01F)}, before)
            .value();
    EXPECT_EQ(text, "'b' has grown most: its largest value was 2 and is 100");
    EXPECT_EQ(grown_most(before, before), std::nullopt);
}

TEST(Divergence, TheAdvisedRateIsATenthOfTheOneInForce) {
    TrainOptions options;
    options.learning_rate = 0.01;
    options.schedule = ScheduleKind::step;
    options.milestones = {1};
    options.gamma = 1000;
    EXPECT_NE(divergence_advice(options, 4, 4).find("from 0.01 to 0.001)"), std::string::npos);
    EXPECT_NE(divergence_advice(options, 5, 4).find("from 10 to 1,"), std::string::npos);
    EXPECT_NE(divergence_advice(options, 0, 4).find("begin with another one"), std::string::npos);
}

}  // namespace
}  // namespace ranvier
