#include "ranvier/base/view_samples.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ranvier {
namespace {

const Shape shape{1, 1, 2};

TEST(ViewSamples, ReadsWhatLiesInMemoryAtTheTime) {
    std::vector<float> pixels = {1, 2, 3, 4};
    const ViewSamples samples(shape, pixels, {0, 1}, 2, "two");
    EXPECT_EQ(samples.size(), 2U);
    EXPECT_EQ(samples.label(1), 1);
    pixels[3] = 5;  // not a copy
    float image[2] = {};
    samples.read(1, image);
    EXPECT_EQ(image[0], 3);
    EXPECT_EQ(image[1], 5);
}

TEST(ViewSamples, WithoutLabelsNoClassIsRight) {
    const std::vector<float> pixels = {1, 2};
    EXPECT_EQ(ViewSamples(shape, pixels, {}, 0, "one").label(0), -1);
}

TEST(ViewSamples, RefusesWhatDoesNotFit) {
    const auto fault = [](std::vector<float> pixels, std::vector<int> labels) {
        try {
            const ViewSamples samples(shape, pixels, std::move(labels), 2, "images");
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            return std::string(error.what());
        }
        return std::string("none");
    };
    EXPECT_EQ(fault({1, 2}, {1}), "none");
    EXPECT_NE(fault({1, 2, 3}, {}).find("3 values"), std::string::npos);
    EXPECT_NE(fault({1, 2}, {0, 1}).find("2 labels for 1 images"), std::string::npos);
    EXPECT_NE(fault({1, 2}, {2}).find("label 2"), std::string::npos);
    EXPECT_NE(fault({1, 2}, {-1}).find("label -1"), std::string::npos);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
        EXPECT_NE(fault({1, 2, 1, bad}, {}).find("image 1"), std::string::npos);
}

}  // namespace
}  // namespace ranvier
