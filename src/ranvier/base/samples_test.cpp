#include "ranvier/base/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ranvier {
namespace {

/// Image k is 2x1x3, all pixels k / 10.
class CountingSamples : public Samples {
public:
    [[nodiscard]] std::size_t size() const override { return 10; }
    [[nodiscard]] Shape shape() const override { return {2, 1, 3}; }
    [[nodiscard]] int n_classes() const override { return 2; }
    [[nodiscard]] int label(std::size_t index) const override {
        return static_cast<int>(index % 2);
    }
    void read(std::size_t index, std::span<float> pixels) const override {
        ASSERT_EQ(pixels.size(), 6U);
        std::fill(pixels.begin(), pixels.end(), static_cast<float>(index) / 10.0F);
    }
    [[nodiscard]] std::string describe() const override { return "counting"; }
};

TEST(ReadBatch, ImagesOneBehindTheOther) {
    const Tensor batch = read_batch(CountingSamples{}, 4, 3);
    EXPECT_EQ(batch.dims, (std::vector<std::int64_t>{3, 2, 1, 3}));
    ASSERT_EQ(batch.size(), 18U);
    for (std::size_t i = 0; i < 18; ++i) {
        const std::size_t image = 4 + i / 6;
        EXPECT_EQ(batch.values[i], static_cast<float>(image) / 10.0F) << i;
    }
}

TEST(ReadBatch, MayBeEmpty) {
    EXPECT_EQ(read_batch(CountingSamples{}, 10, 0).size(), 0U);
}

TEST(Tensor, CountsItsValues) {
    EXPECT_EQ(Tensor::count({2, 3, 4}), 24U);
    EXPECT_EQ(Tensor::count({}), 0U);
    EXPECT_TRUE(Tensor().empty());
    EXPECT_EQ(Tensor({2, 2}).values, std::vector<float>(4, 0.0F));
}

TEST(Shape, SizeAndText) {
    const Shape shape{3, 32, 16};
    EXPECT_EQ(shape.size(), 1536);
    EXPECT_EQ(shape.plane(), 512);
    EXPECT_EQ(to_string(shape), "3x32x16");
}

}  // namespace
}  // namespace ranvier
