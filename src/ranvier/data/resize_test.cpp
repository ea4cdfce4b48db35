#include "ranvier/data/resize.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace ranvier {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(ResizeBilinear, HandCheckedShrinking) {
    // Scale 2, so the triangle reaches 2 pixels: weights 1/4, 3/4, 3/4, 1/4 over their sum, of
    // which the border cuts one off.
    const ByteImage row{1, 1, 6, {0, 70, 140, 0, 0, 240}};
    const Bytes expected{50,    // (0.75 * 0 + 0.75 * 70 + 0.25 * 140) / 1.75
                         61,    // (0.25 * 70 + 0.75 * 140 + 0.75 * 0 + 0.25 * 0) / 2 = 61.25
                         103};  // (0.25 * 0 + 0.75 * 0 + 0.75 * 240) / 1.75 = 102.86
    EXPECT_EQ(resize_bilinear(row, 1, 3).values, expected);
    const ByteImage column{1, 6, 1, row.values};
    EXPECT_EQ(resize_bilinear(column, 3, 1).values, expected);
}

TEST(ResizeBilinear, HandCheckedGrowing) {
    const ByteImage row{1, 1, 2, {0, 100}};
    EXPECT_EQ(resize_bilinear(row, 1, 4).values, (Bytes{0, 25, 75, 100}));
}

TEST(ResizeBilinear, ColourPlanesStayApart) {
    const ByteImage image{3, 1, 2, {10, 20, 30, 10, 20, 30}};
    EXPECT_EQ(resize_bilinear(image, 2, 1).values, (Bytes{10, 20, 30, 10, 20, 30}));
}

TEST(ResizeBilinear, FlatImagesStayFlat) {
    EXPECT_TRUE(rc::check([](std::uint8_t value) {
        const int height = *rc::gen::inRange(1, 40);
        const int width = *rc::gen::inRange(1, 40);
        const ByteImage image{1, height, width,
                              Bytes(static_cast<std::size_t>(height * width), value)};
        const int new_height = *rc::gen::inRange(1, 60);
        const int new_width = *rc::gen::inRange(1, 60);
        const ByteImage result = resize_bilinear(image, new_height, new_width);
        RC_ASSERT(result.values == Bytes(static_cast<std::size_t>(new_height * new_width), value));
    }));
}

TEST(ResizeShorterSide, KeepsTheProportion) {
    const auto blank = [](int height, int width) {
        return ByteImage{1, height, width, Bytes(static_cast<std::size_t>(height * width))};
    };
    const ByteImage wide = resize_shorter_side(blank(375, 500), 256);
    EXPECT_EQ(wide.height, 256);
    EXPECT_EQ(wide.width, 341);  // 341.33
    const ByteImage tall = resize_shorter_side(blank(30, 10), 7);
    EXPECT_EQ(tall.height, 21);
    EXPECT_EQ(tall.width, 7);
    EXPECT_EQ(resize_shorter_side(blank(9, 5), 5).height, 9);
}

TEST(CropCentre, TakesTheMiddleOfEachPlane) {
    ByteImage image{3, 3, 4, Bytes(36)};
    for (std::size_t i = 0; i < 36; ++i) image.values[i] = static_cast<std::uint8_t>(i);
    std::vector<float> pixels(6);
    crop_centre(image, 1, 2, pixels);  // row 1, columns 1 and 2: pixels 5 and 6 of 12
    for (float& p : pixels) p *= 255;
    EXPECT_EQ(pixels, (std::vector<float>{15, 18, 16, 19, 17, 20}));
}

TEST(CropCentre, HalvesOddMarginsToEven) {
    const ByteImage row{1, 1, 4, {0, 1, 2, 3}};
    std::vector<float> pixels(1);
    crop_centre(row, 1, 1, pixels);  // margin 1.5 -> 2
    EXPECT_EQ(pixels[0] * 255, 2.0F);
    pixels.resize(3);
    crop_centre(row, 1, 3, pixels);  // margin 0.5 -> 0
    EXPECT_EQ(pixels[0], 0.0F);
}

}  // namespace
}  // namespace ranvier
