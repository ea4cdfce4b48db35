#include "ranvier/data/filtered_samples.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/data/memory_samples.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <rapidcheck.h>

namespace ranvier {
namespace {

std::shared_ptr<MemorySamples> one_image(Shape shape, std::vector<float> pixels) {
    return std::make_shared<MemorySamples>(
        MemorySamples::Content{shape, 1, {0}, std::move(pixels), "one"});
}

std::vector<float> seen(const FilteredSamples& samples) {
    std::vector<float> pixels(static_cast<std::size_t>(samples.shape().size()));
    samples.read(0, pixels);
    return pixels;
}

TEST(FilteredSamples, EdgeOfAStepByHand) {
    // Dark left, bright right: across = 4 in the two columns that meet, 0 elsewhere.
    const FilteredSamples samples(one_image({1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}),
                                  ImageFilter::edges);
    EXPECT_EQ(seen(samples), (std::vector<float>{0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0}));
    EXPECT_EQ(samples.describe(), "one, edges");
}

TEST(FilteredSamples, OnePixelByHand) {
    // Around a bright pixel: 2 beside it, sqrt(1 + 1) at corners, 0 on it.
    const FilteredSamples samples(one_image({1, 3, 3}, {0, 0, 0, 0, 1, 0, 0, 0, 0}),
                                  ImageFilter::edges);
    const float corner = std::sqrt(2.0F) / 2;
    const std::vector<float> expected = {corner, 1, corner, 1, 0, 1, corner, 1, corner};
    const std::vector<float> pixels = seen(samples);
    for (std::size_t i = 0; i < 9; ++i) EXPECT_FLOAT_EQ(pixels[i], expected[i]) << i;
}

TEST(FilteredSamples, EdgesIgnoreBrightnessAndScale) {
    testing::check_property([] {
        const Shape shape{*rc::gen::inRange<std::int64_t>(1, 3),
                          *rc::gen::inRange<std::int64_t>(1, 7),
                          *rc::gen::inRange<std::int64_t>(1, 7)};
        std::vector<float> image(static_cast<std::size_t>(shape.size()));
        for (float& pixel : image) pixel = static_cast<float>(*rc::gen::inRange(0, 16));
        std::vector<float> other = image;
        for (float& pixel : other) pixel = 64 - 2 * pixel;
        edge_magnitude(shape, image);
        edge_magnitude(shape, other);
        for (std::size_t i = 0; i < image.size(); ++i) {
            RC_ASSERT(image[i] >= 0 && image[i] <= 1);
            RC_ASSERT(std::abs(image[i] - other[i]) < 1e-5F);
        }
    });
}

TEST(FilteredSamples, InvertedTurnsBrightToDark) {
    const FilteredSamples samples(one_image({1, 1, 2}, {0.25F, 1}), ImageFilter::inverted);
    EXPECT_EQ(seen(samples), (std::vector<float>{0.75F, 0}));
}

TEST(FilteredSamples, DataSetsTakeAFilterAndRefuseItForEvents) {
    DataOptions options;
    options.set = "digits";
    options.n_digits = 2;
    options.filter = ImageFilter::inverted;
    const auto inverted = open_dataset(options);
    options.filter = ImageFilter::none;
    const auto plain = open_dataset(options);
    std::vector<float> a(static_cast<std::size_t>(plain->shape().size())), b = a;
    inverted->read(1, a);
    plain->read(1, b);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i], 1 - b[i]);

    options.set = "moving-digits";
    options.filter = ImageFilter::edges;
    EXPECT_THROW((void)open_dataset(options), Error);
}

}  // namespace
}  // namespace ranvier
